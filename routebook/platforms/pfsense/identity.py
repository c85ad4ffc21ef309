"""Who a pfSense says it is: printed before the first script of each connection, so that it costs no round trip.

gnid prints the Netgate Device ID of the system, which images that Netgate has not built do not have; a system's serial
number is in the kernel's environment, by kenv(1).
"""

from routebook.device.values import DeviceIdentity
from routebook.platforms.linux import identity
from routebook.transport.ssh import SshShell

GREETING = """{ echo "hostname $(hostname)"
[ ! -x /usr/sbin/gnid ] || echo "serial $(/usr/sbin/gnid)"
echo "serial $(/bin/kenv -q smbios.system.serial)"
/sbin/ifconfig -a; } 2>/dev/null"""

_NEW = frozenset({"pfsense", "localhost"})


def read(shell: SshShell) -> DeviceIdentity:
    """Who the system says it is."""
    return parse(identity.greeting(shell))


def parse(text: str) -> DeviceIdentity:
    """What a greeting says; ifconfig begins the line of an address with `inet` or `inet6`."""
    return identity.parse(text, _NEW, at=0)
