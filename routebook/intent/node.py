"""A node of the network while its intent is worked out: a host of ours, or an outside peer."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from msgspec import Struct, field

from routebook.intent.capabilities import Capabilities, Release
from routebook.intent.model import ExtraLine, IdentityIntent, Interface, IPInterface, OwnKeys
from routebook.intent.network import ClusterNode
from routebook.intent.problem import Mark
from routebook.intent.schema import CapabilityInput


class Node(Struct, frozen=True):
    """A host of ours (`managed`) or an outside peer. `mark` is where it is declared."""

    name: str
    managed: bool
    asn: int | None
    interfaces: tuple[Interface, ...]
    mark: Mark
    hostname: str = ""
    site: str = ""
    platform: str = ""
    groups: tuple[str, ...] = ()
    router_id: IPv4Address | None = None
    chooses_router_id: bool = False  # whether its device does
    ipsec: CapabilityInput = field(default_factory=CapabilityInput)
    interface_marks: Mapping[str, Mark] = field(default_factory=dict)
    complete: bool = True  # whether everything that it inherits from is valid
    version: str = ""
    release: Release | None = None  # `version`, where releases of its platform differ
    version_mark: Mark | None = None
    lab_release: str = ""
    redundancy: str = ""
    adopt: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    manage: str = ""
    extra: tuple[ExtraLine, ...] = ()
    x: OwnKeys = field(default_factory=OwnKeys)  # the operator's own keys
    identity: IdentityIntent | None = None
    bgp_package: str = ""
    cluster_node: ClusterNode | None = None
    internal: bool = False  # an outside peer of our own AS
    can: Capabilities | None = None  # what its platform can do; None for outside peers and unknown platforms
    kind: str = ""  # what it is, in a sentence
    open: bool = False  # whether its BGP daemon is told to let pass what no policy is for

    @property
    def unfiltered(self) -> bool:
        """Whether its BGP daemon passes every route that no policy is for."""
        return self.open or (self.can is not None and self.bgp_package in self.can.unfiltered)

    @property
    def addressed(self) -> bool:
        """Whether ends of its tunnels are known by outer addresses."""
        return self.can is not None and self.can.addressed

    def addresses(self, link: str | None) -> tuple[IPInterface, ...]:
        """Its addresses on a link; with None those of its loopbacks."""
        return tuple(
            address
            for interface in self.interfaces
            if (interface.link == link if link else interface.loopback)
            for address in interface.addresses
        )

    def mark_of(self, interface: str) -> Mark:
        """Where an interface is declared."""
        return self.interface_marks.get(interface, self.mark)

    def interface_with(self, address: object) -> Interface | None:
        """The interface that has an address."""
        return next((i for i in self.interfaces for own in i.addresses if own.ip == address), None)
