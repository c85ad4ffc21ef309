"""A small network with a host of every platform, and an intent that goes to and fro between known configurations."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.project import CHECKOUT

EDGE, EDGE2, ASA, PFSENSE = "edge1", "edge2", "fw1", "pf1"
HOSTS = (EDGE, EDGE2, ASA, PFSENSE)
TUNNELS = {EDGE2: "edge1--edge2", ASA: "fw1--edge1", PFSENSE: "edge1--pf1"}
FAR_ENDS = tuple(TUNNELS)  # each has one tunnel and one session, to edge1
EDGES = (EDGE, EDGE2)
ADDRESSES = {EDGE: "192.0.2.31", EDGE2: "192.0.2.41", ASA: "192.0.2.11", PFSENSE: "192.0.2.51"}
PEERS = {EDGE: 3, EDGE2: 1, ASA: 1, PFSENSE: 1}

PREFERENCES = (200, 210)
KEYS = ("first-key-of-{name}-0123456789", "other-key-of-{name}-9876543210")

_FILES = {
    "groups.yaml": "{}\n",
    "hosts.yaml": """
edge1:
  hostname: 192.0.2.31
  platform: edge
  data:
    site: "no"
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      lan0: {link: no-lan, addresses: [10.3.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.31/24]}
edge2:
  hostname: 192.0.2.41
  platform: edge
  data:
    site: ch
    interfaces:
      lo: {addresses: [10.255.4.1/32]}
      lan0: {link: ch-lan, addresses: [10.4.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.41/24]}
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
pf1:
  hostname: 192.0.2.51
  platform: pfsense
  data:
    site: home
    asn: 64512
    router_id: 192.168.1.1
    bgp_package: openbgpd
    interfaces:
      wan: {link: internet, addresses: [198.51.100.51/24]}
      lan: {link: home-lan, addresses: [192.168.1.1/24]}
""",
    "network.yaml": """
network:
  asn: 65550
  sites:
    "no": {prefixes: [10.3.0.0/16, 10.255.3.0/24]}
    ch: {prefixes: [10.4.0.0/16, 10.255.4.0/24]}
    nl: {prefixes: [10.1.0.0/16]}
    home: {prefixes: [192.168.1.0/24]}
  links:
    internet: {}
    no-lan: {site: "no"}
    ch-lan: {site: ch}
    nl-lan: {site: nl}
    home-lan: {site: home}
""",
    "tunnels.yaml": """
tunnels:
  defaults:
    link: internet
    ike: [{encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}]
    esp: [{encryption: aes256gcm16, dh_group: modp2048}]
    dpd_delay: 10
    psk: {file: "secrets/{name}.psk"}
  list:
    - {ends: [edge1, edge2], inner: 10.255.200.0/31}
    # The first end starts it: a lab ASA tries again and again, also where only the child was refused.
    - {ends: [fw1, edge1], mode: route, device: vti, inner: 10.255.200.2/31}
    - {ends: [edge1, pf1], mode: route, device: vti, inner: 10.255.200.4/31}
""",
    "bgp.yaml": """
bgp:
  defaults: {connect_retry: 5, min_received: 1, families: [ipv4-unicast]}
  sessions:
    - ends: [edge1, edge2]
      tunnel: edge1--edge2
      next_hop_self: true
      edge1: {import: RB-EDGE1}
      edge2: {import: RB-EDGE2}
    - ends: [edge1, fw1]
      tunnel: fw1--edge1
      next_hop_self: true
      edge1: {import: RB-EDGE1}
      fw1: {import: RB-FW1}
    - ends: [edge1, pf1]
      tunnel: edge1--pf1
      edge1: {import: RB-EDGE1, export: RB-TO-PF1}
      pf1: {import: RB-PF1}
  networks:
    - {hosts: edge1, prefixes: [10.3.0.0/16]}
    - {hosts: edge2, prefixes: [10.4.0.0/16]}
    - {hosts: fw1, prefixes: [10.1.0.0/16]}
    - {hosts: pf1, prefixes: [192.168.1.0/24]}
""",
}

# A runbook whose change is good and whose checks never pass once it is there: the way back, on any platform.
_DOOMED = '''"""Bring everything to intent, and find it wanting."""

from routebook.checks.findings import Finding
from routebook.run.runbook import Runbook, View
from tasks.render import render
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels


def never(view: View) -> list[Finding]:
    """Fails wherever a change was pushed."""
    hosts = sorted(view.changed.seconds_since_push)
    return [Finding(host, "doomed", host, "failed", (f"{host}: was changed",)) for host in hosts]


runbook = Runbook(render=render(), checks=(verify_tunnels, verify_bgp, never))
'''


@dataclass(frozen=True)
class Intent:
    """Which of two preferences each host has, and which of two keys each tunnel, by its far end."""

    policy: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def toggled(self, hosts: Collection[str], *, policy: bool, keys: bool) -> "Intent":
        """With the other preference on `hosts`, and the other key on every tunnel that has both ends there."""
        chosen = frozenset(hosts)
        tunnels = chosen & frozenset(FAR_ENDS) if EDGE in chosen else frozenset[str]()
        return replace(
            self,
            policy=self.policy ^ chosen if policy else self.policy,
            keys=self.keys ^ tunnels if keys else self.keys,
        )

    def of(self, host: str) -> tuple[bool, tuple[str, ...]]:
        """What of it a host's own configuration shows."""
        return host in self.policy, tuple(sorted(self.keys if host == EDGE else self.keys & {host}))


def make_project(folder: Path) -> Path:
    """The project in a new folder, with the example's templates, tasks and runbooks."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "secrets").mkdir(mode=0o700)
    for name, text in _FILES.items():
        (folder / "inventory" / name).write_text(text)
    shutil.copy(CHECKOUT / "inventory/defaults.yaml", folder / "inventory")
    for name in ("templates", "tasks", "runbooks"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "runbooks/doomed.py").write_text(_DOOMED)
    write(folder, Intent())
    return folder


def write(project: Path, intent: Intent) -> None:
    """Let the project's inventory and secrets say this."""
    maps = "".join(
        f"    RB-{host.upper()}:\n      - permit: all\n        set: {{local_preference: "
        f"{PREFERENCES[host in intent.policy]}}}\n"
        for host in HOSTS
    )
    (project / "inventory/policy.yaml").write_text(
        f"policy:\n  route_maps:\n{maps}    RB-TO-PF1:\n      - permit: all\n"
    )
    for far, name in TUNNELS.items():
        path = project / "secrets" / f"{name}.psk"
        path.touch(mode=0o600)
        path.write_text(KEYS[far in intent.keys].format(name=name) + "\n")
