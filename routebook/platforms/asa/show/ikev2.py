"""`show crypto ikev2 sa` and `show crypto ikev2 sa detail`: IKE SAs with their child SAs' selectors and SPIs."""

import re
from dataclasses import dataclass, field
from ipaddress import summarize_address_range

from routebook.device.state import IPAddress
from routebook.platforms.asa.show.text import NO_NAMES, Names, UnknownOutputError, address, check_some_or_none, lines

COMMAND = "show crypto ikev2 sa detail"
NONE = "There are no IKEv2 SAs"

_SESSION = re.compile(r"Session-id:\s*(\d+), Status:\s*(\S+), IKE count:\s*(\d+), CHILD count:\s*(\d+)")
_HEADER = re.compile(r"Tunnel-id\s+Local\s+Remote\s+(?:fvrf/ivrf\s+)?Status\s+Role")
_ROW = re.compile(
    r"(\d+)\s+(\S+)/(\d+)\s+(\S+)/(\d+)\s+(?:\S+/\S+\s+)?([A-Z][A-Za-z_-]*)\s+(INITIATOR|RESPONDER)", re.ASCII
)
_LIFE = re.compile(r"Life/Active Time:\s*(\d+)/(\d+) sec")
_SPIS = re.compile(r"Local spi:\s*([0-9A-Fa-f]+)\s+Remote spi:\s*([0-9A-Fa-f]+)")
_ID = re.compile(r"(Local|Remote) id:\s*(.*)")
_CHILD = re.compile(r"Child sa:\s*local selector\s+(\S+)/(\d+) - (\S+)/(\d+)")
_CHILD_REMOTE = re.compile(r"remote selector\s+(\S+)/(\d+) - (\S+)/(\d+)")
_ESP = re.compile(r"ESP spi in/out:\s*0x([0-9A-Fa-f]+)/0x([0-9A-Fa-f]+)")
# Further lines of the detailed form. A release may add some; they all are words, then a colon or a number.
_MORE = re.compile(
    r"(Session-id|Status Description|Local req|Local next|Local window|AH spi|CPI|Encr|ah_hmac|Parent SA|Delete|Marked"
    r"|DPD|NAT-T|IKEv2 Fragmentation|Fragmentation|Quantum|Extended|Cisco Trust|Initiator|Dynamic|Assigned|PEER|PRF"
    r"|Auth)\b.*|[\w /-]+:\s?.*"
)


@dataclass(slots=True)
class Ikev2Child:
    """A child SA as IKE sees it. Selectors are prefixes, or "first-last" ranges; SPIs are numbers."""

    local: tuple[str, ...]
    remote: tuple[str, ...] = ()
    spi_in: int = 0
    spi_out: int = 0


@dataclass(slots=True)
class Ikev2Sa:
    """An IKEv2 SA in ASA's own words. `lifetime` and `active` are seconds; SPIs and ids only in the detailed form."""

    tunnel_id: int
    local_address: IPAddress
    remote_address: IPAddress
    status: str  # "READY", "IN-NEG", "DELETE" …
    initiator: bool
    session_status: str  # "UP-ACTIVE", "UP-IDLE", "DOWN-NEGOTIATING" …
    encryption: str = ""
    key_size: str = ""
    integrity: str = ""
    prf: str = ""
    dh_group: str = ""
    lifetime: int = 0
    active: int = 0
    spi_local: str = ""
    spi_remote: str = ""
    local_id: str = ""
    remote_id: str = ""
    children: list[Ikev2Child] = field(default_factory=list)


@dataclass(slots=True)
class _Session:
    status: str
    ikes: int
    childs: int
    sas: list[Ikev2Sa] = field(default_factory=list)

    def check(self) -> None:
        found = (len(self.sas), sum(len(sa.children) for sa in self.sas))
        if found != (self.ikes, self.childs):
            raise UnknownOutputError(
                COMMAND, f"is cut off: it announces {self.ikes} IKE and {self.childs} child SAs and has {found}"
            )
        for sa in self.sas:
            # One that is being negotiated has nothing to show yet.
            if sa.status not in ("IN-NEG", "INIT") and (not sa.encryption or not sa.lifetime):
                raise UnknownOutputError(COMMAND, f"is cut off: tunnel {sa.tunnel_id} lacks its algorithms or life")
            if any(not child.spi_out or not child.remote for child in sa.children):
                raise UnknownOutputError(COMMAND, f"is cut off: a child SA of tunnel {sa.tunnel_id} is incomplete")


def parse_ikev2_sas(text: str, names: Names = NO_NAMES) -> tuple[Ikev2Sa, ...]:
    """The SAs in the output. Raises UnknownOutputError on text that is not known or is cut off."""
    sessions: list[_Session] = []
    begun = nothing = False
    for line in lines(text):
        if line == NONE:
            nothing = True
        elif line == "IKEv2 SAs:":
            begun = True
        elif (session := _SESSION.fullmatch(line)) is not None and begun:
            sessions.append(_Session(session[2], int(session[3]), int(session[4])))
        elif _HEADER.fullmatch(line) and sessions:
            continue
        elif sessions:
            _line(line, sessions[-1], names)
        else:
            raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    check_some_or_none(COMMAND, "SAs", text, some=bool(sessions), none=nothing)
    for shown in sessions:
        shown.check()
    return tuple(sa for session_ in sessions for sa in session_.sas)


def _line(line: str, session: _Session, names: Names) -> None:
    row = _ROW.fullmatch(line)
    if row is not None:
        session.sas.append(
            Ikev2Sa(
                tunnel_id=int(row[1]),
                local_address=address(row[2], names),
                remote_address=address(row[4], names),
                status=row[6],
                initiator=row[7] == "INITIATOR",
                session_status=session.status,
            )
        )
        return
    if not session.sas:
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    sa = session.sas[-1]
    if sa.children:
        if _child_line(line, sa, names):
            return
    elif line.startswith("Encr:"):
        _algorithms(line, sa)
        return
    elif (life := _LIFE.fullmatch(line)) is not None:
        sa.lifetime, sa.active = int(life[1]), int(life[2])
        return
    elif (spis := _SPIS.fullmatch(line)) is not None:
        sa.spi_local, sa.spi_remote = spis[1].lower(), spis[2].lower()
        return
    elif (identity := _ID.fullmatch(line)) is not None:
        if identity[1] == "Local":
            sa.local_id = identity[2].strip()
        else:
            sa.remote_id = identity[2].strip()
        return
    child = _CHILD.fullmatch(line)
    if child is not None:
        sa.children.append(Ikev2Child(local=_selector(child[1], child[2], child[3], child[4], names)))
    elif not _MORE.fullmatch(line):
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)


def _child_line(line: str, sa: Ikev2Sa, names: Names) -> bool:
    remote = _CHILD_REMOTE.fullmatch(line)
    if remote is not None:
        sa.children[-1].remote = _selector(remote[1], remote[2], remote[3], remote[4], names)
        return True
    spis = _ESP.fullmatch(line)
    if spis is not None:
        sa.children[-1].spi_in, sa.children[-1].spi_out = int(spis[1], 16), int(spis[2], 16)
        return True
    return False


def _algorithms(line: str, sa: Ikev2Sa) -> None:
    fields = dict(part.strip().partition(":")[::2] for part in line.split(","))
    values = {name.strip(): value.strip() for name, value in fields.items()}
    sa.encryption, sa.key_size = values["Encr"], values.get("keysize", "")
    sa.integrity, sa.prf = values.get("Hash", ""), values.get("PRF", "")
    sa.dh_group = values.get("DH Grp", "")
    if not sa.encryption or not sa.dh_group or not values.get("Auth verify"):
        raise UnknownOutputError(COMMAND, "is cut off", line)


def _selector(first: str, first_port: str, last: str, last_port: str, names: Names) -> tuple[str, ...]:
    """ASA prints "first address/first port - last address/last port"."""
    try:
        networks = list(summarize_address_range(address(first, names), address(last, names)))
    except (ValueError, TypeError) as error:
        raise UnknownOutputError(COMMAND, f"has a selector that is not known ({error})", f"{first} - {last}") from None
    shown = str(networks[0]) if len(networks) == 1 else f"{first}-{last}"
    ports = "" if (first_port, last_port) == ("0", "65535") else f"[{first_port}-{last_port}]"
    return (shown + ports,)
