"""What entries of config.xml mean to the packages that read them, whatever the web interface has written beside.

The forms of the web interface write every field, those of earlier releases fewer, and Routebook's templates what they
need. Of FRR's package (net/pfSense-pkg-frr in pfsense/FreeBSD-ports): `frr_bgp_generate_neighbors()` in frr_bgp.inc,
`frr_zebra_generate_prefixlists()`, `frr_zebra_generate_communitylists()` and `frr_zebra_generate_routemaps()` in
frr_zebra.inc say which fields are looked at, and when.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from routebook.platforms.pfsense.ownership import Path
from routebook.platforms.pfsense.tree import Canonical, Element, canonical

NEIGHBORS: Path = ("installedpackages", "frrbgpneighbors", "config")
PREFIX_LISTS: Path = ("installedpackages", "frrglobalprefixes", "config")
COMMUNITY_LISTS: Path = ("installedpackages", "frrbgpcommunities", "config")
AS_PATH_LISTS: Path = ("installedpackages", "frrbgpaspaths", "config")
ROUTE_MAPS: Path = ("installedpackages", "frrglobalroutemaps", "config")
NETWORKS: Mapping[Path, str] = MappingProxyType(
    {
        ("installedpackages", "frrbgp", "config", "row"): "distributeroutevalue",
        ("installedpackages", "openbgpd", "config", "row"): "networks",
    }
)
"""The rows of what a speaker originates, each with the tag that has the network."""

_BGP: Path = ("installedpackages", "frrbgp", "config")
_INHERITED: Mapping[Path, Path] = MappingProxyType(
    {
        (*_BGP, "routerid"): ("installedpackages", "frr", "config", "routerid"),
        (*_BGP, "redistributeconnected"): (*_BGP, "redistributeconnectedsubnets"),
        (*_BGP, "redistributeconnectedsubnets"): (*_BGP, "redistributeconnected"),
    }
)

Meaning = Mapping[str, "str | tuple[Canonical, ...]"]
"""By tag, what an entry says; what says nothing is left out, and descriptions are, which change nothing."""

# Fields of a neighbor, with the values that say as little as no field. FRR sends communities of every kind unless it
# is told otherwise (peer_af_flag_set() of PEER_FLAG_SEND_COMMUNITY in bgpd.c), so that all of these say nothing.
_NEIGHBOR = {
    **dict.fromkeys(
        (
            *("distribute_in", "distribute_out", "prefixfilter_in", "prefixfilter_out", "aspathfilter_in"),
            *("aspathfilter_out", "routemap_in", "routemap_out", "unsuppressmap", "peergroup", "capability_orf"),
            "defaultoriginateroutemap",
        ),
        frozenset({"none"}),
    ),
    "password_type": frozenset({"none"}),
    "updatesource": frozenset({"default"}),
    "nexthopself": frozenset({"disabled"}),
    "sendcommunity": frozenset({"both", "enabled", "standard", "extended"}),
    "allowasin": frozenset({"disabled"}),
    "grmode": frozenset({"default", "none"}),
    "defaultoriginate": frozenset({"no"}),
    "bfd_peer": frozenset({"default"}),
    "ebgpmultihop": frozenset({"1"}),
}
# Fields that mean something beside another one only.
_NEIGHBOR_BESIDE = {
    "password": "password_type", "updatesource_type": "updatesource", "timers_holdtime": "timers_keepalive",
    "shutdownmessage": "shutdown", "bfd_peer": "bfdenable", "bfd_check_control_plane_failure": "bfdenable",
    "maximumprefix_threshold": "maximumprefix_num", "maximumprefix_warnonly": "maximumprefix_num",
    "maximumprefix_restart": "maximumprefix_num", "maximumprefix_force": "maximumprefix_num",
    "attributeunchanged_aspath": "attributeunchanged", "attributeunchanged_med": "attributeunchanged",
    "attributeunchanged_nexthop": "attributeunchanged", "removeprivateas_all": "removeprivateas",
    "removeprivateas_replace": "removeprivateas", "localas_noprepend": "localas_num",
    "localas_replaceas": "localas_num", "defaultoriginateroutemap": "defaultoriginate",
    "shutdownautokeepalive": "shutdownautortt",
}  # fmt: skip
CHECKED = frozenset(
    {
        "shutdown", "passive", "bfdenable", "capability", "capability_nexthop", "dontcapabilitynegotiate",
        "overridecapability", "disableconnectedcheck", "enforcemultihop", "solo", "softreconfigurationinbound",
        "addpathtxallpaths", "addpathtxbestpathperas", "asoverride", "attributeunchanged", "removeprivateas",
        "routeclient_reflector", "routeclient_server", "bothaf", "community_additive", "enable", "nodefipv4unicast",
    }
)  # fmt: skip
"""Check boxes: whatever is in them, they are checked."""

_ROUTE_MAP = {
    tag: frozenset({"none"})
    for tag in (
        *("call", "exitaction", "acl_match", "prefix_match", "nexthop_action", "metric_action", "localpref_action"),
        *("aspath_action", "community_action", "origin_action", "source_proto", "tag_action", "rpki_state"),
    )
}
_ROUTE_MAP_BESIDE = {
    "nexthop_peer": "nexthop_action", "nexthop_acl": "nexthop_action", "nexthop_pl": "nexthop_action",
    "metric_value": "metric_action", "localpref_value": "localpref_action", "aspath_value": "aspath_action",
    "aspath_match": "aspath_action", "community_match": "community_action", "community_set": "community_action",
    "community_additive": "community_action", "tag_value": "tag_action",
}  # fmt: skip
# What is looked at of an action's fields, where that is not all of them.
_ROUTE_MAP_OF_ACTION = {
    "aspath_action": {"match": "aspath_match", "": "aspath_value"},
    "community_action": {"match": "community_match", "matchexact": "community_match", "": "community_set"},
}
_STEP = 5  # prefix_new_seq_get() in lib/plist.c of FRR


def meaning(path: Path, entry: Element) -> Meaning:
    """What an entry of a list says."""
    return _MEANINGS.get(path, _any)(entry)


def same(path: Path, one: Sequence[Element], other: Sequence[Element]) -> bool:
    """Whether a setting with all its values means the same before and after."""
    return [said for each in one if (said := _setting(path, each))] == [
        said for each in other if (said := _setting(path, each))
    ]


def inherited(path: Path, root: Element) -> str | None:
    """What a setting of FRR's package that is not there is taken from; None of one that has no such place.

    `bgp router-id` is that of FRR where BGP has none (frr_bgp_generate_router()); `redistributeconnected` is what
    `redistributeconnectedsubnets` was, and each release reads one of them.
    """
    if path in _INHERITED and root.find(*path) is None:
        return root.value(*_INHERITED[path]) or None
    return None


def network(path: Path, row: Element) -> str:
    """The network that a row originates; empty for a row that the form left empty."""
    return row.value(NETWORKS[path]).strip()


def _setting(path: Path, element: Element) -> object:
    if path in NETWORKS:
        return {tag: each for tag, each in _any(element).items() if (tag, each) != ("distributeroutemap", "none")}
    if element.tag in CHECKED:
        return bool(element.text or element.children)
    if element.tag.startswith("redistribute") and element.text == "no":
        return None
    return canonical(element)[1]


def _any(entry: Element) -> Meaning:
    found: dict[str, list[Canonical]] = {}
    for child in entry.children:
        if child.children or child.text:
            found.setdefault(child.tag, []).append(canonical(child))
    return {tag: str(each[0][1]) if len(each) == 1 and isinstance(each[0][1], str) else tuple(each)
            for tag, each in found.items()}  # fmt: skip


def _told(
    entry: Element, silent: Mapping[str, frozenset[str]], beside: Mapping[str, str]
) -> dict[str, "str | tuple[Canonical, ...]"]:
    found = {
        tag: "on" if tag in CHECKED else value
        for tag, value in _any(entry).items()
        if not isinstance(value, str) or value not in silent.get(tag, ())
    }
    return {tag: value for tag, value in found.items() if tag not in beside or beside[tag] in found}


def _neighbor(entry: Element) -> Meaning:
    found = _told(entry, _NEIGHBOR, _NEIGHBOR_BESIDE)
    found.pop("descr", None)
    if "password" not in found:  # without its type a password is ignored
        found.pop("password_type", None)
    return found


def _route_map(entry: Element) -> Meaning:
    found = _told(entry, _ROUTE_MAP, _ROUTE_MAP_BESIDE)
    found.pop("descr", None)
    for action, fields in _ROUTE_MAP_OF_ACTION.items():
        used = fields.get(str(found.get(action, "")), fields[""])
        for tag in set(fields.values()) - {used}:
            found.pop(tag, None)
    if found.get("community_action") in ("match", "matchexact"):
        found.pop("community_additive", None)
    if found.get("community_action") == "set" and isinstance(found.get("community_set"), str):
        found["community_set"] = _said("community", str(found["community_set"]))
    if not entry.value("acl_match"):  # which is compared with "none" alone
        found["acl_match"] = ""
    return found


def rows(entry: Element) -> list[Element]:
    """The rows of a list in the order in which they are written: by number, if the last one has one."""
    found = [row for row in entry.all("row") if row.value("action") in ("permit", "deny")]
    every = entry.all("row")
    if every and every[-1].value("seq").isdigit():
        found.sort(key=lambda row: int(row.value("seq")) if row.value("seq").isdigit() else 0)
    return found


def prefix_rules(entry: Element) -> list[tuple[int, str, str, str, str]]:
    """The rules of a prefix list: number, action, prefix or `any`, ge, le. FRR numbers those without a number."""
    found: list[tuple[int, str, str, str, str]] = []
    last = 0
    for row in rows(entry):
        seq = row.value("seq")
        last = int(seq) if seq.isdigit() and int(seq) else (last // _STEP + 1) * _STEP
        source, bounds = row.value("source"), (row.value("ge"), row.value("le"))
        if row.value("any") or source == "any" or (source, *bounds) in (("0.0.0.0/0", "", "32"), ("::/0", "", "128")):
            found.append((last, row.value("action"), "any", "", ""))
        else:
            found.append((last, row.value("action"), source, *bounds))
    return found


def _prefix_list(entry: Element) -> Meaning:
    return {**_without_rows(entry, lower="iptype"), "row": tuple(map(_pairs, prefix_rules(entry)))}


def _list(tag: str) -> Callable[[Element], Meaning]:
    def said(entry: Element) -> Meaning:
        each = tuple(_pairs((row.value("action"), _said(tag, row.value(tag)))) for row in rows(entry))
        return {**_without_rows(entry), "row": each}

    return said


def _said(tag: str, text: str) -> str:
    """Communities in whatever order, and by number; an expression as it is."""
    words = text.split()
    if tag != "community":
        return " ".join(words)
    from routebook.platforms.pfsense.communities import communities, is_standard  # with pydantic, which costs time

    return communities(words) if all(map(is_standard, words)) else " ".join(words)


def _without_rows(entry: Element, lower: str = "") -> dict[str, "str | tuple[Canonical, ...]"]:
    return {
        tag: value.lower() if tag == lower and isinstance(value, str) else value
        for tag, value in _any(entry).items()
        if tag not in ("row", "descr")
    }


def _pairs(values: Sequence[object]) -> Canonical:
    return "row", tuple((str(index), str(value)) for index, value in enumerate(values))


_MEANINGS: Mapping[Path, Callable[[Element], Meaning]] = MappingProxyType(
    {
        NEIGHBORS: _neighbor,
        ROUTE_MAPS: _route_map,
        PREFIX_LISTS: _prefix_list,
        COMMUNITY_LISTS: _list("community"),
        AS_PATH_LISTS: _list("regex"),
    }
)
