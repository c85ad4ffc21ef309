"""Sees whether there is traffic for a tunnel that is down, as a crypto map does: by looking at the packets."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

_ETH_P_ALL = 0x0003
_ETH_P_IP = 0x0800

Selector = tuple[str, str]


class Watch:
    """Looks at the namespace's IPv4 packets, but only while something is being looked for."""

    def __init__(self) -> None:
        self._wanted: Mapping[Selector, tuple[IPv4Network | IPv6Network, ...]] = {}
        self._socket: socket.socket | None = None
        self._found: asyncio.Queue[Selector] = asyncio.Queue()

    def look_for(self, wanted: Mapping[Selector, tuple[IPv4Network | IPv6Network, ...]]) -> None:
        """Look for packets from the first to the second network of each entry; nothing at all when there is none."""
        self._wanted = wanted
        if not wanted:
            self.close()
        elif self._socket is None:
            try:
                self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
            except PermissionError:
                return
            self._socket.setblocking(False)
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    async def seen(self) -> Selector:
        """The next entry for which there was a packet."""
        while not self._found.empty():
            self._found.get_nowait()
        return await self._found.get()

    def notice(self, source: str, target: str) -> None:
        """A packet that is known of otherwise: one that never reaches an interface."""
        for name, (local, remote) in self._wanted.items():
            if ip_address(source) in local and ip_address(target) in remote:
                self._found.put_nowait(name)

    def close(self) -> None:
        """Stop looking."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _read(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, address = self._socket.recvfrom(64)
                if address[1] != _ETH_P_IP or len(packet) < 20:
                    continue
                source, target = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
                self.notice(str(source), str(target))
