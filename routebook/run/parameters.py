"""Parameters of a runbook: declared in its file, given by `--set NAME=VALUE`, judged before a device is asked."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.intent.model import HostIntent

Kind = Literal["host", "session", "tunnel", "peer", "site", "integer", "duration", "choice", "text"]
Value = str | int
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d{1,6})([smh]?)")
_INTEGER = re.compile(r"-?\d{1,18}")


class Parameter(Struct, frozen=True):
    """One parameter. Without a `default` it must be given.

    A "host", "session", "tunnel", "peer" or "site" is a name in the inventory, a "choice" one of `choices`; a
    "duration" is in seconds, and may be written as `90s`, `5m` or `2h`.
    """

    name: str
    kind: Kind
    help: str
    default: Value | None = None
    choices: tuple[str, ...] = ()


def values(
    parameters: Sequence[Parameter], given: Iterable[str], intents: Mapping[str, HostIntent]
) -> dict[str, Value]:
    """What the parameters are. Raises RefusedError with the nearest name for what is not known, or is missing."""
    texts: dict[str, str] = {}
    known = {parameter.name: parameter for parameter in parameters}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals:
            raise RefusedError(f"--set {each}: write NAME=VALUE")
        if name not in known:
            raise RefusedError(f"--set {name}: the runbook has no such parameter{_nearest(name, known)}")
        if name in texts:
            raise RefusedError(f"--set {name} is given twice")
        texts[name] = text
    missing = [each for each in parameters if each.name not in texts and each.default is None]
    if missing:
        raise RefusedError("; ".join(f"--set {each.name}=… is missing: {each.help}" for each in missing))
    found: dict[str, Value] = {}
    for parameter in parameters:
        if parameter.name in texts:
            found[parameter.name] = _value(parameter, texts[parameter.name], intents)
        elif parameter.default is not None:
            found[parameter.name] = parameter.default
    return found


def _value(parameter: Parameter, text: str, intents: Mapping[str, HostIntent]) -> Value:
    if parameter.kind == "text":
        return text
    if parameter.kind == "integer":
        if not _INTEGER.fullmatch(text):
            raise RefusedError(f"--set {parameter.name}: {text!r} is no integer")
        return int(text)
    if parameter.kind == "duration":
        if (found := _DURATION.fullmatch(text)) is None:
            raise RefusedError(f"--set {parameter.name}: {text!r} is no duration; write seconds, 90s, 5m or 2h")
        return int(found[1]) * _UNITS[found[2]]
    names = choices(parameter, intents)
    if text not in names:
        raise RefusedError(f"--set {parameter.name}: there is no {parameter.kind} {text!r}{_nearest(text, names)}")
    return text


def choices(parameter: Parameter, intents: Mapping[str, HostIntent]) -> list[str]:
    """The names that a parameter may have; none for numbers and text."""
    hosts = intents.values()
    match parameter.kind:
        case "host":
            return sorted(intents)
        case "session":
            return sorted({each.session for host in hosts for each in host.neighbors})
        case "peer":
            return sorted({each.peer for host in hosts for each in host.neighbors})
        case "tunnel":
            return sorted({each.name for host in hosts for each in host.tunnels})
        case "site":
            return sorted({host.site for host in hosts if host.site})
        case "choice":
            return list(parameter.choices)
    return []


def _nearest(name: str, names: Iterable[str]) -> str:
    names = list(names)
    if close := difflib.get_close_matches(name, names, 1):
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names[:20])}{' …' * (len(names) > 20)}" if names else ""
