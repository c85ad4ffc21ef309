"""`show bgp A.B.C.D MASK` and `show bfd neighbors`: best paths and BFD sessions.

The forms are those of the IOS family: ASA Series Command Reference, S commands, "show bgp" and "show bfd neighbors";
Cisco, "ASA Border Gateway Protocol Configuration Example" (document 118050), "Specific eBGP Route Detail".
"""

import re
from ipaddress import ip_address, ip_network

from routebook.device.records import free_text
from routebook.device.state import BfdPeer, BfdStatus, IPNetwork, Route

BFD = "show bfd neighbors"

_ENTRY = re.compile(r"BGP routing table entry for ([\d.]+/\d{1,2}|[0-9a-fA-F:]+/\d{1,3})(?:,.*)?")
_NONE = re.compile(r"% ?Network not in table")
_PATHS = re.compile(r"Paths: \((\d+) available(?:, best #(\d+)|, no best path)?.*\)")
_AS_PATH = re.compile(r"(Local|[\d.]+(?: [\d.{},]+)*)(?:, .*)?")
_HOP = re.compile(r"(\S+)(?: \((?:metric (\d+)|(inaccessible))\))?(?: \(via .*\))? from (\S+) \(\S+\)")
_ORIGIN = re.compile(r"Origin (?:IGP|EGP|incomplete),.*")
_BFD_ROW = re.compile(r"([0-9a-fA-F.:]+)(?:\[.*\])?\s+\d+/\d+\s+(\S+)\s+(Up|Down|Init|AdminDown|Fail)(?:\s+\S+)?")
_BFD_HEADS = re.compile(r"(?:IPv4|IPv6) (?:Multihop )?Sessions|(?:OurAddr\s+)?NeighAddr\s.*")
_BFD_STATES: dict[str, BfdStatus] = {
    "Up": "up", "Down": "down", "Fail": "down", "Init": "init", "AdminDown": "shutdown",
}  # fmt: skip


def question(prefix: IPNetwork) -> str:
    """What asks for one prefix of IPv4, and never for a table."""
    return f"show bgp {prefix.network_address} {prefix.netmask}"


def parse_route(text: str, prefix: IPNetwork) -> Route | None:
    """The best path to a prefix, and one without a next hop where there is none. None for an answer of another form."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and _NONE.fullmatch(lines[0]):
        return Route(prefix)
    entry = _ENTRY.fullmatch(lines[0]) if lines else None
    if entry is None:
        return None
    if ip_network(entry[1], strict=False) != prefix:
        return Route(prefix)  # a shorter one that has the address
    counted = next((match for line in lines[:3] if (match := _PATHS.fullmatch(line))), None)
    if counted is None:
        return None
    as_path = ""
    found: Route | None = None
    for line in lines[lines.index(counted[0]) + 1 :]:
        if (hop := _HOP.fullmatch(line)) is not None:
            found = Route(
                prefix,
                next_hop=free_text(hop[1]),
                peer=free_text(hop[4]),
                as_path=as_path,
                reachable=hop[3] is None,
            )
        elif _ORIGIN.fullmatch(line) and found is not None:
            if counted[2] is None or "best" in line.replace(",", " ").split():
                return found  # without a best one the first, to say what is the matter with it
        elif (path := _AS_PATH.fullmatch(line)) is not None:
            as_path = "" if path[1] == "Local" else path[1]
    return None


def parse_bfd(text: str) -> tuple[BfdPeer, ...] | None:
    """The BFD sessions; none where nothing is printed, and None for an answer of another form."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if (row := _BFD_ROW.fullmatch(line)) is not None:
            found.append(BfdPeer(ip_address(row[1]), _BFD_STATES[row[3]]))
        elif not _BFD_HEADS.fullmatch(line):
            return None
    return tuple(found)
