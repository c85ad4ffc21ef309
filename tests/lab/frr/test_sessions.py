"""What is told of sessions on real bgpd: their states, the reasons, the traps of an Established one."""

from collections.abc import Callable

import pytest
from napalm.base import models
from napalm.base.test import helpers

from routebook.device.causes import Reason
from routebook.device.state import BgpState
from routebook.platforms.frr.component import FrrComponent
from routebook.platforms.frr.diagnosis import explain, retry_sessions
from routebook.platforms.frr.napalm_bgp import bgp_neighbors, bgp_neighbors_detail
from routebook.platforms.frr.outbound import advertised
from routebook.platforms.frr.sessions import read_bgp, read_bgp_sessions
from tests.lab.frr.edge import put
from tests.lab.frr.triangle import (
    INSIDE,
    INSIDE_PEER,
    INTENT,
    OUTSIDE,
    OUTSIDE_PEER,
    OWNS,
    Triangle,
    configured,
    in_family,
    option,
    start_again,
)
from tests.lab.waiting import wait_for

fits: Callable[[object, object], bool] = helpers.test_model


@pytest.fixture(autouse=True)
def all_up(three: Triangle) -> None:
    start_again(three)


def test_established_sessions_are_told_with_families_and_counters(three: Triangle) -> None:
    outside = three.sessions()[OUTSIDE]
    assert outside.state is BgpState.ESTABLISHED
    assert (outside.local_as, outside.remote_as, outside.description) == (65550, 64496, "transit")
    assert (outside.router_id, outside.remote_router_id) == ("10.255.0.1", "10.255.0.3")
    assert str(outside.local_address) == "2001:db8:1::1"
    assert outside.hold_time == 180
    assert outside.uptime is not None
    assert [(family.name, family.received) for family in outside.families] == [("ipv6-unicast", 2)]
    inside = three.sessions()[INSIDE]
    assert [family.name for family in inside.families] == ["ipv4-unicast", "ipv6-unicast"]
    three.reaches(INSIDE, lambda session: [family.sent for family in session.families] == [1, 3])


def test_what_is_sent_is_listed_without_what_a_filter_keeps(three: Triangle) -> None:
    def sent(peer: str, family: str) -> list[str]:
        return sorted(map(str, advertised(three.host.shell, [(peer, family)])[peer, family]))

    three.reaches(INSIDE, lambda session: [family.sent for family in session.families] == [1, 3])
    assert sent(INSIDE, "ipv4-unicast") == ["10.3.0.0/16"]
    assert sent(INSIDE, "ipv6-unicast") == ["2001:db8:8e20::/48", "2001:db8:c::/48", "2001:db8:d::/48"]
    assert "2001:db8:8e20::/48" in sent(OUTSIDE, "ipv6-unicast")
    configured(three, in_family(OUTSIDE, "prefix-list RB-SOME out", "default-originate"))
    wait_for(lambda: sent(OUTSIDE, "ipv6-unicast") in (["::/0"], ["2001:db8:c::/48", "::/0"]), 10, "only these")
    wanted = [(OUTSIDE, "ipv6-unicast"), (INSIDE, "ipv4-unicast"), (INSIDE, "ipv6-unicast")]
    one_by_one = {each: advertised(three.host.shell, [each])[each] for each in wanted}
    assert advertised(three.host.shell, wanted) == one_by_one
    nobody = ("192.0.2.99", "ipv4-unicast")
    assert advertised(three.host.shell, [wanted[0], nobody, *wanted[1:]]) == one_by_one
    assert advertised(three.host.shell, [nobody]) == {}


def test_the_negotiated_hold_time_is_told_not_the_configured_one(three: Triangle) -> None:
    configured(three, option(OUTSIDE, "timers 5 15"))
    assert three.sessions()[OUTSIDE].hold_time == 180
    three.host.vtysh(f"clear bgp {OUTSIDE}")
    three.reaches(OUTSIDE, lambda session: session.hold_time == 15)


def test_a_wrong_as_is_told_at_both_ends_and_explained_with_both_numbers(three: Triangle) -> None:
    configured(three, INTENT.replace("remote-as 64496", "remote-as 64469"))
    ours = three.reaches(OUTSIDE, lambda session: session.last_error_code == "0202")
    assert not ours.established
    assert (ours.last_error_sent, ours.remote_as) == (True, 64469)
    assert "Bad Peer AS" in ours.last_error

    def received() -> bool:
        theirs = read_bgp_sessions(three.outside.host.shell)[0]
        return (theirs.last_error_code, theirs.last_error_sent) == ("0202", False)

    wait_for(received, 30, "the NOTIFICATION at the other end")
    retry_sessions(three.host.shell, (OUTSIDE,))
    causes = explain(three.host.shell, OUTSIDE, 10)
    assert (64496, 64469) in [(cause.found_as, cause.expected_as) for cause in causes], causes
    assert "debugging is on" not in three.host.vtysh("show debugging")


def test_a_password_on_one_side_shows_in_the_kernels_counters(three: Triangle) -> None:
    configured(three, option(OUTSIDE, "password zz"))
    session = three.reaches(OUTSIDE, lambda session: not session.established)
    assert session.state in (BgpState.CONNECT, BgpState.ACTIVE, BgpState.IDLE)

    def told() -> bool:
        causes = explain(three.host.shell, OUTSIDE, 10) + explain(three.outside.host.shell, "2001:db8:1::1", 10)
        return Reason.TCP_MD5 in [cause.reason for cause in causes]

    wait_for(told, 20, "MD5 failures in the kernel's counters")


def test_a_session_over_its_limit_is_told_and_comes_back_when_the_limit_is_raised(three: Triangle) -> None:
    configured(three, in_family(OUTSIDE, "maximum-prefix 1"))
    session = three.reaches(OUTSIDE, lambda session: session.state is BgpState.IDLE_PREFIX_LIMIT)
    assert session.last_error_code in ("0601", "")  # 10.7 gives no code; the state says it
    retry_sessions(three.host.shell, (OUTSIDE,))
    assert three.sessions()[OUTSIDE].state is BgpState.IDLE_PREFIX_LIMIT

    change = three.plan(in_family(OUTSIDE, "maximum-prefix 10"), OWNS)
    folder = three.push(change)
    assert three.sessions()[OUTSIDE].state is BgpState.IDLE_PREFIX_LIMIT, "FRR leaves it down"
    three.component.activate(change, folder)
    three.reaches(OUTSIDE, lambda session: session.established)


def test_undoing_a_limit_brings_the_session_back(three: Triangle) -> None:
    folder = three.apply(in_family(OUTSIDE, "maximum-prefix 1"), OWNS)
    three.reaches(OUTSIDE, lambda session: session.state is BgpState.IDLE_PREFIX_LIMIT)
    assert three.revert(folder).status == 0
    three.reaches(OUTSIDE, lambda session: session.established)


def test_shut_down_here_and_there(three: Triangle) -> None:
    remote_as = " neighbor 2001:db8:1::1 remote-as 65550"
    silent = put(OUTSIDE_PEER, remote_as, " neighbor 2001:db8:1::1 shutdown message maintenance")
    configured(three.outside, silent)
    ours = three.reaches(OUTSIDE, lambda session: session.last_error_code == "0602")
    assert ours.last_error_sent is False
    theirs = read_bgp_sessions(three.outside.host.shell)[0]
    assert theirs.state is BgpState.IDLE_ADMIN


def test_no_family_in_common(three: Triangle) -> None:
    networks = "  network 2001:db8:c::/48\n  network 2001:db8:d::/48\n"
    configured(three.outside, OUTSIDE_PEER.replace("ipv6 unicast", "ipv4 unicast").replace(networks, ""))
    three.reaches(OUTSIDE, lambda session: session.last_error_code == "0207" and not session.established)


def test_a_family_that_only_one_side_has_is_not_negotiated(three: Triangle) -> None:
    configured(three.inside, INSIDE_PEER.replace("ipv6 unicast\n  neighbor 10.0.0.1 activate", "ipv6 unicast"))
    session = three.reaches(INSIDE, lambda session: session.established and len(session.families) == 1)
    assert session.families[0].name == "ipv4-unicast"


def test_no_policy_discards_everything_on_an_established_session(three: Triangle) -> None:
    configured(three, INTENT.replace(f"  neighbor {OUTSIDE} route-map RB-M in\n", ""))
    session = three.reaches(OUTSIDE, lambda session: session.established and session.families[0].policy_missing)
    three.reaches(OUTSIDE, lambda session: session.families[0].received == 0)
    assert session.families[0].undefined_policies == ()


def test_an_undefined_route_map_discards_everything_and_is_warned_of(three: Triangle) -> None:
    candidate = INTENT.replace(f"neighbor {OUTSIDE} route-map RB-M in", f"neighbor {OUTSIDE} route-map RB-TYPO in")
    change = three.plan(candidate, OWNS)
    assert any("route-map RB-TYPO is used by" in warning for warning in change.change.warnings)
    three.push(change)
    session = three.reaches(OUTSIDE, lambda session: session.established and session.families[0].received == 0)
    assert session.families[0].undefined_policies == ("route-map RB-TYPO",)
    assert session.families[0].policy_missing is False


def test_a_peer_without_a_path_waits_and_is_no_missing_session(three: Triangle) -> None:
    candidate = option(INSIDE, "timers connect 1\n neighbor 2001:db8:9::9 remote-as 64499")
    candidate = put(candidate, f"  neighbor {OUTSIDE} activate", "  neighbor 2001:db8:9::9 activate")
    configured(three, candidate)
    session = three.reaches("2001:db8:9::9", lambda session: session.state is BgpState.ACTIVE)
    assert session.last_reset in ("Waiting for NHT", "No path to specified Neighbor")  # 8.4, 10
    assert session.last_reset_sign == "no route"


def test_a_neighbor_without_any_family_is_told(three: Triangle) -> None:
    others = " neighbor 2001:db8:9::9 remote-as 64499", " neighbor eth7 interface remote-as external"
    configured(three, put(INTENT, f" neighbor {OUTSIDE} remote-as 64496", *others))
    assert three.sessions()["2001:db8:9::9"].state is BgpState.IDLE
    assert three.sessions()["::"].state is BgpState.IDLE


def test_retrying_leaves_established_sessions_alone(three: Triangle) -> None:
    before = {peer: session.established_count for peer, session in three.sessions().items()}
    retry_sessions(three.host.shell, (INSIDE, OUTSIDE))
    assert three.up()
    assert {peer: session.established_count for peer, session in three.sessions().items()} == before


def test_a_session_that_waits_two_minutes_is_up_at_once_when_retried(three: Triangle) -> None:
    slow = INTENT.replace(f" neighbor {OUTSIDE} timers connect 1\n", "")
    silent = OUTSIDE_PEER.replace("timers connect 1", "passive")
    configured(three, slow)
    configured(three.outside, silent.replace("passive", "passive\n neighbor 2001:db8:1::1 shutdown"))
    three.reaches(OUTSIDE, lambda session: session.state is BgpState.ACTIVE)
    configured(three.outside, silent)
    assert not three.sessions()[OUTSIDE].established
    retry_sessions(three.host.shell, (OUTSIDE,))
    three.reaches(OUTSIDE, lambda session: session.established, 5)


def test_new_content_of_an_inbound_list_reaches_what_was_received_before(three: Triangle) -> None:
    filtered = in_family(OUTSIDE, "prefix-list RB-SOME in")
    configured(three, filtered)
    wait_for(lambda: three.received() == 1, 10, "one prefix")
    more = filtered.replace("RB-SOME seq 5", "RB-SOME seq 10 permit 2001:db8:d::/48\nipv6 prefix-list RB-SOME seq 5")
    change = three.plan(more, OWNS)
    folder = three.push(change)
    three.component.activate(change, folder)
    wait_for(lambda: three.received() == 2, 10, "both prefixes")
    assert three.revert(folder).status == 0
    wait_for(lambda: three.received() == 1, 10, "one prefix again")


def test_napalms_own_models_hold(three: Triangle) -> None:
    bgp = read_bgp(three.host.shell)
    neighbors = bgp_neighbors(bgp)
    assert neighbors["global"]["router_id"] == "10.255.0.1"
    for peer in neighbors["global"]["peers"].values():
        assert fits(models.PeerDict, peer)
        assert all(fits(models.AFDict, family) for family in peer["address_family"].values())
    assert neighbors["global"]["peers"][OUTSIDE]["address_family"]["ipv6"]["accepted_prefixes"] == 2
    detail = bgp_neighbors_detail(bgp)
    assert set(detail["global"]) == {64496, 65550}
    for found in detail["global"].values():
        assert all(fits(models.PeerDetailsDict, one) for one in found)
    assert list(bgp_neighbors_detail(bgp, OUTSIDE)["global"]) == [64496]


def test_the_component_is_what_the_driver_asks(three: Triangle) -> None:
    component: FrrComponent = three.component
    assert len(component.speaker(component.shell).sessions) == 2
    assert component.explain("no-edge1--ch-edge1", 5) == []
    assert component.handles("frr")
