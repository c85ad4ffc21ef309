"""The NAPALM driver of a Linux host with FRR."""

from typing import Any, cast

from napalm.base.models import BGPStateNeighborsPerVRFDict, PeerDetailsDict

from routebook.platforms.frr.component import FrrComponent
from routebook.platforms.frr.napalm_bgp import bgp_neighbors, bgp_neighbors_detail
from routebook.platforms.frr.sessions import read_bgp
from routebook.platforms.linux.driver import LinuxDriver


class BgpDriver(LinuxDriver):
    """A host with FRR among its daemons: NAPALM's getters of BGP sessions."""

    def get_bgp_neighbors(self) -> dict[str, BGPStateNeighborsPerVRFDict]:
        """The sessions, by VRF ("global" is the default one) and peer."""
        return cast("dict[str, BGPStateNeighborsPerVRFDict]", bgp_neighbors(read_bgp(self._shell)))

    def get_bgp_neighbors_detail(self, neighbor_address: str = "") -> dict[str, PeerDetailsDict]:
        """The sessions with their timers and counters, by VRF and remote AS."""
        found: Any = bgp_neighbors_detail(read_bgp(self._shell), neighbor_address)
        return cast("dict[str, PeerDetailsDict]", found)


class FRRDriver(BgpDriver):
    """A host whose routing is FRR's."""

    platform = "frr"
    components = (FrrComponent,)
    default_part = "frr"
