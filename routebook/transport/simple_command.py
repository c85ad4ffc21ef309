"""Takes one simple command of a POSIX shell apart as the shell would; whatever is more than that is refused.

XCU section 2 (Shell Command Language): operators, expansions and quoting. What is sent later is made of the words that
were found here, each quoted, so a shell has nothing left to find in it.
"""

import shlex
from collections.abc import Sequence

from routebook.device.command_line import one_line
from routebook.device.errors import CommandRefusedError

# XCU 2.2: characters that mean something unless they are quoted; `[*?~{}!^` are those of patterns, tildes and history.
_SPECIAL = frozenset(";|&<>()$`\\#*?[]{}~!^")
_SPECIAL_IN_DOUBLE_QUOTES = frozenset("$`\\!")
_PATH = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"


def split(command: str) -> tuple[str, ...]:
    """The words of a simple command. Raises CommandRefusedError for operators, expansions and open quotes."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    for character in one_line(command):
        if quote:
            if character == quote:
                quote = ""
            elif quote == '"' and character in _SPECIAL_IN_DOUBLE_QUOTES:
                raise CommandRefusedError(f"has `{character}`, which a shell expands")
            elif word is not None:
                word.append(character)
        elif character in "'\"":
            quote, word = character, word or []
        elif character == " ":
            if word is not None:
                words.append("".join(word))
            word = None
        elif character in _SPECIAL:
            raise CommandRefusedError(f"has `{character}`, which is more than one simple command")
        else:
            word = word or []
            word.append(character)
    if quote:
        raise CommandRefusedError(f"has a {quote} that is not closed")
    if word is not None:
        words.append("".join(word))
    if "=" in words[0]:
        raise CommandRefusedError("sets a variable")
    return tuple(words)


def without_sudo(words: Sequence[str]) -> tuple[str, ...]:
    """The command that sudo is asked for; the words themselves where it is not. Of sudo's options only -n is taken."""
    if words[0] != "sudo":
        return tuple(words)
    rest = tuple(words[1:])
    if rest[:1] == ("-n",):
        rest = rest[1:]
    if rest[:1] == ("--",):
        rest = rest[1:]
    if not rest or rest[0].startswith("-") or "=" in rest[0] or rest[0] == "sudo":
        raise CommandRefusedError("uses sudo for something else than `sudo [-n] COMMAND`")
    return rest


def line_of(words: Sequence[str]) -> str:
    """What is sent for these words, whatever shell the account has: system programs are found, and nothing expands."""
    return f"sh -c {shlex.quote(f'{_PATH}; exec {shlex.join(words)}')}"


def line_of_script(text: str) -> str:
    """What is sent for a line that a shell may expand as it likes."""
    return f"sh -c {shlex.quote(f'{_PATH}; {text}')}"
