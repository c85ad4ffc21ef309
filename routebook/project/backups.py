"""Backups of devices' configurations in a git repository: readable without secrets, and whole for whoever has a key.

Each host has a folder: `configuration/` with the parts of it, secrets replaced, `snapshot.age` or `snapshot.gpg` with
everything, encrypted, and `about.json`. age and gpg encrypt and decrypt; keys stay with them. Nothing but git is needed
to read what changed when, and nothing but age or gpg to get a configuration out.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.project import git
from routebook.project.private_files import own_folder, write_private

VARIABLE = "ROUTEBOOK_BACKUPS"
RECIPIENTS = "recipients"
_AGE = re.compile(r"age1[a-z0-9]{10,}|ssh-(?:ed25519|rsa) [A-Za-z0-9+/=]{40,}(?: [ -~]*)?")
_GPG = re.compile(r"gpg:(?P<key>[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
_TIMEOUT = 120.0  # seconds, for a person who types a passphrase
_NOTHING = "nothing was changed"


class Author(Struct, frozen=True):
    """Who made a change, as git has it; `when` in seconds since the epoch, 0 for now."""

    name: str
    mail: str = ""
    when: float = 0.0


class Whole(Struct, frozen=True):
    """What is encrypted of a host: `content`, anew where `configuration`, the part of it that counts, has changed."""

    content: bytes
    configuration: bytes


class Kept(Struct, frozen=True):
    """A host's entry at one commit. `readable` are the parts by their names, `sealed` is encrypted."""

    commit: str
    when: str
    readable: Mapping[str, str]
    sealed: bytes | None


class Backups:
    """The repository in `folder`. Raises RefusedError where it is none of Routebook's, or git does not work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, *, make: bool = False) -> "Backups":
        """The repository, certainly the operator's own; with `make`, a new one where nothing is."""
        if not make and not (self.folder / ".git").is_dir():
            raise RefusedError(f"there are no backups in {self.folder}: `routebook backup` makes them; {_NOTHING}")
        own_folder(self.folder)
        if not (self.folder / ".git").exists():
            if any(self.folder.iterdir()):
                raise RefusedError(f"{self.folder} has files and is no git repository: name another; {_NOTHING}")
            self._git("init", "--quiet", "--initial-branch=main")
        return self

    @property
    def recipients(self) -> tuple[str, ...]:
        """To whom secrets are encrypted: lines of `recipients` in the repository."""
        path = self.folder / RECIPIENTS
        lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
        return checked_recipients([line for line in map(str.strip, lines) if line and not line.startswith("#")])

    def keep_recipients(self, recipients: Sequence[str]) -> None:
        """Write down to whom secrets are encrypted from now on."""
        write_private(self.folder / RECIPIENTS, "".join(f"{each}\n" for each in recipients).encode())
        self._git("add", "--", RECIPIENTS)
        self._commit("Encrypt to other recipients", Author("routebook"))

    def _is_sealed(self, host: str, configuration: bytes) -> bool:
        """Whether the newest encrypted copy of a host is of this configuration, for the recipients of today."""
        try:
            about = json.loads((self._place(host) / "about.json").read_text())
            salt, digest, sealed_to = about["salt"], about["digest"], about["recipients"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        same = hmac.compare_digest(str(digest), _digest(configuration, str(salt)))
        return same and sealed_to == list(self.recipients)

    def keep(self, host: str, readable: Mapping[str, str], whole: Whole | None, message: str, author: Author) -> str:
        """Commit what a host has now, where that is anything new: the commit's id, or nothing.

        The `whole` is encrypted, and needs recipients.
        """
        place = self._place(host)
        configuration = place / "configuration"
        shutil.rmtree(configuration, ignore_errors=True)
        for name, text in readable.items():
            path = configuration / _safe(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, errors="surrogateescape")
        if whole is not None and not self._is_sealed(host, whole.configuration):
            self._seal(place, whole)
        self._git("add", "--all", "--", place.name)
        if not self._git("status", "--porcelain", "--", place.name).strip():
            return ""
        return self._commit(message, author, place.name)

    def _seal(self, place: Path, whole: Whole) -> None:
        kind, sealed = encrypted(whole.content, self.recipients)
        for other in place.glob("snapshot.*"):
            other.unlink()
        write_private(place / f"snapshot.{kind}", sealed)
        salt = secrets.token_hex(16)
        about = {
            "format": 1,
            "salt": salt,
            "digest": _digest(whole.configuration, salt),
            "recipients": list(self.recipients),
        }
        write_private(place / "about.json", (json.dumps(about, indent=2) + "\n").encode())

    def revision(self, at: str) -> str:
        """The commit that a word means: an id, or a date as git understands it. Empty is the newest."""
        try:
            if not at:
                return self._git("rev-parse", "HEAD").strip()
            if _COMMIT.fullmatch(at):
                return self._git("rev-parse", "--verify", "--quiet", f"{at}^{{commit}}").strip()
            found = self._git("rev-list", "-1", f"--before={at}", "HEAD").strip() if at.isprintable() else ""
        except RefusedError:
            found = ""
        if not found:
            raise RefusedError(
                f"no backup is as old as {at!r}, and no commit is called so; `git -C {self.folder} log` lists them; "
                f"{_NOTHING}"
            )
        return found

    def read(self, host: str, commit: str) -> Kept:
        """A host's entry at a commit. Raises RefusedError where it has none."""
        folder = self._place(host).name
        names = self._git("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{folder}/").split("\0")
        if not any(names):
            known = sorted({name.partition("/")[0] for name in self._git("ls-tree", "--name-only", commit).split()})
            hosts = ", ".join(name for name in known if name != RECIPIENTS) or "none"
            raise RefusedError(f"there is no backup of {host} at {commit[:12]}; of these there is: {hosts}; {_NOTHING}")
        inside = f"{folder}/configuration/"
        readable = {
            name.removeprefix(inside): self._git("show", f"{commit}:{name}")
            for name in names
            if name.startswith(inside)
        }
        sealed = next((name for name in names if name.startswith(f"{folder}/snapshot.")), "")
        content = self._bytes("show", f"{commit}:{sealed}") if sealed else None
        when = self._git("log", "-1", "--format=%cI", commit, "--", folder).strip()
        return Kept(commit, when, readable, content)

    def last_commit(self, host: str) -> str:
        """The newest commit of a host, empty where there is none."""
        try:
            return self._git("log", "-1", "--format=%H", "--", self._place(host).name).strip()
        except RefusedError:
            return ""

    def _place(self, host: str) -> Path:
        if not _FOLDER.fullmatch(host) or host in (RECIPIENTS, ".git"):
            raise RefusedError(f"the host's name {host!r} cannot be a folder of the backups; {_NOTHING}")
        return self.folder / host

    def _commit(self, message: str, author: Author, *paths: str) -> str:
        when = [f"--date={datetime.fromtimestamp(author.when, UTC).isoformat()}"] if author.when else []
        name = "".join(each for each in author.name if each.isprintable() and each not in "<>") or "unknown"
        who = ("-c", f"user.name={name}", "-c", f"user.email={author.mail or 'routebook'}")
        self._git(
            *(*who, "-c", "commit.gpgSign=false", "commit", "--quiet", "--no-verify", "--no-edit"),
            *(*when, f"--message={message}", *(("--", *paths) if paths else ())),
        )
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return self._bytes(*arguments).decode(errors="surrogateescape")

    def _bytes(self, *arguments: str) -> bytes:
        try:
            done = git.run(self.folder, *arguments)
        except git.GitError as error:
            raise RefusedError(f"the backups in {self.folder} cannot be used: {error}; {_NOTHING}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"status {done.returncode}"
            raise RefusedError(f"git {arguments[0]} failed in {self.folder}: {why}")
        return done.stdout


def backups_of(named: Path | None, state: Path, environment: Mapping[str, str] = os.environ) -> Backups:
    """The backups where the operator says, or ROUTEBOOK_BACKUPS, or in the state folder."""
    place = str(named or environment.get(VARIABLE, ""))
    return Backups(Path(os.path.realpath(Path(place).expanduser())) if place else state / "backups")


def checked_recipients(lines: Sequence[str]) -> tuple[str, ...]:
    """Recipients of age (`age1…`, an SSH public key), or of gpg (`gpg:FINGERPRINT`). Raises RefusedError."""
    wrong = [line for line in lines if not (_AGE.fullmatch(line) or _GPG.fullmatch(line))]
    if wrong:
        raise RefusedError(
            f"{wrong[0]!r} is no recipient: write age1…, a public key ssh-ed25519 … or ssh-rsa …, or gpg: and a whole "
            f"fingerprint; {_NOTHING}"
        )
    if len({bool(_GPG.fullmatch(line)) for line in lines}) > 1:
        raise RefusedError(f"recipients are all of age, or all of gpg; {_NOTHING}")
    return tuple(lines)


def encrypted(content: bytes, recipients: Sequence[str]) -> tuple[str, bytes]:
    """The content for these recipients, and which tool opens it: `age` or `gpg`."""
    if found := [match["key"] for each in recipients if (match := _GPG.fullmatch(each))]:
        to = [word for key in found for word in ("--recipient", key)]
        return "gpg", _tool(["gpg", "--batch", "--yes", "--trust-model", "always", *to, "--encrypt"], content)
    return "age", _tool(["age", "--encrypt", *(word for each in recipients for word in ("-r", each))], content)


def decrypted(sealed: bytes, identity: Path | None) -> bytes:
    """What was encrypted. `identity` is age's or SSH's private key; gpg finds its own. Raises RefusedError."""
    if not sealed.startswith((b"age-encryption.org/", b"-----BEGIN AGE")):
        return _tool(["gpg", "--batch", "--quiet", "--decrypt"], sealed)
    if identity is None:
        raise RefusedError(f"the backup is encrypted by age: name your key with --identity FILE; {_NOTHING}")
    return _tool(["age", "--decrypt", "--identity", str(identity)], sealed)


def _tool(command: Sequence[str], content: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_TIMEOUT, check=False)
    except FileNotFoundError:
        raise RefusedError(f"{command[0]} is not installed, which encrypts the backups; {_NOTHING}") from None
    except subprocess.TimeoutExpired:
        raise RefusedError(f"{command[0]} did not end within {_TIMEOUT:.0f} s; {_NOTHING}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RefusedError(f"{command[0]} failed: {said[0] if said else f'status {done.returncode}'}; {_NOTHING}")
    return done.stdout


def _digest(content: bytes, salt: str) -> str:
    """A digest that tells whether secrets changed, and is too slow to be used for guessing them (RFC 7914)."""
    return hashlib.scrypt(hashlib.sha256(content).digest(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def _safe(name: str) -> str:
    """A part's name as a path below the host's folder."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..", ".git")]
    return "/".join(parts) or "configuration"
