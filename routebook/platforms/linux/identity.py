"""Who a Linux host says it is: printed before the first script of each connection, so that it costs no round trip.

machine-id(5) is of one installation; clones of an image may share it.
"""

from collections.abc import Collection

from routebook.device.naming import address_of, named, serial_of
from routebook.device.values import DeviceIdentity
from routebook.transport.ssh import SshShell

GREETING = """{ read -r routebook_name </proc/sys/kernel/hostname && echo "hostname $routebook_name"
read -r routebook_name </etc/machine-id && echo "serial $routebook_name"
ip -o addr show; } 2>/dev/null"""

_NEW = frozenset({"localhost", "debian", "ubuntu", "frr", "strongswan", "raspberrypi", "rocky", "alpine", "vyos"})


def greeting(shell: SshShell) -> str:
    """What the first script of the connection was greeted with; runs an empty one where there was none yet."""
    if shell.greeted is None:
        shell.run(":", asked="who it is")
    return shell.greeted or ""


def read(shell: SshShell) -> DeviceIdentity:
    """Who the host says it is."""
    return parse(greeting(shell))


def parse(text: str, new: Collection[str] = _NEW, at: int = 2) -> DeviceIdentity:
    """What a greeting says; what is no name, ID or address is left out.

    `new` are the names that a device has before somebody gives it one. `at` is the word of a line at which the program
    that lists addresses says `inet` or `inet6`.
    """
    hostname, serials, addresses = "", [], []
    for line in text.splitlines():
        words = line.split()
        if line.startswith("hostname ") and len(words) == 2:
            hostname = named(words[1], new)
        elif line.startswith("serial ") and len(words) == 2:
            serials += [serial] if (serial := serial_of(words[1])) else []
        elif len(words) > at + 1 and words[at] in ("inet", "inet6"):
            addresses += [address] if (address := address_of(words[at + 1])) else []
    return DeviceIdentity(hostname, tuple(dict.fromkeys(serials)), addresses=tuple(addresses))
