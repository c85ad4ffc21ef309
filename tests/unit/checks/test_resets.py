"""A reset that was not forecast fails a run that can have caused it, and is a warning where it began outside."""

from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest
from msgspec import structs

from routebook.checks.facts import Changed
from routebook.checks.findings import Finding, definite
from routebook.device.state import IkeSa
from routebook.device.values import Effect
from routebook.intent.model import Interface
from tests.networks.observed import (
    CH1,
    NO1,
    NO3,
    TRANSIT_ADDRESS,
    TUNNEL,
    Intents,
    States,
    check_bgp,
    check_tunnels,
    down,
    healthy,
    ike_of,
    intents,
    only,
    session_of,
    transit,
    troubles,
    tunnel,
    with_session,
)

STRANGER = "203.0.113.9"
NOTIFIED: dict[str, Any] = {"last_error_sent": False, "last_reset": "BGP Notification received"}
BY_PEER = NOTIFIED | {"last_error": "Cease/Administratively Reset", "last_error_code": "0604"}
BY_LIMIT = NOTIFIED | {"last_error": "Cease/Maximum Number of Prefixes Reached", "last_error_code": "0601"}


def pushed(*hosts: str) -> Changed:
    return Changed(seconds_since_push=dict.fromkeys(hosts, 20.0))


def reset(states: States, host: str, peer: str, **changes: Any) -> States:
    return with_session(states, host, peer, **{"uptime": 4, "established_count": 2} | changes)


def transit_reset(changed: Changed, **changes: Any) -> Finding:
    now = reset(healthy(), "no-edge1", TRANSIT_ADDRESS, **changes)
    return only(check_bgp(now, healthy(), changed=changed), "no-edge1", "bgp.reset", TRANSIT_ADDRESS)


class TestOfASession:
    def test_it_fails_the_run_that_changed_its_host(self) -> None:
        finding = transit_reset(pushed("no-edge1"), last_reset="Role configuration changed")
        assert finding.status == "failed"
        assert "not forecast, and the run can have caused it by its change of no-edge1" in finding.cause
        assert finding.evidence == (
            "no-edge1: Established for 4 s, before the run 3600 s",
            "no-edge1: last reset: Role configuration changed",
            "no-edge1: pushed 20 s ago",
        )

    @pytest.mark.parametrize("host", ["no-edge1", "no-edge3"])
    def test_it_fails_the_run_that_changed_either_end(self, host: str) -> None:
        now = reset(healthy(), "no-edge3", NO1)
        assert only(check_bgp(now, healthy(), changed=pushed(host)), "no-edge3", "bgp.reset").status == "failed"

    @pytest.mark.parametrize("host", ["no-edge1", "ch-edge1"])
    def test_it_fails_the_run_that_changed_an_end_of_the_tunnel_beneath(self, host: str) -> None:
        now = reset(healthy(), "no-edge3", CH1)
        assert only(check_bgp(now, healthy(), changed=pushed(host)), "no-edge3", "bgp.reset").status == "failed"

    @pytest.mark.parametrize(("beside", "status"), [("no-lan", "failed"), ("elsewhere", "warning")])
    def test_it_fails_the_run_that_changed_a_next_hop_beneath(self, beside: str, status: str) -> None:
        def attached(*links: str) -> tuple[Interface, ...]:
            return tuple(
                Interface(name=link, link=link, addresses=(ip_interface(f"10.3.{number}.1/24"),))
                for number, link in enumerate(links)
            )

        wanted: Intents = intents()
        links = {"no-edge1": ("no-lan",), "no-edge3": ("no-lan",), "ch-edge1": (beside, "internet")}
        wanted = {
            host: structs.replace(intent, interfaces=attached(*links[host]), tunnels=())
            for host, intent in wanted.items()
        }
        now = reset(healthy(), "no-edge3", NO1)
        found = check_bgp(now, healthy(), wanted=wanted, changed=pushed("ch-edge1"))
        assert only(found, "no-edge3", "bgp.reset", NO1).status == status

    def test_it_is_a_warning_where_the_run_changed_nothing_of_it(self) -> None:
        finding = transit_reset(pushed("ch-edge1"))
        assert finding.status == "warning"
        assert "not by the run: the run changed neither of its ends" in finding.cause

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            (BY_PEER, "warning"),
            (BY_PEER | {"last_error_sent": True}, "failed"),
            (BY_LIMIT, "failed"),  # this end may send more than before
            ({"uptime": 60}, "warning"),  # up again before the push
            ({"last_reset": "Peer closed the session"}, "failed"),
        ],
    )
    def test_what_demonstrably_began_outside_is_a_warning(self, changes: dict[str, Any], status: str) -> None:
        assert transit_reset(pushed("no-edge1"), **changes).status == status

    def test_what_the_far_end_says_is_no_excuse_where_the_run_changed_the_far_end(self) -> None:
        now = reset(healthy(), "no-edge3", NO1, **BY_PEER)
        changed = pushed("no-edge1", "no-edge3")
        assert only(check_bgp(now, healthy(), changed=changed), "no-edge3", "bgp.reset").status == "failed"

    def test_it_is_seen_on_a_session_that_was_young_before(self) -> None:
        before = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, uptime=3, established_count=0)
        now = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, uptime=10, established_count=0)
        found = check_bgp(now, before, changed=pushed("no-edge1"))
        assert only(found, "no-edge1", "bgp.reset").status == "failed"
        grown = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, uptime=25, established_count=0)
        assert troubles(check_bgp(grown, before, changed=pushed("no-edge1"))) == []

    def test_one_that_was_forecast_is_no_finding(self) -> None:
        now = reset(healthy(), "no-edge1", TRANSIT_ADDRESS)
        effects = [("no-edge1", Effect("session-reset", TRANSIT_ADDRESS, "password changes"))]
        assert troubles(check_bgp(now, healthy(), changed=Changed.by(effects, {"no-edge1": 20.0}))) == []

    def test_another_option_or_policy_is_no_forecast(self) -> None:
        now = reset(healthy(), "no-edge1", TRANSIT_ADDRESS)
        effects = [("no-edge1", Effect(kind, TRANSIT_ADDRESS, "it changes")) for kind in ("policy", "session-changed")]
        found = check_bgp(now, healthy(), changed=Changed.by(effects, {"no-edge1": 20.0}))
        assert only(found, "no-edge1", "bgp.reset").status == "failed"


def with_stranger(states: States, **changes: Any) -> States:
    session = replace(session_of("no-edge1", transit()), peer=ip_address(STRANGER), **changes)
    return states | {"no-edge1": replace(states["no-edge1"], bgp=(*(states["no-edge1"].bgp or ()), session))}


class TestOfASessionOutsideOfTheIntent:
    BEFORE = with_stranger(healthy())

    def test_it_fails_the_run_as_well(self) -> None:
        now = with_stranger(healthy(), uptime=4, established_count=2)
        found = check_bgp(now, self.BEFORE, changed=pushed("no-edge1"))
        assert only(found, "no-edge1", "bgp.reset", STRANGER).status == "failed"
        found = check_bgp(now, self.BEFORE, changed=pushed("no-edge3"))
        assert only(found, "no-edge1", "bgp.reset", STRANGER).status == "warning"

    def test_it_is_seen_on_a_host_without_an_intended_session(self) -> None:
        wanted = intents()
        wanted["no-edge1"] = structs.replace(wanted["no-edge1"], bgp=None)
        gone = check_bgp(healthy(), self.BEFORE, wanted=wanted, changed=pushed("no-edge1"))
        assert only(gone, "no-edge1", "bgp.session", STRANGER).status == "failed"

    def test_one_that_the_run_resets_is_up_again_or_a_failure_and_never_called_removed(self) -> None:
        effects = [("no-edge1", Effect("session-reset", STRANGER, "bgp router-id changes"))]
        changed = Changed.by(effects, {"no-edge1": 20.0})
        again = check_bgp(with_stranger(healthy(), uptime=4), self.BEFORE, changed=changed)
        assert [(f.check, f.status) for f in troubles(again)] == [("bgp.extra", "warning")]
        waiting = check_bgp(down(self.BEFORE, "no-edge1", STRANGER), self.BEFORE, changed=changed)
        assert only(waiting, "no-edge1", "bgp.session", STRANGER).status == "pending"
        gone = only(check_bgp(healthy(), self.BEFORE, changed=changed), "no-edge1", "bgp.session", STRANGER)
        assert (gone.status, gone.cause) == ("failed", "gone, although the run was to reset it only")

    def test_only_the_default_vrfs_session_is_the_one_that_was_removed(self) -> None:
        both = with_stranger(self.BEFORE, vrf="red")
        red = with_stranger(healthy(), vrf="red")
        changed = Changed.by([("no-edge1", Effect("session-removed", STRANGER, "neighbor removed"))])
        found = check_bgp(red, both, changed=changed)
        assert [(f.check, f.subject) for f in troubles(found)] == [("bgp.extra", f"{STRANGER} (vrf red)")]


def renewed(sa: IkeSa, *, ike: bool = True, child: bool = True, age: int = 5) -> IkeSa:
    """The SA as it is where it, or its child, was made anew."""
    if ike:
        sa = replace(sa, spi_initiator="a" * 16, spi_responder="b" * 16, established=age)
    if child:
        sa = replace(sa, children=tuple(replace(c, spi_in="aa", spi_out="bb", installed=age) for c in sa.children))
    return sa


def with_sa(states: States, host: str, sa: IkeSa) -> States:
    return states | {host: replace(states[host], ike=(sa,))}


def one_end() -> tuple[Intents, States]:
    """A network in which the tunnel's other end is nobody's."""
    return {"no-edge1": intents()["no-edge1"]}, {"no-edge1": healthy()["no-edge1"]}


def sa_of(states: States, host: str) -> IkeSa:
    return (states[host].ike or ())[0]


class TestOfATunnel:
    def after(self, sa: IkeSa, changed: Changed, before: IkeSa | None = None) -> list[Finding]:
        wanted, states = one_end()
        earlier = with_sa(states, "no-edge1", before) if before else states
        return check_tunnels(with_sa(states, "no-edge1", sa), earlier, wanted=wanted, changed=changed)

    def test_it_fails_the_run_that_changed_an_end(self) -> None:
        sa = renewed(sa_of(healthy(), "no-edge1"))
        for host, status in (("no-edge1", "failed"), ("ch-edge1", "failed"), ("no-edge3", "warning")):
            finding = only(self.after(sa, pushed(host)), "no-edge1", "tunnel.reset", TUNNEL)
            assert finding.status == status, host
            assert finding.evidence[0] == "no-edge1: IKE SA and child are new, 5 s and 5 s old"

    @pytest.mark.parametrize(("ike", "child"), [(True, False), (False, True)])
    def test_a_lifetime_that_ends_is_no_reset(self, ike: bool, child: bool) -> None:
        sa = renewed(sa_of(healthy(), "no-edge1"), ike=ike, child=child)
        assert troubles(self.after(sa, pushed("no-edge1"))) == []

    def test_one_that_was_up_before_the_push_is_a_warning(self) -> None:
        sa = renewed(sa_of(healthy(), "no-edge1"), age=60)
        assert only(self.after(sa, pushed("no-edge1")), "no-edge1", "tunnel.reset").status == "warning"

    def test_without_spis_it_is_seen_by_the_ages(self) -> None:
        plain = replace(sa_of(healthy(), "no-edge1"), spi_initiator="", spi_responder="")
        young = renewed(plain, ike=False)
        found = self.after(replace(young, established=5), pushed("no-edge1"), plain)
        assert only(found, "no-edge1", "tunnel.reset").status == "failed"
        assert troubles(self.after(replace(young, established=3620), pushed("no-edge1"), plain)) == []

    def test_one_that_was_forecast_is_no_finding(self) -> None:
        effects = [("no-edge1", Effect("tunnel-rekey", TUNNEL, "its pre-shared key changes"))]
        changed = Changed.by(effects, {"no-edge1": 20.0})
        assert troubles(self.after(renewed(sa_of(healthy(), "no-edge1")), changed)) == []


class TestOfATunnelOutsideOfTheIntent:
    """A connection that somebody made by hand, in one case with the same ends as the tunnel of the intent."""

    HAND = replace(ike_of(tunnel("no")), name="by-hand", remote_address=ip_address("203.0.113.7"))
    SAME = replace(HAND, remote_address=ike_of(tunnel("no")).remote_address)
    NEW = (("no-edge1", Effect("tunnel-new", TUNNEL, "new connection")),)
    REKEYED = Effect("tunnel-rekey", "by-hand", "its pre-shared key changes")

    def check(self, before: IkeSa, now: IkeSa | None, changed: Changed) -> list[Finding]:
        wanted, states = one_end()
        ours = renewed(sa_of(states, "no-edge1"))
        sas = (ours,) if now is None else (ours, now)
        present = {"no-edge1": replace(states["no-edge1"], ike=sas)}
        return check_tunnels(present, with_sa(states, "no-edge1", before), wanted=wanted, changed=changed)

    @pytest.mark.parametrize("hand", [HAND, SAME])
    def test_one_that_the_run_rekeys_is_up_again_and_never_called_removed(self, hand: IkeSa) -> None:
        changed = Changed.by([*self.NEW, ("no-edge1", self.REKEYED)], {"no-edge1": 20.0})
        found = self.check(hand, renewed(hand), changed)
        assert [(f.check, f.subject, f.status) for f in troubles(found)] == [("tunnel.extra", "by-hand", "warning")]
        assert definite(found) == "passed"

    def test_one_that_the_run_rekeys_and_that_stays_down_fails_in_the_end(self) -> None:
        changed = Changed.by([*self.NEW, ("no-edge1", self.REKEYED)], {"no-edge1": 20.0})
        finding = only(self.check(self.HAND, None, changed), "no-edge1", "tunnel.child", "by-hand")
        assert (finding.status, finding.cause) == ("pending", "the run re-keys it, and it is not up again")

    def test_one_whose_traffic_the_new_tunnel_carries_is_a_warning(self) -> None:
        changed = Changed.by(self.NEW, {"no-edge1": 20.0})
        finding = only(self.check(self.SAME, None, changed), "no-edge1", "tunnel.child", "by-hand")
        assert (finding.status, finding.cause) == ("warning", f"{TUNNEL} carries its traffic now")
        wider = tuple(replace(child, remote_selectors=("10.9.0.0/16",)) for child in self.SAME.children)
        more = self.check(replace(self.SAME, children=wider), None, changed)
        assert only(more, "no-edge1", "tunnel.child", "by-hand").status == "pending"

    def test_one_that_is_reset_without_a_forecast_fails_the_run(self) -> None:
        changed = Changed.by(self.NEW, {"no-edge1": 20.0})
        found = self.check(self.HAND, renewed(self.HAND), changed)
        assert only(found, "no-edge1", "tunnel.reset", "by-hand").status == "failed"

    def test_one_that_goes_with_its_daemon_is_missed_where_nothing_is_intended(self) -> None:
        wanted, states = one_end()
        wanted["no-edge1"] = structs.replace(wanted["no-edge1"], tunnels=())
        now = {"no-edge1": replace(states["no-edge1"], ike=None)}
        found = check_tunnels(now, states, wanted=wanted, changed=pushed("no-edge1"))
        assert only(found, "no-edge1", "tunnel.child", TUNNEL).status == "pending"


def test_what_got_another_option_by_the_run_is_not_excused_as_old_trouble() -> None:
    """A session that was down before, and to which the run added BFD: at both ends it is what the run changed."""
    now = down(down(healthy(), "no-edge1", NO3), "no-edge3", NO1)
    assert definite(check_bgp(now, dict(now), changed=pushed("no-edge1"), final=True)) == "passed"
    effects = [("no-edge1", Effect("session-changed", NO3, "bfd changes"))]
    found = check_bgp(now, dict(now), changed=Changed.by(effects, {"no-edge1": 20.0}), final=True)
    for host, peer in (("no-edge1", NO3), ("no-edge3", NO1)):
        finding = only(found, host, "bgp.session", peer)
        assert finding.status == "failed"
        assert not any("the run did not change it" in line for line in finding.evidence)


def test_a_removed_session_may_leave_less_to_announce_to_others() -> None:
    before = with_stranger(healthy())
    families = tuple(replace(family, sent=20) for family in session_of("no-edge3", intents_neighbor()).families)
    now = with_session(healthy(), "no-edge3", NO1, families=families)
    changed = Changed.by([("no-edge1", Effect("session-removed", STRANGER, "neighbor removed"))])
    assert only(check_bgp(now, before, changed=changed), "no-edge3", "bgp.prefixes", NO1).status == "warning"
    assert only(check_bgp(now, before, changed=Changed()), "no-edge3", "bgp.prefixes", NO1).status == "pending"


def intents_neighbor() -> Any:
    speaker = intents()["no-edge3"].bgp
    assert speaker is not None
    return next(neighbor for neighbor in speaker.neighbors if str(neighbor.address) == NO1)
