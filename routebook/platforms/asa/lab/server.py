"""The SSH server in front of the command line: logins, terminals and SCP to flash."""

import asyncio
import contextlib
import logging
import os
import sys

import asyncssh

from routebook.platforms.asa.lab import eem
from routebook.platforms.asa.lab.daemons import Daemons
from routebook.platforms.asa.lab.device import SYSTEM, Device
from routebook.platforms.asa.lab.session import Session
from routebook.platforms.asa.lab.settings import Settings
from routebook.platforms.asa.lab.terminal import HangUpError, Terminal

log = logging.getLogger(__name__)

SESSIONS = 5  # that a context of the device serves at a time
IDLE = 5  # minutes after which it ends one, unless `ssh timeout` says otherwise

# What releases before 9.1(2) offer, and nothing else.
LEGACY = {
    "kex_algs": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"],
    "encryption_algs": ["aes128-cbc", "aes256-cbc", "3des-cbc"],
    "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}


class Login(asyncssh.SSHServer):
    """One connection: who logs in, with a password or (as with `ssh authentication publickey`) with a key."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002  asyncssh's name
        """Everybody has to say who it is."""
        return True

    def public_key_auth_supported(self) -> bool:
        """The device takes keys, of the users that have one."""
        return bool(self._server.settings.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key is a user's."""
        known = self._server.settings.authorized_keys.get(username, "")
        return any(asyncssh.import_public_key(line) == key for line in known.splitlines() if line.strip())

    def password_auth_supported(self) -> bool:
        """The device takes passwords."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Whether user and password are those of the configuration."""
        # A slow hash, in its own thread as not to hold up other sessions.
        session = self._server.session(username)
        return await asyncio.to_thread(session.authenticates, username, password)


class Flash(asyncssh.SFTPServer):
    """The flash as SCP sees it: `disk0:/name`, `flash:name` or plain names."""

    device: Device

    def map_path(self, path: bytes) -> bytes:
        """The file behind a name on flash."""
        found = self.device.path(path.decode(errors="replace"))
        if found is None:
            raise asyncssh.SFTPNoSuchFile(path.decode(errors="replace"))
        return os.fsencode(found)


class Server:
    """One lab ASA's server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.device = Device(settings)
        self.daemons = Daemons(self.device)
        self.events = eem.attach(self.device, self.daemons)
        self.reloading = asyncio.Event()
        self.device.on_reload = self.reloading.set
        self._open = 0

    def session(self, user: str) -> Session:
        """A session that nobody uses yet."""
        context = self.settings.contexts[0] if self.settings.contexts else SYSTEM
        return Session(self.device, self.daemons, _Nothing(), user, context=context)

    async def run(self) -> None:
        """Serve until the device reloads."""
        await self.daemons.start()
        on_change = self.device.on_change

        def changed(space: str) -> None:
            on_change(space)
            self.events.follow()

        self.device.on_change = changed
        self.events.follow()
        await self.daemons.settle()
        flash = type("FlashOfDevice", (Flash,), {"device": self.device})
        listener = await asyncssh.create_server(
            lambda: Login(self), self.settings.listen, self.settings.port,
            server_host_keys=self._host_keys(), process_factory=self._serve, sftp_factory=flash, allow_scp=True,
            line_editor=False, encoding="utf-8", errors="replace", agent_forwarding=False, x11_forwarding=False,
            server_version="Cisco-1.25", login_timeout=60, tcp_keepalive=True,
            **(LEGACY if self.settings.legacy_ssh else {"kex_algs": "+diffie-hellman-group14-sha1"}),
        )  # fmt: skip
        log.warning("listening on %s port %d", self.settings.listen, listener.get_port())
        (self.settings.state / "port").write_text(str(listener.get_port()))
        await self.reloading.wait()
        listener.close()
        await self.daemons.stop()

    def _host_keys(self) -> list[asyncssh.SSHKey]:
        path = self.settings.host_key or self.settings.state / "host_key"
        if not path.exists():
            legacy = self.settings.legacy_ssh
            key = (
                asyncssh.generate_private_key("ssh-rsa", key_size=2048)
                if legacy
                else asyncssh.generate_private_key("ssh-ed25519")
            )
            path.touch(mode=0o600)
            path.write_bytes(key.export_private_key())
        return [asyncssh.read_private_key(path)]

    async def _serve(self, process: asyncssh.SSHServerProcess[str]) -> None:
        if process.command is not None or process.subsystem is not None:
            process.stderr.write("exec is not supported\n")
            process.exit(1)
            return
        if self._open >= SESSIONS:
            process.exit(1)
            return
        self._open += 1
        user = process.get_extra_info("username")
        session = self.session(user)
        session.client = process.get_extra_info("peername")[0]
        root = self.device.spaces[SYSTEM].configuration.root
        authorization = root.first("aaa", "authorization", "exec")
        if authorization is not None and "auto-enable" in authorization.words and session.privilege(user) == 15:
            session.level = 15

        async def read() -> str:
            minutes = float(session.space.option("ssh", "timeout") or IDLE)
            with contextlib.suppress(asyncssh.BreakReceived, asyncssh.SignalReceived, asyncssh.TerminalSizeChanged):
                async with asyncio.timeout(minutes * self.settings.minute):
                    return await process.stdin.read(4096)
            return "\0"

        terminal = Terminal(read, lambda text: process.stdout.write(text))
        session.io = terminal
        try:
            self._greet(session, terminal)
            await session.run(terminal)
        except (HangUpError, BrokenPipeError, ConnectionError, asyncssh.Error):
            pass
        except TimeoutError:
            process.get_extra_info("connection").abort()  # its line may be cut, and then it hears nothing
        finally:
            self._open -= 1
            process.exit(0)

    def _greet(self, session: Session, terminal: Terminal) -> None:
        for line in self.device.spaces[SYSTEM].configuration.root.find("banner"):
            if line.words[1] in ("motd", "exec"):
                terminal.write(line.text.partition(f"banner {line.words[1]}")[2][1:] + "\n")
        terminal.write(f"User {session.user} logged in to {session.space.option('hostname')}\n")
        terminal.write("Logins over the last 1 days: 1.  \nFailed logins since the last login: 0.  \n")
        terminal.write("Type help or '?' for a list of available commands.\n")


class _Nothing:
    """The terminal of a session that has none yet."""

    interactive = False

    def write(self, text: str) -> None:
        """Nothing is shown."""

    async def ask(self, prompt: str, *, echo: bool = True) -> str:  # noqa: ARG002  nobody sees it
        """Nobody answers."""
        return ""

    async def page(self, text: str, lines: int) -> None:
        """Nothing is shown."""


def serve(settings: Settings, argv: list[str]) -> None:
    """Serve, and start anew whenever the device reloads; `argv` is this program's command line."""
    server = Server(settings)
    asyncio.run(server.run())
    sys.stdout.flush()
    os.execv(sys.executable, argv)  # noqa: S606  itself, without a shell
