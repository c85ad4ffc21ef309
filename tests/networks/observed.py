"""A small network in which everything is as intended: two edges in Norway, one in Switzerland, one transit.

no-edge1 has an eBGP session to transit-no and a tunnel to ch-edge1; no-edge3 reflects routes to both edges, to
ch-edge1 through that tunnel.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from routebook.checks import bgp, tunnels
from routebook.checks.facts import Changed, Explanations
from routebook.checks.findings import Finding
from routebook.device.state import BgpSession, BgpState, ChildSa, FamilyState, IkeSa
from routebook.device.values import State
from routebook.intent.model import (
    BgpHost,
    Family,
    HostIntent,
    IpsecProposal,
    Neighbor,
    NeighborFamily,
    SecretRef,
    Tunnel,
)

AS = 65550
TRANSIT = 64496
TRANSIT_ADDRESS = "2001:db8:f001::1"
NO1, NO3, CH1 = "10.255.3.1", "10.255.3.3", "10.255.4.1"
TUNNEL = "no-edge1--ch-edge1"
LOOPBACKS = {"no-edge1": NO1, "no-edge3": NO3, "ch-edge1": CH1}
SELECTORS = {
    "no": ("10.3.0.0/16", "10.255.3.0/24", "2001:db8:8e20:300::/56", "10.255.200.20/32"),
    "ch": ("10.4.0.0/16", "10.255.4.0/24", "2001:db8:8e20:400::/56", "10.255.200.21/32"),
}

States = dict[str, State]
Intents = dict[str, HostIntent]
Check = Callable[[Intents, States, States, Changed, Explanations, bool], list[Finding]]


def internal(host: str, peer: str, **options: Any) -> Neighbor:
    families: tuple[Family, ...] = ("ipv4-unicast", "ipv6-unicast")
    return Neighbor(
        session=f"{host}--{peer}",
        peer=peer,
        peer_host=peer,
        address=ip_address(LOOPBACKS[peer]),
        local_address=ip_address(LOOPBACKS[host]),
        update_source=True,
        local_as=AS,
        remote_as=AS,
        description=f"iBGP {peer}",
        families=tuple(
            NeighborFamily(family=f, route_reflector_client=host == "no-edge3", addpath_tx_all=host == "no-edge3")
            for f in families
        ),
        **options,
    )


def transit(**options: Any) -> Neighbor:
    family = NeighborFamily(
        family="ipv6-unicast",
        route_map_in="RB-TRANSIT-IN",
        prefix_list_out="RB-OWN",
        max_prefix=100,
        min_received=1,
        min_sent=1,
        max_sent=1,
    )
    fields: dict[str, Any] = {
        "session": "no-edge1--transit-no",
        "peer": "transit-no",
        "peer_host": None,
        "address": ip_address(TRANSIT_ADDRESS),
        "local_address": ip_address("2001:db8:f001::31"),
        "update_source": False,
        "local_as": AS,
        "remote_as": TRANSIT,
        "description": "transit",
        "families": (family,),
        "password": SecretRef(env="TRANSIT_NO"),
    }
    return Neighbor(**fields | options)


def tunnel(site: str, **options: Any) -> Tunnel:
    ours, theirs = ("no", "ch") if site == "no" else ("ch", "no")
    names = {"no": "no-edge1", "ch": "ch-edge1"}
    wan = {"no": "198.51.100.31", "ch": "198.51.100.41"}
    inner = {"no": "10.255.200.20", "ch": "10.255.200.21"}
    fields: dict[str, Any] = {
        "name": TUNNEL,
        "peer": names[theirs],
        "peer_host": names[theirs],
        "local_address": ip_address(wan[ours]),
        "remote_address": ip_address(wan[theirs]),
        "local_id": names[ours],
        "remote_id": names[theirs],
        "initiator": site == "no",
        "local_selectors": tuple(ip_network(s) for s in SELECTORS[ours]),
        "remote_selectors": tuple(ip_network(s) for s in SELECTORS[theirs]),
        "local_inner": ip_address(inner[ours]),
        "remote_inner": ip_address(inner[theirs]),
        "ike_proposals": (IpsecProposal(encryption="aes256gcm16", prf="prfsha256", dh_group="modp2048"),),
        "esp_proposals": (IpsecProposal(encryption="aes256gcm16", dh_group="modp2048"),),
        "psk": SecretRef(env="PSK"),
    }
    return Tunnel(**fields | options)


def intents() -> Intents:
    neighbors = {
        "no-edge1": (transit(), internal("no-edge1", "no-edge3")),
        "no-edge3": (internal("no-edge3", "no-edge1"), internal("no-edge3", "ch-edge1")),
        "ch-edge1": (internal("ch-edge1", "no-edge3"),),
    }
    ends = {"no-edge1": (tunnel("no"),), "ch-edge1": (tunnel("ch"),)}
    return {
        host: HostIntent(
            name=host,
            site=host[:2],
            platform="edge",
            bgp=BgpHost(asn=AS, router_id=IPv4Address(LOOPBACKS[host]), neighbors=sessions),
            tunnels=ends.get(host, ()),
        )
        for host, sessions in neighbors.items()
    }


def session_of(host: str, neighbor: Neighbor) -> BgpSession:
    """The session as the host shows it when all is well."""
    return BgpSession(
        peer=neighbor.address,
        state=BgpState.ESTABLISHED,
        remote_as=neighbor.remote_as,
        local_as=neighbor.local_as,
        router_id=LOOPBACKS[host],
        local_address=neighbor.local_address,
        uptime=3600,
        hold_time=180,
        established_count=1,
        families=tuple(
            FamilyState(family.family, received=40, sent=family.max_sent or 40, addpath_tx_all=family.addpath_tx_all)
            for family in neighbor.families
        ),
    )


def ike_of(end: Tunnel) -> IkeSa:
    """The tunnel's SAs as this end shows them when all is well."""
    spis = ("c1a2b3d4", "0c5e6f70")
    child = ChildSa(
        name=end.name,
        state="INSTALLED",
        spi_in=spis[0] if end.initiator else spis[1],
        spi_out=spis[1] if end.initiator else spis[0],
        local_selectors=tuple(map(str, end.local_selectors)),
        remote_selectors=tuple(map(str, end.remote_selectors)),
        encryption="AES_GCM_16-256",
        installed=1200,
    )
    return IkeSa(
        name=end.name,
        state="ESTABLISHED",
        version=2,
        local_address=end.local_address or IPv4Address(0),
        remote_address=end.remote_address or IPv4Address(0),
        local_id=end.local_id,
        remote_id=end.remote_id,
        initiator=end.initiator,
        encryption="AES_GCM_16-256",
        integrity="",
        prf="PRF_HMAC_SHA2_256",
        dh_group="MODP_2048",
        spi_initiator="1" * 16,
        spi_responder="2" * 16,
        established=3600,
        children=(child,),
    )


def healthy(wanted: Intents | None = None) -> States:
    """The states of every host when all is as `wanted`."""
    return {
        host: State(
            bgp=tuple(session_of(host, n) for n in intent.bgp.neighbors) if intent.bgp else None,
            ike=tuple(ike_of(end) for end in intent.tunnels),
        )
        for host, intent in (wanted or intents()).items()
    }


def with_session(states: States, host: str, peer: str, **changes: Any) -> States:
    """`states` with one session changed."""
    sessions = tuple(replace(s, **changes) if str(s.peer) == peer else s for s in states[host].bgp or ())
    return states | {host: replace(states[host], bgp=sessions)}


def with_family(states: States, host: str, peer: str, name: str, **changes: Any) -> States:
    """`states` with one address family of a session changed."""
    session = next(s for s in states[host].bgp or () if str(s.peer) == peer)
    families = tuple(replace(f, **changes) if f.name == name else f for f in session.families)
    return with_session(states, host, peer, families=families)


def down(states: States, host: str, peer: str, state: BgpState = BgpState.ACTIVE, **changes: Any) -> States:
    """`states` with one session not Established."""
    return with_session(states, host, peer, state=state, uptime=None, hold_time=None, families=(), **changes)


def without_session(states: States, host: str, peer: str) -> States:
    sessions = tuple(s for s in states[host].bgp or () if str(s.peer) != peer)
    return states | {host: replace(states[host], bgp=sessions)}


def with_ike(states: States, host: str, **changes: Any) -> States:
    """`states` with the host's IKE SA changed."""
    sas = tuple(replace(sa, **changes) for sa in states[host].ike or ())
    return states | {host: replace(states[host], ike=sas)}


def with_child(states: States, host: str, **changes: Any) -> States:
    """`states` with the host's child SA changed."""
    sa = (states[host].ike or ())[0]
    return with_ike(states, host, children=tuple(replace(child, **changes) for child in sa.children))


def without_tunnel(states: States) -> States:
    """`states` with no SA at either end, and the session through the tunnel down."""
    for host in ("no-edge1", "ch-edge1"):
        states = states | {host: replace(states[host], ike=())}
    return down(down(states, "no-edge3", CH1), "ch-edge1", NO3)


def _checked(
    check: Check,
    now: States,
    before: States | None = None,
    *,
    wanted: Intents | None = None,
    changed: Changed | None = None,
    explanations: Explanations | None = None,
    final: bool = False,
) -> list[Finding]:
    return check(wanted or intents(), before or {}, now, changed or Changed(), explanations or {}, final)


check_bgp = partial(_checked, bgp.check)
check_tunnels = partial(_checked, tunnels.check)


def only(findings: list[Finding], host: str, check: str, subject: str | None = None) -> Finding:
    """The one finding of a check on a host (about a subject)."""
    found = [f for f in findings if (f.host, f.check) == (host, check) and subject in (None, f.subject)]
    assert len(found) == 1, found
    return found[0]


def troubles(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.status != "ok"]
