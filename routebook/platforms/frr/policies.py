"""Route maps and lists by the lines that define them, as reading sessions needs them: without the tree around."""

import re

_DEFINED = (
    re.compile(r"(?P<kind>route-map) (?P<name>\S+) (permit|deny) \d+"),
    re.compile(r"(?P<kind>(ip|ipv6) prefix-list) (?P<name>\S+) seq .*"),
    re.compile(r"bgp (?P<kind>as-path access-list) (?P<name>\S+) .*"),
    re.compile(r"bgp (?P<kind>(large-|ext)?community-list) (?:standard |expanded )?(?P<name>\S+) seq .*"),
)


def kind_and_name(line: str) -> tuple[str, str] | None:
    """What a line of the top level defines; None for every other line."""
    for pattern in _DEFINED:
        if match := pattern.fullmatch(line):
            return match["kind"], match["name"]
    return None


def shown(text: str) -> frozenset[tuple[str, str]]:
    """Kind and name of every policy object in a configuration as FRR shows it."""
    found = (kind_and_name(line.rstrip()) for line in text.splitlines() if not line.startswith((" ", "!")))
    return frozenset(each for each in found if each is not None)


def prefix_list_kind(family: str) -> str:
    """The kind of prefix list that a neighbor uses in an address-family context."""
    return "ipv6 prefix-list" if "ipv6" in family else "ip prefix-list"
