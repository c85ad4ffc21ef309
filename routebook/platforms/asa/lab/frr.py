"""Translates the device's routing configuration to FRR's, and finds the commands from one translation to the next."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_interface

from routebook.platforms.asa.lab.configuration import Line

Translation = dict[tuple[str, ...], list[str]]  # lines by the context that they stand in, outermost first


def translate(root: Line, devices: dict[str, str], retry: int) -> Translation:
    """FRR's lines. `devices` maps interface names (nameif) to the namespace's; `retry` is in seconds."""
    found: Translation = {(): []}
    top = found[()]
    top += _static_routes(root, devices)
    for line in root.children:
        words = line.words
        if words[:1] == ("prefix-list",):
            top.append("ip " + line.text)
        elif words[:2] == ("ipv6", "prefix-list"):
            top.append(line.text)
        elif words[:1] == ("community-list",):
            kind = () if words[1] in ("standard", "expanded") else ("standard",)
            top.append("bgp " + " ".join(("community-list", *kind, *words[1:])))
        elif words[:2] == ("as-path", "access-list"):
            top.append("bgp " + line.text)
        elif words[:1] == ("route-map",):
            context = (f"route-map {words[1]} {words[2]} {words[3]}",)
            found[context] = [each for child in line.children for each in _route_map(child, devices)]
    router = root.first("router", "bgp")
    if router is not None:
        _router(router, found, devices, root, retry)
    return found


def _static_routes(root: Line, devices: dict[str, str]) -> Iterator[str]:
    for line in root.find("route"):
        words = line.words
        network = IPv4Network(f"{words[2]}/{words[3]}", strict=False)
        if words[1] == "null0":
            yield f"ip route {network} blackhole"
        elif words[1] in devices:
            metric = f" {words[5]}" if len(words) > 5 and words[5] not in ("1", "track", "tunneled") else ""
            yield f"ip route {network} {words[4]}{metric}"
    for line in root.find("ipv6", "route"):
        if line.words[2] in devices:
            yield f"ipv6 route {line.words[3]} {line.words[4]}"


_UNTRANSLATED = {("set", "automatic-tag"), ("set", "interface"), ("match", "policy-list")}


def _route_map(line: Line, devices: dict[str, str]) -> Iterator[str]:
    text, words = line.text, line.words
    if words[:2] == ("match", "interface"):
        yield f"match interface {devices.get(words[2], words[2])}"
    elif (words[:3] == ("match", "ip", "address") and words[3:4] != ("prefix-list",)) or words[:2] in _UNTRANSLATED:
        return
    elif words[0] == "continue" and len(words) > 1:
        yield f"on-match goto {words[1]}"
    else:
        yield text


def _router(router: Line, found: Translation, devices: dict[str, str], root: Line, retry: int) -> None:
    asn = router.words[2]
    context = (f"router bgp {asn}",)
    lines = found[context] = ["no bgp ebgp-requires-policy", "no bgp default ipv4-unicast"]
    for child in router.children:
        text = child.text
        if text.startswith(("bgp router-id", "bgp always-compare-med", "bgp bestpath", "bgp default local",
                            "bgp deterministic-med", "bgp graceful-restart", "bgp log-neighbor")):  # fmt: skip
            lines.append(text)
        elif text.startswith("timers bgp"):
            lines.append(" ".join(child.words[:4]))
    if not any(line.startswith("bgp router-id") for line in lines):
        highest = _highest_address(root)
        if highest:
            lines.append(f"bgp router-id {highest}")
    if router.first("bgp", "graceful-restart") is None:
        lines.append("bgp graceful-restart-disable")
    for family in router.find("address-family"):
        name = f"address-family {family.words[1]} unicast"
        inner = found[*context, name] = []
        neighbors = {line.values[0] for line in family.children if "neighbor" in line.rule.flags}
        for neighbor in sorted(neighbors):
            _neighbor(neighbor, family.find("neighbor", neighbor), lines, inner, devices, root, retry)
        for line in family.children:
            inner += _family_line(line)


def _highest_address(root: Line) -> str:
    found = [
        IPv4Address(address.values[0])
        for each in root.find("interface")
        if (address := each.first("ip", "address")) is not None and len(address.values) > 1
    ]
    return str(max(found)) if found else ""


_AT_ROUTER = ("description", "shutdown", "ebgp-multihop", "disable-connected-check", "local-as")
_AT_FAMILY = ("activate", "next-hop-self", "soft-reconfiguration", "weight", "remove-private-as", "prefix-list",
              "route-map", "filter-list", "maximum-prefix", "default-originate")  # fmt: skip


def _neighbor(
    address: str, lines: list[Line], router: list[str], family: list[str], devices: dict[str, str], root: Line,
    retry: int,
) -> None:  # fmt: skip
    remote = next((line for line in lines if line.words[2] == "remote-as"), None)
    if remote is None:
        return
    head = f"neighbor {address}"
    router.append(f"{head} remote-as {remote.words[3]}")
    router.append(f"{head} timers connect {retry}")
    source = tunnel_source(address, root)
    if source:
        router.append(f"{head} update-source {source}")
        if not any(line.words[2] in ("ebgp-multihop", "disable-connected-check") for line in lines):
            router.append(f"{head} disable-connected-check")
    communities = None
    for line in lines:
        kind, rest = line.words[2], line.words[3:]
        if kind in _AT_ROUTER:
            router.append(line.text)
        elif kind == "password":
            router.append(f"{head} password {rest[-1]}")
        elif kind == "timers":
            router.append(f"{head} timers {rest[0]} {rest[1]}")
        elif kind == "ttl-security":
            router.append(f"{head} ttl-security hops {rest[1]}")
        elif kind == "fall-over":
            router.append(f"{head} bfd")
        elif kind == "update-source" and rest[0] in devices:
            router.append(f"{head} update-source {devices[rest[0]]}")
        elif kind == "transport" and rest[:2] == ("connection-mode", "passive"):
            router.append(f"{head} passive")
        elif kind == "send-community":
            communities = rest[0] if rest else "standard"
        elif kind == "advertisement-interval":
            router.append(f"{head} advertisement-interval {rest[0]}")
        elif kind in _AT_FAMILY:
            family.append(line.text)
    if not any(line.words[2] == "activate" for line in lines):
        family.append(f"no {head} activate")
        return
    if communities is None:  # unlike FRR, the device sends communities only when configured to
        family.append(f"no {head} send-community")
    elif communities != "both":
        family.append(f"no {head} send-community {'extended' if communities == 'standard' else 'standard'}")


def tunnel_source(address: str, root: Line) -> str:
    """The inner address of the tunnel whose subnet a neighbor is in."""
    for interface in root.find("interface"):
        inner = interface.first("ip", "address")
        if not interface.words[1].startswith("Tunnel") or inner is None or len(inner.values) < 2:
            continue
        own = ip_interface(f"{inner.values[0]}/{inner.values[1]}")
        if ip_address(address) in own.network:
            return str(own.ip)
    return ""


def _classful(address: str) -> str:
    first = int(address.split(".", 1)[0])
    return f"{address}/{8 if first < 128 else 16 if first < 192 else 24}"


_FAMILY_LINES = {("distance", "bgp"), ("redistribute", "connected"), ("redistribute", "static")}


def _family_line(line: Line) -> Iterator[str]:
    words = line.words
    if words[0] == "network":
        if ":" in words[1]:
            yield line.text
            return
        if "mask" in words:
            mask = words[words.index("mask") + 1]
            prefix = str(IPv4Network(f"{words[1]}/{mask}", strict=False))
        else:
            prefix = _classful(words[1])
        policy = " ".join(words[words.index("route-map") :]) if "route-map" in words else ""
        yield f"network {prefix} {policy}".rstrip()
    elif words[0] == "aggregate-address" and ":" not in words[1]:
        prefix = str(IPv4Network(f"{words[1]}/{words[2]}", strict=False))
        yield " ".join(("aggregate-address", prefix, *words[3:]))
    elif words[0] in ("aggregate-address", "maximum-paths") or words[:2] in _FAMILY_LINES:
        yield line.text


def commands(before: Translation, after: Translation) -> list[str]:
    """The lines for `vtysh -f` that lead from one translation to the next."""
    found: list[str] = []
    for context, lines in before.items():
        if context in after or not context:
            continue
        if len(context) == 1:
            found.append(f"no {context[0]}")
        elif context[:1] in after:
            found += _inside(context, [_negated(line) for line in reversed(lines)])
    kept = {context: before.get(context, []) for context in after if context[:1] in before or not context}
    reset = _replaced_neighbors(kept, after)
    for context, lines in after.items():
        old = kept.get(context, [])
        removed = [line for line in old if line not in lines]
        added = [line for line in lines if line not in old]
        if len(context) == 1 and context[0].startswith("router bgp"):
            found += _inside(context, [f"no neighbor {each}" for each in sorted(reset)])
            removed = [line for line in removed if _neighbor_of(line) not in reset]
        removed = [line for line in removed if not _replaced(line, added)]
        gone = {_neighbor_of(line) for line in removed if " remote-as " in line}
        removed = [line for line in removed if _neighbor_of(line) not in gone or " remote-as " in line]
        if context[:1] and context[0].startswith("router bgp") and len(context) > 1:
            alive = {_neighbor_of(line) for line in after.get(context[:1], []) if " remote-as " in line}
            removed = [line for line in removed if _neighbor_of(line) in (*alive - reset, "")]
            added = [*added, *(line for line in lines if line in old and _neighbor_of(line) in reset)]
        elif context[:1]:
            added = [*added, *(line for line in lines if line in old and _neighbor_of(line) in reset)]
        first = {line: number for number, line in enumerate(lines)}
        added.sort(key=lambda line: first[line])
        found += _inside(context, [*map(_negated, removed), *added])
    return found


def _inside(context: tuple[str, ...], lines: list[str]) -> list[str]:
    if not lines:
        return [*context, *["exit"] * len(context)] if context and context[0].startswith("route-map") else []
    opened = [*context]
    closed = ["exit-address-family" if each.startswith("address-family") else "exit" for each in reversed(context)]
    return [*opened, *lines, *closed]


def _neighbor_of(line: str) -> str:
    match = re.match(r"(?:no )?neighbor (\S+) ", line)
    return match[1] if match else ""


def _replaced_neighbors(old: Translation, new: Translation) -> set[str]:
    """Neighbors whose AS changes: FRR takes them away and makes them anew."""
    found = set()
    for context, lines in new.items():
        for line in old.get(context, []):
            if " remote-as " in line and line not in lines:
                address = _neighbor_of(line)
                if any(each.startswith(f"neighbor {address} remote-as ") for each in lines):
                    found.add(address)
    return found


def _negated(line: str) -> str:
    if line.startswith("no "):
        return line.removeprefix("no ")
    if " timers connect " in line or " description " in line or " password " in line:
        words = line.split()
        return "no " + " ".join(words[: 4 if words[2] == "timers" else 3])
    return f"no {line}"


_SETTINGS = re.compile(
    r"(bgp router-id|timers bgp|bgp default local-preference|set \S+( ip| prepend)?|neighbor \S+ (?:timers connect"
    r"|timers|password|description|update-source|ebgp-multihop|weight|maximum-prefix|advertisement-interval"
    r"|route-map \S+ |prefix-list \S+ )|network \S+|(?:ip|ipv6) prefix-list \S+ seq \d+|maximum-paths(?: ibgp)?"
    r"|redistribute \S+) "
)


def _replaced(line: str, added: list[str]) -> bool:
    """Whether one of the new lines takes the old one's place by itself."""
    match = _SETTINGS.match(line)
    return (
        bool(match)
        and not line.startswith(("ip", "network", "redistribute", "neighbor"))
        and any(each.startswith(match[0]) for each in added if match)
    )
