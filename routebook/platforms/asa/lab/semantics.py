"""What single configuration commands do beyond storing their line: checks, defaults, warnings, consequences."""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_interface
from typing import Protocol

from routebook.platforms.asa.lab import access_lists, references, releases
from routebook.platforms.asa.lab.configuration import GRAMMARS, Configuration, Line
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.passwords import hashed
from routebook.platforms.asa.lab.references import RefusedCommandError

__all__ = ["Device", "RefusedCommandError"]


class Device(Protocol):
    """What the rules ask about the device."""

    @property
    def release(self) -> releases.Release:
        """The release that runs there."""

    @property
    def multiple(self) -> bool:
        """Whether it is in multiple context mode."""

    def has_interface(self, name: str) -> bool:
        """Whether there is such a physical interface."""


class Inserter(Protocol):
    """Puts lines into a configuration."""

    def insert(self, parent: Line, line: Line, position: int | None = None) -> None:
        """Put a line where the device shows it."""

    def take_out(self, parent: Line, lines: list[Line]) -> None:
        """Remove lines."""


Result = tuple[Parsed, str]
_Before = Callable[[Parsed, Line, Configuration, Device], Result]


def reparse(text: str, mode: str = "config") -> Parsed:
    """A command that the device has completed by itself."""
    return GRAMMARS[mode].parse(text, partial=True)


def before(parsed: Parsed, parent: Line, configuration: Configuration, device: Device) -> Result:
    """Check and complete a command. Raises RefusedCommandError with the device's answer."""
    references.check_names(parsed, configuration)
    attribute = "neighbor" in parsed.rule.flags and parsed.rule.name != "remote-as"
    if attribute and parent.first("neighbor", parsed.values[0], "remote-as") is None:
        raise RefusedCommandError("% Specify remote-as or peer-group commands first")
    if unknown := releases.unknown_group(parsed.text, device.release):
        raise RefusedCommandError(references.marker(parsed, parsed.words.index(unknown)))
    rule = _BEFORE.get(parsed.rule.name)
    return rule(parsed, parent, configuration, device) if rule else (parsed, "")


def as_shown(parsed: Parsed, parent: Line, device: Device) -> Parsed | None:
    """A command as the configuration keeps it; None for one that says what holds anyway and is not shown."""
    text = releases.as_shown(parsed.text, device.release)
    if not text:
        return None
    return parsed if text == parsed.text else reparse(text, parent.mode or "config")


def _interface_two(parsed: Parsed, parent: Line, configuration: Configuration, device: Device) -> Result:
    whole = reparse(f"interface {parsed.words[1]}{parsed.words[2]}")
    return _interface(whole, parent, configuration, device)


def _interface(parsed: Parsed, _parent: Line, _configuration: Configuration, device: Device) -> Result:
    name = parsed.words[1]
    tunnel = re.fullmatch(r"Tunnel(\d+)", name)
    known = int(tunnel[1]) <= 10413 if tunnel else name.startswith(("Loopback", "Vlan", "BVI")) or "." in name
    if (not known and not device.has_interface(name)) or (tunnel and device.multiple):
        raise RefusedCommandError(references.marker(parsed, 1))
    return parsed, ""


def _enable(parsed: Parsed, *_: object) -> Result:
    if len(parsed.words) == 3:
        return reparse(f"enable password {hashed(parsed.words[2])} pbkdf2"), ""
    return parsed, ""


def _username(parsed: Parsed, *_: object) -> Result:
    words = list(parsed.words)
    if words[2] == "password" and (len(words) == 4 or words[4] == "privilege"):
        words[3:4] = [hashed(words[3]), "pbkdf2"]
    if "privilege" not in words:
        words += ["privilege", "2"]
    return reparse(" ".join(words)), ""


def _prefix_list(parsed: Parsed, parent: Line, *_: object) -> Result:
    words = parsed.words
    at = words.index("prefix-list") + 1
    numbers = [int(each.words[at + 2]) for each in parent.find(*words[: at + 1], "seq")]
    sequence = (max(numbers, default=0) // 5 + 1) * 5
    return reparse(" ".join([*words[: at + 1], "seq", str(sequence), *words[at + 1 :]])), ""


def _route_map(parsed: Parsed, parent: Line, *_: object) -> Result:
    action = parsed.words[2] if len(parsed.words) > 2 else "permit"
    number = parsed.words[3] if len(parsed.words) > 3 else "10"
    whole = reparse(f"route-map {parsed.words[1]} {action} {number}")
    other = "deny" if action == "permit" else "permit"
    existing = parent.first("route-map", parsed.words[1], other, number)
    if existing is not None:  # the entry keeps what it has and changes its action
        existing.parsed = whole
    return whole, ""


def _router(parsed: Parsed, parent: Line, *_: object) -> Result:
    running = parent.first("router", "bgp")
    if running is not None and running.words != parsed.words:
        raise RefusedCommandError(f"BGP is already running; AS is {running.words[2]}")
    return parsed, ""


def _family(parsed: Parsed, *_: object) -> Result:
    return reparse(f"address-family {parsed.words[1]} unicast", "router"), ""


def _nameif(parsed: Parsed, parent: Line, configuration: Configuration, _: Device) -> Result:
    name = parsed.words[1]
    owner = references.interface_of(configuration, name)
    if owner is not None and owner is not parent:
        raise RefusedCommandError(f'ERROR: Name "{name}" has been assigned to interface {owner.words[1]}')
    if parent.words[1].startswith("Tunnel") or parent.first("security-level"):
        return parsed, ""
    level = "100" if name == "inside" else "0"
    return parsed, f'INFO: Security level for "{name}" set to {level} by default.'


def _address(parsed: Parsed, parent: Line, configuration: Configuration, _: Device) -> Result:
    try:
        address = ip_interface(f"{parsed.values[0]}/{parsed.values[1]}")
    except ValueError:
        raise RefusedCommandError("ERROR: Invalid IP address/mask combination") from None
    for other in configuration.root.find("interface"):
        configured = other.first("ip", "address")
        if other is parent or configured is None or len(configured.values) < 2:
            continue
        if address.network.overlaps(ip_interface(f"{configured.values[0]}/{configured.values[1]}").network):
            raise RefusedCommandError(
                "ERROR: This IP address's network overlaps with the network of interface " + other.words[1]
            )
    return parsed, ""


def _route(parsed: Parsed, parent: Line, *_: object) -> Result:
    words = parsed.words
    full = parsed if words[-1].isdigit() or "track" in words or "tunneled" in words else reparse(parsed.text + " 1")
    if any(each.words == full.words for each in parent.children):
        raise RefusedCommandError("WARNING: Route already exists")
    return full, ""


def _pager(parsed: Parsed, *_: object) -> Result:
    return reparse(f"pager lines {parsed.values[0] if parsed.values else 24}"), ""


def _width(parsed: Parsed, *_: object) -> Result:
    if int(parsed.values[0]) != 0 and not 40 <= int(parsed.values[0]) <= 511:
        raise RefusedCommandError(references.marker(parsed, 2))
    return parsed, ""


_PROMPT_WORDS = {"hostname", "domain", "context", "priority", "state", "slot", "cluster-unit", "management-mode"}


def _prompt(parsed: Parsed, parent: Line, *_: object) -> Result:
    for number, word in enumerate(parsed.text.split()[1:], 1):
        if word not in _PROMPT_WORDS:
            raise RefusedCommandError(references.marker(parsed, number))
    parent.children[:] = [each for each in parent.children if each.words[:1] != ("prompt",)]
    return parsed, ""


def _applet(parsed: Parsed, _parent: Line, _configuration: Configuration, device: Device) -> Result:
    if device.multiple:
        raise RefusedCommandError(references.marker(parsed, 0))
    if len(parsed.words[-1]) > 32:
        raise RefusedCommandError(references.marker(parsed, 3))
    return parsed, ""


def _tunnel_group(parsed: Parsed, parent: Line, *_: object) -> Result:
    if parsed.words[-1] != "ipsec-l2l" or parent.first(*parsed.words[:2]) is not None:
        return parsed, ""
    try:
        ip_address(parsed.words[1])
    except ValueError:
        return parsed, (
            "WARNING: For IKEv1, L2L tunnel-groups that have names which are not an IP\n"
            "address may only be used if the tunnel authentication\n"
            "method is Digital Certificates and/or The peer is\nconfigured to use Aggressive Mode"
        )
    return parsed, ""


_BEFORE: dict[str, _Before] = {
    "interface": _interface,
    "interface-two": _interface_two,
    "enable": _enable,
    "username": _username,
    "prefix-list": _prefix_list,
    "route-map": _route_map,
    "router": _router,
    "family": _family,
    "nameif": _nameif,
    "address": _address,
    "route": _route,
    "pager": _pager,
    "width": _width,
    "prompt": _prompt,
    "applet": _applet,
    "tunnel-group": _tunnel_group,
    "access-list": access_lists.complete,
}

_POLICY = ("ikev1-policy", "ikev2-policy")


def after(line: Line, parent: Line, configuration: Configuration, inserter: Inserter, device: Device) -> None:
    """What follows from a new line."""
    name = line.rule.name
    if name == "router" and not line.children:
        inserter.insert(line, Line(reparse("bgp log-neighbor-changes", "router")))
    elif name in _POLICY and not line.children:
        for default in releases.policy_defaults(name, device.release):
            inserter.insert(line, Line(reparse(default, name)))
    elif name == "interface" and not line.words[1].startswith(("Tunnel", "Loopback")) and not line.children:
        inserter.insert(line, Line(reparse("shutdown", "if")))
    elif name == "nameif":
        references.rename(line.words[1], configuration)
        if not parent.words[1].startswith("Tunnel") and parent.first("security-level") is None:
            level = "100" if line.words[1] == "inside" else "0"
            inserter.insert(parent, Line(reparse(f"security-level {level}", "if")))
        root = configuration.root
        if root.first("mtu", line.words[1]) is None:
            inserter.insert(root, Line(reparse(f"mtu {line.words[1]} 1500")))
    elif name == "width" and line.values[0] == "80":
        configuration.root.children.remove(line)


def answer(line: Line, parent: Line) -> str:
    """What the device says to a new line."""
    if line.rule.name == "crypto-map" and references.incomplete(parent.find(*line.words[:4])):
        return references.INCOMPLETE
    return ""


def duplicate(line: Line) -> str:
    """The answer to a line that is there already."""
    if line.rule.name == "access-list" and "remark" not in line.words[:3]:
        return f"WARNING: <{line.words[1]}> found duplicate element"
    if line.rule.name == "crypto-map":
        return ""
    return ""


def position(line: Line, parent: Line) -> int | None:
    """Where a line goes that says so itself."""
    return access_lists.position(line, parent) if line.rule.name == "access-list" else None


def before_removal(parsed: Parsed, parent: Line, configuration: Configuration, device: Device) -> Parsed:
    """Complete what follows `no`. Raises RefusedCommandError."""
    if parsed.rule.name == "access-list":
        return access_lists.complete_removal(parsed, parent)
    if parsed.rule.name == "interface-two":
        return _interface_two(parsed, parent, configuration, device)[0]
    if parsed.rule.name == "family":
        return _family(parsed)[0]
    if parsed.rule.name == "remote-as":
        return reparse(f"neighbor {parsed.values[0]}", parent.mode)
    if parsed.rule.name == "tunnel-group":
        references.refuse_default_group(parsed.words[1])
        return reparse(f"tunnel-group {parsed.words[1]}")
    if parsed.rule.name == "route-map" and len(parsed.words) == 3:
        return reparse(f"{parsed.text} 10")
    return parsed


def removing(parsed: Parsed, found: list[Line], parent: Line, configuration: Configuration) -> str:
    """The answer to a removal. Raises RefusedCommandError when the device keeps what is still referred to."""
    if not found:
        if parsed.rule.name == "route":
            raise RefusedCommandError("%No matching route to delete")
        return ""
    for line in found:
        references.refuse_in_use(line, configuration)
    if parsed.rule.name == "interface" and not _virtual(parsed.words[1]):
        raise RefusedCommandError("ERROR: Removal of physical interface is not permitted")
    if parsed.rule.name == "crypto-map":
        left = [each for each in parent.find(*parsed.words[:4]) if each not in found]
        return references.WILL_BE_INCOMPLETE if left and references.incomplete(left) else ""
    return ""


def _virtual(interface: str) -> bool:
    return interface.startswith(("Tunnel", "Loopback", "Vlan", "BVI")) or "." in interface


def removed(parsed: Parsed, parent: Line, configuration: Configuration, inserter: Inserter, device: Device) -> None:
    """What follows from a removal."""
    if parsed.rule.name in ("nameif", "interface"):
        references.forget_names(configuration)
    if parsed.rule.name == "in-use" or parent.rule.name == "in-use":
        references.forget_proposals(configuration, reparse)
    for default in releases.policy_defaults(parent.mode, device.release):
        if default.split()[0] == parsed.words[0]:
            inserter.insert(parent, Line(reparse(default, parent.mode)))


def clearing(found: list[Line], configuration: Configuration) -> str:
    """The answer to `clear configure`. Raises RefusedCommandError when the device keeps what is referred to."""
    for line in found:
        if line.rule.name != "tunnel-group" or line.values[0] not in references.DEFAULT_GROUPS:
            references.refuse_in_use(line, configuration, among=found)
    return ""
