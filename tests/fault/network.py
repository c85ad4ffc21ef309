"""A small network with a host of every platform, and an intent that goes to and fro between known configurations."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from tests.networks import project

EDGE, EDGE2, ASA, PFSENSE = "edge1", "edge2", "fw1", "pf1"
HOSTS = (EDGE, EDGE2, ASA, PFSENSE)
TUNNELS = {EDGE2: "edge1--edge2", ASA: "fw1--edge1", PFSENSE: "edge1--pf1"}
FAR_ENDS = tuple(TUNNELS)  # each has one tunnel and one session, to edge1
EDGES = (EDGE, EDGE2)
ADDRESSES = {EDGE: "192.0.2.31", EDGE2: "192.0.2.41", ASA: "192.0.2.11", PFSENSE: "192.0.2.51"}
PEERS = {EDGE: 3, EDGE2: 1, ASA: 1, PFSENSE: 1}


@dataclass(frozen=True)
class Releases:
    """What the firewalls of a lab play. The usual ones stand in the network's files."""

    asa: str = "9.20(3)"
    pfsense: str = "2.8.1"


PREFERENCES = (200, 210)
KEYS = ("first-key-of-{name}-0123456789", "other-key-of-{name}-9876543210")

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


def make_project(folder: Path, releases: Releases) -> Path:
    """The project in a new folder, with the example's templates, tasks and runbooks."""
    made = project.make_project(folder, "every_platform")
    hosts = made / "inventory/hosts.yaml"
    usual = Releases()
    hosts.write_text(hosts.read_text().replace(usual.asa, releases.asa).replace(usual.pfsense, releases.pfsense))
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "runbooks/doomed.py").write_text(_DOOMED)
    write(folder, Intent())
    return folder


def write(folder: Path, intent: Intent) -> None:
    """Let the inventory and secrets of the project in a folder say this."""
    maps = "".join(
        f"    RB-{host.upper()}:\n      - permit: all\n        set: {{local_preference: "
        f"{PREFERENCES[host in intent.policy]}}}\n"
        for host in HOSTS
    )
    (folder / "inventory/policy.yaml").write_text(f"policy:\n  route_maps:\n{maps}    RB-ALL:\n      - permit: all\n")
    for far, name in TUNNELS.items():
        path = folder / "secrets" / f"{name}.psk"
        path.touch(mode=0o600)
        path.write_text(KEYS[far in intent.keys].format(name=name) + "\n")
