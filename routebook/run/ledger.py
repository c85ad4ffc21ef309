"""The ledger of a run: all that changes while it is at work. States of hosts are in the journal before each step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from routebook.checks.findings import Finding
from routebook.device.values import State
from routebook.run.events import Timings
from routebook.run.fan_out import reasons
from routebook.run.inputs import Inputs, Prepared
from routebook.run.journal import ON_DEVICE, HostState, Journal, JournalError


@dataclass(slots=True)
class Ledger:
    """What a run knows of its hosts by now; `unwritten` is why the journal does not have all of it.

    `failed` are hosts that failed, which are counted; `lost` are these and the hosts that cannot be changed without
    them. `pushed` says when each host was pushed, and `activated_at` when the latest wave began to use its change, both
    on this machine's monotonic clock. `now` are the states at the latest look. `message` says why the run goes back, or
    goes on without some of its hosts.
    """

    journal: Journal
    run_id: str
    prepared: Prepared = field(default_factory=Prepared)
    states: dict[str, HostState] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    now: Mapping[str, State] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    message: str = ""
    failed: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    pushed: dict[str, float] = field(default_factory=dict)
    activated_at: float = 0.0
    going_back: bool = False
    unwritten: str = ""

    def enter(self, hosts: Iterable[str], state: HostState) -> None:
        """Write down that `hosts` are in a state now. Raises JournalError, but not while they are going back."""
        entering = sorted(hosts)
        if not entering:
            return
        try:
            self.journal.record(self.run_id, entering, state)
        except JournalError as error:
            if not self.going_back:
                raise
            # Going back needs no journal: what is missing in it, `recover` finds out from the devices.
            self.unwritten = str(error)
        self.states |= dict.fromkeys(entering, state)

    def catch_up(self) -> None:
        """Write what could not be written while going back. Raises JournalError if it still cannot be."""
        if self.unwritten:
            for host, state in self.states.items():
                self.journal.record(self.run_id, [host], state)
            self.unwritten = ""

    def in_state(self, *states: HostState) -> list[str]:
        """The hosts in one of these states."""
        return [host for host, state in self.states.items() if state in states]

    def to_undo(self) -> list[str]:
        """The hosts that may hold something of the run, confirmed or not."""
        return self.in_state(*ON_DEVICE, HostState.CONFIRMED)

    def active(self, hosts: Iterable[str]) -> list[str]:
        """Those of `hosts` with which the run goes on."""
        return sorted(host for host in hosts if host not in self.lost)

    def too_many_failed(self, inputs: Inputs, errors: Mapping[str, Exception], phase: str) -> bool:
        """Take note of what failed; True when that is more than the run may lose."""
        for host, message in reasons(errors).items():
            self.messages[host] = message
            inputs.report(phase, message, host, failed=True)
        return bool(errors) and self.lose(inputs, errors)

    def lose(self, inputs: Inputs, hosts: Iterable[str]) -> bool:
        """Go on without these hosts; True when these are too many to go on."""
        hosts, prepared = set(hosts), self.prepared
        self.failed |= hosts
        far = {impact.host for impact in prepared.impacts if impact.far in hosts}
        lost = prepared.waves.partners({*hosts, *(far if not prepared.waves.groups else ())})
        limit = inputs.options.max_failed
        if len(self.failed) > limit or set(prepared.plan.changed) <= self.lost | lost:
            return True
        new = lost - self.lost
        self.lost |= new
        reason = f"{len(self.failed)} of at most {limit} hosts failed, {', '.join(sorted(hosts))}"
        inputs.report("go on", f"without {', '.join(sorted(new))}: {reason}")
        self.message = f"{reason}; without {', '.join(sorted(self.lost))}"
        return False
