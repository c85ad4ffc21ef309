"""pf's rules as `pfctl -sr` prints them (pf.conf(5), "GRAMMAR"), and what becomes in them of a packet to the firewall.

The last rule that matches decides, and a quick one at once; without any, the packet passes.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network

from msgspec import Struct

from routebook.device.packet_filter import Flow

# etc/services of FreeBSD, as far as a tunnel or session meets it.
_PORTS = {"isakmp": 500, "ipsec-nat-t": 4500, "sae-urn": 4500, "bgp": 179}
_WITH_A_WORD = frozenset({"label", "ridentifier", "tag", "rtable", "queue", "probability", "max-pkt-rate", "dnpipe"})
_PLAIN = frozenset({"log", "drop", "return", "return-rst", "return-icmp", "all", "keep", "modulate", "state", "no",
                    "allow-opts", "quick", "synproxy"})  # fmt: skip
# What pfSense itself makes anchors for: rules of a VPN's users, of UPnP and of proxies, all for what goes through it.
_OWN_ANCHORS = re.compile(
    r'anchor "(?:openvpn/\*|ipsec/\*|userrules/\*|tftp-proxy/\*|relayd/\*|miniupnpd|natearly/\*|natrules/\*)"(?: .*)?'
)
_TABLE = re.compile(r"<([\w.-]{1,31})>")

_CLIENTS = 1024  # from here on (RFC 6056 section 3.2)

InTable = Callable[[str, str], bool | None]
"""Whether a table has an address; None where that is not known."""


class Decision(Struct, frozen=True):
    """What may decide about a packet: "pass" and "block", each with the rule; `unclear` are not understood."""

    ways: dict[str, str]
    unclear: tuple[str, ...] = ()


def tables(text: str) -> list[str]:
    """The tables that rules name."""
    return sorted(set(_TABLE.findall(text)))


def decision(lines: Sequence[str], flow: Flow, interface: str, own: Sequence[str], in_table: InTable) -> Decision:
    """What becomes of a flow that comes in by an interface; empty where that is not known.

    `own` are the firewall's addresses, and `lines` the rules in their order.
    """
    ways: dict[str, str] = {"pass": "no rule"}
    quick: dict[str, str] = {}
    unclear: list[str] = []
    for line in lines:
        words = _words(line)
        if words[:1] == ["anchor"] and not _OWN_ANCHORS.fullmatch(line.strip()):
            ways |= {"pass": line, "block": line}
            unclear.append(line)
        if words[:1] not in (["pass"], ["block"]) or "out" in words[1:3]:
            continue
        matches = _Packet(flow, interface, own, in_table).matches(words)
        if matches is False:
            continue
        if matches is None:
            unclear.append(line)
        found = quick if "quick" in words else ways
        if matches and found is quick:
            return Decision({words[0]: line, **quick}, tuple(unclear))
        if matches:
            ways = {words[0]: line}
        else:
            found[words[0]] = line
    return Decision({**ways, **quick}, tuple(unclear))


def _words(line: str) -> list[str]:
    """A rule's words, with addresses in parentheses and braces as one."""
    try:
        words = shlex.split(re.sub(r"\( ?([^()]*?) ?\)", lambda found: f"({found[1].replace(' ', ',')})", line))
    except ValueError:
        return []
    return words


class _Packet:
    """A flow's packet before one rule."""

    def __init__(self, flow: Flow, interface: str, own: Sequence[str], in_table: InTable) -> None:
        self._flow, self._interface, self._own, self._in_table = flow, interface, own, in_table

    def matches(self, words: Sequence[str]) -> bool | None:
        """Whether a rule is about the packet."""
        found = list(self._parts(words[1:]))
        return False if False in found else None if None in found else True

    def _parts(self, words: Sequence[str]) -> Iterator[bool | None]:
        flow, at = self._flow, 0
        while at < len(words):
            word, rest = words[at], words[at + 1 :]
            at += 1
            match word:
                case "on":
                    taken = 2 if rest[:1] == ["!"] else 1
                    same = rest[taken - 1] == self._interface if self._interface else None
                    yield same if taken == 1 or same is None else not same
                    at += taken
                case "inet" | "inet6":
                    yield (word == "inet6") == (flow.destination.version == 6)
                case "proto":
                    yield rest[:1] == [flow.protocol]
                    at += 1
                case "from" | "to":
                    taken, found = self._end(rest, source=word == "from")
                    yield found
                    at += taken
                case "flags":
                    # TCP's first packet is a SYN: S/SA matches it, and every other that is seen is not known.
                    yield True if flow.protocol != "tcp" or rest[:1] in (["S/SA"], ["any"]) else None
                    at += 1
                case "reply-to" | "route-to" | "dup-to" | "icmp6-type" | "icmp-type":
                    at += 1
                case "in":
                    pass
                case _ if word in _WITH_A_WORD:
                    at += 1
                case _ if word not in _PLAIN and not word.startswith("("):
                    yield None

    def _end(self, words: Sequence[str], *, source: bool) -> tuple[int, bool | None]:
        """One end of a rule, `! ADDRESS port OPERATOR PORT`: its number of words, and whether the packet's is that."""
        at = 1 if words[:1] == ["!"] else 0
        found = self._address(words[at] if at < len(words) else "", source=source)
        found = not found if at and found is not None else found
        at += 1
        if list(words[at : at + 1]) == ["port"]:
            port = self._flow.source_port if source else self._flow.port
            taken, same = _port(words[at + 1 :], port)
            at += 1 + taken
            found = False if False in (found, same) else None if None in (found, same) else True
        return at, found

    def _address(self, text: str, *, source: bool) -> bool | None:
        address = self._flow.source if source else self._flow.destination
        if text == "any":
            return True
        if text == "(self)":
            return not source
        if (table := _TABLE.fullmatch(text)) is not None:
            return self._in_table(table[1], str(address))
        if text.startswith("("):
            # The addresses that an interface has: ours come to one of them, and a peer has none of them.
            return False if source else None if str(address) in self._own else False
        try:
            return address in ip_network(text, strict=False)
        except ValueError:
            return None


def _port(words: Sequence[str], port: int) -> tuple[int, bool | None]:
    """`= isakmp`, `500:600`: how many words that is, and whether a port is it; 0 is any of those that clients use."""
    if len(words) > 1 and words[0] in ("=", "!="):
        wanted = _number(words[1])
        if not port and (wanted is None or wanted >= _CLIENTS):
            return 2, None
        return 2, (port == wanted and port > 0) == (words[0] == "=")  # a name that is not known is none of ours
    if words and ":" in words[0]:
        low, _, high = words[0].partition(":")
        bounds = _number(low), _number(high)
        if not port or bounds[0] is None or bounds[1] is None:
            return 1, None
        return 1, bounds[0] <= port <= bounds[1]
    return (3 if len(words) > 1 and words[1] in ("><", "<>") else 2), None


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else _PORTS.get(text)
