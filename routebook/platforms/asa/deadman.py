"""The device undoing a change by itself: an EEM applet that counts down, or a scheduled reload.

The applet copies the inverse of the change, which is a file on flash, into the running configuration, deletes that
file, for it holds secrets, and takes itself away. A second file without secrets stays to show what happened; its name
ends in `.run`, and in `.done` once the run is confirmed. Then both stay until the run gives its lock back. Flash is
everybody's who may log in: a file's name has twelve random digits in it, and what is called otherwise is left alone.
Commands: Cisco ASA CLI guide, "Embedded Event Manager"; actions run in configuration mode with privilege 15.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from msgspec import Struct

from routebook.device import records, strict_json
from routebook.device.errors import DriverError
from routebook.device.strict_json import CutOffError
from routebook.device.values import Pending
from routebook.platforms.asa.answers import judge
from routebook.platforms.asa.flash import Flash
from routebook.platforms.asa.options import DeadMan
from routebook.platforms.asa.session import UNCHANGED, AsaSession
from routebook.platforms.asa.show.text import UnknownOutputError

PREFIX = "RB-"
_UNDO, _ARMED, _CONFIRMED, LOCK = ".undo", ".run", ".done", ".lck"  # how a run's files end
_FILE = re.compile(r"(?P<name>RB-[A-Za-z0-9._-]+)\.(?P<token>[0-9a-f]{12})(?P<kind>\.(?:undo|run|done|lck))")
_LONGEST = 32  # characters of an applet's name, which the device cuts without a word
_APPLET = re.compile(r"event manager applet (RB-\S+)")
_SHOWN_APPLET = re.compile(r"event manager applet (\S+?)(?:,.*)?")
_SHOWN_COUNTDOWN = re.compile(
    r"(?:event |timer )+countdown (?:time )?(?P<time>\d{1,9})(?: secs?)?, "
    r"(?:left (?P<left>\d{1,9}) secs?|(?P<before>\d{1,9}) secs? left|expired)(?:, hits (?P<hits>\d{1,9}))?.*"
)
# Cisco ASA command reference, `show reload`: "(in 12 hours and 12 minutes)".
_RELOAD_IN = re.compile(r"\(in ((?:(?:and )?\d+ (?:day|hour|minute|second)s?[ ,]*)+)\)")
_UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
_NO_RELOAD = "No reload is scheduled."


class Marker(Struct, frozen=True):
    """What the device remembers of a run, without secrets. `fingerprint` is the snapshot's."""

    run_id: str
    name: str
    dead_man: DeadMan
    fingerprint: str

    def text(self) -> str:
        """The file's contents."""
        return json.dumps(
            {"run": self.run_id, "name": self.name, "dead_man": self.dead_man, "fingerprint": self.fingerprint}
        )


class RunFile(Struct, frozen=True):
    """A file on flash that is a run's: its own name, that of the run's applet, and what it is.

    Between these two is what nobody can foresee, so that no file can be there before it; and what is not called like
    this is nobody's that a run would read, overwrite or delete.
    """

    file: str
    name: str
    kind: str

    def sibling(self, kind: str) -> str:
        """The file of another kind that was made with this one."""
        return f"{self.file.removesuffix(self.kind)}{kind}"


def run_files(names: Iterable[str], *kinds: str) -> list[RunFile]:
    """Those of the files on flash that are runs', of these kinds."""
    found = (_FILE.fullmatch(name) for name in names)
    return [RunFile(each[0], each["name"], each["kind"]) for each in found if each and each["kind"] in kinds]


def new_file(name: str, kind: str) -> RunFile:
    """A file for the run with this applet's name, under a name that nobody can foresee."""
    return RunFile(f"{name}.{secrets.token_hex(6)}{kind}", name, kind)


class Found(Struct, frozen=True):
    """What there is of runs: the applet's name and seconds left, the marker with its file, and the file that undoes it.

    `confirmed` is whether the marker says that its run was confirmed, or was about to be: its timer is off.
    """

    applet: str = ""
    time: int = 0  # what the countdown began with
    left: int = 0
    fired: bool = False
    marker: Marker | None = None
    file: RunFile | None = None
    undo: str = ""
    confirmed: bool = False

    @property
    def unconfirmed(self) -> str:
        """The run that nobody has confirmed or undone; empty if there is none."""
        if self.applet or (self.marker is not None and self.undo and not self.confirmed):
            return self.marker.run_id if self.marker else self.applet
        return ""


def read_marker(file: str, text: str) -> Marker:
    """The marker in a file. Raises ValueError; CutOffError for one that arrived in part."""
    found = records.members(strict_json.read(text, records.LONGEST_RECORD), {"run", "name", "dead_man", "fingerprint"})
    marker = Marker(
        records.change_of(found["run"]),
        records.printable(found, "name"),
        records.one_of(found["dead_man"], get_args(DeadMan)),
        records.printable(found, "fingerprint"),
    )
    # Files are deleted and copied by this name.
    if marker.name != name_of(marker.run_id) or not run_files([file], _ARMED, _CONFIRMED):
        raise ValueError("it is another run's than its name says")
    if run_files([file], _ARMED, _CONFIRMED)[0].name != marker.name:
        raise ValueError("it is another run's than its name says")
    return marker


def name_of(run_id: str) -> str:
    """An applet's name for a run: its id, or a digest where that is too long."""
    plain = f"{PREFIX}{run_id}"
    if len(plain) <= _LONGEST and re.fullmatch(r"[A-Za-z0-9._-]+", plain):
        return plain
    return f"{PREFIX}{hashlib.sha256(run_id.encode()).hexdigest()[: _LONGEST - len(PREFIX)]}"


def without_applet(text: str) -> str:
    """A configuration without the applets of this engine: while a change is pending they are not part of it."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if _APPLET.match(line):
            inside = True
        elif not (inside and line.startswith(" ")):
            if not (inside and line.strip() == "!"):
                kept.append(line)
            inside = False
    return "".join(kept)


@dataclass(slots=True)
class DeadManTimer:
    """The timer of one device, in the way that the inventory asks for."""

    session: AsaSession
    flash: Flash

    @property
    def host(self) -> str:
        """What messages call the host."""
        return self.session.host

    def arm(self, marker: Marker, undo: str, seconds: int) -> None:
        """Store the files and start the timer. Raises DriverError, and leaves nothing behind, where that fails."""
        if marker.dead_man == "eem" and self.session.options.context:
            raise DriverError(
                f"{self.host}: EEM does not exist in multiple context mode. Without a timer of the device: dead_man: "
                f"none with accept_no_dead_man: true; {UNCHANGED}"
            )
        if self.session.options.context:
            return
        file = new_file(marker.name, _ARMED)
        self.flash.store(file.file, marker.text())
        try:
            self.flash.store(file.sibling(_UNDO), undo)
            if marker.dead_man == "eem":
                self._start(marker, self.flash.path(file.sibling(_UNDO)), seconds)
            elif marker.dead_man == "reload":
                self._schedule(seconds)
        except DriverError:
            self.clean(marker.name)
            raise

    def _start(self, marker: Marker, undo: str, seconds: int) -> None:
        lines = [
            f"event manager applet {marker.name}",
            f"description routebook {marker.run_id}",
            # The timer last: from that line on it runs.
            f'action 1 cli command "copy /noconfirm {undo} running-config"',
            f'action 2 cli command "delete /noconfirm {undo}"',
            f'action 3 cli command "no event manager applet {marker.name}"',
            "output none",
            f"event timer countdown time {seconds}",
        ]
        self._configure(lines, "start its timer")
        found = self.find()
        if found.applet != marker.name or not 0 < found.left <= seconds:
            self._configure([f"no event manager applet {marker.name}"], "take its timer away")
            raise DriverError(f"{self.host}: the timer does not run ({found.left} s left of {seconds}); {UNCHANGED}")

    def _configure(self, lines: list[str], what: str) -> None:
        answers = self.session.configure(lines)
        self.session.leave_configuration()
        for line, answer in zip(lines, answers, strict=True):
            judgement = judge(answer)
            if judgement.verdict != "fine":
                raise DriverError(f"{self.host} does not {what}: `{line}` is answered {judgement.said!r}; {UNCHANGED}")

    def _schedule(self, seconds: int) -> None:
        minutes = max(1, -(-seconds // 60))
        said = self.session.run(f"reload in {minutes} noconfirm", replies={"[confirm]": "", "[Y]es/[N]o:": "N"})
        if self._reload_left() is None:
            last = (said.strip().splitlines() or ["nothing"])[-1]
            raise DriverError(f"{self.host} does not schedule its reload: it says {last!r}; {UNCHANGED}")

    def _reload_left(self) -> int | None:
        said = self.session.show("show reload")
        if _NO_RELOAD in said:
            return None
        left = _RELOAD_IN.search(said)
        if left is None:
            raise UnknownOutputError("show reload", "is not known", said.strip()[:80])
        parts = re.findall(r"(\d+) (day|hour|minute|second)", left[1])
        return sum(int(count) * _UNITS[unit] for count, unit in parts)

    def extend(self, found: Found, seconds: int) -> None:
        """Start the countdown anew. Raises DriverError where the timer does not run, or does not take it."""
        if found.marker is not None and found.marker.dead_man == "reload":
            self.session.run("reload cancel")
            self._schedule(seconds)
            return
        if found.marker is not None and found.marker.dead_man == "none":
            return
        if not found.applet or found.fired:
            raise DriverError(f"{self.host}: no change is armed, so its timer cannot be extended")
        # A countdown starts anew only when it is taken away and given again; both arrive together.
        lines = [
            f"event manager applet {found.applet}",
            f"no event timer countdown time {found.time}",
            f"event timer countdown time {seconds}",
        ]
        self._configure(lines, "extend its timer")
        after = self.find()
        if after.applet != found.applet or not seconds - 30 <= after.left <= seconds:
            raise DriverError(f"{self.host}: its timer has {after.left} s left and was to have {seconds}", changed=True)

    def find(self) -> Found:
        """What there is on the device."""
        applet, began, left, fired = "", 0, 0, False
        if not self.session.options.context:
            applet, began, left, fired = self._applet()
        names = [] if self.session.options.context else self.flash.names()
        runs = [*run_files(names, _CONFIRMED), *run_files(names, _ARMED)]
        wanted = [file for file in runs if not applet or (file.name, file.kind) == (applet, _ARMED)]
        if not wanted:
            return Found(applet, began, left, fired)
        file = wanted[-1]
        confirmed = file.kind == _CONFIRMED
        undo = file.sibling(_UNDO) if file.sibling(_UNDO) in names else ""
        marker = self._marker(file.file, needed=bool(applet or undo))
        if marker is not None and not applet and not confirmed and marker.dead_man == "reload":
            left = self._reload_left() or 0
        return Found(applet, began, left, fired, marker, file, undo, confirmed)

    def _applet(self) -> tuple[str, int, int, bool]:
        command = "show event manager"
        applet = ""
        for raw in self.session.show(command).splitlines():
            line = raw.strip()
            if (shown := _SHOWN_APPLET.fullmatch(line)) is not None:
                applet = shown[1] if shown[1].startswith(PREFIX) else ""
                if applet and not records.CHANGE.fullmatch(applet):
                    raise UnknownOutputError(command, "shows an applet whose name no run gives", records.shown(applet))
            elif applet and (countdown := _SHOWN_COUNTDOWN.fullmatch(line)) is not None:
                left = int(countdown["left"] or countdown["before"] or 0)
                return applet, int(countdown["time"]), left, left == 0 or int(countdown["hits"] or 0) > 0
        if applet:
            raise UnknownOutputError(command, f"shows applet {applet} without its countdown")
        return "", 0, 0, False

    def _marker(self, file: str, *, needed: bool) -> Marker | None:
        """A marker; None for one that arrived in part and is not `needed`: its run ended before it stored the undo."""
        try:
            return read_marker(file, self.flash.read(file))
        except ValueError as error:
            if not needed and isinstance(error, CutOffError):
                return None
            path = self.flash.path(file)
            remedy = f"If nothing is pending on {self.host}, delete it there: delete /noconfirm {path}"
            raise records.refusal(self.host, path, error, remedy) from error

    def pending(self, fingerprint: Callable[[], str]) -> Pending | None:
        """The run on the device; `fingerprint` reads the running configuration's, where that decides."""
        found = self.find()
        marker = found.marker
        if found.applet:
            run_id = marker.run_id if marker else found.applet.removeprefix(PREFIX)
            return Pending(run_id, "reverting" if found.fired else "armed", found.left)
        if marker is None:
            return None
        if found.confirmed:
            # Without the undo, its run was about to let go of it.
            return Pending(marker.run_id, "confirmed", 0) if found.undo else None
        if marker.dead_man != "eem" and found.undo and (found.left or marker.dead_man == "none"):
            detail = "" if found.left else "the device has no timer for it"
            return Pending(marker.run_id, "armed", found.left, detail)
        phase: Literal["reverted", "failed"] = "reverted" if fingerprint() == marker.fingerprint else "failed"
        detail = "" if phase == "reverted" else "its timer is gone, and the configuration is not the one from before"
        return Pending(marker.run_id, phase, 0, detail)

    def disarm(self, found: Found) -> None:
        """Take the timer away; the files stay. Raises DriverError when it was faster."""
        if found.marker is not None and found.marker.dead_man == "reload":
            self.session.run("reload cancel")
            if self._reload_left() is not None:
                raise DriverError(f"{self.host} does not cancel its reload", changed=True)
            return
        if not found.applet:
            return
        answers = self.session.configure([f"no event manager applet {found.applet}"])
        self.session.leave_configuration()
        judgement = judge(answers[0])
        if judgement.verdict != "fine":
            raise DriverError(f"{self.host}: its timer cannot be taken away: {judgement.said}", changed=True)

    def keep(self, found: Found) -> None:
        """Write down that the run is confirmed. Its undo stays. Raises DriverError where the marker is gone."""
        if self.session.options.context:
            return
        if found.file is None:
            raise DriverError(f"{self.host}: what the run had left on flash is gone", changed=True)
        self.flash.rename(found.file.file, found.file.sibling(_CONFIRMED))

    def clean(self, name: str = "") -> None:
        """Delete a run's files, or those of all runs."""
        if not self.session.options.context:
            remove(self.flash, self.flash.names(), lambda found: found == name or not name)


def confirmed(names: Iterable[str]) -> set[str]:
    """The applets' names of the runs that are confirmed, among the names of files."""
    return {file.name for file in run_files(names, _CONFIRMED)}


def remove(flash: Flash, names: Iterable[str], which: Callable[[str], bool]) -> None:
    """Delete the files, among `names`, of the runs whose applets' names are `which`: those with secrets first."""
    names = list(names)
    for kind in (_UNDO, _ARMED, _CONFIRMED):
        for file in run_files(names, kind):
            if which(file.name):
                flash.delete(file.file)
