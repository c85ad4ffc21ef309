"""Which lines of an FRR context are one and the same setting, and how a line is taken back.

Measured on bgpd 8.4.4 and 10.3: FRR replaces a setting when its line is given again with another value, and
takes `no` in front of nearly every line as it shows it. What is different is listed here.
"""

import re
from functools import lru_cache
from itertools import groupby

# The first words of settings that have one value: the rest of the line is the value. `*` is any one word.
_ONE_VALUE = tuple(
    tuple(words.split())
    for words in (
        # top level
        "hostname", "domainname", "frr defaults", "log syslog", "log file", "log stdout", "log facility",
        "log timestamp precision", "password", "enable password", "bgp route-map delay-timer",
        "bgp update-delay", "ip prefix-list * seq *", "ip prefix-list * description",
        "ipv6 prefix-list * seq *", "ipv6 prefix-list * description",
        "access-list * seq *", "ipv6 access-list * seq *", "mac access-list * seq *",
        "bgp as-path access-list * seq *", "bgp community-list standard * seq *",
        "bgp community-list expanded * seq *", "bgp large-community-list standard * seq *",
        "bgp large-community-list expanded * seq *", "bgp extcommunity-list standard * seq *",
        "bgp extcommunity-list expanded * seq *", "bgp community alias *",
        # router bgp
        "bgp router-id", "bgp cluster-id", "timers bgp", "bgp graceful-restart restart-time",
        "bgp graceful-restart stalepath-time", "bgp graceful-restart rib-stale-time",
        "bgp graceful-restart select-defer-time", "bgp default local-preference",
        "bgp default subgroup-pkt-queue-max", "bgp confederation identifier", "bgp minimum-holdtime",
        "bgp confederation peers",
        "bgp listen limit", "bgp max-med administrative", "bgp max-med on-startup", "bgp dampening",
        "coalesce-time", "write-quanta", "read-quanta",
        "neighbor * remote-as", "neighbor * description", "neighbor * password", "neighbor * local-as",
        "neighbor * update-source", "neighbor * ebgp-multihop", "neighbor * ttl-security hops",
        "neighbor * timers connect", "neighbor * timers delayopen", "neighbor * advertisement-interval",
        "neighbor * port", "neighbor * tcp-mss", "neighbor * bfd profile", "neighbor * shutdown",
        "neighbor * local-role",
        # address families
        "neighbor * maximum-prefix", "neighbor * maximum-prefix-out", "neighbor * allowas-in",
        "neighbor * default-originate", "neighbor * unsuppress-map", "neighbor * weight", "neighbor * soo",
        "neighbor * advertise-map", "network *", "aggregate-address *", "maximum-paths ibgp",
        "distance bgp", "table-map",
        # route maps
        "description", "call", "match interface", "match community", "match large-community", "match as-path",
        "match rpki", "match metric", "match local-preference", "match tag", "match origin", "match peer",
        "match source-protocol", "match probability", "set as-path prepend", "set as-path exclude",
        "set as-path replace", "set community", "set large-community", "set extcommunity rt",
        "set extcommunity soo", "set extcommunity bandwidth", "set local-preference", "set metric",
        "set weight", "set origin", "set src", "set tag", "set table", "set distance", "set originator-id",
        "set ip next-hop", "set ipv6 next-hop global", "set ipv6 next-hop local", "on-match goto",
        "set comm-list", "set large-comm-list",
        # bfd
        "detect-multiplier", "receive-interval", "transmit-interval", "echo-interval",
        "echo receive-interval", "echo transmit-interval", "minimum-ttl", "profile",
        # rpki
        "rpki polling_period", "rpki expire_interval", "rpki retry_interval",
    )
)  # fmt: skip

_BY_FIRST_WORD = {word: tuple(names) for word, names in groupby(sorted(_ONE_VALUE), key=lambda name: name[0])}

# The value is in the middle: what follows it belongs to the setting's name.
_VALUE_INSIDE = (
    re.compile(r"(neighbor \S+ (?:route-map|prefix-list|filter-list|distribute-list)) \S+ (in|out)"),
    re.compile(r"(match (?:ip|ipv6) (?:address|next-hop|route-source)(?: prefix-list| prefix-len)?) ()\S+"),
    re.compile(r"(set (?:ip|ipv6) next-hop (?:peer-address|unchanged|prefer-global))"),  # kept beside an address
    re.compile(r"(neighbor \S+ timers)() \d+ \d+"),
    re.compile(r"(maximum-paths)() \d+"),
    re.compile(r"(neighbor \S+ addpath-tx)()-\S+"),
    re.compile(r"((?:ip|ipv6) route \S+)( \S+)(?: \d+)?"),
    re.compile(r"(redistribute \S+)()(?: (?:metric|route-map) \S+)*"),
    # bgpd knows a cache by its preference: it refuses another one of the same, and takes away whichever has it.
    re.compile(r"(rpki cache) .* (preference \d+)"),
)

# Refused, or kept beside the old one, until the old one is taken back.
_OLD_FIRST = re.compile(r"rpki cache |bgp confederation peers ")

# The value must not, or need not, follow the `no`; a secret then stays out of the command.
_WITHOUT_VALUE = re.compile(
    r"(neighbor \S+ (?:password|description)|set as-path prepend|set table|on-match goto|description|key-string"
    r"|ip ospf (?:message-digest-key|authentication-key)) .*"
)

# There is no `no`: the daemon's default takes it back (bfdd/bfd.h; values in milliseconds).
_DEFAULTS = {
    "detect-multiplier": "3",
    "receive-interval": "300",
    "transmit-interval": "300",
    "echo receive-interval": "50",
    "echo transmit-interval": "50",
}


@lru_cache(maxsize=1 << 16)
def setting(line: str) -> str:
    """The name of the setting that a line gives a value to; lines of one context with one name replace each other."""
    positive = line.removeprefix("no ")
    for pattern in _VALUE_INSIDE:
        if found := pattern.fullmatch(positive):
            return " ".join(part.strip() for part in found.groups() if part)
    words = positive.split()
    best: tuple[str, ...] = ()
    for name in _BY_FIRST_WORD.get(words[0], ()):
        if len(name) > len(best) and _begins_with(words, name):
            best = name
    return " ".join(words[: len(best)]) if best else positive


def negation(line: str) -> str:
    """The command that takes a line back."""
    if line.startswith("no "):
        return line.removeprefix("no ")
    name, _, _ = line.rpartition(" ")
    if name in _DEFAULTS:
        return f"{name} {_DEFAULTS[name]}"
    if found := _WITHOUT_VALUE.fullmatch(line):
        return f"no {found.group(1)}"
    return f"no {line}"


def replaceable(line: str) -> bool:
    """Whether the line, given with another value, takes the place of the old one."""
    return not _OLD_FIRST.match(line)


def replaces(new: str, old: str) -> bool:
    """Whether a line takes the place of another value of its setting, so that this need not be taken back first.

    bgpd keeps the metric and the route map of a `redistribute` that is given again without (bgp_redistribute_rmap_set
    and bgp_redistribute_metric_set in bgpd/bgp_vty.c are called for what is given alone).
    """
    if not new.startswith("redistribute "):
        return replaceable(old)
    return {*old.split()[2::2]} <= {*new.split()[2::2]}


def _begins_with(words: list[str], name: tuple[str, ...]) -> bool:
    return len(words) >= len(name) and all(wanted in ("*", word) for wanted, word in zip(name, words, strict=False))
