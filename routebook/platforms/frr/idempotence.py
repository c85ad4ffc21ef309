"""Candidate lines that FRR accepts and shows differently or not at all: they would differ again on every run.

Measured on bgpd 8.4.4 and 10.3; frr-reload.py sends such lines at every reload, and some of them reset sessions
(FRR issues 14242 and 22953).
"""

import re

from msgspec import Struct

from routebook.platforms.frr.defaults import is_default
from routebook.platforms.frr.meaning import Peer, peers
from routebook.platforms.frr.tree import Block, Tree, lines_of

_DEFAULT = "it is FRR's default, which FRR does not show: leave it out"

_ALWAYS = tuple(
    (re.compile(pattern), fix)
    for pattern, fix in (
        (r"bgp graceful-restart (restart-time 120|stalepath-time 360|select-defer-time 360)", _DEFAULT),
        (r"bgp default (local-preference 100|ipv4-unicast)", _DEFAULT),
        (r"bgp client-to-client reflection", _DEFAULT),
        (r"bgp fast-external-failover", _DEFAULT),
        (r"distance bgp 20 200 200", _DEFAULT),
        (r"neighbor \S+ send-community( both| all| standard| extended| large)?", _DEFAULT),
        (r"no neighbor \S+ (shutdown|password|description|passive|route-map .*|prefix-list .*)", _DEFAULT),
        (r"neighbor \S+ allowas-in 3", "write `allowas-in`: 3 is the default and FRR does not show it"),
        (r"neighbor \S+ maximum-prefix \d+ 75( .*)?", "leave out the 75: it is the default threshold"),
        (r"neighbor \S+ ebgp-multihop", "write `ebgp-multihop 255`: that is what it means"),
        (r"neighbor \S+ attribute-unchanged", "name the attributes: `as-path next-hop med`"),
        (r"neighbor \S+ bfd \d+ \d+ \d+", "FRR ignores timers here: put them into a `bfd` profile"),
        (r"(match|set) tag 0", "FRR takes no tag 0: write another one, or leave it out"),
        (r"set metric [+-]0", "it adds nothing, and FRR does not take it: leave it out"),
        (r"neighbor \S+ activate .*", "nothing may follow `activate`"),
        (r"(ip|ipv6) prefix-list \S+ (permit|deny) .*", "write the sequence number: `seq 5`"),
        (r"bgp (\S*community-list (standard |expanded )?\S+|as-path access-list \S+) (permit|deny) .*",
         "write the sequence number: `seq 5`"),
        (r"(hostname|domainname) .*", "FRR shows the system's own name: set it there and leave the line out"),
        (r"(ip|ipv6) forwarding", "FRR does not show it: set the sysctl and leave the line out"),
        (r"frr (version|defaults) .*", "FRR writes it by itself: leave it out"),
        (r"service integrated-vtysh-config", "it belongs into vtysh.conf: leave it out"),
        (r"(write|copy|show|clear|debug|configure|terminal) ?.*", "it is a command, not configuration"),
    )
)  # fmt: skip

# The range of `metric` in yang/frr-bgp-route-map.yang of the tags frr-8.4.4 to frr-10.7.0.
_NO_METRIC_MATCHES = (10, 7)


class Unstable(Struct, frozen=True):
    """A line that would never be equal to what FRR shows, and what to write in its place."""

    line: str
    fix: str


def unstable_lines(candidate: Tree, running: Tree, has: tuple[int, int]) -> list[Unstable]:
    """The candidate's lines of this kind, for a device of release `has`, as (10, 3).

    A line that FRR shows right now is none, whatever the tables say.
    """
    shown = lines_of(running)
    found = []
    for path, line in sorted(lines_of(candidate) - shown):
        for pattern, fix in _ALWAYS:
            if pattern.fullmatch(line) and not (path and line.startswith(("description ", "no shutdown"))):
                found.append(Unstable(line, fix))
                break
        else:
            if path and path[0].startswith("router ") and is_default(line, running, has):
                found.append(Unstable(line, _DEFAULT))
            elif line == "match metric 0" and has < _NO_METRIC_MATCHES:
                found.append(
                    Unstable(line, "before 10.7 bgpd takes no 0, and that of 8.4.4 ends: match something else")
                )
            elif (
                path
                and path[0].startswith("router ")
                and line.startswith(("bgp route-map delay-timer", "bgp update-delay"))
            ):
                found.append(Unstable(line, "FRR shows it at the top level: write it outside `router bgp`"))
    for block in candidate:
        if block.line.startswith("router bgp "):
            found += _of_router(block)
    return found


def is_shown_otherwise(line: str) -> bool:
    """Whether a line of a context says only what FRR has by default and does not show."""
    return any(fix == _DEFAULT and pattern.fullmatch(line) for pattern, fix in _ALWAYS)


def _of_router(router: Block) -> list[Unstable]:
    lines = {child.line for child in router.children}
    known = peers(lines)
    found = []
    for line in sorted(lines):
        words = line.split()
        if words[2:4] == ["bfd", "profile"] and f"neighbor {words[1]} bfd" not in lines:
            found.append(Unstable(line, f"FRR adds `neighbor {words[1]} bfd`: write that line too"))
        if words[0] == "neighbor" and words[2:3] == ["remote-as"] and _repeats(known[words[1]], known):
            found.append(Unstable(line, "the peer-group sets it already: leave it out here"))
    for _, line in router.walk():
        if line.endswith(" addpath-tx-bestpath-per-AS") and "bgp deterministic-med" not in lines:
            found.append(Unstable(line, "FRR adds `bgp deterministic-med` to the router: write that line too"))
    return found


def _repeats(peer: Peer, known: dict[str, Peer]) -> bool:
    group = known.get(peer.group)
    return group is not None and bool(group.remote_as) and bool(peer.remote_as)
