"""Works out the peer groups of hosts: what their routers have once for several sessions, and what a member says itself.

A member has what its group says unless it says another value itself, and cannot take back what the group has.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

from routebook.intent.extra import OWN, Place, extra_lines, of_place, uses_of
from routebook.intent.extra_checks import check_part
from routebook.intent.layers import Layers, named
from routebook.intent.network import SecretUse
from routebook.intent.nodes import Nodes
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.read import Declared
from routebook.intent.schema import PeerGroupInput, SideInput
from routebook.intent.session_options import BY_FAMILY

_OF_THE_GROUP = frozenset({"hosts", "name", "families", "remote_as", "description", "extra"})
"""What a group says of itself alone."""

_OF_A_SESSION = ("link", "via", "tunnel", "transport", "address", "accepted_leaks", "peer_group", "local_role")
"""What no group says, since its sessions differ in it."""

_IN_FAMILIES = (
    *("import_", "export", "prefix_list_in", "prefix_list_out", "route_reflector_client", "next_hop_self"),
    *("addpath_tx_all", "soft_reconfiguration", *BY_FAMILY),
)
_REFERENCES = (
    *(("import_", "route_maps"), ("export", "route_maps"), ("prefix_list_in", "prefix_lists")),
    *(("prefix_list_out", "prefix_lists"), ("as_path_list_in", "as_path_lists"), ("as_path_list_out", "as_path_lists")),
    *(("default_originate", "route_maps"), ("bfd", "bfd_profiles")),
)

Groups = Mapping[tuple[str, str], PeerGroupInput]
"""The groups by host and name."""


class Membership(Struct, frozen=True):
    """An end in a group, and what is said of the end beside it: that is what its router is told of the member."""

    group: PeerGroupInput
    beside: Layers

    @property
    def gives_source(self) -> bool:
        """Whether the member takes its source from the group."""
        return "update_source" in self.group.model_fields_set and self.beside.get("update_source") is None


def resolve_groups(
    declared: Declared, nodes: Nodes, policies: Policies, uses: list[SecretUse], problems: Problems
) -> Groups:
    """The peer groups of every host; what does not fit together is reported. Secrets are added to `uses`."""
    found: dict[tuple[str, str], PeerGroupInput] = {}
    for entry in declared.peer_groups:
        _check_words(entry, policies, problems)
        if (password := named(entry.password, entry.name)) is not None:
            uses.append(SecretUse(reference=password, purpose=f"peer group {entry.name}", mark=entry.mark("password")))
        places: dict[str, Place] = {OWN: "neighbor", **dict.fromkeys(entry.families or (), "neighbor family")}
        for place in places:
            lines = extra_lines(of_place(entry.extra, place), entry.name)
            uses += uses_of(lines, f"an extra line of peer group {entry.name}", entry.mark("extra"))
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            check_part(node, entry, entry.extra, places, problems)
            if node.can is not None and not node.can.every_word:
                problems.error(
                    entry.mark("hosts"), f"{node.name} is {node.kind} and has no peer groups", "leave it out"
                )
            if found.setdefault((node.name, entry.name), entry) is not entry:
                problems.error(entry.mark("name"), f"{node.name} has a peer group {entry.name} already", "rename it")
    for listen in declared.listen:
        for node in nodes.select(listen.hosts, listen.mark("hosts"), Problems()):
            if (node.name, listen.name) in found:
                said = f"{node.name} has a peer group {listen.name}, too"
                problems.error(listen.mark("name"), said, "give the range another name")
    return found


def _check_words(entry: PeerGroupInput, policies: Policies, problems: Problems) -> None:
    given = entry.model_fields_set
    for option in _OF_A_SESSION:
        if option in given:
            said = f"the peer group {entry.name} says {option}, which is of each session by itself"
            problems.error(entry.mark(option), said, "remove it")
    for option in _IN_FAMILIES if not entry.families else ():
        if option in given:
            said = f"the peer group {entry.name} says {option.strip('_')}, and carries no family"
            problems.error(entry.mark(), said, "write its families: […]")
    for option, kind in _REFERENCES:
        value = getattr(entry, option)
        for name in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(name, str) and name != "none":
                policies.known(kind, name, entry.mark(option.strip("_")), problems)


def member_of(name: str | None, host: str, groups: Groups, mark: Mark, problems: Problems) -> PeerGroupInput | None:
    """The group that an end is in; None, and reported, where there is none of that name."""
    if name is None:
        return None
    group = groups.get((host, name))
    if group is None:
        known = [each for owner, each in groups if owner == host]
        problems.error(mark, f"{host} has no peer group {name!r}", nearest(name, known))
    return group


def inherited(group: PeerGroupInput) -> frozenset[str]:
    """The options that members have from a group."""
    return frozenset(group.model_fields_set) - _OF_THE_GROUP


def membership(
    group: PeerGroupInput, options: Layers, own: Iterable[SideInput], mark: Mark, subject: str, problems: Problems
) -> Membership:
    """What a member says itself. An option of the group that it takes back is reported."""
    sides = list(own)
    left = set()
    for option in inherited(group):
        owner, value, of_group = options.owner(option), options.get(option), getattr(group, option)
        if owner is group or (not any(owner is side for side in sides) and value == of_group):
            left.add(option)
        elif value in (False, "none") and of_group not in (False, "none"):
            said = f"{subject}: {option.strip('_')} takes back what its peer group {group.name} says"
            problems.error(options.mark(option, mark), said, "remove it, or take the session out of the group")
    return Membership(group, options.without(left))


def check_group(
    group: PeerGroupInput, families: Iterable[str], remote_as: int, own: int, mark: Mark, subject: str,
    problems: Problems,
) -> None:  # fmt: skip
    """Report what a member is not and its group says."""
    for wrong in _contradictions(group, set(families), remote_as, own):
        problems.error(mark, f"{subject}: its peer group {group.name} {wrong}", "take it out of the group")


def _contradictions(group: PeerGroupInput, families: set[str], remote_as: int, own: int) -> Iterator[str]:
    if more := sorted({*(group.families or ())} - families):
        yield f"carries {more[0]}, and it does not"
    said = group.remote_as
    if isinstance(said, int) and said != remote_as:
        yield f"is for AS {said}, and it is with AS {remote_as}"
    if said in ("internal", "external") and (said == "internal") is not (remote_as == own):
        yield f"is for {said} sessions"


def source_of(group: PeerGroupInput) -> Any:
    """The address that is the source of a group's sessions; None where it says an interface, or none."""
    return as_address(group.update_source or "")


def as_address(text: str) -> Any:
    """The address that a text is; None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
