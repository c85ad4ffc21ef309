"""ASA's prompt: which text at the end of an output is it, and what it says about mode and failover state."""

import re

from msgspec import Struct

# `prompt` in the configuration chooses what is shown: hostname, priority, state, context, domain, slot …
_STATES = ("actNoFailover", "stbyNoFailover", "noFailover", "act", "stby", "pri", "sec")
_FIRST = re.compile(rb"(?:\A|[\r\n])([A-Za-z0-9_][^\s>#()]*)([>#]) ?\Z")
_REST = rb"(?:/[^\s/#>()]+)*"


class Prompt(Struct, frozen=True):
    """A host's prompt in all its modes. Exact in the host's name, so that a key which ends in # is not one."""

    host: bytes
    pattern: re.Pattern[bytes]  # anywhere at the begin of a line
    at_end: re.Pattern[bytes]

    @classmethod
    def of(cls, shown: bytes) -> "Prompt":
        """The prompt that `shown`, without mark and mode, is one form of."""
        first = shown.split(b"/")[0]
        name = re.escape(first)
        if first.decode("ascii", "replace") in _STATES:
            name = b"(?:" + b"|".join(state.encode() for state in _STATES) + b")"
        body = rb"(?P<body>" + name + _REST + rb")(?P<mode>\([A-Za-z0-9_-]+\))?(?P<mark>[>#]) ?"
        return cls(first, re.compile(rb"(?:\A|(?<=[\r\n]))" + body), re.compile(rb"(?:\A|(?<=[\r\n]))" + body + rb"\Z"))


def first_prompt(buffer: bytes) -> bytes | None:
    """What looks like a prompt at the end of a login's output: host and mark; a banner may look like one, too."""
    found = _FIRST.search(buffer[-300:])
    return found[1] + found[2] if found else None


def is_standby(body: bytes) -> bool:
    """Whether the prompt says that this is a pair's standby unit."""
    return any(part in (b"stby", b"stbyNoFailover") for part in body.split(b"/"))
