"""Which findings follow from which: one cause takes sessions with it at both ends, and their prefixes everywhere.

What the run itself has changed is the first suspect. A finding that follows from another says from which.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from routebook.checks.facts import Changed
from routebook.checks.findings import Finding
from routebook.checks.kinds import OF_THE_SESSION, Kind
from routebook.checks.paths import tunnels_beneath
from routebook.intent.model import HostIntent, Neighbor

_WRONG = frozenset({"failed", "pending", "unknown"})
_HOSTS = frozenset({"host.contact", "bgp.daemon", "tunnel.daemon"})
_ROUTES = frozenset(
    f"bgp.{what}" for what in ("prefixes", "collapse", "reset", "families", "lost", "normal", "family", "parity")
) | {"baseline.session"}
_SESSIONS = frozenset({"bgp.session", "bgp.as"})


def folded(
    findings: Sequence[Finding], intents: Mapping[str, HostIntent], changed: Changed | None = None
) -> list[Finding]:
    """The findings, what is wrong by its roots, the run's own first; each that follows from another after that one."""
    wrong = [finding for finding in findings if finding.status in _WRONG]
    tree = _Tree(intents, changed or Changed(), wrong)
    root_of = {id(finding): tree.root_of(finding) for finding in wrong}
    roots = [finding for finding in wrong if root_of[id(finding)] is finding]
    found = []
    for root in sorted(roots, key=lambda root: not tree.suspected(root)):
        found.append(root)
        follow = [each for each in wrong if each is not root and root_of[id(each)] is root]
        found += [replace(each, follows=root.key) for each in follow]
    return [*found, *(finding for finding in findings if finding.status not in _WRONG)]


def hosts_of_roots(found: Iterable[Finding]) -> set[str]:
    """The hosts on which something is wrong by itself, of findings that are folded: what follows elsewhere is not."""
    return {finding.host for finding in found if finding.status in _WRONG and finding.follows is None}


def counted(failed: Sequence[Finding]) -> str:
    """How many checks failed by themselves, and how many for these, of findings that are folded."""
    roots = sum(finding.follows is None for finding in failed)
    follow = len(failed) - roots
    text = "a check failed" if roots == 1 else f"{roots} checks failed"
    return f"{text}, and {follow} more for {'it' if roots == 1 else 'them'}" if follow else text


def _source(finding: Finding) -> tuple[Kind, str]:
    return finding.kind, finding.origin


class _Tree(Struct, frozen=True):
    intents: Mapping[str, HostIntent]
    changed: Changed
    wrong: Sequence[Finding]

    def root_of(self, finding: Finding) -> Finding:
        """What it follows from, in the end; the finding itself where that is nothing else that is wrong."""
        seen = {id(finding)}
        while (parent := self._parent(finding)) is not finding and id(parent) not in seen:
            seen.add(id(parent))
            finding = parent
        return finding

    def suspected(self, finding: Finding) -> bool:
        """Whether the run has changed just that."""
        changed, key = self.changed, (finding.host, finding.subject)
        return finding.subject in changed.tunnels or key in changed.sessions | changed.options | changed.policies

    def _parent(self, finding: Finding) -> Finding:
        if finding.check in _HOSTS:
            return self._of_host([finding.host], finding)
        if finding.check.startswith("tunnel.") and finding.check != "tunnel.extra":
            return self._tunnel([finding.subject], finding)
        if finding.check == "site.traffic":
            return self._tunnel(self._between(finding.subject), finding)
        if finding.check in _SESSIONS:
            return self._session(finding)
        # Nothing that is down explains more prefixes than are meant.
        return self._routes(finding) if finding.check in _ROUTES and finding.kind is not Kind.SURPLUS else finding

    def _of_host(self, hosts: Iterable[str], finding: Finding) -> Finding:
        return self._first((each for each in self.wrong if each.check in _HOSTS and each.host in hosts), finding)

    def _tunnel(self, names: Sequence[str], finding: Finding) -> Finding:
        of_tunnels = [each for each in self.wrong if each.check.startswith("tunnel.") and each.subject in names]
        ends = [host for host, intent in self.intents.items() if {t.name for t in intent.tunnels} & set(names)]
        host = self._of_host(ends, finding)
        return host if host is not finding else self._first(of_tunnels, finding)

    def _between(self, sites: str) -> list[str]:
        return [
            tunnel.name
            for intent in self.intents.values()
            for tunnel in intent.tunnels
            if (far := self.intents.get(tunnel.peer_host or "")) is not None
            and " – ".join(sorted((intent.site, far.site))) == sites
        ]

    def _session(self, finding: Finding) -> Finding:
        neighbor = self._neighbor(finding)
        if neighbor is None:
            return finding
        host = self._of_host([finding.host, neighbor.peer_host or ""], finding)
        if host is not finding:
            return host
        if finding.kind not in OF_THE_SESSION:
            names = tunnels_beneath(self.intents, finding.host, neighbor)
            tunnel = self._tunnel(names, finding)
            if tunnel is not finding:
                return tunnel
        far = (neighbor.peer_host, str(neighbor.local_address))
        both = {(finding.host, finding.subject), far}
        same = [
            each
            for each in self.wrong
            if each.check in _SESSIONS
            and ((each.host, each.subject) in both or (finding.origin and _source(each) == _source(finding)))
        ]
        return self._first(same, finding)

    def _routes(self, finding: Finding) -> Finding:
        """What takes routes away: this session, one of its two hosts, or else what the run has changed."""
        neighbor = self._neighbor(finding)
        hosts = (finding.host, neighbor.peer_host if neighbor else None)
        causes = [e for e in self.wrong if e.check in _SESSIONS | _HOSTS or e.check.startswith("tunnel.")]
        if not causes:
            lost = [each for each in self.wrong if each.check in _ROUTES]
            return self._first([each for each in lost if self.suspected(each)] or lost, finding)
        near = [each for each in causes if (each.host, each.subject) == (finding.host, finding.subject)]
        near = near or [each for each in causes if self.suspected(each)]
        near = near or [each for each in causes if each.host in hosts] or causes
        return self._first(near, finding)

    def _neighbor(self, finding: Finding) -> Neighbor | None:
        intent = self.intents.get(finding.host)
        neighbors = intent.neighbors if intent is not None else ()
        return next((each for each in neighbors if str(each.address) == finding.subject), None)

    def _first(self, candidates: Iterable[Finding], otherwise: Finding) -> Finding:
        """Of several that are one trouble: what the run changed, what is certain and what has a cause come first."""
        return min(
            candidates,
            key=lambda each: (
                each.check in _ROUTES,
                each.check not in _HOSTS,
                not self.suspected(each),
                each.status != "failed",
                not each.cause,
            ),
            default=otherwise,
        )
