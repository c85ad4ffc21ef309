"""What a session really sends is held against what may leave and what has to; what cannot be listed claims nothing."""

from ipaddress import ip_network
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.checks.announced import named
from routebook.checks.facts import Changed
from routebook.checks.findings import Finding, definite
from routebook.intent.fields import prefix_range
from routebook.intent.model import HostIntent, PrefixList, PrefixRule, RouteMap, RouteMapRule
from tests.networks.observed import TRANSIT_ADDRESS, Intents, States, check_bgp, healthy, intents, transit, with_family

V6 = "ipv6-unicast"
OURS, THEIRS = "2001:db8:8e20::/48", "2001:db8:1000::/36"
PUSHED = Changed(seconds_since_push={"no-edge1": 60.0})


def network(*rules: RouteMapRule, **options: Any) -> Intents:
    """The network, whose edge originates its prefix and lets that out: by a list, or by a route map's rules."""
    wanted = intents()
    host: HostIntent = wanted["no-edge1"]
    assert host.bgp is not None
    own = PrefixList(name="RB-OWN", family="ipv6", rules=(PrefixRule(seq=5, action="permit", prefix=ip_network(OURS)),))
    family = transit().families[0]
    if rules:
        family = replace(family, prefix_list_out=None, route_map_out="RB-OUT")
    others = tuple(n for n in host.bgp.neighbors if n.peer != "transit-no")
    neighbor = transit(families=(family,), relation="provider", **options)
    wanted["no-edge1"] = replace(
        host,
        bgp=replace(host.bgp, neighbors=(neighbor, *others), networks=(ip_network(OURS),)),
        prefix_lists=(own,),
        route_maps=(RouteMap(name="RB-OUT", rules=rules),) if rules else (),
        ours=frozenset({ip_network(OURS)}),
    )
    return wanted


def sending(*prefixes: str) -> States:
    sent = tuple(map(ip_network, prefixes))
    return with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, sent=len(sent) or 1, advertised=sent)


def judged(now: States, before: States | None = None, wanted: Intents | None = None, **options: Any) -> list[Finding]:
    found = check_bgp(now, before or {}, wanted=wanted or network(), **options)
    return [f for f in found if f.check in ("bgp.leak", "bgp.announced", "bgp.withdrawn")]


def test_the_own_prefix_alone_is_right() -> None:
    (found,) = judged(sending(OURS))
    assert (found.check, found.status) == ("bgp.announced", "ok")
    assert found.evidence == (f"no-edge1: sends {OURS}: all of it may leave",)


def test_a_prefix_that_may_not_leave_is_named_and_fails() -> None:
    (found,) = judged(sending(OURS, THEIRS))
    assert (found.check, found.status, found.subject) == ("bgp.leak", "failed", TRANSIT_ADDRESS)
    assert found.cause.startswith(f"{THEIRS} leaves to transit-no, and may not")
    assert definite([found]) == "failed"


def test_right_after_the_push_it_may_still_be_withdrawn() -> None:
    for seconds, status in ((2.0, "pending"), (60.0, "failed")):
        changed = Changed(seconds_since_push={"no-edge1": seconds})
        (found,) = judged(sending(OURS, THEIRS), sending(OURS), changed=changed)
        assert found.status == status
        assert judged(sending(OURS, THEIRS), sending(OURS), changed=changed, final=True)[0].status == "failed"


def test_the_own_prefix_that_is_not_sent_is_named() -> None:
    (found,) = judged(sending())
    assert (found.check, found.status) == ("bgp.announced", "pending")
    assert f"originates {OURS}" in found.cause
    assert judged(sending(), final=True)[0].status == "failed"


def test_a_stranger_in_place_of_the_own_is_both() -> None:
    found = judged(sending("2001:db8:8e21::/48"), sending(OURS), changed=PUSHED)
    assert [(f.check, f.status) for f in found] == [("bgp.leak", "failed"), ("bgp.announced", "pending")]


def test_an_own_prefix_that_was_sent_before_is_lost_when_nobody_originates_it_here_any_more() -> None:
    wanted = network()
    host = wanted["no-edge1"]
    assert host.bgp is not None
    wanted["no-edge1"] = replace(host, bgp=replace(host.bgp, networks=()))
    found = judged(sending(), sending(OURS), wanted, changed=PUSHED)
    assert [(f.check, f.status) for f in found if f.status != "ok"] == [("bgp.withdrawn", "pending")]
    assert OURS in found[-1].cause


def test_what_leaked_before_is_a_warning_where_the_run_did_not_touch_the_session() -> None:
    (found,) = judged(sending(OURS, THEIRS), sending(OURS, THEIRS), changed=PUSHED)
    assert found.status == "warning"
    touched = Changed(policies=frozenset({("no-edge1", TRANSIT_ADDRESS)}), seconds_since_push={"no-edge1": 60.0})
    (found,) = judged(sending(OURS, THEIRS), sending(OURS, THEIRS), changed=touched)
    assert found.status == "failed"


@pytest.mark.parametrize(
    ("hears", "accepted", "leaks"),
    [
        ((OURS,), (), True),
        ((OURS, THEIRS), (), False),
        ((OURS,), (THEIRS,), False),
        ((OURS,), ("::/0",), True),
        ((OURS,), ("::/0 le 128",), False),
        (None, (), False),
    ],
)
def test_where_a_community_decides_what_is_ours_to_announce_counts(
    hears: tuple[str, ...] | None, accepted: tuple[str, ...], leaks: bool
) -> None:
    rules = (
        RouteMapRule(seq=10, action="permit", match_prefix_list="RB-OWN"),
        RouteMapRule(seq=20, action="permit", match_community="RB-CUSTOMERS"),
    )
    heard = None if hears is None else tuple(map(ip_network, hears))
    wanted = network(*rules, hears=heard, accepted_leaks=tuple(map(prefix_range, accepted)))
    found = judged(sending(OURS, THEIRS), wanted=wanted)
    assert [f.check for f in found] == (["bgp.leak"] if leaks else ["bgp.announced"])


def test_what_is_not_listed_claims_nothing() -> None:
    assert judged(healthy(), wanted=network()) == []
    assert judged(sending(OURS, THEIRS), wanted=intents()) == []  # a list that the intent does not have


def test_many_prefixes_are_a_few_names_and_a_number() -> None:
    many = [ip_network(f"10.{number}.0.0/16") for number in range(20)]
    assert named(many).endswith("and 14 more")
    assert named([]) == "nothing"
