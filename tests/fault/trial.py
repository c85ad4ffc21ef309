"""One case after the other on one lab: clean runs to learn what is right, a fault, the verdict, a lab made whole."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fault import devices, network
from tests.fault.cases import ANYWHERE, Case
from tests.fault.child import FORWARD, Hold
from tests.fault.command import Ended
from tests.fault.faults import ATTENTION, BROKEN, CONFIRM_TIMEOUT, FAULTS, UNHURRIED, Scene
from tests.fault.invariants import NEW, everywhere, judge, last_run, not_up
from tests.fault.network import HOSTS, Intent, Releases
from tests.fault.place import Place

DEADLINE = 60
"""Seconds for post-checks."""
PATIENCE = 180
"""The same for runs without a fault, on a machine that may be busy."""


@dataclass
class Result:
    """What became of a case."""

    case: Case
    outcome: str
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    status: int = 0
    said: str = ""
    evidence: str = ""
    asa: str = ""  # the releases that the firewalls played
    pfsense: str = ""

    def to_json(self) -> dict[str, Any]:
        """For the process that collects them."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Result":
        """What `to_json` made."""
        return cls(**{**told, "case": Case(**told["case"])})


class Bench:
    """A lab on which cases are carried out. `seed` decides what is random in them."""

    def __init__(self, folder: Path, seed: int, releases: Releases) -> None:
        self.folder = folder
        self.seed = seed
        self.releases = releases
        self.labs = 0
        self.place: Place | None = None

    def close(self) -> None:
        """Take the lab down."""
        if self.place is not None:
            self.place.down()
            self.place = None

    def prepare(self) -> Place:
        """The lab, made now if there is none."""
        if self.place is None:
            self.labs += 1
            self.place = _new_place(self.folder / str(self.labs), self.releases)
        return self.place

    def carry_out(self, case: Case) -> Result:
        """Carry out a case; after a violation the lab is made anew."""
        begun = time.monotonic()
        try:
            result = _carry_out(self.prepare(), case, self.seed)
        except Exception as error:  # noqa: BLE001  whatever it is, it is this case's result, and the others go on
            result = Result(case, "error", [f"{type(error).__name__}: {error}"])
            if self.place is not None:
                result.evidence = "\n".join(f"{host}: {devices.logged(self.place, host)}" for host in HOSTS)
        if result.wrong:
            self.close()
        result.seconds = time.monotonic() - begun
        result.asa, result.pfsense = self.releases.asa, self.releases.pfsense
        return result


def _new_place(folder: Path, releases: Releases) -> Place:
    place = Place(folder, releases)
    try:
        place.up()
        _learn(place, HOSTS, place.intent)
        place.clean = {host: set(look.left) for host, look in everywhere(place).items()}
    except BaseException:
        place.down()
        raise
    return place


def _learn(place: Place, hosts: tuple[str, ...], intent: Intent) -> None:
    """Let a clean run bring `hosts` to `intent`, and remember what they have then."""
    network.write(place.project, intent)
    ended = place.server.start(place.project, _arguments("deploy", hosts, 120, PATIENCE)).wait(2 * PATIENCE)
    if ended.status != 0:
        raise RuntimeError(f"a run without a fault: {_evidence(ended, [])}")
    place.intent = intent
    if down := not_up(place, time.monotonic() + 60):
        raise RuntimeError(f"after a run without a fault: {down}")
    for host, look in everywhere(place).items():
        place.known.setdefault((host, intent.of(host)), look.parts)


def _arguments(
    runbook: str, hosts: tuple[str, ...], confirm_timeout: int = CONFIRM_TIMEOUT, deadline: int = DEADLINE
) -> list[str]:
    return [
        "run", runbook, "--yes", "--json", "--limit", ",".join(hosts),
        "--confirm-timeout", str(confirm_timeout), "--deadline", str(deadline),
    ]  # fmt: skip


def _carry_out(place: Place, case: Case, seed: int) -> Result:
    before = place.intent
    after = before.toggled(case.hosts, policy=True, keys=case.keys)
    if any((host, after.of(host)) not in place.known for host in case.hosts):
        # Never seen: go there without a fault, and let the case lead back.
        _learn(place, case.hosts, after)
        before, after = after, before
    network.write(place.project, after)
    dice = case.dice(seed)
    step = dice.choice(FORWARD) if case.step == ANYWHERE else case.step
    hold = Hold(step, case.when, case.fault == "journal read-only")
    previous = last_run(place)
    server = place.with_own_clock() if case.fault == "Routebook's clock steps" else place.server
    seconds = 300 if case.fault in UNHURRIED else CONFIRM_TIMEOUT
    command = server.start(place.project, _arguments("doomed" if case.doomed else "deploy", case.hosts, seconds), hold)
    scene = Scene(place, case.hosts, command, dice, said=step if case.step == ANYWHERE else "")
    if not command.wait_held():
        ended = command.wait()
        return Result(
            case, "not reached", [f"the run ended with {ended.status} before its hold: {ended.out}{ended.err}"]
        )
    ended = FAULTS[case.fault](scene)
    if case.fault.startswith("somebody types"):
        devices.untype(place, scene.victim)
    verdict = judge(
        place,
        case.hosts,
        before,
        after,
        ended,
        scene.recovered,
        broken=case.fault in BROKEN,
        previous=previous.id if previous else "",
    )
    verdict.wrong += scene.wrong
    if verdict.outcome == "attention" and case.fault not in ATTENTION:
        verdict.wrong.append("it asks for attention, and nothing is to be done")
    sides = set(verdict.sides.values())
    place.intent = after if sides == {NEW} else before
    network.write(place.project, place.intent)
    result = Result(case, verdict.outcome, verdict.wrong, status=ended.status, said=scene.said)
    if verdict.wrong or verdict.outcome == "attention":
        result.evidence = _evidence(ended, scene.recovered)
    if not verdict.wrong and len(sides) > 1:
        _learn(place, case.hosts, before)
    return result


def _evidence(ended: Ended, recovered: list[Ended]) -> str:
    texts = [f"run: {ended.status}\n{ended.err[-3000:]}\n{_short(ended)}"]
    texts += [f"recover: {each.status}\n{each.out[-3000:]}{each.err[-3000:]}" for each in recovered]
    return "\n".join(texts)


def _short(ended: Ended) -> str:
    result = ended.result
    if not result:
        return ended.out[-3000:]
    hosts = {host: (each["state"], each["message"]) for host, each in result["hosts"].items()}
    findings = [f for f in result["findings"] if f["status"] not in ("ok", "warning")]
    return f"{result['outcome']}: {result['message']}\n{hosts}\n{findings[:4]}"
