"""An SSH server on loopback that answers what a test wants: a device that nobody should believe."""

import asyncio
import base64
import contextlib
import json
import logging
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh

Process = asyncssh.SSHServerProcess[bytes]
Play = Callable[[Process], Awaitable[None]]


class _Login(asyncssh.SSHServer):
    """Lets anybody in."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.add(conn)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002  asyncssh's name
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002  asyncssh's names
        return True


class Stranger:
    """`play` is what a session does. `known_hosts` has the server's key."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, play: Play, address: str = host) -> None:
        for name in ("asyncssh", "asyncio"):  # what becomes of connections that are cut on purpose
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.host = address
        self._play = play
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.get_port()
        self.known_hosts = folder / f"known_hosts.{self.port}"
        self.known_hosts.write_text(f"[{address}]:{self.port} {self._key.export_public_key().decode()}")

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Login(self._connections),
            self.host,
            0,
            server_host_keys=[self._key],
            process_factory=self._session,
            encoding=None,
            line_editor=False,
        )

    async def _session(self, process: Process) -> None:
        with contextlib.suppress(asyncssh.Error, OSError):
            await self._play(process)
            process.exit(0)

    def close(self) -> None:
        """Stop at once."""

        async def stop() -> None:
            self._server.close()
            for connection in self._connections:
                connection.abort()
            await asyncio.gather(*(each.wait_closed() for each in self._connections))
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@contextlib.contextmanager
def stranger(folder: Path, play: Play) -> Iterator[Stranger]:
    """A server for as long as the context lasts."""
    found = Stranger(folder, play)
    try:
        yield found
    finally:
        found.close()


async def script_of(process: Process) -> tuple[str, bytes]:
    """What a script's start prints so that its output begins (an exec channel's), and the whole script."""
    script = await process.stdin.read()
    token = next(line for line in script.splitlines() if line.startswith(b"printf")).split()[-1].decode()
    return token, script


def request_in(script: bytes) -> dict[str, Any]:
    """What a pfSense's program is asked for."""
    found = re.search(rb"\$routebook_encoded = '([^']+)'", script)
    request: dict[str, Any] = json.loads(base64.b64decode(found[1])) if found else {}
    return request


def php_answer(request: dict[str, Any], result: object) -> str:
    """How the program gives its result."""
    encoded = base64.b64encode(json.dumps({"ok": True, "result": result}).encode()).decode()
    return f"{request['token']} {encoded}\n"
