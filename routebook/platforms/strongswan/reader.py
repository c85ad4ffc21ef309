"""What reads the tunnels of a Linux host with strongSwan."""

from routebook.device.state import Keying
from routebook.platforms.linux.daemon import Daemon
from routebook.platforms.linux.reader import LinuxReader
from routebook.platforms.strongswan.state import read_keying
from routebook.transport.shell import Shell


class SwanctlDaemon(Daemon):
    """charon, as swanctl tells of its SAs."""

    def keying(self, shell: Shell) -> Keying:
        """charon's SAs and connections."""
        return read_keying(shell)


class StrongSwanReader(LinuxReader):
    """A host whose tunnels are strongSwan's."""

    daemon_types = (SwanctlDaemon,)
