"""What a device says of its BGP sessions and IPsec SAs, in the same frozen models for every platform."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


class BgpState(StrEnum):
    """States of RFC 4271 section 8.2.2, plus the two reasons for Idle that an operator must distinguish."""

    IDLE = "Idle"
    IDLE_ADMIN = "Idle (Admin)"
    IDLE_PREFIX_LIMIT = "Idle (PfxCt)"
    CONNECT = "Connect"
    ACTIVE = "Active"
    OPEN_SENT = "OpenSent"
    OPEN_CONFIRM = "OpenConfirm"
    ESTABLISHED = "Established"


@dataclass(frozen=True, slots=True)
class FamilyState:
    """One address family of an Established session.

    `received` counts prefixes accepted from the peer after inbound policy; `sent` those advertised to it.
    `policy_missing` is the RFC 8212 trap: the daemon discards everything for lack of a policy.
    `route_map_in`/`route_map_out` are the names applied; `undefined_policies` those of them (and of prefix
    lists) that the device does not define, which silently discards every prefix. `advertised` are the prefixes that
    are sent, None where they were not asked for or the device does not show them.
    """

    name: str  # "ipv4-unicast" or "ipv6-unicast"
    received: int | None
    sent: int | None
    policy_missing: bool = False
    undefined_policies: tuple[str, ...] = ()
    addpath_tx_all: bool = False
    advertised: tuple[IPNetwork, ...] | None = None


ResetSign = Literal["", "no route", "bfd down"]


@dataclass(frozen=True, slots=True)
class BgpSession:
    """A BGP session as the device sees it. `uptime` and `hold_time` are seconds, None when not Established.

    `last_error` is the daemon's own text, `last_error_code` the NOTIFICATION's code and subcode as four
    hexadecimal digits (RFC 4271 section 4.5), `last_error_sent` whether this device sent it. `last_reset` is its own
    text as well, `last_reset_sign` what that says of the path to the peer, where it says anything. `peer_as` is the AS
    that a live session's peer is really in, where the device shows that beside what is configured; `refused_as` that of
    the OPEN which the last NOTIFICATION refused.
    """

    peer: IPAddress
    state: BgpState
    remote_as: int  # as configured here, not as the peer says
    local_as: int
    router_id: str = ""
    remote_router_id: str = ""
    local_address: IPAddress | None = None
    description: str = ""
    uptime: int | None = None
    hold_time: int | None = None
    established_count: int = 0
    last_reset: str = ""
    last_reset_sign: ResetSign = ""
    last_error: str = ""
    last_error_code: str = ""
    last_error_sent: bool | None = None
    vrf: str = "default"
    families: tuple[FamilyState, ...] = ()
    peer_as: int | None = None
    refused_as: int | None = None

    @property
    def established(self) -> bool:
        """Whether the session is in state Established."""
        return self.state is BgpState.ESTABLISHED

    @property
    def external(self) -> bool:
        """Whether the two ends are configured to be in different ASes."""
        return self.remote_as != self.local_as


@dataclass(frozen=True, slots=True)
class ChildSa:
    """A CHILD_SA (RFC 7296 section 1.3). `installed` is seconds since it was installed; SPIs are hex, lower case."""

    name: str
    state: str  # "INSTALLED", "REKEYED", "DELETED" …
    spi_in: str
    spi_out: str
    local_selectors: tuple[str, ...]
    remote_selectors: tuple[str, ...]
    encryption: str  # "AES_GCM_16-256" or "AES_CBC-256"
    integrity: str = ""  # "HMAC_SHA2_256_128"; empty with an AEAD cipher
    dh_group: str = ""  # "MODP_2048"; empty when the child came with IKE_AUTH
    installed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    packets_out: int = 0

    @property
    def up(self) -> bool:
        """Whether the child carries traffic."""
        return self.state == "INSTALLED"


@dataclass(frozen=True, slots=True)
class IkeSa:
    """An IKE SA and its children. `established` is seconds since it came up; `name` is the connection's name."""

    name: str
    state: str  # "ESTABLISHED", "CONNECTING" …
    version: int
    local_address: IPAddress
    remote_address: IPAddress
    local_id: str
    remote_id: str
    initiator: bool
    encryption: str
    integrity: str
    prf: str
    dh_group: str
    spi_initiator: str
    spi_responder: str
    established: int = 0
    children: tuple[ChildSa, ...] = field(default=())

    @property
    def up(self) -> bool:
        """Whether the IKE SA is established; a tunnel also needs a child that is up."""
        return self.state == "ESTABLISHED"


BfdStatus = Literal["up", "down", "init", "shutdown"]


@dataclass(frozen=True, slots=True)
class BfdPeer:
    """A BFD session (RFC 5880) as the device sees it; `diagnostic` is its own word for why it is not up."""

    peer: IPAddress
    state: BfdStatus
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class RpkiServer:
    """An RPKI cache that the device has, and whether it is connected to it. A lower `preference` comes first."""

    host: str
    port: int
    preference: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Route:
    """The best path of a device to a prefix that was asked for; there is none where `next_hop` is empty.

    `reachable` is whether the next hop is, `step` the device's own word for the step of RFC 4271 section 9.1.2.2 that
    decided, and `validation` of its origin "valid", "invalid", "notfound", or empty where the device does not say.
    """

    prefix: IPNetwork
    next_hop: str = ""
    peer: str = ""
    as_path: str = ""
    reachable: bool = True
    step: str = ""
    validation: str = ""


@dataclass(frozen=True, slots=True)
class Speaker:
    """What a BGP daemon says: of its sessions, and of what they rest on. None is what it does not say.

    `routes` are those that were asked for.
    """

    sessions: tuple[BgpSession, ...]
    bfd: tuple[BfdPeer, ...] | None = None
    rpki: tuple[RpkiServer, ...] | None = None
    routes: tuple[Route, ...] | None = None


@dataclass(frozen=True, slots=True)
class Keying:
    """What an IKE daemon says: of its SAs, and which connections it is configured with."""

    sas: tuple[IkeSa, ...]
    connections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """The file system of a place where configurations, or what undoes a change, are kept.

    `free` and `size` are bytes, `free_files` how many more files it takes, None where it does not say.
    """

    place: str
    free: int
    size: int
    free_files: int | None = None
    writable: bool = True
