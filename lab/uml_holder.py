"""Runs the lab's user-mode Linux and ends it by ending: the outside half of a lab with a kernel of its own.

Runs with nothing but the standard library (`python -I -S uml_holder.py PROJECT LIBRARY MEMORY TAP`), as process 1
of a PID namespace with a mount namespace. It speaks as lab/boot.py does: "alive" first, then it reads the lab as
one line of JSON, passes on what the lab inside reports, and stays only if it then reads "keep".
"""

import ctypes
import json
import os
import selectors
import shlex
import subprocess
import sys
from pathlib import Path

EXCHANGE = Path("/mnt")  # of this mount namespace alone; the kernel inside sees it there too
MARK = "lab: "  # of what the lab inside says, among the kernel's own messages on the console
KERNEL = "linux.uml"

_libc = ctypes.CDLL(None, use_errno=True)


def say(line: str) -> None:
    """One line to whoever started the lab."""
    os.write(1, (line + "\n").encode())


def prepare(project: str, library: str, description: str) -> None:
    """Lay out what the kernel inside needs, in memory: it holds secrets."""
    for place in (EXCHANGE, Path("/dev/shm")):  # noqa: S108  the kernel's memory is a file in /dev/shm
        if _libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, b"mode=700") != 0:
            raise OSError(ctypes.get_errno(), f"cannot mount a tmpfs on {place}")
    lab = EXCHANGE / "lab.json"
    lab.write_text(description)
    root = str(Path(__file__).resolve().parent.parent)
    program = (
        f"import sys; sys.path.insert(0, {root!r}); from lab.uml_init import main; main({project!r}, {str(lab)!r})"
    )
    init = EXCHANGE / "init"
    init.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S -c {shlex.quote(program)}\n")
    init.chmod(0o700)
    if library:
        (EXCHANGE / "ptrace.so").write_bytes(Path(library).read_bytes())


def start(memory: str, tap: str, library: str) -> subprocess.Popen[bytes]:
    """The kernel; its console is its standard output."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TMPDIR": "/dev/shm"}  # noqa: S108  as above
    if library:
        environment["LD_PRELOAD"] = str(EXCHANGE / "ptrace.so")
    return subprocess.Popen(
        [KERNEL, "rootfstype=hostfs", "rootflags=/", "ro", f"init={EXCHANGE / 'init'}", f"mem={memory}M",
         f"vec0:transport=tap,ifname={tap},depth=64", "con=null", "con0=null,fd:1", "quiet"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip


def hold(kernel: subprocess.Popen[bytes]) -> None:
    """Pass on what the lab says until it is up; then keep it, or end with whoever started it."""
    assert kernel.stdout is not None
    selector = selectors.DefaultSelector()
    selector.register(kernel.stdout, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ, "starter")
    console = b""
    while True:
        for key, _ in selector.select():
            if key.data == "starter":
                if sys.stdin.readline().strip() != "keep":
                    return
                selector.unregister(sys.stdin)
                null = os.open("/dev/null", os.O_RDWR)
                os.dup2(null, 0)
                os.dup2(null, 1)
                continue
            read = os.read(kernel.stdout.fileno(), 65536)
            if not read:
                return
            console += read
            *lines, console = console.split(b"\n")
            for line in lines:
                text = line.decode(errors="replace").rstrip("\r")
                if text.startswith(MARK):
                    say(text.removeprefix(MARK))
                else:
                    sys.stderr.write(text + "\n")
                    sys.stderr.flush()


def main() -> None:
    """Entry point."""
    project, library, memory, tap = sys.argv[1:]
    say("alive")
    description = sys.stdin.readline()
    if not description:
        return
    json.loads(description)
    prepare(project, library, description)
    hold(start(memory, tap, library))


if __name__ == "__main__":
    main()
