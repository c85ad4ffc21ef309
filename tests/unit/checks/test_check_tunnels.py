"""What the tunnel check promises: both ends, belonging together, as intended, and new where changed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from routebook.checks.facts import Changed
from routebook.checks.findings import definite, suspects
from routebook.device.causes import Cause, Reason
from routebook.device.state import ChildSa
from routebook.device.values import Effect
from routebook.intent.model import IpsecProposal
from routebook.platforms.asa.explain import causes as asa_causes
from routebook.platforms.strongswan.explain import causes as charon_causes
from tests.networks.observed import (
    TUNNEL,
    Intents,
    States,
    check_bgp,
    check_tunnels,
    healthy,
    ike_of,
    intents,
    only,
    troubles,
    tunnel,
    with_child,
    with_ike,
    without_tunnel,
)

CHANGED = Changed(tunnels=frozenset({TUNNEL}), seconds_since_push={"no-edge1": 12.0, "ch-edge1": 10.0})
HEX = st.text("0123456789abcdef", min_size=8, max_size=8).filter(lambda spi: spi.strip("0"))


def child_at(states: States, host: str) -> ChildSa:
    return (states[host].ike or ())[0].children[0]


def logged(lines: list[str]) -> list[Cause]:
    """What the driver whose device logs such lines makes of them."""
    if any("%ASA-" in line for line in lines):
        return asa_causes(lines)
    return charon_causes(lines, TUNNEL)


def with_proposals(**changes: Any) -> Intents:
    wanted = intents()
    for host, site in (("no-edge1", "no"), ("ch-edge1", "ch")):
        wanted[host] = structs.replace(wanted[host], tunnels=(tunnel(site, **changes),))
    return wanted


def test_a_healthy_tunnel_passes() -> None:
    findings = check_tunnels(healthy(), healthy(), final=True)
    assert troubles(findings) == []
    checks = sorted({(f.host, f.check) for f in findings})
    assert ("no-edge1", "tunnel.spi") in checks
    assert ("ch-edge1", "tunnel.child") in checks


@given(ours=HEX, theirs=HEX, initiator=st.booleans(), age=st.integers(0, 100_000))
def test_ends_that_belong_together_always_pass(ours: str, theirs: str, initiator: bool, age: int) -> None:
    now = healthy()
    one, other = ("no-edge1", "ch-edge1") if initiator else ("ch-edge1", "no-edge1")
    now = with_child(now, one, spi_in=ours, spi_out=theirs, installed=age)
    now = with_child(now, other, spi_in=theirs.upper(), spi_out="0x" + ours, installed=age)
    assert definite(check_tunnels(now, final=True)) == "passed"


@given(end=st.sampled_from(["no-edge1", "ch-edge1"]), field=st.sampled_from(["spi_in", "spi_out"]), spi=HEX)
def test_ends_that_hold_different_children_never_pass(end: str, field: str, spi: str) -> None:
    now = healthy()
    if int(getattr(child_at(now, end), field), 16) == int(spi, 16):
        return
    finding = only(check_tunnels(with_child(now, end, **{field: spi})), "no-edge1", "tunnel.spi")
    assert finding.status == "pending"
    assert "no-edge1 and ch-edge1 hold different child SAs" in finding.cause
    assert len(finding.evidence) == 2


FACTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("IKE is not up", "tunnel.ike", {"state": "CONNECTING"}, {}),
    ("no child", "tunnel.child", {"children": ()}, {}),
    ("the child is being deleted", "tunnel.child", {}, {"state": "DELETED"}),
    ("another child", "tunnel.child", {}, {"name": "other"}),
    ("another IKE cipher", "tunnel.algorithms", {"encryption": "AES_CBC-256"}, {}),
    ("another IKE key size", "tunnel.algorithms", {"encryption": "AES_GCM_16-128"}, {}),
    ("another PRF", "tunnel.algorithms", {"prf": "PRF_HMAC_SHA1"}, {}),
    ("a weak IKE group", "tunnel.algorithms", {"dh_group": "MODP_1024"}, {}),
    ("another ESP cipher", "tunnel.algorithms", {}, {"encryption": "AES_CBC-256", "integrity": "HMAC_SHA1_96"}),
    ("a weak ESP group", "tunnel.algorithms", {}, {"dh_group": "MODP_1024"}),
    ("selectors missing", "tunnel.selectors", {}, {"remote_selectors": ("10.4.0.0/16",)}),
    ("no selectors", "tunnel.selectors", {}, {"local_selectors": ()}),
    ("selectors too wide", "tunnel.selectors", {}, {"remote_selectors": ("0.0.0.0/0", "::/0")}),
    ("selectors of one port", "tunnel.selectors", {}, {"local_selectors": ("10.3.0.0/16[tcp/80]",)}),
    ("selectors that are none", "tunnel.selectors", {}, {"local_selectors": ("dynamic",)}),
]


@pytest.mark.parametrize("host", ["no-edge1", "ch-edge1"])
@pytest.mark.parametrize(("what", "check", "ike", "child"), FACTS, ids=[row[0] for row in FACTS])
def test_taking_away_one_fact_at_one_end_never_passes(
    host: str, what: str, check: str, ike: dict[str, Any], child: dict[str, Any]
) -> None:
    now = with_child(healthy(), host, **child) if child else with_ike(healthy(), host, **ike)
    findings = check_tunnels(now, healthy())
    assert only(findings, host, check).status == "pending", what
    assert definite(check_tunnels(now, final=True)) == "failed"


def test_an_end_without_any_sa_fails_and_both_ends_are_suspects() -> None:
    findings = check_tunnels(without_tunnel(healthy()), healthy())
    assert definite(findings) == "pending"
    assert set(suspects(findings)) == {("no-edge1", TUNNEL), ("ch-edge1", TUNNEL)}


PROPOSALS = [
    "received proposals: IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048",
    "configured proposals: IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/MODP_2048",
    "received proposals unacceptable",
    "generating IKE_SA_INIT response 0 [ N(NO_PROP) ]",
]
ASA = (
    "Nov 22 2026 01:02:03: %ASA-4-750003: Local:198.51.100.41:500 Remote:198.51.100.31:500 Username:198.51.100.31 "
    "IKEv2 Negotiation aborted due to ERROR: "
)
ESP = [
    "received proposals: ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ",
    "configured proposals: ESP:AES_GCM_16_256/NO_EXT_SEQ",
    "no acceptable proposal found",
    "failed to establish CHILD_SA, keeping IKE_SA",
]


@pytest.mark.parametrize(
    ("lines", "status", "cause"),
    [
        (
            {"ch-edge1": ["tried 1 shared key for 'ch-edge1' - 'no-edge1', but MAC mismatched"]},
            "failed",
            "the pre-shared keys of ch-edge1 and no-edge1 differ",
        ),
        (
            {
                "no-edge1": ["received AUTHENTICATION_FAILED notify error"],
                "ch-edge1": ["tried 1 shared key for 'ch-edge1' - 'no-edge1', but MAC mismatched"],
            },
            "failed",
            "the pre-shared keys of ch-edge1 and no-edge1 differ",
        ),
        (
            {"no-edge1": ["received AUTHENTICATION_FAILED notify error"]},
            "failed",
            "different pre-shared keys or identities",
        ),
        (
            {"ch-edge1": ["no shared key found for 'ch-edge1' - 'no-edge1'"]},
            "failed",
            "ch-edge1 has no pre-shared key for ch-edge1 and no-edge1",
        ),
        ({"ch-edge1": ["no matching peer config found"]}, "failed", "ch-edge1 expects another identity"),
        (
            {"no-edge1": ["received NO_PROPOSAL_CHOSEN notify error"], "ch-edge1": PROPOSALS},
            "failed",
            "no IKE proposal in common: no-edge1 offers IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048, "
            "ch-edge1 accepts IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/MODP_2048",
        ),
        (
            {"ch-edge1": ["no IKE config found for 198.51.100.41...198.51.100.31, sending NO_PROPOSAL_CHOSEN"]},
            "failed",
            "ch-edge1 has no connection for no-edge1",
        ),
        ({"no-edge1": ["giving up after 5 retransmits"]}, "pending", "ch-edge1 does not answer no-edge1"),
        (
            {"ch-edge1": [ASA + "Failed to authenticate the IKE SA"]},
            "failed",
            "different pre-shared keys or identities",
        ),
        ({"ch-edge1": [ASA + "Received no proposal chosen notify"]}, "failed", "no IKE or ESP proposal in common"),
        ({"ch-edge1": [ASA + "There was no IPSEC policy found for received TS"]}, "failed", "the traffic selectors of"),
        ({"ch-edge1": [ASA + "Maximum number of retransmissions reached"]}, "pending", "does not answer ch-edge1"),
        ({"no-edge1": ["sending packet: from 198.51.100.31[500]"]}, "pending", ""),
        ({"no-edge1": [ASA + "Auth exchange failed"]}, "pending", ""),  # the line is of another tunnel to that peer
    ],
)
def test_a_tunnel_that_does_not_come_up_has_its_cause_from_either_end(
    lines: dict[str, list[str]], status: str, cause: str
) -> None:
    told = {(host, TUNNEL): logged(text) for host, text in lines.items()}
    findings = check_tunnels(without_tunnel(healthy()), healthy(), changed=CHANGED, explanations=told)
    for host in ("no-edge1", "ch-edge1"):
        finding = only(findings, host, "tunnel.ike")
        assert finding.status == status
        assert cause in finding.cause
        assert bool(finding.cause) == bool(cause)


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ({"ch-edge1": ESP}, "ch-edge1 and no-edge1 have no ESP proposal in common: no-edge1 offers ESP:AES_CBC_128"),
        (
            {"ch-edge1": ["traffic selectors 10.4.0.0/16 === 10.9.0.0/16 unacceptable"]},
            "the traffic selectors of ch-edge1 and no-edge1 do not fit together",
        ),
        ({"no-edge1": ["received TS_UNACCEPTABLE notify, no CHILD_SA built"]}, "the traffic selectors of"),
        (
            {
                "no-edge1": ["received TS_UNACCEPTABLE notify, no CHILD_SA built"],
                "ch-edge1": ["unable to install IPsec policies (SPD) in kernel"],
            },
            "ch-edge1 cannot install the tunnel's SAs or policies",
        ),
    ],
)
def test_an_ike_sa_without_a_child_is_no_tunnel_and_has_its_cause(lines: dict[str, list[str]], cause: str) -> None:
    now = with_ike(with_ike(healthy(), "no-edge1", children=()), "ch-edge1", children=())
    told = {(host, TUNNEL): logged(text) for host, text in lines.items()}
    findings = check_tunnels(now, healthy(), explanations=told)
    for host in ("no-edge1", "ch-edge1"):
        assert only(findings, host, "tunnel.ike").status == "ok"
        assert only(findings, host, "tunnel.child").status == "failed"
        assert cause in only(findings, host, "tunnel.child").cause


def test_trouble_in_the_log_of_a_tunnel_that_is_up_is_history() -> None:
    told = {("ch-edge1", TUNNEL): [Cause(Reason.KEY_MISMATCH, ("MAC mismatched",))]}
    assert troubles(check_tunnels(healthy(), explanations=told, final=True)) == []


def test_a_changed_tunnel_counts_only_when_its_sas_are_newer_than_the_last_push() -> None:
    old = only(check_tunnels(healthy(), healthy(), changed=CHANGED), "no-edge1", "tunnel.age")
    assert old.status == "pending"
    assert "older than the push" in old.cause

    def aged(ike: int, child: int) -> States:
        now = healthy()
        for host in ("no-edge1", "ch-edge1"):
            now = with_ike(with_child(now, host, installed=child), host, established=ike)
        return now

    assert definite(check_tunnels(aged(9, 8), healthy(), changed=CHANGED)) == "passed"
    assert definite(check_tunnels(aged(9, 900), healthy(), changed=CHANGED)) == "pending"
    assert definite(check_tunnels(aged(900, 8), healthy(), changed=CHANGED)) == "passed", "only the child changed"
    new_key = structs.replace(CHANGED, ike=CHANGED.tunnels)
    assert definite(check_tunnels(aged(900, 8), healthy(), changed=new_key)) == "pending"
    assert definite(check_tunnels(aged(9, 8), healthy(), changed=new_key)) == "passed"
    assert definite(check_tunnels(aged(900, 900), healthy())) == "passed"


def test_a_child_of_ike_auth_has_no_group_and_that_is_right() -> None:
    assert definite(check_tunnels(with_child(healthy(), "no-edge1", dh_group=""))) == "passed"
    assert definite(check_tunnels(with_child(healthy(), "no-edge1", dh_group="MODP_2048"))) == "passed"


def test_narrowed_selectors_warn() -> None:
    narrowed = tuple(s.replace("10.4.0.0/16", "10.4.0.0/24") for s in child_at(healthy(), "no-edge1").remote_selectors)
    now = with_child(healthy(), "no-edge1", remote_selectors=narrowed)
    finding = only(check_tunnels(now), "no-edge1", "tunnel.selectors")
    assert finding.status == "warning"
    assert finding.cause == "remote only partly covered: 10.4.0.0/16"


def test_a_second_pair_of_sas_warns_and_a_newer_one_without_a_child_does_not_hide_the_one_in_use() -> None:
    now = healthy()
    sa = (now["no-edge1"].ike or ())[0]
    now["no-edge1"] = replace(now["no-edge1"], ike=(replace(sa, established=1, children=()), sa))
    findings = check_tunnels(now)
    assert [f.check for f in troubles(findings)] == ["tunnel.duplicate"]
    assert only(findings, "no-edge1", "tunnel.duplicate").status == "warning"


def test_an_sa_that_the_intent_does_not_have_warns_and_one_that_the_run_removed_must_go() -> None:
    wanted = intents()
    wanted["no-edge1"] = structs.replace(wanted["no-edge1"], tunnels=())
    assert only(check_tunnels(healthy(), wanted=wanted), "no-edge1", "tunnel.extra").status == "warning"
    changed = Changed.by([("no-edge1", Effect("tunnel-removed", TUNNEL, "no longer configured"))])
    removed = only(check_tunnels(healthy(), wanted=wanted, changed=changed), "no-edge1", "tunnel.removed")
    assert removed.status == "pending"


def test_a_stranger_that_was_up_before_must_be_up_still() -> None:
    stranger = replace(ike_of(tunnel("no")), name="roadwarrior")
    before = healthy()
    before["no-edge1"] = replace(before["no-edge1"], ike=(*(before["no-edge1"].ike or ()), stranger))
    gone = only(check_tunnels(healthy(), before), "no-edge1", "tunnel.child", "roadwarrior")
    assert (gone.status, gone.cause) == ("pending", "down, although the run was to leave it alone")


def test_only_our_own_end_is_judged_when_the_other_host_is_not_in_the_run() -> None:
    wanted = {"no-edge1": intents()["no-edge1"]}
    now = {"no-edge1": healthy()["no-edge1"]}
    findings = check_tunnels(now, wanted=wanted, final=True)
    assert definite(findings) == "passed"
    assert not [f for f in findings if f.check == "tunnel.spi"]


def test_an_unreadable_end_fails_once_and_is_named_as_the_cause_at_the_other() -> None:
    now = {host: state for host, state in without_tunnel(healthy()).items() if host != "ch-edge1"}
    findings = check_tunnels(now, healthy())
    assert only(findings, "ch-edge1", "host.contact").status == "failed"
    assert only(findings, "no-edge1", "tunnel.ike").cause == "its end ch-edge1 cannot be read"
    assert only(check_bgp(now, healthy()), "ch-edge1", "host.contact") == only(findings, "ch-edge1", "host.contact")


def test_a_host_without_an_ike_daemon_fails() -> None:
    now = healthy()
    now["ch-edge1"] = replace(now["ch-edge1"], ike=None)
    assert only(check_tunnels(now), "ch-edge1", "tunnel.daemon").status == "failed"


def test_what_was_down_before_and_is_not_touched_warns_but_verify_fails_on_it() -> None:
    now = without_tunnel(healthy())
    assert definite(check_tunnels(now, dict(now), final=True)) == "passed"
    assert {f.status for f in check_tunnels(now, dict(now), final=True)} == {"warning"}
    assert definite(check_tunnels(now, dict(now), changed=CHANGED, final=True)) == "failed"
    assert definite(check_tunnels(now, final=True)) == "failed"


def test_a_tunnel_with_cbc_and_integrity_is_judged_by_its_own_proposal() -> None:
    cbc = (IpsecProposal(encryption="aes256", integrity="sha256", dh_group="modp2048"),)
    wanted = with_proposals(ike_proposals=cbc, esp_proposals=cbc)
    now = healthy(wanted)
    assert definite(check_tunnels(now, wanted=wanted)) == "pending"
    for host in ("no-edge1", "ch-edge1"):
        now = with_child(now, host, encryption="AES_CBC-256", integrity="HMAC_SHA2_256_128")
        now = with_ike(now, host, encryption="AES_CBC-256", integrity="HMAC_SHA2_256_128")
    assert definite(check_tunnels(now, wanted=wanted)) == "passed"
