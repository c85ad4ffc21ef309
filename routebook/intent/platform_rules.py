"""Rules that several platforms share; `what` begins their sentences: "fw1--k8s1: fw1 is a firewall and"."""

from routebook.intent.capabilities import Feature
from routebook.intent.layers import Layers
from routebook.intent.model import Neighbor
from routebook.intent.network import Endpoints, Session
from routebook.intent.node import Node
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems

_VERSION = {"ipv4-unicast": 4, "ipv6-unicast": 6}


def check_transport(
    what: str, session: Session, neighbor: Neighbor, own: Layers, endpoints: Endpoints, mark: Mark, problems: Problems
) -> None:
    """Report families of a session that its addresses, being of the other one, cannot carry."""
    version = neighbor.address.version
    for name in session.families:
        if _VERSION[name] != version and endpoints.over != "tunnel":  # over a tunnel it is refused for both
            problems.error(
                own.mark("families", mark),
                f"{what} carries {name} between IPv{_VERSION[name]} addresses only, and these are IPv{version}",
                "make it a session of its own: transport: "
                f"ipv{_VERSION[name]}, families: [{name}], and a name: for one of them",
            )


def check_route_map(what: str, name: str, mark: Mark, policies: Policies, problems: Problems) -> None:
    """Report a route map that needs origin validation or large communities, at an end that has neither."""
    route_map = policies.route_maps.get(name)
    if route_map is None:
        return  # reported
    for rule in route_map.rules:
        entry = f"{name}, entry {rule.seq}"
        listed = policies.community_lists.get(rule.match_community or "")
        if rule.match_rpki is not None:
            problems.error(mark, f"{what} validates no origins, as {entry} asks", "give this end a route map without")
        if rule.set_large_communities or (listed is not None and listed.large):
            problems.error(
                mark, f"{what} has no large communities, as {entry} uses them", "give this end a route map without"
            )


def too_old(node: Node, feature: Feature) -> str:
    """Why the host's release has not got a feature; empty when it has, or when its release is not known."""
    since = node.can.since.get(feature) if node.can else None
    if since is None or node.release is None or not node.release < since:
        return ""
    product = node.can.product if node.can else ""
    return f"{node.name} runs {product} {node.release} ({node.version_mark}), and it came with {since}"
