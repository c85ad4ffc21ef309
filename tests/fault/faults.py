"""The faults: each lets one run go wrong at one instant, and gives how it ended once nothing is left to wait for."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault import devices
from tests.fault.command import Command, Ended
from tests.fault.network import ASA, EDGES, PFSENSE
from tests.fault.place import Place
from tests.networks.example import environment

CONFIRM_TIMEOUT = 10
"""Seconds of the dead-man timers, the shortest that Routebook takes."""
FIRED = CONFIRM_TIMEOUT + 30.0
"""Seconds within which a timer that was armed or extended before has fired and restored, on a busy machine."""

RECOVER = ("recover", "--confirm-timeout", str(CONFIRM_TIMEOUT))


@dataclass
class Scene:
    """A run that has stopped at its hold (or goes on, where there is none), and the hosts that it changes."""

    place: Place
    hosts: tuple[str, ...]
    command: Command
    random: random.Random
    recovered: list[Ended] = field(default_factory=list)
    victim: str = ""  # the host that something happened to
    said: str = ""  # what was chosen at random
    wrong: list[str] = field(default_factory=list)  # what the fault itself saw that must not be

    def choose(self, *, daemons: bool = False, linux: bool = False) -> str:
        """One of the run's hosts; with `daemons`, one on which they can crash."""
        hosts = [host for host in self.hosts if not (daemons and host == ASA) and (host in EDGES or not linux)]
        self.victim = self.random.choice(hosts)
        self.said = f"{self.said} {self.victim}".strip()
        return self.victim

    def recover(self, *arguments: str, project: Path | None = None) -> Ended:
        """Run `recover`, here or where there is nothing but the inventory."""
        ended = self.place.server.start(project or self.place.project, [*RECOVER, *arguments]).wait()
        self.recovered.append(ended)
        return ended


Fault = Callable[[Scene], Ended]


def kill(scene: Scene) -> Ended:
    """SIGKILL, then recover."""
    ended = _killed(scene)
    scene.recover()
    return ended


def kill_and_wait(scene: Scene) -> Ended:
    """SIGKILL; the timers fire; then recover."""
    ended = _killed(scene)
    devices.wait_fired(scene.place, scene.hosts, FIRED)
    scene.recover()
    return ended


def kill_and_scan(scene: Scene) -> Ended:
    """SIGKILL, then recover from another machine with nothing but the inventory, then here."""
    ended = _killed(scene)
    (run,) = _runs(scene.place)[:1] or [""]
    scene.recover("--scan", "--dead", run, project=_elsewhere(scene.place))
    scene.recover()
    return ended


def kill_and_kill_recover(scene: Scene) -> Ended:
    """SIGKILL, recover killed at a random instant, recover again."""
    ended = _killed(scene)
    recovering = scene.place.server.start(scene.place.project, RECOVER)
    instant = scene.random.uniform(0.3, 3.0)
    scene.said = f"recover killed after {instant:.2f} s"
    if not recovering.ended_within(instant):
        recovering.signal(signal.SIGKILL)
        recovering.wait()
    scene.recover()
    return ended


def kill_and_reboot(scene: Scene) -> Ended:
    """The power fails for Routebook and for one device."""
    ended = _killed(scene)
    host = scene.choose()
    devices.reboot(scene.place, host)
    devices.answers(scene.place, host)
    scene.recover()
    return ended


def _killed(scene: Scene) -> Ended:
    scene.command.signal(signal.SIGKILL)
    return scene.command.wait()


def stopped_by(number: signal.Signals) -> Fault:
    """A signal that ends a run in good order."""

    def fault(scene: Scene) -> Ended:
        scene.command.signal(number)
        scene.command.go_on()
        return scene.command.wait()

    return fault


def full_disk(scene: Scene) -> Ended:
    """The disk under the journal is full, until after the run."""
    filler = scene.place.project / ".routebook/filler"
    subprocess.run(["sh", "-c", f"cat /dev/zero >{filler} 2>/dev/null"], check=False)
    scene.command.go_on()
    ended = scene.command.wait()
    filler.unlink()
    scene.recover()
    return ended


def unwritable(scene: Scene) -> Ended:
    """The journal is read-only from the hold on, for this process."""
    scene.command.go_on()
    ended = scene.command.wait()
    scene.recover()
    return ended


def reboot(scene: Scene) -> Ended:
    """A device reboots."""
    host = scene.choose()
    devices.reboot(scene.place, host)
    scene.command.go_on()
    ended = scene.command.wait()
    devices.answers(scene.place, host)
    return ended


def crash(daemon: str) -> Fault:
    """A daemon of one host is killed once."""

    def fault(scene: Scene) -> Ended:
        devices.crash(scene.place, scene.choose(daemons=True), daemon)
        scene.command.go_on()
        return scene.command.wait()

    return fault


def crashing(daemon: str) -> Fault:
    """A daemon of one host is killed twice a second until the run has begun its way back, or has ended."""

    def fault(scene: Scene) -> Ended:
        host = scene.choose(daemons=True)
        with devices.crashing(scene.place, host, daemon):
            scene.command.go_on()
            scene.command.ended_within(8.0)
        return scene.command.wait()

    return fault


def broken_for(seconds: float, break_it: Callable[[Place, str], None], mend: Callable[[Place, str], None]) -> Fault:
    """One host is broken and mended after so long, from the hold on."""

    def fault(scene: Scene) -> Ended:
        host = scene.choose()
        break_it(scene.place, host)
        scene.command.go_on()
        scene.command.ended_within(seconds)
        mend(scene.place, host)
        return scene.command.wait()

    return fault


def cut(seconds: float) -> Fault:
    """The line to one host is cut for so long."""
    return broken_for(seconds, devices.cut, devices.mend)


def silent(seconds: float) -> Fault:
    """One host's SSH server accepts connections and says nothing for so long."""
    return broken_for(seconds, devices.silence, devices.speak)


def cut_in_the_middle(scene: Scene) -> Ended:
    """The line is cut while the step that was announced is at work: half a command arrives. Until after the timer."""
    host = scene.choose()
    instant = scene.random.uniform(0.0, 0.4)
    scene.said += f" after {instant:.3f} s"
    scene.command.go_on()
    devices.pause(instant)
    devices.cut(scene.place, host)
    scene.command.ended_within(CONFIRM_TIMEOUT + 4.0)
    devices.mend(scene.place, host)
    return scene.command.wait()


def freeze(scene: Scene) -> Ended:
    """Routebook does not run until every timer has fired."""
    devices.wait_fired(scene.place, scene.hosts, FIRED)
    scene.command.go_on()
    return scene.command.wait()


def freeze_until_due(scene: Scene) -> Ended:
    """Routebook does not run until the very moment at which the timers are due."""
    instant = scene.random.uniform(CONFIRM_TIMEOUT - 2.0, CONFIRM_TIMEOUT + 0.5)
    scene.said = f"frozen for {instant:.2f} s"
    devices.pause(instant)
    scene.command.go_on()
    return scene.command.wait()


def typed(scene: Scene) -> Ended:
    """Somebody configures something else on one host."""
    devices.type_on(scene.place, scene.choose())
    scene.command.go_on()
    return scene.command.wait()


def typed_before_the_push(scene: Scene) -> Ended:
    """Somebody configures something else between arming and pushing: nothing is pushed, and it stays and is named."""
    host = scene.choose()
    devices.type_on(scene.place, host)
    scene.command.go_on()
    ended = scene.command.wait()
    if ended.status != 1:
        scene.wrong.append(f"exit status {ended.status} where nothing was to be pushed: {ended.err[-1000:]}")
    if "TYPED" not in "".join(found["evidence"] for found in _named(ended, host)) + ended.err:
        scene.wrong.append(f"what was typed on {host} is not named: {ended.err[-1000:]}")
    if not devices.typed_is_there(scene.place, host):
        scene.wrong.append(f"what was typed on {host} is gone")
    return ended


def _named(ended: Ended, host: str) -> list[dict[str, str]]:
    findings = ended.result.get("findings", [])
    return [{"evidence": " ".join(each["evidence"])} for each in findings if each["host"] == host]


LIES = (
    '{"run_id": "20260101-000000-abcdef", "holder": "h", "taken": 1, "expires": 1, "decided": [{HOSTS}]}',
    '{"run_id": "RUN", "holder": "h", "taken": 1, "expires": 1, "decided": [{HOSTS}]}',
    '{"run_id": "20261130", "holder": "h", "taken": 1, "expires": 1, "decided": [{HOSTS}]}',
    '{"run_id": "RUN", "holder": "h", "taken": 1, "expires": "zz", "decided": []}',
    "[" * 5000,
)
"""Locks on a device that no run works on."""


def hostile_lock(scene: Scene) -> Ended:
    """A device that the run does not work on has a lock that tells of those that it does; somebody recovers there."""
    liar = next(host for host in (PFSENSE, *EDGES) if host not in scene.hosts)
    (run,) = _runs(scene.place)[:1] or [""]
    hosts = ", ".join(f'"{host}": "x"' for host in scene.hosts)
    number = scene.random.randrange(len(LIES))
    scene.said = f"lie {number} on {liar}"
    devices.lock_falsely(scene.place, liar, LIES[number].replace("RUN", run).replace("HOSTS", hosts))
    try:
        for project in (_elsewhere(scene.place), scene.place.project):
            recovering = subprocess.run(  # not from the server, which has one command at a time
                [sys.executable, "-m", "routebook", *RECOVER, "--scan", "--limit", liar],
                cwd=project, env=environment(), capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
            told = recovering.stdout + recovering.stderr
            if recovering.returncode not in (0, 1, 4) or "Traceback" in told:
                scene.wrong.append(f"recover ended with {recovering.returncode}: {told[-1000:]}")
    finally:
        devices.unlock_falsely(scene.place, liar)
    scene.command.go_on()
    ended = scene.command.wait()
    if ended.status != 0:
        scene.wrong.append(f"the run ended with {ended.status}: {ended.err[-1000:]}")
    return ended


def own_clock_steps(scene: Scene) -> Ended:
    """The clock of Routebook's machine steps by an hour, to or fro; `scene` runs where that is possible."""
    step = scene.random.choice((3600, -3600))
    scene.said = f"{step:+} s"
    scene.place.clock.write_text(f"{step:+}\n")
    scene.command.go_on()
    ended = scene.command.wait()
    scene.place.clock.write_text("+0\n")
    return ended


def clock_steps(scene: Scene) -> Ended:
    """The clock of a Linux host steps by an hour, to or fro."""
    host, step = scene.choose(linux=True), scene.random.choice((3600, -3600))
    scene.said += f" {step:+} s"
    devices.step_clock(scene.place, host, step)
    scene.command.go_on()
    ended = scene.command.wait()
    devices.set_clock_right(scene.place, host)
    return ended


def clock_steps_and_kill(scene: Scene) -> Ended:
    """The clock of a Linux host steps while its timer runs, Routebook is killed, and the timers fire; it steps back."""
    host, step = scene.choose(linux=True), scene.random.choice((3600, -3600))
    scene.said += f" {step:+} s"
    devices.step_clock(scene.place, host, step)
    ended = _killed(scene)
    devices.wait_fired(scene.place, scene.hosts, FIRED)
    # sshd does not let anybody in with the library that steps its clock.
    devices.set_clock_right(scene.place, host)
    scene.recover()
    return ended


def kill_at_random(scene: Scene) -> Ended:
    """SIGKILL some time after an entry that was chosen at random, too; then recover."""
    instant = scene.random.uniform(0.0, 2.0)
    scene.said += f" and {instant:.3f} s"
    scene.command.go_on()
    if scene.command.ended_within(instant):
        scene.said += ", when it had ended"
    scene.command.signal(signal.SIGKILL)
    ended = scene.command.wait()
    scene.recover()
    return ended


FAULTS: dict[str, Fault] = {
    "SIGKILL": kill,
    "SIGKILL, timers fire": kill_and_wait,
    "SIGKILL, recover elsewhere": kill_and_scan,
    "SIGKILL, recover killed": kill_and_kill_recover,
    "SIGKILL and a reboot": kill_and_reboot,
    "SIGKILL at random": kill_at_random,
    "SIGTERM": stopped_by(signal.SIGTERM),
    "SIGINT": stopped_by(signal.SIGINT),
    "SIGHUP": stopped_by(signal.SIGHUP),
    "journal's disk full": full_disk,
    "journal read-only": unwritable,
    "device reboots": reboot,
    "BGP daemon crashes": crash("bgp"),
    "IKE daemon crashes": crash("ike"),
    "BGP daemon keeps crashing": crashing("bgp"),
    "IKE daemon keeps crashing": crashing("ike"),
    "line cut for 2 s": cut(2.0),
    "line cut until after the timer": cut(CONFIRM_TIMEOUT + 4.0),
    "line cut within the step": cut_in_the_middle,
    "SSH silent for 2 s": silent(2.0),
    "SSH silent until after the timer": silent(CONFIRM_TIMEOUT + 4.0),
    "frozen until the timers fired": freeze,
    "frozen until the timers are due": freeze_until_due,
    "somebody types": typed,
    "somebody types before the push": typed_before_the_push,
    "hostile lock on another device": hostile_lock,
    "Routebook's clock steps": own_clock_steps,
    "device's clock steps": clock_steps,
    "device's clock steps, SIGKILL, timers fire": clock_steps_and_kill,
}
BROKEN = frozenset(name for name in FAULTS if "reboot" in name or "crash" in name)
"""After these a device's daemons need a moment until they have read their files."""

UNHURRIED = frozenset({"hostile lock on another device"})
"""What takes longer than the shortest timers while the run is held."""

ATTENTION = BROKEN | {"somebody types"}
"""After these a run may need attention: what was up may not come up again in time, and a hand's work is not undone."""


def _runs(place: Place) -> list[str]:
    from routebook.project.state_folder import state_folder
    from routebook.run.workspace import open_journal

    with open_journal(state_folder(place.project)) as journal:
        return [run.id for run in journal.unfinished()]


def _elsewhere(place: Place) -> Path:
    """The project on a machine that has never run anything: no journal, no snapshot, no report."""
    other = place.folder / "elsewhere"
    if not other.exists():
        (other / ".routebook").mkdir(parents=True)
        for name in ("inventory", "templates", "tasks", "runbooks", "secrets"):
            (other / name).symlink_to(place.project / name)
        (other / ".routebook/lab").symlink_to(place.lab.folder)
    for path in (other / ".routebook").glob("journal.db*"):
        path.unlink()
    return other
