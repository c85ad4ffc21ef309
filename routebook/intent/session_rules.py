"""What a BGP session must not be: contradictory, without policy, or more than its ends' platforms can carry."""

from routebook.intent.layers import Layers
from routebook.intent.model import Neighbor, NeighborFamily
from routebook.intent.network import Endpoints, Session
from routebook.intent.node import Node
from routebook.intent.platform import platform
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems

_BY_FAMILY = (
    ("import_", "route_maps"),
    ("export", "route_maps"),
    ("prefix_list_in", "prefix_lists"),
    ("prefix_list_out", "prefix_lists"),
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
        me, peer, own = ends[side], ends[1 - side], options[side]
        _check_as(me, peer, own, mark, problems)
        neighbor = session.ends[side].neighbor
        if me.managed:
            _check_platform(session, me, own, endpoints, mark, problems)
        its = platform(me.cluster_node.platform if me.cluster_node is not None else me.platform)
        if its is not None and its.rules.check_session is not None:
            its.rules.check_session(session, me, neighbor, own, endpoints, mark, policies, problems)
        if me.managed:
            _check_references(neighbor, own, mark, policies, problems)
            _check_timers_and_hops(session, neighbor, own, endpoints, mark, problems)
            opposite = {family.family: family for family in session.ends[1 - side].neighbor.families}
            for family in neighbor.families:
                _check_family(session, me, family, opposite.get(family.family), own, mark, problems)


def _check_as(me: Node, peer: Node, own: Layers, mark: Mark, problems: Problems) -> None:
    said = own.get("remote_as")
    if said is not None and said != peer.asn:
        problems.error(
            own.mark("remote_as", mark),
            f"{me.name} expects AS {said} of {peer.name}, whose AS is {peer.asn} ({peer.mark})",
            "correct one of them, or leave remote_as out: it follows from the other end",
        )


def _check_platform(
    session: Session, me: Node, own: Layers, endpoints: Endpoints, mark: Mark, problems: Problems
) -> None:
    if me.can is None:
        return  # an unknown platform has been reported
    carried = me.can.families.get(endpoints.over, frozenset())
    for family in session.families:
        if not me.can.bgp:
            problems.error(mark, f"{me.name} is {me.kind} and speaks no BGP", "end the session at another host")
            return
        if family not in carried:
            problems.error(
                own.mark("families", mark),
                f"{session.name}: {me.name} is {me.kind} and cannot carry {family} over {_OVER[endpoints.over]}",
                f"remove {family} from the session's families",
            )
    if own.get("bfd", False) is not False and not me.can.bfd:
        problems.error(own.mark("bfd", mark), f"{me.name} is {me.kind} and has no BFD", "remove bfd")


def _check_references(neighbor: Neighbor, own: Layers, mark: Mark, policies: Policies, problems: Problems) -> None:
    families = {family.family for family in neighbor.families}
    for option in (
        "import_",
        "export",
        "prefix_list_in",
        "prefix_list_out",
        "max_prefix",
        "min_received",
        "min_sent",
        "max_sent",
    ):
        value = own.get(option)
        for extra in sorted(set(value) - families) if isinstance(value, dict) else ():
            problems.error(
                own.mark(option, mark),
                f"{neighbor.session} does not carry {extra}",
                "add it to the families, or remove it",
            )
    for option, kind in _BY_FAMILY:
        for family in sorted(families):
            name = own.by_family(option, family)
            place = own.mark(option, mark)
            if name is None or not policies.known(kind, name, place, problems):
                continue
            found = policies.prefix_lists.get(name) if kind == "prefix_lists" else None
            if found and found.family != _VERSION[family]:
                problems.error(
                    place, f"{name} is a list of {found.family} prefixes and is used for {family}", "write it by family"
                )
    if neighbor.bfd:
        policies.known("bfd_profiles", neighbor.bfd, own.mark("bfd", mark), problems)


def _check_timers_and_hops(
    session: Session, neighbor: Neighbor, own: Layers, endpoints: Endpoints, mark: Mark, problems: Problems
) -> None:
    if neighbor.hold_time is not None and neighbor.keepalive is not None:
        if neighbor.hold_time > _LONGEST_HOLD_TIME:
            problems.error(
                own.mark("keepalive", mark),
                f"a hold time of three times keepalive ({neighbor.hold_time} s) is over {_LONGEST_HOLD_TIME} s",
                "lower it, or write hold_time",
            )
        elif neighbor.hold_time < 3:
            problems.error(own.mark("hold_time", mark), "a hold time is at least 3 seconds (RFC 4271)", "raise it")
        elif neighbor.keepalive >= neighbor.hold_time:
            problems.error(
                own.mark("keepalive", mark),
                f"keepalive ({neighbor.keepalive} s) is not shorter than the hold time ({neighbor.hold_time} s)",
                "a third of the hold time is usual",
            )
    if neighbor.ebgp_multihop is not None and neighbor.ttl_security_hops is not None:
        problems.error(own.mark("multihop", mark), "multihop and ttl_security exclude each other", "keep one of them")
    if neighbor.ttl_security_hops is not None and not session.external:
        # RFC 5082 is about neighbors on one link; a daemon refuses it (docs/platforms/frr.md)
        problems.error(
            own.mark("ttl_security", mark),
            f"{session.name} is iBGP, where ttl_security cannot be had",
            "remove ttl_security, or write it under external:",
        )
    if neighbor.ebgp_multihop is not None and not session.external:
        problems.error(
            own.mark("multihop", mark), f"{session.name} is iBGP, which needs no multihop", "remove multihop"
        )
    if session.external and endpoints.over == "loopback" and not (neighbor.ebgp_multihop or neighbor.ttl_security_hops):
        problems.error(mark, f"{session.name} is eBGP between loopbacks and would stay Idle", "write multihop: 2")


def _check_family(
    session: Session,
    me: Node,
    family: NeighborFamily,
    opposite: NeighborFamily | None,
    own: Layers,
    mark: Mark,
    problems: Problems,
) -> None:
    what = f"{session.name}: {me.name}, {family.family}"
    if family.route_reflector_client and session.external:
        problems.error(mark, f"{what}: only iBGP is reflected", "remove route_reflector_client or reflect")
    if family.max_prefix is not None and family.min_received > family.max_prefix:
        problems.error(
            own.mark("min_received", mark), f"{what}: min_received is over max_prefix", "correct one of them"
        )
    if family.max_sent is not None and family.min_sent > family.max_sent:
        problems.error(own.mark("min_sent", mark), f"{what}: min_sent is over max_sent", "correct one of them")
    if not session.external:
        return
    missing = _unfiltered(family)
    if me.unfiltered:
        if opposite is None or _unfiltered(opposite):
            problems.warn(
                mark,
                f"{what}: no route of this session is filtered here, nor both ways at the other end",
                "filter at the other end",
            )
    elif missing:
        problems.error(
            mark,
            f"{what}: an external session has no policy {' and none '.join(missing)}",
            "without one the daemon discards every route (RFC 8212)",
        )
    if family.max_prefix is None:
        problems.warn(mark, f"{what}: an external session has no limit on prefixes", "write max_prefix: …")


def _unfiltered(family: NeighborFamily) -> list[str]:
    """The directions in which an end lets everything pass, each with the option that would change that."""
    return [
        f"{word} (write {option}: …)"
        for word, option, names in (
            ("in", "import", (family.route_map_in, family.prefix_list_in)),
            ("out", "export", (family.route_map_out, family.prefix_list_out)),
        )
        if not any(names)
    ]
