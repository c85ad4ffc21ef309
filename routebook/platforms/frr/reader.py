"""What reads the sessions of a Linux host with FRR."""

from routebook.device.state import BgpSession, IPNetwork
from routebook.platforms.frr.sessions import advertised, read_bgp_sessions
from routebook.platforms.linux.daemon import Daemon
from routebook.platforms.linux.reader import LinuxReader


class FrrDaemon(Daemon):
    """FRR, as bgpd tells of its sessions."""

    def bgp(self) -> tuple[BgpSession, ...]:
        """bgpd's sessions."""
        found = read_bgp_sessions(self.shell)
        self.router_id = next((each.router_id for each in found if each.vrf == "default"), self.router_id)
        return found

    def advertised(self, peer: str, family: str) -> tuple[IPNetwork, ...]:
        """What a session sends."""
        return advertised(self.shell, peer, family)


class FRRReader(LinuxReader):
    """A host whose routing is FRR's."""

    daemon_types = (FrrDaemon,)
