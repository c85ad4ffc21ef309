"""Paramiko's transport, taking no more from the other side than the protocol lets it send.

Paramiko accepts a packet's length up to 4 GiB, reads a greeting without end, and keeps whatever comes on a channel,
its window or not: a host that floods a connection while nobody reads would fill this machine's memory.
"""

import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.message import Message
from paramiko.packet import Packetizer

_MOST_PACKET = 256 * 1024  # bytes; OpenSSH's own limit (packet.c, PACKET_MAX_SIZE)
_MOST_GREETING = 64 * 1024  # bytes before and with the protocol's version (RFC 4253 section 4.2)
_SLACK = 64 * 1024  # bytes over the window that are not worth a quarrel

_GCM = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")  # RFC 5647

_BASE: Any = paramiko.Transport
_PACKETS: Any = Packetizer


class BoundedPacketizer(Packetizer):
    """Refuses packets and greetings that nobody needs."""

    _greeting = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """So many bytes. Raises SSHException where they are too many."""
        if n > _MOST_PACKET:
            raise paramiko.SSHException(f"it announces a packet of {n} bytes")
        found: bytes = _PACKETS.read_all(self, n, check_rekey)
        return found

    def _read_timeout(self, timeout: float) -> bytes:
        piece: bytes = _PACKETS._read_timeout(self, timeout)
        self._greeting += len(piece)
        if self._greeting > _MOST_GREETING:
            raise paramiko.SSHException(f"its greeting is longer than {_MOST_GREETING // 1024} KiB")
        return piece


def _within_window(feed: Callable[[Any, Message], None]) -> Callable[[Any, Message], None]:
    def fed(channel: Any, message: Message) -> None:
        feed(channel, message)
        # RFC 4254 section 5.2: what is not read yet is never more than the window.
        if len(channel.in_buffer) + len(channel.in_stderr_buffer) > channel.in_window_size + _SLACK:
            raise paramiko.SSHException("it sends more on a channel than it may")

    return fed


class BoundedTransport(paramiko.Transport):
    """A transport whose memory does not depend on the other side.

    AES-GCM is asked for first: paramiko compares any other cipher's MAC byte by byte in Python, for every packet.
    """

    _preferred_ciphers = (*_GCM, *(name for name in _BASE._preferred_ciphers if name not in _GCM))
    _channel_handler_table = {  # noqa: RUF012  as paramiko keeps it
        kind: _within_window(handle)
        if handle in (paramiko.Channel._feed, paramiko.Channel._feed_extended)  # type: ignore[attr-defined]
        else handle
        for kind, handle in _BASE._channel_handler_table.items()
    }

    def __init__(self, sock: Any) -> None:
        super().__init__(sock, packetizer_class=BoundedPacketizer)


def send_all(channel: paramiko.Channel, data: bytes, deadline: float) -> None:
    """Send everything before `deadline` on the monotonic clock; TimeoutError otherwise, however slowly it is taken."""
    sent = 0
    while sent < len(data):
        channel.settimeout(max(0.01, deadline - time.monotonic()))
        sent += channel.send(data[sent : sent + 65536])
        if sent < len(data) and time.monotonic() > deadline:
            raise TimeoutError
