"""Whether devices are configured as intended: what `plan` would change there, as findings. Devices are only read."""

from collections.abc import Collection, Iterator, Mapping

from nornir.core import Nornir
from nornir.core.task import Result, Task

from routebook.checks.findings import Finding
from routebook.device.plan import Plan
from routebook.device.values import Change, State
from routebook.project.inventory import IntentHost
from routebook.run.fan_out import reasons
from routebook.run.planning import make_plan, to_candidate
from routebook.run.runbook import Render, Runbook

DRIFT = "config.drift"
MOST_LINES = 10
LONGEST_LINE = 160  # characters


def compared(runbook: Runbook) -> Render | None:
    """What a verification compares devices with: what the runbook makes, or the sections that it names; or nothing."""
    if runbook.render is not None:
        return runbook.render
    return None if runbook.sections is None else rendering(runbook.sections)


def rendering(sections: Collection[str]) -> Render:
    """A Nornir task whose result is the host's candidate: these sections, or all of its platform."""
    from routebook.project.render import render_host  # Jinja, which a look at sessions alone does not need

    def task(task: Task) -> Result:
        host = task.host
        assert isinstance(host, IntentHost)  # noqa: S101  Routebook's inventory makes no other hosts
        candidate = render_host(host.intent, host.project / "templates", host.secrets, sections or None)
        return Result(host=host, result=candidate)

    return task


def compare(nornir: Nornir, hosts: Collection[str], render: Render) -> Plan:
    """What would bring `hosts` to what `render` makes, computed as a plan is, and without a trace on them."""
    return make_plan(nornir, hosts, to_candidate(render))


def drift_findings(plan: Plan, states: Mapping[str, State] | None = None) -> list[Finding]:
    """A finding for each host: its configuration is as intended, differs, or could not be compared and why.

    With `states`, also who wrote it last, and when, where the device knows.
    """
    errors = reasons(plan.errors)
    found = []
    for host in sorted({*plan.hosts, *errors}):
        if host in errors:
            cause = "its configuration could not be compared with the intent"
            found.append(Finding(host, DRIFT, host, "failed", (f"{host}: {errors[host]}",), cause))
        elif change := plan.hosts[host].change:
            state = (states or {}).get(host)
            found.append(_different(host, change, state.written if state else ""))
        else:
            found.append(Finding(host, DRIFT, host, "ok", (f"{host}: nothing would be changed",)))
    return found


def _different(host: str, change: Change, written: str) -> Finding:
    lines = list(_changed_lines(change)) or list(change.commands)
    evidence = [f"{host}: {_short(line)}" for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        evidence.append(f"{host}: and {len(lines) - MOST_LINES} more lines")
    number = f"{len(lines)} line{'s' * (len(lines) != 1)}: {_short(lines[0])}" if lines else "it"
    evidence += [f"{host}: {written}"] if written else []
    cause = (
        f"its configuration is not as intended ({number}{' …' * (len(lines) > 1)}{f'; {written}' if written else ''}); "
        "`routebook plan` shows all that would be changed"
    )
    return Finding(host, DRIFT, host, "failed", tuple(evidence), cause)


def _changed_lines(change: Change) -> Iterator[str]:
    """The lines of the difference that come or go, without the names of files around them."""
    for line in change.diff.splitlines():
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---")) and line[1:].strip():
            yield line


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
