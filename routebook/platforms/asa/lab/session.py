"""One session at the device's command line: modes, prompts, privilege, and what becomes of a typed line."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from routebook.platforms.asa.lab import filters, passwords
from routebook.platforms.asa.lab.configuration import GRAMMARS
from routebook.platforms.asa.lab.daemons import Daemons
from routebook.platforms.asa.lab.device import SYSTEM, Device, Space
from routebook.platforms.asa.lab.engine import Place
from routebook.platforms.asa.lab.grammar import Parsed, SyntaxRefusedError, farther, tokens
from routebook.platforms.asa.lab.modes import grammars
from routebook.platforms.asa.lab.terminal import HangUpError, Io, Silent, Terminal

EXEC = grammars("exec.grammar")
HANDLERS: "dict[str, Handler]" = {}

CALL_HOME = "call-home reporting anonymous"
STANDBY_WARNING = (
    "**** WARNING ****\n"
    "\tConfiguration Replication is NOT performed from Standby unit to Active unit.\n"
    "\tConfigurations are no longer synchronized."
)

_MODE_NAMES = {
    "config": "config", "if": "config-if", "router": "config-router", "af4": "config-router-af",
    "af6": "config-router-af", "route-map": "config-route-map", "object": "config-network-object",
    "object-group": "config-network-object-group", "ipsec-proposal": "config-ipsec-proposal",
    "ipsec-profile": "config-ipsec-profile", "ikev2-policy": "config-ikev2-policy",
    "ikev1-policy": "config-ikev1-policy", "group-policy": "config-group-policy",
    "tunnel-group-general": "config-tunnel-general", "tunnel-group-ipsec": "config-tunnel-ipsec",
    "applet": "config-applet", "policy-map": "config-pmap", "policy-class": "config-pmap-c",
    "context": "config-ctx", "opaque": "config-sub",
}  # fmt: skip


@dataclass
class Session:
    """A command line. `level` is the privilege level, `place` where it is in configuration mode, None outside."""

    device: Device
    daemons: Daemons
    io: Io
    user: str = ""
    level: int = 1
    context: str = SYSTEM
    place: Place | None = None
    pager: int | None = None
    history: list[str] = field(default_factory=list)
    login_time: float = field(default_factory=time.time)
    client: str = "-"  # where who is logged in comes from
    ended: bool = False

    @property
    def space(self) -> Space:
        """The configuration that the session works on."""
        return self.device.spaces[self.context]

    def prompt(self) -> str:
        """The prompt, as `prompt …` in the configuration wants it."""
        system = self.device.spaces[SYSTEM]
        wanted = system.configuration.root.first("prompt")
        words = wanted.text.split()[1:] if wanted is not None else ["hostname", "context"]
        failover = self.device.failover
        parts = []
        for word in words:
            if word == "hostname":
                parts.append(self.space.option("hostname") or self.device.settings.name)
            elif word == "context" and self.context != SYSTEM:
                parts.append(self.context)
            elif word == "priority" and failover is not None:
                parts.append("pri" if failover.unit == "primary" else "sec")
            elif word == "state":
                parts.append("noFailover" if failover is None else "act" if failover.state == "active" else "stby")
            elif word == "domain":
                parts.append(self.space.option("domain-name"))
        mode = ""
        if self.place is not None:
            mode = f"({_MODE_NAMES[self.space.engine.mode(self.place)]})"
        return "/".join(parts) + mode + ("# " if self.level > 1 else "> ")

    def page_length(self) -> int:
        """Lines of a page; 0 for no pager."""
        if self.pager is not None:
            return self.pager
        lines = self.device.spaces[SYSTEM].option("pager", "lines")
        return int(lines) if lines.isdigit() else 24

    async def run(self, terminal: Terminal) -> None:
        """Read and carry out lines until the session ends."""
        terminal.help, terminal.completion = self.help, self.complete
        try:
            while not self.ended:
                width = self.device.spaces[SYSTEM].option("terminal", "width")
                terminal.width = int(width) if width.isdigit() else 80
                line = await terminal.line("\r" + self.prompt(), commands=True)
                if self.device.settings.delay:
                    await asyncio.sleep(self.device.settings.delay)
                await self.execute(line)
        except HangUpError:
            return

    async def execute(self, line: str) -> None:
        """Carry out one line and show what the device answers."""
        line = line.strip("\r\n")
        if not line.strip() or line.lstrip().startswith(("!", ":")):
            return
        self.history = [*self.history[-19:], line.strip()]
        try:
            command, kind, expression = filters.split(line)
            answer = await self._dispatch(command, len(self.prompt()))
        except SyntaxRefusedError as error:
            self.io.write(error.answer + "\n")
            return
        if answer:
            await self.io.page(filters.apply(answer, kind, expression), self.page_length())

    async def _dispatch(self, line: str, offset: int) -> str:
        """Find whose command a line is: the mode's, the configuration's, or an exec command."""
        error: SyntaxRefusedError | None = None
        word = tokens(line)[0].text.lower()
        if self.place is not None:
            if word in ("exit", "quit", "end") or (word in ("ex", "exi", "en") and len(tokens(line)) == 1):
                if not self._leave(word):
                    await self.daemons.settle()  # on the device, what is configured counts by now
                return ""
            if not (word == "show" or word.startswith("sho")):
                try:
                    self.device.user_changes(self.space, self.user)
                    answer = self.space.engine.execute(line, self.place, offset=offset)
                    self.device.log.executed(self.user, line)
                    return answer
                except SyntaxRefusedError as refused:
                    error = refused
        try:
            parsed = self._exec(line, offset)
        except SyntaxRefusedError as refused:
            raise farther(error, refused) from None
        if not word.startswith("sh"):
            self.device.log.executed(self.user, line)
        return await HANDLERS[parsed.rule.name](self, parsed)

    def _exec(self, line: str, offset: int) -> Parsed:
        first: SyntaxRefusedError | None = None
        for mode in ("privileged", "user") if self.level > 1 else ("user",):
            try:
                return EXEC[mode].parse(line, offset=offset)
            except SyntaxRefusedError as error:
                first = error if first is None else farther(first, error)
        assert first is not None
        raise first

    def _leave(self, word: str) -> bool:
        """Go up or out; whether that is still in configuration mode."""
        assert self.place is not None
        if word in ("end", "en") or not self.place.path:
            self.place = None
            return False
        self.place.path.pop()
        return True

    def help(self, line: str) -> str:
        """What `?` shows."""
        found: dict[str, None] = {}
        error = None
        sources = [EXEC["user"]] + ([EXEC["privileged"]] if self.level > 1 else [])
        if self.place is not None:
            sources.insert(0, GRAMMARS["config"])
            if self.place.path:
                sources.insert(0, GRAMMARS[self.space.engine.mode(self.place)])
        for grammar in sources:
            try:
                found |= dict.fromkeys(word for word, _ in grammar.help(line.removeprefix("no ")))
            except SyntaxRefusedError as refused:
                error = error or refused
        if not found:
            return (
                error.answer if error is not None and "Invalid" not in error.answer else "ERROR: % Unrecognized command"
            )
        words = list(found)
        if line and not line.endswith(" "):
            return "  " + "  ".join(words)
        return "\n".join(f"  {word}" for word in words)

    def complete(self, line: str) -> str:
        """What Tab adds to a line."""
        words = [word for word in self.help(line).split() if word.isascii()] if line and not line.endswith(" ") else []
        typed = line.split()[-1] if words else ""
        matching = [word for word in words if word.startswith(typed)]
        return matching[0].removeprefix(typed) + " " if len(matching) == 1 else ""

    async def apply(self, text: str) -> list[str]:
        """Merge lines into the running configuration, as `copy … running-config` does; what the device says."""
        io = Silent()
        inner = Session(self.device, self.daemons, io, self.user, 15, self.context, Place())
        said = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith(("!", ":")):
                continue
            if line.startswith(("ASA Version", "Cryptochecksum")):
                continue
            io.shown = ""
            if inner.place is None:
                inner.place = Place()
            await inner.execute(line)
            if io.shown.strip():
                said.append(f'*** Output from config line {number}, "{line[:40].strip()}{"..." * (len(line) > 40)}"')
                said += io.shown.rstrip("\n").split("\n")
        return said

    def enable_password(self) -> str | None:
        """The stored enable password, None if nobody has set one."""
        line = self.device.spaces[SYSTEM].configuration.root.first("enable", "password")
        return line.words[2] if line is not None else None

    def authenticates(self, user: str, password: str) -> bool:
        """Whether a user of the configuration (or of the settings) has this password."""
        known = self.device.settings.users.get(user)
        if known is not None:
            return crypted(known, password) if known.startswith("$6$") else known == password
        line = self.device.spaces[SYSTEM].configuration.root.first("username", user, "password")
        return line is not None and stored_matches(line.words[3:], password)

    def privilege(self, user: str) -> int:
        """The privilege level that a user may have."""
        line = self.device.spaces[SYSTEM].configuration.root.first("username", user)
        if line is None:
            return 15
        words = line.words
        return int(words[words.index("privilege") + 1]) if "privilege" in words else 2


def crypted(stored: str, password: str) -> bool:
    """Whether a password is that of a SHA-512 hash of crypt(3)."""
    salt = stored.split("$")[2]
    shown = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"],
        input=password + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    return shown.stdout.strip() == stored


def stored_matches(words: tuple[str, ...], password: str) -> bool:
    """Whether a password is the one after `password` in a configuration line."""
    if len(words) > 1 and words[1] in ("pbkdf2", "encrypted", "nt-encrypted"):
        return passwords.matches(password, words[0])
    return words[0] == password


Handler = Callable[[Session, Parsed], Awaitable[str]]


def command(*names: str) -> Callable[[Handler], Handler]:
    """Make a function carry out the exec commands with these names."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register
