"""Files on an ASA's flash: stored by SCP over a connection of their own, listed, read back and deleted by command."""

import re
import time
from dataclasses import dataclass

import paramiko

from routebook.device.errors import DriverError, LostContactError
from routebook.platforms.asa.session import UNCHANGED, AsaSession
from routebook.platforms.asa.show.text import UnknownOutputError
from routebook.transport import ssh_login
from routebook.transport.ssh_transport import send_all

_ENTRY = re.compile(r"\s*\d+\s+[-drwx]{4}\s+(\d+)\s+(?:\S+\s+){3,5}(\S+)\s*")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
_ABSENT = re.compile(r"No such file|No files|not found|Error (?:deleting|opening)", re.IGNORECASE)
_LONGEST_REASON = 2000  # bytes
_EMPTY = re.compile(r"No files in directory", re.IGNORECASE)


@dataclass(slots=True)
class Flash:
    """The folder `session.options.flash`, as "disk0:"."""

    session: AsaSession

    def path(self, name: str) -> str:
        """How the device calls a file."""
        return f"{self.session.options.flash}/{name}"

    def store(self, name: str, text: str, *, replace: bool = False) -> None:
        """Write a new file and read it back; with `replace`, one that may be there and is the caller's own.

        Raises DriverError, and leaves nothing behind, where that is not possible.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a file's name")
        if not replace and name in self.names():
            raise DriverError(f"{self.session.host}: {self.path(name)} is there already and is left alone; {UNCHANGED}")
        self._upload(name, text.encode("utf-8", "surrogateescape"))
        stored = self.read(name)
        if stored.rstrip("\n") != text.rstrip("\n"):
            self.delete(name)
            path = self.path(name)
            raise DriverError(f"{self.session.host}: {path} does not read back as it was stored; {UNCHANGED}")

    def read(self, name: str) -> str:
        """A file's text."""
        return self.session.show(f"more {self.path(name)}", timeout=max(self.session.timeout, 120))

    def names(self) -> list[str]:
        """The files there that can be ours by their names. Raises UnknownOutputError on a listing that is not known."""
        command = f"dir {self.session.options.flash}/"
        said = self.session.show(command)
        listed = [entry[2] for line in said.splitlines() if (entry := _ENTRY.fullmatch(line)) is not None]
        if not listed and "bytes total" not in said and not _EMPTY.search(said):
            raise UnknownOutputError(command, "is not a listing", said.strip()[:80])
        return [name for name in listed if _NAME.fullmatch(name)]  # others are not ours, and no command is given them

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, in one step. Raises DriverError where that is not done."""
        said = self.session.run(f"rename /noconfirm {self.path(name)} {self.path(new)}")
        if new not in self.names():
            last = (said.strip().splitlines() or ["nothing"])[-1]
            raise DriverError(f"{self.session.host} does not rename {self.path(name)}: it says {last!r}", changed=True)

    def delete(self, name: str) -> None:
        """Remove a file; that it is not there is fine. Raises DriverError when it is still there."""
        said = self.session.run(f"delete /noconfirm {self.path(name)}")
        if said.strip() and not _ABSENT.search(said) and name in self.names():
            raise DriverError(
                f"{self.session.host} does not delete {self.path(name)}: {said.strip().splitlines()[-1]}. It may hold "
                "secrets; delete it by hand",
                changed=True,
            )

    def _upload(self, name: str, content: bytes) -> None:
        """SCP's sink (scp -t) on a connection of its own, for an ASA serves one channel a connection."""
        options = self.session.options.ssh
        deadline = time.monotonic() + max(options.timeout, 60)
        transports = ssh_login.connect(options)
        try:
            channel = transports[-1].open_session(timeout=options.timeout)
            channel.settimeout(max(0.01, deadline - time.monotonic()))
            channel.exec_command(f"scp -t {self.path(name)}")
            self._acknowledged(channel, deadline)
            channel.sendall(f"C0600 {len(content)} {name}\n".encode())
            self._acknowledged(channel, deadline)
            send_all(channel, content + b"\0", deadline)
            self._acknowledged(channel, deadline)
            channel.shutdown_write()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise LostContactError(
                f"{self.session.host} does not take a file by SCP ({error or type(error).__name__}). It takes "
                f"`ssh scopy enable` in its configuration; {UNCHANGED}"
            ) from error
        finally:
            ssh_login.close(transports)

    def _acknowledged(self, channel: paramiko.Channel, deadline: float) -> None:
        answer = channel.recv(1)
        if answer == b"\0":
            return
        reason = b""
        # What is more than a sentence, or takes longer than the transfer may, is no reason any more.
        while answer and not reason.endswith(b"\n") and len(reason) < _LONGEST_REASON and time.monotonic() < deadline:
            more = channel.recv(200)
            if not more:
                break
            reason += more
        words = reason.decode("utf-8", "replace").strip() or "without a word"
        raise DriverError(
            f"{self.session.host} does not take a file by SCP: {words}. It takes `ssh scopy enable` in its "
            f"configuration and room on {self.session.options.flash}; {UNCHANGED}"
        )
