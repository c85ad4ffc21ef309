"""Abaci in memory, joined by wires: what is configured at both ends of one is up."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address, ip_network

from routebook.device.state import BgpSession, BgpState, ChildSa, FamilyState, IkeSa
from routebook.device.values import Lock, Pending

_BEAD = re.compile(r"bead (?P<peer>\S+) in (?P<remote_as>\d+) from (?P<local>\S+) as (?P<local_as>\d+)")
_WIRE = re.compile(
    r"wire (?P<number>\d+) from (?P<local>\S+) to (?P<remote>\S+) key (?P<key>\S+) ike (?P<ike>\S+) esp (?P<esp>\S+) "
    r"carry (?P<near>\S+) = (?P<far>\S+) via \S+"
)


@dataclass
class Abacus:
    """One device. `running` and `kept` (over a reboot) are lines; `undo` is what the timer restores."""

    name: str
    address: str
    running: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    undo: tuple[list[str], list[str]] | None = None  # of `running` and `kept`
    pending: Pending | None = None
    lock: Lock | None = None
    pushed: bool = False
    jammed: bool = False  # nothing that is on it comes up any more
    jams: bool = False  # a push jams it, and undoing frees it
    dies: Callable[[str], None] = lambda _: None  # called with each step; raises where the operator's machine dies
    cleared: list[str] = field(default_factory=list)  # the peers whose sessions were reset
    restarted: list[str] = field(default_factory=list)  # the wires that were made anew
    sent: list[str] = field(default_factory=list)  # the steps that changed something


@dataclass
class Table:
    """The abaci on one table."""

    abaci: dict[str, Abacus] = field(default_factory=dict)

    def at(self, address: str) -> Abacus:
        """The abacus with a management address."""
        return next(each for each in self.abaci.values() if each.address == address)

    def sessions(self, own: Abacus) -> Iterator[BgpSession]:
        """The beads of one abacus: up where another has the same one from the other side."""
        for line in own.running:
            if (bead := _BEAD.fullmatch(line)) is None:
                continue
            there = f"bead {bead['local']} in {bead['local_as']} from {bead['peer']} as {bead['remote_as']}"
            up = not own.jammed and any(there in other.running and not other.jammed for other in self.abaci.values())
            yield BgpSession(
                peer=ip_address(bead["peer"]),
                state=BgpState.ESTABLISHED if up else BgpState.ACTIVE,
                remote_as=int(bead["remote_as"]),
                local_as=int(bead["local_as"]),
                local_address=ip_address(bead["local"]),
                uptime=1 if up else None,
                families=(FamilyState("ipv4-unicast", 1, 1),) if up else (),
            )

    def tunnels(self, own: Abacus) -> Iterator[IkeSa]:
        """The wires of one abacus that have another end with the same key."""
        for line in own.running:
            if (wire := _WIRE.fullmatch(line)) is None or own.jammed:
                continue
            for other in self.abaci.values():
                ends = map(_WIRE.fullmatch, other.running)
                back = next((end for end in ends if end and end["local"] == wire["remote"]), None)
                if back is not None and back["key"] == wire["key"] and not other.jammed:
                    yield _up(own.name, other.name, wire)


def _up(own: str, other: str, wire: re.Match[str]) -> IkeSa:
    def spi(name: str) -> str:
        return sha256(f"{name} {wire['key']}".encode()).hexdigest()[:8]

    local, remote = ip_address(wire["local"]), ip_address(wire["remote"])
    first = own < other
    child = ChildSa(
        name=f"strand {wire['number']}",
        state="INSTALLED",
        spi_in=spi(own),
        spi_out=spi(other),
        local_selectors=tuple(str(ip_network(each)) for each in wire["near"].split(",")),
        remote_selectors=tuple(str(ip_network(each)) for each in wire["far"].split(",")),
        encryption="AES_GCM_16-256",
        dh_group="MODP_2048",
    )
    return IkeSa(
        name=f"wire {wire['number']}",
        state="ESTABLISHED",
        version=2,
        local_address=local,
        remote_address=remote,
        local_id=own,
        remote_id=other,
        initiator=first,
        encryption="AES_GCM_16-256",
        integrity="",
        prf="PRF_HMAC_SHA2_256",
        dh_group="MODP_2048",
        spi_initiator=spi(min(own, other)) * 2,
        spi_responder=spi(max(own, other)) * 2,
        children=(child,),
    )


TABLE = Table()
