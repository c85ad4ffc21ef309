"""NAPALM's getters of BGP sessions, from the models alone: for devices without VRFs that show no more."""

from collections.abc import Iterable
from typing import Any

from routebook.device.state import BgpSession, BgpState


def bgp_neighbors(sessions: Iterable[BgpSession]) -> dict[str, dict[str, Any]]:
    """NAPALM's get_bgp_neighbors, with all sessions in one routing table, "global"."""
    found: dict[str, dict[str, Any]] = {}
    for session in sessions:
        table = found.setdefault("global", {"router_id": session.router_id, "peers": {}})
        families = {
            family.name.removesuffix("-unicast"): {
                "received_prefixes": family.received if family.received is not None else -1,
                "accepted_prefixes": family.received if family.received is not None else -1,
                "sent_prefixes": family.sent if family.sent is not None else -1,
            }
            for family in session.families
        }
        table["peers"][str(session.peer)] = neighbor(session, families)
    return found


def neighbor(session: BgpSession, families: dict[str, dict[str, int]]) -> dict[str, Any]:
    """One session as NAPALM's get_bgp_neighbors has it, with the counts of prefixes by family."""
    return {
        "local_as": session.local_as,
        "remote_as": session.remote_as,
        "remote_id": session.remote_router_id,
        "is_up": session.established,
        "is_enabled": session.state is not BgpState.IDLE_ADMIN,
        "description": session.description,
        "uptime": session.uptime if session.uptime is not None else -1,
        "address_family": families,
    }


def bgp_neighbors_detail(sessions: Iterable[BgpSession], address: str) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """NAPALM's get_bgp_neighbors_detail: what the device does not show is 0, False or empty."""
    found: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for session in sessions:
        if address in ("", str(session.peer)):
            found.setdefault("global", {}).setdefault(session.remote_as, []).append(_detail(session))
    return found


def _detail(session: BgpSession) -> dict[str, Any]:
    received = sum(family.received or 0 for family in session.families)
    sent = sum(family.sent or 0 for family in session.families)
    return {
        "up": session.established,
        "local_as": session.local_as,
        "remote_as": session.remote_as,
        "router_id": session.router_id,
        "local_address": str(session.local_address or ""),
        "routing_table": "global",
        "local_address_configured": False,
        "local_port": 0,
        "remote_address": str(session.peer),
        "remote_port": 179,
        "multihop": False,
        "multipath": False,
        "remove_private_as": False,
        "import_policy": "",
        "export_policy": "",
        "input_messages": 0,
        "output_messages": 0,
        "input_updates": 0,
        "output_updates": 0,
        "messages_queued_out": 0,
        "connection_state": str(session.state),
        "previous_connection_state": "",
        "last_event": session.last_error,
        "suppress_4byte_as": False,
        "local_as_prepend": False,
        "holdtime": session.hold_time or 0,
        "configured_holdtime": 0,
        "keepalive": 0,
        "configured_keepalive": 0,
        "active_prefix_count": received,
        "received_prefix_count": received,
        "accepted_prefix_count": received,
        "suppressed_prefix_count": 0,
        "advertised_prefix_count": sent,
        "flap_count": max(0, session.established_count - (1 if session.established else 0)),
    }
