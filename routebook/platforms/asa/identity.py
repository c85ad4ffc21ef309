"""Who an ASA says it is: `show version`, and of a failover pair `show failover`, once a connection.

The two units of a pair have one host name and two serial numbers ("Serial Number: Ours …, Mate …", from 9.6 on).
"""

import re

from routebook.device.naming import named, serial_of
from routebook.device.values import DeviceIdentity
from routebook.platforms.asa import vitals
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import failover, version

_NEW = frozenset({"ciscoasa", "asav", "firewall"})
_PAIR = re.compile(r"^\s*failover cluster up ", re.MULTILINE)
_SERIALS = re.compile(r"^Serial Number: Ours (\S+), Mate (\S+)\s*$", re.MULTILINE)


def read(session: AsaSession) -> DeviceIdentity:
    """Raises UnknownOutputError where the device's words are not known."""
    said = session.show(version.COMMAND)
    found = session.read_as(version.COMMAND, lambda text, _: version.parse_version(text), said)
    session.written = vitals.written(said)
    pair = _PAIR.search(said) is not None
    serials = [found.serial]
    if pair and (both := _SERIALS.search(session.show(failover.COMMAND))) is not None:
        serials += both.groups()
    hostname = named(found.hostname, _NEW)
    if hostname and session.options.context:
        hostname = f"{hostname}/{session.options.context}"
    unique = dict.fromkeys(serial for text in serials if (serial := serial_of(text)))
    return DeviceIdentity(hostname, tuple(unique), pair=pair)
