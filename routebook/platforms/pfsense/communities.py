"""Communities as the FRR package takes them."""

from collections.abc import Iterable

from routebook.intent.fields import WELL_KNOWN_COMMUNITIES, community_order


def community(text: str) -> str:
    """A community as the FRR package takes it: with few names, so by number."""
    if text not in WELL_KNOWN_COMMUNITIES:
        return text
    value = WELL_KNOWN_COMMUNITIES[text]
    return f"{value >> 16}:{value & 0xFFFF}"


def communities(texts: Iterable[str]) -> str:
    """Communities on one line, in the order of their values."""
    return " ".join(community(text) for text in sorted(set(texts), key=community_order))
