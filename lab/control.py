"""Starting, stopping and looking at the lab of a project, from the operator's side."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import asdict

from lab import access, operator_link, processes, topology
from lab.namespaces import Namespaces
from lab.processes import NodeStatus, Process
from lab.topology import MANAGEMENT, Topology
from lab.uml import DOOR_KEY, Uml
from routebook.errors import RefusedError
from routebook.intent.platform import platform

# Prints its process number, then is nobody's child: the lab outlives the command that starts it. (A shell gives
# what it starts in the background an empty standard input unless it is given another.)
IN_BACKGROUND = 'exec 3<&0; "$@" <&3 3<&- & echo $!'


Kernel = Namespaces | Uml
INSTALL = f"sudo {Path(__file__).with_name('install-packages')}"
KERNELS: dict[str, type[Namespaces] | type[Uml]] = {"namespaces": Namespaces, "uml": Uml}


class Lab:
    """The lab of one project."""

    def __init__(self, project: Path) -> None:
        self.project = project.resolve()
        self.folder = self.project / ".routebook" / "lab"

    def running(self) -> Process | None:
        """The lab's first process, if the lab runs."""
        state = self._read_state()
        process = Process(**state["boot"]) if state else None
        return process if process is not None and process.alive else None

    def up(self, say: Callable[[str], None], kernel_name: str | None = None) -> bool:
        """Start the lab, or make sure that it is as it should be. True if it had to be started.

        `kernel_name` is "namespaces", the default, or "uml"; a running lab keeps its own.
        Raises RefusedError; the lab is then down, or as it was.
        """
        _need_root()
        access.state_folder(self.project)
        with self._lock():
            access.make_secret_files(self.project, topology.secret_files(self.project))
            plan = topology.read(self.project)
            _need_packages(plan)
            boot = self.running()
            kernel = self._kernel()
            if boot is not None:
                self._refuse_elsewhere()
                if kernel_name not in (None, kernel.name):
                    raise RefusedError(f"the lab runs already, in {kernel.name}; stop it first: routebook lab down")
                missing = plan.names - {each.name for each in kernel.nodes(boot)}
                if not missing:
                    if self._read_state().get("topology") != _digest(plan):
                        say(
                            "the inventory has changed since the lab was started; it still plays what it was then: "
                            "routebook lab down, then up"
                        )
                    if not self._joined_here():
                        self._join(kernel, boot, plan)
                        say("the lab ran without a link to this network namespace; it has one now")
                    return False
                say(f"{', '.join(sorted(missing))} missing: starting the lab anew")
                boot.kill()
            self._clear()
            operator_link.refuse_foreign(plan, self.project)
            kernel = KERNELS[kernel_name or kernel.name](self.project)
            self._start(kernel, plan, say)
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
            self._clear()
            return boot is not None

    def status(self) -> list[NodeStatus]:
        """The nodes of the running lab; empty if it does not run."""
        boot = self.running()
        return self._kernel().nodes(boot) if boot is not None else []

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` as root on a node. RefusedError if there is no such node."""
        return self._kernel().command(self._needed(), host, argv)

    def wire_command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` where the links are."""
        return self._kernel().wire_command(self._needed(), argv)

    def port(self, host: str, device: str) -> str:
        """The port on the wire that a node's device is plugged into. RefusedError if there is none."""
        shown = subprocess.run(
            self.wire_command(["ip", "-json", "link", "show"]), capture_output=True, text=True, check=True
        )
        for link in json.loads(shown.stdout):
            if link.get("ifalias") == f"{host}:{device}":
                return str(link["ifname"])
        raise RefusedError(f"{host} has no device {device} on the wire")

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def _read_state(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._state.read_text()))
        except FileNotFoundError:
            return {}

    def _write_state(self, state: Mapping[str, Any]) -> None:
        access.write_private(self._state, json.dumps(state))

    def _kernel(self) -> Kernel:
        """That of the running lab, or the default."""
        return KERNELS[self._read_state().get("kernel", "namespaces")](self.project)

    def _clear(self) -> None:
        """Remove what a lab that no longer runs has left."""
        if operator_link.owner() == operator_link.label(self.project):
            operator_link.remove()
        self._state.unlink(missing_ok=True)

    def _needed(self) -> Process:
        _need_root()
        boot = self.running()
        if boot is None:
            raise RefusedError(f"the lab of {self.project} is not running; start it with: routebook lab up")
        return boot

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(f"another command is starting or stopping the lab of {self.project}") from None
            yield

    def _start(self, kernel: Kernel, plan: Topology, say: Callable[[str], None]) -> None:
        description = self._describe(kernel, plan)
        command = kernel.boot_command(plan)
        errors = self.folder / "boot.log"
        with errors.open("w") as log:
            boot = subprocess.Popen(
                ["sh", "-c", IN_BACKGROUND, "sh", *command],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        assert boot.stdin is not None and boot.stdout is not None
        # The lab's first process ends as soon as our end of its standard input closes, until it is asked to stay:
        # a starter that dies at any moment leaves nothing behind.
        with boot, boot.stdin, boot.stdout:
            outer = int(boot.stdout.readline())
            if boot.stdout.readline().strip() != "alive":
                raise RefusedError(f"the lab could not make its namespaces: {errors.read_text().strip()}")
            process = processes.identify(processes.children()[outer][0])
            self._write_state({"kernel": kernel.name, "boot": asdict(process), "topology": _digest(plan)})
            try:
                kernel.prepare(plan)
                boot.stdin.write(json.dumps(description) + "\n")
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
                self._join(kernel, process, plan)
                boot.stdin.write("keep\n")
                boot.stdin.flush()
            except BaseException:
                process.kill()
                self._clear()
                raise

    def _describe(self, kernel: Kernel, plan: Topology) -> dict[str, Any]:
        """What the lab's first process has to know: links, nodes, and the way in where it has its own kernel."""
        from lab.host import node as host_node
        from lab.speakers import cache_node, peer_node

        entries = access.prepare(self.project, plan.hosts, (DOOR_KEY, str(plan.door.ip)))
        access.write_private(self.folder / "door", f"{plan.door.ip}\n")
        nodes = [
            *(host_node(host, plan, entries[host.name], esp_in_kernel=kernel.esp_in_kernel) for host in plan.hosts),
            *(peer_node(peer) for peer in plan.peers),
            *(cache_node(cache, plan) for cache in plan.caches),
        ]
        return {
            "bridges": [MANAGEMENT, *plan.links],
            "nodes": to_builtins(nodes),
            "door": {
                "address": plan.door.with_prefixlen,
                "host_key": entries[DOOR_KEY].host_key,
                "authorized_key": entries[DOOR_KEY].authorized_key,
            },
        }

    def elsewhere(self) -> str | None:
        """How to get to where the running lab can be reached, if that is not here: a sentence."""
        if self.running() is None or self._joined_here():
            return None
        way = operator_link.way_into(self._read_state().get("joined", ""))
        if way is None:
            return "the network namespace that it was joined to has ended: routebook lab up joins it to this one"
        return f"it is reached from another network namespace, not from here: {way} COMMAND"

    @property
    def reached_here(self) -> bool:
        """Whether the lab runs, and this network namespace is the one that it is reached from."""
        return self.running() is not None and self._joined_here()

    @property
    def esp_in_kernel(self) -> bool:
        """Whether ESP is a kernel's, that of user-mode Linux, or charon's in user space."""
        return self._kernel().esp_in_kernel

    def _joined_here(self) -> bool:
        here = self._read_state().get("joined") == operator_link.namespace()
        return here and operator_link.owner() == operator_link.label(self.project)

    def _refuse_elsewhere(self) -> None:
        """Raise RefusedError when the lab's link is in another network namespace that still exists: it is in use."""
        if not self._joined_here() and operator_link.way_into(self._read_state().get("joined", "")) is not None:
            raise RefusedError(
                f"the lab of {self.project} runs, and {self.elsewhere()}; to have it here, stop it first: "
                "routebook lab down"
            )

    def _join(self, kernel: Kernel, boot: Process, plan: Topology) -> None:
        operator_link.refuse_foreign(plan, self.project)
        kernel.join(boot, plan)
        operator_link.complete(self.project)
        self._write_state(self._read_state() | {"joined": operator_link.namespace()})


def _digest(plan: Topology) -> str:
    """Differs when the lab would be another one."""
    return hashlib.sha256(repr(plan).encode()).hexdigest()


def _need_packages(plan: Topology) -> None:
    """Refuse what could only fail on a node, where its reason would be hard to find."""
    for host in plan.hosts:
        its = platform(host.platform)
        if its is None or its.lab is None:
            continue  # refused when it is to be played
        for module in its.lab.modules:
            if importlib.util.find_spec(module) is None:
                raise RefusedError(
                    f"{host.name} is {its.called}, and what plays it here needs {module}, which is not installed: "
                    f"pip install 'routebook[lab]', or {module} beside it"
                )
    missing = [program for program in _programs(plan) if not Path(program).exists()]
    if missing:
        raise RefusedError(
            f"the lab needs {', '.join(missing)}, and this machine does not have "
            f"{'them' if len(missing) > 1 else 'it'}; on Debian this installs what is missing and enables none of it: "
            f"{INSTALL}"
        )


def _programs(plan: Topology) -> list[str]:
    """The daemons that this lab plays its nodes with."""
    platforms = {host.platform: platform(host.platform) for host in plan.hosts if not host.daemons}
    parts = [its.lab for its in platforms.values() if its is not None and its.lab is not None]
    of_platforms = dict.fromkeys(program for part in parts for program in part.programs)
    speakers = {peer.speaker for peer in plan.peers if not peer.daemons}
    needed = {
        "/usr/sbin/sshd": bool(platforms),
        "/usr/lib/frr/bgpd": "frr" in speakers,
        "/usr/sbin/bird": "bird" in speakers,
        "/usr/sbin/bgpd": "openbgpd" in speakers,
        "/usr/bin/gobgpd": "gobgp" in speakers,
        "/usr/bin/stayrtr": any(not cache.daemons for cache in plan.caches),
    }
    return list(dict.fromkeys([*(program for program, wanted in needed.items() if wanted), *of_platforms]))


def _need_root() -> None:
    if os.geteuid() != 0:
        raise RefusedError("the lab makes network namespaces and needs root: run it with sudo")
