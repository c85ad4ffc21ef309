"""The secrets that a project's inventory refers to: which are missing or unfit, and making those that can be made."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.intent.network import Network, SecretUse
from routebook.intent.problem import Problem, Severity
from routebook.project.secrets import MissingSecretError, SecretError, Secrets
from routebook.redaction.redactor import REDACTED, SHORTEST

_SHOWN = 4  # names in a warning
_BYTES = 32  # of a made-up secret, which are 64 characters: what TCP MD5 and every platform take


class Unusable(Struct, frozen=True):
    """A secret that the inventory refers to and that cannot be read, with the reason."""

    use: SecretUse
    error: SecretError


def unusable(network: Network) -> list[Unusable]:
    """Every secret that cannot be read now, except those of commands, which are not run."""
    resolver = Secrets(network.project)
    uses = {use.reference: use for use in network.secret_uses}
    return [Unusable(use, error) for use in uses.values() if (error := resolver.missing(use.reference))]


def secret_problems(network: Network) -> list[Problem]:
    """What `check` says of secrets: a line for all files that are missing, and an error for each secret that is unfit.

    A missing one is a warning, as only commands that need it refuse to go on.
    """
    missing: dict[bool, list[Unusable]] = {}
    problems: list[Problem] = []
    for each in unusable(network):
        if isinstance(each.error, MissingSecretError):
            missing.setdefault(each.use.reference.env is None, []).append(each)
        else:
            problems.append(_problem(each.use, f"{each.use.purpose}: {each.error.message}", each.error.fix, "error"))
    return [*problems, *_weak(network), *(_missing(found) for found in missing.values())]


def _weak(network: Network) -> Iterator[Problem]:
    """Secrets that anybody finds, and that cannot be taken out of what is shown without taking out other words."""
    resolver = Secrets(network.project)
    names = {*network.hosts, *network.sites, *(host.platform for host in network.hosts.values()), REDACTED.strip("<>")}
    for use in {use.reference: use for use in network.secret_uses}.values():
        try:
            value = resolver.glance(use.reference) or ""
        except SecretError:
            continue  # it is reported already
        why = ""
        if 0 < len(value) < SHORTEST:
            why = f"shorter than {SHORTEST} characters: it is soon guessed, and other words have it in them"
        elif value in names:
            why = "a name that everybody knows"
        if why:
            make = "change it wherever it is used, for example to what `openssl rand -base64 33` gives"
            yield _problem(use, f"{use.purpose}: the secret of {use.reference} is {why}", make, "error")


def _missing(found: list[Unusable]) -> Problem:
    first = found[0]
    if len(found) == 1:
        return _problem(first.use, f"{first.use.purpose}: {first.error.message}", first.error.fix, "warning")
    names = [str(each.use.reference.env or each.use.reference.file) for each in found]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    fix = (
        "export them" if first.use.reference.env else "make them all with `routebook secrets make`, or put yours there"
    )
    return _problem(first.use, f"{len(found)} secrets are missing: {shown}", fix, "warning")


def _problem(use: SecretUse, message: str, fix: str, severity: Severity) -> Problem:
    return Problem(use.mark, message, fix, severity)


def make_missing(network: Network) -> list[Path]:
    """Make up every missing secret that is a file of its own: pre-shared keys and BGP passwords, not logins.

    Each has 256 random bits in hexadecimal digits, which every platform takes as they are; files get mode 0600, folders
    0700. Returns what was made. Raises RefusedError when one cannot be written.
    """
    return [_make(path) for path in _wanted(network)]


def _wanted(network: Network) -> Iterator[Path]:
    for each in unusable(network):
        file = each.use.reference.file
        if file and each.use.purpose != "login" and isinstance(each.error, MissingSecretError):
            yield network.project / Path(file).expanduser()


def _make(path: Path) -> Path:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
    except OSError as error:
        raise RefusedError(f"{path} cannot be made: {error.strerror}") from error
    return path
