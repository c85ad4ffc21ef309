"""`packet-tracer` of packets to the device itself: the control plane's access list, then whether anything listens.

The form is published (docs/platforms/asa-truths.md); which phases a packet to the device itself meets is a guess.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from routebook.platforms.asa.config.access_entry import plain_entry
from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.session import Session, command

_NUMBERS = {"tcp": "6", "udp": "17"}
_IKE, _BGP = ("500", "4500"), "179"


@command("packet-tracer")
async def packet_tracer(session: Session, parsed: Parsed) -> str:
    """What becomes of a packet to one of the device's own addresses."""
    words = parsed.words[2:]
    interface, kind = words[0], words[1]
    if kind == "rawip":
        source, protocol, target, port = words[2], words[3], words[4], ""
    else:
        source, protocol, target, port = words[2], _NUMBERS[kind], words[4], words[5]
    root = session.space.configuration.root
    names = {line.words[1] for each in root.find("interface") if (line := each.first("nameif")) is not None}
    if interface not in names:
        return f"ERROR: Interface {interface} does not exist"  # a guess
    phases = [("ROUTE-LOOKUP", "ALLOW", ["in   identity"])]
    for name in _groups(root, interface):
        entry = _first(root, name, (protocol, source, target, port))
        if entry is None:
            continue
        config = [f"access-group {name} in interface {interface} control-plane", entry.text]
        denies = entry.words[2].split()[1] == "deny"
        phases.append(("ACCESS-LIST", "DROP" if denies else "ALLOW", config))
        if denies:
            return _shown(interface, phases)
    listens = _listens(root, interface, protocol, port, source)
    phases.append(("ACCESS-LIST", "ALLOW" if listens else "DROP", ["Implicit Rule"]))
    return _shown(interface, phases)


def _groups(root: Line, interface: str) -> Iterator[str]:
    for line in root.find("access-group"):
        if line.words[2:5] == ("in", "interface", interface) and line.words[-1] == "control-plane":
            yield line.words[1]


def _first(root: Line, name: str, packet: Sequence[str]) -> Line | None:
    """The first entry that a packet matches. After the last there is no implicit one: the next kind of rule decides."""
    for line in root.find("access-list", name):
        words = plain_entry(line.text).split()[2:]
        if words[:1] == ["extended"] and _matches(words[2:], packet):
            return line
    return None


def _matches(words: list[str], packet: Sequence[str]) -> bool:
    protocol, source, target, port = packet
    if words[0] not in ("ip", protocol):
        return False
    rest = words[1:]
    for address in (source, target):
        taken, found = _end(rest, address)
        if not found:
            return False
        rest = rest[taken:]
    if rest[:1] == ["eq"]:
        return rest[1] == port
    if rest[:1] == ["range"]:
        return bool(port) and int(rest[1]) <= int(port) <= int(rest[2])
    return True


def _end(words: list[str], address: str) -> tuple[int, bool]:
    if words[0] in ("any", "any4"):
        return 1, True
    if words[0] == "host":
        return 2, words[1] == address
    return 2, ip_address(address) in ip_network(f"{words[0]}/{words[1]}", strict=False)


def _listens(root: Line, interface: str, protocol: str, port: str, source: str) -> bool:
    if protocol == "6":
        router = root.first("router", "bgp")
        lines = [line for each in router.children for line in (each, *each.children)] if router is not None else []
        return port == _BGP and any(line.words[:2] == ("neighbor", source) for line in lines)
    ike = any(root.first("crypto", kind, "enable", interface) is not None for kind in ("ikev1", "ikev2"))
    return ike and (protocol == "50" or port in _IKE)


def _shown(interface: str, phases: Sequence[tuple[str, str, list[str]]]) -> str:
    lines: list[str] = [""]
    for number, (kind, result, config) in enumerate(phases, 1):
        rule = [] if kind == "ROUTE-LOOKUP" else config
        more = config if kind == "ROUTE-LOOKUP" else []
        lines += [f"Phase: {number}", f"Type: {kind}", "Subtype: ", f"Result: {result}", "Config:", *rule]
        lines += ["Additional Information:", *more, ""]
    dropped = phases[-1][1] == "DROP"
    lines += [
        "Result:", f"input-interface: {interface}", "input-status: up", "input-line-status: up",
        "output-interface: NP Identity Ifc", "output-status: up", "output-line-status: up",
        f"Action: {'drop' if dropped else 'allow'}",
        *(["Drop-reason: (acl-drop) Flow is denied by configured rule"] if dropped else []),
        "",
    ]  # fmt: skip
    return "\n".join(lines)
