"""Works out the options and the aggregates of each host's BGP speaker."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from routebook.intent.extra import FAMILIES, OWN, Place, extra_lines, of_place, uses_of
from routebook.intent.extra_checks import check_part
from routebook.intent.model import ExtraLine, Family, IPNetwork
from routebook.intent.network import SecretUse
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared
from routebook.intent.speaker_model import Aggregate, BgpOptions
from routebook.intent.speaker_schema import SpeakerOptionsInput

_FAMILIES: tuple[Family, ...] = ("ipv4-unicast", "ipv6-unicast")
_BY_FAMILY = ("maximum_paths", "maximum_paths_ibgp")


def resolve_options(declared: Declared, nodes: Nodes, problems: Problems) -> dict[str, BgpOptions]:
    """The options of every host that has some; what does not fit together is reported."""
    said: dict[str, dict[str, Any]] = {}
    for entry in declared.speaker_options:
        given = {name: value for name, value in entry.given().items() if name not in ("hosts", "extra")}
        values = _values(entry, given, problems)
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            known = said.setdefault(node.name, {})
            for option in given:
                if option in known:
                    problems.error(entry.mark(option), f"{node.name} has {option} already", "remove one of them")
                known[option] = given[option]
                _check_word(node, option, entry.mark(option), problems)
            known.update({f"={name}": value for name, value in values.items()})
    return {
        name: BgpOptions(**{key[1:]: value for key, value in known.items() if key.startswith("=")})
        for name, known in said.items()
    }


def resolve_extra(
    declared: Declared, nodes: Nodes, uses: list[SecretUse], problems: Problems
) -> dict[str, dict[str, tuple[ExtraLine, ...]]]:
    """The extra lines of every host's speaker, by what they are of: its own, and those of a family."""
    found: dict[str, dict[str, tuple[ExtraLine, ...]]] = {}
    places: dict[str, Place] = {OWN: "router", **dict.fromkeys(FAMILIES, "family")}
    for entry in declared.speaker_options:
        if entry.extra is None:
            continue
        lines = {place: extra_lines(of_place(entry.extra, place)) for place in places}
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            if node.name in found:
                problems.error(entry.mark("extra"), f"{node.name} has extra lines already", "put them together")
            check_part(node, entry, entry.extra, places, problems)
            found[node.name] = {place: each for place, each in lines.items() if each}
        for each in lines.values():
            uses += uses_of(each, "an extra line", entry.mark("extra"))
    return found


def _values(entry: SpeakerOptionsInput, given: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """An entry's options as a speaker has them."""
    values = {name: value for name, value in given.items() if name != "confederation" and value is not None}
    for option in _BY_FAMILY:
        if (paths := values.get(option)) is not None:
            by_family = paths if isinstance(paths, Mapping) else dict.fromkeys(_FAMILIES, paths)
            values[option] = tuple(sorted(by_family.items()))
    if entry.confederation is not None:
        values["confederation_identifier"] = entry.confederation.identifier
        values["confederation_peers"] = tuple(sorted(set(entry.confederation.peers)))
    if ("keepalive" in values) is not ("hold_time" in values):
        said = "keepalive" if "keepalive" in values else "hold_time"
        problems.error(entry.mark(said), f"{said} is one of two timers", "write keepalive and hold_time")
        del values[said]
    elif "hold_time" in values and not 3 <= values["hold_time"] > values["keepalive"]:
        said = "a hold time is at least 3 seconds, and longer than keepalive (RFC 4271)"
        problems.error(entry.mark("hold_time"), said, "a third of the hold time is usual for keepalive")
    if "cluster_id" in values and not isinstance(values["cluster_id"], IPv4Address):
        problems.error(entry.mark("cluster_id"), f"{values['cluster_id']} is no cluster ID", "write an IPv4 address")
        del values["cluster_id"]
    return values


def resolve_aggregates(
    declared: Declared, nodes: Nodes, policies: Policies, problems: Problems
) -> dict[str, tuple[Aggregate, ...]]:
    """The aggregates of every host that has some; what does not fit together is reported."""
    found: dict[str, dict[IPNetwork, Aggregate]] = {}
    for entry in declared.aggregates:
        if entry.route_map is not None:
            policies.known("route_maps", entry.route_map, entry.mark("route_map"), problems)
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            _check_word(node, "aggregates", entry.mark(), problems)
            known = found.setdefault(node.name, {})
            for index, prefix in enumerate(entry.prefixes):
                if prefix in known:
                    said = f"{node.name} aggregates {prefix} already"
                    problems.error(entry.mark("prefixes", index), said, "remove one of them")
                known[prefix] = Aggregate(
                    prefix=prefix, summary_only=entry.summary_only, as_set=entry.as_set, route_map=entry.route_map
                )
    return {name: tuple(known[prefix] for prefix in sorted(known, key=_order)) for name, known in found.items()}


def _order(prefix: IPNetwork) -> tuple[int, int, int]:
    return (prefix.version, int(prefix.network_address), prefix.prefixlen)


def _check_word(node: Node, word: str, mark: Mark, problems: Problems) -> None:
    if node.can is not None and not node.can.every_word:
        problems.error(mark, f"{node.name} is {node.kind} and has no {word} here", "leave it out of hosts")
