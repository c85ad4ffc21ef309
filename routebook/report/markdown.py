"""The result as Markdown, short enough for a comment on a merge request."""

import html
import re
from collections.abc import Iterator

from routebook.checks.findings import Finding, by_severity
from routebook.redaction.gate import one_line, visible
from routebook.report.model import HostResult, RunResult
from routebook.report.summary import summary
from routebook.report.text import alike, consequences, moment, seconds, tally

# GitHub refuses comments above 65,536 characters; the rest is for headings.
LONGEST = 60_000
LONGEST_BLOCK = 15_000


def as_markdown(result: RunResult) -> str:
    """A heading with the outcome, what is wrong, the hosts, and the differences folded away."""
    sections = [
        *_heading(result),
        *_summary(result),
        *_findings(result),
        *_hosts(result),
        *_details(result),
        *_timings(result),
    ]
    text = ""
    for section in sections:
        if len(text) + len(section) > LONGEST:
            text += "*Shortened; the whole report is in `report.json`.*\n"
            break
        text += section + "\n"
    return text


def _heading(result: RunResult) -> Iterator[str]:
    yield f"## Routebook: {_inline(result.runbook)}, {result.outcome.replace('_', ' ')}\n"
    sentence = f"{result.sentence[0].upper()}{result.sentence[1:]}."
    if result.message:
        sentence += f" {_inline(result.message)}."
    yield f"{sentence}\n"
    if result.notes:
        yield "".join(f"- {_inline(note)}\n" for note in result.notes)
    if result.by.facts():
        yield "".join(f"- {name}: {_inline(text)}\n" for name, text in result.by.facts())
    run = f"Run `{result.run_id}`, " if result.run_id else ""
    yield f"{run}{moment(result.started)}, {seconds(result.duration)}; findings: {tally(result.findings)}\n"


def _summary(result: RunResult) -> Iterator[str]:
    if found := summary(result.hosts):
        yield "### What changes\n"
        yield "".join(f"- {_inline(words)}: {_inline(text)}\n" for words, text in found.lines())


def _findings(result: RunResult) -> Iterator[str]:
    wrong = [finding for finding in by_severity(result.findings) if finding.status != "ok"]
    if not wrong:
        return
    yield "### Findings\n"
    yield "| status | host | check | subject | cause and evidence |\n|---|---|---|---|---|"
    follow = consequences(wrong)
    for finding in wrong:
        if finding.follows is None:
            names = " | ".join(map(_name, finding.key))
            yield f"| {finding.status} | {names} | {_evidence(finding)}{_following(follow.get(finding.key, []))} |"
    yield ""


def _evidence(finding: Finding) -> str:
    cause = [f"**{_inline(finding.cause)}**"] if finding.cause else []
    return "<br>".join([*cause, *map(_inline, finding.evidence)])


def _following(lines: list[str]) -> str:
    """What follows from a finding, folded away: HTML, as a table's cell has one line."""
    if not lines:
        return ""
    inner = "<br>".join(map(_inline, lines[1:]))
    return f"<details><summary>{_inline(lines[0])}</summary>{inner}</details>"


def _hosts(result: RunResult) -> Iterator[str]:
    if not result.hosts:
        return
    yield "### Hosts\n"
    yield "| host | state | changed | effects | remarks |\n|---|---|---|---|---|"
    for name, host in result.hosts.items():
        effects = "<br>".join(f"{e.kind} {_inline(e.subject)}: {_inline(e.reason)}" for e in alike(host.effects))
        remarks = "<br>".join(_inline(text) for text in (host.message, *host.warnings) if text)
        changed = f"{len(host.commands)} commands" if host.changed else "no"
        yield f"| {_name(name)} | {host.state.replace('_', ' ')} | {changed} | {effects} | {remarks} |"
    yield ""


def _details(result: RunResult) -> Iterator[str]:
    for name, host in result.hosts.items():
        if host.changed:
            yield _folded(f"{name}: difference", host.diff or "\n".join(host.commands), "diff")
            yield from _undo(name, host)


def _undo(name: str, host: HostResult) -> Iterator[str]:
    if host.undo:
        yield _folded(f"{name}: what undoes it", "\n".join(host.undo), "")


def _folded(title: str, text: str, language: str) -> str:
    text = visible(text).rstrip("\n")
    if len(text) > LONGEST_BLOCK:
        text = text[:LONGEST_BLOCK].rsplit("\n", 1)[0] + "\n… shortened"
    # A fence must be longer than any run of backticks inside it (CommonMark 4.5).
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    summary = html.escape(visible(title))
    return f"<details><summary>{summary}</summary>\n\n{fence}{language}\n{text}\n{fence}\n\n</details>\n"


def _timings(result: RunResult) -> Iterator[str]:
    if result.timings:
        yield "Time: " + ", ".join(f"{phase} {seconds(spent)}" for phase, spent in result.timings.items()) + "\n"


def _name(text: str) -> str:
    """A name or an address, as code: in plain text `:100:` in an address may be shown as a picture."""
    shown = " ".join(visible(text).split())
    return _inline(text) if re.search(r"[`|]", shown) else f"`{shown}`"


# Words that GitHub or GitLab make something of even after Markdown: links of bare addresses, mentions, references to
# issues and the like, pictures of `:words:`. In code they stay what they are.
_MADE_INTO_SOMETHING = re.compile(r"://|www\.|@|(?:^|\W)[#!~%&$^]\w|:[\w+-]+:", re.IGNORECASE)


def _inline(text: str) -> str:
    """Text that is shown as it is: nothing in it means anything to Markdown or HTML, in a table or outside of one."""
    shown = re.sub(r"[^ `|\\]+|[`|\\]", _word, one_line(text))
    return re.sub(r"^(\d*)(?=[-+=.])", r"\1\\", shown)  # nor does it begin a list or underline a heading


def _word(match: re.Match[str]) -> str:
    word = match[0]
    if _MADE_INTO_SOMETHING.search(word):
        return f"`{word}`"
    escaped = word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\](){}|~#@!$^]|:(?=\S)|%(?=\S))", r"\\\1", escaped)
