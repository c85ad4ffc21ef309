"""What others hear anew and no more is said before a push, and a collapse that the plan itself forecasts is a guard."""

import dataclasses
from ipaddress import ip_network
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.device.candidate import Candidate
from routebook.device.plan import HostPlan, Plan
from routebook.device.values import Change, Effect, EffectKind, Snapshot
from routebook.intent.model import Neighbor, PrefixList, PrefixRule, RouteMap, RouteMapRule
from routebook.report.model import HostResult
from routebook.report.summary import summary
from routebook.safety.accepted import Guard, refusal
from routebook.safety.announcing import collapses, hearings, hearings_without
from tests.networks.observed import (
    TRANSIT_ADDRESS,
    Intents,
    States,
    down,
    healthy,
    intents,
    transit,
    with_family,
    without_session,
)

V6 = "ipv6-unicast"
OURS, STRANGERS, THEIRS = "2001:db8:8e20::/48", "2001:db8:8e21::/48", "2001:db8:1000::/36"


def planned(*effects: tuple[EffectKind, str], host: str = "no-edge1") -> Plan:
    change = Change("", ("x",), (), tuple(Effect(kind, subject, "") for kind, subject in effects), "")
    return Plan({host: HostPlan(Snapshot({}), change, Candidate(()))})


def network(*permitted: str, originates: str = OURS, import_map: RouteMap | None = None, **options: Any) -> Intents:
    """The network, whose edge lets these prefixes out."""
    wanted = intents()
    host = wanted["no-edge1"]
    assert host.bgp is not None
    rules = tuple(PrefixRule(seq=n, action="permit", prefix=ip_network(p)) for n, p in enumerate(permitted))
    own = PrefixList(name="RB-OWN", family="ipv6", rules=rules)
    family = replace(transit().families[0], route_map_in=import_map.name if import_map else None)
    neighbor: Neighbor = transit(families=(family,), relation="provider", **options)
    others = tuple(n for n in host.bgp.neighbors if n.peer != "transit-no")
    wanted["no-edge1"] = replace(
        host,
        bgp=replace(host.bgp, neighbors=(neighbor, *others), networks=(ip_network(originates),)),
        prefix_lists=(own,),
        route_maps=(import_map,) if import_map else (),
        ours=frozenset({ip_network(OURS)}),
    )
    return wanted


def without_transit() -> Intents:
    wanted = network(OURS)
    host = wanted["no-edge1"]
    assert host.bgp is not None
    kept = tuple(n for n in host.bgp.neighbors if n.peer != "transit-no")
    return wanted | {"no-edge1": replace(host, bgp=replace(host.bgp, neighbors=kept))}


def sending(*prefixes: str, received: int = 40) -> States:
    sent = tuple(map(ip_network, prefixes))
    return with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, sent=len(sent), advertised=sent, received=received)


def told(plan: Plan, wanted: Intents, states: States) -> tuple[list[tuple[str, str]], list[str]]:
    found = hearings(plan, wanted, states)
    effects: list[tuple[str, str]] = [(effect.kind, effect.subject) for each in found for effect in each.effects()]
    return effects, [guard.text for guard in collapses(found, wanted, states)]


POLICY = planned(("policy", TRANSIT_ADDRESS))


def test_a_policy_that_lets_the_same_out_says_nothing() -> None:
    assert told(POLICY, network(OURS), sending(OURS)) == ([], [])


def test_a_stranger_in_place_of_the_own_is_both_and_a_collapse() -> None:
    effects, collapsed = told(POLICY, network(STRANGERS, originates=STRANGERS), sending(OURS))
    assert effects == [("withdrawn", OURS), ("announced", STRANGERS)]
    assert collapsed == [f"no-edge1 would no longer send our own {OURS} to transit-no"]


def test_what_leaks_now_and_is_filtered_then_goes_and_is_no_collapse_of_ours() -> None:
    effects, collapsed = told(POLICY, network(OURS), sending(OURS, THEIRS, "2001:db8:2000::/36"))
    assert effects == [("withdrawn", THEIRS), ("withdrawn", "2001:db8:2000::/36")]
    assert collapsed == ["no-edge1 would no longer send 2 of 3 prefixes to transit-no"]


def test_a_new_session_announces_the_own() -> None:
    plan = planned(("session-new", TRANSIT_ADDRESS))
    states = sending(OURS)
    states["no-edge1"] = dataclasses.replace(states["no-edge1"], bgp=())
    assert told(plan, network(OURS), states) == ([("announced", OURS)], [])


def test_a_network_that_nobody_originates_any_more_goes() -> None:
    plan = planned(("policy", TRANSIT_ADDRESS), ("prefix-removed", THEIRS))
    effects, _ = told(plan, network(OURS, THEIRS), sending(OURS, THEIRS))
    assert effects == [("withdrawn", THEIRS)]


def test_the_last_session_with_others_is_a_collapse() -> None:
    plan = planned(("session-removed", TRANSIT_ADDRESS))
    effects, collapsed = told(plan, without_transit(), sending(OURS))
    assert effects == [("withdrawn", OURS)]
    assert collapsed[0].endswith(f"our own {OURS} to AS 64496, and no other session with another network does")
    assert collapsed[1] == (
        "40 of the 40 prefixes of ipv6-unicast that other networks send would be gone: AS 64496 (no-edge1)"
    )


def test_one_of_several_sessions_that_brings_little_is_none() -> None:
    plan = planned(("session-removed", TRANSIT_ADDRESS))
    states = sending(OURS, received=10)
    other = next(s for s in states["no-edge1"].bgp or () if str(s.peer) == TRANSIT_ADDRESS)
    family = dataclasses.replace(other.families[0], received=60)
    ch = states["ch-edge1"]
    there = dataclasses.replace(other, families=(family,))
    states["ch-edge1"] = dataclasses.replace(ch, bgp=(*(ch.bgp or ()), there))
    assert told(plan, without_transit(), states) == ([("withdrawn", OURS)], [])


def test_a_policy_that_lets_nothing_in_any_more_is_a_collapse() -> None:
    nothing = RouteMap(name="RB-NOTHING", rules=(RouteMapRule(seq=10, action="deny"),))
    _, collapsed = told(POLICY, network(OURS, import_map=nothing), sending(OURS))
    assert collapsed == [
        "40 of the 40 prefixes of ipv6-unicast that other networks send would be gone: transit-no (no-edge1)"
    ]


def test_a_session_that_is_shut_down_sends_nothing() -> None:
    effects, collapsed = told(POLICY, network(OURS, shutdown=True), sending(OURS))
    assert effects == [("withdrawn", OURS)]
    assert len(collapsed) == 2


def test_what_cannot_be_listed_is_not_guessed() -> None:
    states = with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, sent=20_000)
    assert told(POLICY, network(OURS), states) == ([], [])


NOT_THERE = without_session(healthy(), "no-edge1", TRANSIT_ADDRESS)
DOWN = down(healthy(), "no-edge1", TRANSIT_ADDRESS)
GONE, NEW = planned(("session-removed", TRANSIT_ADDRESS)), planned(("session-new", TRANSIT_ADDRESS))


@pytest.mark.parametrize(
    ("plan", "before", "after", "now", "expected"),
    [
        # what the run let out goes, what it kept in comes
        (POLICY, sending(OURS), None, sending(OURS, STRANGERS), [("withdrawn", STRANGERS)]),
        (POLICY, sending(OURS, THEIRS), None, sending(OURS), [("announced", THEIRS)]),
        # what a later run has changed stays
        (POLICY, sending(OURS), sending(OURS, THEIRS), sending(OURS, THEIRS, STRANGERS), [("withdrawn", THEIRS)]),
        (POLICY, sending(OURS, THEIRS), sending(OURS), sending(STRANGERS), [("announced", THEIRS)]),
        # a session that goes, and one that comes back
        (GONE, NOT_THERE, None, sending(OURS), [("withdrawn", OURS)]),
        (NEW, sending(OURS), None, NOT_THERE, [("announced", OURS)]),
        # what is not known is not guessed: not up then, not listed then, not listed now
        (POLICY, DOWN, None, sending(OURS), []),
        (POLICY, healthy(), None, sending(OURS), []),
        (POLICY, sending(OURS), None, healthy(), []),
        (POLICY, {}, None, sending(OURS), []),
    ],
)  # fmt: skip
def test_what_others_hear_without_an_earlier_run(
    plan: Plan, before: States, after: States | None, now: States, expected: list[tuple[str, str]]
) -> None:
    found = hearings_without(before, after or {}, plan, now)
    assert [(effect.kind, effect.subject) for each in found for effect in each.effects()] == expected
    assert {(each.host, str(each.address)) for each in found} <= {("no-edge1", TRANSIT_ADDRESS)}


def test_the_summary_names_each_with_the_session() -> None:
    effects = (
        Effect("withdrawn", OURS, "to transit-no (2001:db8:f001::1)", "transit-no"),
        Effect("withdrawn", OURS, "to ixp-rs1 (2001:db8:f003::1)", "ixp-rs1"),
        Effect("announced", STRANGERS, "to transit-no (2001:db8:f001::1)", "transit-no"),
    )
    found = summary({"no-edge1": HostResult("planned", changed=True, effects=effects)})
    lines = dict(found.lines())
    assert lines["2 announcements that go"] == f"{OURS} to transit-no (no-edge1); {OURS} to ixp-rs1 (no-edge1)"
    assert lines["1 announcement that comes"] == f"{STRANGERS} to transit-no (no-edge1)"
    told = found.to_json()
    assert [(each["subject"], each["peer"]) for each in told["withdrawn"]] == [(OURS, "transit-no"), (OURS, "ixp-rs1")]
    assert [each["hosts"] for each in told["announced"]] == [["no-edge1"]]


@pytest.mark.parametrize(
    ("accept", "shown", "refused"),
    [((), False, ("collapse", "one-end")), ((), True, ("one-end",)), (("collapse",), False, ("one-end",)),
     (("one-end",), True, ()), (("collapse", "one-end"), False, ())],
)  # fmt: skip
def test_a_guard_is_passed_by_its_word_and_one_that_asks_by_who_was_shown_it(
    accept: tuple[str, ...], shown: bool, refused: tuple[str, ...]
) -> None:
    guards = [Guard("collapse", "it collapses", asks=True), Guard("one-end", "one end")]
    said = refusal(guards, accept, shown=shown)
    assert [word for word in ("collapse", "one-end") if f"--accept {word}" in said] == list(refused)
    assert bool(said) == bool(refused)
