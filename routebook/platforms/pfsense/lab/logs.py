"""The system's logs: what programs send to /dev/log, by program into the files of a pfSense."""

import re
import socket
from pathlib import Path

_TAG = re.compile(r"^(?:<\d+>)?(?:(\w{3} [ \d]\d \d\d:\d\d:\d\d) )?(\S+?)(?:\[\d+\])?: ")
_FILES = {
    "charon": "ipsec.log",
    **dict.fromkeys(("bgpd", "zebra", "staticd", "bfdd", "mgmtd", "watchfrr"), "routing.log"),
    **dict.fromkeys(("sshd", "sudo", "login"), "auth.log"),
}


class Logs:
    """A listening /dev/log."""

    def __init__(self, name: str) -> None:
        self.name = name
        Path("/dev/log").unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind("/dev/log")
        Path("/dev/log").chmod(0o666)

    def write(self) -> None:
        """Write what has come in; a full disk loses lines, as it does anywhere."""
        try:
            while True:
                self._line(self.socket.recv(65536).rstrip(b"\0\n").decode(errors="replace"))
        except BlockingIOError:
            return

    def _line(self, text: str) -> None:
        found = _TAG.match(text)
        file = _FILES.get(found[2], "system.log") if found else "system.log"
        time = found[1] if found and found[1] else ""
        body = re.sub(r"^(?:<\d+>)?(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?", "", text)
        try:
            with Path("/var/log", file).open("a") as log:
                log.write(f"{time} {self.name} {body}\n")
        except OSError:
            return
