"""What was read of one host's configuration, in the inventory's words, and how a platform says what it reads.

A configuration consists of objects (a neighbor, a route map, a tunnel), each of which is modelled as a whole or not at
all: an inventory that had half of a neighbor would take the other half away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from routebook.device.candidate import Section
from routebook.intent.model import Family, IPAddress, IPInterface, IPNetwork
from routebook.intent.problem import Mark

NO_ROUTER_ID = "none"
"""What the inventory says where a device chooses its router ID by itself."""

POLICY_KINDS = ("prefix_lists", "community_lists", "as_path_lists", "route_maps", "bfd_profiles")


class BadInputError(ValueError):
    """A file that is not taken at all: where and why."""

    def __init__(self, mark: Mark, message: str, fix: str = "") -> None:
        self.mark, self.message, self.fix = mark, message, fix
        super().__init__(f"{mark}: {message}" + (f"; {fix}" if fix else ""))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a host: `name` is what people call it, `part` what a snapshot of the device calls its content."""

    name: str
    part: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of a file: `text` has no secrets.

    `owner` is the key of the object that it is of. `whose` says what else it is of, and `why` what keeps it, and its
    object, from being modelled. `wrong` is a line that is none of the platform's at all, and
    `kept` one that is of its object as it stands, without a word of the inventory's.
    """

    file: str
    number: int
    text: str
    owner: str = ""
    whose: str = ""
    why: str = ""
    wrong: bool = False
    kept: bool = False  # there is no word for it, and it is kept as it stands
    line: str = field(default="", repr=False)  # as the platform compares it, secrets included
    path: tuple[str, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class FoundSession:
    """A BGP session from one end. What an option may be is said by the inventory's schema.

    `shared` are options of the session, `own` those of this end; `families` has what this end does with each one.
    """

    key: str
    mark: Mark
    remote: IPAddress
    remote_as: int | None  # None: the own AS, or what the word for it says
    as_word: str = ""  # "internal", "external" or "auto", where it says one in place of a number
    source: str = ""  # the interface whose address it uses, where it says one
    local: IPAddress | None = None  # where the configuration says which of its addresses it uses
    description: str = ""
    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    families: dict[Family, dict[str, Any]] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    uses: set[tuple[str, str]] = field(default_factory=set)  # kind and name of policies
    inherited: dict[str, Any] = field(default_factory=dict)  # what its group says of it and it does not


@dataclass(slots=True)
class FoundGroup:
    """What several sessions of a host have from one group: its options are those of `session`, which is nowhere.

    With `ranges`, sessions are taken from those addresses.
    """

    key: str
    name: str
    mark: Mark
    session: FoundSession
    ranges: list[IPNetwork] = field(default_factory=list)
    members: list[str] = field(default_factory=list)  # the keys of their sessions


@dataclass(slots=True)
class FoundPolicy:
    """A policy object under its own name; `value` is what the inventory says of it."""

    key: str
    mark: Mark
    kind: str
    name: str
    value: Any
    uses: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class FoundTunnel:
    """A tunnel from one end.

    `local` is None where its own address changes. `remote` is None where the other end has no one address, and then one
    of `remote_names`, or any. `usual` has what its platform writes by itself of `own`: at the end that starts a tunnel,
    and at the other one.
    """

    key: str
    mark: Mark
    name: str
    local: IPAddress | None
    remote: IPAddress | None
    ids: tuple[str, str]
    children: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]  # by name, what this end and the other one protect
    remote_names: tuple[str, ...] = ()
    any_id: bool = False  # whether the other end may show any identity
    starts: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    usual: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    psk: str = field(default="", repr=False)


@dataclass(slots=True)
class FoundHost:
    """What was read of one host; `bad` are the objects that cannot be modelled, each with why."""

    name: str
    platform: str
    files: tuple[SourceFile, ...]
    lines: list[ReadLine] = field(default_factory=list)
    asn: int | None = None
    router_id: str = ""
    interfaces: dict[str, list[IPInterface]] = field(default_factory=dict)
    interface_keys: dict[str, dict[str, Any]] = field(default_factory=dict)  # what else is said of an interface
    sessions: list[FoundSession] = field(default_factory=list)
    groups: list[FoundGroup] = field(default_factory=list)
    policies: dict[tuple[str, str], FoundPolicy] = field(default_factory=dict)
    tunnels: list[FoundTunnel] = field(default_factory=list)
    other_ends: set[str] = field(default_factory=set)  # addresses and identities of its tunnels that cannot be modelled
    networks: dict[IPNetwork, str] = field(default_factory=dict)  # with the key of the object
    redistribute: list[dict[str, Any]] = field(default_factory=list)
    aggregates: list[dict[str, Any]] = field(default_factory=list)
    speaker: dict[str, tuple[str, Any]] = field(
        default_factory=dict
    )  # options of the speaker by their keys; several without a name
    caches: list[dict[str, Any]] = field(default_factory=list)
    graceful_shutdown: bool = False
    options: list[str] = field(default_factory=list)  # keys of what is neither of these, and follows from them
    names: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # of objects by their keys, as the host's `adopt` takes them
    together: list[frozenset[str]] = field(default_factory=list)  # keys of what is taken over as one or not at all
    unsaid: frozenset[str] = frozenset()  # options of sessions that no configuration of its platform can say
    bad: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)  # what else the inventory says of the host
    hostname: str = ""  # where it is reached, where that is known
    username: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)  # where an object begins
    masked: BadInputError | None = None  # the first secret of which somebody has left nothing but stars


class Compared(Struct, frozen=True):
    """What a host's first plan would do: its difference without secrets, and the lines that it takes away.

    Each of them with the contexts around it, as in a `ReadLine`.
    """

    difference: str = ""
    taken: frozenset[tuple[tuple[str, ...], str]] = frozenset()
    unlike: Mapping[str, str] = {}  # keys of objects that cannot be as they are, each with why
    refused: bool = False  # there is no plan, and `difference` says why
    warnings: tuple[str, ...] = ()  # of the plan


class Converted(Struct, frozen=True):
    """What files of an older form say, as files of the form that is taken over; `left` is left out, each with why."""

    files: Mapping[str, str]
    left: tuple[str, ...] = ()


class Importer(Struct, frozen=True, kw_only=True):
    """How a platform reads the configurations of its kind.

    `recognises` says whether a file is one of its own, by its path below the host's folder and its text. `read` gives
    what a host's files say; None for a platform that only recognises its files in order to refuse them. `compare` is
    the driver's own difference between rendered sections and files, in memory. `fetch` reads from a host that runs,
    given its address, a user's name and a driver's options. `parts` are the platforms of which this one is made.
    `convert` makes files of the form that is taken over of those of an older one, None where there are none.
    """

    what: str  # in a sentence: "a configuration of …"
    recognises: Callable[[str, str], bool]
    read: Callable[[str, Sequence[SourceFile]], FoundHost] | None = None
    compare: Callable[[Sequence[Section], Mapping[str, str]], Compared] | None = None
    parts: tuple[str, ...] = ()
    fetch: Callable[[str, str, Mapping[str, Any]], Mapping[str, str]] | None = None
    convert: Callable[[Sequence[SourceFile]], Converted | None] | None = None
