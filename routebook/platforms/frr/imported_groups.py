"""Peer-groups of a `router bgp` and their members, in the inventory's words.

A member has what its group says unless it says so itself, and FRR shows with a member what is its own alone
(`bgp_config_write_peer_global` and `peergroup_flag_check` in bgpd/bgp_vty.c). Its AS is the group's where that has one,
and so is whether it is active in a family (`peer_group_bind` in bgpd/bgpd.c).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from routebook.importing.found import FoundGroup, FoundSession

_OF_RANGES = frozenset(
    {"import", "export", "prefix_list_in", "prefix_list_out", "max_prefix", "next_hop_self", "route_reflector_client"}
)
"""What the inventory says of sessions from ranges."""


def join(session: FoundSession, group: FoundGroup) -> Iterator[str]:
    """Give a member what its group says. Why the inventory cannot say this member, each as it is found."""
    its = group.session
    again = sorted(option for option in its.shared if session.shared.get(option) == its.shared[option])
    if again or (its.password and its.password == session.password):
        yield f"it says again what its peer-group says: {(again or ['password'])[0]}"
    if more := sorted(its.families.keys() - session.families.keys()):
        yield f"it does not carry {more[0]}, as its peer-group does"
    for option in sorted({option for said in session.families.values() for option in said}):
        lacking = [family for family, said in session.families.items() if option not in said]
        if any(option in its.families.get(family, {}) for family in lacking):
            yield f"it says {option} in one family, and its peer-group in another one"
    _take_as(session, its)
    session.inherited = {option: value for option, value in its.own.items() if option not in session.own}
    session.inherited |= {option: value for option, value in its.shared.items() if option not in session.shared}
    session.shared = {**its.shared, **session.shared}
    if not session.password and its.password:
        session.password, session.inherited["password"] = its.password, ""
    if not (session.source or session.local) and (its.source or its.local):
        session.source, session.local, session.inherited["update_source"] = its.source, its.local, ""
    session.uses |= its.uses
    session.own["peer_group"] = group.name
    group.members.append(session.key)


def _take_as(session: FoundSession, group: FoundSession) -> None:
    if group.remote_as != 0:
        session.remote_as, session.as_word = group.remote_as, group.as_word
        session.own.pop("remote_as", None)


def unlike_a_group(group: FoundGroup) -> Iterator[str]:
    """Why the inventory cannot say a group."""
    session = group.session
    if not group.ranges:
        return
    if group.members:
        yield "it has sessions from ranges, and others"
    said = {*session.own, *session.shared, *(option for each in session.families.values() for option in each)}
    said |= {"update_source"} if session.source or session.local else set()
    if more := sorted(said - _OF_RANGES - {"remote_as"}):
        yield f"the inventory has no {more[0]} of sessions from ranges"
    if session.remote_as == 0 or session.as_word == "auto":
        yield "it has no remote-as"
    values: Mapping[str, Any] = {}
    for each in session.families.values():
        if values and values != each:
            yield "its families differ, and sessions from ranges say one thing for all of theirs"
        values = each
