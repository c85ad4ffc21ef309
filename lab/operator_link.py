"""The operator's end of the management link: one device in the network namespace in which the lab was started."""

import json
import subprocess
from collections.abc import Iterable
from ipaddress import ip_interface
from pathlib import Path

from lab.host import add_address
from lab.topology import Topology
from routebook.errors import RefusedError
from routebook.intent.model import IPAddress

DEVICE = "rb-lab"
LONGEST_ALIAS = 255  # IFALIASZ of the kernel, less the terminator


def owner() -> str | None:
    """The project whose lab this namespace is joined to; "" for a device that is not complete, None for none."""
    shown = subprocess.run(["ip", "-json", "link", "show", "dev", DEVICE], capture_output=True, text=True, check=False)
    if shown.returncode:
        return None
    return str(json.loads(shown.stdout)[0].get("ifalias", ""))


def namespace() -> str:
    """This network namespace's identity on this machine, as long as it exists."""
    return _identity(Path("/proc/self/ns/net"))


def way_into(wanted: str) -> str | None:
    """The beginning of a command line that enters a network namespace; None for one that has ended or is out of sight.

    A namespace lives as long as a process is in it or a name is bound to it (`ip netns`).
    """
    for name in sorted(Path("/run/netns").glob("*")):
        if _identity(name) == wanted:
            return f"ip netns exec {name.name}"
    inside = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    for pid in sorted(inside):
        if _identity(Path(f"/proc/{pid}/ns/net")) == wanted:
            return f"nsenter --net --target {pid}"
    return None


def _identity(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def refuse_foreign(topology: Topology, project: Path) -> None:
    """Raise RefusedError when another lab is joined here, or an address of this one is the machine's own."""
    found = owner()
    if found == "":
        remove()
    elif found is not None and found != label(project):
        raise RefusedError(f"the lab of {found} is running here; stop it first: cd {found} && routebook lab down")
    ours = {str(host.management): host.name for host in topology.hosts} | {str(topology.operator.ip): "the operator"}
    shown = subprocess.run(["ip", "-json", "address", "show"], capture_output=True, text=True, check=True)
    for device in json.loads(shown.stdout):
        for address in device["addr_info"]:
            if address.get("local") in ours and device["ifname"] != DEVICE:
                raise RefusedError(
                    f"{address['local']}, which the inventory gives to {ours[address['local']]}, "
                    f"is this machine's own address on {device['ifname']}; the lab cannot run here"
                )
    shown = subprocess.run(["ip", "-json", "route", "show"], capture_output=True, text=True, check=True)
    for route in json.loads(shown.stdout):
        if route.get("gateway") in ours:
            raise RefusedError(
                f"{route['gateway']}, which the inventory gives to {ours[route['gateway']]}, "
                "is this machine's gateway; the lab cannot run here"
            )
    for address, name in ours.items():
        _refuse_route(address, name)


def _refuse_route(address: str, name: str) -> None:
    """A route to exactly this address would be in the way; a route to its network is not, ours is longer."""
    version = "-6" if ":" in address else "-4"
    shown = subprocess.run(
        ["ip", version, "-json", "route", "show", "exact", address], capture_output=True, text=True, check=True
    )
    for route in json.loads(shown.stdout or "[]"):
        if route.get("dev") != DEVICE:
            raise RefusedError(
                f"there is a route to {address} ({name}) by way of {route.get('dev', 'another host')} already; "
                "the lab cannot run here"
            )


def configure(topology: Topology, create: Iterable[str], door: IPAddress | None = None) -> None:
    """Make the device with `create` (lines for `ip -batch`), an address, and a route to each host and the door.

    Routes to single hosts leave the machine's other networks as they are, even one of the same numbers.
    """
    operator = topology.operator
    others = [host.management for host in topology.hosts] + ([door] if door is not None else [])
    batch(
        [
            *create,
            add_address(ip_interface(operator.ip), DEVICE),
            f"link set {DEVICE} up",
            *(f"route add {address} dev {DEVICE} src {operator.ip}" for address in others),
        ]
    )


def complete(project: Path) -> None:
    """Mark the device as a whole one of this project."""
    batch([f"link set {DEVICE} alias {label(project)}"])


def remove() -> None:
    """Remove the device, if it is there."""
    subprocess.run(["ip", "link", "delete", DEVICE], check=False, stderr=subprocess.DEVNULL)


def label(project: Path) -> str:
    """How the device names its project: the folder, shortened at its beginning where it is very long."""
    return str(project)[-LONGEST_ALIAS:]


def batch(lines: Iterable[str]) -> None:
    """Run lines by one `ip -batch`; RefusedError with its complaint."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"cannot join the management link: {done.stderr.strip()}")
