"""What reads the sessions and tunnels of a Linux host that runs FRR and strongSwan."""

from routebook.platforms.frr.reader import FrrDaemon
from routebook.platforms.linux.reader import LinuxReader
from routebook.platforms.strongswan.reader import SwanctlDaemon


class EdgeReader(LinuxReader):
    """A host with tunnels and BGP over them."""

    daemon_types = (SwanctlDaemon, FrrDaemon)
