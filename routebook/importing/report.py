"""What became of each line that was read: modelled, kept verbatim, foreign or refused, as text, Markdown and JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from routebook.importing.found import Compared, FoundHost, ReadLine
from routebook.importing.pairing import Finding, Thing
from routebook.importing.proof import Proved

Class = Literal["modelled", "verbatim", "foreign", "refused"]
CLASSES: tuple[Class, ...] = ("modelled", "verbatim", "foreign", "refused")
_UNUSED = "nothing that is modelled uses it: left alone"


class Line(Struct, frozen=True):
    """A line of a file and what becomes of it: `why` says whose it is, or why it is refused."""

    file: str
    number: int
    text: str
    kind: Class
    why: str = ""


class HostReport(Struct, frozen=True):
    """A host's lines, and what its first plan would do."""

    name: str
    platform: str
    lines: tuple[Line, ...]
    difference: str

    @property
    def counts(self) -> dict[Class, int]:
        """How many lines are of each class."""
        counted = Counter(line.kind for line in self.lines)
        return {kind: counted[kind] for kind in CLASSES}


class Report(Struct, frozen=True):
    """What was imported."""

    hosts: tuple[HostReport, ...]
    sessions: int
    tunnels: int
    findings: tuple[Finding, ...]
    missing: tuple[Finding, ...]
    hints: tuple[str, ...]

    @property
    def differing(self) -> list[str]:
        """The hosts whose first plan is not empty."""
        return [host.name for host in self.hosts if host.difference]


def report_of(proved: Proved) -> Report:
    """The report of an import."""
    hosts = tuple(
        HostReport(
            host.name,
            host.platform,
            tuple(
                _classified(host, proved.draft.modelled, proved.rejected, proved.compared.get(host.name, Compared()))
            ),
            proved.compared.get(host.name, Compared()).difference,
        )
        for host in proved.hosts.values()
    )
    return Report(
        hosts,
        len(proved.network.sessions),
        len(proved.network.tunnels),
        tuple(proved.findings),
        tuple(proved.missing),
        tuple(proved.draft.hints),
    )


def _classified(
    host: FoundHost, modelled: frozenset[Thing], rejected: Mapping[Thing, str], compared: Compared
) -> Iterator[Line]:
    for line in host.lines:
        kind, why = _class(line, host, modelled, rejected, compared)
        yield Line(line.file, line.number, line.text, kind, why)


def _class(
    line: ReadLine, host: FoundHost, modelled: frozenset[Thing], rejected: Mapping[Thing, str], compared: Compared
) -> tuple[Class, str]:
    taken = (line.path, line.line) in compared.taken
    thing = (host.name, line.owner)
    if line.wrong:
        return "refused", "it is no line that is known"
    if not line.owner:
        return ("refused", f"a first plan would take it away: {line.whose}") if taken else ("foreign", line.whose)
    if thing in modelled and not line.why:
        return "verbatim" if line.kept else "modelled", line.owner
    why = line.why or rejected.get(thing, "")
    if taken:
        return "refused", f"{why or _UNUSED}; a first plan would take it away"
    return "foreign", f"{line.whose}: {why}" if why else f"{line.whose}: {_UNUSED}"


def as_text(report: Report, *, every_line: bool = False) -> Iterator[str]:
    """The report for a terminal: numbers, and the lines that are refused; with `every_line` all of them."""
    for host in report.hosts:
        counts = ", ".join(f"{number} {_word(kind)}" for kind, number in host.counts.items())
        yield f"{host.name} ({host.platform}): {len(host.lines)} lines: {counts}"
        whose = Counter(line.why.partition(":")[0] for line in host.lines if line.kind == "foreign")
        for why, number in whose.most_common():
            yield f"  foreign: {number} of {why}"
        for line in host.lines:
            if every_line or line.kind == "refused":
                yield f"  {line.file}:{line.number}: {_word(line.kind)}: {line.text}" + (
                    f" ({line.why})" if line.why else ""
                )
        yield "  its first plan is empty" if not host.difference else "  its first plan is NOT empty:"
        yield from (f"    {each}" for each in host.difference.splitlines())
    yield f"{report.sessions} sessions, {report.tunnels} tunnels"
    for title, listed in (("to correct", report.findings), ("to fill in", report.missing)):
        yield from (f"{title}: {_sentence(each)}" for each in listed)
    yield from (f"to look at: {each}" for each in report.hints)


def as_markdown(report: Report) -> str:
    """The report as a page."""
    rows = ["# What was imported", "", f"| host | platform | lines | {' | '.join(map(_word, CLASSES))} | first plan |"]
    rows.append("|---" * (len(CLASSES) + 4) + "|")
    for host in report.hosts:
        numbers = " | ".join(str(number) for number in host.counts.values())
        first = "not empty" if host.difference else "empty"
        rows.append(f"| {host.name} | {host.platform} | {len(host.lines)} | {numbers} | {first} |")
    for title, listed in (("To correct", report.findings), ("To fill in", report.missing)):
        if listed:
            rows += ["", f"## {title}", "", *(f"- {_cell(_sentence(each))}" for each in listed)]
    if report.hints:
        rows += ["", "## To look at", "", *(f"- {_cell(each)}" for each in report.hints)]
    for host in report.hosts:
        rows += ["", f"## {host.name}", "", "| line | class | text | why |", "|---|---|---|---|"]
        rows += [
            f"| {_cell(line.file)}:{line.number} | {_word(line.kind)} | `{_cell(line.text)}` | {_cell(line.why)} |"
            for line in host.lines
        ]
        if host.difference:
            rows += ["", "Its first plan is not empty:", "", *(f"    {each}" for each in host.difference.splitlines())]
    return "\n".join(rows) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "hosts": {
            host.name: {
                "platform": host.platform,
                "counts": dict(host.counts),
                "first_plan": {"empty": not host.difference, "difference": host.difference},
                "lines": [
                    {"file": line.file, "line": line.number, "text": line.text, "class": line.kind, "why": line.why}
                    for line in host.lines
                ],
            }
            for host in report.hosts
        },
        "sessions": report.sessions,
        "tunnels": report.tunnels,
        "to_correct": list(map(_listed, report.findings)),
        "to_fill_in": list(map(_listed, report.missing)),
        "to_look_at": list(report.hints),
    }


def _listed(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.mark.file, "line": finding.mark.line, "message": finding.message, "fix": finding.fix,
    }  # fmt: skip


def _sentence(finding: Finding) -> str:
    return f"{finding.mark}: {finding.message}" + (f"; {finding.fix}" if finding.fix else "")


def _word(kind: Class) -> str:
    return "kept verbatim" if kind == "verbatim" else kind


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")
