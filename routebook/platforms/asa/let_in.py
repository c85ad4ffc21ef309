"""Whether an ASA lets flows to itself in: what `packet-tracer` says of each.

Its forms: ASA Series Command Reference, I-R, "packet-tracer" (`input IFC {tcp|udp} SRC PORT DST PORT`, and `input IFC
rawip SRC PROTOCOL DST`). It traces a packet through the device as it is configured, sends none and changes nothing.
What is published of its output is in docs/platforms/asa-truths.md.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from msgspec import Struct

from routebook.device.packet_filter import PASSES, UNKNOWN, Flow, Verdict
from routebook.device.records import free_text
from routebook.device.state import IPAddress
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import addresses
from routebook.platforms.asa.show.addresses import parse_addresses
from routebook.platforms.asa.show.text import UnknownOutputError

_GROUP = re.compile(r"access-group (\S+) (?:in|out|global)(?: .*)?")
_FIELD = re.compile(r"(Type|Subtype|Result|Config|Additional Information|Action|Drop-reason|Elapsed time): *(.*)")
_ANY_PORT = 1024
_ESP = 50
_NAMES = {500: "isakmp", 179: "bgp"}  # as access lists show them: Cisco ASA CLI guide, "TCP and UDP Ports"


class Phase(Struct, frozen=True):
    """One phase of a trace, and the lines of the configuration that it went by."""

    kind: str
    dropped: bool
    config: tuple[str, ...]


class Trace(Struct, frozen=True):
    """What `packet-tracer` says: whether the packet passes, and by which phases."""

    passes: bool
    phases: tuple[Phase, ...]


def let_in(session: AsaSession, flows: Sequence[Flow]) -> list[Verdict]:
    """A verdict for each flow.

    What answers the device's own packets belongs to a connection that it has, and passes. What comes out of a tunnel is
    not asked: before a push the interface of a new tunnel is not there.
    """
    asked = [flow for flow in flows if not flow.answer and not flow.inside]
    there = parse_addresses(session.show(addresses.COMMAND)) if asked else ()
    interfaces = {ip_address(each.address): each.nameif for each in there}
    return [_verdict(session, flow, interfaces) for flow in flows]


def _verdict(session: AsaSession, flow: Flow, interfaces: Mapping[IPAddress, str]) -> Verdict:
    if flow.answer:
        return UNKNOWN if flow.protocol == "esp" else PASSES
    interface = interfaces.get(flow.destination)
    if flow.inside or interface is None:
        return UNKNOWN
    said = session.run(command(flow, interface))
    try:
        return judged(parse_trace(said), flow)
    except UnknownOutputError:
        return Verdict(None, f"what it answers to packet-tracer: {free_text(said.strip())}")


def command(flow: Flow, interface: str) -> str:
    """The command that traces a flow's packet from an interface."""
    if flow.protocol == "esp":
        return f"packet-tracer input {interface} rawip {flow.source} {_ESP} {flow.destination}"
    source = f"{flow.source} {flow.source_port or _ANY_PORT}"
    return f"packet-tracer input {interface} {flow.protocol} {source} {flow.destination} {flow.port}"


def parse_trace(text: str) -> Trace:
    """What `packet-tracer` prints. Raises UnknownOutputError where it does not say what becomes of the packet."""
    phases: list[Phase] = []
    kind, dropped, config, into, action = "", False, list[str](), "", ""

    def end() -> None:
        if kind:
            phases.append(Phase(kind, dropped, tuple(config)))

    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("Phase:"):
            end()
            kind, dropped, config, into = "", False, [], ""
        elif (field := _FIELD.fullmatch(line)) is not None:
            name, value = field.groups()
            into = name
            kind = value.strip() if name == "Type" else kind
            dropped = value.strip() == "DROP" if name == "Result" and value.strip() else dropped
            action = value.strip() if name == "Action" else action
        elif line and into == "Config":
            config.append(line)
    end()
    if action not in ("allow", "drop"):
        raise UnknownOutputError("packet-tracer", "does not say what becomes of the packet", text.strip()[:80])
    return Trace(action == "allow", tuple(phases))


def judged(trace: Trace, flow: Flow) -> Verdict:
    """What a trace says of a flow.

    A packet for which nothing listens yet is dropped by an implicit rule, and what is pushed may open it: only an
    access list that somebody has applied is a filter.
    """
    if trace.passes:
        return PASSES
    for phase in trace.phases:
        groups = [found[1] for line in phase.config if (found := _GROUP.fullmatch(line)) is not None]
        if phase.dropped and phase.kind == "ACCESS-LIST" and groups:
            return Verdict(passes=False, by=free_text("; ".join(phase.config)), rule=rule_for(groups[0], flow))
    return UNKNOWN


def rule_for(name: str, flow: Flow) -> str:
    """The line that lets a flow in, before all others of the access list that drops it."""
    port = f" eq {_NAMES.get(flow.port, flow.port)}" if flow.port else ""
    ends = f"host {flow.source} host {flow.destination}"
    return free_text(f"access-list {name} line 1 extended permit {flow.protocol} {ends}{port}")
