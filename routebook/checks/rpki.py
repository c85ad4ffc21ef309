"""RPKI: where caches are intended, one is connected, so that origins are validated at all (RFC 6811, RFC 8210)."""

from collections.abc import Iterator, Mapping

from routebook.checks.findings import Finding
from routebook.device.state import RpkiServer
from routebook.device.values import State
from routebook.intent.model import HostIntent, RpkiCache

CACHE = "rpki.cache"


def check(intents: Mapping[str, HostIntent], now: Mapping[str, State]) -> Iterator[Finding]:
    """A finding for each intended cache of each host that says what it is connected to.

    Of caches with different preferences a router uses the most preferred that answers (RFC 8210 section 10): those
    below it wait, and need no connection.
    """
    for host, intent in intents.items():
        state = now.get(host)
        if state is None or state.rpki is None or not intent.rpki_caches:
            continue
        servers = {(each.host, each.port): each for each in state.rpki}
        for cache in intent.rpki_caches:
            yield _cache(host, cache, servers)


def name_of(cache: RpkiCache) -> str:
    """A cache in words: its address and port."""
    return f"{cache.host} port {cache.port}"


def _cache(host: str, cache: RpkiCache, servers: Mapping[tuple[str, int], RpkiServer]) -> Finding:
    subject = name_of(cache)
    server = servers.get((str(cache.host), cache.port))
    used = [each for each in servers.values() if each.connected]
    if server is None:
        others = ", ".join(f"{each.host} port {each.port}" for each in servers.values()) or "none"
        line = f"{host}: it has not this cache; it has {others}"
        return Finding(host, CACHE, subject, "failed", (line,), f"{host} does not have the cache {subject}")
    if server.connected:
        return Finding(host, CACHE, subject, "ok", (f"{host}: connected",))
    if any(each.preference < server.preference for each in used):
        return Finding(host, CACHE, subject, "ok", (f"{host}: not connected; a more preferred cache is",))
    names = ", ".join(f"{each.host} port {each.port}" for each in used)
    line = f"{host}: not connected; " + (f"connected: {names}" if used else "no cache is connected")
    lack = "" if used else ", so no origin is validated: `match rpki invalid` matches nothing"
    cause = f"{host} has no connection to the cache {subject}{lack}"
    return Finding(host, CACHE, subject, "pending", (line,), cause)
