"""Which policies of FRR's package something names: without one that a filter names, FRR would discard every prefix."""

import re
from collections.abc import Collection, Iterator

from routebook.platforms.pfsense.meaning import AS_PATH_LISTS, COMMUNITY_LISTS, PREFIX_LISTS, ROUTE_MAPS
from routebook.platforms.pfsense.ownership import Path
from routebook.platforms.pfsense.tree import Element

POLICIES: Collection[Path] = (PREFIX_LISTS, COMMUNITY_LISTS, AS_PATH_LISTS, ROUTE_MAPS)

_BY_TAG = (
    (re.compile(r"prefixfilter_(in|out)|prefix_match|nexthop_pl"), PREFIX_LISTS),
    (re.compile(r"aspathfilter_(in|out)|aspath_match"), AS_PATH_LISTS),
    (re.compile(r"community_match"), COMMUNITY_LISTS),
    (re.compile(r"routemap_(in|out)|call|\w*routemap|distributeroutemap|unsuppressmap|tablemap"), ROUTE_MAPS),
    (re.compile(r"redistribute\w+"), ROUTE_MAPS),
)


def used(root: Element) -> Iterator[tuple[Path, str]]:
    """The policies that anything of the package names, by their lists, and by their names whether they are there."""
    for top in (root.find("installedpackages") or Element("")).children:
        for element in top.walk() if top.tag.startswith("frr") else ():
            for pattern, path in _BY_TAG:
                if element.text and pattern.fullmatch(element.tag):
                    yield path, element.text
