"""The device behind the prompt: its configurations, flash, timers, and the daemons that it drives."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from routebook.platforms.asa.lab import semantics
from routebook.platforms.asa.lab.configuration import Configuration
from routebook.platforms.asa.lab.engine import Engine
from routebook.platforms.asa.lab.settings import Failover, Settings
from routebook.platforms.asa.lab.syslog import Log

SYSTEM = ""  # the name of the only configuration in single mode, and of the system space in multiple mode


@dataclass(slots=True)
class Written:
    """Who changed the configuration last, and when (seconds since the epoch)."""

    user: str = "enable_15"
    at: float = 0.0


@dataclass(slots=True)
class Space:
    """One configuration with its engine: the device's own, or a context's."""

    name: str
    configuration: Configuration
    engine: Engine
    written: Written = field(default_factory=Written)

    def option(self, *words: str) -> str:
        """The last word of the first line that begins so, "" if there is none."""
        line = self.configuration.root.first(*words)
        return line.words[-1] if line is not None else ""


class Device:
    """One lab ASA."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.started = time.time()
        self.disk = settings.state / "disk0"
        self.disk.mkdir(parents=True, exist_ok=True)
        settings.state.chmod(0o700)
        self.spaces: dict[str, Space] = {}
        self.on_change: Callable[[str], None] = lambda _: None
        self.on_reload: Callable[[], None] = lambda: None
        self.reload_at: float | None = None
        self._reload_timer: asyncio.TimerHandle | None = None
        self.call_home_pending = settings.call_home_question
        self.sessions: list[str] = []
        self.log = Log()
        for name in (SYSTEM, *settings.contexts):
            self._boot(name)

    @property
    def multiple(self) -> bool:
        """Whether the device is in multiple context mode."""
        return bool(self.settings.contexts)

    @property
    def release(self) -> tuple[int, int]:
        """The release that runs there."""
        return self.settings.release

    def has_interface(self, name: str) -> bool:
        """Whether there is such a physical interface."""
        return name in self.settings.interfaces

    def startup_path(self, space: str) -> Path:
        """Where a space's startup configuration is kept."""
        return self.settings.state / (f"startup-config-{space}" if space else "startup-config")

    def _boot(self, name: str) -> None:
        configuration = Configuration()
        space = Space(name, configuration, Engine(configuration, self))
        path = self.startup_path(name)
        if not path.exists() and name == SYSTEM and self.settings.startup is not None:
            write_private(path, self.settings.startup.read_text())
        if path.exists():
            configuration.load(path.read_text())
        else:
            configuration.load(self._factory(name))
        for line in configuration.root.children:
            if line.rule.name in ("enable", "username"):  # written by hand, with plain passwords
                line.parsed, _ = semantics.before(line.parsed, configuration.root, configuration, self)
        self.spaces[name] = space
        configuration.changed = lambda: self._changed(space)

    def _factory(self, name: str) -> str:
        lines = [f"hostname {name or self.settings.name}", "names", "!"]
        if name == SYSTEM and self.multiple:
            for number, context in enumerate(self.settings.contexts):
                lines += [f"admin-context {context}"] * (number == 0)
                lines += [f"context {context}", f"  config-url disk0:/{context}.cfg", "!"]
        if name or not self.multiple:
            for interface in self.settings.interfaces:
                lines += [f"interface {interface}", " shutdown", "!"]
        return "\n".join([*lines, "pager lines 24"]) + "\n"

    def _changed(self, space: Space) -> None:
        space.written.at = time.time()
        self.on_change(space.name)

    def user_changes(self, space: Space, user: str) -> None:
        """Note who is at work."""
        space.written.user = user or "enable_15"

    def rendered(self, space: Space, *, masked: bool) -> str:
        """The running configuration as the device shows it."""
        configuration = space.configuration
        header = [": Saved", "", ": "]
        if space.name:
            header = [": Saved", ":"]
        else:
            header += [f": Serial Number: {self.settings.serial}",
                       f": Hardware:   {self.settings.model}, 2048 MB RAM, CPU Xeon 5500 series 2294 MHz"]  # fmt: skip
            header.append(":")
        label = " <system>" if self.multiple and not space.name else " <context>" if space.name else " "
        body = [f"ASA Version {self.settings.version}{label}", *configuration.lines(masked)]
        if not space.name and not self.multiple and configuration.root.first("prompt") is None:
            body.append("prompt hostname context ")
        return "\n".join([*header, *body, f"Cryptochecksum:{self.checksum(space).replace(' ', '')}", ": end"])

    def checksum(self, space: Space) -> str:
        """The checksum of the running configuration, in four groups."""
        text = "\n".join(space.configuration.lines(masked=False))
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return " ".join(digest[at : at + 8] for at in range(0, 32, 8))

    def save(self, space: Space) -> int:
        """Make the running configuration the startup configuration; how many bytes that are."""
        stamp = time.strftime("%H:%M:%S.000 UTC %a %b %-d %Y", time.gmtime())
        body = self.rendered(space, masked=False).split("\n")
        body[1:2] = [f": Written by {space.written.user} at {stamp}"]
        text = "\n".join(body) + "\n"
        write_private(self.startup_path(space.name), text)
        return len(text)

    def path(self, name: str) -> Path | None:
        """The file on flash that `disk0:/x`, `flash:x` or `x` names, None if the name is no file on flash."""
        for prefix in ("disk0:", "flash:"):
            if name.startswith(prefix):
                name = name.removeprefix(prefix)
                break
        else:
            if ":" in name:
                return None
        parts = [part for part in name.split("/") if part]
        if any(part in ("..", ".") for part in parts):
            return None
        return self.disk.joinpath(*parts)

    def schedule_reload(self, seconds: float) -> None:
        """Reload after this many seconds."""
        self.cancel_reload()
        self.reload_at = time.time() + seconds
        self._reload_timer = asyncio.get_running_loop().call_later(seconds, self.on_reload)

    def cancel_reload(self) -> bool:
        """Forget a planned reload. True if there was one."""
        if self._reload_timer is None:
            return False
        self._reload_timer.cancel()
        self._reload_timer = None
        self.reload_at = None
        return True

    @property
    def failover(self) -> Failover | None:
        """The pair as this unit sees it now. Its state is what the file `unit` says, where somebody wrote one."""
        ours, said = self.settings.failover, self.settings.state / "unit"
        if ours is None or not said.exists():
            return ours
        return replace(ours, state="active" if said.read_text().strip() == "active" else "standby")

    def mate(self) -> str:
        """What the failover mate's state is, from the file `mate`; "Standby Ready" if nobody wrote one."""
        try:
            return (self.settings.state / "mate").read_text().strip()
        except FileNotFoundError:
            ours = self.failover
            return "Standby Ready" if ours is None or ours.state == "active" else "Active"


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
