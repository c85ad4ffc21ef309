"""Spells out what people shorten in a frr.conf and FRR shows in full.

vtysh takes a word by its first letters where no other begins with them (lib/command_match.c), and some lines without a
value are shown with the one that they mean (`neighbor_ebgp_multihop` in bgpd/bgp_vty.c: 255 hops).
"""

import re

_SHORT = tuple(
    (re.compile(pattern), full)
    for pattern, full in (
        (r"inte?r?f?a?c? +(.*)", r"interface \1"),
        (r"(\s*address-family ipv[46])(?: uni?c?a?s?)?\s*", r"\1 unicast"),
        (r"(\s*rpki cache) tcp (.*)", r"\1 \2"),
        (r"(\s*neighbor \S+ ebgp-multihop)\s*", r"\1 255"),
        (r"(\s*neighbor \S+ allowas-in) 3\s*", r"\1"),
        (r"(\s*neighbor \S+ maximum-prefix \d+) 75( .*)?", r"\1\2"),
    )
)


def spelled_out(text: str) -> str:
    """The text with the lines as FRR shows them; it has as many lines as before."""
    return "".join(_line(line) for line in text.splitlines(keepends=True))


def _line(line: str) -> str:
    content = line.rstrip("\r\n")
    found = next((found.expand(full) for pattern, full in _SHORT if (found := pattern.fullmatch(content))), content)
    return found + line[len(content) :]
