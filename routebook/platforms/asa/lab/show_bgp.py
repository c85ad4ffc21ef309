"""`show bgp …` and `clear bgp …` in the device's formats, with what FRR says."""

import json
from ipaddress import ip_network
from typing import Any

from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.processes import run, vtysh_json
from routebook.platforms.asa.lab.session import Session, command

NOT_ACTIVE = "% BGP not active"


def uptime(seconds: float) -> str:
    """How long, as the device writes it: 00:04:42, 1d02h, 4w6d."""
    whole = int(seconds)
    if whole < 86400:
        return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    days = whole // 86400
    return f"{days}d{whole % 86400 // 3600:02d}h" if days < 7 else f"{days // 7}w{days % 7}d"


def _clock(seconds: float) -> str:
    return uptime(max(seconds, 0))


def _active(session: Session) -> bool:
    return session.daemons.enabled and session.daemons.root.first("router", "bgp") is not None


def _state(name: str) -> str:
    # FRR distinguishes a connection that is being tried from one that waits; the device calls both Active.
    return "Active" if name == "Connect" else name


@command("bgp-summary", "bgp6-summary")
async def summary(session: Session, parsed: Parsed) -> str:
    """All neighbors of an address family, a line each."""
    await session.daemons.settle()
    if not _active(session):
        return NOT_ACTIVE
    family = "ipv6" if parsed.rule.name == "bgp6-summary" else "ipv4"
    router = session.daemons.root.first("router", "bgp")
    if router is None or router.first("address-family", family) is None:
        return ""
    found = await vtysh_json(f"show bgp {family} unicast summary")
    table = await vtysh_json(f"show bgp {family} unicast")
    routes: dict[str, list[dict[str, Any]]] = table.get("routes", {})
    paths = sum(len(each) for each in routes.values())
    best = sum(1 for each in routes.values() for path in each if path.get("bestpath"))
    attributes = len({(str(path.get("nexthops")), path.get("path")) for each in routes.values() for path in each})
    version = int(table.get("tableVersion", found.get("tableVersion", 1)))
    size = 200 if family == "ipv4" else 224
    lines = [
        f"BGP router identifier {found.get('routerId', table.get('routerId', '0.0.0.0'))}, "
        f"local AS number {router.words[2]}",
        f"BGP table version is {version}, main routing table version {version}",
    ]
    if routes:
        lines += [
            f"{len(routes)} network entries using {len(routes) * size} bytes of memory",
            f"{paths} path entries using {paths * 80} bytes of memory",
            f"{attributes}/{min(best, attributes)} BGP path/bestpath attribute entries "
            f"using {attributes * 208} bytes of memory",
            "0 BGP route-map cache entries using 0 bytes of memory",
            "0 BGP filter-list cache entries using 0 bytes of memory",
            f"BGP using {len(routes) * size + paths * 80 + attributes * 208} total bytes of memory",
            f"BGP activity {len(routes)}/0 prefixes, {paths}/0 paths, scan interval 60 secs",
        ]
    lines += ["", "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd"]
    for address, peer in found.get("peers", {}).items():
        lines.append(_summary_line(address, peer, version))
    return "\n".join(lines)


def _summary_line(address: str, peer: dict[str, Any], version: int) -> str:
    state = peer.get("state", "Idle")
    up = state == "Established"
    since = "never" if peer.get("peerUptime") == "never" else uptime(peer.get("peerUptimeMsec", 0) / 1000)
    last = str(peer.get("pfxRcd", 0)) if up else _state(state)
    head = f"{address:<15} " if len(address) < 16 else f"{address}\n{'':16}"
    return (
        f"{head}4 {peer['remoteAs']:>12} {peer.get('msgRcvd', 0):<7} {peer.get('msgSent', 0):<7} "
        f"{version if up else 1:>8} {peer.get('inq', 0):>4} {peer.get('outq', 0):>4} {since:<8} {last:<8}"
    )


@command("bgp-neighbors")
async def neighbors(session: Session, parsed: Parsed) -> str:
    """Everything about each neighbor."""
    await session.daemons.settle()
    if not _active(session):
        return NOT_ACTIVE
    found = await vtysh_json("show bgp neighbors")
    wanted = parsed.values[0] if parsed.values else ""
    version = "6" if "ipv6" in parsed.words else "4" if "ipv4" in parsed.words else ""
    shown = []
    for address, peer in found.items():
        if not isinstance(peer, dict) or (wanted and address != wanted):
            continue
        if version and (":" in address) != (version == "6"):
            continue
        shown.append("\n".join(_neighbor(session, address, peer)))
    if wanted and not shown:
        return "% No such neighbor or address family"
    return "\n\n".join(shown)


def _neighbor(session: Session, address: str, peer: dict[str, Any]) -> list[str]:
    link = "external" if peer.get("nbrExternalLink") else "internal"
    state = peer.get("bgpState", "Idle")
    up = state == "Established"
    lines = [f"BGP neighbor is {address},  context single_vf,  remote AS {peer['remoteAs']}, {link} link"]
    if peer.get("nbrDesc"):
        lines.append(f" Description: {peer['nbrDesc']}")
    if peer.get("adminShutDown"):
        lines.append(" Administratively shut down")
    lines.append(f"  BGP version 4, remote router ID {peer.get('remoteRouterId', '0.0.0.0')}")
    since = f", up for {uptime(peer.get('bgpTimerUpMsec', 0) / 1000)}" if up else ""
    lines.append(f"  BGP state = {_state(state)}{since}")
    hold = peer.get("bgpTimerHoldTimeMsecs", 180000) // 1000
    keepalive = peer.get("bgpTimerKeepAliveIntervalMsecs", 60000) // 1000
    if up:
        read, written = (_clock(peer.get(f"bgpTimerLast{each}", 0) / 1000) for each in ("Read", "Write"))
        lines.append(
            f"  Last read {read}, last write {written}, hold time is {hold}, keepalive interval is {keepalive} seconds"
        )
        lines += ["  Neighbor sessions:", "    1 active, is not multisession capable (disabled)"]
        lines += _capabilities(peer.get("neighborCapabilities", {}))
    lines += _messages(peer.get("messageStats", {}))
    for family, info in peer.get("addressFamilyInfo", {}).items():
        name = {"ipv4Unicast": "IPv4 Unicast", "ipv6Unicast": "IPv6 Unicast"}.get(family)
        if name is not None:
            lines += _family(address, name, info, up)
    known = up or peer.get("nextHop")
    lines += [
        "",
        f"  Address tracking is enabled, the RIB does {'' if known else 'not '}have a route to {address}",
        f"  Connections established {peer.get('connectionsEstablished', 0)}; "
        f"dropped {peer.get('connectionsDropped', 0)}",
    ]
    if peer.get("lastResetTimerMsecs") is not None and peer.get("connectionsDropped"):
        reason = peer.get("lastNotificationReason") or peer.get("lastResetDueTo", "unknown")
        lines.append(f"  Last reset {_clock(peer['lastResetTimerMsecs'] / 1000)}, due to {reason}")
    else:
        lines.append("  Last reset never")
    hops = 255 if link == "internal" else peer.get("externalBgpNbrMaxHopsAway", 1)
    if link == "external" and hops != 1:
        lines.append(f"  External BGP neighbor may be up to {hops} hops away.")
    lines += ["  Transport(tcp) path-mtu-discovery is enabled", "  Graceful-Restart is disabled"]
    if up:
        lines += [
            "Connection state is ESTAB, I/O status: 1, unread input bytes: 0",
            f"Local host: {peer.get('hostLocal', '')}, Local port: {peer.get('portLocal', 0)}",
            f"Foreign host: {peer.get('hostForeign', address)}, Foreign port: {peer.get('portForeign', 0)}",
        ]
    elif state != "Idle":
        lines.append("  No active TCP connection")
    del session
    return lines


def _both(capability: object) -> str:
    text = str(capability)
    if "eceived" in text and "dvertised" in text:
        return "advertised and received"
    return "advertised" if "dvertised" in text else "received" if "eceived" in text else ""


def _capabilities(found: dict[str, Any]) -> list[str]:
    lines = ["  Neighbor capabilities:"]
    if _both(found.get("routeRefresh", "")):
        lines.append(f"    Route refresh: {_both(found['routeRefresh'])}(new)")
    if _both(found.get("4byteAs", "")):
        lines.append(f"    Four-octets ASN Capability: {_both(found['4byteAs'])}")
    for family, name in (("ipv4Unicast", "IPv4 Unicast"), ("ipv6Unicast", "IPv6 Unicast")):
        capability = found.get("multiprotocolExtensions", {}).get(family)
        if capability is not None:
            lines.append(f"    Address family {name}: {_both(capability)}")
    return [*lines, "    Multisession Capability: "]


def _messages(stats: dict[str, int]) -> list[str]:
    lines = [
        "  Message statistics:",
        "    InQ depth is 0",
        "    OutQ depth is 0",
        "  ",
        "                   Sent       Rcvd",
    ]
    for name, key in (("Opens", "opens"), ("Notifications", "notifications"), ("Updates", "updates"),
                      ("Keepalives", "keepalives"), ("Route Refresh", "routeRefresh"), ("Total", "total")):  # fmt: skip
        lines.append(f"    {name + ':':<15}{stats.get(key + 'Sent', 0):<11}{stats.get(key + 'Recv', 0)}")
    return [*lines, "  Default minimum time between advertisement runs is 30 seconds"]


def _family(address: str, name: str, info: dict[str, Any], up: bool) -> list[str]:
    sent, received = info.get("sentPrefixCounter", 0), info.get("acceptedPrefixCounter", 0)
    version = info.get("updateGroupId", 0) if up else 0
    lines = [
        "", f" For address family: {name}", f"  Session: {address}",
        f"  BGP table version {version}, neighbor version {version}/0", "  Output queue size : 0", "  Index 0",
    ]  # fmt: skip
    for key, text in (("routeMapForIncomingAdvertisements", "  Route map for incoming advertisements is {}"),
                      ("routeMapForOutgoingAdvertisements", "  Route map for outgoing advertisements is {}"),
                      ("incomingUpdatePrefixFilterList", "  Incoming update prefix filter list is {}"),
                      ("outgoingUpdatePrefixFilterList", "  Outgoing update prefix filter list is {}")):  # fmt: skip
        if info.get(key):
            lines.append(text.format(info[key]))
    return [
        *lines,
        "                           Sent       Rcvd",
        "  Prefix activity:         ----       ----",
        f"    Prefixes Current:      {sent:<11}{received:<10} (Consumes {received * 80} bytes)",
        f"    Prefixes Total:        {sent:<11}{received}",
        f"    Implicit Withdraw:     {0:<11}0",
        f"    Explicit Withdraw:     {0:<11}0",
        f"    Used as bestpath:      {'n/a':<11}{received}",
        f"    Used as multipath:     {'n/a':<11}0",
        "",
        "                                   Outbound    Inbound",
        "  Local Policy Denied Prefixes:    --------    -------",
        "    Total:                                0          0",
        "  Number of NLRIs in the update sent: max 0, min 0",
    ]


@command("bgp", "bgp6", "bgp-prefix", "bgp-neighbor-routes")
async def table(session: Session, parsed: Parsed) -> str:
    """The BGP table, whole or a part."""
    await session.daemons.settle()
    if not _active(session):
        return NOT_ACTIVE
    if parsed.rule.name == "bgp-prefix":
        return await _entry("/".join(parsed.values[:2]))
    family = "ipv6" if parsed.rule.name == "bgp6" else "ipv4"
    what = f"show bgp {family} unicast"
    if parsed.rule.name == "bgp-neighbor-routes":
        family = "ipv6" if ":" in parsed.values[0] else "ipv4"
        kind = parsed.words[-1].replace("received-routes", "routes")
        what = f"show bgp {family} unicast neighbors {parsed.values[0]} {kind}"
    found = await vtysh_json(what)
    routes = found.get("routes", found.get("advertisedRoutes", {}))
    version = found.get("tableVersion", found.get("bgpTableVersion", 1))
    router_id = found.get("routerId", found.get("bgpLocalRouterId", ""))
    lines = [
        "",
        f"BGP table version is {version}, local router ID is {router_id}",
        "Status codes: s suppressed, d damped, h history, * valid, > best, i - internal,",
        "              r RIB-failure, S Stale, m multipath",
        "Origin codes: i - IGP, e - EGP, ? - incomplete",
        "",
        "   Network          Next Hop            Metric LocPrf Weight  Path",
    ]
    for prefix, paths in routes.items():
        for number, path in enumerate(paths if isinstance(paths, list) else [paths]):
            lines.append(_route(prefix if number == 0 else "", path))
    return "\n".join(lines)


async def _entry(asked: str) -> str:
    """All paths of one prefix: of the exact one with a mask, of the longest that has an address without."""
    prefix = str(ip_network(asked)) if "/" in asked else asked
    found = await vtysh_json(f"show bgp ipv4 unicast {prefix}")
    paths = found.get("paths", [])
    if not paths:
        return "% Network not in table"
    best = next((n for n, path in enumerate(paths, 1) if path.get("bestpath", {}).get("overall")), 0)
    chosen = f"best #{best}" if best else "no best path"
    lines = [
        f"BGP routing table entry for {found['prefix']}, version {found.get('version', 1)}",
        f"Paths: ({len(paths)} available, {chosen}, table default)",
        "  Not advertised to any peer",
    ]
    for path in paths:
        hop = (path.get("nexthops") or [{}])[0]
        peer = path.get("peer", {})
        who = peer.get("peerId", "0.0.0.0")
        local = who in ("0.0.0.0", "(unspec)")
        far = "" if hop.get("accessible") else " (inaccessible)"
        kind = "sourced, local" if local else str(peer.get("type", "internal"))
        words = [f"Origin {path.get('origin', 'IGP')}", f"metric {path.get('metric', 0)}"]
        words += [f"localpref {path.get('locPrf', 100)}", *(["valid"] if path.get("valid") else []), kind]
        words += ["best"] if path.get("bestpath", {}).get("overall") else []
        lines += [
            f"  {path.get('aspath', {}).get('string', '') or 'Local'}",
            f"    {hop.get('ip', '0.0.0.0')}{far} from {who} ({peer.get('routerId', '0.0.0.0')})",
            f"      {', '.join(words)}",
        ]
    return "\n".join(lines)


@command("bfd-neighbors")
async def bfd_neighbors(session: Session, _: Parsed) -> str:
    """The BFD sessions, where bfdd runs."""
    await session.daemons.settle()
    said = await run("vtysh", "-c", "show bfd peers json", check=False) if session.daemons.enabled else ""
    peers = json.loads(said) if said.lstrip().startswith("[") else []
    if not peers:
        return ""
    lines = ["", "IPv4 Sessions", f"{'NeighAddr':<39}{'LD/RD':<14}{'RH/RS':<10}{'State':<10}Int"]
    for peer in peers:
        state = {"shutdown": "AdminDown"}.get(peer["status"], peer["status"].capitalize())
        ids = f"{peer.get('id', 0)}/{peer.get('remote-id', 0)}"
        # bfdd's numbers have 32 bits, and fill a column that an ASA's small ones do not.
        lines.append(f"{peer['peer']:<38} {ids:<13} {state:<10}{state:<10}{peer.get('interface', '')}".rstrip())
    return "\n".join(lines)


def _route(prefix: str, path: dict[str, Any]) -> str:
    hops = path.get("nexthops", [{}])
    hop = hops[0].get("ip", path.get("nextHop", "0.0.0.0")) if hops else "0.0.0.0"
    flags = ("*" if path.get("valid", True) else " ") + (">" if path.get("bestpath", path.get("best")) else " ")
    flags += "i" if path.get("pathFrom") == "internal" else " "
    origin = {"IGP": "i", "EGP": "e", "incomplete": "?"}.get(str(path.get("origin", "IGP")), "?")
    as_path = f"{path.get('path', '')} {origin}".strip()
    local = path.get("locPrf", "")
    return f"{flags}{prefix:<17}{hop:<20}{path.get('metric', 0):>6} {local:>6} {path.get('weight', 0):>6}  {as_path}"


@command("clear-bgp")
async def clear(session: Session, parsed: Parsed) -> str:
    """Reset sessions, hard or soft."""
    await session.daemons.settle()
    if not _active(session):
        return NOT_ACTIVE
    await run("vtysh", "-c", " ".join(word for word in parsed.words if word != "unicast"), check=False)
    return ""
