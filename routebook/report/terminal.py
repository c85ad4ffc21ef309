"""The result for people: hosts, findings and coloured differences; readable without colour."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from routebook.checks.findings import Finding, by_severity, definite
from routebook.redaction.gate import clean, one_line
from routebook.report.layout import Block, Line, Part, Span, Table, Text, line, public
from routebook.report.model import HostResult, RunResult
from routebook.report.outcome import Outcome
from routebook.report.summary import summary
from routebook.report.text import alike, consequences, seconds, tally

STATUS_STYLE = {"ok": "green", "failed": "bold red", "unknown": "red", "pending": "yellow", "warning": "yellow"}
BAD_STATES = frozenset({"needs_attention"})
MANY = 5  # warnings alike, from which on they are shown together
GOOD_STATES = frozenset({"confirmed", "unchanged"})


def render_terminal(result: RunResult) -> Iterator[Block]:
    """Differences for a plan, the hosts, what is not ok, and the outcome in the last lines.

    Warnings are left to the reports where there is something worse to read; many that are alike are shown together.
    """
    if result.outcome is Outcome.PLANNED:
        yield from render_summary(result.hosts)
        yield from render_changes(result.hosts)
    if result.hosts:
        yield _hosts(result.hosts)
    yield from render_notes(result.notes)
    quiet = {"ok", "warning"} if definite(result.findings) == "failed" else {"ok"}
    shown = [f for f in by_severity(result.findings) if f.status not in quiet]
    if shown:
        yield line()
        yield from _findings(gathered(shown))
    if result.findings:
        yield line(public(f"findings: {tally(result.findings)}"))
    if result.timings:
        spent = ", ".join(f"{phase} {seconds(value)}" for phase, value in result.timings.items())
        yield line(public(f"time: {spent}", "dim"))
    for name, text in result.by.facts() if result.run_id else ():
        yield line(public(f"{name}: ", "dim"), one_line(text))
    style = "bold green" if result.good else "bold red"
    ended = public(f"{result.runbook}: {result.outcome.replace('_', ' ')}", style)
    yield line(ended, public(f": {result.sentence} ({seconds(result.duration)})"))
    if result.message:
        yield line(one_line(result.message))


def render_summary(hosts: Mapping[str, HostResult]) -> Iterator[Block]:
    """What the whole plan does, in a few lines: enough to approve it, or to ask."""
    if not (found := summary(hosts)):
        return
    rows = tuple((Span(words, "bold"), one_line(text)) for words, text in found.lines())
    yield Table(("this plan", ""), rows)
    yield line()


def render_changes(hosts: Mapping[str, HostResult]) -> Iterator[Block]:
    """What would be sent to each changed host: the difference, what it does to live traffic, warnings.

    A difference that is exactly another host's, with the same commands there and back, is shown once.
    """
    first: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
    for name, host in hosts.items():
        if not host.changed:
            continue
        yield line(public(name, "bold"), f"  {len(host.commands)} commands, {len(host.undo)} to undo them")
        like = first.setdefault((host.diff, host.commands, host.undo), name)
        if like == name:
            yield from _diff(host)
        else:
            yield line("as on ", public(like), indent=2)
        for effect in alike(host.effects):
            text = f"{effect.kind}: {one_line(effect.subject)}: {one_line(effect.reason)}"
            yield line(Span(text, "yellow"), indent=2)
        if host.way:
            yield line(Span(one_line(host.way), "dim"), indent=2)
        for warning in host.warnings:
            yield line(Span(f"warning: {one_line(warning)}", "yellow"), indent=2)
        yield line()


def render_notes(notes: Sequence[str]) -> Iterator[Line]:
    """The sentences about a plan as a whole."""
    for note in notes:
        yield line(Span(one_line(note), "yellow"))


def _diff(host: HostResult) -> Iterator[Text]:
    # Clean as a whole: a secret may go over the end of a line.
    for each in clean(host.diff or "\n".join(host.commands)).rstrip("\n").split("\n"):
        yield Text(each, indent=2, style=_diff_style(each))


def _diff_style(text: str) -> str:
    if text.startswith(("+++", "---", "@@")):
        return "bold"
    return {"+": "green", "-": "red"}.get(text[:1], "")


def _hosts(hosts: Mapping[str, HostResult]) -> Table:
    rows: list[tuple[Part | Sequence[Part], ...]] = []
    for name, host in hosts.items():
        style = "bold red" if host.state in BAD_STATES else "green" if host.state in GOOD_STATES else "yellow"
        changed = f"{len(host.commands)} commands" if host.changed else "no"
        remarks = [one_line(text) for text in (host.message, *host.warnings) if text]
        rows.append((public(name), public(host.state.replace("_", " "), style), public(changed), remarks))
    return Table(("host", "state", "changed", "remarks"), tuple(rows))


def gathered(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with many warnings of one check and one cause as a single one that says where they are."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.status == "warning":
            alike.setdefault((finding.check, finding.cause), []).append(finding)
    shown = []
    for finding in findings:
        group = alike.get((finding.check, finding.cause), []) if finding.status == "warning" else []
        if len(group) < MANY:
            shown.append(finding)
        elif finding is group[0]:
            hosts = dict.fromkeys(each.host for each in group)
            places = [f"{host}: {', '.join(each.subject for each in group if each.host == host)}" for host in hosts]
            number = f"{len(group)} alike; --json has each"
            shown.append(replace(finding, host=f"{len(hosts)} hosts", subject=number, evidence=tuple(places)))
    return shown


def _findings(findings: Sequence[Finding]) -> Iterator[Line]:
    """Aligned headlines, with cause and evidence below each: beside them they would be a narrow ribbon.

    What follows from a finding is folded below it.
    """
    status, host, check = (max(len(getattr(f, part)) for f in findings) for part in ("status", "host", "check"))
    follow = consequences(findings)
    for finding in findings:
        if finding.follows is not None:
            continue
        yield line(
            public(finding.status.ljust(status), STATUS_STYLE[finding.status]),
            public(f"  {finding.host.ljust(host)}  {finding.check.ljust(check)}  "),
            one_line(finding.subject),
        )
        if finding.cause:
            yield line(Span(one_line(finding.cause), "bold"), indent=status + 2)
        for each in finding.evidence:
            yield line(Span(one_line(each), "dim"), indent=status + 2)
        for number, each in enumerate(follow.get(finding.key, ())):
            yield line(Span(one_line(each), "yellow" if number == 0 else "dim"), indent=status + 2 + 2 * (number > 0))
