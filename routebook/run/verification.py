"""Carries out verify: the network as it is against the intent. Devices are only read."""

import time

from routebook.checks.findings import definite
from routebook.errors import InterruptedRunError
from routebook.report.model import RunResult
from routebook.report.outcome import Outcome
from routebook.run.drift import compare, compared, drift_findings
from routebook.run.events import Event, Timings
from routebook.run.runbook import Runbook
from routebook.run.running import Running
from routebook.run.watch import Watcher

LOG_HISTORY = 600.0
"""How far back, in seconds, `verify` looks in the devices' logs for causes."""


def verify(running: Running, runbook: Runbook, wait: float, *, config: bool = True) -> RunResult:
    """Judge the network as it is, for at most `wait` seconds until it is as intended.

    With `config`, also whether the hosts that could be read are configured as intended.
    """
    timings = Timings()
    started = time.time()
    with timings.phase("verify"):
        running.listener(Event("verify", f"reading {len(running.workspace.observed)} hosts"))
        since = time.monotonic() - LOG_HISTORY
        watcher = Watcher(running.workspace.nornir, running.workspace.observed, wait, running.stop, since)
        findings = watcher.watch(running.judging(runbook.checks).since({}))
    render = compared(runbook) if config else None
    if render is not None and not running.stop.is_set():
        with timings.phase("config"):
            hosts = [host for host in running.workspace.hosts if host in watcher.now]
            running.listener(Event("verify", f"comparing the configuration of {len(hosts)} hosts"))
            findings += drift_findings(compare(running.workspace.nornir, hosts, render))
    if running.stop.is_set():
        raise InterruptedRunError("interrupted; nothing was changed")
    outcome = Outcome.VERIFIED if definite(findings) == "passed" else Outcome.FAILED
    return RunResult("", runbook.name, outcome, started, time.time(), {}, tuple(findings), timings.seconds)
