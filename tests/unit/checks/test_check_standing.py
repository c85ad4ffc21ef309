"""What sessions and changes rest on: BFD at both ends, RPKI caches, room on file systems, the time of day."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec import structs

from routebook.checks import device_health, standing
from routebook.checks.facts import Changed, Facts
from routebook.checks.findings import Finding
from routebook.checks.normal import Normal
from routebook.device.clock import offset
from routebook.device.state import BfdPeer, BfdStatus, RpkiServer, Volume
from routebook.intent.model import RpkiCache
from tests.networks.observed import NO1, NO3, Intents, States, healthy, intents, internal, only, troubles

CACHE = RpkiCache(host=ip_address("198.51.100.250"), port=3323, preference=1)
SERVER = RpkiServer("198.51.100.250", 3323, 1, connected=True)


def check(
    now: States, before: States | None = None, wanted: Intents | None = None, changed: Changed | None = None
) -> list[Finding]:
    facts = Facts(wanted or intents(), before or {}, now, changed or Changed(), {})
    return standing.check(facts, Normal(), final=True)


def with_caches(*caches: RpkiCache) -> Intents:
    found = intents()
    return found | {"no-edge1": structs.replace(found["no-edge1"], rpki_caches=caches)}


def with_bfd(no1: str | None, no3: str | None) -> Intents:
    found = intents()
    for host, peer, bfd in (("no-edge1", "no-edge3", no1), ("no-edge3", "no-edge1", no3)):
        bgp = found[host].bgp
        assert bgp is not None
        neighbors = tuple(internal(host, peer, bfd=bfd) if each.peer == peer else each for each in bgp.neighbors)
        found[host] = structs.replace(found[host], bgp=structs.replace(bgp, neighbors=neighbors))
    return found


def saying(host: str, states: States | None = None, **fields: Any) -> States:
    states = states or healthy()
    return states | {host: replace(states[host], **fields)}


def bfd(edge: BfdStatus, other: BfdStatus | None) -> States:
    peers = (BfdPeer(ip_address(NO3), edge, "control detection time expired"),)
    states = saying("no-edge1", bfd=peers)
    back = () if other is None else (BfdPeer(ip_address(NO1), other),)
    return saying("no-edge3", states, bfd=back)


def test_a_device_that_says_nothing_of_it_is_no_finding() -> None:
    assert check(healthy(), wanted=with_caches(CACHE)) == []
    assert check(healthy(), wanted=with_bfd("", "")) == []


def test_bfd_that_is_up_at_both_ends_is_right() -> None:
    found = check(bfd("up", "up"), wanted=with_bfd("", ""))
    assert [(f.check, f.status) for f in found] == [("bgp.bfd", "ok")] * 2


def test_bfd_that_is_intended_at_one_end_only_is_named_with_both() -> None:
    finding = only(check(bfd("down", None), wanted=with_bfd("", None)), "no-edge1", "bgp.bfd")
    assert finding.status == "failed"
    assert "intended on no-edge1 and not on no-edge3" in finding.cause
    assert [line.partition(":")[0] for line in finding.evidence] == ["no-edge1", "no-edge3"]
    assert "control detection time expired" in finding.evidence[0]


def test_bfd_that_was_down_before_a_run_elsewhere_is_a_warning() -> None:
    states, wanted = bfd("down", "down"), with_bfd("", "")
    assert {f.status for f in check(states, states, wanted)} == {"warning"}
    changed = Changed(options=frozenset({("no-edge1", NO3)}))
    assert {f.status for f in check(states, states, wanted, changed)} == {"failed"}


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ((), "does not have the cache 198.51.100.250 port 3323"),
        ((replace(SERVER, port=3324),), "does not have the cache 198.51.100.250 port 3323"),
        ((replace(SERVER, connected=False),), "no connection to the cache 198.51.100.250 port 3323, so no origin"),
        ((replace(SERVER, connected=False), replace(SERVER, host="192.0.2.9", preference=2)), "no connection"),
    ],
    ids=["none", "another port", "not connected", "only a less preferred one"],
)
def test_a_cache_that_is_not_connected_is_named(servers: tuple[RpkiServer, ...], words: str) -> None:
    finding = only(check(saying("no-edge1", rpki=servers), wanted=with_caches(CACHE)), "no-edge1", "rpki.cache")
    assert (finding.subject, finding.status) == ("198.51.100.250 port 3323", "failed")
    assert words in finding.cause


def test_a_less_preferred_cache_waits() -> None:
    second = structs.replace(CACHE, port=3324, preference=2)
    servers = (SERVER, RpkiServer("198.51.100.250", 3324, 2, connected=False))
    assert troubles(check(saying("no-edge1", rpki=servers), wanted=with_caches(CACHE, second))) == []


def test_a_run_answers_for_the_cache_that_it_adds_and_not_for_one_that_was_away() -> None:
    wanted = with_caches(CACHE)
    away = saying("no-edge1", rpki=(replace(SERVER, connected=False),))
    assert {f.status for f in check(away, away, wanted)} == {"warning"}
    without = saying("no-edge1", rpki=())
    assert {f.status for f in check(away, without, wanted)} == {"failed"}
    assert {f.status for f in check(without, without, wanted)} == {"failed"}


GIB = 1 << 30


@pytest.mark.parametrize(
    ("volume", "status", "words"),
    [
        (Volume("/etc/frr", 5 * GIB, 10 * GIB, 1000), "ok", ""),
        (Volume("/etc/frr", 20 << 20, 40 << 20), "ok", ""),
        (Volume("/etc/frr", 400 << 20, 10 * GIB), "warning", "nearly full"),
        (Volume("/etc/frr", 0, 10 * GIB), "failed", "is full"),
        (Volume("/etc/frr", 5 * GIB, 10 * GIB, 3), "failed", "no room for another file"),
        (Volume("/etc/frr", 5 * GIB, 10 * GIB, writable=False), "failed", "cannot be written"),
    ],
)
def test_a_file_system_that_cannot_take_a_configuration_is_named(volume: Volume, status: str, words: str) -> None:
    [finding] = check(saying("no-edge1", volumes=(volume,)))
    assert (finding.check, finding.subject, finding.status) == ("host.disk", "/etc/frr", status)
    assert words in finding.cause


def clocks(*offsets: float | None) -> dict[str, Finding]:
    states = {
        host: replace(state, clock=clock) for (host, state), clock in zip(healthy().items(), offsets, strict=True)
    }
    return {finding.host: finding for finding in device_health.check(states)}


def test_a_clock_that_is_off_is_named_with_how_far() -> None:
    found = clocks(0.0, 3600.0, -30.0)
    assert [finding.status for finding in found.values()] == ["ok", "failed", "warning"]
    assert "3600 s ahead of this machine" in found["no-edge3"].cause
    assert "30 s behind this machine" in found["ch-edge1"].cause
    assert clocks(None, None, None) == {}


def test_where_all_hosts_agree_it_is_this_machine_that_is_wrong() -> None:
    found = clocks(3600.0, 3601.0, 3599.0)
    assert [(f.host, f.status) for f in found.values() if f.status != "ok"] == [("routebook", "warning")]
    assert [f.status for f in clocks(3600.0, 3601.0, 0.0).values()].count("failed") == 1


@pytest.mark.parametrize(("said", "seen"), [(100.0, 0.0), (99.0, 0.0), (101.9, 0.0), (98.0, -1.0), (105.0, 3.0)])
def test_an_answer_that_takes_its_time_is_no_wrong_clock(said: float, seen: float) -> None:
    assert offset(said, 100.0, 102.0) == seen
