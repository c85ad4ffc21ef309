"""What a BGP session must not be: contradictory, without policy, or more than its ends' platforms can carry."""

from routebook.intent.checked_end import CheckedSession
from routebook.intent.layers import Layers
from routebook.intent.model import NeighborFamily
from routebook.intent.network import Endpoints, Session
from routebook.intent.node import Node
from routebook.intent.platform import platform
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.session_options import BY_FAMILY, check_options

_REFERENCES = (
    ("import_", "route_maps"),
    ("export", "route_maps"),
    ("prefix_list_in", "prefix_lists"),
    ("prefix_list_out", "prefix_lists"),
    ("as_path_list_in", "as_path_lists"),
    ("as_path_list_out", "as_path_lists"),
)
_VERSION = {"ipv4-unicast": "ipv4", "ipv6-unicast": "ipv6"}
_LONGEST_HOLD_TIME = 65535  # seconds; two octets in OPEN
_OVER = {"link": "a link", "loopback": "loopbacks", "tunnel": "a tunnel"}


def check_session(
    session: Session,
    ends: tuple[Node, Node],
    options: tuple[Layers, Layers],
    endpoints: Endpoints,
    mark: Mark,
    policies: Policies,
    problems: Problems,
) -> None:
    """Report everything that is wrong with one session."""
    if all(end.neighbor.passive for end in session.ends):
        problems.error(
            options[0].mark("passive", mark), f"{session.name}: both ends wait for the other", "let one end connect"
        )
    for side in (0, 1):
        me, peer = ends[side], ends[1 - side]
        end = CheckedSession(
            me=me,
            options=options[side],
            mark=mark,
            problems=problems,
            subject=f"{session.name}: {me.name}",
            session=session,
            neighbor=session.ends[side].neighbor,
            endpoints=endpoints,
            policies=policies,
        )
        _check_as(end, peer)
        if me.managed:
            _check_platform(end)
        its = platform(me.cluster_node.platform if me.cluster_node is not None else me.platform)
        if its is not None and its.rules.check_session is not None:
            its.rules.check_session(end)
        if me.managed:
            _check_references(end)
            check_options(end)
            _check_timers_and_hops(end)
            opposite = {family.family: family for family in session.ends[1 - side].neighbor.families}
            for family in end.neighbor.families:
                _check_family(end, family, opposite.get(family.family))


def _check_as(end: CheckedSession, peer: Node) -> None:
    expected = end.options.get("remote_as")
    if isinstance(expected, str):
        if expected != "auto" and (expected == "external") is not end.session.external:
            actual = "another AS" if end.session.external else "the same AS"
            fix = "correct it, or leave remote_as out: it follows from the other end"
            end.report(f"{end.subject}: remote_as is {expected}, and {peer.name} is in {actual}", fix, "remote_as")
    elif expected is not None and expected != peer.asn:
        end.report(
            f"{end.me.name} expects AS {expected} of {peer.name}, whose AS is {peer.asn} ({peer.mark})",
            "correct one of them, or leave remote_as out: it follows from the other end",
            "remote_as",
        )


def _check_platform(end: CheckedSession) -> None:
    me, over = end.me, end.endpoints.over
    if me.can is None:
        return  # an unknown platform has been reported
    carried = me.can.families.get(over, frozenset())
    for family in end.session.families:
        if not me.can.bgp:
            end.report(f"{me.name} is {me.kind} and speaks no BGP", "end the session at another host")
            return
        if family not in carried:
            end.cannot(
                f"is {me.kind} and cannot carry {family} over {_OVER[over]}",
                f"remove {family} from the session's families",
                "families",
            )
    if end.options.get("bfd", False) is not False and not me.can.bfd:
        end.report(f"{me.name} is {me.kind} and has no BFD", "remove bfd", "bfd")


def _check_references(end: CheckedSession) -> None:
    neighbor, own, policies, problems = end.neighbor, end.options, end.policies, end.problems
    families = {family.family for family in neighbor.families}
    for option in (*dict(_REFERENCES), *BY_FAMILY):
        value = own.get(option)
        for extra in sorted(set(value) - families) if isinstance(value, dict) else ():
            end.report(f"{neighbor.session} does not carry {extra}", "add it to the families, or remove it", option)
    for option, kind in _REFERENCES:
        for family in sorted(families):
            name = own.by_family(option, family)
            place = end.place(option)
            if name is None or not policies.known(kind, name, place, problems):
                continue
            found = policies.prefix_lists.get(name) if kind == "prefix_lists" else None
            if found and found.family != _VERSION[family]:
                problems.error(
                    place, f"{name} is a list of {found.family} prefixes and is used for {family}", "write it by family"
                )
    for of_family in neighbor.families:
        if of_family.default_originate:
            policies.known("route_maps", of_family.default_originate, end.place("default_originate"), problems)
    if neighbor.bfd:
        policies.known("bfd_profiles", neighbor.bfd, end.place("bfd"), problems)


def _check_timers_and_hops(end: CheckedSession) -> None:
    neighbor, session = end.neighbor, end.session
    if neighbor.hold_time is not None and neighbor.keepalive is not None:
        if neighbor.hold_time > _LONGEST_HOLD_TIME:
            end.report(
                f"a hold time of three times keepalive ({neighbor.hold_time} s) is over {_LONGEST_HOLD_TIME} s",
                "lower it, or write hold_time",
                "keepalive",
            )
        elif neighbor.hold_time < 3:
            end.report("a hold time is at least 3 seconds (RFC 4271)", "raise it", "hold_time")
        elif neighbor.keepalive >= neighbor.hold_time:
            end.report(
                f"keepalive ({neighbor.keepalive} s) is not shorter than the hold time ({neighbor.hold_time} s)",
                "a third of the hold time is usual",
                "keepalive",
            )
    if neighbor.ebgp_multihop is not None and neighbor.ttl_security_hops is not None:
        end.report("multihop and ttl_security exclude each other", "keep one of them", "multihop")
    if neighbor.ttl_security_hops is not None and not session.external:
        # RFC 5082 is about neighbors on one link; a daemon refuses it (docs/platforms/frr.md)
        end.report(
            f"{session.name} is iBGP, which has no ttl_security",
            "remove ttl_security, or write it under external:",
            "ttl_security",
        )
    if neighbor.ebgp_multihop is not None and not session.external:
        end.report(f"{session.name} is iBGP, which needs no multihop", "remove multihop", "multihop")
    between_loopbacks = session.external and end.endpoints.over == "loopback"
    if between_loopbacks and not (neighbor.ebgp_multihop or neighbor.ttl_security_hops):
        end.report(f"{session.name} is eBGP between loopbacks and would stay Idle", "write multihop: 2")


def _check_family(end: CheckedSession, family: NeighborFamily, opposite: NeighborFamily | None) -> None:
    what, problems = f"{end.subject}, {family.family}", end.problems
    if family.route_reflector_client and end.session.external:
        end.report(f"{what}: only iBGP is reflected", "remove route_reflector_client or reflect")
    if family.max_prefix is not None and family.min_received > family.max_prefix:
        end.report(f"{what}: min_received is over max_prefix", "correct one of them", "min_received")
    if family.max_sent is not None and family.min_sent > family.max_sent:
        end.report(f"{what}: min_sent is over max_sent", "correct one of them", "min_sent")
    if not end.session.external:
        return
    missing = _unfiltered(family)
    if end.me.unfiltered and (missing or not end.me.open):
        if opposite is None or _unfiltered(opposite):
            problems.warn(
                end.mark,
                f"{what}: no route of this session is filtered here, nor both ways at the other end",
                "filter at the other end",
            )
    elif missing:
        end.report(
            f"{what}: an external session has no policy {' and none '.join(missing)}",
            "without one the daemon discards every route (RFC 8212)",
        )
    if family.max_prefix is None or family.max_prefix_warning_only:
        problems.warn(end.mark, f"{what}: an external session has no limit on prefixes", "write max_prefix: …")


def _unfiltered(family: NeighborFamily) -> list[str]:
    """The directions in which an end lets everything pass, each with the option that would change that."""
    return [
        f"{word} (write {option}: …)"
        for word, option, names in (
            ("in", "import", (family.route_map_in, family.prefix_list_in, family.as_path_list_in)),
            ("out", "export", (family.route_map_out, family.prefix_list_out, family.as_path_list_out)),
        )
        if not any(names)
    ]
