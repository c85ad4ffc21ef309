"""What may come in: nobody else announces our own prefixes to us, and a default route comes from a provider alone.

RFC 7454, section 6: filters of what is received. A customer's session takes the customer's prefixes and nothing else.
"""

from collections.abc import Iterable

from routebook.intent.filters import EVERYTHING, Filters, Region
from routebook.intent.model import NeighborFamily
from routebook.intent.network import Session, SessionEnd
from routebook.intent.nodes import Nodes
from routebook.intent.own import Own
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared

Outside = tuple[Session, SessionEnd, SessionEnd]
"""A session with somebody else: our end and theirs."""


def check_imports(
    declared: Declared, policies: Policies, own: Own, outside: Iterable[Outside], problems: Problems
) -> None:
    """Report what a session with another network would take and should not."""
    found: dict[tuple[Mark, str, str], list[str]] = {}
    for session, us, peer in outside:
        peering = declared.peers[peer.name]
        for family in us.neighbor.families:
            filters = Filters.into(family, policies.prefix_lists, policies.route_maps)
            if not filters.known:
                continue  # reported
            if peering.relation == "customer":
                taken = [region for region, _ in filters.through()]
                foreign = [region for region in taken if not any(region.within(each) for each in peering.prefixes)]
                if foreign and peering.prefixes:
                    problems.error(
                        peering.mark("prefixes"),
                        f"{session.name} takes {foreign[0]} from the customer {peer.name}, whose prefixes are "
                        f"{', '.join(map(str, peering.prefixes))}",
                        "give the session a prefix_list_in with the customer's prefixes",
                    )
                continue
            mark = _mark(declared, family, peering.mark())
            everything = EVERYTHING[family.family]
            for prefix in own.public:
                region = Region.below(prefix).common(everything)
                if region is not None and prefix.prefixlen and any(filters.through(region)):
                    what = f"our own {prefix}, or a part of it, from {{}}: nobody else announces it (RFC 7454)"
                    fix = f"begin a prefix_list_in with deny {prefix} le {prefix.max_prefixlen}"
                    found.setdefault((mark, what, fix), []).append(f"{peer.name} ({session.name})")
            default = Region(everything.network, 0, 0)
            if peering.relation in ("peer", "route-server") and any(filters.through(default)):
                what = "the default route from {}: a peer or a route server has none for us (RFC 7454)"
                found.setdefault((mark, what, "deny it in a prefix_list_in"), []).append(
                    f"{peer.name} ({session.name})"
                )
    for (mark, what, fix), names in found.items():
        problems.error(mark, f"takes {what.format(', '.join(dict.fromkeys(names)))}", fix)


def check_cluster_imports(
    declared: Declared, nodes: Nodes, policies: Policies, sessions: Iterable[Session], problems: Problems
) -> None:
    """A cluster's node announces pods and services: never the default route, nor what is another site's."""
    found: dict[tuple[Mark, str, str, bool], list[str]] = {}
    for session in sessions:
        for us, peer in (session.ends, session.ends[::-1]):
            node = nodes.peers.get(peer.name)
            if not us.managed or node is None or node.cluster_node is None:
                continue
            here = nodes.hosts[us.name].site
            for family in us.neighbor.families:
                filters = Filters.into(family, policies.prefix_lists, policies.route_maps)
                if not filters.known or not filters.any:
                    continue
                everything = EVERYTHING[family.family]
                taken = ["the default route"] if any(filters.through(Region(everything.network, 0, 0))) else []
                for site, prefixes in nodes.sites.items() if not taken else ():
                    parts = [Region.below(prefix).common(everything) for prefix in prefixes if site != here]
                    taken += [f"{p.network} of site {site}" for p in parts if p is not None and any(filters.through(p))]
                if taken:
                    listed = filters.prefix_list is not None
                    key = (_mark(declared, family, node.mark), taken[0], node.cluster_node.cluster, listed)
                    found.setdefault(key, []).append(peer.name)
    for (mark, what, cluster, listed), names in found.items():
        report = problems.error if listed else problems.warn  # without a list somebody trusts his own cluster
        report(
            mark,
            f"takes {what} from {', '.join(dict.fromkeys(names))} of the cluster {cluster}",
            "permit what its pods and services have",
        )


def _mark(declared: Declared, family: NeighborFamily, otherwise: Mark) -> Mark:
    if family.prefix_list_in:
        return declared.policy.mark("prefix_lists", family.prefix_list_in)
    if family.route_map_in:
        return declared.policy.mark("route_maps", family.route_map_in)
    return otherwise
