"""Which commands of an ASA only read. `cli` of the driver and `routebook exec` run these and no others.

Cisco's command reference: after `|` a `show` takes `include`, `exclude`, `begin` and `grep`, which read, and
`redirect`, `append` and `tee`, which write files; each may be shortened ("Filtering show command output" in its
guide). `show tech-support file` writes a file as well. `show` itself may be `sh` or `sho`.
"""

import re

from routebook.device.command_line import CommandLine, Typed, one_line
from routebook.device.errors import CommandRefusedError
from routebook.platforms.asa.config.redaction import redact

_FILTERS = ("include", "exclude", "begin", "grep")
_READING = re.compile(
    r"(?:show|sho|sh) [^ ].*|more system:running-config|more (?:disk\d|flash):[\w./-]+|dir(?: [\w:./-]+)?"
    r"|(?:ping|traceroute) [\w.:-]+(?: [\w.:-]+)*"
)
_REPEATED = re.compile(r" re\w* (\d+)")
_MOST_ECHOES = 100
_TECH = re.compile(r"(?:show|sho|sh) te\S*(?: \S+)* f\S*(?: .*)?")
_REFUSED = re.compile(r"[;&<>`?]|\$\(")

ALLOWED = "show, more, dir, ping and traceroute"


def reading(command: str) -> str:
    """A command that only reads, one blank between two words. Raises CommandRefusedError."""
    text = " ".join(one_line(command).split())
    asked, bar, rest = text.partition("|")
    asked = asked.strip()
    if not _READING.fullmatch(asked):
        raise CommandRefusedError(f"is not one of the commands that only read: {ALLOWED}")
    if found := _REFUSED.search(text):
        raise CommandRefusedError(f"has `{found[0]}`, which is no part of a command that only reads")
    if _TECH.fullmatch(asked):
        raise CommandRefusedError("writes a file")
    if any(int(times) > _MOST_ECHOES for times in _REPEATED.findall(asked)):
        raise CommandRefusedError(f"sends more than {_MOST_ECHOES} packets")
    if not bar:
        return asked
    word, _, pattern = rest.strip().partition(" ")
    if not word or not any(each.startswith(word.lower()) for each in _FILTERS) or not pattern or "|" in pattern:
        raise CommandRefusedError("has a `|` with something else than include, exclude, begin or grep and a pattern")
    return f"{asked} | {word} {pattern}"


def read(command: str, sudo: bool) -> Typed:
    """What `exec` sends for a command that only reads."""
    del sudo
    text = reading(command)
    return Typed(text, text)


def change(command: str, sudo: bool) -> Typed:
    """What `exec --write` sends: the line as it is."""
    del sudo
    text = one_line(command)
    return Typed(text, text)


COMMAND_LINE = CommandLine(
    reads=read,
    changes=change,
    connection="routebook.platforms.asa.typed_session:TypedSession",
    redact=redact,
    templates="cisco_asa",
)
