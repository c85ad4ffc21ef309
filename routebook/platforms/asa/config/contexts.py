"""What the lines of ASA's configuration modes mean to each other: which replace which, and how each is taken back.

From the ASA command reference; what the published tool Netspoc-Approve sends to real devices was followed where the
reference leaves a choice.
"""

import re
from functools import lru_cache

from msgspec import Struct

from routebook.platforms.asa.config.tree import NAME

_NEVER = re.compile(r"(?!)")


class Context(Struct, frozen=True):
    """A configuration mode.

    `replaced` matches settings that take a new value in place, `swapped` those whose old value must go first:
    two lines are the same setting when the pattern's groups (all that matched, if it has none) are equal.
    `order` is the order in which the device prints the lines. `implied` lines say what holds anyway.
    """

    opened_by: re.Pattern[str]
    replaced: re.Pattern[str] = _NEVER
    swapped: re.Pattern[str] = _NEVER
    order: tuple[str, ...] = ()
    implied: frozenset[str] = frozenset()
    grows_first: bool = False


def _context(opened_by: str, *, replaced: str = "(?!)", swapped: str = "(?!)", order: tuple[str, ...] = ()) -> Context:
    return Context(re.compile(opened_by), re.compile(replaced), re.compile(swapped), order)


_TOP = _context(
    "(?!)",
    replaced=r"hostname|domain-name|enable password|passwd|mtu \S+|pager lines"
    r"|(access-group) \S+( (?:in|out) interface \S+(?: control-plane)?| global)"
    r"|logging (?:buffered|trap|asdm|facility|queue|buffer-size|device-id)"
    r"|crypto ipsec security-association (?:lifetime (?:seconds|kilobytes)|replay|pmtu-aging)"
    # An interface has one crypto map: another one takes the place of the first.
    r"|(crypto map) \S+ (interface \S+)"
    # Taken back first, it would take every crypto map's reference to it along.
    r"|((?:ipv6 )?prefix-list \S+ description)|tunnel-group-map default-group|crypto ipsec ikev1 transform-set \S+",
    swapped=r"crypto (?:dynamic-)?map \S+ \d+ (?:match address|ipsec-isakmp"
    r"|set security-association lifetime \S+|set ikev[12] \S+|set \S+)"
    r"|((?:ipv6 )?prefix-list \S+) (seq \d+)|(route \S+ \S+ \S+)|(route-map \S+) (?:permit|deny) (\d+)"
    r"|ip local pool \S+|username \S+ password",
)

_IN_A_NEIGHBOR = (
    "remote-as", "description", "transport", "ttl-security", "ebgp-multihop", "disable-connected-check", "local-as",
    "fall-over", "password", "timers", "shutdown", "activate", "send-community", "next-hop-self", "default-originate",
    "remove-private-as", "soft-reconfiguration", "advertisement-interval", "maximum-prefix", "weight",
    "distribute-list", "prefix-list", "route-map", "filter-list",
)  # fmt: skip

FAMILY = re.compile(r"address-family ipv[46]( unicast)?$")

# fmt: off
_CONTEXTS = (
    Context(
        re.compile(r"interface \S"),
        re.compile(
            r"nameif|security-level|ip address|description|tunnel source|tunnel destination|tunnel mode"
            r"|tunnel protection ipsec|speed|duplex|vlan|delay|channel-group|zone-member|bridge-group"
        ),
        order=(
            "description", "channel-group", "shutdown", "speed", "duplex", "vlan", "management-only", "nameif",
            "no nameif", "bridge-group", "zone-member", "security-level", "no security-level", "ip address",
            "no ip address", "ipv6", "ospf", "bfd", "delay", "tunnel source", "tunnel destination", "tunnel mode",
            "tunnel protection",
        ),
        implied=frozenset({"no nameif", "no security-level", "no ip address", "no shutdown", "no shut"}),
    ),
    _context(
        r"crypto ikev[12] policy \d+$",
        replaced=r"authentication|encryption|hash|integrity|group|prf|lifetime",
        order=("authentication", "encryption", "hash", "integrity", "group", "prf", "lifetime"),
    ),
    _context(
        r"crypto ipsec ikev2 ipsec-proposal \S+$",
        replaced=r"protocol esp (?:encryption|integrity)",
        order=("protocol esp encryption", "protocol esp integrity"),
    ),
    _context(
        r"crypto ipsec profile \S+$",
        replaced=r"set (?:ikev2 ipsec-proposal|ikev1 transform-set|ikev2 local-identity|pfs|trustpoint"
        r"|security-association lifetime (?:seconds|kilobytes))",
        order=("set ikev1", "set ikev2", "set pfs", "set security-association lifetime kilobytes",
               "set security-association lifetime seconds", "set trustpoint", "responder-only"),
    ),
    _context(
        rf"tunnel-group {NAME} general-attributes$", replaced=r"default-group-policy|default-domain|password-management"
    ),
    _context(
        rf"tunnel-group {NAME} ipsec-attributes$",
        replaced=r"ikev1 pre-shared-key|pre-shared-key|ikev2 (?:local|remote)-authentication pre-shared-key"
        r"|ikev2 local-authentication certificate|isakmp keepalive|peer-id-validate",
        swapped=r"ikev1 trust-point|trust-point",
        order=("ikev1 pre-shared-key", "chain", "ikev1 trust-point", "peer-id-validate", "isakmp keepalive",
               "ikev2 remote-authentication", "ikev2 local-authentication"),
    ),
    _context(
        rf"group-policy {NAME} attributes$",
        replaced=r"vpn-(?:tunnel-protocol|idle-timeout|session-timeout|filter|simultaneous-logins)|default-domain"
        r"|split-tunnel-(?:policy|network-list)|address-pools|dns-server|wins-server",
    ),
    _context(
        r"route-map \S+ (?:permit|deny) \d+$",
        replaced=r"description|set (?:local-preference|metric-type|metric|weight|origin|tag|community|as-path prepend)",
        order=("description", "match", "set"),
    ),
    _context(
        r"router bgp \d+$",
        replaced=r"timers bgp|bgp (?:router-id|scan-time|maxas-limit|default local-preference|listen limit"
        r"|graceful-restart (?:restart|stalepath)-time|bestpath med|nexthop trigger delay)",
        order=("bgp", "timers", "address-family"),
    ),
    Context(
        FAMILY,
        re.compile(
            r"(neighbor \S+ (?:prefix-list|route-map|filter-list|distribute-list)) \S+( in| out)"
            r"|(neighbor \S+ (?:transport \S+|(?!send-community|soft-reconfiguration|remote-as)\S+))|distance bgp"
            r"|maximum-paths(?: ibgp)?|bgp (?:scan-time|dampening|nexthop trigger delay)|table-map"
        ),
        re.compile(r"(network \S+(?: mask \S+)?)|(redistribute (?:connected|static|rip|ospf \S+|eigrp \S+))"
                   r"|(aggregate-address \S+ \S+)|neighbor \S+ send-community"),
        order=("bgp", "neighbor", "network", "aggregate-address", "redistribute", "distance", "maximum-paths",
               "auto-summary", "no auto-summary", "synchronization", "no synchronization"),
        implied=frozenset({"no auto-summary", "no synchronization"}),
    ),
    _context(r"object network \S+$", replaced=r"(?:host|subnet|range|fqdn)\b()|description|nat"),
    _context(r"object service \S+$", replaced=r"service|description"),
    Context(
        re.compile(r"object-group \S"), re.compile(r"description"), order=("description",), grows_first=True
    ),
)
# fmt: on
_OTHER = _context("(?!)")


@lru_cache(maxsize=4096)
def context_of(parent: str) -> Context:
    """The mode that a line opens; the top level for the empty string."""
    if not parent:
        return _TOP
    return next((context for context in _CONTEXTS if context.opened_by.match(parent)), _OTHER)


def setting(context: Context, line: str) -> tuple[str, bool] | None:
    """The setting that a line gives a value, and whether its old value has to be taken back first."""
    for pattern, swapped in ((context.replaced, False), (context.swapped, True)):
        if found := pattern.match(line.removeprefix("no ")):
            groups = [group for group in found.groups() if group is not None]
            return " ".join(groups) if groups else found.group(), swapped
    return None


# Taken back without their operand, which is text or a secret: the reference shows the short form for each.
_WITHOUT_OPERAND = re.compile(
    r"(?P<command>description|neighbor \S+ (?:description|password)|nameif|security-level|ip address(?! dhcp)"
    r"|ikev1 pre-shared-key|pre-shared-key|ikev2 (?:local|remote)-authentication pre-shared-key|key(?= \S+$)"
    r"|banner (?:motd|login|exec|asdm)|prefix-list \S+ description|username \S+(?= (?:password|attributes|nopassword)))"
    r"(?: .*)?"
)
_TRUSTPOINT = re.compile(r"crypto ca trustpoint \S+$")


def negation(line: str) -> str:
    """The command that takes a line back."""
    if line.startswith("no "):
        return line.removeprefix("no ")
    if _TRUSTPOINT.match(line):
        return f"no {line} noconfirm"
    short = _WITHOUT_OPERAND.fullmatch(line)
    return f"no {short['command'] if short else line}"


def display_rank(context: Context, line: str) -> tuple[int, tuple[int, ...], int]:
    """Where the device prints a line among those of its context."""
    rank = next((index for index, prefix in enumerate(context.order) if line.startswith(prefix)), len(context.order))
    words = line.split()
    if words[0] != "neighbor" or len(words) < 3:
        return rank, (), 0
    attribute = _IN_A_NEIGHBOR.index(words[2]) if words[2] in _IN_A_NEIGHBOR else len(_IN_A_NEIGHBOR)
    return rank, _address(words[1]), attribute


def _address(text: str) -> tuple[int, ...]:
    """IPv4 addresses in numerical order, others after them by their characters."""
    parts = text.split(".")
    if len(parts) == 4 and all(part.isdigit() for part in parts):
        return tuple(int(part) for part in parts)
    return (256, *(ord(character) for character in text))
