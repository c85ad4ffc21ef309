"""Whose a line of FRR's configuration is that Routebook does not write: of which daemon or feature, by its words."""

import re

from routebook.platforms.frr.idempotence import is_shown_otherwise
from routebook.platforms.frr.tree import Placed

COMMENT = "comments and blank lines"
DEFAULT = "FRR's defaults, which it does not show"

_WORDS = {"route-map": "route maps", "rpki": "RPKI"}

_BY_CONTEXT = tuple(
    (re.compile(pattern), whose)
    for pattern, whose in (
        (r"router bgp \S+ (vrf|view) ", "BGP in a VRF or a view"),
        (r"router bgp \d+$|address-family ipv[46] unicast", "BGP"),
        (r"address-family l2vpn evpn", "EVPN"),
        (r"address-family ", "address families of BGP beside IPv4 and IPv6 unicast"),
        (r"router ospf6?\b", "OSPF"),
        (r"router isis\b", "IS-IS"),
        (r"router (rip|ripng)\b", "RIP"),
        (r"router (pim|pim6)\b", "PIM"),
        (r"router ", "another routing protocol"),
        (r"vrf ", "VRFs"),
        (r"interface ", "interfaces"),
        (r"(mpls|pseudowire|l2vpn|segment-routing)\b", "MPLS and segment routing"),
        (r"(pbr-map|nexthop-group|affinity-map)\b", "policy-based routing"),
        (r"key chain ", "key chains"),
        (r"line vty", "FRR itself"),
        (r"(bfd|peer )", "BFD peers"),
    )
)
_BY_LINE = tuple(
    (re.compile(rf"(?:no )?(?:{pattern})"), whose)
    for pattern, whose in (
        (r"(ip|ipv6) route ", "static routes"),
        (r"(ip|ipv6) mroute |(ip|ipv6) (pim|igmp|mld|multicast-routing)\b", "PIM"),
        (r"(frr (version|defaults)|hostname|domainname|log|service|password|enable password|username|banner)\b",
         "FRR itself"),
        (r"(debug|agentx|fpm|zebra|vni|allow-external-route-update|ip forwarding|ipv6 forwarding|watchfrr)\b",
         "FRR itself"),
        (r"(ip|ipv6) (nht|protocol|import-table)\b", "FRR itself"),
        (r"access-list ROUTEBOOK-", "Routebook's record of what is its own"),
        (r"((ip|ipv6|mac) )?access-list ", "access lists"),
        (r"(ip|ipv6) prefix-list ", "prefix lists"),
        (r"(bgp )?(\S*community-list|as-path access-list|community alias) ", "lists of BGP"),
        (r"ip (as-path|community-list|large-community-list|extcommunity-list) ", "lists of BGP"),
        (r"route-map ", "route maps"),
        (r"bgp (route-map|update-delay|session-dscp|send-extra-data|input-queue-limit|output-queue-limit)\b",
         "BGP's settings for all instances"),
        (r"(vrrp|mpls|evpn|nhrp|ldp|pbr|bfd|rpki|graceful-restart|ip (ospf|router)|ipv6 (ospf6|router))\b",
         "other features of FRR"),
    )
)  # fmt: skip


def whose(placed: Placed) -> str:
    """Whose a line is; nothing for one that is not known to be FRR's."""
    if placed.kind == "noise":
        return "FRR itself" if placed.line.startswith("frr version") else COMMENT
    if is_shown_otherwise(placed.line) and placed.path:
        return DEFAULT
    contexts = [*placed.path, placed.line] if placed.opens else placed.path
    for line in reversed(contexts):
        for pattern, name in _BY_CONTEXT:
            if pattern.match(line):
                return name
    if placed.path:
        return _WORDS.get(placed.path[0].split()[0], placed.path[0].split()[0])
    return next((name for pattern, name in _BY_LINE if pattern.match(placed.line)), "")
