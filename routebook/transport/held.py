"""A program that is held open on a host: what it is asked goes to its standard input, one exchange after another."""

import select
import time

import paramiko

from routebook.device.errors import LostContactError
from routebook.device.limits import Limits
from routebook.transport.ssh_transport import send_all


class Held:
    """One program on a channel of its own, which ends when the channel does. `label` is what messages call the host."""

    def __init__(self, channel: paramiko.Channel, label: str, limits: Limits) -> None:
        self._channel = channel
        self._label = label
        self._limits = limits
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)

    def ask(self, text: str, mark: str, *, asked: str, timeout: float = 60.0) -> str:
        """What the program prints for `text` up to `mark`, which it prints at the end, with little after it.

        Raises LostContactError when the program or the connection has ended or the time is over, AnswerTooLongError for
        more than the host's limits allow; the program is not used any more then.
        """
        deadline = time.monotonic() + max(timeout, self._limits.seconds)
        try:
            return self._asked(text, mark.encode(), asked, deadline)
        except (paramiko.SSHException, OSError) as error:
            raise LostContactError(f"{self._label}: no answer to {asked}: {error or type(error).__name__}") from error

    def _asked(self, text: str, mark: bytes, asked: str, deadline: float) -> str:
        send_all(self._channel, text.encode("utf-8", "surrogateescape"), deadline)
        said = bytearray()
        lines = 0
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time is over")
            while self._channel.recv_ready():
                piece = self._channel.recv(65536)
                said += piece
                lines += piece.count(b"\n")
                self._limits.check(len(said), lines, self._label, asked)
                if mark in said[-len(piece) - len(mark) :]:
                    return said.decode("utf-8", "surrogateescape")
            while self._channel.recv_stderr_ready():
                self._channel.recv_stderr(65536)
            if self._channel.closed or self._channel.eof_received or self._channel.exit_status_ready():
                raise OSError("the program has ended")
            self._poll.poll(min(left, 1.0) * 1000)

    def close(self) -> None:
        """End the program."""
        self._channel.close()
