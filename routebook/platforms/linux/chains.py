"""What becomes of a packet in chains of rules, of which some may not be understood: every outcome that is possible."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

Action = Literal["accept", "drop", "jump", "goto", "return", "unknown", "on"]
_DEEPEST = 16  # what the kernel allows is also that (NFT_JUMP_STACK_SIZE)


class Step(Struct, frozen=True):
    """What one rule does to a packet. `matches` is None where that is not known, and `text` are its own words.

    A rule that goes "on" decides nothing. One that is "unknown" may decide anything.
    """

    matches: bool | None
    action: Action
    target: str = ""
    text: str = ""


class Outcome(Struct, frozen=True):
    """Every way in which a packet may leave a chain, each with the rule that decides; `unclear` are not understood."""

    ways: Mapping[str, str]
    unclear: tuple[str, ...] = ()


Chains = Mapping[str, Sequence[Step]]


def through(chains: Chains, name: str, depth: int = 0) -> Outcome:
    """The ways out of a chain: "accept", "drop", or "end" for its end, after which whoever called it goes on."""
    ways: dict[str, str] = {}
    unclear: list[str] = []
    if depth > _DEEPEST or name not in chains:
        return Outcome({"accept": "", "drop": "", "end": ""}, (f"chain {name}",))
    for step in chains[name]:
        if step.matches is False or (step.action == "on" and step.matches):
            continue
        found = _of(chains, step, depth)
        ways = {**found.ways, **ways}
        unclear += found.unclear
        if step.matches is None and step.action != "on":
            unclear.append(step.text)
        goes_on = ways.pop("next", None) is not None or step.matches is None
        if not goes_on:
            return Outcome(ways, tuple(unclear))
    return Outcome({**ways, "end": ""}, tuple(unclear))


def _of(chains: Chains, step: Step, depth: int) -> Outcome:
    if step.action == "return":
        return Outcome({"end": ""})
    if step.action == "unknown":
        return Outcome({"accept": step.text, "drop": step.text, "next": ""}, (step.text,))
    if step.action == "on":
        return Outcome({"next": ""})
    if step.action in ("jump", "goto"):
        found = through(chains, step.target, depth + 1)
        if step.action == "jump" and "end" in found.ways:
            ways = {**found.ways, "next": ""}
            del ways["end"]
            return Outcome(ways, found.unclear)
        return found
    return Outcome({step.action: step.text})


def base(chains: Chains, name: str, policy: str, text: str) -> Outcome:
    """The ways out of a chain at a hook, whose end is its policy; `text` are the words of that."""
    found = through(chains, name)
    ways = dict(found.ways)
    if "end" in ways:
        del ways["end"]
        ways.setdefault(policy, text)
    return Outcome(ways, found.unclear)
