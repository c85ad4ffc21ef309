"""An edge as a person and Routebook configured it together, and a component's change carried out on it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from shlex import quote

from routebook.device.candidate import Section
from routebook.device.values import Snapshot
from routebook.platforms.frr.component import FrrChange, FrrComponent
from routebook.transport.shell import Result
from tests.lab.drivers.hosts import LinuxHost

OWNS = (
    "ip prefix-list RB-*",
    "ipv6 prefix-list RB-*",
    "bgp community-list standard RB-*",
    "bgp large-community-list standard RB-*",
    "bgp as-path access-list RB-*",
    "route-map RB-*",
    "bfd / profile RB-*",
    "rpki",
    "router bgp 65550",
)

# What somebody else configured and Routebook must not touch.
FOREIGN = """
ip prefix-list LEGACY seq 5 permit 192.0.2.0/24
ip prefix-list AAA seq 5 permit any
ipv6 prefix-list ZZZ seq 7 permit 2001:db8::/32 le 64
route-map LEGACY permit 10
 match ip address prefix-list LEGACY
 set metric 20
exit
route-map AAA deny 5
exit
bgp community-list standard legacy seq 5 permit 65000:9
bfd
 profile LEGACY
  transmit-interval 250
 exit
 peer 192.0.2.77
  profile LEGACY
 exit
exit
ip route 10.99.0.0/24 Null0
interface lo
 description kept by hand
exit
"""

INTENT = """
ip prefix-list RB-OWN4 seq 5 permit 10.3.0.0/16
ip prefix-list RB-OWN4 seq 10 permit 10.255.3.0/24 le 32
ipv6 prefix-list RB-OWN6 seq 5 permit 2001:db8:8e20::/48
ipv6 prefix-list RB-ANY6 seq 5 permit ::/0 le 48
bgp community-list standard RB-GSHUT seq 5 permit graceful-shutdown
bgp large-community-list standard RB-OURS seq 5 permit 65550:1:1
bgp as-path access-list RB-TRANSIT seq 5 permit ^64496_
route-map RB-IN deny 10
 match rpki invalid
exit
route-map RB-IN permit 20
 match ipv6 address prefix-list RB-ANY6
 set community 65000:100 additive
 set local-preference 200
exit
route-map RB-OUT permit 10
 match ipv6 address prefix-list RB-OWN6
exit
bfd
 profile RB-FAST
  detect-multiplier 4
  transmit-interval 200
  receive-interval 200
 exit
exit
rpki
 rpki cache 198.51.100.250 3323 preference 1
exit
router bgp 65550
 bgp router-id 10.255.3.1
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor 10.255.3.3 remote-as 65550
 neighbor 10.255.3.3 description no-edge3
 neighbor 10.255.3.3 update-source 10.255.3.1
 neighbor 10.255.4.3 remote-as 65550
 neighbor 10.255.4.3 description ch-edge3
 neighbor 10.255.4.3 update-source 10.255.3.1
 neighbor 10.255.4.3 timers connect 5
 neighbor 2001:db8:f001::1 remote-as 64496
 neighbor 2001:db8:f001::1 description transit-no
 neighbor 2001:db8:f001::1 password first-secret
 neighbor 2001:db8:f001::1 ttl-security hops 1
 neighbor 2001:db8:f001::1 bfd
 neighbor 2001:db8:f001::1 bfd profile RB-FAST
 address-family ipv4 unicast
  network 10.3.0.0/16
  neighbor 10.255.3.3 activate
  neighbor 10.255.4.3 activate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:8e20::/48
  neighbor 10.255.3.3 activate
  neighbor 10.255.3.3 addpath-tx-all-paths
  neighbor 10.255.3.3 route-reflector-client
  neighbor 10.255.4.3 activate
  neighbor 2001:db8:f001::1 activate
  neighbor 2001:db8:f001::1 maximum-prefix 1000
  neighbor 2001:db8:f001::1 prefix-list RB-ANY6 in
  neighbor 2001:db8:f001::1 route-map RB-IN in
  neighbor 2001:db8:f001::1 route-map RB-OUT out
 exit-address-family
exit
"""


def section(text: str, owns: Iterable[str] = OWNS) -> Section:
    """Configuration text as a section of FRR's part."""
    return Section("frr", "frr", text, tuple(owns))


def put(text: str, after: str, *lines: str) -> str:
    """The text with lines after a line."""
    assert f"{after}\n" in text
    return text.replace(f"{after}\n", "\n".join([after, *lines, ""]), 1)


@dataclass
class Edge:
    """FRR on a host and the component that changes it."""

    host: LinuxHost
    component: FrrComponent = field(init=False)
    runs: int = 0

    def __post_init__(self) -> None:
        self.component = FrrComponent(self.host.shell)

    def running(self) -> str:
        """The exact text of the running configuration."""
        return self.host.vtysh("show running-config")

    def load(self, text: str) -> None:
        """Configure as a person would."""
        self.host.sh(f"cat >/run/by-hand.conf <<'EOF'\n{text}\nEOF\nvtysh -f /run/by-hand.conf")

    def plan(self, text: str, owns: Iterable[str] = OWNS) -> FrrChange:
        """The change that brings the host to a candidate."""
        return self.component.plan([section(text, owns)], self.component.snapshot())

    def store(self, change: FrrChange) -> str:
        """Store the change's files as arming does; the folder."""
        self.runs += 1
        folder = f"/run/routebook/test-{self.runs}"
        files = {**change.uploads, "revert.sh": change.revert, "persist.sh": change.persist}
        writes = "\n".join(f"printf '%s' {quote(text)} >{folder}/{name}" for name, text in files.items())
        self.host.sh(f"umask 077; mkdir -p {folder}\n{writes}")
        return folder

    def push(self, change: FrrChange) -> str:
        """Store and push; the folder."""
        folder = self.store(change)
        self.component.push(change, folder)
        return folder

    def revert(self, folder: str) -> Result:
        """Run the change's revert fragment as the device does."""
        return self.host.shell.run(f"umask 077; cd {folder} && sh ./revert.sh", timeout=120)

    def persist(self, folder: str) -> Result:
        """Run the change's persist fragment as the device does."""
        return self.host.shell.run(f"umask 077; cd {folder} && sh ./persist.sh", timeout=60)

    def apply(self, text: str, owns: Iterable[str] = OWNS) -> str:
        """Plan and push a candidate; the folder."""
        return self.push(self.plan(text, owns))

    def snapshot(self) -> Snapshot:
        """The component's snapshot."""
        return self.component.snapshot()
