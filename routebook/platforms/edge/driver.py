"""The driver of a Linux host that runs FRR and strongSwan, changed together or not at all."""

from routebook.platforms.frr.component import FrrComponent
from routebook.platforms.frr.driver import BgpDriver
from routebook.platforms.strongswan.component import SwanctlComponent


class EdgeDriver(BgpDriver):
    """A host with tunnels and BGP over them: tunnels are changed first and undone last."""

    component_types = (SwanctlComponent, FrrComponent)
