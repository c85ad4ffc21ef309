"""Two spellings of one thing: what is rendered, in the words in which this device shows it.

A release hides what it takes for granted (`set pfs group14` is shown as `set pfs` from 9.13 on), shows names for
addresses and numbers, and IPv6 in its own form. Text that means the same must be no difference, or each run sends it
again. docs/platforms/asa-truths.md says where each of these is known from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Interface

from msgspec import Struct, field

from routebook.platforms.asa.config.access_entry import plain_entry
from routebook.platforms.asa.config.contexts import FAMILY, context_of, setting
from routebook.platforms.asa.config.objects import Objects
from routebook.platforms.asa.config.tree import Config, Node

Release = tuple[int, int]
"""Major and minor number."""

_NEWEST: Release = (99, 0)  # where a configuration does not say its release
_VERSION = re.compile(r"(?:ASA|NGFW) Version (\d+)\.(\d+)")
_NAME = re.compile(r"name (\S+) (\S+)")
_GROUP_14_SINCE: Release = (9, 13)  # Cisco ASA command reference, `crypto map set pfs`; before it group 2
_PFS = re.compile(r"(?:crypto (?:dynamic-)?map \S+ \d+ )?set pfs")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/\d{1,3})?")
# The rest of these lines is text or a secret.
_TEXT = re.compile(
    r"(?:no )?(?:banner |description |remark |access-list \S+ remark |neighbor \S+ (?:description|password) "
    r"|.*\b(?:pre-shared-key|password|passwd|key|key-string|secret|prompt|url|regex) )"
)

# What a line says that a release may leave away at its end.
_ENDINGS = (
    (re.compile(r"(neighbor \S+ timers \d+ \d+) 0"), r"\1"),  # no least hold time
    (re.compile(r"(neighbor \S+ maximum-prefix \d+) 75(?= |$)"), r"\1"),  # the threshold of the warning, in per cent
    (re.compile(r"(neighbor \S+ ebgp-multihop) 255"), r"\1"),
    (re.compile(r"(neighbor \S+ send-community) standard"), r"\1"),
    (re.compile(r"(route \S+ \S+ \S+ \S+)"), r"\1 1"),
    (re.compile(r"(ipv6 route \S+ \S+ \S+)"), r"\1 1"),
    (re.compile(r"(isakmp keepalive threshold \d+) retry 2"), r"\1"),
)
# Lines that say what holds without them, by the mode that they are in (top-level lines: the empty one).
_HIDDEN = (
    (re.compile(r"crypto ikev[12] policy \d+$"), re.compile(r"lifetime (?:seconds )?86400")),
    (re.compile(r"tunnel-group .* ipsec-attributes$"), re.compile(r"isakmp keepalive threshold 10(?: retry 2)?")),
    (FAMILY, re.compile(r"neighbor \S+ (?:timers 60 180(?: 0)?|version 4|weight 0)")),
    (re.compile(r"router bgp \d+$"), re.compile(r"timers bgp 60 180(?: 0)?")),
)
# The same, unless the device says otherwise for all of its tunnels.
_LIFETIME = re.compile(
    r"(?:crypto (?:dynamic-)?map \S+ \d+ )?set security-association lifetime "
    r"(?P<default>seconds 28800|kilobytes 4608000)"
)
# With an AEAD cipher there is no other integrity.
_NO_INTEGRITY = re.compile(r"(?:protocol esp )?integrity null")
_AEAD = re.compile(r"(?:protocol esp )?encryption aes-g[cm]")


class Device(Struct, frozen=True):
    """What decides how a device spells things: its release, `names`, and its lifetimes of all tunnels."""

    release: Release = _NEWEST
    names: Mapping[str, str] = field(default_factory=dict)
    lifetimes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> "Device":
        """What a configuration says of the device that it runs on; a text without a release is a newest one's."""
        found = next((match for node in config.nodes if (match := _VERSION.match(node.raw))), None)
        lines = [node.line for node in config.commands]
        names = {match[2]: match[1] for line in lines if (match := _NAME.match(line))} if "names" in lines else {}
        start = "crypto ipsec security-association lifetime "
        return cls(
            (int(found[1]), int(found[2])) if found else _NEWEST,
            names,
            frozenset(line.removeprefix(start).split()[0] for line in lines if line.startswith(start)),
        )

    def plain(self, line: str) -> str:
        """One spelling for all that mean the same on this device."""
        if _TEXT.match(line):
            return line
        if line.startswith("subject-name "):
            return line.lower()  # of a certificate map, as the device keeps it
        if line.startswith("access-list "):
            line = plain_entry(line)
        words = [self._word(word) for word in line.split(" ")]
        line = " ".join(words)
        if _PFS.fullmatch(line):
            return f"{line} group{14 if self.release >= _GROUP_14_SINCE else 2}"
        if words[0] == "network" and len(words) > 3 and words[2] == "mask":
            return _network(words)
        for pattern, short in _ENDINGS:
            if (found := pattern.fullmatch(line)) is not None:
                return found.expand(short)
        return line

    def _word(self, word: str) -> str:
        word = self.names.get(word, word)
        if ":" not in word or not _IPV6.fullmatch(word):
            return word
        try:
            return str(IPv6Interface(word)) if "/" in word else str(IPv6Address(word))
        except ValueError:
            return word

    def hides(self, line: str, parent: str, around: Iterable[str]) -> bool:
        """Whether a line says what holds without it; `around` are the lines of the same object or mode."""
        if (lifetime := _LIFETIME.fullmatch(line)) is not None:
            return lifetime["default"].split()[0] not in self.lifetimes
        if _NO_INTEGRITY.fullmatch(line):
            return any(_AEAD.match(other) for other in around)
        return any(mode.match(parent) and pattern.fullmatch(line) for mode, pattern in _HIDDEN)


def as_shown(wanted: Objects, there: Objects, device: Device) -> Objects:
    """What is wanted, in the device's own words where it has the same already.

    What the device takes for granted and does not show is left out of what exists, and what it shows although nobody
    has said so is added.
    """
    found: Objects = {}
    others: dict[str, tuple[str, ...]] | None = None
    for key, nodes in wanted.items():
        if key not in there:
            if others is None:
                others = {device.plain(name[0]): name for name in there if len(name) == 1 and name not in wanted}
            own = others.get(device.plain(key[0]), key) if len(key) == 1 else key
            found[own] = _in_its_words(nodes, there.get(own, ()), "", device)
        elif nodes is not there[key]:
            found[key] = _in_its_words(nodes, there[key], "", device)
        else:
            found[key] = nodes
    return found


def _in_its_words(wanted: Sequence[Node], there: Sequence[Node], parent: str, device: Device) -> tuple[Node, ...]:
    if not there:
        return tuple(wanted)
    shown = {node.line: node for node in there if node.line}
    asked = {node.line for node in wanted}
    spare = {device.plain(line): line for line in shown if line not in asked}
    found: list[Node] = []
    for node in wanted:
        line = node.line if node.line in shown else spare.get(device.plain(node.line), node.line)
        if line in shown:
            if node.children or shown[line].children:
                node = node.with_children(_in_its_words(node.children, shown[line].children, line, device))
            found.append(Node(line, node.raw, node.children, node.payload) if line != node.line else node)
        elif not (device.hides(line, parent, asked) and not _set(line, shown, parent)):
            found.append(node)
    now = {node.line for node in found}
    peers = {line.split()[1] for line in asked if line.startswith("neighbor ")}
    for line, node in shown.items():
        if line.startswith("neighbor ") and line.split()[1] not in peers:
            continue  # of a neighbor that is not wanted
        if line not in now and device.hides(line, parent, shown) and not _set(line, asked, parent):
            found.append(node)
    return tuple(found)


def _set(line: str, among: Iterable[str], parent: str) -> bool:
    """Whether one of the lines gives the setting of `line` a value."""
    context = context_of(parent)
    own = setting(context, line)
    return own is not None and any(other and setting(context, other) == own for other in among)


def _network(words: Sequence[str]) -> str:
    """`network 10.0.0.0 mask 255.0.0.0` is shown without the mask of the address's class."""
    try:
        prefix = IPv4Network(f"{words[1]}/{words[3]}")
    except ValueError:
        return " ".join(words)
    first = int(prefix.network_address) >> 24
    classful = 8 if first < 128 else 16 if first < 192 else 24
    return " ".join([*words[:2], *words[4:]]) if prefix.prefixlen == classful else " ".join(words)
