"""The table fault x step x outcome, and what was found wrong."""

import signal
from collections import Counter
from collections.abc import Sequence

from tests.fault.cases import ANYWHERE
from tests.fault.child import BACKWARD, FORWARD
from tests.fault.faults import FAULTS
from tests.fault.trial import Result

_STEPS = [*FORWARD, *(f"{step} (way back)" for step in BACKWARD)]
OUTCOMES = ("all old", "all new", "attention", "between", "mixed", "error", "not reached")


def rows(results: Sequence[Result]) -> list[tuple[str, str, Counter[str]]]:
    """Fault, step, and how often each outcome was."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        step = result.case.step + " (way back)" * result.case.doomed
        found.setdefault((result.case.fault, step), Counter())[result.outcome] += 1
    return [(fault, step, found[fault, step]) for fault, step in found]


def markdown(results: Sequence[Result]) -> str:
    """The table, one line a fault and step."""
    shown = [outcome for outcome in OUTCOMES if any(result.outcome == outcome for result in results)]
    lines = [
        f"| fault | step | faults | {' | '.join(shown)} |",
        f"|---|---|---|{'---|' * len(shown)}",
    ]
    for fault, step, counts in sorted(rows(results), key=_place):
        numbers = " | ".join(str(counts[outcome] or "") for outcome in shown)
        lines.append(f"| {fault} | {step} | {counts.total()} | {numbers} |")
    totals = Counter(result.outcome for result in results)
    lines.append(f"| **all** | | {len(results)} | {' | '.join(str(totals[outcome]) for outcome in shown)} |")
    return "\n".join(lines)


def _place(row: tuple[str, str, Counter[str]]) -> tuple[int, int]:
    """Faults in the order of their list, steps in that of a run."""
    fault, step, _ = row
    return list(FAULTS).index(fault), _STEPS.index(step) if step in _STEPS else -1


def summary(results: Sequence[Result], seconds: float, seed: int) -> str:
    """How many, on what, how long, and what is wrong."""
    platforms = Counter(result.case.platform for result in results)
    kills = [result for result in results if result.case.step == ANYWHERE and result.status == -signal.SIGKILL]
    wrong = [result for result in results if result.wrong]
    counts = ", ".join(f"{count} {name}" for name, count in sorted(platforms.items()))
    labs = Counter(f"ASA {result.asa} and pfSense {result.pfsense}" for result in results)
    played = ", ".join(f"{count} with {name}" for name, count in sorted(labs.items()))
    return (
        f"{len(results)} faults injected in {seconds / 60:.0f} minutes (seed {seed}): {counts}; "
        f"{played}; {len(kills)} kills at random instants; {len(wrong)} violations"
    )
