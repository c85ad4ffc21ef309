"""The verdict of the last verification, and a word to whoever wants to know when it turns."""

import json
import time
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from routebook.errors import RefusedError
from routebook.project import strict_json
from routebook.project.private_files import read_private, write_private
from routebook.redaction.gate import one_line
from routebook.report.model import RunResult
from routebook.report.text import moment
from routebook.run.workspace import Workspace

_MOST = 65_536  # bytes
_MOST_NAMED = 10
_TIMEOUT = 10.0  # seconds


def tell_turn(workspace: Workspace, result: RunResult, address: str) -> bool:
    """Post the verdict if it is another one than at the last verification; whether that was done.

    A first one that is good is no turn. What could not be posted is posted the next time. Raises RefusedError.
    """
    place = workspace.state.open().path / "verdict.json"
    try:
        kept = strict_json.loads(read_private(place, _MOST))
        before = kept.get("good") is not False if isinstance(kept, dict) else True
    except (FileNotFoundError, ValueError):
        before = True
    if before == result.good:
        return False
    post(address, notice(workspace, result))
    written = json.dumps({"good": result.good, "since": time.time()}) + "\n"
    try:
        write_private(place, written.encode())
    except OSError as error:
        raise RefusedError(f"cannot write {place}: {error.strerror}; the same may be said again") from error
    return True


def notice(workspace: Workspace, result: RunResult) -> dict[str, Any]:
    """What is said: the verdict, and what it rests on. `text` is one sentence, as chat services show it."""
    causes = [each for each in result.findings if each.status in ("failed", "unknown") and each.follows is None]
    named = [one_line(f"{each.host} {each.check} {each.subject}: {each.cause or each.status}") for each in causes]
    more = [f"and {len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    where = one_line(workspace.project.name)
    words = "is as intended again" if result.good else "is not as intended"
    return {
        "text": "; ".join([f"{where} {words}", *named[:3], *(["…"] if len(named) > 3 else [])]),
        "project": where,
        "good": result.good,
        "time": moment(result.finished),
        "causes": [*named[:_MOST_NAMED], *more],
    }


def post(address: str, said: dict[str, Any]) -> None:
    """Send JSON to an http or https address. Raises RefusedError, which does not name the address: it may be secret."""
    if not address.startswith(("https://", "http://")):
        raise RefusedError("the webhook is no http or https address; nobody was told")
    try:
        body = json.dumps(said).encode()
        asked = Request(address, data=body, headers={"Content-Type": "application/json"})  # noqa: S310  checked above
        with urlopen(asked, timeout=_TIMEOUT) as answer:  # noqa: S310
            answer.read(1024)
    except (URLError, OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise RefusedError(f"the webhook does not take it, nobody was told: {type(error).__name__}: {why}") from None
