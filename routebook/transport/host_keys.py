"""Host keys: what known_hosts files say about a host (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT")."""

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

Verdict = Literal["known", "changed", "revoked", "unknown"]


class KnownKey(Struct, frozen=True):
    """One line of a known_hosts file: which hosts it is for, and their key."""

    marker: str  # "", "@revoked" or "@cert-authority"
    patterns: tuple[str, ...]
    kind: str  # "ssh-ed25519"
    blob: bytes
    source: str  # "FILE:LINE"
    plain: frozenset[str] | None  # the patterns, of a line on which each is a name and nothing else

    def matches(self, name: str) -> bool:
        """Whether the line is for `name`, which is "host" or "[host]:port"."""
        if self.plain is not None:
            return name.lower() in self.plain
        if self.patterns[0].startswith("|1|"):
            return _hash_matches(self.patterns[0], name)
        found = False
        for pattern in self.patterns:
            negated = pattern.startswith("!")
            if _glob(pattern.removeprefix("!"), name):
                if negated:
                    return False
                found = True
        return found


def read_known_hosts(files: Iterable[Path]) -> list[KnownKey]:
    """Every usable line of `files`; files that do not exist have none."""
    keys: list[KnownKey] = []
    for file in files:
        try:
            keys += _read(file, file.stat().st_mtime_ns)
        except FileNotFoundError:
            continue
    return keys


@lru_cache(maxsize=16)
def _read(file: Path, changed: int) -> tuple[KnownKey, ...]:
    """A file's lines; read once for many hosts, and again when it has changed."""
    del changed
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    keys = (_parse(line, f"{file}:{number}") for number, line in enumerate(lines, 1))
    return tuple(key for key in keys if key is not None)


def names_for(host: str, port: int) -> str:
    """The name under which known_hosts files list a host."""
    return host if port == 22 else f"[{host}]:{port}"


def judge(keys: Sequence[KnownKey], name: str, blob: bytes) -> tuple[Verdict, list[KnownKey]]:
    """What `keys` say of the host `name` showing the key `blob`, and the lines which say it."""
    entries = [key for key in keys if key.matches(name) and key.marker != "@cert-authority"]
    revoked = [key for key in keys if key.marker == "@revoked" and key.blob == blob]
    if revoked:
        return "revoked", revoked
    trusted = [key for key in entries if not key.marker]
    same = [key for key in trusted if key.blob == blob]
    if same:
        return "known", same
    return ("changed", trusted) if trusted else ("unknown", [])


def kinds_for(keys: Iterable[KnownKey], name: str) -> list[str]:
    """The kinds of key that are known for a host: the server must be asked for one of these first."""
    return list(dict.fromkeys(key.kind for key in keys if not key.marker and key.matches(name)))


def fingerprint(blob: bytes) -> str:
    """A key's fingerprint as ssh-keygen prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _parse(line: str, source: str) -> KnownKey | None:
    fields = line.split()
    if not fields or fields[0].startswith("#"):
        return None
    marker = fields.pop(0) if fields[0].startswith("@") else ""
    if len(fields) < 3:
        return None
    try:
        blob = base64.b64decode(fields[2], validate=True)
    except binascii.Error:
        return None
    patterns = tuple(fields[0].split(","))
    plain = None if any(sign in fields[0] for sign in "*?!|") else frozenset(each.lower() for each in patterns)
    return KnownKey(marker, patterns, fields[1], blob, source, plain)


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        _, _, salt, digest = pattern.split("|")
        wanted = base64.b64decode(digest)
        found = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(wanted, found)


def _glob(pattern: str, name: str) -> bool:
    # Brackets are literal in known_hosts; only * and ? are wildcards.
    return fnmatch.fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))
