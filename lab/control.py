"""Starting, stopping and looking at the lab of a project, from the operator's side."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_interface
from pathlib import Path

from lab import access, processes, topology
from lab.host import add_address
from lab.host import node as host_node
from lab.node import Node
from lab.processes import Process
from lab.speakers import cache_node, peer_node
from lab.topology import MANAGEMENT, Topology
from routebook.errors import RefusedError

OPERATOR_DEVICE = "rb-lab"
BOOT = Path(__file__).with_name("boot.py")
BOOT_DEADLINE = 120.0


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node of a running lab: its process 1 as seen from here, and the programs that run on it."""

    name: str
    pid: int
    programs: tuple[str, ...]


class Lab:
    """The lab of one project."""

    def __init__(self, project: Path) -> None:
        self.project = project.resolve()
        self.folder = self.project / ".routebook" / "lab"

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def running(self) -> Process | None:
        """The lab's process 1, if the lab runs."""
        try:
            state = json.loads(self._state.read_text())
        except FileNotFoundError:
            return None
        process = Process(**state["boot"])
        return process if process.alive else None

    def up(self, say: Callable[[str], None]) -> bool:
        """Start the lab, or make sure that it is as it should be. True if it had to be started."""
        _need_root()
        access.state_folder(self.project)
        with self._lock():
            access.make_secret_files(self.project, topology.secret_files(self.project))
            plan = topology.read(self.project)
            boot = self.running()
            if boot is not None:
                missing = plan.names - {each.name for each in self._nodes(boot)}
                if not missing:
                    self._plug(boot, plan)
                    return False
                say(f"{', '.join(sorted(missing))} missing: starting the lab anew")
                boot.kill()
            self._state.unlink(missing_ok=True)
            self._start(plan, say)
            return True

    def down(self) -> bool:
        """Stop the lab and remove what it left. True if it ran."""
        _need_root()
        if not self.folder.is_dir():
            return False
        with self._lock():
            boot = self.running()
            if boot is not None:
                boot.kill()
            if _owner_of_device() == str(self.project):
                subprocess.run(["ip", "link", "delete", OPERATOR_DEVICE], check=False, stderr=subprocess.DEVNULL)
            self._state.unlink(missing_ok=True)
            return boot is not None

    def status(self) -> list[NodeStatus]:
        """The nodes of the running lab; empty if it does not run."""
        boot = self.running()
        return self._nodes(boot) if boot is not None else []

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` as root on a node. RefusedError if there is no such node."""
        _need_root()
        nodes = {each.name: each for each in self.status()}
        if not nodes:
            raise RefusedError(f"the lab of {self.project} is not running; start it with: routebook lab up")
        if host not in nodes:
            raise RefusedError(f"the lab has no node {host}; it has {', '.join(sorted(nodes))}")
        return [
            "nsenter", "--target", str(nodes[host].pid), "--net", "--uts", "--ipc", "--mount", "--pid",
            "--root", "--wd",
            "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
            "LANG=C.UTF-8", f"TERM={os.environ.get('TERM', 'dumb')}", *argv,
        ]  # fmt: skip

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(f"another command is starting or stopping the lab of {self.project}") from None
            yield

    def _start(self, plan: Topology, say: Callable[[str], None]) -> None:
        nodes = self._render(plan)
        _refuse_foreign(plan, self.project)
        errors = self.folder / "boot.log"
        with errors.open("w") as log:
            boot = subprocess.Popen(
                ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "--propagation", "private", sys.executable, "-I", "-S", str(BOOT)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True, text=True,
            )  # fmt: skip
        assert boot.stdin is not None and boot.stdout is not None  # noqa: S101
        with boot.stdin, boot.stdout:
            if boot.stdout.readline().strip() != "alive":
                raise RefusedError(f"the lab could not make its namespaces: {errors.read_text().strip()}")
            inner = processes.children()[boot.pid][0]
            access.write_private(self._state, json.dumps({"boot": asdict(processes.identify(inner))}))
            boot.stdin.write(
                json.dumps({"bridges": [MANAGEMENT, *plan.links], "nodes": [each.as_json() for each in nodes]}) + "\n"
            )
            boot.stdin.flush()
            for line in boot.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "ready":
                    break
                if word == "failed":
                    raise RefusedError(f"the lab did not come up: {rest}")
                say(line.strip())
            else:
                raise RefusedError(f"the lab ended while it came up: {errors.read_text().strip()[-2000:]}")
            process = self.running()
            assert process is not None  # noqa: S101
            self._plug(process, plan)
            boot.stdin.write("keep\n")

    def _render(self, plan: Topology) -> list[Node]:
        entries = access.prepare(self.project, plan.hosts)
        return [
            *(host_node(host, plan, entries[host.name]) for host in plan.hosts),
            *(peer_node(peer) for peer in plan.peers),
            *(cache_node(cache, plan) for cache in plan.caches),
        ]

    def _nodes(self, boot: Process) -> list[NodeStatus]:
        tree = processes.children()
        found = []
        for outer in tree.get(boot.pid, ()):
            for pid in tree.get(outer, ()):
                arguments = processes.command_line(pid)
                if len(arguments) > 2 and arguments[-2].endswith("/init.py"):
                    below = (processes.command_line(each) for each in processes.descendants(pid, tree))
                    programs = sorted({Path(each[0].split()[0].rstrip(":")).name for each in below if each and each[0]})
                    found.append(NodeStatus(arguments[-1], pid, tuple(programs)))
        return found

    def _plug(self, boot: Process, plan: Topology) -> None:
        """Join this network namespace to the lab's management link, with a route to each host and no more."""
        owner = _owner_of_device()
        if owner == str(self.project):
            return
        _refuse_foreign(plan, self.project)
        # The lab may have been joined to another namespace, that of a shell that has ended for example.
        _in_wire(boot, ["ip", "link", "delete", "operator"], check=False)
        operator = plan.operator
        lines = [
            f"link add {OPERATOR_DEVICE} type veth peer name operator netns {boot.pid}",
            add_address(ip_interface(operator.ip), OPERATOR_DEVICE),
            f"link set {OPERATOR_DEVICE} up",
            *(f"route add {host.management} dev {OPERATOR_DEVICE} src {operator.ip}" for host in plan.hosts),
        ]
        _in_this(lines)
        _in_wire(boot, ["ip", "link", "set", "operator", "master", "br0", "up"])
        # Last: the alias says that the device is complete.
        _in_this([f"link set {OPERATOR_DEVICE} alias {self.project}"])


def _need_root() -> None:
    if os.geteuid() != 0:
        raise RefusedError("the lab makes network namespaces and needs root: run it with sudo")


def _in_this(lines: list[str]) -> None:
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"cannot join the management link: {done.stderr.strip()}")


def _in_wire(boot: Process, argv: list[str], *, check: bool = True) -> None:
    done = subprocess.run(
        ["nsenter", "--target", str(boot.pid), "--net", *argv], capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise RefusedError(f"cannot join the management link: {done.stderr.strip()}")


def _owner_of_device() -> str | None:
    """The project whose lab this network namespace is joined to; "" for one that is not complete, None for none."""
    shown = subprocess.run(
        ["ip", "-json", "link", "show", "dev", OPERATOR_DEVICE], capture_output=True, text=True, check=False
    )
    if shown.returncode:
        return None
    return str(json.loads(shown.stdout)[0].get("ifalias", ""))


def _refuse_foreign(plan: Topology, project: Path) -> None:
    """Refuse when this namespace already reaches one of the hosts' addresses in another way."""
    owner = _owner_of_device()
    if owner == "":
        subprocess.run(["ip", "link", "delete", OPERATOR_DEVICE], check=False)
    elif owner is not None and owner != str(project):
        raise RefusedError(f"the lab of {owner} is running here; stop it first: cd {owner} && routebook lab down")
    ours = {str(host.management): host.name for host in plan.hosts} | {str(plan.operator.ip): "the operator"}
    shown = subprocess.run(["ip", "-json", "address", "show"], capture_output=True, text=True, check=True)
    for device in json.loads(shown.stdout):
        for address in device["addr_info"]:
            if address.get("local") in ours and device["ifname"] != OPERATOR_DEVICE:
                raise RefusedError(
                    f"{address['local']}, which the inventory gives to {ours[address['local']]}, "
                    f"is this machine's own address on {device['ifname']}; the lab cannot run here"
                )


def wait_gone(process: Process, deadline: float) -> None:
    """Wait until a process has ended; `deadline` in seconds. Raises TimeoutError."""
    until = time.monotonic() + deadline
    while process.alive:
        if time.monotonic() > until:
            raise TimeoutError(f"process {process.pid} does not end")
        time.sleep(0.02)
