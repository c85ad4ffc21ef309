"""What a platform is to the rest of Routebook: one object, which is all that is known of it outside of its folder.

It says what the platform can do, which inventories it refuses, what it calls things, how it spells them in its
templates, and where its driver and its part of the lab are. How to write one: docs/adding-a-platform.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from routebook.intent.capabilities import Capabilities, Release
from routebook.intent.layers import Layers
from routebook.intent.model import DeviceNames, IPAddress, IPNetwork, IpsecProposal, Neighbor, Tunnel
from routebook.intent.network import Endpoints, Session, TunnelPair
from routebook.intent.node import Node
from routebook.intent.part import Input
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problem, Problems
from routebook.intent.registry import REGISTERED, Part, find, known
from routebook.intent.schema import ProposalInput, RedistributeInput


class UnfitValueError(ValueError):
    """A secret that a platform cannot take: what is wrong with it, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class TunnelSide:
    """An end of a tunnel for which its platform is asked for names. `beyond` are the prefixes of the other's site."""

    name: str
    me: Node
    options: Layers
    mode: str
    inner: IPNetwork | None
    local: IPAddress
    remote: IPAddress
    beyond: tuple[IPNetwork, ...]


class Described(Protocol):
    """A cluster, as a platform describes it to its templates of manifests.

    `refused` are the templates by name that what runs there does not take, each with why and what to write.
    """

    @property
    def refused(self) -> Mapping[str, Problem]:
        """Why not, by the template's name."""
        ...


SessionRule = Callable[[Session, Node, Neighbor, Layers, Endpoints, Mark, Policies, Problems], None]
SuiteRule = Callable[[Node, Sequence[IpsecProposal], Sequence[ProposalInput], Mark, Problems], None]
TunnelRule = Callable[[TunnelPair, int, tuple[Node, Node], tuple[Layers, Layers], Mark, Mark, Problems], None]
HostRule = Callable[[Node, Sequence[Tunnel], Mapping[str, Mark], Problems], None]
RedistributionRule = Callable[[Node, RedistributeInput, Policies, Problems], None]
InterfaceRule = Callable[[str, Mapping[str, Any], bool, Mark, Problems], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPart:
    """How the lab plays a platform. `node` is the "module:function" that gives the node of a host.

    `programs` and Python `modules` must be on the machine that runs the lab. With `routes_itself`, the platform's own
    configuration leads to its tunnels, so that the lab need not. With `first_selectors`, its tunnels show the first
    pair of what they negotiate. With `releases`, its daemons can be those of another release than the machine's.
    """

    node: str
    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    routes_itself: bool = False
    first_selectors: bool = False
    releases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform.

    The rules report what an inventory must not ask of it, each to the `Problems` that is its last argument: of the end
    of a session, of the suites and the end of a tunnel, of all tunnels of a host together, of routes that BGP takes
    over, and of an interface (its name, the platform's own keys, whether it is a loopback).
    """

    name: str
    can: Capabilities
    called: str  # in a sentence: "a FreeBSD"
    keys: Mapping[Part, type[Input]] = field(default_factory=dict)  # that it has of its own, by where they may stand

    check_session: SessionRule | None = None
    check_suites: SuiteRule | None = None
    check_tunnel: TunnelRule | None = None
    check_host: HostRule | None = None
    check_redistribution: RedistributionRule | None = None
    check_interface: InterfaceRule | None = None

    read_release: Callable[[str], Release] | None = None  # raises ValueError; None where all releases are alike
    name_interface: Callable[[str, Mapping[str, Any]], str] | None = None  # what its configuration calls an interface
    name_tunnel: Callable[[TunnelSide], DeviceNames] | None = None  # None where it takes the tunnel's name

    # What a section of a part, with its text, owns for a name in a host's `adopt`; None where names are first lines.
    adopted: Callable[[str, str, str], Sequence[str]] | None = None

    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # of its templates, by name
    encodings: Mapping[str, Callable[[str], str]] = field(default_factory=dict)  # of secrets; raise UnfitValueError
    xml: bool = False  # whether its templates give XML, in which values have to be escaped
    templates: Path | None = None  # its templates as they ship; a project's own folder of its name wins over them
    manifests: str = ""  # "module:function" that gives the Described clusters of a network by name; nothing is pushed

    driver: str = ""  # "module:Class" that implements the contract of routebook.device
    lab: LabPart | None = None
    netmiko: str = "linux"  # what netmiko calls its command line
    netmiko_extras: Mapping[str, str] = field(default_factory=dict)  # what it needs there besides a login


def platform(name: str) -> Platform | None:
    """The platform of that name; None when there is none. Imports its folder the first time."""
    found = find(name)
    return found if isinstance(found, Platform) else None


def register(described: Platform) -> None:
    """Make a platform known that lies outside of routebook/platforms and that no entry point names."""
    REGISTERED[described.name] = described


def for_hosts() -> tuple[str, ...]:
    """The names of the platforms that a host can be of: those with a driver."""
    return tuple(name for name in known() if (each := platform(name)) is not None and each.driver)


def load(where: str) -> Any:
    """What a platform names by "module:object", imported when it is asked for."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
