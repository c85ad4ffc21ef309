"""A tunnel's declaration, and what it may say of both ends together: how they know each other, and their children."""

from collections.abc import Mapping

from msgspec import Struct, field

from routebook.intent.layers import Layers
from routebook.intent.model import IPNetwork, TunnelChild
from routebook.intent.node import Node
from routebook.intent.outer import Outer
from routebook.intent.problem import Mark, Problems


class Pairing(Struct, frozen=True):
    """A tunnel as it is declared: its ends, and what is in force for each of them."""

    name: str
    ends: tuple[Node, Node]
    options: tuple[Layers, Layers]
    inner: IPNetwork | None
    mark: Mark
    inner_mark: Mark
    children: Mapping[str, Mapping[str, tuple[IPNetwork, ...]]] = field(default_factory=dict)
    children_mark: Mark | None = None

    @property
    def keyed(self) -> bool:
        """Whether its ends know each other by a pre-shared key."""
        return bool(self.options[0].get("auth", "psk") == "psk")

    @property
    def addressed(self) -> bool:
        """Whether the two know each other by outer addresses: some firewalls pick a peer's key by address."""
        return any(end.addressed for end in self.ends)

    def route_version(self, outer: tuple[Outer, Outer]) -> int | None:
        """The one IP version that a tunnel in mode `route` carries, where a firewall's interface leaves no choice."""
        wanted = {end.can.route_version for end in self.ends if end.can is not None}
        own = outer[0].own or outer[1].own
        return 4 if "ipv4" in wanted else own.version if "outer" in wanted and own is not None else None

    def known_as(self, side: int, outer: tuple[Outer, Outer]) -> str:
        """The identity of an end that says none of its own."""
        own = outer[side].own
        return str(own) if self.addressed and own is not None else self.ends[side].name


def auth_fits(pair: Pairing, problems: Problems) -> bool:
    """Whether both ends can show each other who they are in the way that is asked for; reported when not."""
    before = problems.errors
    place = pair.options[0].mark("auth", pair.mark)
    for end, own in zip(pair.ends, pair.options, strict=True):
        if not pair.keyed and end.can is not None and not end.can.certificates:
            problems.error(
                place,
                f"tunnel {pair.name}: {end.name} is {end.kind}, where Routebook makes no tunnel with certificates",
                "write auth: psk",
            )
        if pair.keyed and "=" in (own.get("id") or ""):
            problems.error(
                own.mark("id", pair.mark),
                f"tunnel {pair.name} has a pre-shared key, and {own.get('id')} is the subject of a certificate",
                "write auth: certificate, or another id",
            )
    return problems.errors == before


def outer_fits(pair: Pairing, outer: tuple[Outer, Outer], problems: Problems) -> bool:
    """Whether both ends have addresses, where one of them knows ends by nothing else; reported when not."""
    before = problems.errors
    for end in pair.ends:
        if not end.addressed:
            continue
        for whose in (0, 1):
            if (outer[whose].own is None and pair.ends[whose].managed) or outer[whose].address is None:
                problems.error(
                    pair.options[whose].mark("address", pair.mark),
                    f"tunnel {pair.name}: {end.name} is {end.kind}, where Routebook makes tunnels between two "
                    f"addresses alone, and {pair.ends[whose].name} has no one address",
                    "write its address, or end the tunnel at another host",
                )
                return False
    return problems.errors == before


def children(pair: Pairing, mode: str, problems: Problems) -> tuple[TunnelChild, ...] | None:
    """The children as the first end sees them, none where there is but the one; None where they are wrong."""
    place = pair.children_mark or pair.mark
    before = problems.errors
    if pair.children and mode == "route":
        problems.error(place, f"tunnel {pair.name} is route-based, and its child carries anything", "remove children")
    for end, own in zip(pair.ends, pair.options, strict=True):
        if pair.children and end.can is not None and not end.can.several_children:
            problems.error(
                place,
                f"tunnel {pair.name}: {end.name} is {end.kind}, which makes its tunnels' children by itself",
                f"write {end.name}: {{selectors: […]}} instead",
            )
        if pair.children and own.get("selectors") is not None:
            problems.error(
                own.mark("selectors", pair.mark),
                f"tunnel {pair.name} has selectors of its own beside its children's",
                "write them for a child",
            )
    names = [end.name for end in pair.ends]
    found: list[TunnelChild] = []
    for name, sides in pair.children.items():
        if sorted(sides) != sorted(names) or not all(sides.values()):
            problems.error(
                place,
                f"tunnel {pair.name}: child {name} does not say what each of its ends protects",
                f"write {name}: {{{names[0]}: [PREFIX, …], {names[1]}: [PREFIX, …]}}",
            )
        else:
            found.append(TunnelChild(name=name, local_selectors=sides[names[0]], remote_selectors=sides[names[1]]))
    return tuple(found) if problems.errors == before else None


def mirrored(child: TunnelChild) -> TunnelChild:
    """The child as the other end sees it."""
    return TunnelChild(name=child.name, local_selectors=child.remote_selectors, remote_selectors=child.local_selectors)
