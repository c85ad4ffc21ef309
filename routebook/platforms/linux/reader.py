"""What reads the sessions and tunnels of a Linux host, whatever daemons run there."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace

from routebook.device.packet_filter import Flow, Verdict
from routebook.device.reader import Outbound, PlatformReader
from routebook.device.state import IkeSa, IPNetwork
from routebook.device.values import Answer, DeviceIdentity, Echo, Reply, State
from routebook.platforms.linux import getters, identity
from routebook.platforms.linux.daemon import Daemon
from routebook.platforms.linux.let_in import let_in
from routebook.platforms.linux.vitals import Vitals
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options


class LinuxReader(PlatformReader):
    """A host that runs the daemons of `daemon_types`."""

    daemon_types: ClassVar[tuple[type[Daemon], ...]] = ()
    _vitals: Vitals | None = None

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        options = read_options(hostname, username, password, timeout, optional_args or {})
        self.name = hostname
        self._connection = self.shell = SshShell(options, identity.GREETING)
        self.daemons: Sequence[Daemon] = [daemon(self.shell) for daemon in self.daemon_types]

    def keep_open(self) -> None:
        """What the daemons are asked with."""
        for daemon in self.daemons:
            daemon.keep_open()

    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """What the daemons say of sessions and SAs, and what the host says of itself."""
        shell = Vitals(self.shell)
        speakers = [found for daemon in self.daemons if (found := daemon.speaker(shell, prefixes))]
        keyings = [said for daemon in self.daemons if (said := daemon.keying(shell))]
        shell.make_sure(self._vitals)
        self._vitals = shell
        speaker = speakers[0] if speakers else None
        keying = keyings[0] if keyings else None
        return State(
            bgp=speaker.sessions if speaker else None,
            ike=keying.sas if keying else None,
            bfd=speaker.bfd if speaker else None,
            rpki=speaker.rpki if speaker else None,
            routes=speaker.routes if speaker else None,
            volumes=shell.volumes,
            clock=shell.clock,
            written=shell.written,
            connections=keying.connections if keying else None,
        )

    def sas(self) -> tuple[IkeSa, ...] | None:
        """What the daemons say of SAs."""
        return next((found.sas for daemon in self.daemons if (found := daemon.keying(self.shell))), None)

    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """What sessions send, by the daemon that speaks BGP."""
        return next((found for daemon in self.daemons if (found := daemon.advertised(wanted))), {})

    def ping(self, echo: Echo) -> Answer:
        """Send echo requests from the device."""
        return getters.ping(self.shell, echo)

    def probe(self, echoes: Sequence[Echo]) -> list[Reply]:
        """Send all echo requests at once."""
        return getters.probe(self.shell, echoes, [getters.ping_command(echo) for echo in echoes])

    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """Whether the host's own packet filter lets flows in."""
        return let_in(self.shell, flows)

    def identity(self) -> DeviceIdentity:
        """Its host name, machine ID, addresses and router ID."""
        router_id = next((daemon.router_id for daemon in self.daemons if daemon.router_id), "")
        return replace(identity.read(self.shell), router_id=router_id)
