"""Rules that several platforms share; `what` begins their sentences: "fw1--k8s1: fw1 is a firewall and"."""

from routebook.intent.capabilities import Feature
from routebook.intent.node import Node
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems


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
