"""Asks hosts whether their own packet filters let in what a plan adds. Devices are only read."""

from collections.abc import Mapping

from nornir.core import Nornir
from nornir.core.task import Task

from routebook.device.packet_filter import UNKNOWN, Verdict
from routebook.device.plan import Plan
from routebook.intent.model import HostIntent
from routebook.run.fan_out import on_hosts, reader, reasons
from routebook.safety.accepted import Guard
from routebook.safety.let_in import Need, Said, dropped, needs


def ask(nornir: Nornir, plan: Plan, intents: Mapping[str, HostIntent]) -> tuple[list[Guard], dict[str, list[str]]]:
    """What stands in the plan's way until it is accepted, and what else is to be said of each host."""
    wanted: dict[str, list[Need]] = {}
    for need in needs(plan, intents):
        wanted.setdefault(need.host, []).append(need)

    def step(task: Task) -> list[Verdict]:
        flows = [flow for need in wanted[task.host.name] for flow in (need.flow, need.answer)]
        return reader(task).let_in(flows)

    answers = on_hosts(nornir, wanted, step)
    said = []
    for host, asked in wanted.items():
        verdicts = answers.values.get(host, [UNKNOWN] * 2 * len(asked))
        said += [Said(need, *verdicts[2 * at : 2 * at + 2]) for at, need in enumerate(asked)]
    guards, warnings = dropped(said)
    for host, reason in reasons(answers.errors).items():
        text = f"whether its own packet filter lets in what is new is not known: {reason}"
        warnings.setdefault(host, []).append(text)
    return guards, warnings
