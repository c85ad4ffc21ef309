"""OpenBGPD's sessions, from bgpctl's JSON (bgpctl's output_json.c, OpenBGPD 7 and 8)."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from shlex import quote

from routebook.device.errors import DriverError
from routebook.device.reader import Outbound
from routebook.device.records import free_text
from routebook.device.state import BgpSession, BgpState, FamilyState, IPNetwork, Route
from routebook.device.typed import Fields, decode
from routebook.platforms.pfsense.routing import as_number
from routebook.transport.shell import Shell

BGPCTL = "/usr/local/sbin/bgpctl"

# NOTIFICATIONs as bgpd words them (usr.sbin/bgpd/bgpd.h, errnames and suberr_…_names), with codes of RFC 4271 section
# 4.5. The subcodes that an operator meets; of others the code alone is reported.
_CODES = {
    "Header error": "01", "error in OPEN message": "02", "error in UPDATE message": "03", "HoldTimer expired": "04",
    "Finite State Machine error": "05", "Cease": "06", "Administratively stopped": "06",
}  # fmt: skip
_SUBCODES = {
    "version mismatch": "01", "AS unacceptable": "02", "BGPID invalid": "03", "optional parameter error": "04",
    "unacceptable holdtime": "06", "unsupported capability": "07", "role mismatch": "0b",
    "max-prefix exceeded": "01", "administratively down": "02", "peer unconfigured": "03",
    "administrative reset": "04", "connection rejected": "05", "other config change": "06",
    "collision resolution": "07", "resource exhaustion": "08", "hard reset": "09",
}  # fmt: skip
_FAMILIES = {"IPv4 unicast": "ipv4-unicast", "IPv6 unicast": "ipv6-unicast"}


def read_neighbors(shell: Shell) -> list[Fields]:
    """bgpctl's neighbors. Raises DriverError when bgpd does not answer."""
    result = shell.run(f"{BGPCTL} -j -n show neighbor", asked="`bgpctl -j show neighbor`")
    if result.status:
        raise DriverError(f"bgpd does not answer: {(result.stderr or result.stdout).strip() or result.status}")
    try:
        return Fields(decode(result.stdout or "{}")[0], "answer").objects("neighbors")
    except ValueError as error:
        raise DriverError(f"bgpctl's answer {error}: it is not as OpenBGPD 7 and 8 write it") from error


def sessions(neighbors: list[Fields], local_as: int, router_id: str) -> tuple[BgpSession, ...]:
    """The sessions. Raises DriverError on what is not known."""
    try:
        return tuple(
            _session(found, local_as, router_id) for found in neighbors if not found.fields("config").has("template")
        )
    except ValueError as error:
        raise DriverError(f"bgpctl's JSON is not as OpenBGPD 7 and 8 write it: {error}") from error


def _session(found: Fields, local_as: int, router_id: str) -> BgpSession:
    state = BgpState(found.text("state"))
    config, session = found.fields("config"), found.fields("session")
    if state is BgpState.IDLE and config.has("down"):
        state = BgpState.IDLE_ADMIN
    up = state is BgpState.ESTABLISHED
    local = session.fields("local").text("address", "")
    error, sent = _error(found)
    if state is BgpState.IDLE and "max-prefix exceeded" in error:
        state = BgpState.IDLE_PREFIX_LIMIT
    return BgpSession(
        peer=ip_address(found.text("remote_addr")),
        state=state,
        remote_as=as_number(found.word("remote_as")) or 0,
        local_as=(as_number(config.word("local_as")) if "local_as" in config else 0) or local_as,
        router_id=router_id,
        remote_router_id=found.text("bgpid", "") if up else "",
        local_address=ip_address(local) if local else None,
        description=found.text("description", ""),
        uptime=found.number("last_updown_sec") if up else None,
        hold_time=session.number_or_none("holdtime") if up else None,
        established_count=0 if found.number("last_updown_sec") < 0 else 1,
        last_reset=error,
        last_error=error,
        last_error_code=_code(error),
        last_error_sent=sent,
        families=tuple(_families(found, session)) if up else (),
    )


def _error(found: Fields) -> tuple[str, bool | None]:
    """The last NOTIFICATION's words and whether this side sent it."""
    for key, sent in (("last_error_sent", True), ("last_error_received", False)):
        if found.has(key):
            return found.word(key), sent
    return "", None


def _code(error: str) -> str:
    name, _, reason = error.partition(", ")
    code = _CODES.get(name, "")
    return code + _SUBCODES.get(reason, "00") if code else ""


def _families(found: Fields, session: Fields) -> list[FamilyState]:
    """The agreed families. bgpd counts prefixes for a neighbor as a whole: with several, none has a number."""
    agreed = session.fields("capabilities").texts("multiprotocol")
    names = [_FAMILIES[name] for name in agreed or ["IPv4 unicast"] if name in _FAMILIES]
    counted = found.fields("stats").fields("prefixes")
    received, sent = (counted.number(key) if len(names) == 1 else None for key in ("received", "sent"))
    return [FamilyState(name=name, received=received, sent=sent) for name in names]


def with_peers_as(shell: Shell, found: tuple[BgpSession, ...]) -> tuple[BgpSession, ...]:
    """The sessions with the AS that each live one's peer really is in, where its routes show it.

    After a reload bgpd says "Established" with the new remote AS of a session that was made with the old one. The
    AS that routes of an external peer begin with is the one that the session was made with (`enforce neighbor-as`).
    """
    external = [session for session in found if session.established and session.external]
    if not external:
        return found
    # The first route is enough, of a table that may be large.
    script = "\n".join(
        f"printf '%s ' {quote(str(session.peer))}; {BGPCTL} -j -n show rib in neighbor {quote(str(session.peer))} "
        "2>/dev/null | grep -m 1 '\"aspath\"'; echo"
        for session in external
    )
    first_as: dict[str, int] = {}
    for line in shell.run(script).stdout.splitlines():
        peer, _, rest = line.partition(" ")
        first = rest.partition(":")[2].strip(' ",').split(" ")[0]
        if (number := as_number(first)) is not None:
            first_as[peer] = number
    return tuple(replace(session, peer_as=first_as.get(str(session.peer), session.peer_as)) for session in found)


# Nothing that bgpctl prints begins with this.
_CUT = "\x1d"


def advertised(shell: Shell, wanted: Sequence[Outbound]) -> dict[Outbound, tuple[IPNetwork, ...]]:
    """What bgpd sends neighbors after its filters: its Adj-RIB-Out (bgpctl(8), `show rib out neighbor`)."""
    if not wanted:
        return {}
    shows = [f"show rib {family.partition('-')[0]} out neighbor {ip_address(peer)}" for peer, family in wanted]
    script = "\n".join(f"{BGPCTL} -j -n {show} || printf 'failed'; printf '{_CUT}'" for show in shows)
    parts = shell.run(script, asked=f"`bgpctl {shows[0]}` and {len(shows) - 1} more").stdout.split(_CUT)[:-1]
    if len(parts) != len(wanted):
        raise DriverError("bgpctl's answer on what bgpd sends is cut off")
    found = {each: _sent(part) for each, part in zip(wanted, parts, strict=True)}
    return {each: sent for each, sent in found.items() if sent is not None}


def _sent(said: str) -> tuple[IPNetwork, ...] | None:
    """The prefixes of one answer; None where it is an error, or not as OpenBGPD 7 and 8 write it."""
    try:
        value, rest = decode(said if said.strip() else "{}")
        if rest.strip():
            return None
        found = Fields(value, "answer").objects("rib")
        return tuple(dict.fromkeys(ip_network(route.text("prefix")) for route in found))
    except ValueError:
        return None


def routes(shell: Shell, prefixes: Sequence[IPNetwork]) -> tuple[Route, ...] | None:
    """The best paths to prefixes, each asked for by itself (bgpctl(8), `show rib PREFIX`; json_rib() in output_json.c).

    What is answered in another form, as by a bgpd without any neighbor, is left out.
    """
    if not prefixes:
        return ()
    script = "\n".join(f"{BGPCTL} -j -n show rib {prefix}; printf '{_CUT}'" for prefix in prefixes)
    parts = shell.run(script, asked="`bgpctl show rib`").stdout.split(_CUT)[:-1]
    if len(parts) != len(prefixes):
        raise DriverError("bgpctl's answer on best paths is cut off")
    found = [_route(said, prefix) for said, prefix in zip(parts, prefixes, strict=True)]
    return tuple(route for route in found if route is not None)


def _route(said: str, prefix: IPNetwork) -> Route | None:
    """The best path of one answer, none where no path is the best; None where the answer is none."""
    try:
        answer = Fields(decode(said if said.strip() else "{}")[0], "answer")
        if "error" in answer:
            return None
        paths = [path for path in answer.objects("rib") if ip_network(path.text("prefix"), strict=False) == prefix]
        # One that cannot be used is never the best (rde_decide.c, prefix_evaluate): without a best one it is shown.
        best = next((path for path in paths if path.flag("best")), paths[0] if paths else None)
        if best is None:
            return Route(prefix)
        return Route(
            prefix,
            next_hop=free_text(best.text("exit_nexthop")),
            peer=free_text(best.fields("neighbor").text("remote_addr", "")),
            as_path=free_text(best.text("aspath", "")),
            reachable=best.flag("valid"),
            validation=free_text(best.text("ovs", "")).replace("-", ""),
        )
    except ValueError:
        return None


def clear_session(shell: Shell, peer: str) -> None:
    """Reset a session: `clear` stops it and waits five seconds, which `up` ends (bgpd: session.c, control.c).

    Raises DriverError where bgpctl does not.
    """
    said = shell.run(f"{BGPCTL} neighbor {quote(peer)} clear && {BGPCTL} neighbor {quote(peer)} up")
    if said.status:
        raise DriverError(
            f"bgpctl does not clear {peer}: {(said.stderr or said.stdout).strip() or said.status}", changed=True
        )


def retry(shell: Shell, names: list[str]) -> None:
    """Let neighbors that wait try again at once. Established ones, and those shut down, are left alone.

    `clear` ends a wait for the next attempt and begins one of five seconds, which `up` ends (session.c, control.c).
    """
    commands = []
    for found in read_neighbors(shell):
        name, state = found.text("remote_addr"), found.text("state")
        if name not in names or found.fields("config").has("down"):
            continue
        if state in (BgpState.CONNECT, BgpState.ACTIVE):
            commands.append(f"{BGPCTL} neighbor {quote(name)} clear")
        if state in (BgpState.CONNECT, BgpState.ACTIVE, BgpState.IDLE):
            commands.append(f"{BGPCTL} neighbor {quote(name)} up")
    if commands:
        shell.run("\n".join(commands))
