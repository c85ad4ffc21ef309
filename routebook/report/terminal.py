"""The result on a terminal: hosts, findings and coloured differences; readable without colour."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from routebook.findings import Finding, by_severity, definite
from routebook.report.model import HostResult, RunResult, Scrub, scrubbed, scrubbed_hosts
from routebook.report.text import one_line, plain, seconds, tally

STATUS_STYLE = {"ok": "green", "failed": "bold red", "unknown": "red", "pending": "yellow", "warning": "yellow"}
BAD_STATES = frozenset({"needs_attention"})
MANY = 5  # warnings alike, from which on they are told together
GOOD_STATES = frozenset({"confirmed", "unchanged"})


def unscrubbed(text: str) -> str:
    """Leaves text as it is."""
    return text


def render_terminal(result: RunResult, console: Console, scrub: Scrub = unscrubbed, *, verbose: bool = False) -> None:
    """Print the result: differences for a plan, the hosts, what is not ok, and the outcome in the last lines.

    Warnings are left to the reports where there is something worse to read; many that are alike are told together.
    With `verbose`, all findings and the differences of every run are printed.
    """
    result = scrubbed(result, scrub)
    if result.outcome == "planned" or verbose:
        render_changes(result.hosts, console)
    if result.hosts:
        console.print(_hosts(result.hosts))
    render_notes(result.notes, console)
    quiet = {"ok", "warning"} if definite(result.findings) == "failed" else {"ok"}
    shown = [f for f in by_severity(result.findings) if verbose or f.status not in quiet]
    if shown:
        console.print()
        _print_findings(shown if verbose else gathered(shown), console)
    if result.findings:
        console.print(Text(f"findings: {tally(result.findings)}"))
    if result.timings:
        spent = ", ".join(f"{phase} {seconds(value)}" for phase, value in result.timings.items())
        console.print(Text(f"time: {spent}", style="dim"))
    style = "bold green" if result.good else "bold red"
    outcome = Text(f"{plain(result.runbook)}: {result.outcome.replace('_', ' ')}", style=style)
    console.print(outcome + Text(f": {result.sentence} ({seconds(result.duration)})", style="default"))
    if result.message:
        console.print(Text(one_line(result.message)))


def render_changes(hosts: Mapping[str, HostResult], console: Console, scrub: Scrub = unscrubbed) -> None:
    """Print what would be sent to each changed host: the difference, what it does to live traffic, warnings."""
    for name, host in scrubbed_hosts(hosts, scrub).items():
        if not host.changed:
            continue
        told = f"{len(host.commands)} commands, {len(host.undo)} to undo them"
        console.print(Text.assemble((plain(name), "bold"), f"  {told}"))
        console.print(Padding(_diff(host), (0, 0, 0, 2)))
        for effect in host.effects:
            console.print(Text(f"  {effect.kind}: {one_line(effect.subject)}: {one_line(effect.reason)}", "yellow"))
        if host.way:
            console.print(Text(f"  {one_line(host.way)}", "dim"))
        for warning in host.warnings:
            console.print(Text(f"  warning: {one_line(warning)}", "yellow"))
        console.print()


def render_notes(notes: Sequence[str], console: Console) -> None:
    """Print what is to be said of a plan as a whole."""
    for note in notes:
        console.print(Text(one_line(note), "yellow"))


def _diff(host: HostResult) -> Text:
    text = Text()
    for line in plain(host.diff or "\n".join(host.commands)).splitlines():
        text.append(line + "\n", style=_diff_style(line))
    text.rstrip()
    return text


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "bold"
    return {"+": "green", "-": "red"}.get(line[:1], "")


def _hosts(hosts: Mapping[str, HostResult]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("host", "state", "changed"):
        table.add_column(column, no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for name, host in hosts.items():
        style = "bold red" if host.state in BAD_STATES else "green" if host.state in GOOD_STATES else "yellow"
        changed = f"{len(host.commands)} commands" if host.changed else "no"
        remarks = "\n".join(one_line(text) for text in (host.message, *host.warnings) if text)
        table.add_row(Text(plain(name)), Text(host.state.replace("_", " "), style), Text(changed), Text(remarks))
    return table


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


def _print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Aligned headlines, with cause and evidence below each: beside them they would be a narrow ribbon."""
    named = [tuple(one_line(part) for part in (f.status, f.host, f.check, f.subject)) for f in findings]
    widths = [max(map(len, column)) for column in zip(*named, strict=True)]
    for finding, names in zip(findings, named, strict=True):
        padded = [name.ljust(width) for name, width in zip(names, widths, strict=True)]
        console.print(Text.assemble((padded[0], STATUS_STYLE[finding.status]), "  ", "  ".join(padded[1:]).rstrip()))
        if finding.cause:
            console.print(Padding(Text(one_line(finding.cause), "bold"), (0, 0, 0, widths[0] + 2)))
        for line in finding.evidence:
            console.print(Padding(Text(one_line(line), "dim"), (0, 0, 0, widths[0] + 2)))
