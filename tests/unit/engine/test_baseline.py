"""A verification remembers what is normal: it misses what was there, and fails on what has appeared."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs

from routebook.checks.findings import Finding
from routebook.cli.group import cli
from routebook.device.state import BgpSession, BgpState, Volume
from routebook.device.values import Effect, State
from routebook.report.model import RunResult
from routebook.run import baseline, verification
from routebook.run.runbook import Runbook, View
from tasks.verify_bgp import verify_bgp
from tests.networks.observed import session_of
from tests.unit.engine.world import World

VERIFY = Runbook(checks=(verify_bgp,), sections=None, name="verify")
HAND_MADE = BgpSession(
    peer=ip_address("192.0.2.99"), state=BgpState.ACTIVE, remote_as=64499, local_as=65550, local_address=None
)


@pytest.fixture
def network(world: World) -> World:
    """The world with every session up."""
    for name, intent in world.workspace().intents.items():
        assert intent.bgp is not None
        sessions = []
        for neighbor in intent.bgp.neighbors:
            shown = session_of("no-edge1", neighbor)
            families = tuple(
                replace(family, sent=wanted.max_sent or 40)
                for family, wanted in zip(shown.families, neighbor.families, strict=True)
            )
            sessions.append(replace(shown, router_id=str(intent.bgp.router_id), families=families))
        world[name].state = State(tuple(sessions), ())
    return world


def verify(world: World, **options: Any) -> RunResult:
    return verification.verify(world.running(), VERIFY, 0, config=False, **options)


def seen_two_hours_ago(world: World) -> None:
    """Let the last verification have been that long ago."""
    place = world.workspace().state.baseline
    written = json.loads(place.read_text())
    for each in written["sessions"]:
        each[3] -= 7200
    place.write_text(json.dumps(written))


def with_received(world: World, host: str, received: int) -> str:
    """Let a host's first session receive so many prefixes; its peer."""
    first, *others = world[host].state.bgp or ()
    families = tuple(replace(family, received=received) for family in first.families)
    world[host].state = replace(world[host].state, bgp=(replace(first, families=families), *others))
    return str(first.peer)


def with_session(world: World, host: str, session: BgpSession) -> None:
    world[host].state = replace(world[host].state, bgp=(*(world[host].state.bgp or ()), session))


def troubles(result: RunResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.status != "ok"]


def kept(world: World) -> Any:
    return json.loads(world.workspace().state.baseline.read_text())


def test_without_a_baseline_nothing_is_missed(network: World) -> None:
    with_received(network, "no-edge1", 3)
    result = verify(network)
    assert (result.outcome, troubles(result)) == ("verified", [])
    place = network.workspace().state.baseline
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_what_is_missing_is_said_with_what_is_normal(network: World) -> None:
    peer = with_received(network, "no-edge1", 40)
    assert verify(network).outcome == "verified"
    with_received(network, "no-edge1", 3)
    result = verify(network)
    assert result.outcome == "failed"
    found = {(f.host, f.check, f.subject): f for f in troubles(result)}
    finding = found["no-edge1", "bgp.normal", peer]
    assert "3 of 40 prefixes" in finding.cause
    assert any("received 3, normally 40 over 1 day" in line for line in finding.evidence)
    # What failed is not learned: it fails again.
    assert verify(network).outcome == "failed"


def test_a_range_is_over_days_and_a_day_is_judged_by_its_highest(network: World) -> None:
    peer = with_received(network, "no-edge1", 40)
    verify(network)
    place = network.workspace().state.baseline
    written = json.loads(place.read_text())
    today = datetime.now(UTC).date()
    for *key, days in written["counts"]:
        if key[:2] == ["no-edge1", peer] and key[3] == "received":
            days |= {str(today - timedelta(days=back)): [5 if back == 3 else 38, 41] for back in range(1, 12)}
    place.write_text(json.dumps(written))
    with_received(network, "no-edge1", 31)
    assert verify(network).outcome == "verified"
    with_received(network, "no-edge1", 29)
    [line] = {line for f in verify(network).findings if f.check == "bgp.normal" for line in f.evidence if "29" in line}
    assert line.endswith(f"received 29, normally 5–41 over 12 days, last on {today}")


def test_a_session_that_has_just_come_up_teaches_nothing(network: World) -> None:
    first, *others = network["no-edge1"].state.bgp or ()
    network["no-edge1"].state = State((replace(first, uptime=3), *others), ())
    verify(network)
    known = [key[:2] for key in kept(network)["counts"]]
    assert ["no-edge1", str(first.peer)] not in known
    assert ["no-edge1", ""] not in known  # without it, all of them together are too few
    assert ["no-edge2", ""] in known


def test_what_is_there_now_can_be_taken_for_normal(network: World) -> None:
    with_received(network, "no-edge1", 40)
    verify(network)
    with_received(network, "no-edge1", 3)
    assert verify(network, accept=True).outcome == "verified"
    assert verify(network).outcome == "verified"


def test_a_hand_made_neighbor_fails_once_it_is_known_what_was_there(network: World) -> None:
    old = replace(HAND_MADE, peer=ip_address("192.0.2.98"))
    with_session(network, "no-edge1", old)
    first = verify(network)
    assert first.outcome == "verified"
    assert [(f.check, f.status) for f in troubles(first)] == [("bgp.extra", "warning")]
    assert verify(network, accept=True).outcome == "verified"
    assert troubles(verify(network)) == []
    with_session(network, "no-edge1", HAND_MADE)
    result = verify(network)
    assert result.outcome == "failed"
    assert [(f.host, f.check, f.subject, f.status) for f in troubles(result)] == [
        ("no-edge1", "bgp.extra", "192.0.2.99", "failed")
    ]


def test_a_confirmed_run_knows_what_is_foreign_and_what_it_has_taken_away(network: World) -> None:
    peer = with_received(network, "no-edge1", 40)
    verify(network)
    with_session(network, "no-edge1", HAND_MADE)
    network.wanted = {"no-edge1": "new\n"}
    network.effects = {"no-edge1": (Effect("policy", peer, "another filter"),)}

    def collapse() -> None:
        with_received(network, "no-edge1", 3)

    network["no-edge1"].fails["activate"] = collapse
    book = network.runbook()
    result = network.run(book=structs.replace(book, checks=(*book.checks, verify_bgp)), accept=frozenset({"collapse"}))
    assert result.outcome == "confirmed", result.findings
    assert troubles(verify(network)) == []
    with_session(network, "no-edge2", HAND_MADE)
    assert [(f.host, f.status) for f in troubles(verify(network))] == [("no-edge2", "failed")]


def test_a_run_that_fails_for_want_of_room_is_rolled_back_and_not_judged_by_that_again(network: World) -> None:
    def fill() -> None:
        full = Volume("/etc/frr", 0, 1 << 30)
        network["no-edge1"].state = replace(network["no-edge1"].state, volumes=(full,))

    network.wanted = {"no-edge1": "new\n"}
    network["no-edge1"].fails["activate"] = fill
    result = network.run()
    assert (result.outcome, network["no-edge1"].running) == ("rolled_back", "old\n")
    # One that was full before is not the run's.
    assert network.run().outcome == "confirmed"


def test_a_run_that_does_not_ask_for_sessions_forgets_none_that_are_known(network: World) -> None:
    with_session(network, "no-edge1", HAND_MADE)
    verify(network, accept=True)
    network.wanted = {"no-edge1": "new\n"}
    assert network.run(book=structs.replace(network.runbook(), checks=())).outcome == "confirmed"
    assert troubles(verify(network)) == []


def test_what_no_run_has_asked_for_is_not_taken_for_new(network: World) -> None:
    with_session(network, "no-edge1", HAND_MADE)
    network.wanted = {"no-edge1": "new\n"}
    assert network.run(book=structs.replace(network.runbook(), checks=())).outcome == "confirmed"
    assert [(f.check, f.status) for f in troubles(verify(network))] == [("bgp.extra", "warning")]


def test_a_collapse_from_before_a_run_is_still_missed_after_it(network: World) -> None:
    peer = with_received(network, "no-edge1", 40)
    verify(network)
    with_received(network, "no-edge1", 3)
    network.wanted = {"no-edge1": "new\n"}
    assert network.run().outcome == "confirmed"
    assert ("bgp.normal", peer) in [(f.check, f.subject) for f in troubles(verify(network))]


def test_hosts_that_a_run_did_not_look_at_learn_anew_what_they_hear_of_ours(network: World) -> None:
    known = baseline.Baseline(network.workspace().state.baseline)
    intents = network.workspace().intents
    states = {host: network[host].state for host in intents}
    known.learn(intents.keys(), intents, states)
    with_received(network, "no-edge1", 3)
    seen = {"no-edge1": network["no-edge1"].state}
    known.confirmed(intents, {"no-edge1": states["no-edge1"]}, seen)
    for host in ("ch-edge1", "ch-edge2"):
        bgp = intents[host].bgp
        assert bgp is not None
        outside = {str(neighbor.address) for neighbor in bgp.neighbors if neighbor.peer_host is None}
        assert {key[1] for key in known.counts if key[0] == host} == outside
    assert {key[1] for key in known.counts if key[0] == "no-edge1"} >= {""}


def test_a_session_that_was_reset_since_the_last_verification_is_a_warning(network: World) -> None:
    verify(network)
    seen_two_hours_ago(network)
    first, *others = network["no-edge1"].state.bgp or ()
    flapped = replace(first, uptime=34, established_count=4, last_reset="Hold Timer Expired")
    network["no-edge1"].state = State((flapped, *others), ())
    result = verify(network)
    assert result.outcome == "verified"
    [finding] = troubles(result)
    assert (finding.check, finding.status, finding.subject) == ("bgp.flaps", "warning", str(first.peer))
    assert "up for" not in finding.cause
    assert "Established for 34 s, seen up 7200 s ago; since then it came up 3 times" in finding.evidence[0]
    assert troubles(verify(network)) == []


def test_what_a_run_reset_that_was_rolled_back_is_no_flap(network: World) -> None:
    verify(network)
    seen_two_hours_ago(network)

    def reset_all() -> None:
        for host in ("no-edge1", "ch-edge1"):
            young = tuple(replace(each, uptime=34, established_count=4) for each in network[host].state.bgp or ())
            network[host].state = State(young, ())

    def wrong(view: View) -> list[Finding]:
        pushed = bool(view.changed.seconds_since_push)
        return [Finding("no-edge1", "made.up", "no-edge1", "failed" if pushed else "ok")]

    network.wanted = {"no-edge1": "new\n"}
    network["no-edge1"].fails["activate"] = reset_all
    assert network.run(book=structs.replace(network.runbook(), checks=(wrong,))).outcome == "rolled_back"
    flapped = {(f.host, f.subject) for f in troubles(verify(network)) if f.check == "bgp.flaps"}
    ends = {
        (host, str(neighbor.address))
        for host, intent in network.workspace().intents.items()
        for neighbor in intent.neighbors
        if "no-edge1" not in (host, neighbor.peer_host) and host == "ch-edge1"
    }
    assert flapped == ends, "only sessions of which no end was in the run"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 2}',
        '{"version": 1, "counts": [[1]], "foreign": {}, "reached": {}, "sessions": []}',
        "\x00",
    ],
)
def test_a_damaged_file_is_named_and_set_aside(network: World, text: str) -> None:
    verify(network)
    place = network.workspace().state.baseline
    place.write_text(text)
    result = verify(network)
    assert result.outcome == "verified"
    assert [(f.check, f.status) for f in troubles(result)] == [("baseline.file", "warning")]
    aside = [path for path in place.parent.iterdir() if "damaged" in path.name]
    assert [path.read_text() for path in aside] == [text]
    assert troubles(verify(network)) == []


def test_a_file_that_others_can_write_is_refused(network: World) -> None:
    verify(network)
    network.workspace().state.baseline.chmod(0o666)
    said = CliRunner().invoke(cli, ["--project", str(network.project), "verify"])
    assert said.exit_code == 1


def test_what_is_no_longer_of_the_intent_is_forgotten(network: World) -> None:
    known = baseline.Baseline(network.workspace().state.baseline)
    known.counts["no-edge1", "192.0.2.1", "ipv4-unicast", "received"] = {"2026-01-01": (1, 1)}
    known.learn(["no-edge1"], network.workspace().intents, {"no-edge1": network["no-edge1"].state})
    assert {key[1] for key in known.counts} == {"", *(str(s.peer) for s in network["no-edge1"].state.bgp or ())}
