"""What a Linux host says of itself beside its daemons: its clock, its file systems, and when its files were written.

It is read along with the first script that reads a daemon, so that it costs no round trip.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from routebook.device.clock import offset
from routebook.device.records import free_text
from routebook.device.state import Volume
from routebook.transport.shell import Result, Shell

_CUT = "\x1e"
_MOST = 32  # lines of each kind
_FRESH = 60.0  # seconds

# %a is what is free for whoever is not root: a daemon is not. A file system that is mounted read-only is not writable
# for root either (access(2), EROFS).
_SCRIPT = f"""
printf '{_CUT}'
date +%s
for routebook_place in /run /etc/frr /etc/swanctl; do
    [ -d $routebook_place ] || continue
    routebook_can=ro; [ -w $routebook_place ] && routebook_can=rw
    stat -f -c "volume $routebook_can %a %S %b %d %c %i $routebook_place" $routebook_place 2>/dev/null
done
stat -c 'file %Y %U %n' /etc/frr/frr.conf /etc/swanctl/swanctl.conf /etc/swanctl/conf.d/*.conf 2>/dev/null
"""
_VOLUME = re.compile(r"volume (ro|rw) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) ([0-9a-f]{1,32}) (/\S+)")
_FILE = re.compile(r"file (\d{1,10}) (\S{1,64}) (/.{1,200})")


@dataclass(slots=True)
class Vitals:
    """A shell that reads them along with the first script that it runs."""

    shell: Shell
    clock: float | None = None
    volumes: tuple[Volume, ...] = ()
    written: str = ""
    read: float = float("-inf")  # when, on this machine's monotonic clock
    _asked: bool = field(default=False)

    def make_sure(self, known: "Vitals | None" = None) -> None:
        """Where nothing was read by a script: those that were read in the last minute, or by a script of their own."""
        if self._asked:
            return
        if known is not None and time.monotonic() - known.read < _FRESH:
            self.clock, self.volumes, self.written, self.read = known.clock, known.volumes, known.written, known.read
            return
        self.run(":", asked="the host's clock and file systems")

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "a command") -> Result:
        """See `Shell.run`; what is the host's own is not in the answer."""
        if self._asked:
            return self.shell.run(script, timeout=timeout, root=root, asked=asked)
        self._asked, self.read = True, time.monotonic()
        begun = time.time()
        both = f"(\n{script}\n)\nroutebook_status=$?\n{_SCRIPT}exit $routebook_status"
        result = self.shell.run(both, timeout=timeout, root=root, asked=asked)
        said, _, own = result.stdout.rpartition(_CUT)
        self._take(own.splitlines()[: 3 * _MOST], begun, time.time())
        return Result(said, result.stderr, result.status)

    def _take(self, lines: list[str], begun: float, ended: float) -> None:
        if lines and re.fullmatch(r"\d{1,12}", lines[0]):
            self.clock = offset(float(lines[0]), begun, ended)
        self.volumes = tuple(_volumes(lines))
        files = [match for line in lines if (match := _FILE.fullmatch(line))]
        if files:
            newest = max(files, key=lambda match: int(match[1]))
            moment = datetime.fromtimestamp(int(newest[1]), UTC)
            self.written = free_text(f"{newest[3]} was written on {moment:%Y-%m-%d at %H:%M:%S} UTC, owner {newest[2]}")


def _volumes(lines: list[str]) -> Iterator[Volume]:
    """Each file system once, under the first of its places."""
    seen = set()
    for line in lines:
        match = _VOLUME.fullmatch(line)
        if match is None or (match[7], match[1]) in seen:
            continue
        seen.add((match[7], match[1]))
        free, unit, size, files, most = (int(match[number]) for number in range(2, 7))
        # A file system that makes room for files as it goes says that it has none at all.
        yield Volume(match[8], free * unit, size * unit, files if most else None, writable=match[1] == "rw")
