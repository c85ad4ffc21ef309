"""Three real routers with sessions between them: the edge, a peer inside our AS and one outside."""

from collections.abc import Callable
from pathlib import Path

from routebook.device.state import BgpSession
from routebook.platforms.frr.diagnosis import retry_sessions
from routebook.platforms.frr.sessions import read_bgp_sessions
from tests.lab.drivers.hosts import LinuxHost, link
from tests.lab.frr.edge import Edge, put
from tests.lab.waiting import wait_for

INSIDE, OUTSIDE = "10.0.0.2", "2001:db8:1::2"
LISTS = """
ipv6 prefix-list RB-SOME seq 5 permit 2001:db8:c::/48
ipv6 prefix-list RB-ALL seq 5 permit ::/0 le 128
bgp as-path access-list RB-AS seq 5 permit .*
route-map RB-M permit 10
exit
route-map RB-N permit 10
exit
bfd
 profile RB-P
  transmit-interval 200
 exit
exit
"""
ROUTER = f"""
router bgp 65550
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor {INSIDE} remote-as 65550
 neighbor {INSIDE} timers connect 1
 neighbor {OUTSIDE} remote-as 64496
 neighbor {OUTSIDE} description transit
 neighbor {OUTSIDE} timers connect 1
 address-family ipv4 unicast
  network 10.3.0.0/16
  neighbor {INSIDE} activate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:8e20::/48
  neighbor {INSIDE} activate
  neighbor {OUTSIDE} activate
  neighbor {OUTSIDE} route-map RB-M in
  neighbor {OUTSIDE} route-map RB-M out
 exit-address-family
exit
"""
INTENT = LISTS + ROUTER
INSIDE_PEER = """
router bgp 65550
 bgp router-id 10.255.0.2
 no bgp default ipv4-unicast
 neighbor 10.0.0.1 remote-as 65550
 neighbor 10.0.0.1 timers connect 1
 address-family ipv4 unicast
  neighbor 10.0.0.1 activate
 exit-address-family
 address-family ipv6 unicast
  neighbor 10.0.0.1 activate
 exit-address-family
exit
"""
OUTSIDE_PEER = """
router bgp 64496
 bgp router-id 10.255.0.3
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 2001:db8:1::1 remote-as 65550
 neighbor 2001:db8:1::1 timers connect 1
 address-family ipv6 unicast
  network 2001:db8:c::/48
  network 2001:db8:d::/48
  neighbor 2001:db8:1::1 activate
 exit-address-family
exit
"""
OWNS = ("ipv6 prefix-list RB-*", "bgp as-path access-list RB-*", "route-map RB-*", "bfd / profile RB-*", "router bgp *")


class Triangle(Edge):
    """The edge, a peer inside and one outside, all FRR."""

    inside: Edge
    outside: Edge

    def sessions(self) -> dict[str, BgpSession]:
        return {str(session.peer): session for session in read_bgp_sessions(self.host.shell)}

    def reaches(self, peer: str, told: Callable[[BgpSession], bool], seconds: float = 15) -> BgpSession:
        wait_for(lambda: told(self.sessions()[peer]), seconds, f"{peer} as expected, not {self.sessions()[peer]}")
        return self.sessions()[peer]

    def up(self) -> bool:
        return all(session.established for session in self.sessions().values())

    def received(self) -> int | None:
        families = self.sessions()[OUTSIDE].families
        return families[0].received if families else None


def option(peer: str, *lines: str, text: str = INTENT) -> str:
    """The intent with options for a neighbor outside its families."""
    remote_as = 65550 if peer == INSIDE else 64496
    return put(text, f" neighbor {peer} remote-as {remote_as}", *(f" neighbor {peer} {line}" for line in lines))


def in_family(peer: str, *lines: str, text: str = INTENT) -> str:
    """The intent with options for a neighbor in its IPv6 family."""
    before, _, after = text.partition("address-family ipv6 unicast\n")
    changed = put(after, f"  neighbor {peer} activate", *(f"  neighbor {peer} {line}" for line in lines))
    return f"{before}address-family ipv6 unicast\n{changed}"


def configured(edge: Edge, text: str) -> None:
    """Bring a router to a configuration."""
    if edge.plan(text, OWNS).change:
        edge.apply(text, OWNS)


def make_triangle(folder: Path) -> Triangle:
    """Start the three routers, without BGP."""
    hosts = [LinuxHost(name, folder / name) for name in ("edge", "inside", "outside")]
    for host in hosts:
        host.start_frr()
    link(hosts[0], hosts[1], "in0", ["10.0.0.1/30", "2001:db8:2::1/64"], ["10.0.0.2/30", "2001:db8:2::2/64"])
    link(hosts[0], hosts[2], "out0", ["2001:db8:1::1/64"], ["2001:db8:1::2/64"])
    found = Triangle(hosts[0])
    found.inside, found.outside = Edge(hosts[1]), Edge(hosts[2])
    return found


def start_again(three: Triangle) -> None:
    """Bring all three to the intent, and wait until both sessions are up and have their prefixes."""
    configured(three.inside, INSIDE_PEER)
    configured(three.outside, OUTSIDE_PEER)
    configured(three, INTENT)
    wait_up(three)


def wait_up(three: Triangle) -> None:
    """Wait until both sessions are up and have their prefixes."""
    if set(three.sessions()) != {INSIDE, OUTSIDE} or not three.up():
        wait_for(lambda: _tried_again(three), 40, "sessions")
    wait_for(lambda: three.received() == 2, 15, "prefixes")


def _tried_again(three: Triangle) -> bool:
    retry_sessions(three.host.shell, (INSIDE, OUTSIDE))
    retry_sessions(three.inside.host.shell, ("10.0.0.1",))
    retry_sessions(three.outside.host.shell, ("2001:db8:1::1",))
    try:
        wait_for(three.up, 3, "sessions")
    except AssertionError:
        return False
    return True
