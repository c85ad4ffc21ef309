"""Keeps FRR, charon and the namespace's interfaces at what the running configuration says, and reads their state."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from ipaddress import IPv4Interface, ip_interface, ip_network

from lab.asa import frr, swan
from lab.asa.configuration import Line
from lab.asa.device import Device
from lab.asa.processes import Message, ProgramError, parse_pretty, run
from lab.asa.traffic import Watch

log = logging.getLogger(__name__)

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
        self._addresses: dict[str, set[str]] = {}
        self._carriers: dict[str, str] = {}
        self._dirty = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._watch = Watch()

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

    async def start(self) -> None:
        """Bring the daemons to the startup configuration and keep them there."""
        if not self.enabled:
            return
        self.kernel = await self._has_vti()
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
        try:
            await run(
                "ip", "link", "add", "vtiprobe", "type", "vti", "local", "127.0.0.1", "remote", "127.0.0.2", "key", "1"
            )
        except ProgramError:
            return False
        await run("ip", "link", "delete", "vtiprobe", check=False)
        return True

    async def _forget_everything(self) -> None:
        """What a reboot does: no session and no tunnel outlives it."""
        shown = await run("vtysh", "-c", "show running-config", check=False)
        heads = [line for line in shown.splitlines() if line.startswith(("router bgp ", "route-map ", "bgp "))]
        heads += [
            line for line in shown.splitlines() if line.startswith(("ip prefix-list", "ipv6 prefix-list", "ip route "))
        ]
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
        shown = await run("vtysh", "-f", "/dev/stdin", stdin="\n".join(lines) + "\n", check=False)
        if shown.strip():
            log.warning("FRR says: %s", shown.strip())

    async def _routing(self) -> None:
        wanted = frr.translate(self.root, self.devices(), {}, self.device.settings.connect_retry)
        lines = frr.commands(self._frr, wanted)
        self._frr = wanted
        await self._vtysh(lines)

    async def _links(self) -> None:
        """Give the interfaces their addresses; tunnel interfaces are made and removed."""
        wanted: dict[str, set[str]] = {}
        for interface in self.root.find("interface"):
            linux = self.linux_name(interface.words[1])
            address = interface.first("ip", "address")
            if not linux or interface.first("shutdown") is not None:
                continue
            found = wanted.setdefault(linux, set())
            if address is not None and len(address.values) > 1:
                found.add(IPv4Interface(f"{address.values[0]}/{address.values[1]}").with_prefixlen)
            found |= {each.values[0] for each in interface.find("ipv6", "address") if "/" in each.values[0]}
        for linux in self._addresses.keys() - wanted.keys():
            if linux.startswith("tunnel"):
                await run("ip", "link", "delete", linux, check=False)
            else:
                for address in self._addresses[linux]:
                    await run("ip", "address", "delete", address, "dev", linux, check=False)
        for linux, addresses in wanted.items():
            if linux.startswith("tunnel") and linux not in self._addresses:
                await self._make_tunnel(linux)
            await run("ip", "link", "set", linux, "up", check=False)
            for each in self._addresses.get(linux, set()) - addresses:
                await run("ip", "address", "delete", each, "dev", linux, check=False)
            for each in addresses - self._addresses.get(linux, set()):
                nodad = ["nodad"] if ip_interface(each).version == 6 else []
                await run("ip", "address", "replace", each, "dev", linux, *nodad, check=False)
        self._addresses = wanted

    async def _make_tunnel(self, linux: str) -> None:
        await run("ip", "link", "delete", linux, check=False)
        interface = self.root.first("interface", linux.capitalize())
        source = interface.first("tunnel", "source") if interface is not None else None
        destination = interface.first("tunnel", "destination") if interface is not None else None
        if not self.kernel:
            # A cable whose other end is plugged in while the tunnel is up: the line protocol follows the SA.
            await run("ip", "link", "add", linux, "type", "veth", "peer", "name", f"{linux}x", check=False)
            self._carriers.pop(linux, None)
            return
        local = swan.outer_address(self.root, source.words[-1]) if source is not None else ""
        key = str(int(linux.removeprefix("tunnel")) + 1)
        ends = ["local", local or "0.0.0.0", "remote", destination.words[-1] if destination else "0.0.0.0"]  # noqa: S104
        await run("ip", "link", "add", linux, "type", "vti", *ends, "key", key, check=False)
        await run("sysctl", "-qw", f"net.ipv4.conf.{linux}.disable_policy=1", check=False)

    async def _tunnels(self) -> None:
        wanted = swan.connections(self.root, self.device.settings.tunnels, self.kernel)
        for each in wanted if self.kernel else ():  # a VTI device is bound to the outer addresses
            await self._rebind(each)
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

    async def _rebind(self, connection: swan.Connection) -> None:
        if connection.name.startswith("Tunnel"):
            ends = ["local", connection.local, "remote", connection.peer]
            key = str(connection.children[0].mark)
            await run("ip", "link", "set", connection.name.lower(), "type", "vti", *ends, "key", key, check=False)

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
        while True:
            await self.settle()
            sas = await self.sas()
            busy = {str(each["name"]) for each in sas}
            await self._carry({str(each["name"]) for each in sas if each.get("child-sas")})
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

    async def _carry(self, up: set[str]) -> None:
        """A tunnel interface without an SA is down."""
        for linux in self._addresses:
            if linux.startswith("tunnel") and not self.kernel:
                state = "up" if linux.capitalize() in up else "down"
                if self._carriers.get(linux) != state:
                    self._carriers[linux] = state
                    await run("ip", "link", "set", f"{linux}x", state, check=False)

    async def initiate(self, connection: swan.Connection) -> None:
        """Ask charon to bring a tunnel up; it goes on by itself."""
        for child in connection.children:
            command = ("swanctl", "--initiate", "--ike", connection.name, "--child", child.name)
            with contextlib.suppress(ProgramError):
                await run(*command, "--timeout", "1", check=False, deadline=10)
