"""Works out the ranges from which hosts take sessions that nobody has declared, and what such sessions may not do."""

from ipaddress import IPv4Network

from routebook.intent.filters import Filters, Region, accepted, covers
from routebook.intent.layers import named
from routebook.intent.model import IPNetwork, ListenRange, NeighborFamily
from routebook.intent.network import SecretUse
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.own import Own, private_as
from routebook.intent.policy import Policies
from routebook.intent.problem import Problems
from routebook.intent.read import Declared
from routebook.intent.speaker_schema import ListenInput

_REFERENCES = (
    ("import_", "import", "route_maps"),
    ("export", "export", "route_maps"),
    ("prefix_list_in", "prefix_list_in", "prefix_lists"),
    ("prefix_list_out", "prefix_list_out", "prefix_lists"),
)
_VERSION = {"ipv4": "ipv4-unicast", "ipv6": "ipv6-unicast"}


def resolve_listening(
    declared: Declared, nodes: Nodes, policies: Policies, uses: list[SecretUse], problems: Problems
) -> dict[str, tuple[ListenRange, ...]]:
    """The ranges of every host that listens; what does not fit together is reported. Passwords are added to `uses`."""
    found: dict[str, list[ListenRange]] = {}
    for entry in declared.listen:
        for field, key, kind in _REFERENCES:
            if (name := getattr(entry, field)) is not None:
                policies.known(kind, name, entry.mark(key), problems)
        password = named(entry.password, entry.name)
        if password is not None:
            uses.append(SecretUse(reference=password, purpose=f"range {entry.name}", mark=entry.mark("password")))
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            if node.can is not None and not node.can.every_word:
                problems.error(
                    entry.mark("hosts"), f"{node.name} is {node.kind} and takes no sessions from ranges", "leave it out"
                )
            known = found.setdefault(node.name, [])
            _check_apart(entry, node, known, problems)
            _check_outside(entry, node, declared, nodes, policies, problems)
            known.append(
                ListenRange(
                    name=entry.name,
                    prefixes=entry.prefixes,
                    remote_as=entry.remote_as,
                    families=_families(entry, policies),
                    password=password,
                )
            )
    return {name: tuple(sorted(ranges, key=lambda each: each.name)) for name, ranges in found.items()}


def _families(entry: ListenInput, policies: Policies) -> tuple[NeighborFamily, ...]:
    def listed(name: str | None, family: str) -> str | None:
        of = policies.prefix_lists.get(name) if name else None
        return name if of is None or _VERSION[of.family] == family else None

    return tuple(
        NeighborFamily(
            family=family,
            route_map_in=entry.import_,
            route_map_out=entry.export,
            prefix_list_in=listed(entry.prefix_list_in, family),
            prefix_list_out=listed(entry.prefix_list_out, family),
            max_prefix=entry.max_prefix,
            next_hop_self=entry.next_hop_self,
            route_reflector_client=entry.route_reflector_client,
        )
        for family in sorted(entry.families)
    )


def _check_apart(entry: ListenInput, node: Node, known: list[ListenRange], problems: Problems) -> None:
    for other in known:
        if other.name == entry.name:
            problems.error(entry.mark("name"), f"{node.name} has a range {entry.name} already", "give it another name")
        for index, prefix in enumerate(entry.prefixes):
            if any(_overlap(prefix, each) for each in other.prefixes):
                said = f"{node.name}: {prefix} has addresses of the range {other.name}"
                problems.error(entry.mark("prefixes", index), said, "make them differ")


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.overlaps(other)
    return covers(one, other) or covers(other, one)


def _check_outside(
    entry: ListenInput, node: Node, declared: Declared, nodes: Nodes, policies: Policies, problems: Problems
) -> None:
    """Whoever comes from a range is taken for another network, unless the AS is ours or private."""
    asn = entry.remote_as
    if asn in ("internal", node.asn):
        return
    own = Own.of(declared, nodes)
    private = isinstance(asn, int) and private_as(asn)
    for family in _families(entry, policies):
        out = Filters.out(family, policies.prefix_lists, policies.route_maps)
        into = Filters.into(family, policies.prefix_lists, policies.route_maps)
        for filters, word, key in ((into, "in", "import"), (out, "out", "export")):
            if not filters.any:
                said = f"the range {entry.name}, {family.family}: external sessions have no policy {word}"
                fix = f"write {key}: …; without one the daemon discards every route (RFC 8212)"
                problems.error(entry.mark(), said, fix)
        if private:
            continue
        for region, _ in out.through() if out.any else ():
            if not own.may_leave(region) and not accepted(region, entry.accepted_leaks):
                said = f"the range {entry.name} lets {region} leave to whoever comes from it (RFC 7454, RFC 7908)"
                problems.error(entry.mark(), said, "permit a prefix list of your own")
        for prefix in own.public:
            if into.any and into.carries(prefix) and prefix.prefixlen and any(into.through(Region.below(prefix))):
                said = f"the range {entry.name} takes our own {prefix}, or a part of it (RFC 7454)"
                problems.error(entry.mark(), said, f"deny {prefix} le {prefix.max_prefixlen} on the way in")
