"""A project of four edges at two sites, with two tunnels between them, each the other's redundancy."""

from pathlib import Path

HOSTS = """\
no-edge1:
  hostname: 192.0.2.31
  groups: ["no", edge, first]
  data:
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      lan0: {link: no-lan, addresses: [10.3.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.31/24]}
no-edge2:
  hostname: 192.0.2.32
  groups: ["no", edge]
  data:
    interfaces:
      lo: {addresses: [10.255.3.2/32]}
      lan0: {link: no-lan, addresses: [10.3.0.2/24]}
      wan0: {link: internet, addresses: [198.51.100.32/24]}
ch-edge1:
  hostname: 192.0.2.41
  groups: [ch, edge, first]
  data:
    interfaces:
      lo: {addresses: [10.255.4.1/32]}
      lan0: {link: ch-lan, addresses: [10.4.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.41/24]}
ch-edge2:
  hostname: 192.0.2.42
  groups: [ch, edge]
  data:
    interfaces:
      lo: {addresses: [10.255.4.2/32]}
      lan0: {link: ch-lan, addresses: [10.4.0.2/24]}
      wan0: {link: internet, addresses: [198.51.100.42/24]}
"""

GROUPS = """\
"no":
  data: {site: "no"}
ch:
  data: {site: ch}
edge:
  platform: edge
first: {}
"""

NETWORK = """\
network:
  asn: 65550
  sites:
    "no": {prefixes: [10.3.0.0/16, 10.255.3.0/24]}
    ch: {prefixes: [10.4.0.0/16, 10.255.4.0/24]}
  links:
    no-lan: {site: "no"}
    ch-lan: {site: ch}
    internet: {}
"""

BGP = """\
bgp:
  sessions:
    - ends: [no-edge1, ch-edge1]
      via: loopback
      families: [ipv4-unicast]
    - ends: [no-edge2, ch-edge2]
      via: loopback
      families: [ipv4-unicast]
"""

TUNNELS = """\
tunnels:
  defaults:
    link: internet
    ike: [{encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}]
    esp: [{encryption: aes256gcm16, dh_group: modp2048}]
    psk: {env: PSK}
  list:
    - ends: [no-edge1, ch-edge1]
      inner: 10.255.200.20/31
    - ends: [no-edge2, ch-edge2]
      inner: 10.255.200.22/31
"""


def write_project(folder: Path) -> None:
    """Write the inventory, and an empty folder for everything else."""
    for name in ("inventory", "templates", "tasks", "runbooks"):
        (folder / name).mkdir(parents=True)
    files = {"hosts": HOSTS, "groups": GROUPS, "network": NETWORK, "bgp": BGP, "tunnels": TUNNELS}
    for name, text in files.items():
        (folder / "inventory" / f"{name}.yaml").write_text(text)
    (folder / "inventory" / "policy.yaml").write_text("policy: {}\n")
