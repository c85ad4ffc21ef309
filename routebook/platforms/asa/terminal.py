"""An ASA's command line over one SSH channel: a line is sent, its answer is what comes until the exact prompt.

Nothing here sleeps. An exchange is over when the host's own prompt stands at the end of what came; the answer
belongs to the line because the line's echo stands at its begin. What does not fit is an error, never a guess.
"""

import re
import select
import time
from collections.abc import Mapping, Sequence

import paramiko

from routebook.device.errors import DriverError, LostContactError
from routebook.device.limits import QUIET, Limits
from routebook.platforms.asa.prompt import Prompt, first_prompt
from routebook.transport.ssh_transport import send_all

WIDTH = 40
"""The least columns after which ASA rewrites the echo of a line, with a `$`: `terminal width` of the configuration, 40
to 511 or none, 80 if nobody has set it (Cisco ASA command reference). Changing it would be a configuration change."""

# How long, in milliseconds, nothing may come after what looks like a question until it is one. A greeting is written by
# people, and a busy device pauses within it.
_PAUSE, _PAUSE_IN_GREETING = 1_000, 5_000

_PIECE = 2000  # bytes of lines sent ahead of their answers: less than any known input buffer of the device
_PAGER = b"<--- More --->"
_QUESTION = re.compile(
    rb"(?:\[confirm\]|\(yes/no\)\S*|\[[Yy]es/[Nn]o\]\S*|\[[Yy]/[Nn]\]\S*|\[Y\]es, \[N\]o, \[A\]sk later:|"
    rb"[Pp]assword:|[Uu]sername:|\[\S*\]\?|<--- More --->) ?\Z"
)
# What a device prints by itself, at any time: a failover pair's replication, the announcement of a reload.
_UNASKED = re.compile(
    rb"Beginning configuration replication: Sending to mate\.|End Configuration Replication to mate|\*{3}.*"
)
# A line that was sent ahead would be taken for the answer to a question; so these are sent alone.
_MAY_ASK = re.compile(r"(?:no |clear configure )?(?:crypto (?:ca|key)|failover|mode |all$|primary$|name-interface)")
_MAYBE = "the last command may or may not have been carried out"


class UnexpectedTextError(DriverError):
    """The device printed what was not expected; the connection is not used any more."""


class Terminal:
    """One interactive channel. `label` is what messages call the host."""

    def __init__(self, channel: paramiko.Channel, label: str, limits: Limits) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self._limits = limits
        self._exchange = "the login"
        self._size = self._lines = 0  # of what came since something was asked
        self._arrived = 0.0  # when anything came last, on the monotonic clock
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)
        self.label = label
        self.prompt: Prompt | None = None
        self.body = b""  # the last prompt's: host, and what else the configuration lets it show
        self.mode = ""  # "" in exec mode, else "config", "config-if" …
        self.privileged = False
        self._greeted = False  # whether an echo has shown that the greeting is over

    def greet(self, timeout: float) -> bytes:
        """Wait for what looks like a prompt; the first line's echo shows if it was one.

        Raises UnexpectedTextError on a question. A greeting may have such a line, and a packet may end with it.
        """
        deadline = time.monotonic() + timeout
        while (found := first_prompt(bytes(self._buffer))) is None:
            self._no_question((), deadline, _PAUSE_IN_GREETING)
            self._receive(deadline)
        greeting = bytes(self._buffer)
        self._buffer.clear()
        self.prompt, self.privileged = Prompt.of(found[:-1]), found.endswith(b"#")
        return greeting

    def run(self, line: str, *, timeout: float = 60.0, replies: Mapping[str, str] | None = None) -> str:
        """The answer to one line. `replies` answer the questions that are expected, each by the end of its text."""
        sent = dict(replies or {})
        deadline = self._ask(f"`{line}`", timeout)
        self._send(line + "\n", deadline)
        self._echo(line, deadline)
        answer = bytearray()
        while (end := self._ended()) is None:
            question = self._asked(sent)
            if question is not None:
                answer += self._buffer
                self._buffer.clear()
                self._send(sent[question] + "\n", deadline)
            else:
                self._no_question(sent, deadline)
                self._receive(deadline)
        answer += self._buffer[: end.start()]
        self._here(end)
        self._buffer.clear()
        return _text(bytes(answer))

    def change_to(self, context: str, *, timeout: float) -> str:
        """Enter a context, which has a host name, and so a prompt, of its own. What is answered besides."""
        deadline = self._ask(f"`changeto context {context}`", timeout)
        self._send(f"changeto context {context}\n", deadline)
        self._echo(f"changeto context {context}", deadline)
        own = re.compile(rb"(?:\A|[\r\n])([^\s>#()]+/" + re.escape(context.encode()) + rb")(?:/[^\s>#()]+)*# ?\Z")
        while (found := own.search(self._buffer[-400:])) is None:
            if self._ended() is not None:
                return self._rest()
            self._receive(deadline)
        self.prompt = Prompt.of(found[1])
        return self._rest()

    def _rest(self) -> str:
        end = self._ended()
        if end is None:
            raise UnexpectedTextError(f"{self.label} shows a prompt that is not understood; {_MAYBE}")
        said = _text(bytes(self._buffer[: end.start()]))
        self._here(end)
        self._buffer.clear()
        return said

    def configure(self, lines: Sequence[str], *, timeout: float = 60.0) -> list[str]:
        """The answer to each of `lines`, which are sent ahead in pieces: one exchange, not one per line."""
        answers: list[str] = []
        for piece in _pieces(lines):
            deadline = self._ask("configuration lines", timeout)
            self._send("".join(f"{line}\n" for line in piece), deadline)
            for number, line in enumerate(piece, 1):
                self._echo(line, deadline)
                answers.append(self._one_of_many(number == len(piece), deadline))
        return answers

    def ask_password(self, line: str, password: str, *, user: str, own: str, timeout: float) -> str:
        """Send `line`, which must ask for a password once. What came after it, to its prompt or next question.

        A device that asks for the user before it (`aaa authentication enable console`) wants `own`, the user's
        password, where there is no other.
        """
        deadline = self._ask(f"`{line}`", timeout)
        self._send(line + "\n", deadline)
        self._echo(line, deadline)
        said = b""
        asked = named = 0
        while (end := self._ended()) is None:
            if re.search(rb"[Uu]sername:\s*\Z", self._buffer[-80:]):
                named += 1
                said += bytes(self._buffer)
                if named > 1:
                    raise UnexpectedTextError(_text(said))
                self._buffer.clear()
                self._send(user + "\n", deadline)
                password = password or own
            elif re.search(rb"[Pp]assword:\s*\Z", self._buffer[-80:]):
                asked += 1
                said += bytes(self._buffer)
                # Asked again means refused. "The enable password is not set" asks for a new one.
                if asked > 1 or b"not set" in said or b"Enter  Password" in said or b"New" in said:
                    raise UnexpectedTextError(_text(said))
                self._buffer.clear()
                self._send(password + "\n", deadline)
            else:
                self._receive(deadline)
        said += bytes(self._buffer[: end.start()])
        self._here(end)
        self._buffer.clear()
        return _text(said)

    def _ask(self, what: str, timeout: float) -> float:
        """Begin an exchange: what comes from here on is the answer to `what`. Its deadline."""
        self._exchange, self._size, self._lines = what, 0, 0
        return time.monotonic() + max(timeout, self._limits.seconds)

    def _one_of_many(self, last: bool, deadline: float) -> str:
        begin = 0  # of the last line that may become a prompt; before it there is none
        while True:
            found = self._known().pattern.search(self._buffer, begin)
            if found is not None:
                self._not_asked(bytes(self._buffer[: found.start()]))
            # Before the last answer, the prompt's blank may still be on the way: it is not the next line's echo.
            end = self._ended() if last else found if found and found.end() < len(self._buffer) else None
            if end is not None:
                break
            if found is None:
                begin = max(0, self._buffer.rfind(b"\n"), self._buffer.rfind(b"\r"))
            self._no_question((), deadline)
            self._receive(deadline)
        answer = _text(bytes(self._buffer[: end.start()]))
        self._here(end)
        del self._buffer[: end.end()]
        return answer

    def _not_asked(self, answer: bytes) -> None:
        """Raise UnexpectedTextError for an answer with a question in it: what was sent ahead has answered that."""
        asked = next((line for line in answer.splitlines() if _QUESTION.search(line)), None)
        if asked is not None:
            said = asked.decode("utf-8", "replace").strip()
            raise UnexpectedTextError(f"{self.label} asked something that is not known: {said!r}; {_MAYBE}")

    def _known(self) -> Prompt:
        if self.prompt is None:
            raise LostContactError(f"{self.label}: the session is not open")
        return self.prompt

    def _ended(self) -> re.Match[bytes] | None:
        # A prompt is short; what is searched stays small however long the answer is.
        start = max(0, len(self._buffer) - 400)
        if not self._buffer.endswith((b"# ", b"> ", b"#", b">")):
            return None
        return self._known().at_end.search(self._buffer, start) if start == 0 else self._at_line(start)

    def _at_line(self, start: int) -> re.Match[bytes] | None:
        line = max(self._buffer.rfind(b"\n", start), self._buffer.rfind(b"\r", start))
        return self._known().at_end.search(self._buffer, line + 1) if line >= 0 else None

    def _here(self, end: re.Match[bytes]) -> None:
        self.body = end["body"]
        self.mode = (end["mode"] or b"").decode().strip("()")
        self.privileged = end["mark"] == b"#"

    def _echo(self, line: str, deadline: float) -> None:
        """Take the line's echo from what came. Raises UnexpectedTextError where something else stands."""
        wanted = line.encode("utf-8", "surrogateescape").rstrip()
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                self._receive(deadline)
                continue
            shown = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._is_echo(shown, wanted) or (not self._greeted and self._first_echo(shown, wanted)):
                self._greeted = True
                return
            if not self._greeted:
                continue
            rest = self._known().pattern.sub(b"", shown).strip()
            if rest and not _UNASKED.fullmatch(rest):
                raise UnexpectedTextError(
                    f"{self.label} printed something nobody asked for, so its answers cannot be separated; {_MAYBE}"
                )

    def _first_echo(self, shown: bytes, wanted: bytes) -> bool:
        """Whether a line is a prompt with the first line typed after it: that prompt is the host's."""
        before = shown.strip().removesuffix(wanted)
        found = first_prompt(before.strip()) if before != shown.strip() else None
        if found is None:
            return False
        self.prompt = Prompt.of(found[:-1])
        return True

    def _is_echo(self, shown: bytes, wanted: bytes) -> bool:
        plain = self._known().pattern.sub(b"", shown.replace(b"\b", b"")).strip()
        if plain == wanted.strip():
            return True
        # Longer than the terminal is wide: rewritten in place, with a $ at the cut. Only its begin can be compared.
        room = max(WIDTH - len(self.body) - len(self.mode) - 4, 8)
        begin = wanted.strip()[: min(8, room - 1)]
        return len(wanted) >= room - 8 and b"$" in shown and plain.startswith(begin)

    def _asked(self, replies: Mapping[str, str]) -> str | None:
        tail = bytes(self._buffer[-400:]).rstrip().decode("utf-8", "replace")
        return next((question for question in replies if tail.endswith(question)), None)

    def _no_question(self, expected: object, deadline: float, pause: int = _PAUSE) -> None:
        found = _QUESTION.search(self._buffer, max(0, len(self._buffer) - 200))
        if found is None:
            return
        if found[0].strip() == _PAGER:
            # The pager is off from the first exchange on; before it, only a greeting can be this long.
            self._send(" ", deadline)
            del self._buffer[found.start() :]
            return
        if expected and self._asked(expected if isinstance(expected, Mapping) else {}):
            return
        if self._poll.poll(min(pause, max(0, int((deadline - time.monotonic()) * 1000)))):
            return  # more has come: it was the end of a packet, not of what the device says
        tail = _text(bytes(self._buffer[-300:])).strip().splitlines()
        raise UnexpectedTextError(f"{self.label} asks something that is not known: {tail[-1].strip()!r}; {_MAYBE}")

    def _send(self, text: str, deadline: float) -> None:
        try:
            send_all(self._channel, text.encode("utf-8", "surrogateescape"), deadline)
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self, deadline: float) -> None:
        """Wait for more. Raises LostContactError when the deadline has passed, or the connection ends.

        AnswerTooLongError for more than the limits allow.
        """
        try:
            if time.monotonic() > deadline:
                # It goes on and on: a prompt that never comes, or another page after each.
                raise self._late()
            while not self._channel.recv_ready():
                if self._channel.closed or self._channel.eof_received or not self._channel.get_transport().is_active():
                    reason = self._channel.get_transport().get_exception() or "the other side closed it"
                    raise self._lost(EOFError(str(reason)))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._late()
                self._poll.poll(min(left, 1.0) * 1000)
            piece = self._channel.recv(262144)
            self._buffer += piece
            self._arrived = time.monotonic()
            self._size += len(piece)
            self._lines += piece.count(b"\n")
            self._limits.check(self._size, self._lines, self.label, self._exchange)
        except OSError as error:
            raise self._lost(error) from error

    def _late(self) -> LostContactError:
        if time.monotonic() - self._arrived < QUIET:
            return LostContactError(
                f"{self.label} had not finished its answer to {self._exchange} in time, with {self._size} bytes so "
                f"far; {_MAYBE}. If this device is so slow, raise optional_args answer_timeout (seconds)"
            )
        tail = _text(bytes(self._buffer[-200:])).strip().splitlines()[-1:]
        ended = "" if not tail or "key" in tail[0] or "assword" in tail[0] else f" after {tail[0][-60:]!r}"
        return LostContactError(f"{self.label} fell silent{ended}; {_MAYBE}")

    def _lost(self, error: Exception) -> LostContactError:
        return LostContactError(f"the connection to {self.label} broke: {error or type(error).__name__}; {_MAYBE}")


def _pieces(lines: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    size = 0
    alone = False
    for line in lines:
        asks = _MAY_ASK.match(line.strip()) is not None
        if pieces[-1] and (alone or asks or size + len(line) > _PIECE):
            pieces.append([])
            size = 0
        alone = asks
        pieces[-1].append(line)
        size += len(line) + 1
    return pieces if pieces[-1] else []


def _text(data: bytes) -> str:
    """Lines as a person reads them: one newline at each end, no carriage returns."""
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "")
