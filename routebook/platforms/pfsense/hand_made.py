"""What somebody made by hand and what one of ours would get in the way of, or the other way round.

pfSense's own web interface refuses most of it. Written into config.xml all the same, both would be configured: charon
loads two connections to one gateway, bgpd stops at "duplicate neighbor", FRR's package writes one neighbor twice.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from ipaddress import ip_address

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.difference import Edit
from routebook.platforms.pfsense.ownership import Path, identity
from routebook.platforms.pfsense.tree import Element
from routebook.platforms.pfsense.tunnels import inner_network, interfaces

_PHASE1, _PHASE2 = ("ipsec", "phase1"), ("ipsec", "phase2")
_NEIGHBORS = {
    ("installedpackages", "openbgpdneighbors", "config"): "neighbor",
    ("installedpackages", "frrbgpneighbors", "config"): "peer",
}
_ANY = frozenset({"", "0.0.0.0", "::"})  # the gateway of mobile clients, of which there can be several


def refuse_doubled(after: Element, edits: Sequence[Edit]) -> None:
    """Raise CandidateError where an entry that is made, or comes to mean another, doubles one that somebody made.

    An entry that is adopted by its name is not somebody else's any more: the candidate replaces it.
    """
    said = [*_phase1(after, edits), *_networks(after, edits), *_neighbors(after, edits)]
    if said:
        raise CandidateError(f"{'; '.join(said)}; nothing was changed")


def hand_made(before: Element, after: Element, edits: Sequence[Edit]) -> Iterator[str]:
    """What is no reason to refuse a change and has to be known: entries that were doubled before, and interfaces."""
    for mine, theirs in _pairs(after, edits, _PHASE1, _gateway, changed=False):
        yield (
            f"{_called(theirs)} has the remote gateway of {mine.value('descr')}, {theirs.value('remote-gateway')}: "
            f"charon loads both, and either may carry the tunnel. {_adopt_phase1(after, theirs)}"
        )
    yield from _assigned(before, after)


def _phase1(after: Element, edits: Sequence[Edit]) -> Iterator[str]:
    """As vpn_ipsec_phase1.php has it: one enabled phase 1 for each gateway, unless both allow more, with an address."""
    for mine, theirs in _pairs(after, edits, _PHASE1, _gateway):
        yield (
            f"{_called(theirs)} is somebody else's and has the remote gateway of {mine.value('descr')}, "
            f"{theirs.value('remote-gateway')}: pfSense takes one phase 1 for each gateway, and charon would load "
            f"both. {_adopt_phase1(after, theirs)}, or disable it by hand"
        )


def _gateway(entry: Element) -> Hashable:
    gateway = entry.value("remote-gateway").strip().lower()
    return None if gateway in _ANY or entry.has("disabled") or entry.has("mobile") else _address(gateway)


def _networks(after: Element, edits: Sequence[Edit]) -> Iterator[str]:
    changed = [
        edit.new[0] for edit in edits if edit.path == _PHASE2 and edit.new and _means_another(edit, inner_network)
    ]
    for mine in changed:
        network = inner_network(mine)
        for theirs in _others(after, edits, _PHASE2):
            other = None if theirs.has("disabled") else inner_network(theirs)
            if network is not None and other is not None and network.overlaps(other):
                yield (
                    f"phase 2 {theirs.value('descr') or 'without a description'} is somebody else's and has {other} "
                    f"inside, as {mine.value('descr')}: two interfaces cannot have it. Write another `inner` for the "
                    "tunnel in the inventory, or disable that one by hand"
                )


def _neighbors(after: Element, edits: Sequence[Edit]) -> Iterator[str]:
    for path, tag in _NEIGHBORS.items():
        for mine, theirs in _pairs(after, edits, path, partial(_addressed, tag)):
            descr = theirs.value("descr")
            adopt = (
                f"To take it over, write `adopt: [neighbor {descr}]` into the host's data"
                if descr
                else "Give it a description there by which it can be adopted"
            )
            yield (
                f"neighbor {descr or 'without a description'} is somebody else's and has the address of "
                f"{mine.value('descr')}, {theirs.value(tag)}: the package would write it twice. {adopt}, or remove it "
                "by hand"
            )


def _addressed(tag: str, entry: Element) -> Hashable:
    return _address(entry.value(tag)) or None


def _pairs(
    after: Element, edits: Sequence[Edit], path: Path, key: Callable[[Element], Hashable], *, changed: bool = True
) -> Iterator[tuple[Element, Element]]:
    """Entries of ours with those of others that have the same key.

    `changed` takes of ours those that are new or have another key now, else those that are changed in something else.
    """
    others = list(_others(after, edits, path))
    for edit in edits:
        if edit.path != path or not edit.new or _means_another(edit, key) is not changed:
            continue
        mine = edit.new[0]
        for theirs in others:
            allowed = mine.has("gw_duplicates") and theirs.has("gw_duplicates")
            if key(mine) is not None and key(mine) == key(theirs) and not allowed:
                yield mine, theirs


def _means_another(edit: Edit, key: Callable[[Element], Hashable]) -> bool:
    return not edit.old or key(edit.old[0]) != key(edit.new[0])


def _others(after: Element, edits: Sequence[Edit], path: Path) -> Iterator[Element]:
    """The entries of a list that the change leaves as they are, and that are not recorded, or called, as ours."""
    ours = manifest.ours(after)
    made = {edit.identity for edit in edits if edit.path == path and edit.new}
    for entry in manifest.entries(after, path):
        if identity(path, entry) not in made and not ours(path, entry):
            yield entry


def _address(text: str) -> Hashable:
    try:
        return ip_address(text.strip())
    except ValueError:
        return text.strip().lower()


def _called(phase1: Element) -> str:
    descr, ikeid = phase1.value("descr") or "without a description", phase1.value("ikeid") or "none"
    return f"phase 1 {descr} (ikeid {ikeid})"


def _adopt_phase1(root: Element, phase1: Element) -> str:
    descr = phase1.value("descr")
    if not descr:
        return "Give it a description there by which it can be adopted"
    ipsec = root.find("ipsec") or Element("ipsec")
    of_it = [entry for entry in ipsec.all("phase2") if entry.value("ikeid") == phase1.value("ikeid")]
    names = [f"phase1 {descr}", *(f"phase2 {each}" for entry in of_it if (each := entry.value("descr")))]
    return f"To replace it in this run, write `adopt: [{', '.join(dict.fromkeys(names))}]` into the host's data"


def _assigned(before: Element, after: Element) -> Iterator[str]:
    """VTIs with an assigned interface: vpn_ipsec.php refuses to delete one, and a new one takes over what it had."""
    old, new = _devices(before), _devices(after)
    for entry in (after.find("interfaces") or Element("interfaces")).children:
        device = entry.value("if")
        if device in old.keys() - new.keys():
            yield (
                f"interface {entry.tag} is assigned to {device}, which goes away with {old[device]}: pfSense's own "
                "pages would refuse that. Remove the assignment, and what uses it, under Interfaces / Assignments"
            )
        elif device in new.keys() - old.keys():
            yield (
                f"interface {entry.tag} is assigned to {device} already, which becomes that of {new[device]}: what is "
                "configured for it (rules, routes, gateways) holds for the new tunnel then"
            )


def _devices(root: Element) -> dict[str, str]:
    ipsec = root.find("ipsec") or Element("ipsec")
    return {
        device: entry.value("descr")
        for entry in ipsec.all("phase1")
        for device in interfaces(
            entry, [other for other in ipsec.all("phase2") if other.value("ikeid") == entry.value("ikeid")]
        )
    }
