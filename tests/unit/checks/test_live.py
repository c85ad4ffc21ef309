"""Watching says each thing once: when it goes, and when it comes back."""

from msgspec.structs import replace

from routebook.checks.findings import Finding
from routebook.checks.live import Happening, Memory
from routebook.device.state import BgpState
from tests.networks.observed import (
    NO1,
    NO3,
    TRANSIT_ADDRESS,
    TUNNEL,
    States,
    down,
    healthy,
    intents,
    with_family,
    with_session,
    without_tunnel,
)


def looks(*states: States, lost: dict[str, str] | None = None) -> list[Happening]:
    """What is said at the last of several looks."""
    memory, said = Memory(), list[Happening]()
    for each in states:
        said = memory.look(intents(), each, (lost or {}) if each is states[-1] else {}, [])
    return said


def named(said: list[Happening]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.host, each.subject) for each in said]


def test_nothing_is_said_of_a_network_that_is_as_intended() -> None:
    assert looks(healthy(), healthy()) == []


def test_what_is_wrong_at_the_first_look_is_said_once() -> None:
    bad = down(healthy(), "no-edge1", TRANSIT_ADDRESS)
    assert named(looks(bad)) == [("session down", "no-edge1", TRANSIT_ADDRESS)]
    assert looks(bad, bad) == []
    assert named(looks(bad, healthy())) == [("session up", "no-edge1", TRANSIT_ADDRESS)]


def test_a_session_between_ours_is_one_event_whichever_end_goes_first() -> None:
    one = down(healthy(), "no-edge3", NO1)
    both = down(one, "no-edge1", NO3)
    for states in (one, both):
        assert named(looks(healthy(), states)) == [("session down", "no-edge1", NO3)]
    assert looks(healthy(), one, both) == []


def test_a_cause_is_said_with_the_event() -> None:
    found = Finding("no-edge1", "bgp.session", TRANSIT_ADDRESS, "failed", (), "shut down by the other end")
    said = Memory().look(intents(), down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE), {}, [found])
    assert [each.text for each in said] == ["shut down by the other end"]


def test_a_tunnel_is_down_with_one_of_its_ends() -> None:
    assert ("tunnel down", "no-edge1", TUNNEL) in named(looks(healthy(), without_tunnel(healthy())))
    half = {**healthy(), "ch-edge1": without_tunnel(healthy())["ch-edge1"]}
    assert ("tunnel down", "no-edge1", TUNNEL) in named(looks(healthy(), half))


def test_a_session_that_was_made_anew_between_two_looks_is_said() -> None:
    again = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, uptime=2)
    assert ("session reset", "no-edge1", TRANSIT_ADDRESS) in named(looks(healthy(), again))


def test_a_collapse_is_said_once_and_when_it_is_over_but_not_of_a_session_that_has_just_come_up() -> None:
    few = with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, "ipv6-unicast", received=3)
    assert named(looks(healthy(), few)) == [("prefixes collapsed", "no-edge1", TRANSIT_ADDRESS)]
    assert looks(healthy(), few, few) == []
    assert named(looks(healthy(), few, healthy())) == [("prefixes back", "no-edge1", TRANSIT_ADDRESS)]
    new = with_session(few, "no-edge1", TRANSIT_ADDRESS, uptime=5)
    assert "prefixes collapsed" not in [each.kind for each in looks(healthy(), new)]


def test_a_host_that_is_lost_is_said_and_its_sessions_are_not_guessed() -> None:
    rest = {host: state for host, state in healthy().items() if host != "ch-edge1"}
    said = looks(healthy(), rest, lost={"ch-edge1": "it fell silent"})
    assert [(each.kind, each.text) for each in said] == [("host lost", "it fell silent")]
    memory = Memory()
    memory.look(intents(), rest, {"ch-edge1": "it fell silent"}, [])
    assert memory.look(intents(), rest, {}, []) == [], "asked again, apart from the others"
    assert named(memory.look(intents(), healthy(), {}, [])) == [("host back", "ch-edge1", "ch-edge1")]


def test_packets_that_stop_arriving_are_an_event_and_so_are_those_that_arrive_again() -> None:
    healthy_tunnel = Finding("no-edge1", "tunnel.traffic", TUNNEL, "ok", state="healthy")
    wedged = replace(healthy_tunnel, status="failed", state="wedged", cause="wedged: …")
    memory = Memory()
    assert memory.proved([healthy_tunnel]) == []
    assert named(memory.proved([wedged])) == [("tunnel wedged", "no-edge1", TUNNEL)]
    assert memory.proved([wedged]) == []
    assert memory.proved([replace(wedged, state="")]) == []
    assert named(memory.proved([healthy_tunnel])) == [("tunnel healthy", "no-edge1", TUNNEL)]
