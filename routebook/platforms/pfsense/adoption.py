"""What somebody has made in the web interface and a host's `adopt` hands over, by its description: `phase1 office`."""

import re
from collections.abc import Sequence

# What stands in `adopt`, with the lists in which the description is looked for, and what has to be rendered for it.
_ADOPTED = {
    "phase1": (("ipsec/phase1",), "<phase1>"),
    "phase2": (("ipsec/phase2",), "<phase2>"),
    "neighbor": (
        ("installedpackages/frrbgpneighbors/config", "installedpackages/openbgpdneighbors/config"),
        "neighbors>",
    ),
}


def adopted(name: str, part: str, text: str) -> Sequence[str]:
    """What a section owns for an adopted name: nothing while it renders no such thing, which nothing would replace."""
    kind, _, descr = name.partition(" ")
    lists, rendered = _ADOPTED.get(kind, ((), ""))
    if not descr or rendered not in text:
        return ()
    plain = re.sub(r"([*?[])", r"[\1]", descr)
    return tuple(f"{path} where descr {plain}" for path in lists if path.startswith("ipsec/") is (part == "ipsec"))
