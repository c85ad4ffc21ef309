"""The program that runs on the device: given to PHP on standard input with its request, answering behind a token.

Nothing of it is in an argument or a file, unless a run is armed; PHP's exit status says nothing, as die() exits 0.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from routebook.device import records, strict_json
from routebook.device.errors import (
    CandidateError,
    DriverError,
    LockedError,
    LostContactError,
    PrivilegeError,
    StaleError,
)
from routebook.device.values import Lock
from routebook.transport.shell import Result, Shell

PHP = "/usr/local/bin/php"
HOLDER = "/var/run/routebook.json"
"""Where a pfSense keeps its lock; a restart releases it."""

_PIECES = ("answer", "config", "apply", "lock", "run", "revert", "main")
UNCHANGED = "nothing was changed"
_LONGEST_ANSWER = 64 * 1024 * 1024  # bytes; a config.xml has some MB at most


class GoneError(DriverError):
    """The run is not pending on the device."""


class PendingError(DriverError):
    """Another run is pending on the device."""


@cache
def body() -> str:
    """The program without its request, beginning with PHP's opening tag."""
    folder = resources.files(__package__) / "device"
    pieces = [(folder / f"{name}.php").read_text(encoding="utf-8").removeprefix("<?php\n") for name in _PIECES]
    return "<?php\n" + "\n".join(pieces)


def encoded(request: Mapping[str, Any]) -> str:
    """A request as the program reads it, from `$routebook_encoded`."""
    return base64.b64encode(json.dumps(request).encode()).decode()


def stored(request: Mapping[str, Any], folder: str) -> str:
    """A program that is kept on the device beside `program.php`, with its request."""
    return f"<?php\n$routebook_encoded = '{encoded(request)}';\nrequire '{folder}/program.php';\n"


def run(shell: Shell, host: str, request: Mapping[str, Any], *, timeout: float = 60.0) -> dict[str, Any]:
    """Run the program with a request and return its result.

    Raises LostContactError, StaleError, GoneError, PendingError, PrivilegeError, CandidateError where the daemon
    refuses what was pushed, and DriverError for everything else. What the system's own code printed may be part
    of the message.
    """
    token = f"routebook-{secrets.token_hex(16)}"
    text = body().replace("<?php\n", f"<?php\n$routebook_encoded = '{encoded({**request, 'token': token})}';\n", 1)
    end = f"END-{secrets.token_hex(8)}"
    script = f"[ -x {PHP} ] || exit 127\n{PHP} -d display_errors=0 <<'{end}'\n{text}\n{end}"
    return _result(shell.run(script, timeout=timeout), token, host)


def _result(result: Result, token: str, host: str) -> dict[str, Any]:
    lines = [line.removeprefix(f"{token} ") for line in result.stdout.splitlines() if line.startswith(f"{token} ")]
    if not lines:
        if result.status == 127:
            raise DriverError(f"{host}: there is no {PHP}: is it a pfSense? {UNCHANGED}")
        raise DriverError(
            f"{host}: PHP ended without an answer, with exit status {result.status}: {_last(result) or 'no output'}; "
            "the request may or may not have been carried out",
            changed=True,
        )
    try:
        answer = strict_json.read(base64.b64decode(lines[-1], validate=True).decode(), _LONGEST_ANSWER)
    except (binascii.Error, UnicodeDecodeError, strict_json.CutOffError) as error:
        raise LostContactError(f"{host}: the answer is cut off; the request may have been carried out") from error
    except ValueError as error:
        raise _no_answer(host, str(error)) from error
    match answer:
        case {"ok": True, "result": dict(found)}:
            return found
        case {"ok": True, "result": []}:  # PHP's empty list and empty object are one
            return {}
        case {"ok": False, "kind": str(kind), "message": str(message), "changed": bool(changed)}:
            raise _error(host, kind, message, changed=changed)
    raise _no_answer(host, "it lacks what an answer has")


def _no_answer(host: str, why: str) -> DriverError:
    return DriverError(
        f"{host}: what PHP prints is not an answer: {why}; the request may or may not have been carried out",
        changed=True,
    )


def lock(host: str, holder: object) -> Lock:
    """The lock on the device, as the text of its file."""
    try:
        if not isinstance(holder, str):
            raise ValueError("it is not a text")
        return records.read_lock(holder)
    except ValueError as error:
        remedy = f"If no run is at work on {host}, delete it there: rm {HOLDER}"
        raise records.refusal(host, HOLDER, error, remedy) from error


def _error(host: str, kind: str, message: str, *, changed: bool) -> DriverError:
    fate = "config.xml may have been changed" if changed else UNCHANGED
    match kind:
        case "stale":
            return StaleError(
                f"{host}: config.xml is no longer the one that the change was computed from ({message}); {UNCHANGED}. "
                "Plan again",
                changed=changed,
            )
        case "gone":
            return GoneError(f"{host}: {message or 'the run is not pending there'}", changed=changed)
        case "pending":
            return PendingError(
                f"{host} is not armed: run {message} left an unconfirmed change there: confirm it, roll it back or "
                f"wait; {UNCHANGED}"
            )
        case "locked":
            return LockedError(host, lock(host, message))
        case "permission":
            return PrivilegeError(f"{host}: {message}: the login needs to be root, admin or allowed sudo; {fate}")
        case "full":
            return DriverError(f"{host}: {message}; {fate}. Make room on its disk", changed=changed)
        case "broken":
            return DriverError(
                f"{host}: {message}; {fate}. Restore a backup under Diagnostics / Backup & Restore", changed=changed
            )
        case "fallback":
            return DriverError(
                f"{host}: {message}. Compare Diagnostics / Backup & Restore / Config History", changed=True
            )
        case "encoding":
            return CandidateError(f"{host}: {message}; {fate}. Write it in ASCII", changed=changed)
        case "daemon":
            return CandidateError(f"{host}: {message}", changed=True)
        case "died" | "php":
            return DriverError(f"{host}: {message}; {fate}", changed=changed)
    return DriverError(f"{host}: {message}; {fate}", changed=changed)


def _last(result: Result) -> str:
    lines = (result.stdout + result.stderr).strip().splitlines()
    return lines[-1].strip() if lines else ""
