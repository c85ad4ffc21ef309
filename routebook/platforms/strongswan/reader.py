"""What reads the tunnels of a Linux host with strongSwan."""

from routebook.device.state import IkeSa
from routebook.platforms.linux.daemon import Daemon
from routebook.platforms.linux.reader import LinuxReader
from routebook.platforms.strongswan.state import read_ike_sas
from routebook.transport.shell import Shell


class SwanctlDaemon(Daemon):
    """charon, as swanctl tells of its SAs."""

    def ike(self, shell: Shell) -> tuple[IkeSa, ...]:
        """charon's SAs."""
        return read_ike_sas(shell)


class StrongSwanReader(LinuxReader):
    """A host whose tunnels are strongSwan's."""

    daemon_types = (SwanctlDaemon,)
