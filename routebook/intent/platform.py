"""What a platform is to the rest of Routebook: one object, which is all that is known of it outside of its folder.

It says what the platform can do, and where its rules, its words, its driver and its part of the lab are: each is
imported by those who use it. How to write one: docs/adding-a-platform.md.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from routebook.intent.capabilities import Capabilities
from routebook.intent.problem import Problem
from routebook.intent.registry import REGISTERED, find, known, load

if TYPE_CHECKING:
    from routebook.intent.rules import Rules


class UnfitValueError(ValueError):
    """A secret that a platform cannot take: what is wrong with it, as the end of a sentence."""


class Words(Struct, frozen=True, kw_only=True):
    """How a platform's templates spell things.

    `adopted` says what a section of a part, with its text, owns for a name in a host's `adopt`; None where names are
    first lines. `objects` are the names of what a section's text makes, as `adopt` and `release` take them. `managed`
    says what it owns as a whole where a host says `manage: all`; None where nothing is shared.
    """

    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # by name
    encodings: Mapping[str, Callable[[str], str]] = field(default_factory=dict)  # of secrets; raise UnfitValueError
    adopted: Callable[[str, str, str], Sequence[str]] | None = None
    objects: Callable[[str, str], Sequence[str]] | None = None
    managed: Callable[[str, str], Sequence[str]] | None = None


class Described(Protocol):
    """A cluster, as a platform describes it to its templates of manifests.

    `refused` are the templates by name that what runs there does not take, each with why and what to write.
    """

    @property
    def refused(self) -> Mapping[str, Problem]:
        """Why not, by the template's name."""
        ...


class LabPart(Struct, frozen=True, kw_only=True):
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


class Platform(Struct, frozen=True, kw_only=True):
    """One platform. What is written "module:object" is imported when it is asked for."""

    name: str
    can: Capabilities
    called: str  # in a sentence: "a FreeBSD"
    rules_in: str = ""  # "module:object", the Rules of its inventories
    words_in: str = ""  # "module:object", the Words of its templates

    xml: bool = False  # whether its templates give XML, in which values have to be escaped
    templates: Path | None = None  # its templates as they ship; a project's own folder of its name wins over them
    manifests: str = ""  # "module:function" that gives the Described clusters of a network by name; nothing is pushed
    clusters: str = ""  # "module:function" that gives what the nodes of a cluster publish of their sessions

    reader: str = ""  # "module:Class" that reads sessions and tunnels, where that takes less than the driver
    importer: str = ""  # "module:object", the Importer of configurations that are there already
    driver: str = ""  # "module:Class" that implements the contract of routebook.device
    command_line: str = ""  # "module:object", the CommandLine of routebook.device: what `routebook exec` may type there
    lab: LabPart | None = None
    netmiko: str = "linux"  # what netmiko calls its command line
    scrapli: str = "generic"  # what scrapli calls it
    netmiko_extras: Mapping[str, str] = field(default_factory=dict)  # what it needs there besides a login

    @property
    def rules(self) -> "Rules":
        """What it refuses in an inventory, and what it calls things."""
        found: Rules = load(self.rules_in or "routebook.intent.rules:NONE")
        return found

    @property
    def words(self) -> Words:
        """How its templates spell things."""
        found: Words = load(self.words_in) if self.words_in else Words()
        return found


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
