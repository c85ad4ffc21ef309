"""Best paths to our own prefixes, siblings that differ, and every way out drained at once."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from msgspec import structs

from routebook.checks import parity, routes, standing
from routebook.checks.facts import Changed, Facts
from routebook.checks.findings import Finding
from routebook.checks.normal import Normal
from routebook.device.state import BgpState, Route
from tests.networks.observed import (
    LOOPBACKS,
    NO1,
    NO3,
    Intents,
    States,
    healthy,
    intents,
    internal,
    with_family,
    with_session,
)

OURS = ip_network("10.3.0.0/16")
ROUTE = Route(OURS, next_hop="10.255.3.1", peer=NO1, as_path="", step="Router ID")


def originating(host: str = "no-edge1") -> Intents:
    found = intents()
    bgp = found[host].bgp
    assert bgp is not None
    return found | {host: structs.replace(found[host], bgp=structs.replace(bgp, networks=(OURS,)))}


def routed(**fields: Any) -> States:
    """The network as ch-edge1 sees it, with the path to 10.3.0.0/16."""
    states = healthy()
    return states | {"ch-edge1": replace(states["ch-edge1"], routes=(replace(ROUTE, **fields),))}


def check(
    now: States, before: States | None = None, wanted: Intents | None = None, known: Normal | None = None
) -> list[Finding]:
    wanted = originating() if wanted is None else wanted
    return standing.check(Facts(wanted, before or {}, now, Changed(), {}), known or Normal(), final=True)


def test_a_path_over_a_reachable_next_hop_is_right() -> None:
    [finding] = check(routed())
    assert (finding.check, finding.status, finding.subject) == (routes.ROUTE, "ok", "10.3.0.0/16")
    assert "chosen by: Router ID" in finding.evidence[0]


def test_an_unreachable_next_hop_fails() -> None:
    [finding] = check(routed(reachable=False))
    assert finding.status == "failed"
    assert "the next hop 10.255.3.1 of 10.3.0.0/16 is not reachable from ch-edge1" in finding.cause


def test_an_invalid_origin_of_our_own_prefix_fails() -> None:
    [finding] = check(routed(validation="invalid"))
    assert (finding.status, "invalid by RPKI" in finding.cause) == ("failed", True)


def test_a_path_that_moved_says_what_decided() -> None:
    [finding] = check(routed(peer=NO3, next_hop="10.255.3.3", step="Local Pref"), routed())
    assert finding.status == "ok"
    assert finding.evidence[1].startswith("ch-edge1: before the run next hop 10.255.3.1, from 10.255.3.1")
    assert finding.evidence[1].endswith("it moved by: Local Pref")


def test_a_prefix_that_a_run_loses_is_named_with_who_originates_it() -> None:
    [finding] = check(routed(next_hop=""), routed())
    assert (finding.check, finding.status, finding.subject) == (routes.LOST, "failed", "10.3.0.0/16")
    assert finding.cause == "ch-edge1 has lost 10.3.0.0/16, which no-edge1 originates"


def test_a_prefix_that_is_no_longer_of_the_intent_is_not_lost() -> None:
    assert check(routed(next_hop=""), routed(), wanted=intents()) == []


def test_a_verification_misses_what_a_host_normally_has_a_path_to() -> None:
    known = Normal(reached={"ch-edge1": frozenset({"10.3.0.0/16"})})
    assert [f.check for f in check(routed(next_hop=""), known=known)] == [routes.LOST]
    assert check(routed(next_hop="")) == []


HOSTS = ("no-edge1", "no-edge2", "no-edge4", "no-edge5")


def siblings(lacking: str = "") -> Intents:
    """Edges in one role, each with a session to no-edge3; one of them may not send all paths."""
    LOOPBACKS.update({host: f"10.255.3.{number}" for number, host in enumerate(HOSTS, 101)})
    found = intents()
    edges = {}
    for host in HOSTS:
        neighbor = internal(host, "no-edge3")
        families = tuple(structs.replace(family, addpath_tx_all=host != lacking) for family in neighbor.families)
        bgp = found["no-edge1"].bgp
        assert bgp is not None
        edges[host] = structs.replace(
            found["no-edge1"],
            name=host,
            groups=("no", "edge"),
            tunnels=(),
            bgp=structs.replace(bgp, neighbors=(structs.replace(neighbor, families=families),)),
        )
    reflector = found["no-edge3"].bgp
    assert reflector is not None
    back = tuple(internal("no-edge3", host) for host in HOSTS)
    return edges | {"no-edge3": structs.replace(found["no-edge3"], bgp=structs.replace(reflector, neighbors=back))}


@pytest.fixture(autouse=True)
def _loopbacks() -> Any:
    kept = dict(LOOPBACKS)
    yield
    LOOPBACKS.clear()
    LOOPBACKS.update(kept)


def test_siblings_that_are_alike_are_no_finding() -> None:
    wanted = siblings()
    assert list(parity.check(wanted, healthy(wanted))) == []


def test_a_sibling_that_lacks_an_option_is_named_with_what_it_costs() -> None:
    wanted = siblings(lacking="no-edge5")
    states = with_family(healthy(wanted), "no-edge3", LOOPBACKS["no-edge5"], "ipv6-unicast", received=47)
    for host in HOSTS[:3]:
        states = with_family(states, "no-edge3", LOOPBACKS[host], "ipv6-unicast", received=146)
    [finding] = parity.check(wanted, states)
    assert (finding.host, finding.check, finding.status) == ("no-edge5", parity.PARITY, "warning")
    assert finding.cause == (
        "no-edge5 lacks addpath-tx-all with no-edge3, unlike no-edge1, no-edge2, no-edge4; no-edge3 receives 47 of it, "
        "146 of them"
    )


def test_a_sibling_that_receives_less_than_others_that_agree_is_named() -> None:
    wanted = siblings()
    states = with_family(healthy(wanted), "no-edge2", NO3, "ipv4-unicast", received=12)
    [finding] = parity.check(wanted, states)
    assert (finding.host, "receives 12, they 40" in finding.cause) == ("no-edge2", True)
    # Where the others differ among themselves, nothing is said.
    states = with_family(states, "no-edge1", NO3, "ipv4-unicast", received=90)
    assert list(parity.check(wanted, states)) == []


def test_nothing_is_said_while_one_of_the_siblings_has_only_just_come_up() -> None:
    wanted = siblings()
    states = with_family(healthy(wanted), "no-edge2", NO3, "ipv4-unicast", received=12)
    young = with_session(states, "no-edge5", NO3, uptime=5)
    assert list(parity.check(wanted, young)) == []
    down = with_session(states, "no-edge5", NO3, state=BgpState.IDLE, uptime=None)
    assert [finding.host for finding in parity.check(wanted, down)] == ["no-edge2"]
