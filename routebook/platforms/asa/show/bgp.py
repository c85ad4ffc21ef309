"""`show bgp summary`, `show bgp ipv6 unicast summary` and `show bgp neighbors`: BGP sessions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from msgspec import Struct

from routebook.device.state import BgpSession, BgpState, FamilyState, IPAddress, IPNetwork, ResetSign
from routebook.platforms.asa.show.text import NO_NAMES, Names, UnknownOutputError, address, as_number, seconds

SUMMARY = "show bgp summary"
SUMMARY_IPV6 = "show bgp ipv6 unicast summary"
NEIGHBORS = "show bgp neighbors"
ADVERTISED = "show bgp neighbors … advertised-routes"

_NOT_ACTIVE = re.compile(r"(?:% ?)?BGP not active")
_ROUTER = re.compile(r"BGP router identifier (\S+), local AS number ([\d.]+)")
_HEADER = re.compile(r"Neighbor\s+V\s+AS\s+MsgRcvd\s+MsgSent\s+TblVer\s+InQ\s+OutQ\s+Up/Down\s+State/PfxRcd")
_ROW = re.compile(
    r"(?:(\S+)\s+)?(4)\s+([\d.]+)\s+\d+\s+\d+\s+\d+\s+\d+\s+\d+\s+(never|[\dwdhmy:]+)\s+"
    r"(\d+|[A-Z][A-Za-z]+(?: \(\w+\))?)"
)
# The lines between the router's identity and the table: sizes, and things like "BGP activity 8/0 prefixes".
_SIZES = re.compile(r"(?:BGP (?:table|using|activity)|\d[\d/]* |Dampening|Bitfield|RPKI|Path ).*")

# A route's line: status, the network where it is not that of the line above, and what follows; a long network stands on
# a line of its own.
_ROUTE = re.compile(r"(?:[ *>sdhirSmxfabc]{2,5}|)\s*(?:([\d.]{7,15})(?:/(\d{1,2}))?)?(?:\s+[\d.]{7,15}\s.*)?")
_CLASSES = ((128, 8), (192, 16), (256, 24))  # of RFC 791: what a first octet below has for a length

_NEIGHBOR = re.compile(
    r"BGP neighbor is (\S+?),\s+(?:context (\S+?),\s+)?(?:vrf (\S+?),\s+)?remote AS ([\d.]+),\s+"
    r"(?:local AS ([\d.]+)[^,]*,\s+)?(internal|external) link"
)
_STATE = re.compile(r"BGP state = ([A-Za-z]+)(?:, (up|down) for (\S+))?.*")
_VERSION = re.compile(r"BGP version 4, remote router ID (\S+)")
_HOLD = re.compile(r"Last read .*hold time is (\d+), keepalive interval is (\d+) seconds")
_FAMILY = re.compile(r"For address family: (IPv4|IPv6) (Unicast|Multicast)")
_CURRENT = re.compile(r"Prefixes Current:\s+(\d+)\s+(\d+)(?:\s+\(.*\))?")
_DROPPED = re.compile(r"Connections established (\d+); dropped (\d+)")
_RESET = re.compile(r"Last reset (\S+?)(?:, due to (.*))?")
_LOCAL_HOST = re.compile(r"Local host: (\S+), Local port: \d+")
_POLICY = re.compile(
    r"(Incoming|Outgoing) update prefix filter list is (\S+)|Route map for (incoming|outgoing) .* is (\S+)"
)

# RFC 4271 section 4.5, by the words that the IOS family of BGP prints for them.
_CODES: Mapping[str, str] = {
    "hold time expired": "0400",
    "peer in wrong as": "0202",
    "bgp identifier wrong": "0203",
    "unsupported": "0204",
    "unacceptable hold time": "0206",
    "administratively shutdown": "0602",
    "administrative shutdown": "0602",
    "peer de-configured": "0603",
    "administrative reset": "0604",
    "connection rejected": "0605",
    "other configuration change": "0606",
    "maximum number of prefixes reached": "0601",
}


class SummaryRow(Struct, frozen=True):
    """A neighbor's line: `state` is None when it is Established, and then `received` prefixes came."""

    peer: IPAddress
    remote_as: int
    uptime: int | None
    state: BgpState | None
    received: int | None


class Summary(Struct, frozen=True):
    """A whole summary. `local_as` is 0 where BGP does not run."""

    router_id: str
    local_as: int
    rows: tuple[SummaryRow, ...]


@dataclass(slots=True)
class Neighbor:
    """What `show bgp neighbors` says of one; times are seconds."""

    peer: IPAddress
    context: str
    remote_as: int
    internal: bool
    local_as: int = 0
    description: str = ""
    state: BgpState | None = None
    uptime: int | None = None
    remote_router_id: str = ""
    hold_time: int | None = None
    local_address: IPAddress | None = None
    established_count: int | None = None
    last_reset: str | None = None
    last_error: str = ""
    shut_down: bool = False
    families: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)  # name to (received, sent)
    policies: dict[str, dict[str, str]] = field(default_factory=dict)  # family to "in"/"out" to name


def parse_summary(text: str, names: Names = NO_NAMES, command: str = SUMMARY) -> Summary:
    """The summary's rows. Raises UnknownOutputError on text that is not known or is cut off.

    Whether a router without neighbors has the table's head is not documented: both are taken for that.
    """
    router: re.Match[str] | None = None
    in_table = False
    rows: list[SummaryRow] = []
    waiting = ""  # a long address stands on a line of its own
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and _NOT_ACTIVE.fullmatch(lines[0]):
        return Summary("", 0, ())
    for line in lines:
        if router is None:
            router = _ROUTER.fullmatch(line)
            if router is None:
                raise UnknownOutputError(command, "has a line that is not known", line)
        elif _HEADER.fullmatch(line):
            in_table = True
        elif not in_table:
            if not _SIZES.fullmatch(line):
                raise UnknownOutputError(command, "has a line that is not known", line)
        elif (row := _ROW.fullmatch(line)) is not None and bool(row[1]) != bool(waiting):
            rows.append(_row(row, waiting, names, command))
            waiting = ""
        elif re.fullmatch(r"[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*", line) and not waiting:
            waiting = line
        else:
            raise UnknownOutputError(command, "has a line that is not known or is cut off", line)
    if router is None:
        raise UnknownOutputError(command, "is empty")
    if waiting or (not in_table and len(lines) > 2):
        raise UnknownOutputError(command, "is cut off")
    return Summary(router[1], as_number(router[2]), tuple(rows))


def parse_routes(text: str, names: Names = NO_NAMES) -> tuple[IPNetwork, ...]:
    """The prefixes of a BGP table, of IPv4. A network without a length has that of its class, as all IOS prints it."""
    del names
    found: dict[IPNetwork, None] = {}
    head, _, table = text.partition("Next Hop")
    if table and "Network" not in head:
        raise UnknownOutputError(ADVERTISED, "has a table that is not known", table)
    for line in table.splitlines()[1:]:
        prefix = _ROUTE.fullmatch(line)
        if prefix is None:
            if line.strip() and not line.startswith("Total number of prefixes"):
                raise UnknownOutputError(ADVERTISED, "has a line that is not known", line)
        elif prefix[1]:
            length = prefix[2] or next(bits for first, bits in _CLASSES if int(prefix[1].partition(".")[0]) < first)
            found[ip_network(f"{prefix[1]}/{length}" if prefix[1] != "0.0.0.0" else "0.0.0.0/0")] = None
    return tuple(found)


def _row(row: re.Match[str], waiting: str, names: Names, command: str) -> SummaryRow:
    try:
        received = int(row[5]) if row[5].isdigit() else None
        state = None if received is not None else BgpState(row[5])
        return SummaryRow(address(waiting or row[1], names), as_number(row[3]), seconds(row[4]), state, received)
    except ValueError as error:
        raise UnknownOutputError(command, f"has a line that is not known ({error})", row[0]) from None


def parse_neighbors(text: str, names: Names = NO_NAMES) -> tuple[Neighbor, ...]:
    """Every neighbor. Raises UnknownOutputError on text that is not known or is cut off.

    What a release adds to a neighbor's details is skipped; what makes a session is required of every neighbor.
    """
    found: list[Neighbor] = []
    family = ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or (len(lines) == 1 and _NOT_ACTIVE.fullmatch(lines[0])):
        return ()
    for line in lines:
        title = _NEIGHBOR.fullmatch(line)
        if title is not None:
            family = ""
            found.append(
                Neighbor(
                    peer=address(title[1], names),
                    context=title[2] or title[3] or "",
                    remote_as=as_number(title[4]),
                    local_as=as_number(title[5]) if title[5] else 0,
                    internal=title[6] == "internal",
                )
            )
        elif not found or line.startswith("BGP neighbor is "):
            raise UnknownOutputError(NEIGHBORS, "has a line that is not known", line)
        elif (start := _FAMILY.fullmatch(line)) is not None:
            family = f"{start[1]}-{start[2]}".lower()
            found[-1].families.setdefault(family, (None, None))
        else:
            _detail(line, found[-1], family, names)
    for neighbor in found:
        # These are the first and the last things that are printed of every neighbor.
        if neighbor.state is None or neighbor.established_count is None or neighbor.last_reset is None:
            raise UnknownOutputError(NEIGHBORS, f"is cut off at neighbor {neighbor.peer}")
    return tuple(found)


def _detail(line: str, neighbor: Neighbor, family: str, names: Names) -> None:
    if (state := _STATE.fullmatch(line)) is not None:
        try:
            neighbor.state = BgpState({"Opensent": "OpenSent", "Openconfirm": "OpenConfirm"}.get(state[1], state[1]))
            neighbor.uptime = seconds(state[3]) if state[2] == "up" else None
        except ValueError as error:
            raise UnknownOutputError(NEIGHBORS, f"has a state that is not known ({error})", line) from None
    elif line.startswith("Description: "):
        neighbor.description = line.removeprefix("Description: ")
    elif line == "Administratively shut down":
        neighbor.shut_down = True
    elif (version := _VERSION.fullmatch(line)) is not None:
        neighbor.remote_router_id = version[1] if version[1] != "0.0.0.0" else ""  # "none yet"
    elif (hold := _HOLD.fullmatch(line)) is not None:
        neighbor.hold_time = int(hold[1])
    elif (current := _CURRENT.fullmatch(line)) is not None and family:
        neighbor.families[family] = (int(current[2]), int(current[1]))
    elif (policy := _POLICY.fullmatch(line)) is not None and family:
        way = "in" if (policy[1] or policy[3]).lower() == "incoming" else "out"
        neighbor.policies.setdefault(family, {})[way] = policy[2] or policy[4]
    elif (dropped := _DROPPED.fullmatch(line)) is not None:
        neighbor.established_count = int(dropped[1])
    elif (reset := _RESET.fullmatch(line)) is not None:
        neighbor.last_reset, neighbor.last_error = reset[1], (reset[2] or "").strip()
    elif (local := _LOCAL_HOST.fullmatch(line)) is not None:
        neighbor.local_address = address(local[1], names)


def sessions(summaries: Iterable[tuple[str, Summary]], neighbors: Iterable[Neighbor]) -> tuple[BgpSession, ...]:
    """Sessions as the models have them: `summaries` by address family, joined with the neighbors' details.

    Raises UnknownOutputError when the outputs contradict each other, as when one was read after a change.
    """
    rows: dict[IPAddress, dict[str, SummaryRow]] = {}
    routers = [summary for _, summary in summaries if summary.local_as]
    for family, summary in summaries:
        for row in summary.rows:
            rows.setdefault(row.peer, {})[family] = row
    details = {neighbor.peer: neighbor for neighbor in neighbors}
    if set(rows) - set(details):
        missing = ", ".join(str(peer) for peer in set(rows) - set(details))
        raise UnknownOutputError(NEIGHBORS, f"does not have neighbors that the summary has: {missing}")
    return tuple(_session(detail, rows.get(peer, {}), routers[0]) for peer, detail in details.items() if routers)


def _session(detail: Neighbor, rows: Mapping[str, SummaryRow], router: Summary) -> BgpSession:
    state = detail.state or BgpState.IDLE
    reasons = [row.state for row in rows.values() if row.state in (BgpState.IDLE_ADMIN, BgpState.IDLE_PREFIX_LIMIT)]
    if state is BgpState.IDLE and (reasons or detail.shut_down):
        state = reasons[0] if reasons and reasons[0] is not None else BgpState.IDLE_ADMIN
    up = state is BgpState.ESTABLISHED
    families = []
    for name in dict.fromkeys([*detail.families, *rows]):
        received, sent = detail.families.get(name, (None, None))
        row = rows.get(name)
        if received is None and row is not None:
            received = row.received
        families.append(FamilyState(name, received if up else None, sent if up else None))
    error = detail.last_error
    sent_by_us = "notification sent" in error.lower()
    received_by_us = "notification received" in error.lower()
    code = next((code for words, code in _CODES.items() if words in error.lower()), "")
    return BgpSession(
        peer=detail.peer,
        state=state,
        remote_as=detail.remote_as,
        local_as=detail.local_as or router.local_as,
        router_id=router.router_id,
        remote_router_id=detail.remote_router_id,
        local_address=detail.local_address,
        description=detail.description,
        uptime=detail.uptime if up else None,
        hold_time=detail.hold_time if up else None,
        established_count=detail.established_count or 0,
        last_reset=detail.last_reset or "",
        last_reset_sign=_sign(f"{detail.last_reset or ''} {error}"),
        last_error=error,
        last_error_code=code,
        last_error_sent=sent_by_us if sent_by_us or received_by_us else None,
        families=tuple(families),
    )


def _sign(words: str) -> ResetSign:
    """What the reason of a reset says of the path."""
    if re.search(r"no route|unreachable|no path", words, re.I):
        return "no route"
    return "bfd down" if re.search(r"\bBFD\b", words) else ""
