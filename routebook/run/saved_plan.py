"""Saved plans: what was reviewed, bound to all that it was computed from, good for one run and for a limited time."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from routebook import __version__
from routebook.device.candidate import Candidate
from routebook.device.plan import HostPlan, Plan
from routebook.device.values import Change, Effect
from routebook.errors import RefusedError
from routebook.project.private_files import check_private, own_folder, read_private, write_private
from routebook.project.strict_json import read_file
from routebook.report.model import HostResult
from routebook.run.journal import new_run_id
from routebook.run.options import Options
from routebook.safety.accepted import Guard

FORMAT = 4
FOLDERS = ("inventory", "templates", "tasks", "runbooks")
"""What a candidate is computed from; a change in any file of these makes a plan stale."""

_SKEW = 60.0  # seconds by which the clocks of two machines that share a project may differ


@dataclass(frozen=True, slots=True)
class Key:
    """The project's key: what it authenticates was made here, and digests made with it cannot be guessed from outside.

    A plain digest of a configuration would let anybody who has the file try passwords against it.
    """

    value: bytes = field(repr=False)

    def digest(self, data: Any) -> str:
        """The HMAC-SHA256 (RFC 2104) of JSON-able data, as hexadecimal."""
        text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hmac.new(self.value, text.encode(), hashlib.sha256).hexdigest()


def open_key(path: Path, *, make: bool = False) -> Key:
    """The key in a file (mode 0600), made at first use with `make`. Raises RefusedError."""
    size = hashlib.sha256().digest_size
    try:
        if make:
            own_folder(path.parent)
        if make and not check_private(path):
            write_private(path, secrets.token_bytes(size), replace=False)
        value = read_private(path, 1024)
    except FileNotFoundError as error:
        raise RefusedError(f"the key of saved plans, {path}, is not there; plan again on this machine") from error
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror}; nothing was changed") from error
    if len(value) != size:
        raise RefusedError(f"{path} is not a key of saved plans; remove it and plan again")
    return Key(value)


class SavedPlan(Struct, frozen=True):
    """A plan as it was reviewed. `made` and `expires` are seconds since the epoch; digests are made with the key.

    `notes` are the sentences about the plan as a whole, with what stands in its way; of that `guards` are digests of
    each danger, which whoever reviewed the plan has accepted.
    """

    id: str
    runbook: str
    limit: str
    waves: str
    options: Mapping[str, Any]
    made: float
    expires: float
    routebook: str
    sources: Mapping[str, str]
    hosts: Mapping[str, Mapping[str, Any]]
    notes: Sequence[str]
    guards: Sequence[str]
    key: Key

    def refuse_if_over(self, now: float) -> None:
        """Raises RefusedError when the plan's time is over, or has not come."""
        if now > self.expires:
            raise RefusedError(
                f"plan {self.id} has expired at {moment(self.expires)}; plan again. Nothing was changed."
            )
        if now < self.made - _SKEW:
            raise RefusedError(
                f"plan {self.id} was made at {moment(self.made)}, which is in the future of this machine's clock. "
                "Nothing was changed."
            )

    def bound(self) -> Options:
        """How it is to be carried out, as that was reviewed."""
        return Options(**{**self.options, "waves": self.waves, "accept": frozenset(self.options["accept"])})

    def how(self) -> str:
        """The options in words."""
        names = ("waves", *_OPTIONS)
        return ", ".join(f"{name.replace('_', '-')} {_shown_option(getattr(self.bound(), name))}" for name in names)

    def refuse_others(self, options: Options) -> None:
        """Raises RefusedError for options that are not those that were reviewed."""
        was = self.bound()
        differing = [
            f"{name.replace('_', '-')} {_shown_option(getattr(options, name))} instead of "
            f"{_shown_option(getattr(was, name))}"
            for name in ("waves", *_OPTIONS)
            if getattr(options, name) != getattr(was, name)
        ]
        if differing:
            raise RefusedError(
                f"plan {self.id} is to be carried out as it was reviewed: {'; '.join(differing)}. Nothing was changed; "
                "plan again with these options and have that reviewed"
            )

    def changed_sources(self, project: Path) -> list[str]:
        """Files of the project that are not what they were, and whether Routebook itself is another."""
        now = digest_sources(project, self.key)
        changes = [
            f"{name} has changed" for name in sorted(now.keys() & self.sources) if now[name] != self.sources[name]
        ]
        changes += [f"{name} is new" for name in sorted(now.keys() - self.sources)]
        changes += [f"{name} is gone" for name in sorted(self.sources.keys() - now)]
        if self.routebook != __version__:
            changes.append(f"Routebook is {__version__}, and the plan was made by {self.routebook}")
        return changes

    def changed_hosts(self, plan: Plan) -> dict[str, str]:
        """Hosts for which `plan`, made now, is not what was reviewed, each with what has changed."""
        changes = dict.fromkeys(plan.hosts.keys() - self.hosts, "not in the plan")
        changes |= dict.fromkeys(self.hosts.keys() - plan.hosts, "in the plan, and not among the runbook's hosts now")
        for name in plan.hosts.keys() & self.hosts:
            if difference := _difference(self.hosts[name], _bound(plan.hosts[name], self.key)):
                changes[name] = difference
        return dict(sorted(changes.items()))

    def shows(self, guard: Guard) -> bool:
        """Whether all that a guard is about stood in the plan's way when it was reviewed."""
        return set(_dangers(guard, self.key)) <= set(self.guards)

    def results(self) -> dict[str, HostResult]:
        """What was reviewed, for people."""
        return {name: _result(host["shown"]) for name, host in self.hosts.items()}


def _difference(reviewed: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if reviewed["fingerprint"] != now["fingerprint"]:
        parts = reviewed["parts"].keys() | now["parts"].keys()
        differing = sorted(part for part in parts if reviewed["parts"].get(part) != now["parts"].get(part))
        return (
            f"its configuration has changed since the plan was made ({', '.join(differing) or 'attributes of files'})"
        )
    if reviewed["candidate"] != now["candidate"]:
        return "what it is meant to be has changed since the plan was made: a secret, or what a template asks for"
    if reviewed["change"] != now["change"]:
        return "the same configuration and intent give other commands than those that were reviewed"
    return ""


def save(
    path: Path,
    project: Path,
    key: Key,
    plan: Plan,
    shown: Mapping[str, HostResult],
    notes: Sequence[str],
    guards: Iterable[Guard] = (),
    *,
    runbook: str,
    limit: str,
    options: Options,
    seconds: float,
) -> SavedPlan:
    """Write a plan (mode 0600), good for `seconds`. `shown` and `notes` must hold no secret. Raises RefusedError."""
    now = time.time()
    saved = SavedPlan(
        id=new_run_id(),
        runbook=runbook,
        limit=limit,
        waves=options.waves,
        options={name: _plain_option(getattr(options, name)) for name in _OPTIONS},
        made=now,
        expires=now + seconds,
        routebook=__version__,
        sources=digest_sources(project, key),
        hosts={name: {**_bound(host, key), "shown": _shown(shown[name])} for name, host in plan.hosts.items()},
        notes=list(notes),
        guards=sorted({digest for guard in guards if guard.asks for digest in _dangers(guard, key)}),
        key=key,
    )
    text = json.dumps(_signed(saved), indent=2, ensure_ascii=False) + "\n"
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror}; nothing was changed") from error
    return saved


def load(path: Path, key: Callable[[], Key]) -> SavedPlan:
    """A saved plan whose text is as Routebook wrote it. Raises RefusedError for anything else."""
    try:
        data = read_file(path)
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise RefusedError(f"{path} is not a saved plan: {error}") from error
    form = data.get("format") if isinstance(data, dict) else None
    if isinstance(data, dict) and type(form) is int and form != FORMAT:
        raise RefusedError(f"{path} is a plan of format {form}, and this Routebook reads {FORMAT}: plan again")
    if not isinstance(data, dict) or form != FORMAT or set(data) != _ALL:
        raise RefusedError(f"{path} is not a saved plan: it lacks what a plan has, or has more")
    saved = SavedPlan(**{name: data[name] for name in _FIELDS}, key=key())
    # Nothing of it is used before it is known to be what Routebook wrote: then it has the right types, too.
    if not hmac.compare_digest(str(data["mac"]).encode(), str(_signed(saved)["mac"]).encode()):
        raise RefusedError(
            f"{path} is not as Routebook wrote it, or was made with the key of another project. Nothing was changed."
        )
    return saved


_OPTIONS = ("accept", "confirm_timeout", "deadline", "keep_waves", "max_failed", "probe")
_FIELDS = tuple(name for name in SavedPlan.__struct_fields__ if name != "key")
_ALL = {"format", "mac", *_FIELDS}


def _plain_option(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _shown_option(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (" ".join(sorted(value)) if isinstance(value, frozenset) else str(value)) or "none"


def _signed(saved: SavedPlan) -> dict[str, Any]:
    data = {"format": FORMAT, **{name: getattr(saved, name) for name in _FIELDS}}
    return {**data, "mac": saved.key.digest(["saved plan", data])}


def digest_sources(project: Path, key: Key) -> dict[str, str]:
    """A digest of each file that a candidate is computed from, by its name in the project. Raises RefusedError."""
    try:
        return {
            str(path.relative_to(project)): key.digest(["source", path.read_bytes().hex()]) for path in _files(project)
        }
    except OSError as error:
        raise RefusedError(f"{error.filename}: {error.strerror}; nothing was changed") from error


def _files(project: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            parts = path.relative_to(project).parts
            if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
                yield path


def _bound(host: HostPlan, key: Key) -> dict[str, Any]:
    """What of a host's plan must be the same when it is carried out."""
    return {
        "fingerprint": key.digest(["fingerprint", host.snapshot.fingerprint]),
        "parts": {name: key.digest(["part", name, text]) for name, text in sorted(host.snapshot.parts.items())},
        "candidate": key.digest(["candidate", _sections(host.candidate)]),
        "change": key.digest(["change", _change(host.change)]),
    }


def _dangers(guard: Guard, key: Key) -> list[str]:
    return [key.digest(["danger", word, about]) for word, about in guard.dangers]


def _sections(candidate: Candidate | None) -> list[Any]:
    sections = candidate.sections if candidate else ()
    return [[section.name, section.part, section.text, list(section.owns), section.mode] for section in sections]


def _change(change: Change) -> list[Any]:
    return [change.diff, change.commands, change.undo, [[e.kind, e.subject, e.reason] for e in change.effects]]


def _shown(host: HostResult) -> dict[str, Any]:
    return {
        "diff": host.diff,
        "commands": list(host.commands),
        "undo": list(host.undo),
        "effects": [[e.kind, e.subject, e.reason, e.peer, e.foreign] for e in host.effects],
        "warnings": list(host.warnings),
    }


def _result(shown: Mapping[str, Any]) -> HostResult:
    return HostResult(
        state="planned",
        changed=bool(shown["commands"]),
        diff=shown["diff"],
        commands=tuple(shown["commands"]),
        undo=tuple(shown["undo"]),
        effects=tuple(Effect(*effect) for effect in shown["effects"]),
        warnings=tuple(shown["warnings"]),
    )


def stale(changes: Collection[str]) -> str:
    """The sentence for a plan that cannot be carried out any more."""
    listed: Sequence[str] = sorted(changes)
    return f"the plan is stale: {'; '.join(listed)}. Nothing was changed; plan again and have it reviewed"


def moment(at: float) -> str:
    """A time in words; `at` is in seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
