"""netmiko's connection to an ASA, which enters no configuration mode and takes an answer from echo to prompt.

netmiko's own sets `terminal width` by `configure terminal` when it logs in, which changes the configuration, and takes
the first place at which a prompt's text stands for the end of an answer (session_preparation() in cisco_asa_ssh.py,
send_command() in base_connection.py).
"""

import re
import time
from threading import Event
from typing import Any

from netmiko.cisco.cisco_asa_ssh import CiscoAsaSSH
from netmiko.exceptions import ReadException

from routebook.device.command_line import Said
from routebook.device.errors import ConnectionFailedError, LostContactError
from routebook.device.limits import Limits
from routebook.transport.exec_channel import bounded

_ANY_PROMPT = r"[\w.\-/]{1,128}(?:\([\w.\-]+\))?[>#] ?\Z"
_ERROR = re.compile(r"^(?:ERROR: |% ?(?:Invalid|Incomplete|Ambiguous)|Command authorization failed).*", re.MULTILINE)
_ECHOED = 40  # characters of a line that stand in its echo as they were typed, whatever the width
_WAIT = 0.01  # seconds between two looks


class TypedSession(CiscoAsaSSH):
    """A session in privileged mode. Its `base_prompt` is the host's, without `#` and mode."""

    def _connect_params_dict(self) -> dict[str, Any]:
        return {**super()._connect_params_dict(), "transport_factory": bounded}

    def _try_session_preparation(self, force_data: bool = True) -> None:
        del force_data  # an Enter would bring a second prompt, and each answer would be the one before
        super()._try_session_preparation(force_data=False)

    def session_preparation(self) -> None:
        """Learn the prompt, enter privileged mode, and let this session's answers come without pauses."""
        greeting = self._until(re.compile(rf"(?:^|[\r\n]){_ANY_PROMPT}"), 10.0)
        self.base_prompt: str = re.split(r"[>#(]", re.split(r"[\r\n]", greeting)[-1])[0]
        if greeting.rstrip().endswith(">"):
            self._exchange("enable", re.compile(r"(?i)password: ?\Z"), 10.0)
            self._exchange(self.secret.strip(), self._prompt("#"), 10.0)
        self._exchange("terminal pager 0", self._prompt("#"), 10.0)

    def send_command(  # type: ignore[override]  # it gives what the device says of it, too
        self,
        command_string: str,
        *,
        read_timeout: float = 30.0,
        limits: Limits | None = None,
        stop: Event | None = None,
        **_: Any,
    ) -> Said:
        """Type a command and wait for the prompt, for at most `read_timeout` seconds.

        Raises LostContactError when the time is over, the connection breaks, or `stop` is set, and AnswerTooLongError.
        """
        said: str = self._exchange(command_string, self._prompt(">#"), read_timeout, limits, stop)
        if not said.startswith(command_string[:_ECHOED]):
            raise LostContactError(f"{self.host} answers something else than it was asked")
        # The echo is the first line, with a `$` in it where it is wider than the terminal; the prompt is the last.
        output = said.partition("\n")[2].rpartition("\n")[0]
        errors = _ERROR.findall(output)
        return Said(f"{output}\n" if output else "", errors[-1] if errors else "")

    def cleanup(self, command: str = "exit") -> None:
        """Log out."""
        self.write_channel(command + self.RETURN)

    def _prompt(self, ends: str) -> re.Pattern[str]:
        return re.compile(rf"(?:^|\n){re.escape(self.base_prompt)}(?:\([\w.\-]+\))?[{ends}] ?\Z")

    def _exchange(
        self,
        line: str,
        end: re.Pattern[str],
        seconds: float,
        limits: Limits | None = None,
        stop: Event | None = None,
    ) -> str:
        self.write_channel(line + self.RETURN)
        return self._until(end, seconds, limits, stop)

    def _until(
        self, end: re.Pattern[str], seconds: float, limits: Limits | None = None, stop: Event | None = None
    ) -> str:
        """What comes until `end` stands at its end."""
        limits, host = limits or Limits(), str(self.host)
        deadline = time.monotonic() + seconds
        pieces: list[str] = []
        size = lines = 0
        tail = ""
        while time.monotonic() < deadline:
            if stop is not None and stop.is_set():
                raise LostContactError(f"{host}: interrupted before its answer was there")
            try:
                piece = self.read_channel()
            except (ReadException, OSError, EOFError) as error:
                raise LostContactError(f"{host}: the connection broke: {' '.join(str(error).split())}") from error
            if not piece:
                time.sleep(_WAIT)
                continue
            pieces.append(piece)
            size, lines = size + len(piece), lines + piece.count("\n")
            limits.check(size, lines, host, "the command")
            tail = (tail + piece)[-512:]  # longer than any prompt
            if end.search(tail):
                return "".join(pieces).replace("\r", "")
        if tail:
            raise LostContactError(f"{host} has not finished its answer in time; a question of its own ends none")
        raise ConnectionFailedError(f"{host} answers nothing")
