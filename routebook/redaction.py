"""Keeps secrets out of everything that is shown or stored, in whichever form a program has written them."""

import base64
import html
import json
import shlex
import threading
import urllib.parse
from collections.abc import Iterator

REDACTED = "<secret>"


class Redactor:
    """Knows secrets, and takes them out of text. Safe to share by threads."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        """Take `value`, and the forms in which programs write it, out of all text from now on."""
        raw = value.encode()
        forms = {
            value,
            base64.b64encode(raw).decode(),
            raw.hex(),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            repr(value)[1:-1],
            shlex.quote(value),
            urllib.parse.quote(value, safe=""),
            *_in_xml(value),
        }
        with self._lock:
            known = {*self._values, *(form for form in forms if form)}
            self._values = tuple(sorted(known, key=len, reverse=True))  # a secret may contain another one

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for value in self._values:
            text = text.replace(value, REDACTED)
        return text

    def forget(self) -> None:
        """Know no secret any more."""
        with self._lock:
            self._values = ()


def _in_xml(value: str) -> Iterator[str]:
    """The spellings of a text in XML: quotes are left alone, or written in one of three ways."""
    text = html.escape(value, quote=False)
    yield text
    for double, single in (("&quot;", "&apos;"), ("&quot;", "&#039;"), ("&quot;", "&#x27;"), ("&#34;", "&#39;")):
        yield text.replace('"', double).replace("'", single)
        yield text.replace('"', double)


OF_THIS_PROCESS = Redactor()
"""Knows every secret that was resolved in this process; the gate asks it."""
