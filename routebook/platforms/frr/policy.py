"""Which sessions may exchange other prefixes after a change: by their filters, or as the speaker announces others."""

import re
from collections.abc import Iterable, Iterator

from routebook.platforms.frr.meaning import peers
from routebook.platforms.frr.references import objects, uses
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree

PolicyObject = tuple[str, str]  # its kind and name, as in `references`

# Options of a neighbor that leave its prefixes as they are.
NO_POLICY = frozenset(
    {
        *("remote-as", "peer-group", "description", "password", "shutdown", "passive", "port", "update-source"),
        *("ebgp-multihop", "ttl-security", "disable-connected-check", "interface", "tcp-mss", "bfd", "timers"),
        *("graceful-restart", "graceful-restart-helper", "graceful-restart-disable", "advertisement-interval"),
        *("capability", "strict-capability-match", "override-capability", "dont-capability-negotiate"),
        *("extended-optional-parameters", "enforce-first-as", "soft-reconfiguration", "maximum-prefix"),
    }
)

# Lines of a router that concern no neighbor alone, and no prefix either.
_NO_ROUTES = re.compile(
    r"(no )?(timers bgp|bgp (log-neighbor-changes|router-id|cluster-id|graceful-restart|listen|minimum-holdtime"
    r"|shutdown|confederation|reject-as-sets|default ipv[46]-unicast|update-delay|session-dscp)"
    r"|coalesce-time|write-quanta|read-quanta|address-family|exit)\b.*"
)
_STATIC = re.compile(r"(no )?ipv?6? route (?P<prefix>\S+) .*")


def changed_objects(before: Tree, after: Tree) -> frozenset[PolicyObject]:
    """The route maps and lists with other contents, and the route maps that refer to one of them."""
    old, new = objects(before), objects(after)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    within = [use for tree in (before, after) for use in uses(tree) if use.user_kind == "route-map"]
    while more := {("route-map", use.user) for use in within if (use.kind, use.name) in changed} - changed:
        changed |= more
    return frozenset(changed)


def changed_policies(
    old: Block, new: Block, changed: frozenset[PolicyObject], announced: Iterable[str]
) -> dict[str, str]:
    """The neighbors of a router that may exchange other prefixes, each with the reason.

    `announced` are reasons that concern all of them.
    """
    for_all = [*announced, *_speaker_wide(old, new, changed)]
    found: dict[str, list[str]] = {}
    members = {**_members(old), **_members(new)}
    for use in (*uses((old,)), *uses((new,))):
        if use.user_kind == "neighbor" and (use.kind, use.name) in changed:
            for name in members.get(use.user, (use.user,)):
                found.setdefault(name, []).append(f"{use.kind} {use.name} changes")
    names = {name for name, group in _sessions(old).items() if name in _sessions(new)}
    return {
        name: "; ".join(dict.fromkeys(reasons))
        for name in sorted(names)
        if (reasons := [*found.get(name, ()), *for_all])
    }


def routes_announced(before: Tree, after: Tree, router: Block) -> list[str]:
    """Static routes that come or go and that the router announces, by `network` or by redistributing them."""
    lines = [line for _, line in router.walk()]
    networks = {line.split()[1] for line in lines if line.startswith("network ")}
    redistributing = any(line.startswith("redistribute static") for line in lines)
    changed = {block.line for block in before} ^ {block.line for block in after}
    found = {match["prefix"] for line in changed if (match := _STATIC.fullmatch(line))}
    return [f"the static route {prefix} changes" for prefix in sorted(found) if redistributing or prefix in networks]


def _speaker_wide(old: Block, new: Block, changed: frozenset[PolicyObject]) -> Iterator[str]:
    """Why what the speaker announces may be something else for everybody."""
    lines = [{(path[1:], line) for path, line in router.walk() if path} for router in (old, new)]
    for _, line in sorted(lines[0] ^ lines[1]):
        if not line.removeprefix("no ").startswith("neighbor ") and not _NO_ROUTES.fullmatch(line):
            yield f"{setting(line)} changes"
    for use in (*uses((old,)), *uses((new,))):
        if use.user_kind == "network" and (use.kind, use.name) in changed:
            yield f"{use.kind} {use.name} of `{use.user}` changes"


def _sessions(router: Block) -> dict[str, str]:
    """The neighbors with their groups."""
    known = peers(child.line for child in router.children)
    return {name: peer.group for name, peer in known.items() if not peer.is_group}


def _members(router: Block) -> dict[str, tuple[str, ...]]:
    """The neighbors of each group."""
    found: dict[str, tuple[str, ...]] = {}
    for name, group in _sessions(router).items():
        if group:
            found[group] = (*found.get(group, ()), name)
    return found
