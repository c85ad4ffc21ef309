"""What a person types at a device's command line: which of it only reads, and what came of it."""

from collections.abc import Callable

from msgspec import Struct

from routebook.device.errors import CommandRefusedError


class Typed(Struct, frozen=True):
    """A command that was taken apart. `words` is what it means, one blank between two; `line` is what is sent."""

    words: str
    line: str


class Said(Struct, frozen=True):
    """A device's answer. `failed` is what the device says went wrong ("exit status 1"); empty if nothing."""

    output: str
    failed: str = ""


class CommandLine(Struct, frozen=True, kw_only=True):
    """What `routebook exec` needs of a platform.

    `reads` and `changes` take a command and whether what needs it is run by sudo. `reads` gives a command that only
    reads, `changes` any that is one line; both raise CommandRefusedError, whose message ends a sentence.
    `connection` is the "module:Class" of netmiko's connection to it, whose `send_command` gives a Said.
    """

    reads: Callable[[str, bool], Typed]
    changes: Callable[[str, bool], Typed]
    connection: str
    redact: Callable[[str], str]  # an answer without the secrets that stand in a configuration
    templates: str  # what ntc-templates calls the platform
    superusers: frozenset[str] = frozenset({"root"})  # logins that need no sudo


def one_line(command: str) -> str:
    """A command of one line of printable ASCII, without the blanks around it. Raises CommandRefusedError.

    A newline is a second command, a tab completes, `?` and Ctrl-V steer a terminal: none of it is typed anywhere.
    """
    if not (command.isascii() and command.isprintable()):
        raise CommandRefusedError(
            "has a character that is not printable ASCII, such as the newline of a second command"
        )
    text = command.strip(" ")
    if not text:
        raise CommandRefusedError("is empty")
    return text
