"""What the checks of a wave may expect while other waves are still to come."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from routebook.checks.facts import Changed, Explanations
from routebook.checks.findings import Finding
from routebook.checks.resets import SESSION_RESET, TUNNEL_RESET
from routebook.device.plan import Plan
from routebook.device.values import State
from routebook.intent.model import HostIntent
from routebook.run.fan_out import Answers
from routebook.run.judge import Judging
from routebook.run.watch import Judge


class WaveJudge(Struct, frozen=True):
    """The hosts in `waiting` are changed by later waves, those in `lost` are back at what they were."""

    intents: Mapping[str, HostIntent]
    plan: Plan
    before: Mapping[str, State]
    waiting: Collection[str]
    lost: frozenset[str]

    def judge(self, judging: Judging, pushed: Mapping[str, float]) -> Judge:
        """A judge to whom only what was pushed has changed.

        A session whose far end is to get another policy or option later may lack its prefixes, or its BFD, until
        then, if it did before.
        """
        later = {*self.waiting, *self.lost}
        present = judging.since(self.before, self.plan.of(self.plan.hosts.keys() - later), pushed)
        if not later:
            return present
        at_start = {
            (finding.host, finding.check, finding.subject)
            for finding in judging.since({})(Answers(dict(self.before), {}), {}, final=False)
            if finding.status != "ok"
        }
        deferred = self._far_ends()
        reset = self._ends_at_lost()

        def judge(seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
            return [
                _excused(finding, RESET_BY_LOST)
                if finding.check in (SESSION_RESET, TUNNEL_RESET) and (finding.host, finding.subject) in reset
                else _excused(finding, LATER)
                if finding.status in ("failed", "pending", "unknown")
                and (finding.host, finding.subject) in deferred
                and (finding.host, finding.check, finding.subject) in at_start
                else finding
                for finding in present(seen, explanations, final=final)
                if finding.host not in self.lost
            ]

        return judge

    def _ends_at_lost(self) -> set[tuple[str, str]]:
        """The ends of sessions and tunnels whose other end is a host that was lost: going back resets them again."""
        found: set[tuple[str, str]] = set()
        for host, intent in self.intents.items():
            found |= {(host, tunnel.name) for tunnel in intent.tunnels if tunnel.peer_host in self.lost}
            neighbors = intent.neighbors
            found |= {(host, str(neighbor.address)) for neighbor in neighbors if neighbor.peer_host in self.lost}
        return found

    def _far_ends(self) -> set[tuple[str, str]]:
        """The other ends of the sessions whose policies or options change on hosts that wait."""
        changed = Changed.by(self.plan.of(self.waiting).effects())
        touched = changed.policies | changed.options
        found = set()
        for host in self.waiting:
            bgp = self.intents[host].bgp
            for neighbor in bgp.neighbors if bgp else ():
                if neighbor.peer_host and (host, str(neighbor.address)) in touched:
                    found.add((neighbor.peer_host, str(neighbor.local_address)))
        return found


LATER = "it was so before the run; its far end is changed in a later wave"
RESET_BY_LOST = "its far end failed and was rolled back"


def _excused(finding: Finding, why: str) -> Finding:
    note = f"{finding.host}: {why}"
    return replace(finding, status="warning", evidence=(*finding.evidence, note))
