"""What somebody else changed on devices while a run was at work there: found, and shown by host and line."""

from collections.abc import Collection, Mapping

from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.findings import Finding, Status
from routebook.device.errors import DriverError
from routebook.device.plan import HostPlan
from routebook.device.values import ForeignChange
from routebook.run.fan_out import driver, on_drivers, on_hosts

CHECK = "host.meanwhile"
_MOST_LINES = 40
_IN_SHORT = 3


def moved_since(
    nornir: Nornir, hosts: Collection[str], plans: Mapping[str, HostPlan]
) -> tuple[dict[str, Exception], list[Finding]]:
    """Compare devices with what was planned from; errors of those that differ or do not answer, and what differs."""
    read = on_drivers(nornir, hosts, lambda device: device.snapshot(), reconnect=True)
    moved = {host: found for host, found in read.values.items() if found.fingerprint != plans[host].change.fingerprint}

    def difference(task: Task) -> str:
        host = task.host.name
        return driver(task).difference(plans[host].snapshot, moved[host])

    shown = on_hosts(nornir, moved, difference).values if moved else {}
    errors = dict(read.errors)
    findings = []
    for host in sorted(moved):
        diff = shown.get(host, "")
        errors[host] = DriverError(
            f"{host}: somebody has changed its configuration since it was armed: {in_short(diff)}; nothing was pushed "
            "there, and what was typed stays"
        )
        findings.append(_finding(host, diff, "changed by somebody since it was armed; it stays", "failed"))
    return errors, findings


def found_at_rollback(host: str, change: ForeignChange) -> Finding:
    """Somebody typed after the push, and the push was undone."""
    if change.kept is not None:
        return _finding(host, change.diff, "changed by somebody else after the push; it was kept", "warning")
    cause = "changed by somebody else after the push; rolling back has discarded it: type it again"
    return _finding(host, change.diff, cause, "failed")


def in_short(diff: str) -> str:
    """The first lines of a difference in one."""
    lines = _lines(diff)
    more = f" and {len(lines) - _IN_SHORT} more" if len(lines) > _IN_SHORT else ""
    return "; ".join(lines[:_IN_SHORT]) + more or "in a way that cannot be shown"


def _finding(host: str, diff: str, cause: str, status: Status) -> Finding:
    lines = _lines(diff)
    more = [f"{host}: and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    shown = [f"{host}: {line}" for line in lines[:_MOST_LINES]]
    return Finding(host, CHECK, host, status, (*shown, *more), cause)


def _lines(diff: str) -> list[str]:
    """The lines of a difference that came or went."""
    return [
        line.rstrip()
        for line in diff.splitlines()
        if line.lstrip().startswith(("+", "-")) and not line.startswith(("--- ", "+++ "))
    ]
