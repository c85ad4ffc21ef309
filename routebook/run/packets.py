"""Send the echo requests that show whether packets arrive, and have them judged; what fails is tried again."""

import threading
import time
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.findings import Finding
from routebook.checks.names import named_states
from routebook.checks.packets import FULL, SMALL, Probed, Way, judge, passable, ways
from routebook.device.values import Echo, Reply, State
from routebook.intent.model import HostIntent
from routebook.run.fan_out import on_hosts, reader, reading_on

TRIES = 3
"""How often what does not pass is tried before that counts: one lost packet is no fault."""
COUNT = 3
_PAUSE = 1.0  # seconds between two tries
_SIZES = 12  # as many are tried at once to find the largest that passes
_LOOKS = 3

Sent = tuple[Way, int]


class Packets(Struct, frozen=True):
    """Packets through the tunnels and between the sites of `hosts`; far ends take part where they could be read.

    `intents` are those that the network is judged by.
    """

    nornir: Nornir
    intents: Mapping[str, HostIntent]
    hosts: Collection[str]
    stop: threading.Event

    def findings(self, states: Mapping[str, State], wait: float = 0.0, tries: int = TRIES) -> list[Finding]:
        """What passes and what does not, `tries` times at least and for `wait` seconds, and then has failed.

        `states` are those of the hosts that could be read, as read a moment ago.
        """
        intents = {host: intent for host, intent in self.intents.items() if host in states}
        hosts = [host for host in self.hosts if host in intents]
        before = named_states(intents, states)
        open_ = [way for way in ways(intents, hosts) if way.host in intents and passable(before, way)]
        found: dict[str, Finding] = {}
        begun = time.monotonic()
        for done in range(1, 1000):
            probed = self._round(intents, open_, before)
            before = {**before, **probed.after}
            found |= _of(open_, found, judge(intents, hosts, probed))
            open_ = [way for way in open_ if _is_open(found.get(way.subject))]
            late = done >= tries and time.monotonic() - begun >= wait
            if not open_ or late or self.stop.wait(_PAUSE):
                break
        if open_ and tries > 1 and not self.stop.is_set():
            probed = replace(probed, passes=self._largest(probed, open_))
            found |= _of(open_, found, judge(intents, hosts, probed))
        return [replace(each, status="failed") if _is_open(each) else each for each in found.values()]

    def _round(self, intents: Mapping[str, HostIntent], sent: Sequence[Way], before: Mapping[str, State]) -> Probed:
        replies = self._send([(way, size) for way in sent for size in (SMALL, FULL)], COUNT)
        ends = {end for way in sent if way.through for end in (way.host, way.peer)} & before.keys()
        answers = reading_on(self.nornir, ends, lambda _, device: device.sas())
        after = named_states(intents, {host: State((), sas) for host, sas in answers.values.items()})
        small, full = ({way: replies[way, size] for way in sent} for size in (SMALL, FULL))
        return Probed(small, full, before, after)

    def _largest(self, probed: Probed, open_: Sequence[Way]) -> dict[Way, int]:
        """The most bytes that pass where those of full size do not; a few looks, each at many sizes at once."""
        low = {way: SMALL for way in open_ if probed.cut(way)}
        high = dict.fromkeys(low, FULL)
        for _ in range(_LOOKS):
            steps = {way: max(1, (high[way] - low[way]) // _SIZES) for way in low}
            sizes = [(way, size) for way in low for size in range(low[way] + steps[way], high[way], steps[way])]
            replies = self._send(sizes, 1)
            for way, size in sizes:
                if replies[way, size].answered:
                    low[way] = max(low[way], size)
            high |= {way: min([high[way], *(s for each, s in sizes if each == way and s > low[way])]) for way in low}
        return low

    def _send(self, wanted: Sequence[Sent], count: int) -> dict[Sent, Reply]:
        """All requests of all hosts at once, as far as devices can."""
        of: dict[str, list[Sent]] = {}
        for sent in wanted:
            of.setdefault(sent[0].host, []).append(sent)

        def step(task: Task) -> list[Reply]:
            echoes = [
                Echo(way.destination, way.source, timeout=1, size=size, count=count, whole=size > SMALL)
                for way, size in of[task.host.name]
            ]
            return reader(task).probe(echoes)

        answers = on_hosts(self.nornir, of, step)
        replies = {host: [Reply(error=str(error))] * len(of[host]) for host, error in answers.errors.items()}
        replies |= answers.values
        return {sent: reply for host, got in replies.items() for sent, reply in zip(of[host], got, strict=True)}


def _of(sent: Sequence[Way], known: Collection[str], findings: Sequence[Finding]) -> dict[str, Finding]:
    """By subject, those of what was sent now, and of what cannot be sent at all."""
    subjects = {way.subject for way in sent}
    return {each.subject: each for each in findings if each.subject in subjects or each.subject not in known}


def _is_open(finding: Finding | None) -> bool:
    return finding is not None and finding.status == "pending"
