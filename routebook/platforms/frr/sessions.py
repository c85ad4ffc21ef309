"""bgpd's sessions, from its JSON, in one round trip that reads no routing table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, ip_address
from shlex import quote
from typing import Any

from msgspec import Struct

from routebook.device.bgp_open import refused_as
from routebook.device.errors import DriverError
from routebook.device.state import (
    BgpSession,
    BgpState,
    FamilyState,
    IPAddress,
    IPNetwork,
    ResetSign,
    Speaker,
)
from routebook.device.typed import Fields, decode
from routebook.platforms.frr import beneath
from routebook.platforms.frr.held_vtysh import HeldVtysh
from routebook.platforms.frr.policies import prefix_list_kind, shown
from routebook.platforms.frr.vtysh import NO_HISTORY
from routebook.transport.shell import Shell

_CORE = (
    "show daemons",
    "show bgp vrf all summary json",
    "show bgp vrf all neighbors json",
    "show running-config bgpd",
)
_BENEATH = ("show bfd peers json", "show rpki cache-connection json")
# Nothing that FRR prints begins with this.
_CUT = "\x1d"
# vtysh gives up at the first command that a daemon refuses: bgpd one about a route where it has no BGP, bfdd and a bgpd
# without its RPKI module everything. So those are asked only where the configuration has them.
_READ = f"""{NO_HISTORY}
routebook_said={{said}} || {{{{ routebook_status=$?; printf '%s\\n' "$routebook_said"; exit $routebook_status; }}}}
printf '%s\\n' "$routebook_said"
printf '{_CUT}'
case $routebook_said in *' bfd'*) vtysh -c '{{bfd}}' 2>/dev/null ;; esac
printf '{_CUT}'
case $routebook_said in *'rpki cache '*) vtysh -c '{{rpki}}' 2>/dev/null ;; esac
exit 0
"""

# Keys of a VRF's object in `show bgp vrf all neighbors json` that are no neighbors.
_NOT_A_NEIGHBOR = {"vrfId", "vrfName"}

_ERRORS = ("lastNotificationReason", "lastShutdownDescription")
_MOST_REFUSED = 10
_FAMILY = re.compile(r"(ipv4|ipv6|l2Vpn)([A-Z].*)")

Json = Mapping[str, Any]


class Bgp(Struct, frozen=True):
    """What bgpd says: per VRF the router ID of the summary, and each neighbor's object of both outputs.

    `running` is its configuration.
    """

    summaries: Json
    neighbors: Json
    policies: frozenset[tuple[str, str]]
    running: str = ""


class _Answers(Struct, frozen=True):
    """What was said to each question; the core is about the sessions themselves."""

    core: str
    routes: str
    bfd: str
    rpki: str


def read_bgp(shell: Shell) -> Bgp:
    """Read bgpd's sessions. Raises DriverError when bgpd does not answer or says something unknown."""
    return _understood(_ask(shell, ()))


def read_bgp_sessions(shell: Shell) -> tuple[BgpSession, ...]:
    """Every session of every VRF."""
    return with_refused_as(shell, sessions(read_bgp(shell)))


def with_refused_as(shell: Shell, found: tuple[BgpSession, ...]) -> tuple[BgpSession, ...]:
    """The sessions with the AS of the OPEN that each refused: no JSON has it, bgp_vty.c prints that OPEN as text."""
    refused = [each for each in found if each.last_error_code == "0202" and each.last_error_sent]
    shown = {
        each: shell.run(f"{NO_HISTORY}\nvtysh -c {quote(f'show bgp vrf {each.vrf} neighbors {each.peer}')}").stdout
        for each in refused[:_MOST_REFUSED]
    }
    return tuple(replace(each, refused_as=refused_as(shown[each])) if each in shown else each for each in found)


def read_speaker(shell: Shell, prefixes: Sequence[IPNetwork] = (), held: HeldVtysh | None = None) -> Speaker:
    """Every session of every VRF, BFD, the RPKI caches, and the best paths to `prefixes`. Raises DriverError.

    With a vtysh that is `held` open, by that as long as it answers as one that is started would.
    """
    if held is not None:
        try:
            return _speaker(shell, _ask_held(held, prefixes), prefixes)
        except DriverError:
            held.close()
    return _speaker(shell, _ask(shell, prefixes), prefixes)


def _ask_held(held: HeldVtysh, prefixes: Sequence[IPNetwork]) -> _Answers:
    daemons, summary, neighbors, running, bfd, rpki, *routes = held.ask(
        [*_CORE, *_BENEATH, *map(beneath.question, prefixes)]
    )
    configuration, end, _ = running.rpartition("\nend\n")
    if "bgpd" not in daemons.split() or not end:
        raise DriverError("bgpd does not run or does not answer")
    core = f"{summary}{neighbors}{configuration}"
    return _Answers(core, "".join(routes), bfd if bfd.startswith("[") else "", rpki)


def _speaker(shell: Shell, answers: _Answers, prefixes: Sequence[IPNetwork]) -> Speaker:
    found = _understood(answers)
    try:
        return Speaker(
            with_refused_as(shell, sessions(found)),
            beneath.bfd_peers(answers.bfd),
            beneath.rpki_servers(found.running, answers.rpki),
            beneath.routes(prefixes, answers.routes),
        )
    except ValueError as error:
        raise DriverError(
            f"what FRR says of BFD, RPKI or routes {error}: it is not as FRR 8.4 to 10 write it"
        ) from error


def _ask(shell: Shell, prefixes: Sequence[IPNetwork]) -> _Answers:
    core = _vtysh(_CORE)
    said = f"$({core})"
    if prefixes:
        said = f"$({_vtysh((*_CORE, *map(beneath.question, prefixes)))}) || routebook_said=$({core})"
    result = shell.run(
        _READ.format(said=said, bfd=_BENEATH[0], rpki=_BENEATH[1]), asked="`show bgp vrf all neighbors json`"
    )
    daemons, _, rest = result.stdout.partition("\n")
    if "bgpd is not running" in result.stderr or (result.status == 0 and "bgpd" not in daemons.split()):
        raise DriverError("bgpd does not run or does not answer")
    if result.status != 0:
        raise DriverError(f"FRR does not answer: {' '.join((result.stdout + result.stderr).split())[:300]}")
    core_said, bfd, rpki = ([*rest.split(_CUT), "", ""])[:3]
    before, end, routes = core_said.rpartition("\nend\n")
    return _Answers(before if end else core_said, routes, bfd, rpki)


def _vtysh(commands: Sequence[str]) -> str:
    return " ".join(["vtysh", *(f"-c '{command}'" for command in commands)])


def _understood(answers: _Answers) -> Bgp:
    try:
        summaries, rest = decode(answers.core)
        neighbors, rest = decode(rest)
        if not isinstance(summaries, dict) or not isinstance(neighbors, dict):
            raise ValueError("is not an object for each VRF")
    except ValueError as error:
        raise DriverError(f"bgpd's answer {error}: it is not as FRR 8.4 to 10 write it") from error
    return Bgp(summaries, neighbors, shown(rest), rest)


def sessions(bgp: Bgp) -> tuple[BgpSession, ...]:
    """The sessions in bgpd's JSON. Raises DriverError on what it does not know."""
    try:
        return tuple(_session(*item, bgp) for item in _neighbors(bgp))
    except ValueError as error:
        raise DriverError(f"bgpd's JSON is not as FRR 8.4 to 10 write it: {error}") from error


def _neighbors(bgp: Bgp) -> Iterator[tuple[str, str, Fields]]:
    vrfs = Fields(bgp.neighbors, "neighbors")
    for vrf in vrfs:
        found = vrfs.fields(vrf)
        for name in found:
            if name not in _NOT_A_NEIGHBOR:
                yield vrf, name, found.fields(name)


def summary_of(bgp: Bgp, vrf: str, name: str) -> dict[str, Fields]:
    """A neighbor's entries in the summary, by family as FRR spells it; none if it has no active family."""
    families = Fields(bgp.summaries, "summary").fields(vrf)
    peers = {family: families.fields(family).fields("peers") for family in families}
    return {family: found.fields(name) for family, found in peers.items() if name in found}


def family_name(spelled: str) -> str:
    """`ipv4Unicast` as "ipv4-unicast"."""
    match = _FAMILY.fullmatch(spelled)
    if match is None:
        raise ValueError(f"address family {spelled!r}")
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", match[2]).lower()
    return f"{match[1].lower()}-{words}"


def _session(vrf: str, name: str, found: Fields, bgp: Bgp) -> BgpSession:
    summary = summary_of(bgp, vrf, name)
    state = _state(found, summary)
    up = state is BgpState.ESTABLISHED
    error = " ".join(found.word(key) for key in _ERRORS if found.has(key))
    reset = found.text("lastResetDueTo", "")
    return BgpSession(
        peer=_address(name, found),
        state=state,
        remote_as=found.number("remoteAs"),
        local_as=found.number("localAs"),
        router_id=found.text("localRouterId"),
        remote_router_id=found.text("remoteRouterId") if up else "",
        local_address=_optional_address(found.text("hostLocal", "")),
        description=found.text("nbrDesc", ""),
        uptime=found.number("bgpTimerUpMsec") // 1000 if up else None,
        hold_time=found.number("bgpTimerHoldTimeMsecs") // 1000 if up else None,
        established_count=found.number("connectionsEstablished"),
        last_reset=reset,
        last_reset_sign=_sign(f"{reset} {error}"),
        last_error=error,
        last_error_code=found.text("lastErrorCodeSubcode", "").lower(),
        last_error_sent=_sent(found),
        vrf=vrf,
        families=tuple(_families(found, summary, bgp)) if up else (),
    )


def _sign(words: str) -> ResetSign:
    """bgpd's reasons for a reset that are about the path: `Waiting for NHT` (8.4), `No path to specified Neighbor`."""
    if re.search(r"\bNHT\b|no route|unreachable|No path", words, re.I):
        return "no route"
    return "bfd down" if re.search(r"\bBFD\b", words) else ""


def _state(found: Fields, summary: Mapping[str, Fields]) -> BgpState:
    """The state; the reasons for Idle are in the summary only, or in flags of a neighbor that is not in it."""
    state = BgpState(found.text("bgpState"))
    if state is not BgpState.IDLE:
        return state
    shown = {entry.text("state") for entry in summary.values()}
    if found.flag("adminShutDown") or BgpState.IDLE_ADMIN in shown:
        return BgpState.IDLE_ADMIN
    if found.flag("prefixesConfigExceedMax") or BgpState.IDLE_PREFIX_LIMIT in shown:
        return BgpState.IDLE_PREFIX_LIMIT
    return state


def _sent(found: Fields) -> bool | None:
    """Whether this side sent the last NOTIFICATION, None when the last reset was for another reason."""
    reason = found.text("lastResetDueTo", "")
    if not found.has("lastErrorCodeSubcode") or "Notification" not in reason:
        return None
    return "send" in reason or "sent" in reason


def _families(found: Fields, summary: Mapping[str, Fields], bgp: Bgp) -> Iterator[FamilyState]:
    capabilities, families = found.fields("neighborCapabilities"), found.fields("addressFamilyInfo")
    negotiated = capabilities.fields("multiprotocolExtensions")
    for spelled in families:
        family = families.fields(spelled)
        if "multiprotocolExtensions" not in capabilities:
            agreed = spelled == "ipv4Unicast"  # a peer without capabilities (RFC 4760 section 8)
        else:
            agreed = negotiated.fields(spelled).flag("advertisedAndReceived")
        if not agreed:
            continue
        entry = summary.get(spelled, Fields({}, ""))
        yield FamilyState(
            name=family_name(spelled),
            received=_first_number(family, "acceptedPrefixCounter", entry, "pfxRcd"),
            sent=_first_number(family, "sentPrefixCounter", entry, "pfxSnt"),
            policy_missing=any(key in family for key in ("inboundEbgpRequiresPolicy", "outboundEbgpRequiresPolicy")),
            undefined_policies=tuple(_undefined(spelled, family, bgp.policies)),
            addpath_tx_all=family.flag("addpathTxAllPaths"),
        )


def _first_number(family: Fields, name: str, entry: Fields, other: str) -> int | None:
    return family.number(name) if name in family else entry.number_or_none(other)


def _undefined(spelled: str, family: Fields, known: frozenset[tuple[str, str]]) -> Iterator[str]:
    prefix_list = prefix_list_kind(spelled)
    for key, kind in (
        ("routeMapForIncomingAdvertisements", "route-map"),
        ("routeMapForOutgoingAdvertisements", "route-map"),
        ("incomingUpdatePrefixFilterList", prefix_list),
        ("outgoingUpdatePrefixFilterList", prefix_list),
        ("incomingUpdateAsPathFilterList", "as-path access-list"),
        ("outgoingUpdateAsPathFilterList", "as-path access-list"),
    ):
        if (name := family.text(key, "")) and (kind, name) not in known:
            yield f"{kind} {name}"


def _address(name: str, found: Fields) -> IPAddress:
    """The peer's address; of an unnumbered neighbor the link-local one, `::` until bgpd has learned it."""
    try:
        return ip_address(name)
    except ValueError:
        learned = found.text("bgpNeighborAddr", "none")
        return ip_address(learned) if learned != "none" else IPv6Address("::")


def _optional_address(text: str) -> IPAddress | None:
    return None if text in ("", "Unknown") else ip_address(text)
