"""Names, serial numbers and addresses as devices report them, checked: empty where the text is not one."""

import re
from collections.abc import Collection
from ipaddress import ip_address, ip_interface

from routebook.device.state import IPAddress

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?")
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}")
# What vendors of boards and hypervisors leave in the place of a number.
_NO_SERIAL = re.compile(
    r"(?i)0+|x+|none|unknown|default( string)?|not[ -]?(specified|available|applicable)|to be filled by o\.?e\.?m\.?"
    r"|system serial number|123456789|uninitialized"
)


def named(text: str, new: Collection[str]) -> str:
    """A host name; empty for what cannot be one, or is what every `new` device of its kind is called."""
    name = text.strip()
    if not _NAME.fullmatch(name) or name.partition(".")[0].lower() in new:
        return ""
    return name.rstrip(".")


def serial_of(text: str) -> str:
    """A serial number or an ID; empty for what is none, or says that there is none."""
    serial = text.strip()
    return "" if not _SERIAL.fullmatch(serial) or _NO_SERIAL.fullmatch(serial) else serial


def address_of(text: str) -> str:
    """An address without its length and zone, in its canonical form; empty for what is none, or is on every host."""
    try:
        address = ip_interface(text.partition("%")[0]).ip
    except ValueError:
        return ""
    return "" if address.is_loopback or address.is_link_local else str(address)


def parsed(text: str) -> IPAddress | None:
    """An IP address, alone and without a length; None for what is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def canonical(subject: str) -> str:
    """An address as states and intents write it: devices print 2001:DB8:0::1 as it was typed. Or the text as it is."""
    address = parsed(subject)
    return subject if address is None else str(address)


def is_address(text: str) -> bool:
    """Whether a text is an IP address, alone and without a length."""
    return parsed(text) is not None
