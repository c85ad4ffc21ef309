"""The lab in plain namespaces of this machine's kernel: ESP in user space, the fastest start."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import operator_link, processes
from lab.processes import NodeStatus, Process
from lab.topology import Topology
from routebook.errors import RefusedError

BOOT = Path(__file__).with_name("boot.py")
PLUG = "operator"  # the operator's link, as the wire sees it


class Namespaces:
    """How to start, reach and join a project's lab in namespaces."""

    name = "namespaces"
    esp_in_kernel = False

    def __init__(self, project: Path) -> None:
        self.project = project

    def boot_command(self, topology: Topology) -> list[str]:  # noqa: ARG002  the backend of UML needs it
        """Starts the lab's first process, as a child of the command's own process."""
        return [
            "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation", "private", sys.executable, "-I", "-S", str(BOOT), str(self.project),
        ]  # fmt: skip

    def prepare(self, topology: Topology) -> None:
        """Nothing is needed before the lab runs."""

    def nodes(self, boot: Process) -> list[NodeStatus]:
        """The nodes that run."""
        return processes.nodes(boot.pid)

    def command(self, boot: Process, node: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` as root on a node. Raises RefusedError if there is no such node."""
        nodes = {each.name: each for each in self.nodes(boot)}
        if node not in nodes:
            raise RefusedError(f"the lab has no node {node}; it has {', '.join(sorted(nodes))}")
        return processes.enter(str(nodes[node].pid), os.environ.get("TERM", "dumb"), argv)

    def wire_command(self, boot: Process, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` in the namespace of the bridges."""
        return ["nsenter", "--target", str(boot.pid), "--net", *argv]

    def join(self, boot: Process, topology: Topology) -> None:
        """Connect this network namespace to the lab's management link."""
        # The lab may have been joined to another namespace, that of a shell that has ended for example.
        subprocess.run(self.wire_command(boot, ["ip", "link", "delete", PLUG]), check=False, stderr=subprocess.DEVNULL)
        operator_link.configure(
            topology, [f"link add {operator_link.DEVICE} type veth peer name {PLUG} netns {boot.pid}"]
        )
        plugged = subprocess.run(
            self.wire_command(boot, ["ip", "link", "set", PLUG, "master", "br0", "up"]),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if plugged.returncode:
            raise RefusedError(f"cannot join the management link: {plugged.stderr.strip()}")
