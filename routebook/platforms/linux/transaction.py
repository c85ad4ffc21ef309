"""The transaction as the device holds it: its folder, its dead-man timer, confirming and reverting."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Literal, get_args

from msgspec import Struct

from routebook.device import records
from routebook.device.errors import DriverError, LockedError
from routebook.device.values import Pending, Phase
from routebook.platforms.linux import device_scripts as scripts
from routebook.platforms.linux.component import ComponentChange
from routebook.platforms.linux.lock import parsed
from routebook.transport.shell import Result, Shell

_RESERVED = re.compile(
    r"(phase|deadline|watcher|detail|message)(\.new)?|(watch|revert|confirm)\.sh|(revert|persist|out|err)\..*"
)
Ending = Literal["confirmed", "reverted"]
_PHASES: Mapping[str, Phase] = {
    "armed": "armed", "confirming": "armed", "confirmed": "confirmed", "reverting": "reverting", "failed": "failed"
}  # fmt: skip
_LONGEST_ANSWER = 64 * 1024  # characters
_FINISHING = 150.0  # seconds that a device may take to restore or to persist everything


class Ended(Struct, frozen=True):
    """How an earlier run ended on the device, and whether its timer did it."""

    run_id: str
    ending: Ending
    by_timer: bool


def folder(run_id: str) -> str:
    """The run's folder on the device."""
    return f"{scripts.ROOT}/{run_id}"


@dataclass(slots=True)
class DeviceTransaction:
    """The change on one host; all of its state is on the host."""

    shell: Shell
    host: str

    def arm(
        self,
        run_id: str,
        seconds: int,
        changes: Sequence[tuple[str, ComponentChange]],
        uploads: Mapping[str, str],
        message: str = "",
    ) -> None:
        """Store everything that reverting and confirming take, in `changes`' order, and start the timer.

        Raises DriverError with `changed=False`, and leaves nothing behind, when another run is pending, when there
        is no room, or when the timer does not start.
        """
        if not records.CHANGE.fullmatch(run_id) or run_id.endswith(".result"):
            raise DriverError(f"{run_id!r} cannot be a run's id; nothing was changed on {self.host}")
        files = dict(scripts.programs(run_id))
        for number, (name, change) in enumerate(changes):
            files[f"persist.{number}-{name}.sh"] = change.persist
            # Undone in the opposite order.
            files[f"revert.{len(changes) - number}-{name}.sh"] = change.revert
        for name in uploads:
            if _RESERVED.fullmatch(name) or name.startswith("/") or ".." in name.split("/"):
                raise ValueError(f"{name!r} cannot be the name of an upload")
        files |= uploads
        files["message"] = "".join(f"message={line}\n" for line in message.splitlines()[:1])
        room = "\n".join(_room(path, size) for _, change in changes for path, size in change.room.items())
        result = self.shell.run(scripts.arm(run_id, seconds, _write(files), room), timeout=90)
        if result.status == scripts.LOCKED:
            raise LockedError(self.host, parsed(self.host, result.stdout))
        if result.status:
            raise DriverError(f"{self.host} is not armed: {self._reason(result)}; nothing was changed")

    def _reason(self, result: Result) -> str:
        said = result.stdout.strip()
        reasons = {
            scripts.PENDING: f"run {said} left an unconfirmed change there: confirm it, roll it back or wait",
            scripts.BUSY: "another run is confirming or rolling back there",
            scripts.NO_ROOM: said or f"there is no room in {scripts.ROOT}",
            scripts.NO_WATCHER: "its timer does not start",
            scripts.FOREIGN: _last_line(result),
        }
        return reasons.get(result.status) or f"exit status {result.status}: {_last_line(result)}"

    def extend(self, run_id: str, seconds: int) -> None:
        """Let the timer fire `seconds` from now. Raises DriverError when it has fired or was never armed."""
        result = self.shell.run(scripts.extend(run_id, seconds))
        if result.status == scripts.GONE:
            raise DriverError(f"{self.host}: run {run_id} is not armed, so its timer cannot be extended")
        if result.status:
            raise DriverError(f"{self.host}: the timer of run {run_id} could not be extended: {_last_line(result)}")

    def begin(self, run_id: str) -> None:
        """Say on the device that the push begins. Raises DriverError when the run is not armed there any more."""
        result = self.shell.run(scripts.begin(run_id), timeout=90)
        if result.status == scripts.GONE:
            raise DriverError(f"{self.host}: run {run_id} is not armed there any more; nothing was pushed")
        if result.status:
            raise DriverError(f"{self.host}: {self._reason(result)}; nothing was pushed")

    def disarm(self, run_id: str) -> None:
        """Take timer and undo away and restore nothing. Raises DriverError where the push has begun."""
        result = self.shell.run(scripts.disarm(run_id), timeout=90)
        if result.status in (0, scripts.GONE):
            return
        if result.status == scripts.PUSHED:
            raise DriverError(f"{self.host}: the push of run {run_id} has begun there: roll it back", changed=True)
        raise DriverError(f"{self.host} is not disarmed: {self._reason(result)}; its timer restores nothing either")

    def confirm(self, run_id: str) -> None:
        """Disarm and persist. Raises DriverError when the timer was faster, or when a file cannot be written.

        The run's folder stays until its lock is given back.
        """
        result = self.shell.run(scripts.finish(run_id, "confirm.sh"), timeout=_FINISHING)
        if result.status == 0:
            return
        if result.status == scripts.GONE:
            ended = self.ended(run_id)
            if ended is not None and ended.ending == "confirmed":
                return
            raise DriverError(
                f"{self.host} cannot be confirmed: run {run_id} is not pending there"
                + (", its timer has fired and the change is undone" if ended else ""),
                changed=False,
            )
        raise DriverError(
            f"{self.host} is not confirmed: {result.stdout.strip() or _last_line(result)}; the change still runs, "
            "and is undone when its timer fires",
            changed=True,
        )

    def revert(self, run_id: str) -> None:
        """Restore what the run changed, files too if it is confirmed. Raises DriverError if it fails.

        Does nothing where the run is not pending.
        """
        result = self.shell.run(scripts.finish(run_id, "revert.sh"), timeout=2 * _FINISHING)
        if result.status not in (0, scripts.GONE):
            raise DriverError(
                f"{self.host} is not back at its snapshot: {result.stdout.strip() or _last_line(result)}. "
                f"To try again there: sh {folder(run_id)}/revert.sh",
                changed=True,
            )

    def pending(self) -> Pending | None:
        """The change that is there, or, if the last run's timer undid it, that it did."""
        live, ended = self._look()
        if live is not None:
            return live
        if ended and ended[0].ending == "reverted" and ended[0].by_timer:
            return Pending(ended[0].run_id, "reverted", 0)
        return None

    def ended(self, run_id: str) -> Ended | None:
        """How a run ended, as long as the device remembers it."""
        return next((ended for ended in self._look()[1] if ended.run_id == run_id), None)

    def _look(self) -> tuple[Pending | None, list[Ended]]:
        result = self.shell.run(scripts.PENDING_SCRIPT)
        if result.status not in (0, 1):
            raise DriverError(f"{self.host}: {scripts.ROOT} cannot be read: {_last_line(result)}")
        try:
            return read_pending(result.stdout)
        except ValueError as error:
            remedy = "Look at it there: it holds what undoes a change that nobody has confirmed"
            raise records.refusal(self.host, scripts.ROOT, error, remedy) from error


def read_pending(text: str) -> tuple[Pending | None, list[Ended]]:
    """What `PENDING_SCRIPT` prints: the change that is there, or else how the last ones ended. Raises ValueError."""
    if len(text) > _LONGEST_ANSWER:
        raise ValueError(f"it prints more than {_LONGEST_ANSWER} characters")
    ended: list[Ended] = []
    for line in text.splitlines():
        match line.split(" ", 4):
            case ["live", run_id, phase, left, detail]:
                known = _PHASES[records.one_of(phase, _PHASES)]
                return records.pending(run_id, known, left, detail), []
            case ["ended", run_id, phase, by, *_]:
                ended.append(Ended(records.change_of(run_id), records.one_of(phase, get_args(Ending)), by == "timer"))
            case _:
                raise ValueError(f"{records.shown(line)} is not known")
    return None, ended


def _write(files: Mapping[str, str]) -> str:
    """Commands that store files. base64 keeps every byte, and nothing is in an argument."""
    commands = []
    folders = sorted({name.rpartition("/")[0] for name in files} - {""})
    if folders:
        commands.append("mkdir -p " + " ".join(map(quote, folders)) + " || full")
    for name, text in files.items():
        content = text.encode("utf-8", "surrogateescape")
        encoded = base64.encodebytes(content).decode()
        commands.append(f"store {quote(name)} {len(content)} <<'END' || full\n{encoded}END")
    return "\n".join(commands)


def _room(path: str, size: int) -> str:
    """Refuse to arm when a folder is read-only or has less room than persisting will take."""
    place = quote(path)
    kib = size // 1024 + 64
    return f"""[ -d {place} ] || {{ echo {quote(f"{path} does not exist")}; exit {scripts.NO_ROOM}; }}
[ -w {place} ] || {{ echo {quote(f"{path} is read-only")}; exit {scripts.NO_ROOM}; }}
[ "$(df -Pk {place} | awk 'NR == 2 {{ print $4 }}')" -ge {kib} ] || {{
    echo {quote(f"{path} has less than {kib} KiB left, which confirming would take")}; exit {scripts.NO_ROOM}; }}"""


def _last_line(result: Result) -> str:
    lines = (result.stderr + result.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {result.status}"
