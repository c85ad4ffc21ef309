"""The forecast: which sessions a change of FRR's configuration makes, ends, resets, or lets exchange other prefixes.

Measured by changing each option of an Established session and watching it; the tests do it again, on every release.
"""

import re

from routebook.device.prefixes import prefix_effects
from routebook.device.values import Effect
from routebook.platforms.frr import graceful_restart
from routebook.platforms.frr.meaning import Peer, explicit, peers
from routebook.platforms.frr.policy import NO_POLICY, changed_objects, changed_policies, routes_announced
from routebook.platforms.frr.router import renewed
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree

# Options of a neighbor that close its session when they change: without a family, and inside one.
_RESETS = frozenset(
    {
        *("remote-as", "local-as", "password", "shutdown", "passive", "port", "update-source", "activate"),
        *("ebgp-multihop", "ttl-security", "disable-connected-check", "extended-optional-parameters"),
        *("capability", "route-reflector-client", "route-server-client", "soo"),
        *("addpath-tx", "disable-addpath-rx"),
    }
)

# Options that take effect only when the session is next made (a reset is nobody's wish here).
_AT_NEXT_RESET = re.compile(r"neighbor \S+ (timers$|tcp-mss|graceful-restart)")

_ORIGINATED = re.compile(r"(?:network|aggregate-address) (\S+)")
_PREFIX_LIST = re.compile(r"(?:ip|ipv6) prefix-list (?P<name>\S+) seq (?P<seq>\d+) (?P<entry>.*)")

_ROUTER_RESETS_ALL = re.compile(r"bgp (router-id|confederation identifier|reject-as-sets|shutdown)")
_ROUTER_RESETS_INTERNAL = re.compile(r"bgp cluster-id")
_ROUTER_NEXT_RESET = re.compile(r"timers bgp|bgp graceful-restart|bgp minimum-holdtime")


def forecast(before: Tree, after: Tree, release: tuple[int, int] = (0, 0)) -> tuple[Effect, ...]:
    """What the change from one configuration to the other does to sessions, in the order of their addresses.

    `release` is the device's, as (10, 3); (0, 0) is taken for an old one.
    """
    before, after = explicit(before), explicit(after)
    old = {block.line: block for block in before if block.line.startswith("router bgp ")}
    new = {block.line: block for block in after if block.line.startswith("router bgp ")}
    objects = changed_objects(before, after)
    profiles = _profiles(before, after)
    rpki = _rpki(before) != _rpki(after)
    found: list[Effect] = []
    for line in {**old, **new}:
        routers = old.get(line, Block(line)), new.get(line, Block(line))
        found += _of_router(*routers, profiles, release)
        announced = [reason for router in routers for reason in routes_announced(before, after, router)]
        announced += ["rpki changes"] if rpki else []
        found += [Effect("policy", name, why) for name, why in changed_policies(*routers, objects, announced).items()]
    if rpki:
        reason = "bgpd connects to its caches anew: until then, some seconds, no origin is valid or invalid"
        found.append(Effect("note", "rpki", reason))
    found += prefix_effects(_originated(before), _originated(after), _prefix_lists(before), _prefix_lists(after))
    return tuple(found)


def _originated(tree: Tree) -> set[str]:
    lines = (line for block in tree if block.line.startswith("router bgp ") for _, line in block.walk())
    return {match[1] for line in lines if (match := _ORIGINATED.match(line))}


def _prefix_lists(tree: Tree) -> dict[str, list[str]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for block in tree:
        if match := _PREFIX_LIST.fullmatch(block.line):
            found.setdefault(match["name"], []).append((int(match["seq"]), match["entry"]))
    return {name: [entry for _, entry in sorted(entries)] for name, entries in found.items()}


def _profiles(before: Tree, after: Tree) -> frozenset[str]:
    """The profiles of BFD with other contents."""
    old, new = (
        {child.line: child for block in tree if block.line == "bfd" for child in block.children}
        for tree in (before, after)
    )
    differing = [line for line in old.keys() | new.keys() if old.get(line) != new.get(line)]
    return frozenset(line.split()[1] for line in differing if line.startswith("profile "))


def _rpki(tree: Tree) -> set[str]:
    return {child.line for block in tree if block.line == "rpki" for child in block.children}


def _of_router(old: Block, new: Block, profiles: frozenset[str], release: tuple[int, int]) -> list[Effect]:
    was, now = _sessions(old), _sessions(new)
    whole = _of_whole_router(old, new)
    found: list[Effect] = []
    for name in sorted({**was, **now}):
        if name not in was:
            found.append(Effect("session-new", name, f"neighbor added, remote AS {_remote_as(name, new)}"))
        elif name not in now:
            found.append(Effect("session-removed", name, "neighbor removed"))
        else:
            found += _of_session(name, old, new, whole, profiles, release)
    found += [Effect("note", new.line, reason) for reason in _notes(old, new, release)]
    return found


def _of_session(
    name: str,
    old: Block,
    new: Block,
    whole: list[tuple[str, bool]],
    profiles: frozenset[str],
    release: tuple[int, int],
) -> list[Effect]:
    options_before, options = _options(name, old), _options(name, new)
    differing = options_before ^ options
    changed = {setting(line) for _, line in differing}
    words = {line.removeprefix("no ").split()[2] for _, line in differing}
    reasons = sorted({key.split()[2] for key in changed if len(key.split()) > 2 and key.split()[2] in _RESETS})
    internal = _remote_as(name, old) in (old.line.split()[2], "internal")
    reasons += [reason for reason, only_internal in whole if internal or not only_internal]
    of_neighbor = [line for _, line in options_before], [line for _, line in options]
    if restarting := graceful_restart.resets(_own(old), _own(new), of_neighbor, release):
        reasons.append(restarting)
    group = _peer(name, new).group
    if _peer(name, old).group != group:
        reasons.append("peer-group")
    elif not reasons and name in renewed(old, new):
        reasons.append("interface" if _peer(name, old).interface else "how it is made")
    of_group = f" (of its peer-group {group})" if group else ""
    found = []
    if reasons:
        found.append(Effect("session-reset", name, ", ".join(dict.fromkeys(reasons)) + f" changes{of_group}"))
    else:
        used = {line.split()[-1] for _, line in options if " bfd profile " in line} & profiles
        texts = sorted({*((words & NO_POLICY) - {"description"}), *(f"profile {each} of BFD" for each in used)})
        texts = [f"{', '.join(texts)} changes; the session is not reset for it"] if texts else []
        if later := sorted(key.split()[2] for key in changed if _AT_NEXT_RESET.match(key)):
            texts.append(", ".join(later) + " takes effect when the session is next reset")
        if "maximum-prefix" in words:
            texts.append("maximum-prefix: the session ends if the peer already sends more than the new limit")
        if texts:
            found.append(Effect("session-changed", name, "; ".join(texts) + of_group))
    if policy := sorted(words - NO_POLICY):
        found.append(Effect("policy", name, ", ".join(policy) + f" changes{of_group}"))
    return found


def _of_whole_router(old: Block, new: Block) -> list[tuple[str, bool]]:
    """Why all sessions of a router reset, and whether only the internal ones do."""
    found = []
    for line in _own(old) ^ _own(new):
        key = setting(line)
        if _ROUTER_RESETS_ALL.match(key):
            found.append((key, False))
        elif _ROUTER_RESETS_INTERNAL.match(key):
            found.append((key, True))
    return sorted(set(found))


def _notes(old: Block, new: Block, release: tuple[int, int]) -> list[str]:
    later = {key for line in _own(old) ^ _own(new) if _ROUTER_NEXT_RESET.match(key := setting(line))}
    if release >= graceful_restart.MODE_RESETS:
        later = {key for key in later if not graceful_restart.concerns(key)}
    return sorted(f"{key} takes effect when a session is next reset" for key in later)


def _own(router: Block) -> set[str]:
    """The router's lines that belong to no neighbor and no family."""
    return {child.line for child in router.children if not child.children and " neighbor " not in f" {child.line}"}


def _sessions(router: Block) -> dict[str, Peer]:
    return {name: peer for name, peer in _peers(router).items() if not peer.is_group}


def _peers(router: Block) -> dict[str, Peer]:
    return peers(child.line for child in router.children)


def _peer(name: str, router: Block) -> Peer:
    return _peers(router)[name]


def _remote_as(name: str, router: Block) -> str:
    known = _peers(router)
    peer = known[name]
    group = known.get(peer.group)
    return peer.remote_as or (group.remote_as if group else "")


def _options(name: str, router: Block) -> set[tuple[str, str]]:
    """A neighbor's lines with their context, those of its group included as if they were its own."""
    group = _peer(name, router).group
    found = set()
    for path, line in router.walk():
        words = line.removeprefix("no ").split()
        if words[:1] == ["neighbor"] and len(words) > 2 and words[1] in (name, group) and words[2] != "peer-group":
            own = line.replace(f"neighbor {words[1]} ", f"neighbor {name} ", 1)
            found.add((path[-1], own))
    return found
