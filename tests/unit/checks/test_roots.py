"""One cause is one finding at the top, on every output; what follows from it is folded below it."""

import ast
import json
from pathlib import Path
from xml.etree import ElementTree as ET

from routebook import checks
from routebook.checks.facts import Changed
from routebook.checks.findings import Finding
from routebook.checks.kinds import Kind
from routebook.checks.roots import counted, folded
from routebook.report.junit import as_junit
from routebook.report.layout import Line
from routebook.report.markdown import as_markdown
from routebook.report.model import RunResult
from routebook.report.outcome import Outcome
from routebook.report.terminal import render_terminal
from tests.networks.observed import CH1, NO1, NO3, TRANSIT_ADDRESS, TUNNEL, intents

PASSWORD = Finding(
    "no-edge1", "bgp.session", TRANSIT_ADDRESS, "failed", ("no-edge1: Connect",), "the TCP MD5 passwords differ",
    kind=Kind.PASSWORD,
)  # fmt: skip
LOST = [
    Finding(host, check, subject, "failed", (), "fewer prefixes than before")
    for host, subject in (("no-edge3", NO1), ("no-edge3", CH1), ("ch-edge1", NO3), ("no-edge1", NO3))
    for check in ("bgp.prefixes", "bgp.collapse")
]
GOOD = Finding("ch-edge1", "host.contact", "ch-edge1", "ok")


def roots(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.follows is None and finding.status != "ok"]


def test_one_wrong_password_is_one_cause_and_eight_consequences() -> None:
    found = folded([*LOST, GOOD, PASSWORD], intents())
    assert found[0] is PASSWORD
    assert roots(found) == [PASSWORD]
    assert [each.follows for each in found[1:9]] == [PASSWORD.key] * 8
    assert found[9:] == [GOOD]
    assert counted(found[:9]) == "a check failed, and 8 more for it"
    assert counted([PASSWORD, PASSWORD]) == "2 checks failed"


def test_a_tunnel_takes_sessions_and_prefixes_with_it() -> None:
    tunnel = Finding("no-edge1", "tunnel.ike", TUNNEL, "failed", (), "the pre-shared keys differ")
    far = Finding("ch-edge1", "tunnel.ike", TUNNEL, "pending")
    sessions = [
        Finding("no-edge3", "bgp.session", CH1, "pending", (), f"tunnel {TUNNEL} is down: no IKE SA"),
        Finding("ch-edge1", "bgp.session", NO3, "pending", (), f"tunnel {TUNNEL} is down: no IKE SA"),
    ]
    sites = Finding("no-edge3", "site.traffic", "ch – no", "failed")
    found = folded([*LOST, *sessions, far, sites, tunnel], intents())
    assert roots(found) == [tunnel]


def test_a_session_that_has_a_cause_of_its_own_is_no_consequence_of_a_tunnel() -> None:
    tunnel = Finding("no-edge1", "tunnel.traffic", TUNNEL, "failed", (), "degraded", "degraded")
    session = Finding("no-edge3", "bgp.session", CH1, "failed", (), "…", kind=Kind.PEER_AS)
    assert roots(folded([tunnel, session], intents())) == [tunnel, session]


def test_both_ends_of_a_session_are_one_trouble_and_the_end_that_the_run_changed_is_the_first() -> None:
    ends = [
        Finding("no-edge3", "bgp.session", NO1, "failed", (), "wrong peer AS", kind=Kind.PEER_AS),
        Finding("no-edge1", "bgp.session", NO3, "failed", (), "wrong peer AS", kind=Kind.PEER_AS),
    ]
    changed = Changed(sessions=frozenset({("no-edge1", NO3)}))
    assert roots(folded(ends, intents(), changed)) == [ends[1]]


def test_what_the_run_changed_comes_before_other_trouble() -> None:
    other = Finding("no-edge3", "bgp.session", CH1, "failed", (), "wrong peer AS", kind=Kind.PEER_AS)
    changed = Changed(options=frozenset({("no-edge1", TRANSIT_ADDRESS)}))
    found = folded([other, *LOST, PASSWORD], intents(), changed)
    assert roots(found) == [PASSWORD, other]
    elsewhere = [each for each in found if each.check == "bgp.collapse" and each.subject != CH1]
    assert {each.follows for each in elsewhere} == {PASSWORD.key}


def test_lost_prefixes_alone_are_one_trouble_too() -> None:
    changed = Changed(policies=frozenset({("ch-edge1", NO3)}))
    assert [root.key for root in roots(folded(LOST, intents(), changed))] == [("ch-edge1", "bgp.prefixes", NO3)]


def test_a_host_that_cannot_be_read_takes_what_ends_there_with_it() -> None:
    silent = Finding("ch-edge1", "host.contact", "ch-edge1", "failed")
    session = Finding("no-edge3", "bgp.session", CH1, "pending", (), "the other end ch-edge1 cannot be read")
    tunnel = Finding("no-edge1", "tunnel.ike", TUNNEL, "pending", (), "its end ch-edge1 cannot be read")
    assert roots(folded([session, tunnel, silent], intents())) == [silent]


def test_every_output_folds_them() -> None:
    findings = tuple(folded([*LOST, PASSWORD], intents()))
    result = RunResult("r", "verify", Outcome.FAILED, 0.0, 1.0, {}, findings)
    lines = [
        "".join(getattr(part, "text", str(part)) for part in block.parts)
        for block in render_terminal(result)
        if isinstance(block, Line)
    ]
    text = "\n".join(lines)
    assert text.count("failed  ") == 1
    assert "8 findings follow from it" in text
    assert f"bgp.prefixes on no-edge3: {NO1}, {CH1}" in text
    markdown = as_markdown(result)
    assert markdown.count("| failed |") == 1
    assert "<details><summary>8 findings follow from it</summary>" in markdown
    suites = ET.fromstring(as_junit(result).partition("\n")[2])  # noqa: S314  our own
    failures = [case for case in suites.iter("testcase") if case.find("failure") is not None and case.get("classname")]
    assert [case.get("name") for case in failures if "bgp" in str(case.get("name"))] == [
        f"bgp.session {TRANSIT_ADDRESS}"
    ]
    assert len(list(suites.iter("skipped"))) == 8
    shown = json.loads(json.dumps(result.to_json()))["findings"]
    assert [each.get("follows") for each in shown].count(list(PASSWORD.key)) == 8


def test_a_leak_is_explained_by_nothing_that_is_down() -> None:
    leak = Finding("no-edge1", "bgp.prefixes", TRANSIT_ADDRESS, "failed", (), "…", kind=Kind.SURPLUS)
    down = Finding("no-edge3", "bgp.session", NO1, "failed", (), "shut down", kind=Kind.SHUT_DOWN)
    assert roots(folded([leak, down], intents())) == [leak, down]


def test_one_address_that_is_absent_is_one_cause_of_all_that_ends_there() -> None:
    cause = "no-edge3 does not have the address 10.255.3.3, which the inventory says that it has"
    sessions = [
        Finding(host, "bgp.session", subject, "failed", (), cause, kind=Kind.NO_ADDRESS, origin="no-edge3 10.255.3.3")
        for host, subject in (("no-edge1", NO3), ("no-edge3", NO1), ("no-edge3", CH1), ("ch-edge1", NO3))
    ]
    lost = Finding("no-edge3", "bgp.lost", "10.4.0.0/16", "failed", (), "lost")
    found = folded([*sessions, lost], intents())
    assert roots(found) == [sessions[0]]
    assert found[-1].follows == sessions[0].key


def test_the_same_kind_elsewhere_is_another_trouble() -> None:
    sessions = [
        Finding("no-edge1", "bgp.session", NO3, "failed", (), "the same words", kind=Kind.SHUT_DOWN),
        Finding("no-edge3", "bgp.session", CH1, "failed", (), "the same words", kind=Kind.SHUT_DOWN),
    ]
    assert roots(folded(sessions, intents())) == sessions


def test_the_kind_is_data_and_the_words_decide_nothing() -> None:
    tunnel = Finding("no-edge1", "tunnel.traffic", TUNNEL, "failed", (), "degraded", "degraded")
    for words in ("wrong peer AS", "shut down", "no address family", "not configured"):
        session = Finding("no-edge3", "bgp.session", CH1, "failed", (), words)
        assert roots(folded([tunnel, session], intents())) == [tunnel]
    own = Finding("no-edge3", "bgp.session", CH1, "failed", (), "in other words", kind=Kind.ROUTER_ID, origin="")
    assert roots(folded([tunnel, own], intents())) == [tunnel, own]
    assert own.to_json()["kind"] == "router-id"
    assert "kind" not in tunnel.to_json()


def test_every_cause_that_is_found_has_a_kind() -> None:
    without = []
    for path in Path(checks.__path__[0]).glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        made = [
            c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Diagnosis" and (c.args or c.keywords)
        ]
        without += [
            f"{path.name}:{call.lineno}"
            for call in made
            if len(call.args) < 4 and not any(keyword.arg == "kind" for keyword in call.keywords)
        ]
    assert without == []
