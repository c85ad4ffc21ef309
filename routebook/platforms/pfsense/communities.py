"""Communities as the FRR package takes them."""

import re
from collections.abc import Iterable

from routebook.intent.fields import WELL_KNOWN_COMMUNITIES, community_order


def community(text: str) -> str:
    """A community as the FRR package takes it: with few names, so by number."""
    if text not in WELL_KNOWN_COMMUNITIES:
        return text
    value = WELL_KNOWN_COMMUNITIES[text]
    return f"{value >> 16}:{value & 0xFFFF}"


def is_standard(text: str) -> bool:
    """Whether a text is a standard community, by number or by name."""
    return text in WELL_KNOWN_COMMUNITIES or re.fullmatch(r"\d{1,5}:\d{1,5}", text) is not None


def communities(texts: Iterable[str]) -> str:
    """Communities on one line, in the order of their values."""
    return " ".join(community(text) for text in sorted(set(texts), key=community_order))
