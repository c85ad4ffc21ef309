"""What an end of a session or tunnel must not be on a pfSense, with either of its BGP packages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from routebook.intent.checked_end import CheckedSession, CheckedTunnel
from routebook.intent.ciphers import check_suites
from routebook.intent.model import IpsecProposal, Tunnel
from routebook.intent.node import Node
from routebook.intent.outer import is_range
from routebook.intent.platform_rules import check_route_map
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.rules import Rules
from routebook.intent.schema import ProposalInput, RedistributeInput
from routebook.platforms.pfsense.words import SUITES, is_interface_name, offered

_POLICIES = (
    ("prefix_list_in", "prefix_list_in"),
    ("prefix_list_out", "prefix_list_out"),
    ("export", "route_map_out"),
)
_NAME = re.compile(r"(?!\d+$)[A-Za-z0-9_.-]+")
_WORDS_OF_FIELDS = frozenset({"none", "no", "yes", "ipv4", "ipv6", "next"})


def check_pfsense_session(end: CheckedSession) -> None:
    """Report what a pfSense's end of a session cannot be."""
    end.called("is a pfSense and").check_transport()
    if end.me.bgp_package == "openbgpd":
        _check_openbgpd(end.called("has the OpenBGPD package, which"))
    elif end.me.bgp_package == "frr":
        if end.endpoints.over == "loopback":
            end.cannot(
                "has the FRR package, which takes the source of a session from an interface",
                "let it run over a link or a tunnel, or take the OpenBGPD package",
                "via",
            )
        _check_names(end.called("is a pfSense and"))
        what = end.called("is a pfSense and").subject
        for family in end.neighbor.families:
            for option, used in (("import_", family.route_map_in), ("export", family.route_map_out)):
                if used is not None:
                    _check_frr_route_map(what, used, end.place(option), end.policies, end.problems)


def _check_names(end: CheckedSession) -> None:
    """A name is a word (frr_validate_word() in frr_validation.inc), and none that a field has a meaning for."""
    for family in end.neighbor.families:
        lists = [name for name in (family.prefix_list_in, family.prefix_list_out) if name]
        maps = [end.policies.route_maps.get(name) for name in family.route_maps]
        rules = [rule for route_map in maps if route_map is not None for rule in route_map.rules]
        lists += [name for rule in rules for name in (rule.match_prefix_list, rule.match_community) if name]
        for name in dict.fromkeys((*family.route_maps, *lists)):
            if _NAME.fullmatch(name) is None or name in _WORDS_OF_FIELDS:
                end.cannot(
                    f"names a policy by letters, digits and . _ - that are no number, and {name} is no such name",
                    "give it another name",
                )


def _check_openbgpd(end: CheckedSession) -> None:
    neighbor = end.neighbor
    if neighbor.hold_time is not None and neighbor.keepalive != neighbor.hold_time // 3:
        end.cannot(
            "sends signs of life three times in a hold time",
            f"write keepalive: {neighbor.hold_time // 3}, or leave it out",
            "keepalive",
        )
    if neighbor.ttl_security_hops not in (None, 1):
        end.cannot("secures the TTL of neighbors only", "write 1", "ttl_security")
    for family in neighbor.families:
        for option, field in _POLICIES:
            if getattr(family, field) is not None:
                end.cannot(
                    "takes and sends every route",
                    f"write {option}: none, and filter at the other end, or take the FRR package",
                    option,
                )
        if family.route_map_in is not None:
            _check_attributes(end, family.route_map_in)
        if family.addpath_tx_all:
            end.cannot("sends one path of a prefix", "remove addpath_tx_all", "addpath_tx_all")


def _check_attributes(end: CheckedSession, name: str) -> None:
    """A route map that OpenBGPD can say as attributes of the neighbor: everything is permitted, and changed alike."""
    route_map = end.policies.route_maps.get(name)
    if route_map is None:
        return  # reported
    first = route_map.rules[0]
    matches = first.match_prefix_list or first.match_community or first.match_rpki
    others = first.set_communities or first.set_large_communities or first.set_prepend
    if len(route_map.rules) > 1 or first.action == "deny" or matches or others:
        end.cannot(
            f"takes every route, and sets local_preference and med of all of them alike; {name} asks for more",
            "write import: none, or a route map of one entry `permit: all`",
            "import_",
        )


def _check_frr_route_map(what: str, name: str, mark: Mark, policies: Policies, problems: Problems) -> None:
    check_route_map(what, name, mark, policies, problems)
    route_map = policies.route_maps.get(name)
    for rule in route_map.rules if route_map is not None else ():
        if rule.match_community is not None and rule.set_communities:
            problems.error(
                mark,
                f"{what} matches communities or sets them in an entry, and {name}, entry {rule.seq} does both",
                "give this end a route map without",
            )


def check_redistribution(node: Node, entry: RedistributeInput, policies: Policies, problems: Problems) -> None:
    """Report what a pfSense cannot take over into BGP."""
    if node.bgp_package == "openbgpd" and entry.route_map is not None:
        problems.error(
            entry.mark("route_map"),
            f"{node.name} has the OpenBGPD package, which filters nothing that it takes over",
            "leave route_map out, or list prefixes in networks",
        )
    if node.bgp_package == "frr":
        if entry.metric is not None:
            problems.error(entry.mark("metric"), f"{node.name}: pfSense has no metric for this", "remove it")
        if entry.route_map is not None:
            what = f"redistribution: {node.name} is a pfSense and"
            _check_frr_route_map(what, entry.route_map, entry.mark("route_map"), policies, problems)
            if len(entry.families) < 2:
                problems.error(
                    entry.mark("families"),
                    f"{node.name}: pfSense takes a route map for both families at once",
                    "write families: [ipv4-unicast, ipv6-unicast]",
                )


def check_pfsense_interface(name: str, _own: Mapping[str, Any], loopback: bool, mark: Mark, problems: Problems) -> None:
    """Report an interface that is not called as config.xml calls it."""
    if not loopback and not is_interface_name(name):
        problems.error(
            mark,
            f"{name!r} is no interface of a pfSense",
            "write wan, lan, opt1, …: the names in brackets under Interfaces > Assignments",
        )


def check_pfsense_suites(
    me: Node, shared: Sequence[IpsecProposal], written: Sequence[ProposalInput], mark: Mark, problems: Problems
) -> None:
    """Report the suites of a tunnel that a pfSense cannot do, where they are written."""
    check_suites(f"{me.name} is a pfSense and", SUITES, shared, written, mark, problems)


def check_pfsense_tunnel(end: CheckedTunnel) -> None:
    """Report what a pfSense's end of a tunnel cannot be."""
    end = end.called("is a pfSense and")
    pair, tunnel = end.pair, end.tunnel
    _check_outer(end)
    interface = end.me.interface_with(tunnel.local_address)
    if interface is not None and tunnel.local_address is not None:
        same = [a.ip for a in interface.addresses if a.version == tunnel.local_address.version]
        if interface.loopback or same[0] != tunnel.local_address:
            end.cannot(
                f"ends a tunnel at the first address of an interface, which {tunnel.local_address} is not",
                "take another address, or another interface",
                "address",
            )
    if tunnel.mode == "route":
        if pair.inner is None:
            end.cannot("needs an address on its tunnel interface", "write inner: a /31")
        elif pair.inner.version == 6:
            end.problems.error(
                end.inner_mark,
                f"{end.subject} carries IPv4 only over a tunnel interface",
                "write inner: a /31 of IPv4",
            )
    else:
        if not tunnel.selector_pairs:
            end.report(f"tunnel {pair.name}: its ends have no selectors of one family", "write selectors")
        for mine, theirs in (("local", "remote"), ("remote", "local")):
            versions = {each.version for each in getattr(tunnel, f"{theirs}_selectors")}
            for selector in getattr(tunnel, f"{mine}_selectors"):
                if selector.version not in versions:
                    end.cannot(
                        f"protects pairs of one family, and {selector} has no other half",
                        "write selectors for both ends, or mode: route",
                        "selectors",
                    )
    esp = tunnel.esp_proposals
    if not any(SUITES.missing(suite) for suite in esp):
        wanted = {suite for each in esp for suite in offered([each])}
        if offered(esp) != wanted:
            end.cannot(
                "combines all ciphers, hashes and DH groups of its ESP proposals",
                "write one proposal, or such as differ in the cipher only",
                "esp",
            )


def _check_outer(end: CheckedTunnel) -> None:
    """How an end may be found, by what vpn_ipsec_phase1.php takes for a remote gateway."""
    tunnel, theirs = end.tunnel, end.peer_options.mark("address", end.mark)
    if tunnel.local_address is None:
        end.cannot(
            "ends a tunnel at an interface, which its address tells",
            "write the address that it has now, and what the other end sees: seen_as: any, or a name",
            "address",
        )
    if tunnel.remote_address is not None:
        return
    if len(tunnel.remote_names) > 1 or any("/" in name or is_range(name) for name in tunnel.remote_names):
        end.problems.error(
            theirs, f"{end.subject} takes one address or one name for the other end, or any", "write one of these"
        )
    elif not tunnel.remote_names and tunnel.mode == "route":
        end.problems.error(
            theirs,
            f"{end.subject} has no tunnel interface to an end that may be anywhere",
            "write its address or a name, or mode: policy",
        )


def check_pfsense_host(node: Node, tunnels: Sequence[Tunnel], marks: Mapping[str, Mark], problems: Problems) -> None:
    """Report tunnels of one pfSense that would share what can be there once only."""
    peers: dict[object, Tunnel] = {}
    for tunnel in tunnels:
        where = tunnel.remote_address or ",".join(tunnel.remote_names)
        other = peers.setdefault(where, tunnel) if where else tunnel
        if other is not tunnel:
            problems.error(
                marks[tunnel.name],
                f"tunnels {other.name} and {tunnel.name} have one peer, {where}, which the pfSense "
                f"{node.name} takes for one tunnel only",
                "give the other end of one of them another address",
            )


RULES = Rules(
    check_session=check_pfsense_session,
    check_suites=check_pfsense_suites,
    check_tunnel=check_pfsense_tunnel,
    check_host=check_pfsense_host,
    check_redistribution=check_redistribution,
    check_interface=check_pfsense_interface,
)
