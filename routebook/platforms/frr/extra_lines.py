"""Which lines may stand in FRR's configuration as an inventory has them: no others' words, and inside of their object.

vtysh tries a line that a context does not know in the contexts around it (vtysh_config_from_file in vtysh/vtysh.c), so
FRR's parser alone would let a line leave its object.
"""

import re

from routebook.importing.found import FoundHost
from routebook.intent.extra import Place, Unfit
from routebook.intent.extra_schema import SECRET
from routebook.intent.problem import Mark
from routebook.platforms.frr.imported_policy import Policies, key_of
from routebook.platforms.frr.imported_router import Router
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.tree import closing, opens_context

_ADDRESS = "192.0.2.1"  # of a neighbor that stands for any
_ROUTER, _FAMILY = "router bgp 64512", "address-family ipv4 unicast"
_LEAVES = re.compile(r"(exit(-\S+)?|end|quit|configure( terminal)?|write|do|!|#)\b.*|[!#].*")

# A neighbor's options that bgpd has for a session or for a family of it alone (install_element in bgpd/bgp_vty.c).
_OF_SESSION = frozenset(
    {
        *("advertisement-interval", "bfd", "description", "disable-connected-check", "dont-capability-negotiate"),
        *("ebgp-multihop", "enforce-first-as", "enforce-multihop", "extended-link-bandwidth"),
        *("extended-optional-parameters", "graceful-restart", "graceful-restart-disable", "graceful-restart-helper"),
        *("graceful-shutdown", "ip-transparent", "local-as", "local-role", "oad", "override-capability", "passive"),
        *("password", "path-attribute", "port", "sender-as-path-loop-detection", "shutdown", "solo"),
        *("strict-capability-match", "tcp-mss", "timers", "ttl-security", "update-source"),
    }
)
_OF_FAMILY = frozenset(
    {
        *("accept-own", "activate", "addpath-rx-paths-limit", "addpath-tx-all-paths", "addpath-tx-best-selected"),
        *("addpath-tx-bestpath-per-AS", "advertise-map", "allowas-in", "as-override", "attribute-unchanged"),
        *("default-originate", "disable-addpath-rx", "distribute-list", "filter-list", "maximum-prefix"),
        *("maximum-prefix-out", "next-hop-self", "nexthop-local", "prefix-list", "remove-private-AS", "route-map"),
        *("route-reflector-client", "route-server-client", "send-community", "soft-reconfiguration", "soo"),
        *("unsuppress-map", "weight"),
    }
)
# What a neighbor is, and what Routebook says of each one.
_MAKES = frozenset({"remote-as", "peer-group", "interface", "activate", "local-role"})

# The first words of what may be said of a router and of a family as a whole, without what is in them.
_IN_ROUTER = re.compile(
    r"(bgp (?!router-id|listen )\S|timers bgp \d|update-delay \d|coalesce-time \d|(read|write)-quanta \d"
    r"|no bgp (?!router-id|listen )\S)"
)
_IN_FAMILY = re.compile(r"(distance (bgp )?\d|bgp dampening|table-map \S|bgp retain |no bgp retain )")
_AT_TOP = re.compile(
    r"(no )?((ip|ipv6) (route|nht|protocol|import-table|forwarding|mroute|multicast-routing|pim|igmp|mld) ?"
    r"|(ip |ipv6 |mac )?access-list |bgp (extcommunity-list|community alias|route-map|update-delay|session-dscp"
    r"|send-extra-data|input-queue-limit|output-queue-limit)|zebra |fpm |agentx|debug |vni |evpn |graceful-restart "
    r"|allow-external-route-update|mpls label |enable password |password )"
)


def judge(place: Place, line: str) -> Unfit | None:
    """Why a line cannot stand in a place as it is; None where it can."""
    if unfit := _secret(line):
        return unfit
    if place in ("tunnel", "child"):
        return Unfit("is of a tunnel, of which FRR has none", "leave it out")
    if _LEAVES.fullmatch(line):
        return Unfit("is outside of its object", "write the lines of the object alone")
    return {
        "host": _top, "router": _router, "family": _family, "neighbor": _neighbor,
        "neighbor family": _neighbor_family, "route map": _route_map,
    }[place](line)  # fmt: skip


def _secret(line: str) -> Unfit | None:
    known = redact(line) != line
    if SECRET in line and not known:
        return Unfit("has a secret where FRR has none, which nothing would keep out of a plan", "leave it out")
    if known and SECRET not in line:
        fix = f"write {{line: … {SECRET}, secret: {{file: …}}}}, and change the secret"
        return Unfit("has a secret in clear text", fix, redact(line))
    return None


def _word(line: str, *path: str) -> str:
    """The inventory's word for a line in a router, or nothing."""
    router = Router(FoundHost("", "frr", ()), _ROUTER)
    _, why = router.take(line, (_ROUTER, *path), Mark("", 1))
    if why:
        return ""
    found = [*(name for name, _ in router.host.speaker.values())]
    for session in router.sessions.values():
        found += [*session.shared, *session.own, *(word for said in session.families.values() for word in said)]
    return found[0] if found else "what Routebook writes by itself"


def _has_word(word: str) -> Unfit | None:
    return Unfit("is one that Routebook writes itself", f"write it in the inventory's word: {word}") if word else None


def _of_neighbor(line: str) -> tuple[str, str]:
    """The line as FRR has it, and the option that it is about."""
    rest = line.removeprefix("no ")
    return f"{'no ' if rest != line else ''}neighbor {_ADDRESS} {rest}", rest.split()[0]


def _neighbor(line: str) -> Unfit | None:
    full, option = _of_neighbor(line)
    if option == "neighbor":
        return Unfit("names its neighbor", "leave `neighbor ADDRESS` out: Routebook writes it")
    if option in _OF_FAMILY:
        return Unfit("is of an address family", "write extra: {ipv4-unicast: [...]} with it, or ipv6-unicast")
    return _made(option) or _has_word(_word(full))


def _neighbor_family(line: str) -> Unfit | None:
    full, option = _of_neighbor(line)
    if option == "neighbor":
        return Unfit("names its neighbor", "leave `neighbor ADDRESS` out: Routebook writes it")
    if option in _OF_SESSION:
        return Unfit("is of the session as a whole", "write it under lines: of extra")
    return _made(option) or _has_word(_word(full, _FAMILY))


def _made(option: str) -> Unfit | None:
    if option not in _MAKES:
        return None
    return Unfit("is one that Routebook writes itself", f"declare the session so that {option} follows from it")


def _router(line: str) -> Unfit | None:
    if word := _word(line):
        return _has_word(word)
    if _IN_FAMILY.match(line) and not line.startswith("distance "):
        return Unfit("is of an address family", "write extra: {ipv4-unicast: [...]} with it, or ipv6-unicast")
    if not _IN_ROUTER.match(line):
        return Unfit("is no option of a router as a whole", "write it where its object is declared, or leave it out")
    return None


def _family(line: str) -> Unfit | None:
    if word := _word(line, _FAMILY):
        return _has_word(word)
    if not _IN_FAMILY.match(line):
        return Unfit("is no option of an address family as a whole", "write it where its object is declared")
    return None


def _route_map(line: str) -> Unfit | None:
    if not line.startswith(("match ", "set ")):
        return Unfit("is neither `match …` nor `set …`", "write it in the inventory's words, or in another entry")
    entry = "route-map ANY permit 10"
    policies = Policies()
    policies.take("route-map ANY", entry, (), Mark("", 1))
    if not policies.take("route-map ANY", line, (entry,), Mark("", 1)):
        entry_said = policies.found["route-map ANY"].value[0]
        words = [*entry_said["permit"], *entry_said["set"]]
        return _has_word(words[0] if words else "of an entry")
    return None


def _top(line: str) -> Unfit | None:
    if opens_context(line, None):
        return Unfit(f"opens a context, up to its `{closing(line)}`", "write single lines of the top level alone")
    if key_of(line, ()):
        return Unfit("is one that Routebook writes itself", "write it in policy:")
    if line.startswith("access-list ROUTEBOOK-"):
        return Unfit("is of Routebook's record of what is its own", "leave it out")
    if not _AT_TOP.match(line):
        return Unfit("is no line of the top level that can be kept", "write it where its object is declared")
    return None
