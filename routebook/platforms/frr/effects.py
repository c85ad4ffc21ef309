"""The forecast: which sessions a change of FRR's configuration makes, ends, resets, or lets exchange other prefixes.

What a setting of a live session does is measured on each release (`measured`); here is what measuring does not reach.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from routebook.device.prefixes import prefix_effects
from routebook.device.values import Effect
from routebook.platforms.frr import graceful_restart
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.measured import Kind, Table, of_release, resets
from routebook.platforms.frr.options import (
    Way,
    changed_lines,
    changed_options,
    options_of,
    own_lines,
    peers_of,
    sessions_of,
    word_of,
)
from routebook.platforms.frr.policy import NO_POLICY, changed_objects, changed_policies, routes_announced
from routebook.platforms.frr.router import renewed
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree

# Options of a neighbor that close its session when they change, on every release: found by hand or measured on 8.4.4.
_RESETS = frozenset(
    {
        *("port", "disable-connected-check", "extended-optional-parameters", "capability", "route-server-client"),
        *("soo", "disable-addpath-rx", "local-role", "local-as"),
    }
)
# 8.4.4 closes the session for a role, 10.3 does not: between the two nobody has looked.
_ROLE_KEEPS: tuple[int, int] = (10, 3)

# Options that take effect only when the session is next made (a reset is nobody's wish here).
_AT_NEXT_RESET = re.compile(r"neighbor \S+ (timers$|tcp-mss|graceful-restart|local-role)")

_ORIGINATED = re.compile(r"(?:network|aggregate-address) (\S+)")
_PREFIX_LIST = re.compile(r"(?:ip|ipv6) prefix-list (?P<name>\S+) seq (?P<seq>\d+) (?P<entry>.*)")

_ROUTER_RESETS_ALL = re.compile(r"bgp (reject-as-sets|shutdown)")
# Those that are not internal (bgp_confederation_id_set), and those with an AS that becomes or ceases to be a member's
# (bgp_confederation_peers_add and _remove in bgpd/bgpd.c).
_ROUTER_RESETS_EXTERNAL = re.compile(r"bgp confederation identifier")
_MEMBERS = "bgp confederation peers"
# 10.3 crashed each time that it was measured, 8.4.4 and 10.7.1 never; between these nobody has looked.
_MEMBERS_CRASH: tuple[tuple[int, int], tuple[int, int]] = ((8, 5), (10, 7))
_ROUTER_RESETS_INTERNAL = re.compile(r"bgp cluster-id")
_ROUTER_NEXT_RESET = re.compile(r"timers bgp|bgp graceful-restart|bgp minimum-holdtime")

# What these do depends on more than on themselves, so that no table says it: on the mode that a session had and gets
# (`graceful_restart`), and on who is a member of a confederation.
_DEPENDS = re.compile(r"neighbor graceful-restart|router bgp (graceful-restart|confederation peers)")


Received = Mapping[tuple[str, str], int]
"""How many prefixes are there of a neighbor, by its name and the context of the family."""


def forecast(
    before: Tree, after: Tree, release: tuple[int, int] = (0, 0), received: Received | None = None
) -> tuple[Effect, ...]:
    """What the change from one configuration to the other does to sessions, in the order of their addresses.

    `release` is the device's, as (10, 3); (0, 0) is taken for an old one. `received` decides
    whether a limit on prefixes that changes ends the session.
    """
    before, after = explicit(before), explicit(after)
    old = {block.line: block for block in before if block.line.startswith("router bgp ")}
    new = {block.line: block for block in after if block.line.startswith("router bgp ")}
    objects = changed_objects(before, after)
    profiles = _profiles(before, after)
    rpki = _rpki(before) != _rpki(after)
    globally = graceful_restart.globally(before), graceful_restart.globally(after)
    known = _Known(release, of_release(release), profiles, received or {}, globally)
    found: list[Effect] = []
    for line in {**old, **new}:
        routers = old.get(line, Block(line)), new.get(line, Block(line))
        found += _of_router(*routers, known)
        announced = [reason for router in routers for reason in routes_announced(before, after, router)]
        announced += ["rpki changes"] if rpki else []
        found += [Effect("policy", name, why) for name, why in changed_policies(*routers, objects, announced).items()]
    if rpki:
        reason = "bgpd connects to its caches anew: until then, some seconds, no origin is valid or invalid"
        found.append(Effect("note", "rpki", reason))
    found += prefix_effects(_originated(before), _originated(after), _prefix_lists(before), _prefix_lists(after))
    return tuple(found)


class _Known(Struct, frozen=True):
    """What a forecast rests on beside the two configurations: the release's table, profiles that change, prefixes."""

    release: tuple[int, int]
    table: Table
    profiles: frozenset[str]
    received: Received
    globally: tuple[tuple[str, ...], tuple[str, ...]]  # the lines of graceful restart outside of any router


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


def _of_router(old: Block, new: Block, known: _Known) -> list[Effect]:
    was, now = sessions_of(old), sessions_of(new)
    found: list[Effect] = []
    for name in sorted({**was, **now}):
        if name not in was:
            found.append(Effect("session-new", name, f"neighbor added, remote AS {_remote_as(name, new)}"))
        elif name not in now:
            found.append(Effect("session-removed", name, "neighbor removed"))
        else:
            found += _of_session(name, old, new, known)
    found += [Effect("note", new.line, reason) for reason in _notes(old, new, known.release)]
    return found


def _of_session(name: str, old: Block, new: Block, known: _Known) -> list[Effect]:
    before, options = options_of(name, old), options_of(name, new)
    differing = before ^ options
    words = {word_of(line) for _, line in differing}
    group = peers_of(new)[name].group
    of_group = f" (of its peer-group {group})" if group else ""
    found = []
    if reasons := _reset_by(name, old, new, known):
        found.append(Effect("session-reset", name, "; ".join(reasons) + of_group))
    else:
        changed = {setting(line) for _, line in differing}
        used = {line.split()[-1] for _, line in options if " bfd profile " in line} & known.profiles
        plain = sorted({*((words & NO_POLICY) - {"description"}), *(f"profile {each} of BFD" for each in used)})
        texts = [f"{', '.join(plain)} changes; the session is not reset for it"] if plain else []
        if later := sorted(key.split()[2] for key in changed if _AT_NEXT_RESET.match(key)):
            texts.append(", ".join(later) + " takes effect when the session is next reset")
        if texts:
            found.append(Effect("session-changed", name, "; ".join(texts) + of_group))
    if policy := sorted(words - NO_POLICY):
        found.append(Effect("policy", name, ", ".join(policy) + f" changes{of_group}"))
    return found


def _measured(table: Table, name: str, way: Way, kind: Kind) -> bool:
    return not _DEPENDS.match(name) and resets(table, name, way, kind)


def _closes(option: str, release: tuple[int, int]) -> bool:
    return option in _RESETS and not (option == "local-role" and release >= _ROLE_KEEPS)


def _reset_by(name: str, old: Block, new: Block, known: _Known) -> list[str]:
    """Why a session resets; empty where it does not."""
    before, options = options_of(name, old), options_of(name, new)
    found = []
    for kind in _kinds(_remote_as(name, old), old.line.split()[2]):
        found += [
            setting_name.split(" ", 1)[1]
            for setting_name, way in sorted(changed_options(before, options))
            if _closes(setting_name.split(" ", 1)[1], known.release) or _measured(known.table, setting_name, way, kind)
        ]
        found += _of_whole_router(old, new, kind, known.table)
    if _remote_as(name, old) in _members(old) ^ _members(new):
        found.append(_MEMBERS)
    of_neighbor = [line for _, line in before], [line for _, line in options]
    of_all = (*known.globally[0], *own_lines(old)), (*known.globally[1], *own_lines(new))
    if restarting := graceful_restart.resets(*of_all, of_neighbor, known.release):
        found.append(restarting)
    if peers_of(old)[name].group != peers_of(new)[name].group:
        found.append("peer-group")
    elif not found and name in renewed(old, new):
        found.append("interface" if peers_of(old)[name].interface else "how it is made")
    reasons = [f"{', '.join(dict.fromkeys(found))} changes"] if found else []
    return reasons + _limits_exceeded(name, options - before, known.received)


def _kinds(remote_as: str, own: str) -> tuple[Kind, ...]:
    """What a session may be: `remote-as auto` takes either."""
    if remote_as == "auto":
        return ("internal", "external")
    return ("internal",) if remote_as in (own, "internal") else ("external",)


def _limits_exceeded(name: str, given: set[tuple[str, str]], received: Received) -> list[str]:
    """The new limits that what is there exceeds: bgpd counts as it takes them (peer_maximum_prefix_set, bgpd.c)."""
    return [
        f"maximum-prefix {limit}: {there} prefixes are there"
        for context, line in sorted(given)
        if " maximum-prefix " in line and "warning-only" not in line and not line.startswith("no ")
        if (there := received.get((name, context), 0)) > (limit := int(line.split()[3]))
    ]


def limits_changed(before: Tree, after: Tree) -> bool:
    """Whether a limit on prefixes is new or another, so that a forecast needs to know how many there are."""
    lines = [
        {item for block in tree for item in block.walk() if " maximum-prefix " in item[1]} for tree in (before, after)
    ]
    return bool(lines[1] - lines[0])


def _of_whole_router(old: Block, new: Block, kind: Kind, table: Table) -> list[str]:
    """Why all sessions of a kind of a router reset."""
    return [
        key
        for key, way in sorted(changed_lines(old, new))
        if _ROUTER_RESETS_ALL.match(key)
        or (kind == "internal" and _ROUTER_RESETS_INTERNAL.match(key))
        or (kind == "external" and _ROUTER_RESETS_EXTERNAL.match(key))
        or _measured(table, f"router {key}", way, kind)
    ]


def _members(router: Block) -> set[str]:
    """The member ASes of a router's confederation."""
    lines = [line for line in own_lines(router) if line.startswith(f"{_MEMBERS} ")]
    return {word for line in lines for word in line.removeprefix(_MEMBERS).split()}


def _notes(old: Block, new: Block, release: tuple[int, int]) -> list[str]:
    later = {key for key, _ in changed_lines(old, new) if _ROUTER_NEXT_RESET.match(key)}
    if release >= graceful_restart.MODE_RESETS:
        later = {key for key in later if not graceful_restart.concerns(key)}
    found = sorted(f"{key} takes effect when a session is next reset" for key in later)
    moving = _members(old) ^ _members(new)
    if _MEMBERS_CRASH[0] <= release < _MEMBERS_CRASH[1] and any(
        _remote_as(name, router) in moving for router in (old, new) for name in sessions_of(router)
    ):
        found.append(
            "bgpd of 10.3 crashes when the AS of a live session becomes a member of the confederation, and all its "
            "sessions end (FRRouting issue 21080; not 8.4.4 and not 10.7.1): the run would be rolled back"
        )
    return found


def _remote_as(name: str, router: Block) -> str:
    known = peers_of(router)
    peer = known[name]
    group = known.get(peer.group)
    return peer.remote_as or (group.remote_as if group else "")
