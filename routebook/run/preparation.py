"""Before anything is changed: read and plan every host, look at what is up, and refuse what is too dangerous."""

from msgspec.structs import replace

from routebook.checks.names import named_states
from routebook.device.values import State
from routebook.run.fan_out import Answers
from routebook.run.inputs import Inputs, Prepared
from routebook.run.journal import HostState
from routebook.run.ledger import Ledger
from routebook.run.planning import make_plan
from routebook.run.redundancy_probe import unless_accepted, unsafe
from routebook.run.sent import list_sent
from routebook.run.watch import read_states
from routebook.run.waves import arrange
from routebook.safety.accepted import refusal
from routebook.safety.announcing import removed_peers
from routebook.safety.management_path import dangers, management_paths, refusals
from routebook.safety.redundancy import budget


def prepare(inputs: Inputs, ledger: Ledger) -> bool:
    """Connect, snapshot and plan. False if too many hosts cannot take part: the run ends."""
    ledger.states = dict.fromkeys(inputs.hosts, HostState.PLANNED)
    with ledger.timings.phase("plan"):
        inputs.report("plan", f"reading {len(inputs.hosts)} hosts")
        plan = make_plan(inputs.nornir, inputs.hosts, inputs.goal)
    ledger.enter(plan.hosts, HostState.SNAPSHOTTED)
    ledger.enter([host for host, planned in plan.hosts.items() if not planned.change], HostState.UNCHANGED)
    spent = budget(plan, inputs.intents)
    ledger.prepared = Prepared(plan, spent)
    if ledger.too_many_failed(inputs, plan.errors, "plan"):
        return False
    paths = management_paths(plan, inputs.intents)
    ledger.prepared = Prepared(plan, spent, arrange(inputs.options.waves, spent), paths)
    return True


def look(inputs: Inputs, ledger: Ledger) -> None:
    """Read every host once and judge, for a run that has nothing to send: everything intended must be good."""
    with ledger.timings.phase("pre-checks"):
        seen = list_sent(
            inputs.nornir, read_states(inputs.nornir, inputs.observed, dict.fromkeys(inputs.observed, inputs.prefixes))
        )
        # There is no change to compare with.
        ledger.findings = inputs.judging.since({}, ledger.prepared.plan)(seen, {}, final=True)
        ledger.findings += inputs.packets(inputs.hosts).findings(seen.values)


def pre_check(inputs: Inputs, ledger: Ledger) -> str:
    """Read what is up before the change, and arrange the waves by that. Why the run may not begin, or nothing."""
    with ledger.timings.phase("pre-checks"):
        seen = list_sent(inputs.nornir, _states(inputs), removed_peers(ledger.prepared.plan))
        silent = {host: error for host, error in seen.errors.items() if host in inputs.hosts}
        if ledger.too_many_failed(inputs, silent, "pre-checks"):
            return "the state of some hosts cannot be read"
        for host, state in seen.values.items():
            ledger.journal.store_state(inputs.run_id, host, state)
        prepared, packets = ledger.prepared, inputs.packets(inputs.hosts)
        spent = replace(prepared.budget, before=named_states(inputs.intents, seen.values))
        waves = arrange(inputs.options.waves, spent)
        risks = [risk for wave in waves.waves for risk in dangers(prepared.paths, spent.impacts, inputs.intents, wave)]
        ledger.prepared = replace(
            prepared,
            budget=spent,
            waves=waves,
            before=seen.values,
            silent={host: error for host, error in seen.errors.items() if host not in silent},
            stuck=frozenset(f.subject for f in packets.findings(seen.values, tries=1) if f.status == "failed"),
            cut_off=frozenset(risk.host for risk in risks if risk.cut),
        )
        return (
            unless_accepted(inputs, "; ".join(waves.conflicts))
            or refusal(refusals(risks), inputs.options.accept, shown=False)
            or unsafe(inputs, ledger, waves.waves[0])
        )


def _states(inputs: Inputs) -> Answers[State]:
    return read_states(inputs.nornir, inputs.observed, dict.fromkeys(inputs.observed, inputs.prefixes))
