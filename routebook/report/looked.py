"""What a verification looked at, in words: success is claimed for that alone."""

from collections.abc import Sequence

from routebook.checks.findings import Finding

_OWN = ("bgp.", "tunnel.", "site.", "host.", "config.", "check.", "baseline.")
_MOST_NAMED = 5


def looked_at(findings: Sequence[Finding]) -> str:
    """The hosts that were read, how many ends of sessions and tunnels were judged, and what else was, or was not."""
    sessions = {(f.host, f.subject) for f in findings if f.check == "bgp.session"}
    tunnels = {(f.host, f.subject) for f in findings if f.check == "tunnel.ike"}
    proven = {f.subject for f in findings if f.check == "tunnel.traffic" and f.state == "healthy"}
    read = {f.host for f in findings if f.check == "host.contact" and f.status == "ok"}
    configured = {f.host for f in findings if f.check == "config.drift" and f.status == "ok"}
    others = sorted({f.check for f in findings if not f.check.startswith(_OWN)})
    parts = [_counted(len(read), "host")]
    parts += [f"{_counted(len(sessions), 'end')} of sessions"] if sessions else []
    parts += [f"{_counted(len(tunnels), 'end')} of tunnels"] if tunnels else []
    parts += [f"packets through {_counted(len(proven), 'tunnel')}"] if proven else []
    parts += [", ".join(others[:_MOST_NAMED]) + (" and others" if len(others) > _MOST_NAMED else "")] if others else []
    parts += [f"the configuration of {_counted(len(configured), 'host')}" if configured else "no configuration"]
    warnings = sum(f.status == "warning" for f in findings)
    return ", ".join(parts) + (f"; {_counted(warnings, 'warning')}" if warnings else "")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
