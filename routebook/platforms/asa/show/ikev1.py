"""`show crypto isakmp sa`, `show crypto ikev1 sa`, each with `detail`: the IKEv1 SAs in them."""

import re
from dataclasses import dataclass

from routebook.device.state import IPAddress
from routebook.platforms.asa.show.text import NO_NAMES, Names, UnknownOutputError, address

COMMAND = "show crypto ikev1 sa detail"

_NONE = re.compile(r"There are no (?:IKEv1|isakmp|ISAKMP) (?:SAs|sas)")
_TITLE = re.compile(r"IKEv1 SAs:")
_COUNT = re.compile(r"(Active|Rekey) SA\s*:\s*(\d+)(?:\s+\(.*\))?")
_TOTAL = re.compile(r"Total IKE SA\s*:\s*(\d+)")
_PEER = re.compile(r"(\d+)\s+IKE Peer:\s*(\S+)")
_VALUE = re.compile(r":\s*+(\S*+)")
_NOT_OF_A_NAME = re.compile(r"[^\w -]")
_FIELDS = {
    "Type", "Role", "Rekey", "State", "Encrypt", "Hash", "Auth", "Lifetime", "Lifetime Remaining", "DH Group",
    "Mode", "Session-id",
}  # fmt: skip


@dataclass(slots=True)
class Ikev1Sa:
    """An IKEv1 SA in ASA's own words. Times are seconds, and 0 in the short form, as algorithms are empty there."""

    remote_address: IPAddress
    kind: str = ""  # "L2L", "user" …
    initiator: bool = False
    rekey: bool = False
    state: str = ""  # "MM_ACTIVE", "AM_ACTIVE", "MM_WAIT_MSG2" …
    encryption: str = ""
    integrity: str = ""
    lifetime: int = 0
    remaining: int = 0


def parse_ikev1_sas(text: str, names: Names = NO_NAMES) -> tuple[Ikev1Sa, ...]:
    """The IKEv1 SAs in the output; an IKEv2 part, which `show crypto isakmp sa` appends, is left alone.

    Raises UnknownOutputError on text that is not known or is cut off.
    """
    sas: list[Ikev1Sa] = []
    total: int | None = None
    nothing = False
    for raw in text.splitlines():
        line = raw.strip()
        if line == "There are no IKEv2 SAs" or line == "IKEv2 SAs:":
            break
        if not line or _TITLE.fullmatch(line) or _COUNT.fullmatch(line):
            continue
        if _NONE.fullmatch(line):
            nothing = True
        elif (count := _TOTAL.fullmatch(line)) is not None:
            total = int(count[1])
        elif (peer := _PEER.fullmatch(line)) is not None and total is not None:
            sas.append(Ikev1Sa(address(peer[2], names)))
        elif sas and _fields(line, sas[-1]):
            continue
        else:
            raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    if nothing:
        if sas or total:
            raise UnknownOutputError(COMMAND, "says that there are no SAs, and shows some")
        return ()
    if total is None:
        raise UnknownOutputError(COMMAND, "says neither what SAs there are nor that there are none", text[:80])
    if len(sas) != total or not all(sa.kind and sa.state for sa in sas):
        raise UnknownOutputError(COMMAND, f"is cut off: it announces {total} SAs and has {len(sas)}")
    return tuple(sas)


def _fields(line: str, sa: Ikev1Sa) -> bool:
    pairs = _pairs(line)
    if not pairs or not pairs.keys() <= _FIELDS:
        return False
    sa.kind = pairs.get("Type", sa.kind)
    sa.state = pairs.get("State", sa.state)
    sa.encryption = pairs.get("Encrypt", sa.encryption)
    sa.integrity = pairs.get("Hash", sa.integrity)
    if "Role" in pairs:
        sa.initiator = pairs["Role"] == "initiator"
    if "Rekey" in pairs:
        sa.rekey = pairs["Rekey"] == "yes"
    sa.lifetime = int(pairs.get("Lifetime") or sa.lifetime)
    sa.remaining = int(pairs.get("Lifetime Remaining") or sa.remaining)
    return True


def _pairs(line: str) -> dict[str, str]:
    """The "NAME : VALUE" of a line, of which there are several; in time that grows with the line."""
    found: dict[str, str] = {}
    at = 0
    for value in _VALUE.finditer(line):
        name = _NOT_OF_A_NAME.split(line[at : value.start()])[-1].strip().lstrip("-_0123456789 ")
        if name:
            found[name] = value[1]
        at = value.end()
    return found
