"""Keeps FRR, charon and the namespace's interfaces at what the running configuration says, and reads their state."""

import asyncio
import contextlib
import logging
import re
import tempfile
import time
from ipaddress import ip_network
from pathlib import Path

from msgspec.structs import replace

from routebook.platforms.asa.lab import frr, links, swan
from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.device import Device
from routebook.platforms.asa.lab.nudge import Nudge
from routebook.platforms.asa.lab.processes import Message, ProgramError, parse_pretty, run, vtysh_json
from routebook.platforms.asa.lab.releases import default_group
from routebook.platforms.asa.lab.traffic import Watch

log = logging.getLogger(__name__)

LINK_DEADLINE = 10.0  # seconds until FRR must have noticed a new device
_LOG_TAIL = 4000  # lines
RETRY = 3.0  # seconds between two looks for tunnels that are to be up and are not


class Daemons:
    """The real parts of one lab ASA."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.enabled = device.settings.daemons
        self.kernel = False
        self.connections: list[swan.Connection] = []
        self._frr: frr.Translation = {}
        self._rendered: dict[str, str] = {}
        self._links_made = links.Links()
        self._dirty = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._watch = Watch()
        self._nudge = Nudge()

    @property
    def root(self) -> Line:
        """The configuration that the daemons run."""
        return self.device.spaces[self.device.settings.daemon_context].configuration.root

    def devices(self) -> dict[str, str]:
        """The namespace's device of each named interface."""
        found = {}
        for interface in self.root.find("interface"):
            named = interface.first("nameif")
            linux = self.linux_name(interface.words[1])
            if named is not None and linux:
                found[named.words[1]] = linux
        return found

    def linux_name(self, name: str) -> str:
        """The namespace's device of one of the device's interfaces, "" if it has none."""
        if name.startswith("Tunnel"):
            return name.lower()
        return self.device.settings.interfaces.get(name, "")

    def logged(self, path: Path) -> list[str]:
        """The last lines of a daemon's log."""
        return path.read_text(errors="replace").splitlines()[-_LOG_TAIL:] if self.enabled and path.exists() else []

    def ends(self) -> dict[str, tuple[str, str]]:
        """The local and the remote address of each connection."""
        return {each.name: (each.local, each.peer) for each in self.connections}

    async def start(self) -> None:
        """Bring the daemons to the startup configuration and keep them there."""
        if not self.enabled:
            return
        self.kernel = self._links_made.kernel = await self._has_vti()
        await self._forget_everything()
        self.device.on_change = lambda space: self.mark() if space == self.device.settings.daemon_context else None
        self.mark()
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._bring_up())]

    async def stop(self) -> None:
        """End what runs in the background."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._watch.close()

    def mark(self) -> None:
        """Note that the configuration has changed."""
        self._settled.clear()
        self._dirty.set()

    async def settle(self) -> None:
        """Wait until the daemons have what is configured."""
        if self.enabled:
            await self._settled.wait()

    async def _has_vti(self) -> bool:
        wanted = self.device.settings.data_plane
        if wanted != "auto":
            return wanted == "kernel"
        ends = ("local", "127.0.0.1", "remote", "127.0.0.2", "key", "1")
        try:
            await run("ip", "link", "add", "vtiprobe", "type", "vti", *ends)
        except ProgramError:
            return False
        await run("ip", "link", "delete", "vtiprobe", check=False)
        return True

    async def _forget_everything(self) -> None:
        """What a reboot does: no session and no tunnel outlives it."""
        shown = await run("ip", "-brief", "link", "show", check=False)
        tunnels = [line.split()[0].partition("@")[0] for line in shown.splitlines() if re.match(r"tunnel\d+[ @]", line)]
        await self._ip([f"link delete {name}" for name in tunnels])
        shown = await run("ip", "rule", "show", check=False)
        held = [line for line in shown.splitlines() if line.startswith(f"{links.HOLD}:")]
        await self._ip([f"rule delete priority {links.HOLD}"] * len(held))
        shown = await run("vtysh", "-c", "show running-config", check=False)
        kept = ("router bgp ", "route-map ", "bgp ", "ip prefix-list", "ipv6 prefix-list", "ip route ")
        heads = [line for line in shown.splitlines() if line.startswith(kept)]
        heads.sort(key=lambda line: not line.startswith("router bgp"))
        await self._vtysh([f"no {line}" for line in heads])
        for name in {each.get("name", "") for each in await self.sas()} - {""}:
            await run("swanctl", "--terminate", "--ike", str(name), "--force", check=False)

    async def _keep(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._links()
                await self._routing()
                await self._tunnels()
            except ProgramError as error:
                log.error("%s", error)
            if not self._dirty.is_set():
                self._settled.set()

    async def _vtysh(self, lines: list[str]) -> None:
        if not lines:
            return
        # A file, not a pipe: FRR 10's vtysh has each daemon's lines sent by a process that reads all of it.
        with tempfile.NamedTemporaryFile("w", prefix="lab-asa-", suffix=".conf") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            await self._load(file.name)

    async def _load(self, file: str) -> None:
        try:
            shown = await run("vtysh", "-f", file)
        except ProgramError as error:
            log.error("FRR does not take everything: %s", error)
        else:
            if shown.strip():
                log.warning("FRR says: %s", shown.strip())

    async def _routing(self) -> None:
        wanted = frr.translate(self.root, self.devices(), self.device.settings.connect_retry)
        lines = frr.commands(self._frr, wanted)
        self._frr = wanted
        await self._vtysh(lines)

    async def _links(self) -> None:
        names = self.device.settings.interfaces
        wanted = links.wanted(self.root, names, self.kernel)
        made, given = self._links_made.change(wanted)
        await self._ip(made)
        if any(line.startswith("link add ") for line in made):
            await self._seen_by_frr(set(wanted))
        await self._ip(given)

    async def _seen_by_frr(self, names: set[str]) -> None:
        """Wait until zebra knows the devices: it loses an address that it hears of before its device (FRR 8.4)."""
        deadline = time.monotonic() + LINK_DEADLINE
        while not names <= (await vtysh_json("show interface brief")).keys():
            if time.monotonic() > deadline:
                log.warning("zebra does not know all of %s", ", ".join(sorted(names)))
                return
            await asyncio.sleep(0.05)

    async def _ip(self, lines: list[str]) -> None:
        if lines:
            await run("ip", "-force", "-batch", "-", stdin="\n".join(lines) + "\n", check=False)

    async def _tunnels(self) -> None:
        wanted = swan.connections(
            self.root, self.device.settings.carried, self.kernel, default_group(self.device.release)
        )
        await self._ip(self._links_made.hold_back({flow for each in wanted for flow in each.flows()}))
        rendered = {each.name: each.render() for each in wanted}
        text = swan.render(wanted)
        path = self.device.settings.swanctl_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text)
        await run("swanctl", "--load-all", "--noprompt", "--clear", "--file", str(path))
        for name, old in self._rendered.items():
            if rendered.get(name) != old:
                await run("swanctl", "--terminate", "--ike", name, "--force", "--timeout", "2", check=False)
        self._rendered, self.connections = rendered, wanted

    async def sas(self) -> list[Message]:
        """Every IKE SA that charon has, with its name."""
        try:
            shown = await run("swanctl", "--list-sas", "--pretty", deadline=10)
        except ProgramError:
            return []
        found: list[Message] = []
        for title, message in parse_pretty(shown):
            if title == "list-sa event":
                for name, value in message.items():
                    if isinstance(value, dict):
                        found.append({**value, "name": name})
        return found

    async def _bring_up(self) -> None:
        """VTIs come up by themselves, and try again for ever; crypto maps when there is traffic for them."""
        childless: set[str] = set()
        while True:
            await self.settle()
            sas = await self.sas()
            # A peer that refused the child leaves an IKE SA alone behind. Seen twice, it is not one in the making.
            before, childless = childless, {str(each["name"]) for each in sas if not each.get("child-sas")}
            busy = {str(each["name"]) for each in sas} - (before & childless)
            up = {str(each["name"]).lower() for each in sas if each.get("child-sas")}
            await self._ip(self._links_made.carry(up))
            if up:
                await self._nudge.look(self.root)
            waiting = [each for each in self.connections if each.initiate and each.name not in busy]
            for connection in waiting:
                if not connection.on_demand:
                    await self.initiate(connection)
            demanded = [each for each in waiting if each.on_demand]
            self._watch.look_for(
                {
                    (each.name, child.name): (*map(ip_network, (child.local[0], child.remote[0])),)
                    for each in demanded for child in each.children
                }
            )  # fmt: skip
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    name, child = await self._watch.seen()
                    for connection in demanded:
                        if connection.name == name:
                            only = [each for each in connection.children if each.name == child]
                            await self.initiate(replace(connection, children=tuple(only)))

    def interesting(self, source: str, target: str) -> None:
        """Say that there is traffic that the device itself sends."""
        self._watch.notice(source, target)

    async def initiate(self, connection: swan.Connection) -> None:
        """Ask charon to bring a tunnel up; it goes on by itself."""
        for child in connection.children:
            command = ("swanctl", "--initiate", "--ike", connection.name, "--child", child.name)
            with contextlib.suppress(ProgramError):
                await run(*command, "--timeout", "1", check=False, deadline=10)
