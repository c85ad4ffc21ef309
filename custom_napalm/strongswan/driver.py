"""The NAPALM driver of a Linux host with strongSwan."""

from custom_napalm.linux.driver import LinuxDriver
from custom_napalm.strongswan.component import SwanctlComponent


class StrongSwanDriver(LinuxDriver):
    """A host whose IPsec tunnels are configured by swanctl files."""

    platform = "strongswan"
    components = (SwanctlComponent,)
