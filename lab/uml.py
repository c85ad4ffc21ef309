"""The lab inside a user-mode Linux: a kernel of its own with ESP and VTI, reached over the management link."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import operator_link, processes
from lab.processes import NodeStatus, Process
from lab.topology import Topology
from lab.uml_init import REGISTRY
from routebook.errors import RefusedError

HOLDER = Path(__file__).with_name("uml_holder.py")
PTRACE = Path(__file__).with_name("uml_ptrace.c")
MEMORY_OF_KERNEL, MEMORY_OF_NODE = 256, 112  # MiB; what is not used costs nothing
DOOR_KEY = "door"  # in the folder of host keys


class Uml:
    """How to start, reach and join a project's lab in a kernel of its own."""

    name = "uml"
    esp_in_kernel = True

    def __init__(self, project: Path) -> None:
        self.project = project
        self.folder = project / ".routebook" / "lab"

    def boot_command(self, topology: Topology) -> list[str]:
        """Starts the lab's first process, as a child of the command's own process."""
        if shutil.which("linux.uml") is None:
            raise RefusedError("there is no linux.uml; install the package user-mode-linux")
        memory = MEMORY_OF_KERNEL + MEMORY_OF_NODE * len(topology.names)
        return [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
            sys.executable, "-I", "-S", str(HOLDER), str(self.project), self._ptrace(), str(memory),
            operator_link.DEVICE,
        ]  # fmt: skip

    def prepare(self, topology: Topology) -> None:
        """Make the operator's end of the management link, which the kernel opens when it starts."""
        operator_link.remove()
        operator_link.configure(topology, [f"tuntap add {operator_link.DEVICE} mode tap"], topology.door.ip)
        operator_link.complete(self.project)

    def join(self, boot: Process, topology: Topology) -> None:  # noqa: ARG002  that of namespaces does
        """Nothing is left to be done for a lab that was started here; one that was started elsewhere stays there."""
        if operator_link.owner() != operator_link.label(self.project):
            raise RefusedError(
                "the lab runs, but was started in another network namespace; stop it: routebook lab down"
            )

    def nodes(self, boot: Process) -> list[NodeStatus]:
        """The nodes that run."""
        shown = subprocess.run(
            self.wire_command(boot, [sys.executable, "-I", "-S", processes.__file__]),
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if shown.returncode:
            raise RefusedError(
                f"the lab runs, but cannot be entered from here: {shown.stderr.strip()}; if it was started in another "
                "network namespace, go there, or stop it: routebook lab down"
            )
        return processes.parse_nodes(shown.stdout)

    def command(self, boot: Process, node: str, argv: Sequence[str]) -> list[str]:  # noqa: ARG002  that of namespaces does
        """The command line that runs `argv` as root on a node; it says so itself if there is no such node."""
        entry = shlex.quote(f"{REGISTRY}/{node}")
        inside = shlex.join(processes.enter("NUMBER", os.environ.get("TERM", "dumb"), argv))
        inside = inside.replace("NUMBER", '"$number"', 1)
        unknown = "{ echo 'routebook: the lab has no such node' >&2; exit 1; }"
        return self._through_door(f"number=$(cat {entry} 2>/dev/null) || {unknown}; {inside}")

    def wire_command(self, boot: Process, argv: Sequence[str]) -> list[str]:  # noqa: ARG002  that of namespaces does
        """The command line that runs `argv` where the bridges are."""
        return self._through_door(shlex.join(argv))

    def _through_door(self, script: str) -> list[str]:
        terminal = ["-t"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        door = (self.folder / "door").read_text().strip()
        return [
            "ssh", "-F", "/dev/null", *terminal, "-i", str(self.folder / "operator_ed25519"),
            "-o", f"UserKnownHostsFile={shlex.quote(str(self.folder / 'known_hosts'))}",
            "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "LogLevel=ERROR",
            f"root@{door}", "--", script,
        ]  # fmt: skip

    def _ptrace(self) -> str:
        """The library without which kernels before 6.13 start no process on a CPU with AMX; "" where none is needed."""
        if "amx_tile" not in Path("/proc/cpuinfo").read_text().split() or platform.machine() != "x86_64":
            return ""
        compiler = shutil.which("cc") or shutil.which("tcc")
        if compiler is None:
            raise RefusedError(
                "this processor's AMX state is larger than user-mode Linux knows; install the package tcc (or gcc), "
                "with which the lab builds what helps"
            )
        library = self.folder / "uml_ptrace.so"
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-nostdlib", "-o", str(library), str(PTRACE)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if built.returncode:
            raise RefusedError(f"cannot build {PTRACE.name}: {built.stderr.strip()}")
        return str(library)
