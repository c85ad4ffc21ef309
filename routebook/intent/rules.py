"""What a platform lets an inventory ask of it, and what it calls what is asked for: imported when one is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from routebook.intent.capabilities import Release
from routebook.intent.checked_end import CheckedSession, CheckedTunnel
from routebook.intent.extra import ExtraRule
from routebook.intent.layers import Layers
from routebook.intent.model import DeviceNames, IPAddress, IPNetwork, IpsecProposal, Tunnel
from routebook.intent.node import Node
from routebook.intent.part import Input
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.registry import Part
from routebook.intent.schema import ProposalInput, RedistributeInput


class TunnelSide(Struct, frozen=True):
    """An end of a tunnel for which its platform is asked for names. `beyond` are the prefixes of the other's site."""

    name: str
    me: Node
    options: Layers
    mode: str
    inner: IPNetwork | None
    local: IPAddress | None
    remote: IPAddress | None
    beyond: tuple[IPNetwork, ...]


SuiteRule = Callable[[Node, Sequence[IpsecProposal], Sequence[ProposalInput], Mark, Problems], None]
HostRule = Callable[[Node, Sequence[Tunnel], Mapping[str, Mark], Problems], None]
RedistributionRule = Callable[[Node, RedistributeInput, Policies, Problems], None]
InterfaceRule = Callable[[str, Mapping[str, Any], bool, Mark, Problems], None]


class Rules(Struct, frozen=True, kw_only=True):
    """The rules report what an inventory must not ask of a platform.

    They judge the end of a session and the end of a tunnel, which know where to report it; and, reporting to the
    `Problems` that is their last argument, the suites of a tunnel, all tunnels of a host together, routes that BGP
    takes over, and an interface (its name, the platform's own keys, whether it is a loopback).
    """

    keys: Mapping[Part, type[Input]] = field(default_factory=dict)  # that it has of its own, by where they may stand

    check_session: Callable[[CheckedSession], None] | None = None
    check_suites: SuiteRule | None = None
    check_tunnel: Callable[[CheckedTunnel], None] | None = None
    check_host: HostRule | None = None
    check_redistribution: RedistributionRule | None = None
    check_interface: InterfaceRule | None = None
    check_extra: ExtraRule | None = None  # lines for which there is no word; None where there are none at all

    read_release: Callable[[str], Release] | None = None  # raises ValueError; None where all releases are alike
    name_interface: Callable[[str, Mapping[str, Any]], str] | None = None  # what its configuration calls an interface
    name_tunnel: Callable[[TunnelSide], DeviceNames | None] | None = None  # None where it takes the tunnel's name


NONE = Rules()  # of a platform that takes whatever an inventory can say
