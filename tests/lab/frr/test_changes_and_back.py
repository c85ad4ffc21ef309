"""Realistic changes on a real bgpd: the candidate is reached, nothing is left to do, and undoing leaves no byte."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.lab.frr.edge import INTENT, OWNS, Edge
from tests.lab.frr.edge import put as edge_put

Change = Callable[[str], str]
EVERY_ROUTER = (*OWNS, "router bgp 65551")


def put(after: str, line: str) -> Change:
    """Write a line (or several) after another one."""
    return lambda text: edge_put(text, after, line)


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def drop(pattern: str) -> Change:
    """Leave out the lines that match."""

    def change(text: str) -> str:
        kept = [line for line in text.splitlines() if not re.search(pattern, line)]
        assert len(kept) < len(text.splitlines())
        return "\n".join(kept) + "\n"

    return change


def both(*changes: Change) -> Change:
    def change(text: str) -> str:
        for one in changes:
            text = one(text)
        return text

    return change


TRANSIT = "neighbor 2001:db8:f001::1"
NEW = "neighbor 2001:db8:f003::1"
NEW_PEER = both(
    put(" neighbor 10.255.4.3 timers connect 5", f" {NEW} remote-as 64498\n {NEW} description ixp\n {NEW} password zz"),
    put(
        f"  {TRANSIT} route-map RB-OUT out",
        f"  {NEW} activate\n  {NEW} maximum-prefix 50\n  {NEW} route-map RB-IN in\n  {NEW} route-map RB-OUT out",
    ),
)
GROUP = both(
    swap(
        " neighbor 10.255.3.3 remote-as 65550\n neighbor 10.255.3.3 description no-edge3\n"
        " neighbor 10.255.3.3 update-source 10.255.3.1\n",
        " neighbor RR peer-group\n neighbor RR remote-as 65550\n neighbor RR update-source 10.255.3.1\n"
        " neighbor 10.255.3.3 peer-group RR\n neighbor 10.255.3.3 description no-edge3\n",
    ),
    swap("  neighbor 10.255.3.3 activate\n", "  neighbor RR activate\n"),
    swap("  neighbor 10.255.3.3 addpath", "  neighbor RR addpath"),
    swap("  neighbor 10.255.3.3 route-reflector", "  neighbor RR route-reflector"),
)

CHANGES: dict[str, Change] = {
    "a wrong AS": swap(f"{TRANSIT} remote-as 64496", f"{TRANSIT} remote-as 64469"),
    "a neighbor becomes internal": both(
        swap(f"{TRANSIT} remote-as 64496", f"{TRANSIT} remote-as 65550"), drop("ttl-security")
    ),
    "a new neighbor": NEW_PEER,
    "a neighbor goes": drop(re.escape(TRANSIT)),
    "one neighbor for another": both(NEW_PEER, drop(re.escape(TRANSIT))),
    "a description": swap("description transit-no", "description the transit in Norway, with words"),
    "no description": drop("description transit-no"),
    "another password": swap("first-secret", "second-secret"),
    "no password": drop("password"),
    "a password for another": put(" neighbor 10.255.4.3 timers connect 5", " neighbor 10.255.4.3 password third"),
    "timers": put(" neighbor 10.255.4.3 timers connect 5", " neighbor 10.255.4.3 timers 3 9"),
    "other connect timer": swap("timers connect 5", "timers connect 7"),
    "no connect timer": drop("timers connect"),
    "shut down": put(" neighbor 10.255.4.3 timers connect 5", " neighbor 10.255.4.3 shutdown"),
    "multihop for ttl-security": swap("ttl-security hops 1", "ebgp-multihop 3"),
    "more hops": swap("ttl-security hops 1", "ttl-security hops 2"),
    "another source": swap("10.255.4.3 update-source 10.255.3.1", "10.255.4.3 update-source lo"),
    "no bfd": drop(f"{TRANSIT} bfd"),
    "bfd without profile": drop("bfd profile"),
    "another profile": both(
        put("bfd", " profile RB-SLOW\n  detect-multiplier 6\n exit"), swap("bfd profile RB-FAST", "bfd profile RB-SLOW")
    ),
    "a profile's values": swap("detect-multiplier 4", "detect-multiplier 7"),
    "a profile's default": drop("receive-interval"),
    "no profile at all": both(drop("bfd profile"), drop(r"^ profile|^  detect|interval|^ exit$")),
    "another router id": swap("router-id 10.255.3.1", "router-id 10.255.3.9"),
    "graceful shutdown": put(" bgp router-id 10.255.3.1", " bgp graceful-shutdown"),
    "a cluster": put(" bgp router-id 10.255.3.1", " bgp cluster-id 10.255.3.3"),
    "router timers": put(" bgp router-id 10.255.3.1", " timers bgp 10 30"),
    "ipv4 by default": drop("no bgp default ipv4-unicast"),
    "ipv4 by default, one without": both(
        drop("no bgp default ipv4-unicast"), put("  neighbor 10.255.4.3 activate", f"  no {TRANSIT} activate")
    ),
    "a new neighbor under ipv4 by default": both(drop("no bgp default ipv4-unicast"), NEW_PEER),
    "ipv4 for a v6 neighbor": put("  network 10.3.0.0/16", f"  {TRANSIT} activate"),
    "no ipv4": drop(r"10\.3\.0\.0/16|^  neighbor 10\.255\.\d\.3 activate"),
    "another network": put("  network 10.3.0.0/16", "  network 10.255.3.0/24"),
    "a network with a route-map": swap("network 10.3.0.0/16", "network 10.3.0.0/16 route-map RB-OUT"),
    "an aggregate": put("  network 10.3.0.0/16", "  aggregate-address 10.0.0.0/8 summary-only"),
    "redistribution": put("  network 10.3.0.0/16", "  redistribute static route-map RB-OUT"),
    "no addpath": drop("addpath"),
    "addpath per AS": both(
        swap("addpath-tx-all-paths", "addpath-tx-bestpath-per-AS"),
        put(" bgp router-id 10.255.3.1", " bgp deterministic-med"),
    ),
    "next-hop-self": put("  neighbor 10.255.3.3 route-reflector-client", "  neighbor 10.255.3.3 next-hop-self"),
    "no communities": put(
        "  neighbor 10.255.3.3 route-reflector-client", "  no neighbor 10.255.3.3 send-community all"
    ),
    "large communities only": put(
        "  neighbor 10.255.3.3 route-reflector-client",
        "  no neighbor 10.255.3.3 send-community\n  no neighbor 10.255.3.3 send-community extended",
    ),
    "another limit": swap("maximum-prefix 1000", "maximum-prefix 2000 80 restart 5"),
    "no limit": drop("maximum-prefix"),
    "soft reconfiguration": put(f"  {TRANSIT} maximum-prefix 1000", f"  {TRANSIT} soft-reconfiguration inbound"),
    "another route-map": both(
        swap("route-map RB-OUT permit 10\n", "route-map RB-NEW deny 5\nexit\nroute-map RB-OUT permit 10\n"),
        swap("route-map RB-OUT out", "route-map RB-NEW out"),
    ),
    "a renamed route-map": swap("RB-OUT", "RB-EXPORT"),
    "no inbound policy": drop("route-map RB-IN in|prefix-list RB-ANY6 in"),
    "a filter list": put(f"  {TRANSIT} prefix-list RB-ANY6 in", f"  {TRANSIT} filter-list RB-TRANSIT in"),
    "an entry goes": both(drop("match rpki"), swap("route-map RB-IN deny 10\nexit\n", "")),
    "an entry's action": swap("route-map RB-OUT permit 10", "route-map RB-OUT deny 10"),
    "an entry's number": swap("route-map RB-OUT permit 10", "route-map RB-OUT permit 11"),
    "an entry's values": both(
        swap("local-preference 200", "local-preference 50"),
        swap("community 65000:100 additive", "community 65000:2 no-export"),
    ),
    "an entry's match": swap("match ipv6 address prefix-list RB-ANY6", "match as-path RB-TRANSIT"),
    "prepending": put(" match ipv6 address prefix-list RB-OWN6", " set as-path prepend 65550 65550"),
    "a list's entry": swap("seq 10 permit 10.255.3.0/24 le 32", "seq 10 permit 10.255.3.0/24 ge 32"),
    "a list's numbers": both(
        swap("RB-OWN4 seq 5 permit 10.3.0.0/16", "RB-OWN4 seq 20 permit 10.3.0.0/16"),
        swap("RB-OWN4 seq 10 permit 10.255.3.0/24 le 32", "RB-OWN4 seq 5 permit 10.255.3.0/24 le 32"),
    ),
    "a list's entry goes": drop("RB-OWN4 seq 10"),
    "a list goes": drop("prefix-list RB-OWN4 seq"),
    "the lists go": drop("^(ip|ipv6) prefix-list|prefix-list RB"),
    "a community list": swap("RB-GSHUT seq 5 permit graceful-shutdown", "RB-GSHUT seq 5 permit 65000:1"),
    "a large community list": put(
        "bgp large-community-list standard RB-OURS seq 5 permit 65550:1:1",
        "bgp large-community-list standard RB-OURS seq 10 permit 65550:1:2",
    ),
    "another cache": swap("198.51.100.250 3323 preference 1", "198.51.100.251 3323 preference 1"),
    "a second cache": put(" rpki cache 198.51.100.250 3323 preference 1", " rpki cache 2001:db8::250 323 preference 2"),
    "no cache": drop("rpki cache"),
    "a peer-group": GROUP,
    "another AS of ours": both(
        swap("router bgp 65550", "router bgp 65551"), swap("remote-as 65550", "remote-as 65551")
    ),
    "no BGP at all": lambda text: text.partition("router bgp")[0],
    "nothing of ours": lambda _text: "",
}


@pytest.fixture(autouse=True)
def start_as_intended(edge: Edge) -> Iterator[None]:
    yield
    if edge.plan(INTENT, EVERY_ROUTER).change:
        edge.apply(INTENT, EVERY_ROUTER)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_reached_and_undone_to_the_byte(edge: Edge, name: str) -> None:
    before = edge.running()
    candidate = CHANGES[name](INTENT)
    change = edge.plan(candidate, EVERY_ROUTER)
    assert change.change
    folder = edge.push(change)
    assert edge.plan(candidate, EVERY_ROUTER).change.commands == ()
    assert edge.running() != before
    for _ in range(2):
        result = edge.revert(folder)
        assert result.status == 0, result.stdout + result.stderr
        assert edge.running() == before


def test_a_peer_group_is_changed_and_undone_to_the_byte(edge: Edge) -> None:
    edge.apply(GROUP(INTENT))
    before = edge.running()
    for change in (
        lambda _: INTENT,
        both(NEW_PEER),
        swap("RR update-source 10.255.3.1", "RR update-source lo"),
        swap("10.255.3.3 peer-group RR", "10.255.3.3 remote-as 65550"),
        drop("neighbor (RR|10.255.3.3)"),
        both(swap("RR remote-as 65550", "RR remote-as 64499"), drop("route-reflector-client")),
        both(
            drop("RR remote-as"),
            swap("10.255.3.3 peer-group RR", "10.255.3.3 remote-as 65550\n neighbor 10.255.3.3 peer-group RR"),
        ),
        put(" neighbor 10.255.3.3 peer-group RR", " bgp listen range 10.8.0.0/16 peer-group RR"),
    ):
        candidate = change(GROUP(INTENT))
        folder = edge.apply(candidate)
        assert edge.plan(candidate).change.commands == ()
        result = edge.revert(folder)
        assert result.status == 0, result.stdout + result.stderr
        assert edge.running() == before
