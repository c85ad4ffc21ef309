"""Commands as they are typed in configuration mode."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

# In these modes a command of the top level could be taken for one of the mode's own.
_LEFT_BY_EXIT = ("group-policy ", "crypto ca certificate map ", "webvpn", "username ")


class Command(Struct, frozen=True):
    """A line to enter in the mode that `path` opens; `payload` follows it verbatim."""

    path: tuple[str, ...]
    line: str
    payload: str = ""


class Block(Struct, frozen=True):
    """Lines to enter one after the other in one mode: small enough to send at once and judge together."""

    path: tuple[str, ...]
    lines: tuple[str, ...]

    def typed(self) -> tuple[str, ...]:
        """Every line to type, from configuration mode or any mode in it.

        Written like a configuration file: a command of the top level leaves whatever mode was entered, except
        where the mode has to be left by name.
        """
        close: tuple[str, ...] = ()
        if len(self.path) > 1 and self.path[-1].startswith("address-family "):
            close = ("exit-address-family",)
        elif self.path and self.path[0].startswith(_LEFT_BY_EXIT):
            close = ("exit",)
        return (*self.path, *self.lines, *close)


def blocks(commands: Iterable[Command]) -> tuple[Block, ...]:
    """Commands grouped by the mode they are entered in. A line that only opens a mode is left to what follows in it."""
    found: list[tuple[tuple[str, ...], list[str]]] = []
    commands = list(commands)
    for index, command in enumerate(commands):
        following = commands[index + 1] if index + 1 < len(commands) else None
        opened = (*command.path, command.line)
        if following is not None and following.path[: len(opened)] == opened and not command.payload:
            continue
        lines = [command.line, *command.payload.splitlines()]
        if found and found[-1][0] == command.path:
            found[-1][1].extend(lines)
        else:
            found.append((command.path, lines))
    return tuple(Block(path, tuple(lines)) for path, lines in found)


def typed(parts: Sequence[Block]) -> str:
    """The text of a file that does the same when it is copied to the running configuration."""
    return "".join(f"{line}\n" for block in parts for line in block.typed())
