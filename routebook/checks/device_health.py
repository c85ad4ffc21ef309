"""What a change, a log or a certificate needs of a device itself: room on its file systems, and the time of day."""

from collections.abc import Iterator, Mapping

from routebook.checks.findings import Finding, Status
from routebook.device.state import Volume
from routebook.device.values import State

LEAST = 4 << 20
"""Bytes that must be free where configurations, and what undoes a change, are written."""
LOW = 512 << 20
"""Fewer free bytes than these are a warning where they are less than a twentieth as well."""
LEAST_FILES = 64
CLOCK_WARNING = 10.0
"""Seconds by which a clock may differ; logs of two devices can still be read side by side."""
CLOCK_FAILED = 300.0
"""Seconds from which on a clock is wrong: as far as Kerberos allows (RFC 4120 section 5.2.8 has the same 5 minutes)."""
_ENOUGH = 3  # clocks that can outvote this machine's


def check(now: Mapping[str, State]) -> Iterator[Finding]:
    """Findings on the file systems and clocks of the hosts that say something of them."""
    for host, state in now.items():
        for volume in state.volumes:
            yield _volume(host, volume)
    yield from _clocks({host: state.clock for host, state in now.items() if state.clock is not None})


def _volume(host: str, volume: Volume) -> Finding:
    line = f"{host}: {volume.place} has {_size(volume.free)} of {_size(volume.size)} free"
    line += "" if volume.free_files is None else f", room for {volume.free_files} files"
    status: Status = "failed"
    if not volume.writable:
        cause = f"{volume.place} is on a file system that cannot be written: no configuration can be kept there"
        line += ", read-only"
    elif volume.free < LEAST:
        cause = f"the file system of {volume.place} is full: a change could neither be undone there nor kept"
    elif volume.free_files is not None and volume.free_files < LEAST_FILES:
        cause = f"the file system of {volume.place} has no room for another file"
    elif volume.free < LOW and volume.free * 20 < volume.size:
        status, cause = "warning", f"the file system of {volume.place} is nearly full"
    else:
        status, cause = "ok", ""
    return Finding(host, "host.disk", volume.place, status, (line,), cause)


def _clocks(offsets: Mapping[str, float]) -> Iterator[Finding]:
    """Each clock against this machine's, or, where that is alone with its time, against what the hosts agree on."""
    middle = sorted(offsets.values())[len(offsets) // 2] if len(offsets) >= _ENOUGH else 0.0
    agreed = sum(abs(offset - middle) <= CLOCK_WARNING for offset in offsets.values()) * 2 > len(offsets)
    reference = middle if agreed and abs(middle) > CLOCK_WARNING else 0.0
    if reference:
        line = f"routebook: {len(offsets)} hosts are {_off(reference)} this machine, and agree with each other"
        cause = "the clock of this machine is wrong, not theirs"
        yield Finding("routebook", "host.clock", "this machine", "warning", (line,), cause)
    for host, offset in offsets.items():
        apart = abs(offset - reference)
        status: Status = "failed" if apart > CLOCK_FAILED else "warning" if apart > CLOCK_WARNING else "ok"
        against = "the other hosts" if reference else "this machine"
        line = f"{host}: its clock is {_off(offset - reference)} {against}"
        cause = f"the clock of {host} is {_off(offset - reference)} {against}" if status != "ok" else ""
        yield Finding(host, "host.clock", host, status, (line,), cause)


def _off(seconds: float) -> str:
    if abs(seconds) < 1:
        return "less than a second off"
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"


def _size(number: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number} bytes"
