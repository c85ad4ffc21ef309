"""What bgpd does not do by itself after a change: measured on 8.4.4 with Established sessions.

A neighbor that is given another route map, prefix list or filter list applies it at once, and a route map whose
content (or whose lists' content) changes is applied after `bgp route-map delay-timer`, 5 s by default. But the
new content of a list that a neighbor names directly is not applied to what was received before, and a session
that ended at its prefix limit stays down when the limit is raised.
"""

import re
from shlex import quote

from routebook.platforms.frr.meaning import explicit, peers
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree

_LIST = re.compile(r"(?P<object>(ip|ipv6) prefix-list \S+|bgp as-path access-list \S+) .*")
_USE = re.compile(r"neighbor (?P<peer>\S+) (?P<kind>prefix-list|filter-list) (?P<name>\S+) (?P<way>in|out)")
_FAMILY = re.compile(r"address-family (?P<family>ipv[46] (unicast|multicast|labeled-unicast|vpn))")
_VRF = re.compile(r"router bgp \S+ (?:vrf|view) (\S+)")

_DELAY = re.compile(r"bgp route-map delay-timer (\d+)")
_DELAY_TIMER = 5  # seconds (RMAP_DEFAULT_UPDATE_TIMER in bgpd/bgpd.h)
_SENDING = 2.0  # seconds: updates are held back for one to put more into each (BGP_DEFAULT_SUBGROUP_COALESCE_TIME)

_WAITING = "Active|Connect|Idle"

# A connection that the other end accepted while it took us for another kind of peer has that kind's TTL: its
# packets, the closing ones too, never arrive, OpenSent lasts for its hold time of four minutes, and until then
# collision detection (RFC 4271 section 6.8) refuses the good connection.
_STUCK = _WAITING + "|OpenSent"

# Prints the neighbors of one BGP instance whose session waits ($2 empty) or ended at its prefix limit ($2 "limit").
_LISTING = r"""
routebook_peers() {
    vtysh -c "show bgp $1 neighbors json" 2>/dev/null | awk -F'"' -v kind="$2" '
        /^ ? ?"[^"]*": ?\{/ { peer = $2; admin = limit = waiting = 0 }
        /"adminShutDown": ?true/ { admin = 1 }
        /"prefixesConfigExceedMax": ?true/ { limit = 1 }
        /"bgpState": ?"(STATES)"/ { waiting = 1 }
        /"readThread"/ { if (waiting && !admin && limit == (kind == "limit")) print peer }'
}
routebook_clear() {  # every neighbor on standard input in one call
    set --
    while read -r peer; do set -- "$@" -c "clear bgp $peer"; done
    [ $# = 0 ] || vtysh "$@" </dev/null >/dev/null 2>&1
}
"""

# Sessions that wait for their next attempt (up to 120 s) try now; those that are up, shut down or over their
# limit are left alone.
RETRY_WAITING = _LISTING.replace("STATES", _WAITING) + "routebook_peers '' '' | routebook_clear\n"


def retry_script(names: tuple[str, ...]) -> str:
    """Let the named neighbors try again if they wait in Idle, Connect, Active or OpenSent."""
    patterns = "\n".join(names)
    listing = _LISTING.replace("STATES", _STUCK)
    return f"{listing}routebook_peers '' '' | grep -Fx {quote(patterns)} | routebook_clear\n:\n"


def policy_delay(tree: Tree) -> float:
    """Seconds after which bgpd has told its neighbors what a changed route map lets out."""
    lines = (line for router in tree if router.line.startswith("router bgp ") for _, line in router.walk())
    timers = [int(found[1]) for block in tree if (found := _DELAY.fullmatch(block.line))]
    timers += [int(found[1]) for line in lines if (found := _DELAY.fullmatch(line))]
    return max(timers, default=_DELAY_TIMER) + _SENDING


def refresh_script(before: Tree, after: Tree) -> str:
    """Shell commands that make live sessions use the change from one configuration to the other; may be empty.

    The same commands serve the way back.
    """
    changed = _changed_lists(before, after)
    clears: dict[str, None] = {}
    limited: dict[str, None] = {}
    old = {block.line: block for block in explicit(before)}
    for router in explicit(after):
        if not router.line.startswith("router bgp "):
            continue
        vrf = f"vrf {found.group(1)} " if (found := _VRF.match(router.line)) else ""
        groups = {name for name, peer in peers(child.line for child in router.children).items() if peer.is_group}
        for path, line in router.walk():
            if (use := _USE.fullmatch(line)) and (family := _FAMILY.match(path[-1])):
                if (use["kind"], use["name"]) not in changed:
                    continue
                peer = f"peer-group {use['peer']}" if use["peer"] in groups else use["peer"]
                clears[f"clear bgp {vrf}{family['family']} {peer} soft {use['way']}"] = None
        if not vrf:
            limited |= dict.fromkeys(_limits_changed(old.get(router.line), router))
    script = "".join(f"vtysh -c {quote(command)} >/dev/null 2>&1\n" for command in clears)
    if limited:
        names = quote("\n".join(limited))
        listing = _LISTING.replace("STATES", _WAITING)
        script += f"{listing}routebook_peers '' limit | grep -Fx {names} | routebook_clear\n"
    return script


def _changed_lists(before: Tree, after: Tree) -> set[tuple[str, str]]:
    """Kind (as a neighbor names it) and name of the lists that both have, with different entries."""
    old, new = _entries(before), _entries(after)
    return {
        ("filter-list" if "as-path" in name else "prefix-list", name.split()[-1])
        for name in old.keys() & new.keys()
        if old[name] != new[name]
    }


def _entries(tree: Tree) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for block in tree:
        if match := _LIST.fullmatch(block.line):
            found.setdefault(match["object"], set()).add(block.line)
    return found


def _limits_changed(old: Block | None, new: Block) -> list[str]:
    """Neighbors (or members of groups) whose prefix limit is another one."""
    if old is None:
        return []
    lines = [{item for item in block.walk() if " maximum-prefix " in item[1]} for block in (old, new)]
    names = {setting(line).split()[1] for _, line in lines[0] ^ lines[1]}
    known = peers(child.line for child in new.children)
    return [name for name, peer in known.items() if not peer.is_group and {name, peer.group} & names]
