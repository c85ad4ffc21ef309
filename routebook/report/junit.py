"""The result as JUnit XML, as CI systems show it: a suite per host, a test case per finding.

The format is that of the Ant task, as GitLab, Jenkins and GitHub actions read it: testsuites/testsuite/testcase
with failure, error or system-out inside.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from routebook.checks.findings import Finding
from routebook.redaction.gate import one_line, visible
from routebook.report.model import HostResult, RunResult
from routebook.report.text import consequences, moment

GOOD_STATES = frozenset({"planned", "snapshotted", "unchanged", "confirmed"})


def as_junit(result: RunResult) -> str:
    """An XML document. Warnings are passed test cases that say something in `system-out`."""
    root = ET.Element("testsuites", name=visible(f"routebook {result.runbook}"))
    _suite(root, "run", result, [_run_case(result)])
    follow = consequences(result.findings)
    names = dict.fromkeys([*result.hosts, *(finding.host for finding in result.findings)])
    for name in names:
        host = result.hosts.get(name)
        cases = [_host_case(name, host)] if host else []
        cases += [_finding_case(each, follow.get(each.key, [])) for each in result.findings if each.host == name]
        _suite(root, name, result, cases)
    for attribute in ("tests", "failures", "errors"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    root.set("time", f"{result.duration:.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str, result: RunResult, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=visible(name),
        tests=str(len(cases)),
        failures=str(_count(cases, "failure")),
        errors=str(_count(cases, "error")),
        skipped=str(_count(cases, "skipped")),
        timestamp=moment(result.started).removesuffix("Z"),
        time=f"{result.duration:.3f}" if name == "run" else "0",
    )
    if name == "run" and result.by.facts():
        properties = ET.SubElement(suite, "properties")
        for key, said in result.by.facts():
            ET.SubElement(properties, "property", name=key, value=one_line(said))
    suite.extend(cases)


def _count(cases: Iterable[ET.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _case(suite: str, group: str, name: str, time: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=visible(f"{suite}.{group}"), name=visible(name), time=f"{time:.3f}")


def _verdict(case: ET.Element, tag: str, message: str, text: str) -> None:
    ET.SubElement(case, tag, message=one_line(message), type=tag).text = visible(text)


def _run_case(result: RunResult) -> ET.Element:
    case = _case("run", result.runbook, result.run_id or result.runbook, result.duration)
    if not result.good:
        _verdict(case, "failure", result.message or result.sentence, f"{result.outcome}: {result.sentence}")
    return case


def _host_case(name: str, host: HostResult) -> ET.Element:
    case = _case(name, "transaction", "transaction")
    if host.message or host.state not in GOOD_STATES:
        _verdict(case, "failure", host.message or host.state, f"{name} is {host.state}\n{host.message}")
    elif host.warnings:
        ET.SubElement(case, "system-out").text = visible("\n".join(host.warnings))
    return case


def _finding_case(finding: Finding, follow: list[str]) -> ET.Element:
    """What follows from another finding is skipped and names that: there is one failure for one cause."""
    case = _case(finding.host, finding.check, f"{finding.check} {finding.subject}")
    evidence = "\n".join((*finding.evidence, *follow))
    if finding.follows is not None:
        host, check, subject = finding.follows
        ET.SubElement(case, "skipped", message=one_line(f"follows from {check} {subject} on {host}"))
        ET.SubElement(case, "system-out").text = visible("\n".join(filter(None, (finding.cause, evidence))))
    elif finding.status in ("failed", "pending"):
        _verdict(case, "failure", finding.cause or f"{finding.check} {finding.subject}: {finding.status}", evidence)
    elif finding.status == "unknown":
        _verdict(case, "error", finding.cause or f"{finding.check} {finding.subject} could not be judged", evidence)
    elif finding.status == "warning":
        ET.SubElement(case, "system-out").text = visible("\n".join(filter(None, ("warning", finding.cause, evidence))))
    return case
