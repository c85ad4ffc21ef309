"""Keeps secrets out of everything that is shown or stored, in whichever form a program has written them."""

import re
import threading
from collections.abc import Iterator

from routebook.redaction import spellings
from routebook.redaction.spellings import Needle, Reading

REDACTED = "<secret>"
SHORTEST = 6
"""Characters of the shortest secret that is looked for everywhere.

A shorter one would be found by chance: `no` in `nothing`. It is taken out only where it stands as a word of its own.
"""

_SIGNS = 3  # characters of a secret that may be found beside letters if it begins or ends with a sign
_DEEPEST = 2  # escapes of escapes are undone, too, but not those of something encoded
_ROUNDS = 4  # that a text is looked through at most; a second one finds what only became a secret by the first


class Redactor:
    """Knows secrets, and takes them out of text. Safe to share by threads.

    It takes about 0.8 s for 1 MB of text, however many secrets there are: each place of the text is looked up in a
    table of how secrets begin.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Know no secret any more."""
        with self._lock:
            self._literal, self._hexadecimal, self._base64 = _Index(), _Index(), _Index()
            self._words: tuple[str, ...] = ()
            self._word: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """Take `value`, and the forms in which programs write it, out of all text from now on."""
        if not value.strip():
            return
        with self._lock:
            if len(value) < SHORTEST:
                self._add_word(value)
                return
            for form in spellings.literal(value):
                self._literal.add(Needle(form))
            for raw in spellings.encoded(value):
                if len(raw) >= SHORTEST:
                    self._hexadecimal.add(Needle(spellings.hexadecimal(raw)))
                    for needle in spellings.base64(raw):
                        self._base64.add(needle)

    def _add_word(self, value: str) -> None:
        forms = spellings.literal(value) | spellings.escaped(value)
        self._words = tuple(sorted({*self._words, *forms}, key=len, reverse=True))
        self._word = re.compile("|".join(map(_as_word, self._words)))

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for _ in range(_ROUNDS):
            spans = _merged(self._found(text), text)
            if not spans:
                break
            pieces, done = [], 0
            for start, end in spans:
                pieces += [text[done:start], REDACTED]
                done = end
            text = "".join([*pieces, text[done:]])
        return text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets are in a text, in no order."""
        if self._word is not None:
            for match in self._word.finditer(text):
                yield match.span()
        if not self._literal:
            return
        reach = max(self._literal.longest, self._hexadecimal.longest, self._base64.longest)
        for depth, reading in spellings.readings(text, reach):
            for each in spellings.joined(reading):
                yield from self._literal.found(each)
            if depth < _DEEPEST:
                for part in spellings.hexadecimal_parts(reading):
                    yield from self._hexadecimal.found(part)
                for part in spellings.base64_parts(reading):
                    yield from self._base64.found(part)


def _as_word(value: str) -> str:
    """A pattern that finds a value where it is not a part of a longer word."""
    # Marks of an encoding belong to it.
    begin = r"(?<![^\W_])(?:0[sx])?" if value[0].isalnum() or len(value) < _SIGNS else ""
    end = r"(?![^\W_])" if value[-1].isalnum() or len(value) < _SIGNS else ""
    return begin + re.escape(value) + end


class _Index:
    """Needles by their first characters."""

    def __init__(self) -> None:
        self._by_start: dict[str, tuple[Needle, ...]] = {}
        self.longest = 0

    def __bool__(self) -> bool:
        return bool(self._by_start)

    def add(self, needle: Needle) -> None:
        start = needle.text[:SHORTEST]
        if len(start) == SHORTEST and needle not in self._by_start.get(start, ()):
            self._by_start[start] = (*self._by_start.get(start, ()), needle)
            self.longest = max(self.longest, len(needle.text))

    def found(self, reading: Reading) -> Iterator[tuple[int, int]]:
        """Where needles are, in the original text."""
        text, known = reading.text, self._by_start
        for at in [at for at in range(len(text) - SHORTEST + 1) if text[at : at + SHORTEST] in known]:
            for needle in known[text[at : at + SHORTEST]]:
                if text.startswith(needle.text, at):
                    begin, end = at, at + len(needle.text)
                    if needle.before and spellings.is_base64(text[begin - 1 : begin]):
                        begin -= 1
                    if needle.after and spellings.is_base64(text[end : end + 1]):
                        end += 1
                    yield reading.origin(begin, end)


def _merged(found: Iterator[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """The spans in order, as one where they overlap, and those of placeholders that they overlap with them.

    What lies within a placeholder is none: a secret that is a part of the word `secret` would never come to an end.
    """
    size = len(REDACTED)
    spans = [(start, end) for start, end in found if text.find(REDACTED, max(end - size, 0), start + size) < 0]
    if not spans:
        return []
    placeholders = [match.span() for match in re.finditer(re.escape(REDACTED), text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted([*spans, *placeholders]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


OF_THIS_PROCESS = Redactor()
"""Knows every secret that was resolved in this process; the gate asks it."""
