"""Whether packets arrive is said of what was seen: by replies, and by the counters of the SAs at both ends."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from msgspec import structs

from routebook.checks.findings import Finding
from routebook.checks.packets import FULL, Probed, Way, judge, ways
from routebook.device.state import ChildSa
from routebook.device.values import Reply, State
from tests.networks.observed import TUNNEL, healthy, intents, tunnel

NO, CH = "no-edge1", "ch-edge1"
ANSWERED, LOST = Reply(3, 3), Reply(3, 0)


def counted(out: Mapping[str, int], came: Mapping[str, int], start: int = 1000) -> dict[str, State]:
    """The healthy states with the children's counters: what each end has sent and received since `start`."""

    def counting(host: str, child: ChildSa) -> ChildSa:
        return replace(child, packets_out=start + out.get(host, 0), packets_in=start + came.get(host, 0))

    return {
        host: replace(
            state,
            ike=tuple(replace(sa, children=tuple(counting(host, c) for c in sa.children)) for sa in state.ike or ()),
        )
        for host, state in healthy().items()
    }


def probed(
    small: Reply = ANSWERED,
    full: Reply = ANSWERED,
    out: Mapping[str, int] | None = None,
    came: Mapping[str, int] | None = None,
    passes: int = 0,
) -> Probed:
    sent = [way for way in ways(intents(), [NO, CH]) if way.through]
    after = counted(out if out is not None else {NO: 12, CH: 12}, came if came is not None else {NO: 12, CH: 12})
    return Probed(
        dict.fromkeys(sent, small), dict.fromkeys(sent, full), counted({}, {}), after, dict.fromkeys(sent, passes)
    )


def verdict(found: Probed) -> Finding:
    [finding] = judge(intents(), [NO, CH], found)
    assert (finding.check, finding.subject) == ("tunnel.traffic", TUNNEL)
    return finding


def test_a_tunnel_is_tried_from_both_ends_between_addresses_that_it_carries() -> None:
    found = {(way.host, way.source, way.destination) for way in ways(intents(), [NO]) if way.through}
    assert found == {(NO, "10.255.200.20", "10.255.200.21"), (CH, "10.255.200.21", "10.255.200.20")}
    routed = {
        host: structs.replace(each, tunnels=(tunnel(host[:2], mode="route", local_inner=None, remote_inner=None),))
        for host, each in intents().items()
        if each.tunnels
    }
    assert ways(routed, [NO]) == []


def test_sites_are_tried_between_the_ends_of_a_session_behind_the_tunnels() -> None:
    found = [way for way in ways(intents(), [NO, CH]) if not way.through]
    assert {(way.subject, way.host, way.peer) for way in found} == {
        ("ch – no", "no-edge3", CH),
        ("ch – no", CH, "no-edge3"),
    }


def test_packets_that_arrive_both_ways_are_a_healthy_tunnel() -> None:
    finding = verdict(probed())
    assert (finding.status, finding.state, finding.cause) == ("ok", "healthy", "")
    assert finding.to_json()["state"] == "healthy"


def test_answers_that_came_another_way_prove_nothing() -> None:
    finding = verdict(probed(out={NO: 0, CH: 0}, came={NO: 0, CH: 0}))
    assert (finding.status, finding.state) == ("ok", "")
    assert "did not come through this tunnel" in finding.cause


@pytest.mark.parametrize(
    ("out", "came", "cause"),
    [
        ({NO: 6, CH: 6}, {NO: 6}, f"packets from {NO} do not arrive at {CH}: its counter of received packets stands"),
        ({NO: 6, CH: 6}, {}, f"packets from {CH} do not arrive at {NO}"),
        ({NO: 9, CH: 9}, {NO: 9, CH: 3}, f"only 3 of 9 packets from {NO} arrive at {CH}"),
        ({}, {}, f"no packet enters the tunnel on {NO} and {CH}"),
    ],
    ids=["one way", "both ways", "some", "nothing enters"],
)
def test_a_wedged_tunnel_is_named_with_the_direction(out: dict[str, int], came: dict[str, int], cause: str) -> None:
    finding = verdict(probed(small=LOST, full=LOST, out=out, came=came))
    assert (finding.status, finding.state) == ("pending", "wedged")
    assert cause in finding.cause


def test_a_counter_that_stands_still_is_found_although_packets_are_answered_over_another_way() -> None:
    finding = verdict(probed(out={NO: 12, CH: 12}, came={NO: 12}))
    assert (finding.state, "stands still at 1000" in finding.cause) == ("wedged", True)


def test_silence_alone_is_no_loss() -> None:
    finding = verdict(probed(small=LOST, full=LOST, out={NO: 6, CH: 6}, came={NO: 6, CH: 6}))
    assert (finding.status, finding.state) == ("ok", "")
    assert "nothing is proven" in finding.cause


def test_packets_of_full_size_that_do_not_pass_are_told_with_the_size_that_does() -> None:
    finding = verdict(probed(full=LOST, passes=972))
    assert (finding.status, finding.state) == ("pending", "degraded")
    assert f"{FULL:,} bytes do not pass, 972 do" in finding.cause
    told = verdict(probed(full=Reply(3, 0, mtu=1000)))
    assert "at most 1,000 bytes a packet" in told.cause


def test_what_a_device_cannot_send_is_said_and_claimed_of_nothing() -> None:
    finding = verdict(probed(full=Reply(error="it cannot")))
    assert (finding.status, finding.state) == ("ok", "healthy")
    assert any("1,300 bytes: it cannot" in line for line in finding.evidence)


def test_a_tunnel_that_is_down_is_left_to_its_own_findings() -> None:
    down = {host: replace(state, ike=()) for host, state in healthy().items()}
    assert judge(intents(), [NO, CH], Probed({}, {}, down, down)) == []


def test_new_spis_in_the_middle_are_not_compared() -> None:
    found = probed(small=LOST, full=LOST)
    rekeyed = {
        host: replace(
            state,
            ike=tuple(
                replace(sa, children=tuple(replace(c, spi_in="77", spi_out="78") for c in sa.children))
                for sa in state.ike or ()
            ),
        )
        for host, state in healthy().items()
    }
    assert verdict(structs.replace(found, after=rekeyed)).status == "ok"


def test_full_size_between_sites_is_a_finding_of_its_own() -> None:
    both = [Way("ch – no", a, "", b, "", through=False) for a, b in (("no-edge3", CH), (CH, "no-edge3"))]
    states = {"no-edge3": healthy()["no-edge3"]}
    found = Probed(dict.fromkeys(both, ANSWERED), {both[0]: ANSWERED, both[1]: LOST}, states, states)
    [finding] = judge(intents(), ["no-edge3"], found)
    assert (finding.check, finding.subject, finding.status) == ("site.traffic", "ch – no", "pending")
    assert finding.cause == f"from {CH} to no-edge3 1,300 bytes do not pass"
