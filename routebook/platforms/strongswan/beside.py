"""What somebody else has made of the kinds that Routebook makes: sections of other files."""

import fnmatch
from collections.abc import Collection, Iterator, Sequence

from routebook.device.candidate import Section
from routebook.device.values import Beside
from routebook.platforms.strongswan.tree import Tree

_CALLED = {"connections": "connection", "secrets": "secret", "pools": "pool", "authorities": "authority"}


def beside(tree: Tree, sections: Sequence[Section], loaded: Collection[str]) -> Iterator[Beside]:
    """Each section that is in none of our files, with the section that makes such; not connections that charon has
    `loaded`, which are listed as tunnels.
    """
    owns = [pattern for section in sections for pattern in (section.part, *section.owns)]
    for (kind, name), files in sorted(tree.defined.items()):
        theirs = [file for file in files if not any(fnmatch.fnmatchcase(file, pattern) for pattern in owns)]
        if theirs == files and not (kind == "connections" and name in loaded):
            maker = "secrets" if kind == "secrets" else "connections"
            if any(section.name == maker for section in sections):
                yield Beside(maker, f"{_CALLED[kind]} {name} of {theirs[0]}")
