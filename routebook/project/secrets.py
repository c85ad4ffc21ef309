"""Resolves references to secrets; the gate of this process knows what they resolve to."""

import os
import shlex
import stat
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from routebook.errors import RefusedError
from routebook.intent.model import SecretRef
from routebook.intent.problem import Mark
from routebook.redaction.redactor import OF_THIS_PROCESS, Redactor

_MAX_BYTES = 64 * 1024
_TIMEOUT = 30.0  # seconds that a command may take to print a secret
_OPEN_TO_OTHERS = stat.S_IRWXO | stat.S_IWGRP


class SecretError(RefusedError):
    """A secret cannot be read. It names the reference and the `fix`, never the secret."""

    def __init__(self, message: str, fix: str = "") -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message}; {fix}" if fix else message)


class MissingSecretError(SecretError):
    """There is nothing where a secret should be: no such file, no such variable."""


class UnfitSecretError(SecretError):
    """A platform cannot take a secret as it is. It names the reference, never the secret."""

    def __init__(self, reference: SecretRef, what: str, place: str = "") -> None:
        self.reference, self.what = reference, what
        super().__init__(f"{place}{reference} {what}", "make another one, for both ends")


class Secrets:
    """A project's secrets, each resolved once per process. `redactor` knows all that were resolved.

    Relative file names are relative to the project, which is also where commands run.
    """

    def __init__(self, project: Path, redactor: Redactor | None = None) -> None:
        self.project = project
        self.redactor = redactor or OF_THIS_PROCESS
        self.places: Mapping[SecretRef, Mark] = {}  # where the inventory asks for them, for messages
        self._known: dict[SecretRef, str] = {}
        self._locks: dict[SecretRef, threading.Lock] = {}
        self._lock = threading.Lock()

    def resolve(self, reference: SecretRef) -> str:
        """The secret. Raises SecretError when it is missing, empty, readable by others, or not one line of text."""
        with self._lock:
            lock = self._locks.setdefault(reference, threading.Lock())
        with lock:  # one at a time per secret: a command may ask a person
            if reference not in self._known:
                value = self._read(reference)
                self.redactor.add(value)
                self._known[reference] = value
            return self._known[reference]

    def _read(self, reference: SecretRef) -> str:
        if reference.env:
            raw = os.environ.get(reference.env)
            if raw is None:
                raise MissingSecretError(
                    f"{reference} is not set", "export it, or change the reference in the inventory"
                )
        elif reference.file:
            raw = self._read_file(reference.file)
        else:
            raw = self._run(str(reference.command))
        value = raw.removesuffix("\n").removesuffix("\r")
        if not value.strip():
            raise SecretError(
                f"{reference} gives an empty secret", "put one there, or remove the file to have one made"
            )
        if not value.isprintable():
            raise SecretError(f"{reference} gives more than one line, or characters that cannot be printed")
        return value

    def _read_file(self, name: str) -> str:
        path = self.project / Path(name).expanduser()
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise MissingSecretError(f"secret file {name}: {error.strerror}", _how_to_make(name)) from error
        except OSError as error:
            raise SecretError(f"secret file {name}: {error.strerror}") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SecretError(f"secret file {name} is not a regular file")
            if status.st_mode & _OPEN_TO_OTHERS:
                mode = stat.S_IMODE(status.st_mode)
                raise SecretError(f"secret file {name} is open to others (mode {mode:04o})", f"chmod 600 {name}")
            raw = os.read(descriptor, _MAX_BYTES + 1)
        finally:
            os.close(descriptor)
        return _decode(raw, f"secret file {name}")

    def _run(self, command: str) -> str:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise SecretError(f"secret command {command!r}: {error}", "check its quotes") from error
        try:
            done = subprocess.run(
                words, cwd=self.project, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            # The exception holds what the command has printed; it must not be chained into a traceback.
            raise SecretError(f"secret command {command!r} gave no answer within {_TIMEOUT:.0f} s") from None
        except OSError as error:
            raise SecretError(f"secret command {command!r} cannot be run: {error.strerror}") from error
        if done.returncode:
            complaint = self.redactor.scrub(done.stderr.decode(errors="replace").strip())[-200:]
            raise SecretError(f"secret command {command!r} failed with status {done.returncode}: {complaint}")
        return _decode(done.stdout, f"secret command {command!r}")

    def glance(self, reference: SecretRef) -> str | None:
        """The secret as things stand, which is not remembered; None for a command. Raises SecretError."""
        return None if reference.command else self._read(reference)

    def missing(self, reference: SecretRef) -> SecretError | None:
        """Why a reference cannot be resolved as things stand. Runs no command."""
        if reference.command:
            return None
        try:
            self._read(reference)
        except SecretError as error:
            return error
        return None


def _decode(raw: bytes, what: str) -> str:
    if len(raw) > _MAX_BYTES:
        raise SecretError(f"{what} gives more than {_MAX_BYTES // 1024} KiB")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{what} gives no UTF-8 text") from None


def _how_to_make(name: str) -> str:
    folder, file = shlex.quote(str(Path(name).parent)), shlex.quote(name)
    return f"make one with: (umask 077; mkdir -p {folder}; openssl rand -base64 33 > {file})"
