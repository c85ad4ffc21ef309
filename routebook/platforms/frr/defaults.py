"""FRR's defaults, which depend on the profile (`frr defaults …`) and on the release.

A daemon shows a setting where it differs from the default of its **own** release under the profile that it runs with,
and a new `router bgp` begins with the defaults of the release that its file says, `frr version …`, which an upgrade
leaves as it was (lib/defaults.c, frr_default_apply_one; DFLT_BGP_… and SAVE_BGP_… in bgpd/bgp_vty.c). The running
configuration shows the profile and its own release, never the one that the file said. Measured on 8.4.4.
"""

import re
from collections.abc import Iterable

from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree

DATACENTER = "datacenter"

# Keepalive, hold time and connect retry, in seconds (bgpd/bgp_vty.c, from 9.1 on bgp_vty.h: BGP_KEEPALIVE, …).
_TIMERS = {DATACENTER: (3, 9, 10)}
_TRADITIONAL_TIMERS = (60, 180, 120)

_BOTH, _TRADITIONAL_ONLY, _DATACENTER_ONLY = (True, True), (True, False), (False, True)

# What a router has switched on or off by default, under the profiles traditional and datacenter, and the first release
# with that default: FRR_CFG_DEFAULT_BOOL in bgpd/bgp_vty.c, of the tags frr-8.4.4 to frr-10.7.0. (`enforce-first-as` is
# said there to be of 9.1; the command came with 10.0.)
_SWITCHES = {
    "bgp network import-check": ((7, 4), _BOTH),
    "bgp ebgp-requires-policy": ((7, 4), _TRADITIONAL_ONLY),
    "bgp suppress-duplicates": ((7, 6), _BOTH),
    "bgp graceful-restart notification": ((8, 3), _BOTH),
    "bgp hard-administrative-reset": ((8, 3), _BOTH),
    "bgp enforce-first-as": ((10, 0), _BOTH),
    "bgp log-neighbor-changes": ((0, 0), _DATACENTER_ONLY),
    "bgp deterministic-med": ((0, 0), _DATACENTER_ONLY),
    "bgp default show-hostname": ((0, 0), _DATACENTER_ONLY),
    "bgp default show-nexthop-hostname": ((0, 0), _DATACENTER_ONLY),
    "bgp default software-version-capability": ((9, 1), _DATACENTER_ONLY),
    "bgp default dynamic-capability": ((10, 1), _DATACENTER_ONLY),
}

_CONNECT = re.compile(r"neighbor (\S+) timers connect (\d+)")
_PEER_TIMERS = re.compile(r"neighbor (\S+) timers (\d+) (\d+)")


def profile(tree: Tree) -> str:
    """The profile that a running configuration says."""
    lines = [block.line for block in tree if block.line.startswith("frr defaults ")]
    return lines[0].split()[2] if lines else "traditional"


def release(text: str) -> tuple[int, int]:
    """The release that a running configuration says, as (8, 4); (0, 0) where it says none."""
    found = re.search(r"(?m)^frr version (\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def without_defaults(candidate: Tree, running: Tree) -> Tree:
    """The candidate without the timers that its neighbors have by default on this device.

    A line that the device shows stays, for it was set there, and so does what is no default of the device's profile.
    """
    shown = {block.line: {child.line for child in block.children} for block in running}
    return tuple(
        Block(block.line, tuple(_explicit(block, shown.get(block.line, set()), running)))
        if block.line.startswith("router bgp ")
        else block
        for block in candidate
    )


def _explicit(router: Block, shown: set[str], running: Tree) -> Iterable[Block]:
    keepalive, hold_time, connect = _TIMERS.get(profile(running), _TRADITIONAL_TIMERS)
    of_instance = {child.line for child in router.children if child.line.startswith("timers bgp ")}
    members = {child.line.split()[1] for child in router.children if " peer-group " in child.line}
    for child in router.children:
        timers, retry = _PEER_TIMERS.fullmatch(child.line), _CONNECT.fullmatch(child.line)
        found = timers or retry
        if found is not None and found[1] not in members and child.line not in shown:
            if timers and not of_instance and (int(timers[2]), int(timers[3])) == (keepalive, hold_time):
                continue
            if retry and int(retry[2]) == connect:
                continue
        yield child


def beginning(router: Block, tree: Tree, has: tuple[int, int]) -> list[str]:
    """The lines that give a new `router bgp` of `tree` the defaults of the release `has`, whatever the file says.

    FRR shows none of them. What the router says itself is left out, and what only the profile datacenter has: that is
    the same whatever the file says.
    """
    said = {setting(child.line) for child in router.children}
    column = profile(tree) == DATACENTER
    return [
        line
        for line, (first, on) in _SWITCHES.items()
        if first <= has and on[0] and on[column] and setting(line) not in said
    ]


def is_default(line: str, running: Tree, has: tuple[int, int]) -> bool:
    """Whether a line of a router says what a device of release `has` has by default, and therefore does not show."""
    under = profile(running)
    if line == "timers bgp {} {}".format(*_TIMERS.get(under, _TRADITIONAL_TIMERS)):
        return True
    first, on = _SWITCHES.get(line.removeprefix("no "), ((99, 0), _BOTH))
    return has >= first and on[under == DATACENTER] is not line.startswith("no ")
