"""netmiko's connection to a host whose command line is a shell, without the shell: each command has its exec channel.

So an answer is exact and has an exit status, no prompt has to be guessed in what a device prints, no menu and no shell
of the account stands in between, and nothing is written to a shell's history. Logging in is netmiko's.
"""

import time
from threading import Event
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection

from routebook.device.command_line import Said
from routebook.device.errors import ConnectionFailedError, LostContactError
from routebook.device.limits import Limits
from routebook.transport.ssh_transport import BoundedTransport

_PIECE = 65536  # bytes
_LOOK = 0.2  # seconds after which an interrupt is looked for
_QUICK = 0.005  # seconds between two looks for what comes on both streams


def bounded(sock: Any, **_: Any) -> BoundedTransport:
    """A transport whose memory does not depend on the other side, in place of paramiko's own."""
    return BoundedTransport(sock)


class _Client(paramiko.SSHClient):
    """A client whose `shell` is a channel on which nothing was started."""

    def invoke_shell(self, *_: Any, **__: Any) -> paramiko.Channel:
        transport = self.get_transport()
        if transport is None:
            raise paramiko.SSHException("the connection is gone")
        return transport.open_session()


class ExecChannel(BaseConnection):
    """A connection of netmiko's that starts no shell."""

    def _get_ssh_client_instance(self) -> paramiko.SSHClient:
        return _Client()

    def _connect_params_dict(self) -> dict[str, Any]:
        return {**super()._connect_params_dict(), "transport_factory": bounded}

    def _try_session_preparation(self, force_data: bool = True) -> None:
        del force_data  # nobody would take the Enter that netmiko types first
        super()._try_session_preparation(force_data=False)

    def session_preparation(self) -> None:
        """Nothing: there is no session."""

    def send_command(  # type: ignore[override]  # the rest of netmiko's arguments is about prompts
        self,
        command_string: str,
        *,
        read_timeout: float = 30.0,
        limits: Limits | None = None,
        stop: Event | None = None,
        **_: Any,
    ) -> Said:
        """Run a command and wait for its end, for at most `read_timeout` seconds.

        What it prints is its answer; what it complains of is that of a command that fails or prints nothing. Raises
        LostContactError when the time is over, the connection breaks, or `stop` is set, and AnswerTooLongError.
        """
        limits, host = limits or Limits(), str(self.host)
        deadline = time.monotonic() + read_timeout
        client = self.remote_conn_pre
        if client is None or (transport := client.get_transport()) is None:
            raise LostContactError(f"{host}: the connection is closed")
        try:
            channel = transport.open_session(timeout=read_timeout)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise ConnectionFailedError(f"{host} starts no command: {error}") from error
        try:
            channel.exec_command(command_string)
            channel.shutdown_write()
            output, complaint = _answer(channel, deadline, limits, host, stop)
            while not channel.exit_status_ready():
                if time.monotonic() > deadline or not transport.is_active():
                    raise LostContactError(f"{host} does not say how the command ended")
                time.sleep(_QUICK)
            status = channel.recv_exit_status()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise LostContactError(f"{host}: the connection broke: {error}") from error
        finally:
            channel.close()
        said, complained = _text(output), _text(complaint)
        if status == 0:
            return Said(said or complained)
        ended = f"exit status {status}" if status > 0 else "it ended without an exit status"
        return Said(said + complained, ended)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\r\n", "\n")


def _answer(
    channel: paramiko.Channel, deadline: float, limits: Limits, host: str, stop: Event | None
) -> tuple[bytes, bytes]:
    """All that comes on both streams until their end."""
    streams = (bytearray(), bytearray())
    lines, ended = 0, False
    while not ended:
        left = deadline - time.monotonic()
        if left <= 0:
            raise LostContactError(f"{host} has not finished its answer in time")
        if stop is not None and stop.is_set():
            raise LostContactError(f"{host}: interrupted before its answer was there")
        channel.settimeout(min(left, _LOOK))
        pieces = [b"", b""]
        try:
            pieces[0] = channel.recv(_PIECE)
            ended = not pieces[0]
        except TimeoutError:
            pass
        while channel.recv_stderr_ready() and len(pieces[1]) < _PIECE:
            pieces[1] += channel.recv_stderr(_PIECE)
        for stream, piece in zip(streams, pieces, strict=True):
            stream += piece
            lines += piece.count(b"\n")
        limits.check(sum(map(len, streams)), lines, host, "the command")
    return bytes(streams[0]), bytes(streams[1])
