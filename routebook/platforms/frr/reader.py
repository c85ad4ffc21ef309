"""What reads the sessions of a Linux host with FRR."""

from collections.abc import Mapping, Sequence

from routebook.device.reader import Outbound
from routebook.device.state import IPNetwork, Speaker
from routebook.platforms.frr.held_vtysh import HeldVtysh
from routebook.platforms.frr.outbound import advertised
from routebook.platforms.frr.sessions import read_speaker
from routebook.platforms.linux.daemon import Daemon
from routebook.platforms.linux.reader import LinuxReader
from routebook.transport.shell import Shell


class FrrDaemon(Daemon):
    """FRR, as bgpd tells of its sessions."""

    held: HeldVtysh | None = None

    def keep_open(self) -> None:
        """Ask a vtysh that stays."""
        if self.held is None:
            self.held = HeldVtysh(self.shell)

    def speaker(self, shell: Shell, prefixes: Sequence[IPNetwork] = ()) -> Speaker:
        """bgpd's sessions, and what they rest on."""
        found = read_speaker(shell, prefixes, self.held)
        sessions = found.sessions
        self.router_id = next((each.router_id for each in sessions if each.vrf == "default"), self.router_id)
        return found

    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """What sessions send."""
        return advertised(self.shell, wanted)


class FRRReader(LinuxReader):
    """A host whose routing is FRR's."""

    daemon_types = (FrrDaemon,)
