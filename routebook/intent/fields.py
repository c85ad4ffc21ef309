"""The values that an inventory is written in: names, addresses, prefixes, communities, references to secrets."""

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from routebook.intent.model import Family, IPAddress, IPInterface, IPNetwork, PrefixRange, SecretRef
from routebook.intent.network import LAB_RELEASES

# `--` joins the two ends in the name of a session or tunnel; a dot would end a section's name on some device.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_]|-(?!-))*(?<![-_])")
# One word that daemons take and that no shell pattern or comment is; some platforms take less.
_POLICY = re.compile(r"(?!none$)[A-Za-z0-9_][A-Za-z0-9._:/@+-]{0,79}")
# 15 characters: IFNAMSIZ of Linux; or a firewall's port, as GigabitEthernet0/1.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,14}|[A-Z][A-Za-z-]{3,20}[0-9]{1,4}(?:[/.][0-9]{1,4}){0,3}")
NO_POLICY = "none"  # in place of a policy's name: without the one that would be inherited
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # what Kubernetes names its objects by (RFC 1123)
_RANGE = re.compile(r"(\S+)(?: ge (\d{1,3}))?(?: le (\d{1,3}))?")
_COMMUNITY = re.compile(r"(\d+):(\d+)")
_LARGE_COMMUNITY = re.compile(r"(\d+):(\d+):(\d+)")
_ASDOT = re.compile(r"(\d{1,10})\.(\d{1,10})")
_RESERVED_AS = {
    23456: "AS_TRANS (RFC 6793), which stands for numbers that an old router cannot read",
    65535: "reserved (RFC 7300)",
    4294967295: "reserved (RFC 7300)",
}
TCP_MD5_KEY = 80  # bytes that a key may have: TCP_MD5SIG_MAXKEYLEN of Linux
_HOSTNAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")
_IDENTITY = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._:-]*")  # what no device wants quoted
_NAME_PART = r"[A-Za-z][A-Za-z0-9.]*=[^=,;\"\\{}#]*[^=,;\"\\{}# ]"
_DISTINGUISHED = re.compile(rf"{_NAME_PART}(?:, ?{_NAME_PART})*")
# IANA's well-known communities: what devices print by name, whichever way it was written, with its value
WELL_KNOWN_COMMUNITIES = {
    "internet": 0,
    "graceful-shutdown": 0xFFFF0000,
    "accept-own": 0xFFFF0001,
    "route-filter-translated-v4": 0xFFFF0002,
    "route-filter-v4": 0xFFFF0003,
    "route-filter-translated-v6": 0xFFFF0004,
    "route-filter-v6": 0xFFFF0005,
    "llgr-stale": 0xFFFF0006,
    "no-llgr": 0xFFFF0007,
    "accept-own-nexthop": 0xFFFF0008,
    "blackhole": 0xFFFF029A,
    "no-export": 0xFFFFFF01,
    "no-advertise": 0xFFFFFF02,
    "local-AS": 0xFFFFFF03,
    "no-peer": 0xFFFFFF04,
}
_NAMES_OF_COMMUNITIES = {value: name for name, value in WELL_KNOWN_COMMUNITIES.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} should be text")
    return value


def matching(pattern: re.Pattern[str], rule: str) -> Callable[[object], str]:
    """A check that a text is all of a pattern; `rule` says what is wrong with one that is not."""

    def check(value: object) -> str:
        text = _text(value)
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} {rule}")
        return text

    return check


def _lab_release(value: object) -> str:
    text = _text(value)
    if text not in LAB_RELEASES:
        raise ValueError(f"the lab has no release {text!r}; it has {', '.join(LAB_RELEASES)}")
    return text


def _address(value: object) -> IPAddress:
    text = _text(value)
    if "/" in text:
        raise ValueError(f"{text!r} has a prefix length and should be a single address")
    return ipaddress.ip_address(text)


def _interface_address(value: object) -> IPInterface:
    text = _text(value)
    if "/" not in text:
        raise ValueError(f"{text!r} lacks a prefix length; write it as {text}/24, for example")
    address = ipaddress.ip_interface(text)
    if address.ip.is_unspecified or address.ip.is_multicast or address.ip.is_loopback:
        raise ValueError(f"{text!r} is no address that another host could reach")
    network = address.network
    host_bits = network.max_prefixlen - network.prefixlen
    if host_bits > 1 and address.ip == network.network_address:
        raise ValueError(f"{text!r} is the network itself and not an address in it")
    if host_bits > 1 and network.version == 4 and address.ip == network.broadcast_address:
        raise ValueError(f"{text!r} is the broadcast address of {network}")
    return address


def network(value: object) -> IPNetwork:
    """The prefix that a text says. Raises ValueError, with the right prefix, when host bits are set."""
    text = _text(value)
    if "/" not in text:
        raise ValueError(f"{text!r} lacks a prefix length")
    found = ipaddress.ip_network(text, strict=False)
    if str(ipaddress.ip_interface(text).ip) != str(found.network_address):
        raise ValueError(f"{text!r} has bits set beyond its length; the prefix is {found}")
    return found


def prefix_range(value: object) -> PrefixRange:
    """What `PREFIX [ge LENGTH] [le LENGTH]` says: without lengths, that very prefix. Raises ValueError."""
    found = _RANGE.fullmatch(" ".join(_text(value).split()))
    if found is None:
        raise ValueError(f"{value!r} is no prefix with lengths: write PREFIX [ge LENGTH] [le LENGTH]")
    prefix, ge, le = network(found[1]), *(int(length) if length else None for length in found.groups()[1:])
    if not lengths_rise(prefix, ge, le):
        raise ValueError(f"{value!r} matches nothing: {prefix.prefixlen} <= ge <= le <= {prefix.max_prefixlen}")
    return PrefixRange(prefix, ge, le)


def lengths_rise(prefix: IPNetwork, ge: int | None, le: int | None) -> bool:
    """Whether lengths mean something: `ge` alone goes up to the longest, `le` alone begins at the prefix's own."""
    return prefix.prefixlen <= (ge or prefix.prefixlen) <= (le or prefix.max_prefixlen) <= prefix.max_prefixlen


def large(community: str) -> bool:
    """Whether a community is a large one (RFC 8092)."""
    return community.count(":") == 2


def community(value: object) -> str:
    """The community that a text says, as daemons show it. Raises ValueError."""
    text = _text(value)
    if text in WELL_KNOWN_COMMUNITIES:
        return text
    if found := _LARGE_COMMUNITY.fullmatch(text):
        if any(int(part) >= 2**32 for part in found.groups()):
            raise ValueError(f"{text!r} has a part over 4294967295")
    elif found := _COMMUNITY.fullmatch(text):
        if int(found[1]) >= 2**16:
            raise ValueError(
                f"{text!r} does not fit into a standard community, whose AS number has 16 bits; "
                f"write a large one, {found[1]}:N:{found[2]}"
            )
        if int(found[2]) >= 2**16:
            raise ValueError(f"{text!r} has a value over 65535")
    else:
        known = ", ".join(sorted(WELL_KNOWN_COMMUNITIES))
        raise ValueError(f"{text!r} is no community: it is written N:N, N:N:N, or as one of {known}")
    parts = [int(part) for part in text.split(":")]
    name = _NAMES_OF_COMMUNITIES.get((parts[0] << 16) + parts[1]) if len(parts) == 2 else None
    return name or ":".join(str(part) for part in parts)


def community_order(written: str) -> tuple[int, ...]:
    """A key that sorts communities as daemons keep them: by value."""
    if written in WELL_KNOWN_COMMUNITIES:
        return (WELL_KNOWN_COMMUNITIES[written] >> 16, WELL_KNOWN_COMMUNITIES[written] & 0xFFFF)
    return tuple(int(part) for part in written.split(":"))


def _change(value: object) -> int | str:
    """A number to set, or one to add to what is there, which has its sign: "+10"."""
    if isinstance(value, str) and re.fullmatch(r"[+-]\d{1,10}", value) and abs(int(value)) < 2**32:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32:
        return value
    raise ValueError(f"{value!r} is neither a number from 0 to 4294967295 nor, with its sign and in quotes, one to add")


class DottedNumber(float):
    """A number of the inventory that YAML reads as a fraction, with the text that stands there: 1.10 is no 1.1."""

    def __new__(cls, value: float, text: str) -> "DottedNumber":
        """The number, and how it was written."""
        number = super().__new__(cls, value)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type["DottedNumber"], tuple[float, str]]:
        """Copies are of both."""
        return DottedNumber, (float(self), self.text)

    text: str


def _asn(value: object) -> int:
    """An AS number in asplain or asdot (RFC 5396)."""
    text = value.text if isinstance(value, DottedNumber) else value if isinstance(value, str) else ""
    if dotted := _ASDOT.fullmatch(text):
        high, low = int(dotted[1]), int(dotted[2])
        if high > 65535 or low > 65535:
            raise ValueError(f"{text} is no AS number: in asdot both parts are at most 65535")
        number = (high << 16) + low
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise ValueError(f"{value!r} is no AS number: write a whole number, or asdot as 1.10")
    if not 1 <= number <= 4294967295:
        raise ValueError(f"{number} is no AS number: they go from 1 to 4294967294")
    if number in _RESERVED_AS:
        raise ValueError(f"AS {number} is {_RESERVED_AS[number]}, and nobody's")
    return number


def _hostname(value: object) -> str:
    """Where a host is reached: an address, or a name as DNS, /etc/hosts and ssh_config have them."""
    text = _text(value)
    address, _, zone = text.partition("%")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        if not _HOSTNAME.fullmatch(text) or len(text) > 253:
            raise ValueError(f"{text!r} is neither an address nor a host's name") from None
        return text
    if "%" in text and not _INTERFACE.fullmatch(zone):
        raise ValueError(f"{text!r} has no interface's name behind the %")
    return text


def _secret(value: object) -> Any:
    if not isinstance(value, dict):  # what stands there may be the secret, so it is never quoted
        raise PydanticCustomError("clear_text_secret", "is a secret in clear text")
    return value


def _plain(value: str) -> str:
    """A description as every device keeps it: some end a line at a bar and make one space of several."""
    if len(value) > 80 or not value.isprintable() or value != " ".join(value.split()) or not value or "|" in value:
        raise ValueError("should be 1 to 80 printable characters, without | and with single spaces between words")
    return value


Name = Annotated[
    str,
    BeforeValidator(
        matching(
            _NAME, "is no name: use letters, digits, single dashes and underscores, beginning with a letter or digit"
        )
    ),
]
PolicyName = Annotated[
    str,
    BeforeValidator(
        matching(_POLICY, "is no policy's name: letters, digits and . _ - : / @ +, at most 80, and not none")
    ),
]
InterfaceName = Annotated[
    str, BeforeValidator(matching(_INTERFACE, "is no interface's name: at most 15 characters, without spaces"))
]
PolicyChoice = PolicyName | Literal["none"]
KubernetesName = Annotated[
    str, BeforeValidator(matching(_LABEL, "is no name in Kubernetes: small letters, digits and dashes"))
]
Identity = Annotated[
    str,
    BeforeValidator(
        matching(
            re.compile(f"{_IDENTITY.pattern}|{_DISTINGUISHED.pattern}"),
            "is no identity: use letters, digits and @ . _ : -, or write a certificate's subject, C=CH, CN=edge1",
        )
    ),
]
DeviceName = Annotated[
    str,
    BeforeValidator(
        matching(
            re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,253}"),
            "is no host name: letters, digits, dashes, underscores and dots, and FIREWALL/CONTEXT for a context",
        )
    ),
]
SerialNumber = Annotated[
    str,
    BeforeValidator(
        matching(
            re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}"),
            "is no serial number: quote one that has digits only; letters, digits, dots, dashes and underscores",
        )
    ),
]
Text = Annotated[str, Strict(), AfterValidator(_plain)]
Word = Annotated[str, Strict()]
LabRelease = Annotated[str, BeforeValidator(_lab_release)]
Flag = Annotated[bool, Strict()]
Address = Annotated[IPAddress, BeforeValidator(_address)]
InterfaceAddress = Annotated[IPInterface, BeforeValidator(_interface_address)]
Prefix = Annotated[IPNetwork, BeforeValidator(network)]
Prefixes = Annotated[PrefixRange, BeforeValidator(prefix_range)]
Community = Annotated[str, BeforeValidator(community)]
Secret = Annotated[SecretRef, BeforeValidator(_secret)]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
Asn = Annotated[int, BeforeValidator(_asn)]
Hostname = Annotated[str, BeforeValidator(_hostname)]
HoldTime = Annotated[int, Strict(), Field(ge=1, le=65535)]  # two octets (RFC 4271, 4.2)
ConnectRetry = Annotated[int, Strict(), Field(ge=1, le=65535)]  # seconds that daemons take
Keepalive = Annotated[int, Strict(), Field(ge=1, le=65535)]
Seconds = Annotated[int, Strict(), Field(ge=1, le=604800)]
Milliseconds = Annotated[int, Strict(), Field(ge=10, le=60000)]
Number = Annotated[int, Strict(), Field(ge=0, le=4294967295)]
Change = Annotated[int | str, BeforeValidator(_change)]
Count = Annotated[int, Strict(), Field(ge=1, le=4294967295)]
Hops = Annotated[int, Strict(), Field(ge=1, le=254)]
Percent = Annotated[int, Strict(), Field(ge=1, le=100)]
Minutes = Annotated[int, Strict(), Field(ge=1, le=65535)]
Occurrences = Annotated[int, Strict(), Field(ge=1, le=10)]  # of an AS number in a path
Weight = Annotated[int, Strict(), Field(ge=0, le=65535)]
Paths = Annotated[int, Strict(), Field(ge=1, le=256)]
Interval = Annotated[int, Strict(), Field(ge=0, le=600)]  # seconds
CommunityKind = Literal["standard", "extended", "large"]
RouteMetric = Annotated[int, Strict(), Field(ge=1, le=254)]  # 255 is a route that is not to be used
Sequence = Annotated[int, Strict(), Field(ge=1, le=65535)]
Transport = Literal["ipv4", "ipv6"]
Families = Annotated[tuple[Family, ...], Field(min_length=1)]
