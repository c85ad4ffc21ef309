"""Every report says the same, to programs in a stable form and to people readably, and never a secret."""

import json
import re
import stat
from collections.abc import Iterable
from dataclasses import fields
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routebook.checks.findings import Finding
from routebook.cli import output
from routebook.device.values import Effect
from routebook.project.provenance import Provenance
from routebook.redaction.redactor import OF_THIS_PROCESS, REDACTED
from routebook.report.files import write_reports
from routebook.report.junit import as_junit
from routebook.report.layout import Block
from routebook.report.markdown import as_markdown
from routebook.report.model import HostResult, RunResult
from routebook.report.outcome import Outcome
from routebook.report.terminal import render_changes, render_summary, render_terminal
from routebook.report.text import seconds

SECRET = "correct horse battery staple"
DIFF = """--- running
+++ candidate
@@ router bgp 65550 @@
- neighbor 2001:db8:f001::1 remote-as 64496
+ neighbor 2001:db8:f001::1 remote-as 64469
"""
WRONG_AS = Finding(
    "no-edge1",
    "bgp.session",
    "2001:db8:f001::1",
    "failed",
    ("no-edge1: Idle; last NOTIFICATION sent 'OPEN Message Error/Bad Peer AS' (0202)",),
    "wrong peer AS on no-edge1: it expects transit-no in AS 64469, transit-no says AS 64496",
)
FINDINGS = (
    Finding("no-edge1", "bgp.session", "10.255.3.3", "ok", ("no-edge1: Established with no-edge3 for 12 s",)),
    Finding("ch-edge1", "tunnel.extra", "road|warrior", "warning", ("ch-edge1: ESTABLISHED",), "not in the intent"),
    Finding("ch-edge1", "bgp.prefixes", "10.255.3.3", "unknown", ("ch-edge1: received ?",), "not told"),
    WRONG_AS,
)


def a_result(outcome: str = "rolled_back", findings: tuple[Finding, ...] = FINDINGS, text: str = "") -> RunResult:
    changed = HostResult(
        state="rolled_back",
        changed=True,
        diff=DIFF + text,
        commands=("neighbor 2001:db8:f001::1 remote-as 64469", text),
        undo=("neighbor 2001:db8:f001::1 remote-as 64496", text),
        effects=(Effect("session-reset", "2001:db8:f001::1", f"its remote AS changes {text}"),),
        warnings=(f"the daemon rewrites a line {text}",),
        message=text,
    )
    return RunResult(
        run_id="20260101T120000-ab12",
        runbook="deploy",
        outcome=Outcome(outcome),
        started=1767268800.0,
        finished=1767268845.5,
        hosts={"no-edge1": changed, "ch-edge1": HostResult(state="unchanged")},
        findings=(*findings, Finding("no-edge1", "bgp.session", text, "failed", (text,), text)) if text else findings,
        timings={"plan": 1.25, "post-checks": 3.5},
        message=f"1 checks failed {text}",
    )


class Screen(StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def shown(blocks: Iterable[Block], out: StringIO, width: int = 160) -> str:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stdout", out)
        patched.setenv("COLUMNS", str(width))
        patched.setenv("LINES", "50")
        patched.setenv("NO_COLOR", "1")
        patched.setenv("TERM", "dumb")
        output.show(blocks)
    return out.getvalue()


def terminal(result: RunResult, *, width: int = 160) -> str:
    return shown(render_terminal(result), Screen(), width)


def test_json_has_exactly_the_stable_keys() -> None:
    data = json.loads(json.dumps(a_result().to_json()))
    assert list(data) == [
        "run_id", "runbook", "outcome", "hosts", "findings", "timings", "message", "notes", "summary", "provenance",
    ]  # fmt: skip
    keys = ["state", "changed", "diff", "commands", "undo", "message", "way"]
    said = ["warnings"] if a_result().hosts["no-edge1"].warnings else []
    assert list(data["hosts"]["no-edge1"]) == [*keys, *said]
    assert data["findings"][3]["cause"] == WRONG_AS.cause
    assert data["hosts"]["ch-edge1"] == {
        "state": "unchanged", "changed": False, "diff": "", "commands": [], "undo": [], "message": "", "way": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("unchanged", 0),
        ("confirmed", 0),
        ("verified", 0),
        ("refused", 1),
        ("planned", 2),
        ("rolled_back", 3),
        ("failed", 3),
        ("needs_attention", 4),
    ],
)
def test_every_outcome_has_its_exit_code(outcome: str, code: int) -> None:
    assert a_result(outcome, findings=()).exit_code == code
    assert a_result(outcome, findings=()).sentence == Outcome(outcome).sentence


def test_an_unknown_outcome_is_refused_and_none_is_forgotten() -> None:
    with pytest.raises(ValueError, match="'done' is no outcome; there are unchanged, confirmed"):
        a_result("done")
    assert all(outcome.sentence and outcome.exit_code in range(5) for outcome in Outcome)


def test_nothing_to_send_on_a_broken_network_is_not_a_success() -> None:
    assert a_result("unchanged").exit_code == 3
    assert a_result("unchanged").sentence == "nothing to change, but checks failed"
    assert a_result("unchanged", FINDINGS[:2]).exit_code == 0


def test_reports_are_the_operators_alone_and_complete(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    paths = write_reports(a_result(), folder)
    assert [path.name for path in paths] == ["report.json", "report.md", "report.xml"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert json.loads(paths[0].read_text()) == a_result().to_json()
    assert sorted(p.name for p in folder.iterdir()) == ["report.json", "report.md", "report.xml"]
    write_reports(a_result("confirmed", ()), folder)
    assert json.loads(paths[0].read_text())["outcome"] == "confirmed"


def test_no_report_shows_what_must_be_scrubbed(tmp_path: Path) -> None:
    OF_THIS_PROCESS.add(SECRET)
    result = a_result(text=SECRET)
    for path in write_reports(result, tmp_path):
        assert SECRET not in path.read_text()
        assert "secret" in path.read_text()
    written = terminal(result) + shown(render_summary(result.hosts), StringIO())
    assert SECRET not in written
    assert REDACTED in written
    assert SECRET not in shown(render_changes(result.hosts), StringIO())


def test_who_ran_it_and_why_is_clean_in_every_report(tmp_path: Path) -> None:
    OF_THIS_PROCESS.add(SECRET)
    texts = {each.name: f"\x1b[2J {SECRET}" for each in fields(Provenance) if each.name != "clean"}
    for path in write_reports(replace(a_result(), by=Provenance(**texts, clean=True)), tmp_path):
        assert SECRET not in path.read_text()
        assert "\x1b" not in path.read_text()
        assert "u001b" not in path.read_text()


def test_junit_has_a_suite_for_each_host_and_a_case_for_each_finding() -> None:
    root = ET.fromstring(as_junit(a_result()))  # noqa: S314  our own text
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["run", "no-edge1", "ch-edge1"]
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.tag == "testsuite"
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("errors") == str(len(suite.findall("testcase/error")))
        assert all(case.get("classname") and case.get("name") and case.get("time") for case in cases)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "3", "1")
    failure = suites["no-edge1"].find("testcase[@name='bgp.session 2001:db8:f001::1']/failure")
    assert failure is not None
    assert failure.get("message") == WRONG_AS.cause
    assert failure.text == WRONG_AS.evidence[0]
    warning = suites["ch-edge1"].find("testcase[@name='tunnel.extra road|warrior']")
    assert warning is not None
    assert [child.tag for child in warning] == ["system-out"]


def test_junit_of_a_good_run_has_no_failure() -> None:
    hosts = {"no-edge1": HostResult("confirmed", changed=True)}
    good = RunResult("1", "deploy", Outcome.CONFIRMED, 0, 1, hosts, FINDINGS[:2])
    root = ET.fromstring(as_junit(good))  # noqa: S314  our own text
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "0", "0")


@given(st.text())
def test_junit_is_xml_whatever_a_device_says(text: str) -> None:
    ET.fromstring(as_junit(a_result(text=text)))  # noqa: S314  our own text


def test_markdown_names_the_cause_and_folds_the_difference() -> None:
    text = as_markdown(a_result())
    lines = text.splitlines()
    assert lines[0] == "## Routebook: deploy, rolled back"
    row = next(line for line in lines if line.startswith("|") and "`2001:db8:f001::1`" in line)
    assert row.startswith("| failed | `no-edge1` | `bgp.session` |")
    assert "**wrong peer AS on no-edge1: it expects transit-no in AS 64469, transit-no says AS 64496**" in row
    assert "findings: 1 failed, 1 unknown, 1 warning, 1 ok" in text
    assert "<details><summary>no-edge1: difference</summary>\n\n```diff\n--- running" in text
    assert "Established with no-edge3" not in text, "what is ok is only counted"


def test_markdown_tables_keep_their_columns_whatever_a_device_says() -> None:
    nasty = "a | b\n`c` <script> [x](y) **z**"
    findings = (Finding("no-edge1", "bgp.session", nasty, "failed", (nasty,), nasty),)
    table = [line for line in as_markdown(a_result(findings=findings)).splitlines() if line.startswith("| failed")]
    assert len(table) == 1
    assert table[0].replace("\\|", "").count("|") == 6
    assert "<script>" not in table[0]


@pytest.mark.parametrize(
    "nasty",
    [
        "[click](https://evil.example)", "![x](https://evil.example/x.png)", "https://evil.example", "www.evil.example",
        "me@evil.example", "@everyone", "#12 !34 ~bug %5 &6", ":smile:",
        "`code`", "**bold** __bold__", "~~gone~~", "| a | b |", "`x`https://evil.example", "(a|b)https://evil.example",
        "<img src=x>", "&lt;b&gt;", "$x^2$", "{+ added +}", "[^1]", "<!-- hidden -->", "\\", "a\\|b",
    ],
)  # fmt: skip
def test_no_sign_of_a_device_means_anything_to_markdown(nasty: str) -> None:
    findings = (Finding("no-edge1", "bgp.session", "x", "failed", (nasty,), nasty),)
    host = HostResult("rolled_back", message=nasty, warnings=(nasty,))
    result = RunResult(
        "1", "deploy", Outcome.ROLLED_BACK, 0, 1, {"no-edge1": host}, findings, message=nasty, notes=(nasty,)
    )
    text = as_markdown(result)
    for each in text.splitlines():
        outside = re.sub(r"(?<!\\)`[^`|]+`", "", each)  # nothing means anything in code
        assert not re.search(r"://|:smile:|www\.", outside)
        rest = re.sub(r"\\[!-/:-@\[-`{-~]|&(?:amp|lt|gt);|<br>|\*\*|\|[-|]*|^#+ |^- ", "", outside)
        assert not re.search(r"[\\`*_\[\]{}~@!$^<>&]", rest), each


@pytest.mark.parametrize("start", ["- item", "+ item", "1. item", "12. item", "=====", "-----"])
def test_a_remark_of_a_device_begins_no_list_or_heading(start: str) -> None:
    text = as_markdown(RunResult("1", "deploy", Outcome.CONFIRMED, 0, 1, notes=(start,)))
    [note] = [line for line in text.splitlines() if line.startswith("- ")]
    assert re.match(r"- \d*\\", note)


def test_markdown_of_a_huge_change_still_fits_a_comment() -> None:
    hosts = {f"no-edge{n}": HostResult("confirmed", True, "+ line\n" * 20_000, ("line",)) for n in range(6)}
    text = as_markdown(RunResult("1", "deploy", Outcome.CONFIRMED, 0, 1, hosts))
    assert len(text) < 65_536
    assert "… shortened" in text
    assert "the whole report is in `report.json`" in text


def test_markdown_fences_cannot_be_closed_from_inside() -> None:
    hosts = {"no-edge1": HostResult("confirmed", True, "+ ```\n+ </details>", ("line",))}
    assert "````diff\n+ ```\n" in as_markdown(RunResult("1", "deploy", Outcome.CONFIRMED, 0, 1, hosts))


def test_the_terminal_shows_without_colour_what_is_wrong_and_why() -> None:
    written = terminal(a_result())
    assert "\x1b" not in written
    assert WRONG_AS.cause in written
    assert WRONG_AS.evidence[0] in written
    assert "deploy: rolled back: every host was rolled back, and that was verified (46 s)" in written
    assert "Established with no-edge3" not in written
    assert "findings: 1 failed, 1 unknown, 1 warning, 1 ok" in written


def test_many_warnings_alike_are_told_once_with_every_place() -> None:
    alike = [
        Finding(host, "tunnel.selectors", name, "warning", (f"{host}: {name}",), "narrowed")
        for host in ("nl-fw1", "gr-fw1")
        for name in ("a", "b", "c")
    ]
    written = terminal(a_result("confirmed", (*alike, FINDINGS[1])))
    assert written.count("narrowed") == 1
    assert "nl-fw1: a, b, c" in written
    assert "gr-fw1: a, b, c" in written
    assert "not in the intent" in written
    assert terminal(a_result("confirmed", tuple(alike[:2]))).count("narrowed") == 2


def test_a_plan_shows_differences_and_what_they_do_to_traffic() -> None:
    written = terminal(a_result("planned", ()))
    assert "+ neighbor 2001:db8:f001::1 remote-as 64469" in written
    assert "session-reset: 2001:db8:f001::1: its remote AS changes" in written
    assert "neighbor" not in terminal(a_result("confirmed", ()))


def test_addresses_and_names_are_whole_on_a_narrow_terminal() -> None:
    written = terminal(a_result(), width=80)
    assert "no-edge1" in written
    assert max(map(len, written.splitlines())) <= 80


def test_a_device_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 \x9b31m [bold]not markup[/bold] [/x] :smile:"
    written = terminal(a_result(text=evil), width=200)
    assert not set(written) & {"\x1b", "\x07", "\x9b"}
    assert "[bold]not markup[/bold] [/x] :smile:" in written
    assert r"\x1b[2J\x1b]0;owned\x07 \x9b31m" in written


@pytest.mark.parametrize(("value", "text"), [(0.44, "0.4 s"), (12.3, "12 s"), (185, "3 min 5 s")])
def test_durations_are_for_people(value: float, text: str) -> None:
    assert seconds(value) == text


def test_what_concerns_every_session_alike_is_told_once() -> None:
    effects = [Effect("policy", f"10.0.0.{number}", "network changes") for number in range(9)]
    effects.append(Effect("session-reset", "10.0.0.1", "its password changes"))
    host = replace(a_result().hosts["no-edge1"], effects=tuple(effects))
    result = replace(a_result("planned"), hosts={"no-edge1": host})
    told = "policy: 10.0.0.0, 10.0.0.1, 10.0.0.2, 10.0.0.3 and 5 more: network changes"
    assert told in terminal(result)
    assert "session-reset: 10.0.0.1: its password changes" in terminal(result)
    assert as_markdown(result).count("network changes") == 1
