"""What FRR says of what sessions rest on: bfdd's sessions, bgpd's RPKI caches, and best paths that were asked for."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from routebook.device.records import free_text, one_of
from routebook.device.state import BfdPeer, BfdStatus, IPNetwork, Route, RpkiServer
from routebook.device.typed import Fields, decode

# `rpki cache HOST PORT …` up to 9, `rpki cache tcp|ssh HOST PORT …` from 10 on (bgpd/bgp_rpki.c, config_write).
_CACHE = re.compile(r"rpki cache (?:(?:tcp|ssh) )?(\S+) (\d{1,5}) (?:.* )?preference (\d{1,3})")
_STATES: tuple[BfdStatus, ...] = ("up", "down", "init", "shutdown")


def question(prefix: IPNetwork) -> str:
    """What asks bgpd for one prefix, and never for a table."""
    return f"show bgp ipv{prefix.version} unicast {prefix} json"


def bfd_peers(text: str) -> tuple[BfdPeer, ...]:
    """The sessions in `show bfd peers json`; none where bfdd did not answer. Raises ValueError."""
    if not text.strip():
        return ()
    found, _ = decode(text)
    if not isinstance(found, list):
        raise ValueError("bfdd's answer is no list")
    peers = []
    for each in found:
        peer = Fields(each, "a BFD session")
        diagnostic = free_text(peer.text("diagnostic", ""))
        peers.append(BfdPeer(ip_address(peer.text("peer")), one_of(peer.text("status"), _STATES), diagnostic))
    return tuple(peers)


def rpki_servers(running: str, text: str) -> tuple[RpkiServer, ...]:
    """The caches of the configuration, and which of them `show rpki cache-connection json` has connected.

    It shows none of them where none is connected. Raises ValueError.
    """
    connected = set()
    if text.strip().startswith("{"):
        answer, _ = decode(text)
        for each in Fields(answer, "the caches").objects("connections"):
            if each.text("state") == "connected":
                connected.add((each.text("host"), each.text("port")))
    caches = [match for line in running.splitlines() if (match := _CACHE.fullmatch(line.strip()))]
    return tuple(
        RpkiServer(match[1], int(match[2]), int(match[3]), (match[1], match[2]) in connected) for match in caches
    )


def routes(prefixes: Sequence[IPNetwork], text: str) -> tuple[Route, ...] | None:
    """The best paths to prefixes, in what bgpd answered to the question of each; None where it has no BGP.

    Raises ValueError.
    """
    if not text.lstrip().startswith("{"):
        return None
    return tuple(_routes(prefixes, text))


def _routes(prefixes: Sequence[IPNetwork], text: str) -> Iterator[Route]:
    for prefix in prefixes:
        found, text = decode(text)
        paths = Fields(found, f"the route to {prefix}").objects("paths")
        best = next((path for path in paths if path.fields("bestpath").flag("overall")), None)
        yield Route(prefix) if best is None else _route(prefix, best)


def _route(prefix: IPNetwork, path: Fields) -> Route:
    hops = path.objects("nexthops")
    used = next((hop for hop in hops if hop.flag("used")), hops[0] if hops else Fields({}, "a next hop"))
    return Route(
        prefix=prefix,
        next_hop=free_text(used.text("ip", "")) or "unknown",
        peer=free_text(path.fields("peer").text("peerId", "")),
        as_path=free_text(path.fields("aspath").text("string", "")),
        reachable=any(hop.flag("accessible") for hop in hops) or not hops,
        step=free_text(path.fields("bestpath").text("selectionReason", "")),
        validation=free_text(path.text("rpkiValidationState", "")).replace(" ", ""),
    )
