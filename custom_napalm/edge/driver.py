"""The NAPALM driver of a Linux host that runs FRR and strongSwan, changed together or not at all."""

from custom_napalm.frr.component import FrrComponent
from custom_napalm.frr.driver import BgpDriver
from custom_napalm.strongswan.component import SwanctlComponent


class EdgeDriver(BgpDriver):
    """A host with tunnels and BGP over them: tunnels are changed first and undone last."""

    platform = "edge"
    components = (SwanctlComponent, FrrComponent)
