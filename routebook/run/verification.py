"""Carries out verify: the network as it is against the intent. Devices are only read."""

import time
from collections.abc import Mapping
from pathlib import Path

from routebook.checks import beside
from routebook.checks.facts import Explanations
from routebook.checks.findings import Finding, definite
from routebook.checks.roots import folded
from routebook.device.values import State
from routebook.errors import InterruptedRunError, RefusedError
from routebook.report.model import RunResult
from routebook.report.outcome import Outcome
from routebook.run import baseline
from routebook.run.events import Event, Timings
from routebook.run.fan_out import Answers
from routebook.run.packets import Packets
from routebook.run.runbook import Runbook
from routebook.run.running import Running
from routebook.run.watch import Judge, Watcher

LOG_HISTORY = 600.0
"""How far back, in seconds, `verify` looks in the devices' logs for causes."""


def verify(
    running: Running,
    runbook: Runbook,
    wait: float,
    *,
    config: bool = True,
    probe: bool = True,
    accept: bool = False,
    kubeconfigs: Mapping[str, Path] | None = None,
) -> RunResult:
    """Judge the network as it is, for at most `wait` seconds until it is as intended.

    With `config`, also whether the hosts that could be read are configured as intended; with `probe`, whether packets
    arrive. With `accept`, what is read is taken for normal before it is judged. `kubeconfigs` are files by the
    Kubernetes cluster whose nodes' own word is wanted, too.
    """
    timings = Timings()
    started = time.time()
    workspace = running.workspace
    known = baseline.read(workspace.state.baseline)
    with timings.phase("verify"):
        running.listener(Event("verify", f"reading {len(workspace.observed)} hosts"))
        since = time.monotonic() - LOG_HISTORY
        watcher = Watcher(
            *(workspace.nornir, workspace.observed, wait, running.stop, since),
            prefixes=workspace.prefixes,
            judged=workspace.hosts,
        )
        findings = watcher.watch(_judge(running, runbook, known, accept=accept))
        findings += known.findings()
    if probe and not running.stop.is_set():
        with timings.phase("packets"):
            running.listener(Event("verify", "sending packets through tunnels and between sites"))
            packets = Packets(workspace.nornir, workspace.judged, workspace.hosts, running.stop)
            findings += packets.findings(watcher.now)
    if kubeconfigs and not running.stop.is_set():
        findings += _clusters(running, kubeconfigs, timings)
    if config and not running.stop.is_set():
        findings += _configured(running, runbook, watcher.now, known, timings, accept=accept)
    if running.stop.is_set():
        raise InterruptedRunError("interrupted; nothing was changed")
    outcome = Outcome.VERIFIED if definite(findings) == "passed" else Outcome.FAILED
    if outcome is Outcome.VERIFIED and not accept:
        intents = workspace.intents
        known.learn(workspace.hosts, intents, baseline.named(intents, watcher.now))
    message = _write(known) if accept or outcome is Outcome.VERIFIED else ""
    findings = folded(findings, workspace.judged)
    return RunResult(
        *("", runbook.name, outcome, started, time.time(), {}, tuple(findings), timings.seconds, message),
        now=watcher.now,
    )


def _clusters(running: Running, kubeconfigs: Mapping[str, Path], timings: Timings) -> list[Finding]:
    from routebook.run.cluster_ends import cluster_findings  # its platform and HTTPS, for those who ask for it

    with timings.phase("clusters"):
        running.listener(Event("verify", f"asking {', '.join(kubeconfigs)}"))
        return cluster_findings(running, kubeconfigs)


def _configured(
    running: Running,
    runbook: Runbook,
    now: Mapping[str, State],
    known: baseline.Baseline,
    timings: Timings,
    *,
    accept: bool,
) -> list[Finding]:
    """Whether hosts are configured as intended, and what somebody else has there; with `accept` that is known first."""
    from routebook.run.drift import compare, compared, drift_findings  # plans, which sessions and tunnels need not

    render = compared(runbook)
    if render is None:
        return []
    hosts = [host for host in running.workspace.hosts if host in now]
    with timings.phase("config"):
        running.listener(Event("verify", f"comparing the configuration of {len(hosts)} hosts"))
        plan = compare(running.workspace.nornir, hosts, render)
    if accept:
        known.know_beside(plan.hosts)
    normal = known.normal()
    others = (
        each for host, planned in plan.hosts.items() for each in beside.check(host, planned.change.beside, normal)
    )
    return [*drift_findings(plan, now), *others]


def _judge(running: Running, runbook: Runbook, known: baseline.Baseline, *, accept: bool) -> Judge:
    """What judges a look; where what it sees is accepted, after that was taken for normal."""
    intents, hosts = running.workspace.intents, running.workspace.hosts

    def judge(seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
        if accept:
            known.accept(hosts, intents, baseline.named(intents, seen.values))
            asked = running.judging(runbook, known.normal()).since({})(seen, explanations, final=final)
            known.know(set(hosts) & seen.values.keys(), asked, anew=True)
        return running.judging(runbook, known.normal()).since({})(seen, explanations, final=final)

    return judge


def _write(known: baseline.Baseline) -> str:
    """Keep what was learned. A verification is no worse for what it could not write down, but says so."""
    try:
        known.write()
    except RefusedError as error:
        return f"what is normal was not written down: {error}"
    return ""
