"""The transaction over all hosts of a prepared run: confirmed everywhere, or everywhere back at what was before."""

from routebook.errors import RefusedError
from routebook.report.outcome import Outcome
from routebook.run.dead_man import DeadManTimers
from routebook.run.fan_out import on_drivers
from routebook.run.forward import Forward
from routebook.run.inputs import Inputs
from routebook.run.journal import HostState, JournalError
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Ledger
from routebook.run.locks import KEEPS, Locks
from routebook.run.preparation import pre_check
from routebook.run.rollback import Rollback


def carry_out(inputs: Inputs, ledger: Ledger, lease: LeaseFile) -> Outcome:
    """Arm, push and check wave by wave, and confirm or roll back."""
    reason = pre_check(inputs, ledger)
    if reason or inputs.stop.is_set():
        ledger.message = f"{reason}; nothing was changed" if reason else "interrupted before anything was changed"
        return Outcome.REFUSED
    locks = Locks(inputs.nornir, inputs.run_id)

    def renew() -> None:
        locks.renew()
        lease.renew()

    timers = DeadManTimers(inputs.nornir, inputs.run_id, inputs.options.confirm_timeout, inputs.listener, renew)
    rollback = Rollback(inputs, ledger.prepared, ledger, timers)
    try:
        reason = Forward(inputs, ledger.prepared, ledger, timers, locks, lease, rollback).go()
    except RefusedError as error:  # the journal or the lease cannot be written
        reason = str(error)
    except Exception as error:
        # Whatever it was, devices hold a change that nobody will confirm: undo it, then let it surface.
        rollback.roll_back(f"{type(error).__name__} in Routebook itself")
        _unlock(inputs, ledger, locks, lease)
        raise
    if reason:
        rollback.roll_back(reason)
        ledger.going_back = True
    ledger.enter(ledger.in_state(HostState.KEPT), HostState.CONFIRMED)
    outcome = _outcome(ledger, reason)
    _keep_made(inputs, ledger)
    _unlock(inputs, ledger, locks, lease)
    return outcome


def _outcome(ledger: Ledger, reason: str) -> Outcome:
    if ledger.in_state(HostState.NEEDS_ATTENTION):
        return Outcome.NEEDS_ATTENTION
    if not reason and not ledger.lost:
        return Outcome.CONFIRMED
    if ledger.in_state(HostState.CONFIRMED):
        return Outcome.PARTIAL
    if not ledger.pushed:
        ledger.message = f"{reason or ledger.message}; nothing was changed"
        return Outcome.REFUSED
    return Outcome.ROLLED_BACK


def _keep_made(inputs: Inputs, ledger: Ledger) -> None:
    """Keep what the run made of its hosts, by which `rollback` knows its own change from later ones.

    While their locks are held. A host that cannot be read now is confirmed all the same.
    """
    confirmed = ledger.in_state(HostState.CONFIRMED)
    answers = on_drivers(inputs.nornir, confirmed, lambda device: device.snapshot(), reconnect=True)
    problems = {host: str(error) for host, error in answers.errors.items()}
    for host, snapshot in answers.values.items():
        try:
            ledger.journal.store_made(inputs.run_id, host, snapshot)
        except JournalError as error:
            problems[host] = str(error)
    for host, problem in sorted(problems.items()):
        inputs.report("confirm", f"confirmed, but `rollback` cannot take it back: {problem}", host, failed=True)


def _unlock(inputs: Inputs, ledger: Ledger, locks: Locks, lease: LeaseFile) -> None:
    lease.release()
    for host, error in locks.release(ledger.in_state(HostState.NEEDS_ATTENTION)).items():
        inputs.report("lock", f"{KEEPS}: {error}", host, failed=True)
