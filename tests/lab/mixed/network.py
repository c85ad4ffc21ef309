"""A firewall and an edge with a tunnel between them, and a BGP speaker behind the firewall."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.lab.project import CHECKOUT

FIREWALL, EDGE = "fw1", "edge1"
TUNNEL = "edge1--fw1"
OUTSIDE = {FIREWALL: "198.51.100.11", EDGE: "198.51.100.31"}
INNER = {EDGE: "10.255.200.0", FIREWALL: "10.255.200.1"}
SPEAKER = "10.1.0.21"
KEY = f"secrets/{TUNNEL}.psk"

FILES = {
    "hosts.yaml": """
fw1:
  hostname: 192.0.2.11
  platform: asa
  data:
    site: nl
    version: "9.16(4)"
    router_id: 10.1.0.1
    interfaces:
      outside: {link: internet, addresses: [198.51.100.11/24]}
      inside: {link: nl-lan, addresses: [10.1.0.1/24]}
edge1:
  hostname: 192.0.2.31
  platform: edge
  data:
    site: "no"
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      lan0: {link: no-lan, addresses: [10.3.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.31/24]}
""",
    "groups.yaml": "{}\n",
    "network.yaml": """
network:
  asn: 65550
  sites:
    nl: {prefixes: [10.1.0.0/16]}
    "no": {prefixes: [10.3.0.0/16]}
  links:
    internet: {}
    nl-lan: {site: nl}
    no-lan: {site: "no"}
peers:
  k8s1:
    asn: 64520
    interfaces:
      lan0: {link: nl-lan, addresses: [10.1.0.21/24]}
    lab: {speaker: gobgp, announce: ["10.1.16.0/20 x 4"]}
""",
    "tunnels.yaml": """
tunnels:
  defaults:
    link: internet
    mode: route
    device: vti
    ike: [{encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}]
    esp: [{encryption: aes256gcm16, dh_group: modp2048}]
    dpd_delay: 10
    psk: {file: "secrets/{name}.psk"}
  list:
    - ends: [edge1, fw1]
      inner: 10.255.200.0/31
""",
    "bgp.yaml": """
bgp:
  defaults: {connect_retry: 5, min_received: 1}
  sessions:
    - ends: [edge1, fw1]
      tunnel: edge1--fw1
      families: [ipv4-unicast]
      next_hop_self: true
    - ends: [fw1, k8s1]
      families: [ipv4-unicast]
      fw1: {import: RB-K8S-IN, export: RB-K8S-OUT, max_prefix: 100}
  networks:
    - {hosts: fw1, prefixes: [10.1.0.0/24]}
    - {hosts: edge1, prefixes: [10.3.0.0/24]}
""",
    "policy.yaml": """
policy:
  prefix_lists:
    RB-K8S:
      - permit 10.1.16.0/20 le 24
    RB-SITES:
      - permit 10.1.0.0/16 le 24
      - permit 10.3.0.0/16 le 24
  route_maps:
    RB-K8S-IN:
      - permit: {prefix_list: RB-K8S}
        set: {local_preference: 200}
    RB-K8S-OUT:
      - permit: {prefix_list: RB-SITES}
""",
}

# The same two with a second provider each, and no speaker: every tunnel has a session, the first one's routes win.
REDUNDANT = {
    "hosts.yaml": FILES["hosts.yaml"]
    .replace("      inside:", "      outside2: {link: other, addresses: [203.0.113.11/24]}\n      inside:")
    .replace("      wan0:", "      wan1: {link: other, addresses: [203.0.113.31/24]}\n      wan0:"),
    "groups.yaml": "{}\n",
    "network.yaml": FILES["network.yaml"]
    .partition("peers:")[0]
    .replace("    internet: {}", "    internet: {}\n    other: {}"),
    "tunnels.yaml": FILES["tunnels.yaml"].partition("  list:")[0]
    + """  list:
    - {name: first, ends: [edge1, fw1], inner: 10.255.200.0/31}
    - {name: second, ends: [edge1, fw1], inner: 10.255.200.2/31, link: other}
""",
    "bgp.yaml": """
bgp:
  defaults:
    {connect_retry: 5, keepalive: 3, hold_time: 9, families: [ipv4-unicast], next_hop_self: true, min_received: 1}
  sessions:
    - {name: over-first, ends: [edge1, fw1], tunnel: first, import: RB-FIRST}
    - {name: over-second, ends: [edge1, fw1], tunnel: second, import: RB-SECOND}
  networks:
    - {hosts: fw1, prefixes: [10.1.0.0/24]}
    - {hosts: edge1, prefixes: [10.3.0.0/24]}
""",
    "policy.yaml": """
policy:
  route_maps:
    RB-FIRST:
      - permit: all
        set: {local_preference: 200}
    RB-SECOND:
      - permit: all
        set: {local_preference: 150}
""",
}


def make_project(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """The project in a new folder, with the example's templates, tasks and runbooks."""
    (folder / "inventory").mkdir(parents=True)
    for name, text in files.items():
        (folder / "inventory" / name).write_text(text)
    shutil.copy(CHECKOUT / "inventory/defaults.yaml", folder / "inventory")
    for name in ("templates", "tasks", "runbooks"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
