"""Comparing traffic selectors in the notations in which daemons print them."""

from collections.abc import Collection, Iterable
from ipaddress import (
    IPv4Network,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
    summarize_address_range,
)

from msgspec import Struct

IPNetwork = IPv4Network | IPv6Network


class SelectorDifference(Struct, frozen=True):
    """How negotiated selectors differ from intended ones.

    `missing` are intended networks of which nothing is covered, `narrowed` those of which a part is, `excess`
    what is covered without being intended, `restricted` selectors that carry only one protocol or port.
    """

    missing: tuple[IPNetwork, ...] = ()
    narrowed: tuple[IPNetwork, ...] = ()
    excess: tuple[IPNetwork, ...] = ()
    restricted: tuple[str, ...] = ()


def parse_selector(text: str) -> list[IPNetwork]:
    """The networks of `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1..10.0.0.9`, or of `::/0[tcp/80]` without the port.

    Raises ValueError on anything else, for example `dynamic`.
    """
    bare = text.split("[", 1)[0].split("|", 1)[0].strip()
    for separator in ("..", "-"):
        first, found, last = bare.partition(separator)
        if found:
            low, high = ip_address(first.strip()), ip_address(last.strip())
            if low.version != high.version:
                raise ValueError(f"{text} mixes IPv4 and IPv6")
            return list(summarize_address_range(low, high))
    return [ip_network(bare, strict=False)]


def compare(actual: Iterable[str], intended: Iterable[IPNetwork]) -> SelectorDifference:
    """Compare selectors as a device prints them with intended networks, as sets of addresses."""
    actual = list(actual)
    have = [network for text in actual for network in parse_selector(text)]
    want = list(intended)
    missing: list[IPNetwork] = []
    narrowed: list[IPNetwork] = []
    for network in want:
        if not _within(network, have):
            overlapping = any(other.version == network.version and other.overlaps(network) for other in have)
            (narrowed if overlapping else missing).append(network)
    return SelectorDifference(
        missing=tuple(missing),
        narrowed=tuple(narrowed),
        excess=tuple(network for network in have if not _within(network, want)),
        restricted=tuple(text for text in actual if "[" in text),
    )


def _within(network: IPNetwork, others: Collection[IPNetwork]) -> bool:
    if network in others:
        return True
    if isinstance(network, IPv4Network):
        v4 = collapse_addresses(other for other in others if isinstance(other, IPv4Network))
        return any(network.subnet_of(other) for other in v4)
    v6 = collapse_addresses(other for other in others if isinstance(other, IPv6Network))
    return any(network.subnet_of(other) for other in v6)
