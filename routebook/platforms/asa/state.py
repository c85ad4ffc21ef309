"""An ASA's tunnels in the models that all platforms share, put together from what several `show` commands print."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from msgspec import Struct

from routebook.device.state import ChildSa, IkeSa, IPAddress
from routebook.platforms.asa import algorithms
from routebook.platforms.asa.show import sessiondb
from routebook.platforms.asa.show.ikev1 import Ikev1Sa
from routebook.platforms.asa.show.ikev2 import Ikev2Child, Ikev2Sa
from routebook.platforms.asa.show.ipsec import EspSa, Flow

_IKEV2_STATES = {"READY": "ESTABLISHED", "IN-NEG": "CONNECTING", "INIT": "CONNECTING", "DELETE": "DELETING"}
_IKEV1_UP = ("MM_ACTIVE", "AM_ACTIVE")


def ike_sas(
    ikev2: Sequence[Ikev2Sa],
    ikev1: Sequence[Ikev1Sa],
    flows: Sequence[Flow],
    sessions: Sequence[sessiondb.Session] = (),
) -> tuple[IkeSa, ...]:
    """Every LAN-to-LAN IKE SA with its children; remote access is not a tunnel of ours.

    `name` is the peer's address, which is what ASA calls the tunnel group; a child's is "MAP SEQUENCE", or for a
    tunnel interface its nameif. Bytes are those of `sessions`, where it has the child.
    """
    counts = _Counts(sessions)
    lan = [flow for flow in flows if not any("RA" in sa.settings for sa in (*flow.inbound, *flow.outbound))]
    remote_access = {sa.spi for flow in flows if flow not in lan for sa in flow.inbound}
    by_spi = {inbound.spi: flow for flow in lan for inbound in flow.inbound}
    found: list[IkeSa] = []
    used: set[int] = set()
    for sa in ikev2:
        if any(child.spi_in in remote_access for child in sa.children):
            continue
        children = [_ikev2_child(child, by_spi.get(child.spi_in), counts) for child in sa.children]
        used |= {child.spi_in for child in sa.children}
        found.append(_ikev2(sa, tuple(children)))
    for old in ikev1:
        if old.kind.upper() != "L2L":
            continue
        own = [flow for flow in lan if flow.peer == old.remote_address and _version(flow) == 1]
        used |= {inbound.spi for flow in own for inbound in flow.inbound} if not old.rekey else set()
        found.append(_ikev1(old, own, () if old.rekey else tuple(_children(own, counts))))
    for flow in lan:
        left = [inbound for inbound in flow.inbound if inbound.spi not in used]
        if left and flow.peer is not None and not any(inbound.spi in used for inbound in flow.inbound):
            # An IPsec SA may outlive its IKE SA: traffic still passes, and nobody is there to re-key it.
            found.append(_orphan(flow, flow.peer, counts))
    return tuple(found)


class _Count(Struct, frozen=True):
    received: int = 0
    sent: int = 0
    lifetime: int = 0
    left: int = 0

    @property
    def installed(self) -> int:
        return max(0, self.lifetime - self.left)


class _Counts:
    """What `show vpn-sessiondb` knows of a child: bytes in, bytes out, seconds since it was installed."""

    def __init__(self, sessions: Iterable[sessiondb.Session]) -> None:
        self._by_flow: dict[tuple[str, str, str], list[_Count]] = {}
        for session in sessions:
            peer = session.fields["IP Addr"]
            for child in session.children:
                life = [int(child.fields.get(name, "0").split()[0] or 0) for name in ("Rekey Int (T)", "Rekey Left(T)")]
                local, remote = (sessiondb.selector(child.fields[name]) for name in ("Local Addr", "Remote Addr"))
                count = _Count(int(child.fields["Bytes Rx"]), int(child.fields["Bytes Tx"]), *life)
                self._by_flow.setdefault((peer, local, remote), []).append(count)

    def of(self, flow: Flow, remaining: int | None) -> _Count:
        """Two tunnels to one peer may have the same selectors: what is left of a child's life distinguishes them."""
        found = self._by_flow.get((str(flow.peer), flow.local_selector, flow.remote_selector), [])
        return min(found, key=lambda count: abs(count.left - (remaining or 0)), default=_Count())


def _ikev2(sa: Ikev2Sa, children: tuple[ChildSa, ...]) -> IkeSa:
    spis = (sa.spi_local, sa.spi_remote)
    aead = sa.encryption.upper().endswith("GCM")
    hashed = sa.integrity.upper()
    return IkeSa(
        name=str(sa.remote_address),
        state=_IKEV2_STATES.get(sa.status.upper(), sa.status.upper()),
        version=2,
        local_address=sa.local_address,
        remote_address=sa.remote_address,
        local_id=sa.local_id,
        remote_id=sa.remote_id,
        initiator=sa.initiator,
        encryption=algorithms.ike_encryption(sa.encryption, sa.key_size),
        integrity="" if aead else algorithms.integrity(hashed),
        prf=algorithms.prf(sa.prf),
        dh_group=algorithms.dh_group(sa.dh_group),
        spi_initiator=spis[0] if sa.initiator else spis[1],
        spi_responder=spis[1] if sa.initiator else spis[0],
        established=sa.active,
        children=children,
    )


def _ikev2_child(child: Ikev2Child, flow: Flow | None, counts: _Counts) -> ChildSa:
    if flow is not None:
        inbound = next(sa for sa in flow.inbound if sa.spi == child.spi_in)
        return _child(flow, inbound, child.spi_out, counts, child.local, child.remote)
    # IKE knows of it and IPsec does not: it is being replaced at this moment, or its installation failed.
    return ChildSa(
        name="",
        state="INSTALLING",
        spi_in=_spi(child.spi_in),
        spi_out=_spi(child.spi_out),
        local_selectors=child.local,
        remote_selectors=child.remote,
        encryption="",
    )


def _ikev1(sa: Ikev1Sa, flows: Sequence[Flow], children: tuple[ChildSa, ...]) -> IkeSa:
    return IkeSa(
        name=str(sa.remote_address),
        state="REKEYING" if sa.rekey else "ESTABLISHED" if sa.state in _IKEV1_UP else sa.state,
        version=1,
        local_address=flows[0].local_address if flows else _any(sa.remote_address),
        remote_address=sa.remote_address,
        local_id="",
        remote_id="",
        initiator=sa.initiator,
        encryption=algorithms.ikev1_encryption(sa.encryption),
        integrity=algorithms.integrity(sa.integrity),
        prf="",
        dh_group="",
        spi_initiator="",
        spi_responder="",
        established=max(0, sa.lifetime - sa.remaining),
        children=children,
    )


def _orphan(flow: Flow, peer: IPAddress, counts: _Counts) -> IkeSa:
    return IkeSa(
        name=str(peer),
        state="GONE",
        version=_version(flow),
        local_address=flow.local_address,
        remote_address=peer,
        local_id="",
        remote_id="",
        initiator=False,
        encryption="",
        integrity="",
        prf="",
        dh_group="",
        spi_initiator="",
        spi_responder="",
        children=tuple(_children([flow], counts)),
    )


def _children(flows: Iterable[Flow], counts: _Counts) -> list[ChildSa]:
    return [
        _child(flow, inbound, outbound.spi, counts, (flow.local_selector,), (flow.remote_selector,))
        for flow in flows
        for inbound, outbound in zip(flow.inbound, flow.outbound, strict=True)
    ]


def _child(
    flow: Flow, inbound: EspSa, spi_out: int, counts: _Counts, local: tuple[str, ...], remote: tuple[str, ...]
) -> ChildSa:
    encryption, integrity = algorithms.esp_transform(inbound.transform)
    pfs = next((word.removeprefix("PFS Group ") for word in inbound.settings if word.startswith("PFS Group ")), "")
    count = counts.of(flow, inbound.remaining)
    virtual = "VTI" in inbound.settings or flow.map_tag.startswith("__vti-")
    map_name = flow.map_tag if flow.sequence is None else f"{flow.map_tag} {flow.sequence}"
    return ChildSa(
        name=flow.interface if virtual else map_name,
        # Old releases print no state; what is in their list carries traffic.
        state="INSTALLED" if inbound.state in ("active", "") else inbound.state.upper(),
        spi_in=_spi(inbound.spi),
        spi_out=_spi(spi_out),
        local_selectors=local,
        remote_selectors=remote,
        encryption=encryption,
        integrity=integrity,
        dh_group=algorithms.dh_group(pfs),
        installed=count.installed,
        bytes_in=count.received,
        bytes_out=count.sent,
        packets_in=flow.packets_in or 0,
        packets_out=flow.packets_out or 0,
    )


def _version(flow: Flow) -> int:
    return 2 if any("IKEv2" in sa.settings for sa in (*flow.inbound, *flow.outbound)) else 1


def _any(peer: IPAddress) -> IPAddress:
    return ip_address("0.0.0.0" if peer.version == 4 else "::")  # not shown


def _spi(number: int) -> str:
    return f"{number:08x}"
