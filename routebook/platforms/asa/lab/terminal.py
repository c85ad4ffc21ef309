"""The device's side of a terminal: echo, line editing, the `$` of lines that are too long, and the pager.

The device echoes what fits between the prompt and the terminal width. When a line grows longer it shows `$` and the
end of it; after Return it shows the beginning again, with `$` at the end.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

MORE = "<--- More --->"


class HangUpError(Exception):
    """The other end has gone."""


class Io(Protocol):
    """Where a command line reads and writes."""

    interactive: bool

    def write(self, text: str) -> None:
        """Show text; lines end with a line feed."""

    async def ask(self, prompt: str, *, echo: bool = True) -> str:
        """What is typed after a prompt."""

    async def page(self, text: str, lines: int) -> None:
        """Show text a page at a time; 0 lines: all of it."""


class Terminal:
    """A person's or a program's terminal. `read` gives what was typed ("" at the end), `send` shows raw text."""

    interactive = True

    def __init__(self, read: Callable[[], Awaitable[str]], send: Callable[[str], None]) -> None:
        self._read = read
        self._send = send
        self._typed = ""
        self.width = 80
        self.history: list[str] = []
        self.help: Callable[[str], str] = lambda _: ""

    def write(self, text: str) -> None:
        """Show text."""
        self._send(text.replace("\n", "\r\n"))

    async def key(self) -> str:
        """The next character typed. Raises HangUpError."""
        while not self._typed:
            self._typed = await self._read()
            if not self._typed:
                raise HangUpError
        key, self._typed = self._typed[0], self._typed[1:]
        return key

    async def ask(self, prompt: str, *, echo: bool = True) -> str:
        """A line typed after a prompt."""
        return await self.line(prompt, echo="all" if echo else "none")

    async def line(self, prompt: str, *, echo: str = "all", commands: bool = False) -> str:
        """One line. `echo` is "all" or "none"; `commands` gives `?`, Tab and history. Raises HangUpError."""
        self._send(prompt.replace("\n", "\r\n"))
        area = _Area(self, len(prompt.rpartition("\n")[2].lstrip("\r")), echo != "none")
        recall = len(self.history)
        while True:
            key = await self.key()
            if key in "\r\n":
                if key == "\r" and self._typed.startswith(("\n", "\0")):
                    self._typed = self._typed[1:]
                area.close()
                text = area.text
                if commands and text.strip():
                    self.history = [*self.history[-19:], text]
                return text
            if key == "\x03":
                self._send("\r\n")
                return ""
            if key in "\x7f\b":
                area.erase(1)
            elif key == "\x15":
                area.erase(len(area.text))
            elif key == "\x17":
                area.erase(len(area.text) - len(area.text.rstrip().rpartition(" ")[0]))
            elif key == "\x1a" and commands:
                area.close()
                return "end"
            elif key == "\x1b":
                recall = await self._escape(area, recall) if commands else recall
            elif key == "\x12":
                self._send("\r\n" + prompt + area.text)
            elif key == "?" and commands and area.text.count('"') % 2 == 0:
                self._send("?\r\n" + self.help(area.text).replace("\n", "\r\n") + "\r\n" + prompt)
                area.redraw()
            elif key == "\t" and commands:
                area.append(self.completion(area.text))
            elif key >= " ":
                area.append(key)

    completion: Callable[[str], str] = staticmethod(lambda _: "")

    async def _escape(self, area: "_Area", recall: int) -> int:
        if await self.key() != "[":
            return recall
        key = await self.key()
        step = {"A": -1, "B": 1}.get(key, 0)
        recall = min(max(recall + step, 0), len(self.history))
        if step:
            area.erase(len(area.text))
            area.append(self.history[recall] if recall < len(self.history) else "")
        return recall

    def raw(self, text: str) -> None:
        """Show text as it is."""
        self._send(text)

    async def page(self, text: str, lines: int) -> None:
        """Show text; after each page wait for a key: space for a page, Return for a line, q to stop."""
        if not text:
            return
        rows = text.removesuffix("\n").split("\n")
        if lines <= 0 or len(rows) < lines:
            self._send("".join(f"{row}\r\n" for row in rows))
            return
        shown = lines - 1
        self._send("".join(f"{row}\r\n" for row in rows[:shown]))
        while shown < len(rows):
            self._send(MORE)
            key = await self.key()
            self._send("\r" + " " * len(MORE) + "\r")
            if key in "qQ\x03":
                return
            step = 1 if key in "\r\n" else lines - 1
            self._send("".join(f"{row}\r\n" for row in rows[shown : shown + step]))
            shown += step


class _Area:
    """The part of a line between the prompt and the terminal's width."""

    def __init__(self, terminal: Terminal, prompt: int, echo: bool) -> None:
        self._terminal = terminal
        self._echo = echo
        self._room = max(terminal.width - prompt - 1, 8) if terminal.width else 1 << 30
        self.text = ""
        self._first = 0  # of the characters shown
        self._shown = 0  # columns used

    def append(self, text: str) -> None:
        for character in text:
            self.text += character
            if not self._echo:
                continue
            if self._shown < self._room:
                self._terminal.raw(character)
                self._shown += 1
                continue
            tail = self._room * 2 // 5
            blanks = self._room - tail - 1
            shown = "$" + self.text[-tail:]
            self._terminal.raw("\b" * self._shown + shown + " " * blanks + "\b" * blanks)
            self._first, self._shown = len(self.text) - tail, tail + 1

    def erase(self, count: int) -> None:
        for _ in range(min(count, len(self.text))):
            self.text = self.text[:-1]
            if self._echo and self._shown > (1 if self._first else 0):
                self._terminal.raw("\b \b")
                self._shown -= 1

    def redraw(self) -> None:
        text, self.text, self._first, self._shown = self.text, "", 0, 0
        self.append(text)

    def close(self) -> None:
        if self._echo and self._first:
            self._terminal.raw("\b" * self._shown + self.text[: self._room - 1] + "$")
        self._terminal.raw("\r\n")


class Silent:
    """No terminal: what an applet's command, or a line of a copied file, runs on. Collects what is shown."""

    interactive = False

    def __init__(self) -> None:
        self.shown = ""

    def write(self, text: str) -> None:
        """Keep text."""
        self.shown += text

    async def ask(self, prompt: str, *, echo: bool = True) -> str:  # noqa: ARG002  nothing is echoed
        """Nobody answers: the device then takes what it offers."""
        self.shown += prompt + "\n"
        return ""

    async def page(self, text: str, lines: int) -> None:  # noqa: ARG002  it has no pages
        """Keep text."""
        if text:
            self.shown += text.removesuffix("\n") + "\n"
