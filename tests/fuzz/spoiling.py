"""How a malicious device spoils an honest answer. A kind that is `FATAL` leaves nothing that could be understood."""

import json
import random
from collections.abc import Callable
from typing import Any

MARKUP = ["[/x]", "[bold red]", "[link=http://x]", "[/]", "[[", "\\[", "{0}", "%s"]
ESCAPES = [
    "\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\x1bc", "\x9b2J", "\x1b]52;c;b3duZWQ=\x07",
    "\x1b]8;;http://x\x1b\\", "\r\x1b[1A",
    "\u202e", "\u2066", "\u200b", "\x08" * 30, "\x07", "\x00", "\x7f", "\u2028", "\ufeff",
]  # fmt: skip
WRONG: list[Any] = [
    None, True, -1, 1.5, 10**30, "", "x" * 300, [], [1], {}, {"x": {}}, "\udcff", "[/x]\x1b[2J", "\u202egnp",
    "9" * 5000,
]  # fmt: skip
LOCK = {"run_id": "20261130-000000-abcdef", "holder": "h", "taken": 1.0, "expires": 2.0, "decided": []}

Spoil = Callable[[bytes, random.Random], bytes]


def _inserted(words: list[str]) -> Spoil:
    def spoil(answer: bytes, dice: random.Random) -> bytes:
        for _ in range(dice.randint(1, 6)):
            at = dice.randint(0, len(answer))
            answer = answer[:at] + dice.choice(words).encode() + answer[at:]
        return answer

    return spoil


def _flipped(answer: bytes, dice: random.Random) -> bytes:
    changed = bytearray(answer)
    for _ in range(dice.randint(1, 12)):
        if changed:
            at = dice.randrange(len(changed))
            match dice.randrange(3):
                case 0:
                    changed[at] = dice.randrange(256)
                case 1:
                    del changed[at : at + dice.randint(1, 40)]
                case _:
                    changed[at:at] = dice.randbytes(dice.randint(1, 8))
    return bytes(changed)


def _cut(answer: bytes, dice: random.Random) -> bytes:
    return answer[: dice.randint(0, max(0, len(answer) - 1))]


def _twice(answer: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(answer))
    return answer[:at] + answer


def _lines(answer: bytes, dice: random.Random) -> bytes:
    lines = answer.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def _types(answer: bytes, dice: random.Random) -> bytes:
    """A value of another type somewhere in each piece of JSON; what is no JSON stays."""
    pieces, text = [], answer.decode("utf-8", "surrogateescape")
    for line in text.splitlines(keepends=True):
        try:
            value = json.loads(line)
        except ValueError:
            pieces.append(line)
        else:
            pieces.append(json.dumps(wrong_somewhere(value, dice)) + "\n")
    return "".join(pieces).encode("utf-8", "surrogateescape")


def wrong_somewhere(value: Any, dice: random.Random) -> Any:
    """The value with one of its parts replaced."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        return {**value, key: wrong_somewhere(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        return [*value[:at], wrong_somewhere(value[at], dice), *value[at + 1 :]]
    return dice.choice(WRONG)


def _records(answer: bytes, dice: random.Random) -> bytes:
    """Locks and pending changes where there are none, of any type."""
    if answer.strip():
        return answer
    return dice.choice(
        [
            f"20261130-000000-abcdef\n{json.dumps(wrong_somewhere(LOCK, dice))}\n",
            f"live {dice.choice(['20261130-000000-abcdef', '../x', ''])} {dice.choice(['armed', 'zz', ''])} "
            f"{dice.choice(['5', '-1', '9' * 30, 'x', ''])} [/x]\x1b[2J\n",
            "ended x y z\nended\nlive\n",
            "\n" * 5000,
            "x\n" + "[" * 200_000,
        ]
    ).encode()


def _bomb(answer: bytes, dice: random.Random) -> bytes:
    del answer
    return dice.choice(
        [
            b"[" * 300_000,
            b'{"a":' * 200_000,
            b"[" + b"[]," * 300_000 + b"]",
            b'"' + b"\\" * 500_000,
            b" " * 500_000 + b"x",
        ]
    )


def _garbage(answer: bytes, dice: random.Random) -> bytes:
    del answer
    return dice.randbytes(dice.randint(20, 5000))


KINDS: dict[str, Spoil] = {
    "honest": lambda answer, _: answer,
    "markup": _inserted(MARKUP),
    "escapes": _inserted(ESCAPES),
    "flipped": _flipped,
    "cut": _cut,
    "twice": _twice,
    "lines": _lines,
    "types": _types,
    "records": _records,
    "errors": lambda _, dice: (dice.choice(MARKUP) + dice.choice(ESCAPES) + "failed\n").encode(),
    "bomb": _bomb,
    "garbage": _garbage,
    "endless": lambda answer, _: answer,
    "closed": lambda answer, _: answer,
}
FATAL = ("bomb", "garbage", "endless", "closed", "errors")
