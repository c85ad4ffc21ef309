"""One configuration command and the text that many of them make."""

from collections.abc import Iterable

from msgspec import Struct

from routebook.platforms.frr.tree import closing, opens_context


class Command(Struct, frozen=True):
    """A line to enter in the context that `path` opens."""

    path: tuple[str, ...]
    line: str


def render_commands(steps: Iterable[Command]) -> str:
    """The text to load: every command in its context, contexts entered and left no more often than needed."""
    lines: list[str] = []
    stack: list[str] = []
    for step in steps:
        shared = 0
        while shared < min(len(stack), len(step.path)) and stack[shared] == step.path[shared]:
            shared += 1
        while len(stack) > shared:
            lines.append(" " * (len(stack) - 1) + closing(stack.pop()))
        for line in step.path[shared:]:
            lines.append(" " * len(stack) + line)
            stack.append(line)
        lines.append(" " * len(stack) + step.line)
        if opens_context(step.line, stack[-1] if stack else None):
            stack.append(step.line)
    while stack:
        lines.append(" " * (len(stack) - 1) + closing(stack.pop()))
    return "".join(f"{line}\n" for line in lines)
