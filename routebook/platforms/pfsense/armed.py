"""A planned change, the files with which an armed device makes and undoes it by itself, and what is read of those."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from routebook.device import records
from routebook.device.values import Pending
from routebook.platforms.pfsense.changes import Consequences
from routebook.platforms.pfsense.difference import Edit
from routebook.platforms.pfsense.program import body, stored
from routebook.platforms.pfsense.tree import Element

ROOT = "/cf/conf/routebook"  # /tmp and /var can be in memory


@dataclass(frozen=True, slots=True)
class Planned:
    """A change, with all that the device needs for making and undoing it."""

    before: Element = field(repr=False)
    after: Element = field(repr=False)
    edits: tuple[Edit, ...] = field(repr=False)
    forward: Consequences
    backward: Consequences
    fingerprint: str
    restored: str | None = field(default=None, repr=False)  # the text of a whole configuration to go to

    def __bool__(self) -> bool:
        return bool(self.edits) or self.restored is not None


def folder(run_id: str) -> str:
    """The run's folder on the device."""
    return f"{ROOT}/{run_id}"


def files(run_id: str, message: str, planned: Planned) -> dict[str, str]:
    """File name to content, in base64: the program, what starts it with which request, and the change both ways."""
    place = folder(run_id)
    description = f"Routebook run {run_id}" + (f": {message.splitlines()[0]}" if message.strip() else "")
    change: dict[str, Any] = {
        "message": description,
        "edits": [edit.request() for edit in planned.edits],
        "undo": [edit.undo() for edit in reversed(planned.edits)],
        "apply": planned.forward.apply,
        "activate": planned.forward.activate,
        "applyback": planned.backward.apply,
        "activateback": planned.backward.activate,
    }
    texts = {
        "program.php": body(),
        "watch.php": stored({"action": "watch", "run": run_id}, place),
        "timer.php": stored({"action": "revert", "run": run_id, "by": "timer"}, place),
        "boot.php": stored({"action": "revert", "run": run_id, "by": "boot"}, place),
    }
    if planned.restored is not None:
        # The system's history names a restoration by the file's name.
        change["restore"] = f"restored-by-{run_id}.xml"
        texts[change["restore"]] = planned.restored
    texts["change.json"] = json.dumps(change)
    return {name: base64.b64encode(text.encode("utf-8", "surrogateescape")).decode() for name, text in texts.items()}


class Ended(Struct, frozen=True):
    """How an earlier run ended on the device. `by_itself` is whether its timer or a restart undid it."""

    run_id: str
    ending: str
    by_itself: bool
    detail: str


def read_pending(host: str, answer: Mapping[str, object]) -> tuple[Pending | None, list[Ended]]:
    """The run that is pending, and how the last ones ended, the newest first. Raises DriverError."""
    try:
        found = records.members(answer, {"live", "ended"})
        live, ended = found["live"], found["ended"]
        if not isinstance(ended, list):
            raise ValueError("what has ended is not a list")
        return None if live is None else _pending(live), [_ended(one) for one in ended]
    except ValueError as error:
        remedy = "Look at it there: it holds what undoes a change that nobody has confirmed"
        raise records.refusal(host, ROOT, error, remedy) from error


def _pending(live: object) -> Pending:
    run = records.members(live, {"run", "phase", "remaining", "detail"})
    return records.pending(run["run"], run["phase"], run["remaining"], run["detail"])


def _ended(one: object) -> Ended:
    run = records.members(one, {"run", "ending", "by", "detail"})
    by = records.one_of(run["by"], ("driver", "timer", "boot"))
    ending = records.one_of(run["ending"], ("confirmed", "reverted"))
    return Ended(
        records.change_of(run["run"]), ending, ending == "reverted" and by != "driver", records.free_text(run["detail"])
    )
