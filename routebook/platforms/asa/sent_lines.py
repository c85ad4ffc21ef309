"""The lines of a change, and what a device says of them, as an operator may see them."""

from collections.abc import Iterable

from routebook.platforms.asa.answers import Judgement
from routebook.platforms.asa.config import Block, redact


def lines(blocks: Iterable[Block]) -> list[str]:
    """Every line that is typed, contexts included."""
    return [line for block in blocks for line in block.typed()]


def shown(blocks: Iterable[Block]) -> tuple[str, ...]:
    """The lines without secrets."""
    return tuple(redact("\n".join(lines(blocks))).splitlines())


def rejection(name: str, line: str, judgement: Judgement) -> str:
    """Why the answer to a line stops a push."""
    hidden = redact(line)
    # An answer may repeat what was typed.
    said = redact(judgement.said) if line not in judgement.said else judgement.said.replace(line, hidden)
    if judgement.verdict == "refused":
        return f"{name} refuses `{hidden}`: {said}"
    return f"{name} answers `{hidden}` with what is not known to be good: {said}"
