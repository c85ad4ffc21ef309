"""Validates the inventory piece by piece, so that one bad piece hides neither itself nor the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from routebook.intent.part import Input
from routebook.intent.policy_schema import PolicyInput, RouteMapEntryInput
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.schema import (
    BgpInput,
    CacheInput,
    ElementInput,
    IntentInput,
    LinkInput,
    NetworkInput,
    NetworksInput,
    PeerGroupInput,
    PeerInput,
    RedistributeInput,
    RpkiInput,
    SessionInput,
    SessionMeshInput,
    SiteInput,
    TunnelInput,
    TunnelMeshInput,
    TunnelsInput,
)
from routebook.intent.source import LocatedDict, LocatedList, Sources, locate
from routebook.intent.speaker_schema import AggregateInput, ListenInput, SpeakerOptionsInput

_Model = TypeVar("_Model", bound=Input)

_PLAIN = {
    "int_type": "should be a whole number",
    "bool_type": "should be true or false",
    "string_type": "should be text",
    "tuple_type": "should be a list",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "too_short": "has too few items",
    "too_long": "has too many items",
}


@dataclass(slots=True)
class Declared:
    """The inventory's valid pieces. The `…_names` also have those whose piece is invalid and was reported."""

    defaults: ElementInput
    defaults_valid: bool = True
    groups: dict[str, ElementInput] = field(default_factory=dict)
    hosts: dict[str, ElementInput] = field(default_factory=dict)
    network: NetworkInput | None = None
    sites: dict[str, SiteInput] = field(default_factory=dict)
    links: dict[str, LinkInput] = field(default_factory=dict)
    peers: dict[str, PeerInput] = field(default_factory=dict)
    policy: PolicyInput = field(default_factory=PolicyInput)
    route_maps: dict[str, tuple[RouteMapEntryInput, ...]] = field(default_factory=dict)
    bgp: BgpInput = field(default_factory=BgpInput)
    sessions: list[SessionInput] = field(default_factory=list)
    session_meshes: list[SessionMeshInput] = field(default_factory=list)
    tunnels: TunnelsInput = field(default_factory=TunnelsInput)
    tunnel_list: list[TunnelInput] = field(default_factory=list)
    tunnel_meshes: list[TunnelMeshInput] = field(default_factory=list)
    tunnels_valid: bool = True
    rpki: RpkiInput = field(default_factory=RpkiInput)
    networks: list[NetworksInput] = field(default_factory=list)
    redistribute: list[RedistributeInput] = field(default_factory=list)
    aggregates: list[AggregateInput] = field(default_factory=list)
    speaker_options: list[SpeakerOptionsInput] = field(default_factory=list)
    listen: list[ListenInput] = field(default_factory=list)
    peer_groups: list[PeerGroupInput] = field(default_factory=list)
    rpki_valid: bool = True
    caches: list[CacheInput] = field(default_factory=list)
    host_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()
    site_names: frozenset[str] = frozenset()
    link_names: frozenset[str] = frozenset()
    peer_names: frozenset[str] = frozenset()
    policy_names: dict[str, frozenset[str]] = field(default_factory=dict)


def validate(model: type[_Model], tree: object, problems: Problems, what: str, at: Mark | None = None) -> _Model | None:
    """The model of what is written at `tree`; None, and everything that is wrong reported, when it is invalid.

    An absent piece (nothing after the key) counts as an empty one.
    """
    if tree is None and at is not None:
        tree = LocatedDict(at)
    try:
        return model.model_validate(tree, context=problems)
    except ValidationError as error:
        _report(error.errors(include_url=False), tree, at, problems, what)
        return None


def _report(errors: Iterable[ErrorDetails], tree: object, at: Mark | None, problems: Problems, what: str) -> None:
    grouped: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for error in errors:
        grouped.setdefault(_written(tree, error["loc"]), []).append(error)
    for path, details in grouped.items():
        if all(error["type"] == "clear_text_secret" for error in details):
            continue  # the search for clear text has reported it
        located = isinstance(tree, LocatedDict | LocatedList)
        mark = locate(tree, path) if located or at is None else at
        name = ".".join(str(step) for step in path if isinstance(step, str))
        subject = f"{what}: {name}" if name else what
        mistakes = list(dict.fromkeys(_mistake(error) for error in details))
        problems.error(
            mark,
            f"{subject} {', or '.join(text for text, _ in mistakes)}",
            "; ".join(fix for _, fix in mistakes if fix),
        )


def _written(tree: object, location: Iterable[str | int]) -> tuple[str | int, ...]:
    """The steps of pydantic's location that the files contain."""
    path: list[str | int] = []
    for step in location:
        if (isinstance(tree, dict) and step in tree) or (
            isinstance(tree, list) and isinstance(step, int) and step < len(tree)
        ):
            tree = tree[step]  # type: ignore[index]  # mypy does not see that step fits tree
            path.append(step)
    return tuple(path)


def _mistake(error: ErrorDetails) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"lacks {error['loc'][-1]!r}", ""
    if kind == "value_error":
        return f"is wrong: {context['error']}", ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "is an unknown key", ""
    if kind == "literal_error":
        allowed = str(context["expected"])
        words = [word.strip("' ") for word in allowed.replace(" or ", ",").split(",")]
        return f"should be {allowed}, not {error['input']!r}", nearest(str(error["input"]), words) if len(
            words
        ) > 2 else ""
    return _PLAIN.get(kind) or error["msg"].replace("Input should", "should").replace("Value error, ", ""), ""


def read(sources: Sources, problems: Problems) -> Declared:
    """Validate everything that the files say."""
    defaults = validate(ElementInput, sources.defaults, problems, "defaults")
    found = Declared(defaults=defaults or ElementInput(), defaults_valid=defaults is not None)
    found.groups = _named(ElementInput, sources.groups, problems, "group")
    found.hosts = _named(ElementInput, sources.hosts, problems, "host")
    found.host_names, found.group_names = frozenset(sources.hosts), frozenset(sources.groups)
    intent = validate(IntentInput, sources.intent, problems, "intent")
    if intent is None:
        return found
    tree = sources.intent
    found.network = _section(NetworkInput, tree, "network", problems)
    if found.network is None and "network" not in tree:
        problems.error(Mark("inventory", 1), "no file says `network:`", "write network: {asn: …, sites: …, links: …}")
    network = tree.get("network")
    if isinstance(network, LocatedDict):
        if isinstance(network.get("sites"), LocatedDict):
            found.sites = _named(SiteInput, network["sites"], problems, "site")
        if isinstance(network.get("links"), LocatedDict):
            found.links = _named(LinkInput, network["links"], problems, "link")
        found.site_names, found.link_names = _names(network.get("sites")), _names(network.get("links"))
    if isinstance(tree.get("peers"), LocatedDict):
        found.peers = _named(PeerInput, tree["peers"], problems, "peer")
        found.peer_names = frozenset(tree["peers"])
    _read_policy(found, tree, problems)
    _read_bgp_and_tunnels(found, tree, problems)
    return found


def _read_policy(found: Declared, tree: LocatedDict, problems: Problems) -> None:
    found.policy = _section(PolicyInput, tree, "policy", problems) or found.policy
    policy = tree.get("policy")
    if not isinstance(policy, LocatedDict):
        return
    found.policy_names = {kind: _names(policy.get(kind)) for kind in policy}
    for name in found.policy_names.get("route_maps", ()):
        entries = _items(RouteMapEntryInput, policy["route_maps"], name, problems, f"route map {name}")
        written = policy["route_maps"][name]
        if isinstance(written, list) and len(entries) == len(written):
            found.route_maps[name] = tuple(entries)


def _read_bgp_and_tunnels(found: Declared, tree: LocatedDict, problems: Problems) -> None:
    bgp = _section(BgpInput, tree, "bgp", problems)
    found.sessions = _items(SessionInput, tree.get("bgp"), "sessions", problems, "session")
    found.session_meshes = _items(SessionMeshInput, tree.get("bgp"), "meshes", problems, "mesh")
    found.networks = _items(NetworksInput, tree.get("bgp"), "networks", problems, "networks")
    found.redistribute = _items(RedistributeInput, tree.get("bgp"), "redistribute", problems, "redistribute")
    found.aggregates = _items(AggregateInput, tree.get("bgp"), "aggregates", problems, "aggregates")
    found.speaker_options = _items(SpeakerOptionsInput, tree.get("bgp"), "options", problems, "options")
    found.listen = _items(ListenInput, tree.get("bgp"), "listen", problems, "listen")
    found.peer_groups = _items(PeerGroupInput, tree.get("bgp"), "peer_groups", problems, "peer group")
    tunnels = _section(TunnelsInput, tree, "tunnels", problems)
    found.tunnel_list = _items(TunnelInput, tree.get("tunnels"), "list", problems, "tunnel")
    found.tunnel_meshes = _items(TunnelMeshInput, tree.get("tunnels"), "meshes", problems, "mesh")
    found.tunnels_valid = (tunnels is not None or "tunnels" not in tree) and all(
        len(pieces) == _length(tree.get("tunnels"), key)
        for key, pieces in (("list", found.tunnel_list), ("meshes", found.tunnel_meshes))
    )
    # Without the defaults that it shares, a session or tunnel would be wrong for no fault of its own.
    if bgp is None:
        found.sessions, found.session_meshes = [], []
    if tunnels is None:
        found.tunnel_list, found.tunnel_meshes = [], []
    found.bgp, found.tunnels = bgp or found.bgp, tunnels or found.tunnels
    rpki = _section(RpkiInput, tree, "rpki", problems)
    found.rpki, found.rpki_valid = rpki or found.rpki, rpki is not None or "rpki" not in tree
    found.caches = _items(CacheInput, tree.get("rpki"), "caches", problems, "cache")


def _section(model: type[_Model], tree: LocatedDict, key: str, problems: Problems) -> _Model | None:
    return validate(model, tree[key], problems, key, tree.marks[key]) if key in tree else None


def _named(model: type[_Model], tree: LocatedDict, problems: Problems, what: str) -> dict[str, _Model]:
    pieces = {
        name: validate(model, value, problems, f"{what} {name}", tree.marks[name]) for name, value in tree.items()
    }
    return {name: piece for name, piece in pieces.items() if piece is not None}


def _items(model: type[_Model], parent: object, key: str, problems: Problems, what: str) -> list[_Model]:
    items = parent.get(key) if isinstance(parent, LocatedDict) else None
    if not isinstance(items, LocatedList):
        return []  # absent, or reported when the section was validated
    pieces = [validate(model, item, problems, what, mark) for item, mark in zip(items, items.marks, strict=True)]
    return [piece for piece in pieces if piece is not None]


def _length(parent: object, key: str) -> int:
    items = parent.get(key) if isinstance(parent, LocatedDict) else None
    return len(items) if isinstance(items, LocatedList) else 0


def _names(tree: object) -> frozenset[str]:
    return frozenset(tree) if isinstance(tree, LocatedDict) else frozenset()
