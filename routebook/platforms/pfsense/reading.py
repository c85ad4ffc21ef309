"""config.xml of a pfSense, read over one SSH connection."""

import base64
import binascii
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

from routebook.device.clock import offset
from routebook.device.errors import DriverError, LostContactError
from routebook.device.state import Volume
from routebook.platforms.pfsense import program
from routebook.platforms.pfsense.program import UNCHANGED
from routebook.platforms.pfsense.routing import router_id
from routebook.platforms.pfsense.tree import ConfigError, Element, parse
from routebook.transport.ssh import SshShell


@dataclass(frozen=True, slots=True)
class Reading:
    """What the device has: config.xml in the form in which its own system writes it, the BGP package, and the release.

    `sum` is of the file's exact bytes, which may be in another form. `volumes` and `clock` are as in `State`.
    """

    text: str = field(repr=False)
    package: str
    release: str
    sum: str
    volumes: tuple[Volume, ...] = ()
    clock: float | None = None


@dataclass(slots=True, eq=False)
class PfSenseReading:
    """What is read of the configuration. Changes nothing."""

    name: str
    shell: SshShell
    router_id: str = ""  # of BGP, as the last reading of config.xml had it
    _package: str | None = None

    def read(self, *, startup: bool = False) -> Reading:
        """config.xml as it is, or, with `startup`, as a restart would leave it.

        Of the system's code the parser alone is loaded: all else would replace a broken file by a backup.
        """
        begun = time.time()
        answer = program.run(self.shell, self.name, {"action": "read", "startup": startup})
        ended = time.time()
        text = self._text(answer)
        packages = list(answer["packages"])
        # They exclude each other; of one that was taken away badly, the file is still there.
        self._package = packages[0] if packages else ""
        volumes = tuple(
            Volume(str(place), int(free), int(size), writable=bool(can))
            for place, free, size, can in answer.get("volumes", ())
        )
        clock = offset(float(answer["time"]), begun, ended) if "time" in answer else None
        return Reading(text, self._package, str(answer["release"]), str(answer.get("sum", "")), volumes, clock)

    def _text(self, answer: dict[str, Any]) -> str:
        try:
            return self._inflated(base64.b64decode(answer["config"], validate=True))
        except (binascii.Error, zlib.error) as error:
            raise LostContactError(f"{self.name}: config.xml came incomplete; {UNCHANGED}") from error

    def _inflated(self, packed: bytes) -> str:
        """A compressed text. Raises AnswerTooLongError, for a few KiB can be many GiB, and zlib.error."""
        limits, stream = self.shell.options.limits, zlib.decompressobj()
        text = stream.decompress(packed, limits.most + 1)
        limits.check(len(text), text.count(b"\n"), self.name, "a request for config.xml")
        if not stream.eof:
            raise zlib.error("it is cut off")
        return text.decode("utf-8", "surrogateescape")

    def tree(self, text: str) -> Element:
        """The configuration in a text that the device sent. Raises DriverError."""
        try:
            root = parse(text)
        except ConfigError as error:
            raise DriverError(
                f"{self.name}: its config.xml is broken: {error}; {UNCHANGED}. pfSense itself will put its newest "
                "backup in place as soon as anything loads the file: look at Diagnostics / Backup & Restore"
            ) from error
        self.router_id = router_id(root, self._package or "")
        return root

    @property
    def package(self) -> str:
        """The BGP package that is installed: "openbgpd", "frr", or empty."""
        if self._package is None:
            self.read()
        return self._package or ""
