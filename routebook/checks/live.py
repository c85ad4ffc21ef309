"""What has happened between two looks at the network: sessions, tunnels and prefixes that went or came back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from routebook.checks.findings import Finding
from routebook.checks.tunnel_causes import installed
from routebook.device.values import State
from routebook.intent.model import HostIntent

Kind = Literal[
    "session down", "session up", "session reset", "tunnel down", "tunnel up", "tunnel wedged", "tunnel degraded",
    "tunnel healthy", "prefixes collapsed", "prefixes back", "host lost", "host back",
]  # fmt: skip
_TRAFFIC: Mapping[str, Kind] = {
    "wedged": "tunnel wedged",
    "degraded": "tunnel degraded",
    "healthy": "tunnel healthy",
}
_UP_OR_DOWN: Mapping[tuple[str, bool], Kind] = {
    ("session", True): "session up",
    ("session", False): "session down",
    ("tunnel", True): "tunnel up",
    ("tunnel", False): "tunnel down",
}
COLLAPSE = 0.75
"""Fewer than this part of a session's prefixes in a family is a collapse."""
FEWEST = 4
SETTLED = 30
"""Seconds that a session needs for its prefixes once it is up."""

Prefixes = tuple[str, str, str]
"""Host, peer and family."""


class Happening(Struct, frozen=True):
    """One event: what, where, on what, and more of it for people."""

    kind: Kind
    host: str
    subject: str
    text: str = ""


@dataclass(slots=True)
class Memory:
    """What was so at the last look: what is up, since when, and how many prefixes each session had before any collapse.

    A session or tunnel of ours is one thing whose two ends must be up; it has the name of its first end.
    """

    up: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    uptimes: dict[tuple[str, str], int] = field(default_factory=dict)
    prefixes: dict[Prefixes, int] = field(default_factory=dict)
    collapsed: set[Prefixes] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    traffic: dict[str, str] = field(default_factory=dict)

    def look(
        self,
        intents: Mapping[str, HostIntent],
        states: Mapping[str, State],
        lost: Mapping[str, str],
        findings: list[Finding],
    ) -> list[Happening]:
        """What has happened since the last look. `lost` are hosts that do not answer, each with the reason."""
        causes = {(f.host, f.subject): f.cause for f in findings if f.cause and f.status != "ok"}
        happened = [Happening("host lost", host, host, why) for host, why in lost.items() if host not in self.lost]
        happened += [Happening("host back", host, host) for host in self.lost if host in states]
        self.lost = {**{host: why for host, why in self.lost.items() if host not in states}, **lost}
        for (what, host, subject), (now, text) in _seen(intents, states).items():
            if self.up.get((what, host, subject), True) != now:
                more = text if now else causes.get((host, subject), text)
                happened.append(Happening(_UP_OR_DOWN[what, now], host, subject, more))
            self.up[what, host, subject] = now
        return [*happened, *self._resets(states), *self._counts(states)]

    def proved(self, findings: list[Finding]) -> list[Happening]:
        """What packets have shown since the last time."""
        happened = []
        for finding in findings:
            was, now = self.traffic.get(finding.subject, "healthy"), finding.state
            if now in _TRAFFIC and now != was:
                happened.append(Happening(_TRAFFIC[now], finding.host, finding.subject, finding.cause))
            if now:
                self.traffic[finding.subject] = now
        return happened

    def _resets(self, states: Mapping[str, State]) -> Iterator[Happening]:
        """Sessions that were made anew between two looks: those are up again at the second."""
        for host, state in states.items():
            for session in state.bgp or ():
                key = host, str(session.peer)
                before = self.uptimes.pop(key, None)
                if not session.established or session.uptime is None:
                    continue
                if before is not None and session.uptime < before:
                    yield Happening("session reset", *key, f"up for {session.uptime} s; {session.last_reset}")
                self.uptimes[key] = session.uptime

    def _counts(self, states: Mapping[str, State]) -> Iterator[Happening]:
        for host, state in states.items():
            for session in state.bgp or ():
                for family in session.families if (session.uptime or 0) >= SETTLED else ():
                    key, now = (host, str(session.peer), family.name), family.received
                    before = self.prefixes.get(key)
                    if now is None:
                        continue
                    few = before is not None and before >= FEWEST and now < COLLAPSE * before
                    text = f"{family.name}: {before} received before, {now} now"
                    if few and key not in self.collapsed:
                        self.collapsed.add(key)
                        yield Happening("prefixes collapsed", *key[:2], text)
                    elif not few:
                        if key in self.collapsed:
                            self.collapsed.discard(key)
                            yield Happening("prefixes back", *key[:2], text)
                        self.prefixes[key] = now


def _seen(
    intents: Mapping[str, HostIntent], states: Mapping[str, State]
) -> dict[tuple[str, str, str], tuple[bool, str]]:
    """What of the intent is up, at every end that was read, by what it is, its first end and the subject there."""
    found: dict[tuple[str, str, str], tuple[bool, str]] = {}
    for host, intent in intents.items():
        if (state := states.get(host)) is None:
            continue
        sessions = {str(session.peer): session for session in state.bgp or () if session.vrf == "default"}
        for neighbor in intent.neighbors:
            session = sessions.get(str(neighbor.address))
            up = session is not None and session.established
            shown = session.state if session is not None else "not configured"
            far = ("session", neighbor.peer_host or "", str(neighbor.local_address))
            key = far if far in found else ("session", host, str(neighbor.address))
            both = up and found.get(key, (True, ""))[0]
            if not neighbor.shutdown:
                found[key] = both, f"with {neighbor.peer}: {shown}"
        for tunnel in intent.tunnels:
            up = any(sa.up and installed(sa, tunnel.name) for sa in state.ike or ())
            far = ("tunnel", tunnel.peer_host or "", tunnel.name)
            key = far if far in found else ("tunnel", host, tunnel.name)
            found[key] = up and found.get(key, (True, ""))[0], f"between {host} and {tunnel.peer}"
    return found
