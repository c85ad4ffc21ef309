"""`show crypto ipsec sa`: each protected flow with its selectors, counters and its inbound and outbound SAs."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_network

from routebook.device.state import IPAddress
from routebook.platforms.asa.show.text import NO_NAMES, Names, UnknownOutputError, address, check_some_or_none, lines

COMMAND = "show crypto ipsec sa"
NONE = "There are no ipsec sas"

_INTERFACE = re.compile(r"interface:\s*(\S+)")
_TAG = re.compile(r"Crypto map tag:\s*+([^,]++)(?:, seq num:\s*+(\d++))?, local addr:\s*+(\S+)")
_IDENT = re.compile(r"(local|remote)\s+ident \(addr/mask/prot/port\):\s*\(([^/]+)/([^/]+)/(\d+)/(\d+(?:\s*-\s*\d+)?)\)")
_PEER = re.compile(r"current_peer:?\s*([^,\s]+)(?:,.*)?")
_ENDPOINTS = re.compile(r"local crypto endpt\.:\s*(\S+?)(?:/(\d+))?, remote crypto endpt\.:\s*(\S+?)(?:/(\d+))?")
_COUNTERS = re.compile(r"#[\w .-]++(?::\s*+-?\d++)?(?<=\d)(?:, #[\w .-]++(?::\s*+-?\d++)?(?<=\d))*+")
_ENCAPS = re.compile(r"#pkts (encaps|decaps):\s*(\d+)\b.*")
_DIRECTION = re.compile(r"(inbound|outbound) (esp|ah|pcp) sas:")
_SPI = re.compile(r"spi:\s*0x([0-9A-Fa-f]+)\s*\((\d+)\)")
_STATE = re.compile(r"SA State:\s*(.+)")
_TRANSFORM = re.compile(r"transform:\s*(\S.*)")
_SETTINGS = re.compile(r"in use settings\s*=\s*\{(.*)\}")
_TIMING = re.compile(r"sa timing:\s*remaining key lifetime \((kB/sec|sec)\):\s*\(?(?:(\d+)/)?(\d+)\)?")
_BITMAP = re.compile(r"0x[0-9A-Fa-f]{8} 0x[0-9A-Fa-f]{8}")
# A flow's and an SA's further lines. A release may add some; all are words, a colon or comma, and values.
_FLOW_MORE = re.compile(
    r"(access-list|dynamic allocated peer|path mtu|PMTU|ICMP error|current (out|in)bound spi|Protected vrf"
    r"|UDP encaps|PERMIT)\b.*|#.*:.*"
)
_SA_MORE = re.compile(r"(slot|IV size|replay detection support|sa timing|Anti replay bitmap|Extended|Volume)\b.*")


@dataclass(slots=True)
class EspSa:
    """One direction of a child SA. `remaining` is seconds of its life; `state` is empty where ASA prints none."""

    spi: int
    state: str = ""
    transform: str = ""
    settings: tuple[str, ...] = ()
    remaining: int | None = None
    replay_seen: bool = False
    bitmap: bool | None = None  # None: no bitmap was announced; False: announced and not there

    @property
    def complete(self) -> bool:
        """Whether everything that ASA prints of every SA was there."""
        return bool(self.transform and self.settings and self.replay_seen) and self.bitmap is not False


@dataclass(slots=True)
class Flow:
    """What one pair of selectors protects, in ASA's own words; packets are counted since the flow's SAs came up."""

    interface: str
    map_tag: str
    sequence: int | None
    local_address: IPAddress
    local_selector: str = ""
    remote_selector: str = ""
    peer: IPAddress | None = None
    packets_out: int | None = None
    packets_in: int | None = None
    endpoints: bool = False
    inbound: list[EspSa] = field(default_factory=list)
    outbound: list[EspSa] = field(default_factory=list)
    directions: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raise UnknownOutputError when a part that every flow has is not there."""
        there = (self.local_selector, self.remote_selector, self.peer, self.endpoints, self.directions)
        sas = (*self.inbound, *self.outbound)
        complete = all(sa.complete for sa in sas) and len({sa.bitmap for sa in sas}) <= 1
        if (
            not all(there)
            or self.packets_in is None
            or self.packets_out is None
            or self.directions != {"inbound", "outbound"}
            or not complete
            or len(self.inbound) != len(self.outbound)
        ):
            raise UnknownOutputError(COMMAND, f"is cut off in the flow of {self.map_tag} to {self.remote_selector}")


def parse_ipsec_sas(text: str, names: Names = NO_NAMES) -> tuple[Flow, ...]:
    """The flows in the output. Raises UnknownOutputError on text that is not known or is cut off."""
    flows: list[Flow] = []
    interface = ""
    nothing = False
    sas: list[EspSa] | None = None
    for line in lines(text):
        if line == NONE:
            nothing = True
        elif (title := _INTERFACE.fullmatch(line)) is not None:
            interface = title[1]
        elif (tag := _TAG.fullmatch(line)) is not None and interface:
            sequence = int(tag[2]) if tag[2] else None
            flows.append(Flow(interface, tag[1], sequence, address(tag[3], names)))
            sas = None
        elif not flows:
            raise UnknownOutputError(COMMAND, "has a line that is not known", line)
        elif (direction := _DIRECTION.fullmatch(line)) is not None:
            flows[-1].directions.add(direction[1])
            sas = flows[-1].inbound if direction[1] == "inbound" else flows[-1].outbound
        elif sas is None:
            _flow_line(line, flows[-1], names)
        else:
            _sa_line(line, sas)
    check_some_or_none(COMMAND, "SAs", text, some=bool(flows), none=nothing)
    for flow in flows:
        flow.check()
    return tuple(flows)


def _flow_line(line: str, flow: Flow, names: Names) -> None:
    if (ident := _IDENT.fullmatch(line)) is not None:
        selector = _selector(ident[2], ident[3], int(ident[4]), ident[5], names)
        if ident[1] == "local":
            flow.local_selector = selector
        else:
            flow.remote_selector = selector
    elif (peer := _PEER.fullmatch(line)) is not None:
        flow.peer = address(peer[1], names)
    elif (counted := _ENCAPS.fullmatch(line)) is not None:
        if counted[1] == "encaps":
            flow.packets_out = int(counted[2])
        else:
            flow.packets_in = int(counted[2])
    elif _ENDPOINTS.fullmatch(line) is not None:
        flow.endpoints = True
    elif not _COUNTERS.fullmatch(line) and not _FLOW_MORE.fullmatch(line):
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)


def _sa_line(line: str, sas: list[EspSa]) -> None:
    spi = _SPI.fullmatch(line)
    if spi is not None:
        if int(spi[1], 16) != int(spi[2]):
            raise UnknownOutputError(COMMAND, "has an SPI that disagrees with itself", line)
        sas.append(EspSa(int(spi[2])))
        return
    if not sas:
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)
    sa = sas[-1]
    if (state := _STATE.fullmatch(line)) is not None:
        sa.state = state[1].strip()
    elif (transform := _TRANSFORM.fullmatch(line)) is not None:
        sa.transform = transform[1].strip()
    elif (settings := _SETTINGS.fullmatch(line)) is not None:
        sa.settings = tuple(word.strip() for word in settings[1].split(",") if word.strip())
    elif (timing := _TIMING.fullmatch(line)) is not None:
        sa.remaining = int(timing[3])
    elif _BITMAP.fullmatch(line) and sa.bitmap is not None:
        sa.bitmap = True
    elif _SA_MORE.fullmatch(line):
        sa.replay_seen = sa.replay_seen or line.startswith("replay detection support: ")
        if line == "Anti replay bitmap:":
            sa.bitmap = False
    else:
        raise UnknownOutputError(COMMAND, "has a line that is not known", line)


def _selector(start: str, mask: str, protocol: int, port: str, names: Names) -> str:
    try:
        network = ip_network(f"{address(start, names)}/{mask}", strict=False)
    except ValueError as error:
        raise UnknownOutputError(COMMAND, f"has a selector that is not known ({error})") from None
    ports = "".join(port.split())
    if protocol == 0 and ports in ("0", "0-65535"):
        return str(network)
    return f"{network}[{protocol}/{'any' if ports in ('0', '0-65535') else ports}]"
