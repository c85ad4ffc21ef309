"""The one way in which a driver talks to a Linux host: a script, run as root, with exact output and exit status."""

from typing import Protocol, runtime_checkable

from msgspec import Struct

from routebook.transport.held import Held


class Result(Struct, frozen=True):
    """What a script printed and the exit status it ended with."""

    stdout: str
    stderr: str
    status: int


class Shell(Protocol):
    """Runs POSIX sh scripts on a host."""

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "a command") -> Result:
        """Run `script` by `sh` with the script on standard input, so that nothing of it is in a process list.

        The script's own commands have an empty standard input unless they redirect it. `timeout` is in
        seconds, for everything, however steadily an answer comes. `asked` is what errors call the script. Raises
        LostContactError when the connection breaks or the time is over, AnswerTooLongError for more than the host's
        limits allow, PrivilegeError when `root` was asked for and refused.
        """
        ...


@runtime_checkable
class HoldingShell(Protocol):
    """A shell that can also hold a program open."""

    def hold(self, program: str) -> Held | None:
        """Start a program as root, with its standard input open; None where that takes a password.

        Raises LostContactError.
        """
        ...
