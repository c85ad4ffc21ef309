"""`show vpn-sessiondb detail l2l` and `show vpn-sessiondb l2l`: LAN-to-LAN sessions with bytes and times."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_network

from routebook.platforms.asa.show.text import Names, UnknownOutputError, address, check_some_or_none, lines, seconds

COMMAND = "show vpn-sessiondb detail l2l"
NONE = "INFO: There are presently no active sessions of the type specified"

_TITLE = re.compile(r"Session Type:\s*LAN-to-LAN(?: Detailed)?")
_COUNTS = re.compile(
    r"IKE(?:v1|v2)? (?:Sessions|Tunnels):\s*(\d+)(?:\s+IPSec Sessions:\s*(\d+))?|IPsec(?:OverNatT)? Tunnels:\s*(\d+)",
    re.IGNORECASE,
)
_PART = re.compile(r"(IKE|IKEv1|IKEv2|IPsec|IPSec|IPsecOverNatT|IPSecOverNatT|IPsecOverUDP|NAC):")
_FIELDS = {
    "Connection", "Index", "IP Addr", "Protocol", "Encryption", "Hashing", "Bytes Tx", "Bytes Rx", "Login Time",
    "Duration", "Filter Name", "Tunnel ID", "Session ID", "UDP Src Port", "UDP Dst Port", "IKE Neg Mode", "Auth Mode",
    "Rem Auth Mode", "Loc Auth Mode", "Rekey Int (T)", "Rekey Left(T)", "Rekey Int (D)", "Rekey Left(D)", "D/H Group",
    "PRF", "IPv6 Filter", "Local Addr", "Remote Addr", "Encapsulation", "PFS Group", "Idle Time Out", "Idle TO Left",
    "Pkts Tx", "Pkts Rx", "Reval Int (T)", "Reval Left(T)", "SQ Int (T)", "EoU Age(T)", "Hold Left (T)",
    "Posture Token", "Redirect URL", "Conn Time Out", "Conn TO Left", "Tunnel Zone", "Group Policy", "Tunnel Group",
    "Inactivity", "VLAN Mapping", "Assigned IP", "Public IP", "Username", "Audt Sess ID", "Security Grp",
    "Tunnel Interface", "Compression",
}  # fmt: skip
# Two of them stand on a line, in columns that a long value may push aside.
_FIELD = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, sorted(_FIELDS, key=len, reverse=True)))})\s*:(?:\s|$)")
_BASICS = ("Index", "IP Addr", "Protocol", "Bytes Tx", "Bytes Rx", "Duration")


@dataclass(slots=True)
class Part:
    """One tunnel inside a session: the IKE SA, or one child SA. Values as ASA prints them, by their names."""

    kind: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A LAN-to-LAN session: `connection` is the tunnel group, `duration` seconds, bytes over all its children."""

    fields: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    announced: tuple[int, int] | None = None  # how many IKE and child tunnels it says that it has

    @property
    def connection(self) -> str:
        """The tunnel group's name, or where ASA leaves it empty, the peer's address."""
        return self.fields["Connection"] or self.fields["IP Addr"]

    @property
    def duration(self) -> int:
        """Seconds since it came up."""
        return seconds(self.fields["Duration"]) or 0

    @property
    def children(self) -> list[Part]:
        """Its child SAs."""
        return [part for part in self.parts if part.kind.lower().startswith("ipsec")]


def parse_sessions(text: str) -> tuple[Session, ...]:
    """Every session. Raises UnknownOutputError on text that is not known or is cut off.

    A session's announced number of children is an upper bound: ASA counts those which are being replaced, too.
    """
    found: list[Session] = []
    titled = nothing = False
    for line in lines(text):
        if line == NONE:
            nothing = True
        elif _TITLE.fullmatch(line):
            titled = True
        elif not titled:
            raise UnknownOutputError(COMMAND, "has a line that is not known", line)
        elif (part := _PART.fullmatch(line)) is not None and found:
            found[-1].parts.append(Part(part[1]))
        elif (counts := _COUNTS.findall(line)) and ":" in line and found and line.startswith(("IKE", "IPs", "IPS")):
            ikes, children = found[-1].announced or (0, 0)
            for ike, old_children, new_children in counts:
                ikes += int(ike or 0)
                children += int(old_children or new_children or 0)
            found[-1].announced = (ikes, children)
        else:
            _pairs(line, found)
    check_some_or_none(COMMAND, "sessions", text, some=bool(found), none=nothing)
    for session in found:
        _check(session)
    return tuple(found)


def _pairs(line: str, found: list[Session]) -> None:
    starts = list(_FIELD.finditer(line))
    if not starts or starts[0].start() != 0:
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    ends = [start.start() for start in starts[1:]] + [len(line)]
    pairs = {start[1]: line[start.end() : end].strip() for start, end in zip(starts, ends, strict=True)}
    if "Connection" in pairs:
        found.append(Session())
    if not found:
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    target = found[-1].parts[-1].fields if found[-1].parts else found[-1].fields
    target.update(pairs)


def _check(session: Session) -> None:
    missing = [name for name in _BASICS if not session.fields.get(name)]
    announced = session.announced
    if missing:
        raise UnknownOutputError(COMMAND, f"is cut off: a session lacks its {missing[0]}")
    try:
        _ = session.duration
    except ValueError as error:
        raise UnknownOutputError(COMMAND, f"has a time that is not known ({error})") from None
    for child in session.children:
        for name in ("Local Addr", "Remote Addr", "Encryption", "Bytes Tx", "Bytes Rx", "Pkts Tx", "Pkts Rx"):
            if not child.fields.get(name):
                raise UnknownOutputError(COMMAND, f"is cut off: a tunnel of {session.connection} lacks its {name}")
    if announced is not None and announced[0] + announced[1] > 0 and not session.parts:
        raise UnknownOutputError(COMMAND, f"is cut off: {session.connection} announces tunnels and has none")


def read_sessions(text: str, names: Names) -> tuple[Session, ...]:
    """Every session, with addresses where the device shows names for them (`names`), and numbers that are numbers.

    Raises UnknownNameError for a name that `show names` does not have, UnknownOutputError as `parse_sessions` does.
    """
    found = parse_sessions(text)
    for session in found:
        session.fields["IP Addr"] = str(address(session.fields["IP Addr"], names))
        for child in session.children:
            for name in ("Local Addr", "Remote Addr"):
                start, slash, rest = child.fields[name].partition("/")
                child.fields[name] = f"{address(start, names)}{slash}{rest}"
            _check_numbers(session.connection, child.fields)
    return found


def _check_numbers(connection: str, fields: dict[str, str]) -> None:
    for name in ("Bytes Tx", "Bytes Rx", "Rekey Int (T)", "Rekey Left(T)"):
        value = fields.get(name, "0")
        if not (value.split() or [""])[0].isdecimal():
            raise UnknownOutputError(COMMAND, f"has a tunnel of {connection} whose {name} is not known", value)
    for name in ("Local Addr", "Remote Addr"):
        try:
            selector(fields[name])
        except ValueError:
            raise UnknownOutputError(
                COMMAND, f"has a tunnel of {connection} whose {name} is not known", fields[name]
            ) from None


def selector(text: str) -> str:
    """The prefix in "10.0.0.0/255.255.255.0/0/0" (address, mask, protocol, port; the latter two where printed)."""
    parts = text.split("/")
    network = str(ip_network("/".join(parts[:2]), strict=False))
    return network if parts[2:] in ([], ["0", "0"]) else f"{network}[{'/'.join(parts[2:])}]"
