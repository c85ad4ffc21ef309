"""bgpd's sessions in the shape of NAPALM's `get_bgp_neighbors` and `get_bgp_neighbors_detail`."""

from collections.abc import Mapping
from typing import Any

from routebook.device import bgp_getters
from routebook.device.state import BgpSession
from routebook.device.typed import Fields
from routebook.platforms.frr.sessions import Bgp, Json, family_name, sessions, summary_of


def bgp_neighbors(bgp: Bgp) -> dict[str, dict[str, Any]]:
    """`get_bgp_neighbors`: VRF ("global" for the default one) to router ID and peers."""
    found: dict[str, dict[str, Any]] = {}
    for session, vrf, name, neighbor in _all(bgp):
        table = found.setdefault(vrf, {"router_id": session.router_id, "peers": {}})
        families = _families(session, Fields(neighbor, name), summary_of(bgp, session.vrf, name))
        table["peers"][name] = bgp_getters.neighbor(session, families)
    return found


def bgp_neighbors_detail(bgp: Bgp, neighbor_address: str = "") -> dict[str, dict[int, list[dict[str, Any]]]]:
    """`get_bgp_neighbors_detail`: VRF to remote AS to neighbors, all or the one with an address."""
    found: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for session, vrf, name, neighbor in _all(bgp):
        if neighbor_address in ("", name):
            found.setdefault(vrf, {}).setdefault(session.remote_as, []).append(_detail(session, vrf, name, neighbor))
    return found


def _all(bgp: Bgp) -> list[tuple[BgpSession, str, str, Json]]:
    names = [
        (vrf, name, neighbor)
        for vrf, found in bgp.neighbors.items()
        for name, neighbor in found.items()
        if isinstance(neighbor, Mapping)
    ]
    return [
        (session, "global" if vrf == "default" else vrf, name, neighbor)
        for session, (vrf, name, neighbor) in zip(sessions(bgp), names, strict=True)
    ]


def _families(session: BgpSession, neighbor: Fields, summary: Mapping[str, Fields]) -> dict[str, dict[str, int]]:
    """Counters of every active family, -1 where a session that is not up has none."""
    known = {family.name: family for family in session.families}
    result = {}
    for spelled in neighbor.fields("addressFamilyInfo"):
        name = family_name(spelled)
        family = known.get(name)
        accepted = -1 if family is None or family.received is None else family.received
        result[name.removesuffix("-unicast")] = {
            "received_prefixes": summary.get(spelled, Fields({}, "")).number("pfxRcd", accepted) if family else -1,
            "accepted_prefixes": accepted,
            "sent_prefixes": -1 if family is None or family.sent is None else family.sent,
        }
    return result


def _detail(session: BgpSession, vrf: str, name: str, neighbor: Json) -> dict[str, Any]:
    messages = neighbor["messageStats"]
    families = list(neighbor.get("addressFamilyInfo", {}).values())
    received = sum(family.received or 0 for family in session.families)
    return {
        "up": session.established,
        "local_as": session.local_as,
        "remote_as": session.remote_as,
        "router_id": session.router_id,
        "local_address": str(session.local_address or ""),
        "routing_table": vrf,
        "local_address_configured": "updateSource" in neighbor,
        "local_port": max(0, int(neighbor["portLocal"])),
        "remote_address": name,
        "remote_port": max(0, int(neighbor["portForeign"])),
        "multihop": int(neighbor.get("externalBgpNbrMaxHopsAway", 0)) > 1,
        "multipath": False,
        "remove_private_as": any("removePrivateAs" in key for family in families for key in family),
        "import_policy": _first(families, "routeMapForIncomingAdvertisements"),
        "export_policy": _first(families, "routeMapForOutgoingAdvertisements"),
        "input_messages": int(messages["totalRecv"]),
        "output_messages": int(messages["totalSent"]),
        "input_updates": int(messages["updatesRecv"]),
        "output_updates": int(messages["updatesSent"]),
        "messages_queued_out": int(messages["depthOutq"]),
        "connection_state": str(neighbor["bgpState"]).lower(),
        "previous_connection_state": "",
        "last_event": session.last_reset,
        "suppress_4byte_as": False,
        "local_as_prepend": False,
        "holdtime": session.hold_time or 0,
        "configured_holdtime": int(neighbor["bgpTimerConfiguredHoldTimeMsecs"]) // 1000,
        "keepalive": int(neighbor["bgpTimerKeepAliveIntervalMsecs"]) // 1000,
        "configured_keepalive": int(neighbor["bgpTimerConfiguredKeepAliveIntervalMsecs"]) // 1000,
        "active_prefix_count": received,
        "received_prefix_count": received,
        "accepted_prefix_count": received,
        "suppressed_prefix_count": 0,
        "advertised_prefix_count": sum(family.sent or 0 for family in session.families),
        "flap_count": int(neighbor["connectionsDropped"]),
    }


def _first(families: list[Json], key: str) -> str:
    return next((str(family[key]) for family in families if key in family), "")
