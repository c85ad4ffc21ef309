"""A vtysh that is held open for many looks: starting one takes 40 ms of CPU of the host, an answer of it 1 ms.

It is no terminal: commands are lines on its standard input, whose echo stands before each answer.
"""

import uuid
from collections.abc import Sequence
from itertools import pairwise

from routebook.device.errors import DriverError
from routebook.transport.held import Held
from routebook.transport.shell import HoldingShell, Shell

_VTYSH = "env VTYSH_HISTFILE=/dev/null vtysh"  # or it appends what it is asked to ~/.history_frr

_TIMEOUT = 20.0  # seconds, after which the same is asked of one that is started


class HeldVtysh:
    """Starts at the first question, and again after whatever went wrong. Raises DriverError; then ask otherwise."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._held: Held | None = None

    def ask(self, commands: Sequence[str]) -> list[str]:
        """The answer to each command, an error's words as well."""
        try:
            return self._answers(commands)
        except DriverError:
            self.close()
            raise

    def close(self) -> None:
        """End it."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _answers(self, commands: Sequence[str]) -> list[str]:
        if self._held is None:
            self._held = self._shell.hold(_VTYSH) if isinstance(self._shell, HoldingShell) else None
        if self._held is None:
            raise DriverError("no vtysh can be held open there")
        token = f"routebook-{uuid.uuid4().hex}"  # which is no command: vtysh says so when it has come to it
        said = self._held.ask(
            "\n".join([*commands, token, ""]), f"Unknown command: {token}", asked=f"`{commands[0]}`", timeout=_TIMEOUT
        )
        return taken_apart(said, [*commands, token])


def taken_apart(said: str, lines: Sequence[str]) -> list[str]:
    """What stands between the echoes of `lines`, without the prompts. Raises DriverError where one is missing."""
    said = said.replace("\r", "")
    begins, at = [], 0
    for line in lines:
        begin = said.find(f"{line}\n", at)
        if begin < 0:
            raise DriverError("vtysh's answer has no echo of what it was asked")
        at = begin + len(line) + 1
        begins.append((begin, at))
    found = []
    for (_, after), (before, _) in pairwise(begins):
        answer = said[after:before]
        found.append(answer[: answer.rfind("\n") + 1])  # the prompt of the next line is not of it
    return found
