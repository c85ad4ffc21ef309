"""`names`: addresses that have a name are shown by it, and may be typed by it.

A published configuration of 8.2(1) shows them in access lists, routes (gateways, too) and management access, and not in
an interface's own address; that crypto maps, tunnel destinations and object groups do the same is a guess.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address

_NAMED = re.compile(r"name (\S+) (\S+)")
_LINES = re.compile(
    r" *(?:no )?(?:access-list \S+ (?!remark)|route |ipv6 route |http |ssh |telnet |icmp |network-object "
    r"|tunnel destination |crypto (?:dynamic-)?map \S+ \d+ set peer )"
)


def by_address(lines: list[str]) -> dict[str, str]:
    """Names by address, where the configuration says `names`."""
    named = {found[1]: found[2] for line in lines if (found := _NAMED.match(line)) is not None}
    return named if "names" in lines else {}


def shown(line: str, names: Mapping[str, str]) -> str:
    """A line as the configuration shows it."""
    return _replaced(line, names) if names else line


def meant(line: str, names: Mapping[str, str]) -> str:
    """A line as it was typed, with addresses in place of names."""
    return (
        _replaced(line, {name: address for address, name in names.items() if _is_address(address)}) if names else line
    )


def _replaced(line: str, words: Mapping[str, str]) -> str:
    begins = _LINES.match(line)
    if begins is None:
        return line
    rest = re.sub(r"\S+", lambda word: words.get(word[0], word[0]), line[begins.end() :])
    return line[: begins.end()] + rest


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
