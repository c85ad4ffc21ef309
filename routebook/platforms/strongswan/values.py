"""Values that charon takes without a word and understands otherwise than they were meant (measured on 5.9.8)."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from routebook.platforms.strongswan.tree import Section, children

_PROTOCOL = re.compile(r"\[[^\]]*\]$")


def misread(name: str, connection: Section) -> Iterator[str]:
    """What of a connection charon would misread, one sentence each."""
    version = connection.get("version", "0")
    if version not in ("0", "1", "2"):
        yield f"connection {name}: version = {version} is neither 1 nor 2, and charon does not refuse it"
    for child, section in children(connection).items():
        for key in ("local_ts", "remote_ts"):
            for selector in str(section.get(key, "")).split(","):
                if selector.strip() and not _is_selector(_PROTOCOL.sub("", selector.strip())):
                    yield (
                        f"connection {name}, child {child}: {key} = {selector.strip()} is not a network, "
                        "and charon makes another one of it"
                    )


def _is_selector(text: str) -> bool:
    """A network, a range of addresses, or "dynamic"."""
    if text in ("dynamic", ""):
        return True
    try:
        if "/" in text or "-" not in text:
            ip_network(text, strict=False)
        else:
            first, last = (ip_address(part.strip()) for part in text.split("-"))
            return first.version == last.version
    except ValueError:
        return False
    return True
