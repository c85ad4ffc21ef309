"""The driver of a Linux host with FRR."""

from routebook.device.values import Answer
from routebook.platforms.frr.component import FrrComponent
from routebook.platforms.frr.napalm_bgp import bgp_neighbors, bgp_neighbors_detail
from routebook.platforms.frr.sessions import read_bgp
from routebook.platforms.linux.driver import LinuxDriver


class BgpDriver(LinuxDriver):
    """A host with FRR among its daemons: getters of BGP sessions, by VRF."""

    def get_bgp_neighbors(self) -> Answer:
        """The sessions, by VRF ("global" is the default one) and peer."""
        return bgp_neighbors(read_bgp(self.shell))

    def get_bgp_neighbors_detail(self, neighbor_address: str = "") -> Answer:
        """The sessions with their timers and counters, by VRF and remote AS."""
        return bgp_neighbors_detail(read_bgp(self.shell), neighbor_address)


class FRRDriver(BgpDriver):
    """A host whose routing is FRR's."""

    component_types = (FrrComponent,)
    default_part = "frr"
