"""Which sessions a change of graceful restart (RFC 4724) resets, which depends on the release.

What of it a session negotiates is in its OPEN, so a change reaches a session only when it is made anew. bgpd does that
by itself where the mode of a session changes since 10.2 (bgp_gr_update_mode_of_all_peers and bgp_peer_gr_action in
bgpd/bgp_fsm.c; before, it says "reset all peers to take effect"), and since 10.5 also where the restart time is set
while the session has it in its OPEN (bgp_update_graceful_restart_capability in bgpd/bgp_vty.c). Up to 10.7 it does that
for the value that it has, too: FRRouting/frr issue 22953, mended by pull request 22961 after 10.7.
"""

from collections.abc import Collection, Iterable

from routebook.platforms.frr.tree import Tree

MODE_RESETS = (10, 2)
TIME_RESETS = (10, 5)

_OF_ALL = {"bgp graceful-restart": "restart", "bgp graceful-restart-disable": "off"}
_OWN = {"graceful-restart": "restart", "graceful-restart-helper": "helper", "graceful-restart-disable": "off"}
_TIME = "bgp graceful-restart restart-time "


def globally(tree: Tree) -> tuple[str, ...]:
    """The lines outside of any router, which hold for all of them (bgp_global_gr_config_vty in bgpd/bgp_vty.c)."""
    return tuple(block.line for block in tree if concerns(block.line))


def concerns(setting: str) -> bool:
    """Whether a setting of the router is one of graceful restart that may reset sessions, on some release."""
    return setting in _OF_ALL or setting.startswith(_TIME.rstrip())


def resets(
    old: Collection[str],
    new: Collection[str],
    options: tuple[Iterable[str], Iterable[str]],
    release: tuple[int, int],
) -> str:
    """Why a session resets, empty where it does not: by the lines for all before and after, and the neighbor's own.

    The lines for all change before those of its neighbors, which matters to a neighbor that begins to have its own.
    """
    all_before, all_after = _of_all(old), _of_all(new)
    own_before, own_after = map(_own, options)
    steps = [own_before or all_before, own_before or all_after, own_after or all_after]
    if release >= MODE_RESETS and len(set(steps)) > 1:
        return "graceful-restart"
    if release >= TIME_RESETS and "restart" in steps and _time(old) != _time(new):
        return "bgp graceful-restart restart-time"
    return ""


def _of_all(lines: Iterable[str]) -> str:
    """A router that says nothing helps its neighbors to restart."""
    return next((_OF_ALL[line] for line in lines if line in _OF_ALL), "helper")


def _own(lines: Iterable[str]) -> str:
    words = (line.split() for line in lines if not line.startswith("no "))
    return next((_OWN[each[2]] for each in words if len(each) == 3 and each[2] in _OWN), "")


def _time(lines: Iterable[str]) -> str:
    return next((line for line in lines if line.startswith(_TIME)), "")
