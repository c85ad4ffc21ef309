"""The driver of a Linux host with strongSwan."""

from routebook.platforms.linux.driver import LinuxDriver
from routebook.platforms.strongswan.component import SwanctlComponent


class StrongSwanDriver(LinuxDriver):
    """A host whose IPsec tunnels are configured by swanctl files."""

    component_types = (SwanctlComponent,)
