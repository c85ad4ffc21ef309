"""Backward: hosts of a run at work go back to their snapshots, and what is not there is somebody's to look at."""

from collections.abc import Iterable

from msgspec import Struct

from routebook.run.dead_man import DeadManTimers
from routebook.run.inputs import Inputs, Prepared
from routebook.run.journal import HostState
from routebook.run.ledger import Ledger
from routebook.run.restore import Restore, as_before, unproven, watched


class Rollback(Struct, frozen=True):
    """Takes one run back."""

    inputs: Inputs
    prepared: Prepared
    ledger: Ledger
    timers: DeadManTimers

    def roll_back(self, reason: str) -> None:
        """Undo all that the run has done and that is not to be kept."""
        self.ledger.message = reason
        self.undo(self.ledger.to_undo())

    def undo(self, hosts: Iterable[str]) -> None:
        """Bring hosts back to their snapshots, what is reached through other hosts before these."""
        inputs, ledger = self.inputs, self.ledger
        if not (hosts := sorted(hosts)):
            return
        ledger.going_back = True
        unpushed = [host for host in hosts if host not in ledger.pushed]
        if pushed := [host for host in hosts if host in ledger.pushed]:
            inputs.report("roll back", f"{ledger.message}: rolling back {', '.join(pushed)}")
        if unpushed:
            inputs.report("disarm", f"{ledger.message}: nothing was pushed on {', '.join(unpushed)}")
        with ledger.timings.phase("roll back"):
            confirmed = {h for h in hosts if ledger.states[h] in (HostState.CONFIRMING, HostState.CONFIRMED)}
            ledger.enter(hosts, HostState.ROLLING_BACK)
            snapshots = {host: self.prepared.plan.hosts[host].snapshot for host in hosts}
            restore = Restore(inputs.nornir, inputs.run_id, snapshots, self.timers.seconds, inputs.listener)
            problems = restore.disarm(unpushed)
            for layer in self.prepared.layers(pushed):
                problems |= restore.restore(layer, confirmed & set(layer))
            self.timers.gone(hosts)
            before = {host: state for host, state in self.prepared.before.items() if host not in problems}
            back = [host for host in pushed if host not in problems]
            deadline = inputs.options.deadline
            findings = watched(inputs.nornir, inputs.intents, back, (as_before,), before, deadline) if back else []
        ledger.findings += [*findings, *restore.findings()]
        unverified = unproven(findings, back)
        whole = [host for host in hosts if host not in problems and host not in unverified]
        ledger.enter(whole, HostState.ROLLED_BACK)
        problems |= unverified
        ledger.enter(problems, HostState.NEEDS_ATTENTION)
        ledger.messages |= problems
        ledger.going_back = False
