"""What somebody has made in the web interface and a host's `adopt` hands over, by its description, name or
address: `phase1 office`, `route-map TO-TRANSIT`, `neighbor 192.0.2.1`."""

import re
from collections.abc import Sequence

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.candidate import together
from routebook.platforms.pfsense.manifest import adopted_as, entries
from routebook.platforms.pfsense.meaning import NETWORKS, network
from routebook.platforms.pfsense.ownership import LISTS

# What stands in `adopt`, with the lists in which the name is looked for, the tags that can have it, and what has to be
# rendered for it.
_ADOPTED = {
    "phase1": (("ipsec/phase1",), ("descr",), "<phase1>"),
    "phase2": (("ipsec/phase2",), ("descr",), "<phase2>"),
    "neighbor": (("installedpackages/frrbgpneighbors/config",), ("descr", "peer"), "<frrbgpneighbors>"),
    "prefix-list": (("installedpackages/frrglobalprefixes/config",), ("name",), "<frrglobalprefixes>"),
    "route-map": (("installedpackages/frrglobalroutemaps/config",), ("name",), "<frrglobalroutemaps>"),
    "community-list": (("installedpackages/frrbgpcommunities/config",), ("name",), "<frrbgpcommunities>"),
}
_OF_OPENBGPD = {
    "neighbor": (("installedpackages/openbgpdneighbors/config",), ("descr", "neighbor"), "<openbgpdneighbors>"),
}


def objects(part: str, text: str) -> Sequence[str]:
    """The names of a section's entries, and of the networks that it originates."""
    try:
        root = together([Section("", part, text, ())], "frr" if "<frr" in text else "openbgpd" if text else "")
    except CandidateError:
        return ()
    found = [name for path in LISTS for entry in entries(root, path) if (name := adopted_as(path, entry))]
    rows = [(path, row) for path in NETWORKS if (holder := root.find(*path[:-1])) for row in holder.all(path[-1])]
    return [*dict.fromkeys(found), *(f"network {net}" for path, row in rows if (net := network(path, row)))]


def adopted(name: str, part: str, text: str) -> Sequence[str]:
    """What a section owns for an adopted name: nothing while it renders no such thing, which nothing would replace."""
    kind, _, called = name.partition(" ")
    plain = re.sub(r"([*?[])", r"[\1]", called)
    return tuple(
        f"{path} where {tag} {plain}"
        for known in (_ADOPTED, _OF_OPENBGPD)
        for paths, tags, rendered in [known.get(kind, ((), (), ""))]
        if called and rendered in text
        for path in paths
        for tag in tags
        if path.startswith("ipsec/") is (part == "ipsec")
    )
