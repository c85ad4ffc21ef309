"""Which commands of FRR's own command line only read, and how vtysh is asked for them.

FRR's grammar knows no shell: `;`, `>` and `&` mean nothing to it, and `|` knows one word, `include`
(handle_pipe_action() in lib/command.c). They are refused all the same, as who types them expects a shell. Words may be
shortened where they stay unique: `sh` and `sho` are `show` in every mode. Nothing that begins with `show` changes
anything. Of vtysh's options only -c is taken: -b, -f and -w load or write configurations, -H and -m write files (main()
in vtysh/vtysh_main.c).
"""

import re
from collections.abc import Sequence

from routebook.device.command_line import one_line
from routebook.device.errors import CommandRefusedError

OPTIONS = ("-H", "/dev/null")  # or each call is written to ~/.history_frr
_SHOW = re.compile(r"(sh|sho|show) [^ ].*")
_FILTER = re.compile(r" *include +[^ ].*")
_REFUSED = re.compile(r"[;&<>`\\?]|\$\(")


def begins(command: str) -> bool:
    """Whether a command is one of FRR's rather than a program's: its first word is `show`, however short."""
    return command.strip(" ").partition(" ")[0] in ("sh", "sho", "show") and not command.strip(" ").startswith("sh -")


def checked(command: str) -> str:
    """A command of FRR's that only reads, one blank between two words. Raises CommandRefusedError."""
    text = re.sub(" +", " ", one_line(command))
    asked, bar, rest = text.partition("|")
    if not _SHOW.fullmatch(asked):
        raise CommandRefusedError(f"asks FRR for `{text}`, which is no `show`")
    if found := _REFUSED.search(text):
        raise CommandRefusedError(f"has `{found[0]}`, which is no part of a `show` of FRR's")
    if bar and (not _FILTER.fullmatch(rest) or "|" in rest):
        raise CommandRefusedError("has a `|` that is not FRR's `| include TEXT`")
    return text


def arguments(words: Sequence[str]) -> tuple[str, ...]:
    """The arguments of a vtysh that only reads. Raises CommandRefusedError."""
    commands = list(words)
    found: list[str] = []
    while commands:
        option = commands.pop(0)
        if option not in ("-c", "--command") or not commands:
            raise CommandRefusedError("calls vtysh for something else than -c 'show …'")
        found += ["-c", checked(commands.pop(0))]
    if not found:
        raise CommandRefusedError("opens vtysh; write vtysh -c 'show …', or the `show …` alone")
    return tuple(found)


def failed(output: str) -> bool:
    """Whether vtysh took none of what it was asked: it answers with lines that begin with `% ` alone."""
    lines = [line for line in output.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith("% ") for line in lines)
