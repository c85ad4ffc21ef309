"""What the BGP check promises: nothing broken passes, nothing healthy fails, and the cause is named."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from msgspec import structs

from routebook.checks.facts import Changed
from routebook.checks.findings import Finding, definite
from routebook.device.causes import Cause, Reason, cause_of
from routebook.device.state import BgpState
from routebook.device.values import Effect
from routebook.intent.model import ListenRange
from routebook.platforms.asa.explain import causes as asa_causes
from routebook.platforms.frr.diagnosis import SAYINGS
from routebook.run.judge import divided
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
    intents,
    internal,
    only,
    session_of,
    transit,
    troubles,
    with_family,
    with_session,
    without_session,
    without_tunnel,
)

V4, V6 = "ipv4-unicast", "ipv6-unicast"
TRANSIT_CHANGED = Changed(sessions=frozenset({("no-edge1", TRANSIT_ADDRESS)}), seconds_since_push={"no-edge1": 3.0})


def bgpd(line: str) -> list[Cause]:
    """What FRR's driver makes of a line."""
    cause = cause_of(line, SAYINGS)
    return [cause] if cause else []


def transit_finding(findings: list[Finding], check: str = "bgp.session") -> Finding:
    return only(findings, "no-edge1", check, TRANSIT_ADDRESS)


def intending(**changes: Any) -> Intents:
    """The intent with another session to the transit."""
    wanted = intents()
    speaker = wanted["no-edge1"].bgp
    assert speaker is not None
    speaker = structs.replace(speaker, neighbors=(transit(**changes), internal("no-edge1", "no-edge3")))
    return wanted | {"no-edge1": structs.replace(wanted["no-edge1"], bgp=speaker)}


def test_a_healthy_network_passes() -> None:
    findings = check_bgp(healthy(), healthy(), final=True)
    assert troubles(findings) == []
    assert definite(findings) == "passed"
    assert len([f for f in findings if f.check == "bgp.session"]) == 5


def test_an_established_session_that_was_made_with_another_as_fails() -> None:
    now = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, peer_as=64469)
    finding = transit_finding(check_bgp(now, healthy()), "bgp.as")
    assert (finding.status, "Established with AS 64469" in finding.evidence[0]) == ("failed", True)
    real = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, peer_as=transit().remote_as)
    assert troubles(check_bgp(real, healthy(), final=True)) == []


def test_a_host_that_cannot_be_read_is_a_failure_and_not_a_success() -> None:
    now = {host: state for host, state in healthy().items() if host != "ch-edge1"}
    finding = only(check_bgp(now, healthy()), "ch-edge1", "host.contact")
    assert (finding.status, finding.cause) == ("failed", "ch-edge1 cannot be read")


def test_a_host_without_a_bgp_daemon_fails() -> None:
    now = healthy()
    now["no-edge3"] = replace(now["no-edge3"], bgp=None)
    assert only(check_bgp(now), "no-edge3", "bgp.daemon").status == "failed"


def test_a_daemon_that_was_dead_before_is_excused_only_where_the_run_pushed_nothing() -> None:
    dead = healthy()
    dead["no-edge3"] = replace(dead["no-edge3"], bgp=None)
    before = dict(dead)
    pushed = [Changed(seconds_since_push={host: 3.0}) for host in ("no-edge1", "no-edge3")]
    found = [only(check_bgp(dead, before, changed=changed), "no-edge3", "bgp.daemon").status for changed in pushed]
    assert found == ["warning", "failed"]


# Each row: what the transit session looks like now, the status while polling, and words of the cause.
BAD_AS: dict[str, Any] = {"last_error": "OPEN Message Error/Bad Peer AS", "last_error_code": "0202"}
LIMIT = {"last_error": "Cease/Maximum Number of Prefixes Reached", "last_error_code": "0601"}
SHUT = {"last_error": "Cease/Administratively Shutdown (maintenance)", "last_error_code": "0602"}


@pytest.mark.parametrize(
    ("state", "changes", "status", "cause"),
    [
        (BgpState.IDLE, BAD_AS | {"last_error_sent": True}, "failed", "transit-no is not in AS 64496"),
        (BgpState.ACTIVE, BAD_AS | {"last_error_sent": False}, "failed", "transit-no refuses our AS 65550"),
        (BgpState.IDLE_ADMIN, {}, "failed", "shut down on no-edge1 itself"),
        (BgpState.IDLE_PREFIX_LIMIT, {}, "failed", "more prefixes than no-edge1's limit of 100"),
        (BgpState.ACTIVE, LIMIT | {"last_error_sent": False}, "failed", "no-edge1 sent more prefixes"),
        (BgpState.ACTIVE, SHUT | {"last_error_sent": False}, "pending", "shut down by the other end transit-no"),
        (
            BgpState.IDLE,
            {"last_error": "OPEN Message Error/Unsupported Capability", "last_error_code": "0207"},
            "failed",
            "no address family in common: no-edge1 wants ipv6-unicast",
        ),
        (
            BgpState.ACTIVE,
            {"last_error": "Hold Timer Expired", "last_error_code": "0400", "last_error_sent": True},
            "pending",
            "the hold timer expired",
        ),
        (
            BgpState.ACTIVE,
            {"last_error": "Cease/Connection rejected", "last_error_code": "0605", "last_error_sent": False},
            "pending",
            "transit-no has no session with no-edge1",
        ),
        (BgpState.ACTIVE, {"last_reset_sign": "no route"}, "pending", "no route to 2001:db8:f001::1"),
        (BgpState.IDLE, {"last_reset_sign": "bfd down"}, "pending", "BFD between"),
        (BgpState.CONNECT, {"last_reset": "Waiting for peer OPEN"}, "pending", "or the TCP MD5 password differs"),
        (BgpState.OPEN_SENT, {}, "pending", "accepts TCP connections and sends no OPEN"),
        (BgpState.OPEN_CONFIRM, {}, "pending", ""),
        (BgpState.IDLE, {}, "pending", ""),
    ],
)
def test_a_session_that_is_down_has_its_cause(
    state: BgpState, changes: dict[str, Any], status: str, cause: str
) -> None:
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS, state, **changes)
    polling = transit_finding(check_bgp(now, healthy(), changed=TRANSIT_CHANGED))
    assert polling.status == status
    assert cause in polling.cause
    assert polling.evidence[0].startswith(f"no-edge1: {state}")
    assert transit_finding(check_bgp(now, healthy(), changed=TRANSIT_CHANGED, final=True)).status == "failed"


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("sent to", "wrong peer AS on no-edge1: transit-no is not in AS 64496 as no-edge1 expects"),
        ("received from", "transit-no refuses our AS 65550: it expects no-edge1 in another AS"),
    ],
)
def test_a_refused_as_that_only_a_log_tells_of_is_definite_for_an_outside_peer(way: str, cause: str) -> None:
    line = f"Nov 22 2026 01:02:03: %ASA-3-418019: {way} neighbor {TRANSIT_ADDRESS} 2/2 (peer in wrong AS) 2 bytes"
    told = {("no-edge1", TRANSIT_ADDRESS): asa_causes([line])}
    finding = transit_finding(check_bgp(down(healthy(), "no-edge1", TRANSIT_ADDRESS), healthy(), explanations=told))
    assert (finding.status, finding.cause) == ("failed", cause)
    told = {("no-edge3", NO1): asa_causes([line.replace(TRANSIT_ADDRESS, NO1)])}
    ours = check_bgp(down(healthy(), "no-edge3", NO1), healthy(), explanations=told)
    assert only(ours, "no-edge3", "bgp.session", NO1).status == "pending", "between ours, both ends' numbers decide"


def test_a_wrong_peer_as_of_an_outside_peer_names_both_numbers_from_the_log() -> None:
    now = down(healthy(intending(remote_as=64469)), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE)
    log = {("no-edge1", TRANSIT_ADDRESS): bgpd("2001:db8:f001::1 bad OPEN, remote AS is 64496, expected 64469")}
    finding = transit_finding(check_bgp(now, healthy(), wanted=intending(remote_as=64469), explanations=log))
    assert finding.status == "failed"
    assert "AS 64469" in finding.cause
    assert "AS 64496" in finding.cause
    assert any(line.startswith("no-edge1 log: ") for line in finding.evidence)


def test_a_wrong_peer_as_between_our_own_hosts_names_both_numbers_at_both_ends() -> None:
    now = down(healthy(), "no-edge3", NO1, BgpState.IDLE, remote_as=65505)
    now = down(now, "no-edge1", NO3)
    findings = check_bgp(now, healthy())
    for host, peer in (("no-edge3", NO1), ("no-edge1", NO3)):
        finding = only(findings, host, "bgp.session", peer)
        assert finding.status == "failed"
        assert "wrong peer AS on no-edge3: it expects no-edge1 in AS 65505, no-edge1 is in AS 65550" in finding.cause
    assert only(findings, "no-edge3", "bgp.as", NO1).status == "failed"


def test_a_log_line_from_before_the_change_does_not_condemn_the_new_as() -> None:
    old = {("no-edge1", TRANSIT_ADDRESS): bgpd("bad OPEN, remote AS is 64496, expected 64469")}
    finding = transit_finding(check_bgp(down(healthy(), "no-edge1", TRANSIT_ADDRESS), explanations=old))
    assert finding.status == "pending"


def test_an_error_that_the_run_is_about_to_mend_is_not_taken_for_a_new_one() -> None:
    # 64469 was configured, its Bad Peer AS is still shown after 64496 was pushed: nothing new has happened yet.
    errors = BAD_AS | {"last_error_sent": True}
    before = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE, remote_as=64469, **errors)
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE, **errors)
    finding = transit_finding(check_bgp(now, before, changed=TRANSIT_CHANGED))
    assert finding.status == "pending"


def test_the_same_error_again_is_a_new_one_when_the_session_was_established_in_between() -> None:
    errors = BAD_AS | {"last_error_sent": True}
    before = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, **errors)
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE, remote_as=64469, **errors)
    finding = transit_finding(check_bgp(now, before, changed=TRANSIT_CHANGED))
    assert finding.status == "failed"


def test_between_our_own_hosts_an_error_from_the_middle_of_the_change_may_heal() -> None:
    # One end was pushed before the other: it refused the other's AS once, and the numbers agree by now.
    now = down(healthy(), "no-edge1", NO3, **BAD_AS, last_error_sent=True)
    now = down(now, "no-edge3", NO1, **BAD_AS, last_error_sent=False)
    assert definite(check_bgp(now, healthy())) == "pending"


def test_different_tcp_passwords_are_suspected_from_the_kernels_counters() -> None:
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.CONNECT)
    log = {("no-edge1", TRANSIT_ADDRESS): bgpd("kernel: TcpExtTCPMD5Failure 3")}
    finding = transit_finding(check_bgp(now, healthy(), explanations=log))
    assert finding.status == "pending"
    assert finding.cause.startswith("the TCP MD5 passwords of no-edge1 and transit-no probably differ")
    quiet = {("no-edge1", TRANSIT_ADDRESS): bgpd("kernel: TcpExtTCPMD5Failure 0")}
    assert "probably" not in transit_finding(check_bgp(now, healthy(), explanations=quiet)).cause


def test_a_session_over_a_tunnel_that_is_down_blames_the_tunnel() -> None:
    log = {("ch-edge1", TUNNEL): [Cause(Reason.KEY_MISMATCH, ("MAC mismatched",))]}
    findings = check_bgp(without_tunnel(healthy()), healthy(), explanations=log)
    for host, peer in (("no-edge3", CH1), ("ch-edge1", NO3)):
        finding = only(findings, host, "bgp.session", peer)
        assert finding.status == "pending"
        assert finding.cause.startswith(f"tunnel {TUNNEL} is down: no IKE SA at no-edge1; the pre-shared keys")


def test_a_session_that_the_other_end_shut_down_says_so() -> None:
    now = down(down(healthy(), "no-edge3", NO1, BgpState.IDLE_ADMIN), "no-edge1", NO3)
    findings = check_bgp(now, healthy())
    assert only(findings, "no-edge1", "bgp.session", NO3).cause == "shut down on the other end no-edge3"
    assert only(findings, "no-edge3", "bgp.session", NO1).status == "failed"


def test_a_session_that_the_intent_shuts_down_is_right_when_it_is_down_at_both_ends() -> None:
    wanted = intents()
    speaker = wanted["no-edge3"].bgp
    assert speaker is not None
    neighbors = (internal("no-edge3", "no-edge1", shutdown=True), speaker.neighbors[1])
    speaker = structs.replace(speaker, neighbors=neighbors)
    wanted["no-edge3"] = structs.replace(wanted["no-edge3"], bgp=speaker)
    now = down(down(healthy(), "no-edge3", NO1, BgpState.IDLE_ADMIN), "no-edge1", NO3)
    assert troubles(check_bgp(now, wanted=wanted, final=True)) == []
    assert definite(check_bgp(healthy(), wanted=wanted, final=True)) == "failed"


def test_a_session_that_is_not_configured_fails_at_once() -> None:
    finding = transit_finding(check_bgp(without_session(healthy(), "no-edge1", TRANSIT_ADDRESS), healthy()))
    assert (finding.status, finding.cause) == ("failed", "not configured on no-edge1")


@pytest.mark.parametrize(
    ("changes", "check", "status", "cause"),
    [
        ({"policy_missing": True, "received": 0}, "bgp.policy", "failed", "RFC 8212"),
        ({"undefined_policies": ("RB-TRANSIT-IN",), "received": 0}, "bgp.policy", "failed", "applies RB-TRANSIT-IN"),
        ({"received": 0}, "bgp.prefixes", "pending", "transit-no sends too little"),
        ({"received": 101}, "bgp.prefixes", "failed", "more than its limit"),
        ({"received": None}, "bgp.prefixes", "unknown", "does not say"),
        ({"sent": 0}, "bgp.prefixes", "pending", "too little to announce"),
        ({"sent": 2}, "bgp.prefixes", "failed", "a route leak"),
    ],
)
def test_established_is_not_enough(changes: dict[str, Any], check: str, status: str, cause: str) -> None:
    findings = check_bgp(with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, **changes))
    finding = transit_finding(findings, check)
    assert finding.status == status
    assert cause in finding.cause
    assert definite(findings) != "passed"


def test_a_family_that_was_not_negotiated_is_named() -> None:
    kept = tuple(f for f in session_of("no-edge3", internal("no-edge3", "no-edge1")).families if f.name == V4)
    finding = only(check_bgp(with_session(healthy(), "no-edge3", NO1, families=kept)), "no-edge3", "bgp.families", NO1)
    assert finding.status == "pending"
    assert finding.cause == "no-edge3 and no-edge1 did not negotiate ipv6-unicast"


def test_a_reflector_that_does_not_send_all_paths_is_caught() -> None:
    findings = check_bgp(with_family(healthy(), "no-edge3", CH1, V6, addpath_tx_all=False))
    finding = only(findings, "no-edge3", "bgp.addpath", CH1)
    assert finding.status == "failed"
    assert "ch-edge1 gets the best only" in finding.cause


def test_fewer_prefixes_than_before_wait_and_then_fail() -> None:
    now = with_family(healthy(), "no-edge3", NO1, V6, received=30)
    finding = only(check_bgp(now, healthy()), "no-edge3", "bgp.prefixes", NO1)
    assert finding.status == "pending"
    assert "no-edge3: ipv6-unicast: received 30, before the run 40" in finding.evidence
    assert definite(check_bgp(now, healthy(), final=True)) == "failed"


def test_a_small_loss_of_a_large_table_is_tolerated_and_of_a_small_one_is_not() -> None:
    large = with_family(healthy(), "no-edge3", NO1, V6, received=200_000)
    assert definite(check_bgp(with_family(large, "no-edge3", NO1, V6, received=190_000), large)) == "passed"
    assert definite(check_bgp(with_family(large, "no-edge3", NO1, V6, received=189_999), large)) == "pending"
    small = with_family(healthy(), "no-edge3", NO1, V6, received=19)
    assert definite(check_bgp(with_family(small, "no-edge3", NO1, V6, received=18), small)) == "pending"


def test_fewer_prefixes_after_a_change_of_that_sessions_policy_only_warn() -> None:
    now = with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, received=20)
    changed = Changed(policies=frozenset({("no-edge1", "2001:DB8:F001:0::1")}))
    finding = transit_finding(check_bgp(now, healthy(), changed=changed, final=True), "bgp.prefixes")
    assert finding.status == "warning"
    assert "no-edge1: ipv6-unicast: received 20, before the run 40" in finding.evidence


@pytest.mark.parametrize(
    ("counts", "collapsed"),
    [({"received": 30}, False), ({"received": 29}, True), ({"sent": 0}, True), ({"received": 29, "sent": 0}, True)],
)
def test_a_changed_policy_does_not_excuse_that_more_than_a_quarter_is_gone(
    counts: dict[str, int], collapsed: bool
) -> None:
    before = with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, received=40, sent=4)
    now = with_family(before, "no-edge1", TRANSIT_ADDRESS, V6, **counts)
    changed = Changed(policies=frozenset({("no-edge1", TRANSIT_ADDRESS)}))
    found = [each for each in check_bgp(now, before, changed=changed, final=True) if each.check == "bgp.collapse"]
    assert [(each.host, each.subject, each.status) for each in found] == (
        [("no-edge1", TRANSIT_ADDRESS, "failed")] if collapsed else []
    )
    told = [f"no-edge1: ipv6-unicast: {name} {count}, before the run" for name, count in counts.items()]
    assert [line[: line.index(" run") + 4] for each in found for line in each.evidence] == told * collapsed


def test_a_changed_policy_on_one_host_excuses_fewer_prefixes_on_our_own_sessions_only() -> None:
    changed = Changed(policies=frozenset({("no-edge1", TRANSIT_ADDRESS)}))
    now = with_family(healthy(), "no-edge3", NO1, V6, received=20)
    assert only(check_bgp(now, healthy(), changed=changed), "no-edge3", "bgp.prefixes", NO1).status == "warning"
    elsewhere = Changed(policies=frozenset({("no-edge3", NO1)}))
    now = with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, received=20)
    assert transit_finding(check_bgp(now, healthy(), changed=elsewhere), "bgp.prefixes").status == "pending"


def test_a_reset_that_nobody_forecast_is_told_and_one_that_was_forecast_is_not() -> None:
    now = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, uptime=4, established_count=2)
    finding = transit_finding(check_bgp(now, healthy()), "bgp.reset")
    assert finding.status == "warning"
    assert troubles(check_bgp(now, healthy(), changed=TRANSIT_CHANGED)) == []


def test_a_forecast_at_one_end_covers_the_other_and_a_rekeyed_tunnel_the_sessions_in_it() -> None:
    now = with_session(healthy(), "no-edge1", NO3, uptime=4)
    assert troubles(check_bgp(now, healthy(), changed=Changed(sessions=frozenset({("no-edge3", NO1)})))) == []
    now = with_session(healthy(), "no-edge3", CH1, uptime=4)
    assert troubles(check_bgp(now, healthy(), changed=Changed(tunnels=frozenset({TUNNEL})))) == []


def test_what_was_down_before_and_is_not_touched_warns_but_verify_fails_on_it() -> None:
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS)
    untouched = check_bgp(now, dict(now), final=True)
    assert transit_finding(untouched).status == "warning"
    assert definite(untouched) == "passed"
    assert definite(check_bgp(now, dict(now), changed=TRANSIT_CHANGED, final=True)) == "failed"
    assert definite(check_bgp(now, final=True)) == "failed"


def test_what_was_up_before_must_be_up_although_the_intent_does_not_know_it() -> None:
    stranger = replace(session_of("no-edge1", transit()), peer=ip_address("203.0.113.9"))
    before = healthy()
    before["no-edge1"] = replace(before["no-edge1"], bgp=(*(before["no-edge1"].bgp or ()), stranger))
    assert only(check_bgp(before, before | {}), "no-edge1", "bgp.extra").status == "warning"
    gone = only(check_bgp(healthy(), before), "no-edge1", "bgp.session", "203.0.113.9")
    assert (gone.status, gone.cause) == ("failed", "gone, although the run was to leave it alone")
    waiting = down(before, "no-edge1", "203.0.113.9")
    assert only(check_bgp(waiting, before), "no-edge1", "bgp.session", "203.0.113.9").status == "pending"
    removed = Changed.by([("no-edge1", Effect("session-removed", "203.0.113.9", "neighbor removed"))])
    assert troubles(check_bgp(healthy(), before, changed=removed)) == []
    assert only(check_bgp(before, before | {}, changed=removed), "no-edge1", "bgp.removed").status == "pending"


def test_who_comes_from_a_range_that_is_listened_to_is_no_stranger() -> None:
    stranger = replace(session_of("no-edge1", transit()), peer=ip_address("203.0.113.9"))
    now = healthy()
    now["no-edge1"] = replace(now["no-edge1"], bgp=(*(now["no-edge1"].bgp or ()), stranger))
    for prefix, findings in (("203.0.113.0/24", 0), ("203.0.112.0/24", 1)):
        listen = ListenRange(name="LAN", prefixes=(ip_network(prefix),), remote_as="external", families=())
        wanted = intents()
        speaker = wanted["no-edge1"].bgp
        assert speaker is not None
        host = structs.replace(wanted["no-edge1"], bgp=structs.replace(speaker, listen=(listen,)))
        found = check_bgp(now, wanted=wanted | {"no-edge1": host})
        assert len([each for each in found if each.check == "bgp.extra"]) == findings


def test_a_session_of_another_vrf_is_not_taken_for_ours() -> None:
    now = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, vrf="red")
    assert transit_finding(check_bgp(now)).cause == "not configured on no-edge1"
    assert only(check_bgp(now), "no-edge1", "bgp.extra").subject == f"{TRANSIT_ADDRESS} (vrf red)"


def test_a_hold_time_above_the_intended_one_warns_until_the_next_reset() -> None:
    findings = check_bgp(healthy(), wanted=intending(hold_time=30))
    assert transit_finding(findings, "bgp.timers").status == "warning"


def test_of_a_far_end_only_what_concerns_the_runs_hosts_is_kept() -> None:
    findings = check_bgp(down(healthy(), "no-edge3", NO1)) + check_tunnels(healthy())
    kept, left_out = divided(findings, {"ch-edge1"}, {"no-edge1", "no-edge3"}, intents())
    assert len(kept) + len(left_out) == len(findings)
    assert {(f.host, f.subject) for f in kept} == {
        ("ch-edge1", NO3),
        ("no-edge3", CH1),
        ("ch-edge1", TUNNEL),
        ("no-edge1", TUNNEL),
    }


FACTS: list[tuple[str, States]] = [
    ("a session is missing", without_session(healthy(), "no-edge3", CH1)),
    ("a session is not Established", down(healthy(), "ch-edge1", NO3)),
    ("another peer AS", with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, remote_as=1)),
    ("another local AS", with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, local_as=1)),
    ("no family", with_session(healthy(), "no-edge3", NO1, families=())),
    ("all paths not sent", with_family(healthy(), "no-edge3", NO1, V4, addpath_tx_all=False)),
    ("no policy", with_family(healthy(), "no-edge1", TRANSIT_ADDRESS, V6, policy_missing=True)),
    ("an undefined policy", with_family(healthy(), "no-edge1", NO3, V4, undefined_policies=("X",))),
]


@pytest.mark.parametrize(("what", "now"), FACTS, ids=[what for what, _ in FACTS])
def test_taking_away_one_fact_never_passes(what: str, now: States) -> None:
    assert definite(check_bgp(now, healthy())) != "passed", what
    assert definite(check_bgp(now, final=True)) == "failed", what


def test_the_as_of_an_open_that_was_refused_is_named_without_any_log() -> None:
    wanted = intending(remote_as=64469)
    now = down(healthy(wanted), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE, refused_as=64496)
    finding = transit_finding(check_bgp(now, wanted=wanted))
    assert finding.status == "failed"
    assert finding.cause == "wrong peer AS on no-edge1: it expects transit-no in AS 64469, transit-no says AS 64496"
    mended = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.IDLE, refused_as=64496)
    assert transit_finding(check_bgp(mended)).status == "pending"


@pytest.mark.parametrize(("since", "status"), [(2.5, "pending"), (3.5, "failed")])
def test_both_numbers_are_named_within_seconds_although_the_peer_says_nothing(since: float, status: str) -> None:
    wanted = intending(remote_as=64469)
    changed = structs.replace(TRANSIT_CHANGED, seconds_since_push={"no-edge1": since})
    now = down(healthy(wanted), "no-edge1", TRANSIT_ADDRESS)
    finding = transit_finding(check_bgp(now, healthy(), wanted=wanted, changed=changed))
    assert finding.status == status
    assert ("AS 64469" in finding.cause and "AS 64496" in finding.cause) == (status == "failed")


def test_the_octets_that_an_asa_logs_are_the_peers_as() -> None:
    line = f"Nov 22 2026 01:02:03: %ASA-3-418019: sent to neighbor {TRANSIT_ADDRESS} 2/2 (peer in wrong AS) 2 bytes "
    [cause] = asa_causes([f"{line}FBF0"])
    assert (cause.reason, cause.found_as) == (Reason.PEER_AS, 64496)
    [unknown] = asa_causes([f"{line}5BA0"])
    assert unknown.reason is Reason.AS_REFUSED, "23456 stands for any AS of 32 bits"
    [untimed] = asa_causes([f"{line}FBF0".partition(": ")[2]])
    assert not untimed.dated


def test_counters_of_all_peers_are_no_cause_where_more_than_one_session_waits() -> None:
    told = {("no-edge1", TRANSIT_ADDRESS): [Cause(Reason.TCP_MD5, ("kernel: TcpExtTCPMD5Failure 3",), of_all=True)]}
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS)
    alone = transit_finding(check_bgp(now, explanations=told))
    assert "passwords" in alone.cause
    both = transit_finding(check_bgp(down(now, "no-edge1", NO3), explanations=told))
    assert "probably differ" not in both.cause
    own = {("no-edge1", TRANSIT_ADDRESS): [Cause(Reason.TCP_MD5, (f"MD5 Hash failed for {TRANSIT_ADDRESS}",))]}
    assert "probably differ" in transit_finding(check_bgp(down(now, "no-edge1", NO3), explanations=own)).cause


def test_an_address_that_only_the_inventory_knows_is_said_of_the_host_that_lacks_it() -> None:
    now = down(down(healthy(), "no-edge3", CH1), "ch-edge1", NO3)
    now["ch-edge1"] = replace(now["ch-edge1"], addresses=("198.51.100.41",))
    for host, peer in (("no-edge3", CH1), ("ch-edge1", NO3)):
        cause = only(check_bgp(now), host, "bgp.session", peer).cause
        assert cause == f"ch-edge1 does not have the address {CH1}, which the inventory says that it has"
    now["ch-edge1"] = replace(now["ch-edge1"], addresses=("198.51.100.41", CH1))
    assert "does not have" not in only(check_bgp(now), "no-edge3", "bgp.session", CH1).cause
