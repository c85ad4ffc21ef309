"""The commands inside `router bgp`: what makes a neighbor, what depends on it, and what must come first."""

import re
from collections.abc import Iterable, Mapping

from routebook.platforms.frr.command import Command
from routebook.platforms.frr.meaning import Peer, peers
from routebook.platforms.frr.settings import negation, replaces, setting
from routebook.platforms.frr.tree import Block

# A neighbor's policy is taken away only after its new policy is there, so that nothing leaks in between.
_POLICY = re.compile(r"neighbor \S+ (route-map|prefix-list|filter-list) ")
_TIMERS = re.compile(r"(no )?timers bgp\b")
_MEMBERS = "bgp confederation peers "
_LISTEN = re.compile(r"(no )?bgp listen range ")

# Commands by their context inside the router, in FRR's order of contexts.
_Lines = dict[tuple[str, ...], list[str]]


def router_commands(before: Block | None, after: Block, first: Iterable[str] = ()) -> list[Command]:
    """The commands that turn one `router bgp` into another, both as a transition has them; `first` before all else.

    `before` is None when there was none.
    """
    old, new = _lines(before), _lines(after)
    old_peers, new_peers = peers(old.get((), ())), peers(new[()])
    removed = _removed(old_peers, new_peers, after.line.split()[2])
    for lines in old.values():
        lines[:] = [line for line in lines if peer_of(line) not in removed]

    steps: list[Command] = []
    top = (after.line,)
    own_old, own_new = old.get((), []), new[()]
    general = _change([line for line in own_old if not peer_of(line)], [line for line in own_new if not peer_of(line)])
    general = _members_apart(general)
    # `timers bgp` sets the default of every neighbor's time to connect, too (bgp_timers_set in bgpd/bgp_vty.c), and one
    # that is another than the profile's FRR shows with each neighbor, where no command takes it away.
    if not any(_TIMERS.match(line) for line in general) and _is_default_of_all(own_old, own_new):
        general.append(next(filter(_TIMERS.match, own_new), "no timers bgp"))
    if any(_TIMERS.match(line) for line in general):
        own_old = [line for line in own_old if " timers connect " not in line or line not in own_new]
    steps += [Command(top, line) for line in first]
    steps += [Command(top, line) for line in general if not _LISTEN.match(line) or line.startswith("no ")]
    for peer in sorted(removed.values(), key=lambda peer: peer.is_group):
        steps.append(Command(top, f"no neighbor {peer.name}" + (" peer-group" if peer.is_group else "")))
    order = _order(new_peers)
    for name in order:
        steps += [Command(top, line) for line in _of_peer(name, own_old, own_new)]
    steps += [Command(top, line) for line in general if _LISTEN.match(line) and not line.startswith("no ")]
    for path in [*new, *(path for path in old if path not in new)]:
        if path:
            steps += _family_commands((*top, *path), old.get(path, []), new.get(path, []), order)
    steps.sort(key=lambda step: step.line == "no bgp deterministic-med")  # refused while a neighbor needs it
    if not steps and before is None:
        steps = [Command((), after.line)]
    return steps


def renewed(before: Block | None, after: Block) -> frozenset[str]:
    """Neighbors that are taken away and made anew, since FRR cannot turn them into what is wanted."""
    new = peers(_lines(after)[()])
    return frozenset(_removed(peers(_lines(before)[()]), new, after.line.split()[2])) & new.keys()


def peer_of(line: str) -> str:
    """The neighbor or peer-group that a line of `router bgp` is about, or nothing."""
    words = line.removeprefix("no ").split()
    return words[1] if len(words) > 2 and words[0] == "neighbor" else ""


def _members_apart(lines: list[str]) -> list[str]:
    """The member ASes that go and those that come, each by itself: one that goes and comes back loses its sessions."""
    gone = next((line for line in lines if line.startswith(f"no {_MEMBERS}")), "").split()[4:]
    come = next((line for line in lines if line.startswith(_MEMBERS)), "").split()[3:]
    if not gone or not come:
        return lines
    left = {f"no {_MEMBERS}": [each for each in gone if each not in come]}
    left[_MEMBERS] = [each for each in come if each not in gone]
    rest = [line for line in lines if not line.removeprefix("no ").startswith(_MEMBERS)]
    return rest + [f"{words}{' '.join(members)}" for words, members in left.items() if members]


def _is_default_of_all(old: list[str], new: list[str]) -> bool:
    """Whether a time to connect that goes may be the default of the instance: then all of its neighbors show one."""
    shown = {peer_of(line) for line in old if " timers connect " in line}
    kept = {peer_of(line) for line in new if " timers connect " in line}
    staying = {peer_of(line) for line in new if " remote-as " in line}
    return bool((shown & staying) - kept) and shown >= {peer.name for peer in peers(old).values() if not peer.group}


def _family_commands(path: tuple[str, ...], old: list[str], new: list[str], order: list[str]) -> list[Command]:
    general = _change([line for line in old if not peer_of(line)], [line for line in new if not peer_of(line)])
    steps = [Command(path, line) for line in general]
    for name in [*order, *_orphans([*old, *new], order)]:
        steps += [Command(path, line) for line in _of_peer(name, old, new)]
    return steps


def _removed(old: Mapping[str, Peer], new: Mapping[str, Peer], asn: str) -> dict[str, Peer]:
    """Neighbors to take away: those no longer wanted, and those that FRR cannot turn into what is wanted."""
    removed = {name: peer for name, peer in old.items() if name not in new or not _convertible(peer, new[name], asn)}
    # FRR removes a group's members with the group.
    members = {name: peer for name, peer in old.items() if peer.group in removed}
    return removed | members


def _convertible(old: Peer, new: Peer, asn: str) -> bool:
    """Whether the one becomes the other by setting its remote AS.

    Changing between internal and external drops options on the way (peer_as_change, bgpd/bgpd.c), joining or
    leaving a group keeps some of the old ones.
    """
    if (old.is_group, old.group, old.interface) != (new.is_group, new.group, new.interface):
        return False
    return old.remote_as == new.remote_as or (
        bool(old.remote_as and new.remote_as) and (_internal(old.remote_as, asn) == _internal(new.remote_as, asn))
    )


def _internal(remote_as: str, asn: str) -> bool:
    return remote_as in ("internal", asn)


def _change(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """Take back what is not wanted, except settings that only change their value, then set what is new."""
    old, new = list(old), list(new)
    given = {setting(line): line for line in new if line not in old}
    gone = [line for line in old if line not in new]
    taken = [negation(line) for line in gone if setting(line) not in given or not replaces(given[setting(line)], line)]
    return taken + [line for line in new if line not in old]


def _of_peer(name: str, old: list[str], new: list[str]) -> list[str]:
    """One neighbor's commands in one context: made first, activated last, policies replaced before removed."""
    lines = _change([line for line in old if peer_of(line) == name], [line for line in new if peer_of(line) == name])
    if f"no neighbor {name} bfd" in lines:  # takes the profile with it; taking back the profile brings BFD back
        lines = [line for line in lines if not line.startswith(f"no neighbor {name} bfd ")]
    return sorted(lines, key=_rank)


def _rank(line: str) -> int:
    negative, words = line.startswith("no "), line.removeprefix("no ").split()
    option = words[2] if len(words) > 2 else ""
    if option == "activate":
        return 0 if negative else 6
    if not negative and option == "peer-group" and len(words) == 3:
        return 1
    if not negative and option in ("remote-as", "interface"):
        return 2
    if not negative and option == "peer-group":
        return 3
    if negative:
        return 5 if _POLICY.match(line.removeprefix("no ")) else 3
    return 4


def _order(wanted: Mapping[str, Peer]) -> list[str]:
    """Groups before their members."""
    return sorted(wanted, key=lambda name: not wanted[name].is_group)


def _orphans(lines: Iterable[str], order: list[str]) -> list[str]:
    """Neighbors that have lines in a family and are defined nowhere: FRR will say so."""
    return list(dict.fromkeys(name for line in lines if (name := peer_of(line)) and name not in order))


def _lines(router: Block | None) -> _Lines:
    found: _Lines = {(): []}
    for child in router.children if router else ():
        if child.children:
            for path, line in child.walk():
                if path:
                    found.setdefault(path, []).append(line)
        else:
            found[()].append(child.line)
    return found
