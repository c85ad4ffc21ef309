"""Process 1 of the lab: holds the bridges, starts the nodes in parallel, and ends them all by ending.

Runs with nothing but the standard library (`python -I -S boot.py PROJECT`) in PID, network and mount namespaces of
its own. Reads the lab as one line of JSON from standard input. Writes lines to standard output: "alive",
"node NAME up", "ready" or "failed NAME REASON". It stays only if it then reads "keep"; whoever starts it and dies
before that leaves nothing behind.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

INIT = str(Path(__file__).with_name("init.py"))
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class BootError(Exception):
    """The lab cannot be brought up; the message names the node."""


def say(line: str) -> None:
    """One line to whoever started the lab."""
    os.write(1, (line.replace("\n", " ") + "\n").encode())


def ip_batch(lines: list[str]) -> None:
    """Run lines by one `ip -batch`."""
    batch = subprocess.run(
        ["ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if batch.returncode:
        raise BootError(f"wire cannot make the links: {batch.stderr.strip()}")


def start_node(name: str, project: str) -> subprocess.Popen[bytes]:
    """A node's process 1 in its own namespaces, waiting for its description."""
    return subprocess.Popen(
        ["unshare", "--net", "--uts", "--ipc", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, "-I", "-S", INIT, project, name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, start_new_session=True,
    )  # fmt: skip


def expect(node: subprocess.Popen[bytes], name: str, word: str) -> None:
    """Read one line from a node; anything but `word` is a failure."""
    assert node.stdout is not None
    line = node.stdout.readline().decode().strip()
    if line != word:
        raise BootError(f"{name} {line.removeprefix('failed ') or 'ended before it was up'}")


def make_bridges(names: list[str]) -> None:
    """A bridge for each link; bridge N is the link that is Nth in the list."""
    for knob in ("ipv6/conf/default/disable_ipv6", "ipv6/conf/all/disable_ipv6"):
        Path("/proc/sys/net", knob).write_text("1")
    lines = ["link set lo up"]
    for index, name in enumerate(names):
        lines += [
            f"link add br{index} type bridge forward_delay 0 mcast_snooping 0",
            f"link set br{index} up alias {name}",
        ]
    ip_batch(lines)


def boot(
    lab: dict[str, Any], project: str, report: Callable[[str], None], starter: int | None, registry: Path | None = None
) -> None:
    """Start every node and wait until each says that it is up.

    `starter` is the descriptor that becomes readable when whoever started the lab has gone away, `registry`
    a folder that gets a file with the number of each node's process 1. Raises BootError.
    """
    nodes = lab["nodes"]
    processes = {node["name"]: start_node(node["name"], project) for node in nodes}
    make_bridges(lab["bridges"])
    lines = []
    for index, node in enumerate(nodes):
        process = processes[node["name"]]
        expect(process, node["name"], "spaces")
        if registry is not None:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            (registry / node["name"]).write_text(children.read_text().strip())
        for number, device in enumerate(node["devices"]):
            port, bridge = f"n{index}-{number}", lab["bridges"].index(device["bridge"])
            lines += [
                f"link add {port} type veth peer name {device['name']} netns {process.pid}",
                f"link set {port} master br{bridge} up alias {node['name']}:{device['name']}",
            ]
    ip_batch(lines)
    for node in nodes:
        stdin = processes[node["name"]].stdin
        assert stdin is not None
        stdin.write(json.dumps(node).encode() + b"\n")
        stdin.close()
    selector = selectors.DefaultSelector()
    if starter is not None:
        selector.register(starter, selectors.EVENT_READ)
    for name, process in processes.items():
        assert process.stdout is not None
        selector.register(process.stdout, selectors.EVENT_READ, name)
    left = set(processes)
    while left:
        for key, _ in selector.select():
            if key.data is None:
                raise BootError("starter has gone away")
            expect(processes[key.data], key.data, "up")
            selector.unregister(key.fileobj)
            left.discard(key.data)
            report(f"node {key.data} up")


def stay() -> None:
    """Reap until the end of the lab."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.pause()


def main() -> None:
    """Entry point."""
    say("alive")
    line = sys.stdin.readline()
    if not line:
        return
    try:
        boot(json.loads(line), sys.argv[1], say, 0)
    except BootError as error:
        say(f"failed {error}")
        return
    say("ready")
    if sys.stdin.readline().strip() == "keep":
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        stay()


if __name__ == "__main__":
    main()
