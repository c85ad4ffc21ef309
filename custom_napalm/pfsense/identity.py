"""Who a pfSense says it is: told before the first script of each connection, so that it costs no question.

gnid prints the Netgate Device ID of the system, which images that Netgate has not built do not have; a system's serial
number is in the kernel's environment, by kenv(1).
"""

from custom_napalm.contract import DeviceIdentity
from custom_napalm.linux.ssh import SshShell
from custom_napalm.naming import address_of, named, serial_of

GREETING = """{ echo "hostname $(hostname)"
[ ! -x /usr/sbin/gnid ] || echo "serial $(/usr/sbin/gnid)"
echo "serial $(/bin/kenv -q smbios.system.serial)"
/sbin/ifconfig -a; } 2>/dev/null"""

_NEW = frozenset({"pfsense", "localhost"})


def read(shell: SshShell) -> DeviceIdentity:
    """From what the first script of the connection was greeted with; runs an empty one where there was none yet."""
    if shell.greeted is None:
        shell.run(":", asked="who it is")
    return parse(shell.greeted or "")


def parse(text: str) -> DeviceIdentity:
    """What a greeting says; what is no name, number or address is left out."""
    hostname, serials, addresses = "", [], []
    for line in text.splitlines():
        words = line.split()
        if line.startswith("hostname ") and len(words) == 2:
            hostname = named(words[1], _NEW)
        elif line.startswith("serial ") and len(words) == 2:
            serials += [serial] if (serial := serial_of(words[1])) else []
        elif len(words) > 1 and words[0] in ("inet", "inet6"):
            addresses += [address] if (address := address_of(words[1])) else []
    return DeviceIdentity(hostname, tuple(dict.fromkeys(serials)), addresses=tuple(addresses))
