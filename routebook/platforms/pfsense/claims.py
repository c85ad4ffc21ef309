"""What a candidate may not claim of what somebody else has made in config.xml."""

from collections.abc import Callable, Mapping, Sequence

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.ownership import LISTS, Path, identity, named
from routebook.platforms.pfsense.tree import Element


def refuse_another_as(
    running: Element, settings: Mapping[Path, list[Element]], owners: Sequence[manifest.Owner]
) -> None:
    """A daemon has one AS: that of somebody else's neighbors is not changed under them."""
    for tag in ("frr", "openbgpd"):
        setting: Path = ("installedpackages", "frrbgp" if tag == "frr" else tag, "config", "asnum")
        there, new = running.value(*setting), settings.get(setting, [])
        neighbors: Path = ("installedpackages", "frrbgpneighbors" if tag == "frr" else "openbgpdneighbors", "config")
        others = [
            entry
            for entry in manifest.entries(running, neighbors)
            if not any(owner.owns(neighbors, entry) for owner in owners)
        ]
        if there and new and new[0].text != there and others:
            raise CandidateError(
                f"AS {there} runs there, with what is somebody else's ({manifest.shown(neighbors, others)[0]}), and "
                f"the inventory says AS {new[0].text}: correct asn; nothing was changed"
            )


def refuse_foreign(wanted: Element, owners: Sequence[manifest.Owner]) -> None:
    """An entry that no pattern owns would take over a hand-made one, and never go away."""
    for path in LISTS:
        for entry in manifest.entries(wanted, path):
            if not any(owner.may_have(path, entry) for owner in owners):
                raise CandidateError(f"the candidate has {named(path, entry)}, which ownership.yaml does not own")


def refuse_shared(path: Path, old: Sequence[Element], new: Sequence[Element], ours: Callable[[Element], bool]) -> None:
    """Entries are added to no route map of which somebody else has all that is there."""
    names, due = {entry.value("name") for entry in new}, {identity(path, entry) for entry in new}
    mixed = {entry.value("name") for entry in old if ours(entry)}
    for entry in old if len(LISTS[path]) > 1 else ():
        if entry.value("name") in names - mixed and identity(path, entry) not in due:
            raise CandidateError(manifest.taken(path, entry))
