"""Watch the network: look at it again and again over connections that stay open, and say what has happened."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from routebook.checks.live import Happening, Memory
from routebook.checks.names import named_states
from routebook.checks.normal import Normal
from routebook.device.values import State
from routebook.run import baseline
from routebook.run.fan_out import Answers, reasons
from routebook.run.packets import Packets
from routebook.run.runbook import Runbook
from routebook.run.running import Running
from routebook.run.watch import read_states

PACKETS_EVERY = 60.0  # seconds


@dataclass(slots=True)
class Live:
    """Looks every `every` seconds until it is stopped. With `probe`, packets are sent every minute."""

    running: Running
    runbook: Runbook
    every: float
    probe: bool
    _memory: Memory = field(default_factory=Memory)
    _known: Normal = field(default_factory=Normal)
    _proved: float = float("-inf")

    def happenings(self) -> Iterator[Happening]:
        """What happens, as it is seen; what is not as intended at the first look has just happened.

        A host whose connection was lost is asked again apart from the others, so that these do not wait for it.
        """
        workspace, stop = self.running.workspace, self.running.stop
        self._known = baseline.read(workspace.state.baseline).normal()
        silent: set[str] = set()
        look = partial(read_states, often=True)
        asking: Future[Answers[State]] | None = None
        with ThreadPoolExecutor(1) as apart:
            while not stop.is_set():
                begun = time.monotonic()
                seen = look(workspace.nornir, set(workspace.observed) - silent)
                if asking is not None and asking.done():
                    again, asking = asking.result(), None
                    seen = Answers({**seen.values, **again.values}, {**seen.errors, **again.errors})
                silent = (silent | seen.errors.keys()) - seen.values.keys()
                if silent and asking is None:
                    asking = apart.submit(look, workspace.nornir, frozenset(silent))
                yield from self._look(seen)
                stop.wait(max(0.0, begun + self.every - time.monotonic()))

    def _look(self, seen: Answers[State]) -> Iterator[Happening]:
        workspace = self.running.workspace
        findings = self.running.judging(self.runbook, self._known).since({})(seen, {}, final=False)
        states = named_states(workspace.judged, seen.values)
        yield from self._memory.look(workspace.judged, states, reasons(seen.errors), findings)
        if self.probe and time.monotonic() - self._proved >= PACKETS_EVERY:
            self._proved = time.monotonic()
            packets = Packets(workspace.nornir, workspace.judged, workspace.hosts, self.running.stop)
            yield from self._memory.proved(packets.findings(seen.values, tries=2))
