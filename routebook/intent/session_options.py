"""Options of a session that are one end's own business: which contradict each other, and which a platform has not."""

from routebook.intent.checked_end import CheckedSession
from routebook.intent.model import NeighborFamily

_MORE_BY_FAMILY = (
    *("as_path_list_in", "as_path_list_out", "max_prefix_threshold", "max_prefix_warning_only", "max_prefix_restart"),
    *("max_prefix_out", "allowas_in", "as_override", "default_originate", "remove_private_as", "route_server_client"),
    *("send_community", "weight"),
)
BY_FAMILY = ("max_prefix", "min_received", "min_sent", "max_sent", *_MORE_BY_FAMILY)
"""Options that may be written by family, beside the policies."""

_MORE = (
    *_MORE_BY_FAMILY,
    *("local_as", "local_as_no_prepend", "local_as_replace_as", "disable_connected_check", "extended_nexthop"),
    *("graceful_restart", "advertisement_interval", "update_source"),
)
"""Options that not every platform has."""

_OFF = (None, False, "all")
_SOURCE = "address"  # what `update_source` says beside names of interfaces


def check_options(end: CheckedSession) -> None:
    """Report options of our end that its platform has not, and those that contradict each other."""
    if end.me.can is not None and not end.me.can.every_word:
        for option in _MORE:
            if end.me.can.has_word(option):
                continue
            value = end.options.get(option)
            if any(each not in _OFF for each in (value.values() if isinstance(value, dict) else (value,))):
                end.cannot(f"is {end.me.kind} and has no {option}", f"remove {option}", option)
        if end.options.get("next_hop_self") == "force":
            end.cannot(f"is {end.me.kind} and has no next_hop_self: force", "write true", "next_hop_self")
        if end.neighbor.interface:
            said = f"is {end.me.kind} and has no session with a link-local address, {end.neighbor.address}"
            end.cannot(said, "write address: … with another one", "address")
        if end.neighbor.remote_as_word:
            said = f"is {end.me.kind} and is told each neighbor's AS by its number"
            end.cannot(said, "write the number, here and at the peer", "remote_as")
        if not end.neighbor.description and not end.me.can.has_word("description"):
            end.cannot(f"is {end.me.kind} and describes each neighbor", "remove description", "description")
    _check_local_as(end)
    _check_source(end)
    for family in end.neighbor.families:
        _check_family(end, family)


def _check_source(end: CheckedSession) -> None:
    """A source that is told by an interface's name is that interface's first address of the family."""
    name, local = end.neighbor.source_interface, end.neighbor.local_address
    if not name:
        return
    interface = next((each for each in end.me.interfaces if name in (each.name, each.device_name)), None)
    first = next((a.ip for a in interface.addresses if a.version == local.version), None) if interface else None
    if first != local:
        has = f"has {first} first" if interface is not None else "is no interface of it"
        said = f"{end.subject}: update_source is {name}, which {has}, and the session is from {local}"
        end.report(said, f"write the interface with {local}, or remove it", "update_source")


def _check_local_as(end: CheckedSession) -> None:
    neighbor, said = end.neighbor, end.options.get("local_as")
    if said is None:
        for option in ("local_as_no_prepend", "local_as_replace_as"):
            if end.options.get(option, False):
                end.report(f"{end.subject}: {option} is of a local_as", "write local_as: …, or remove it", option)
        return
    if said in (end.me.asn, neighbor.remote_as):
        whose = "the host's own" if said == end.me.asn else "the other end's"
        end.report(f"{end.subject}: local_as {said} is {whose} AS", "remove it, or correct it", "local_as")
    elif neighbor.local_as_replace_as and not neighbor.local_as_no_prepend:
        fix = "write local_as_no_prepend: true, too"
        end.report(f"{end.subject}: local_as_replace_as needs local_as_no_prepend", fix, "local_as_replace_as")


def _check_family(end: CheckedSession, family: NeighborFamily) -> None:
    what = f"{end.subject}, {family.family}"
    limits = ("max_prefix_threshold", "max_prefix_warning_only", "max_prefix_restart")
    given = [option for option in limits if getattr(family, option)]
    if given and family.max_prefix is None:
        end.report(f"{what}: {given[0]} is of a limit", "write max_prefix: …", given[0])
    if family.max_prefix_warning_only and family.max_prefix_restart:
        end.report(f"{what}: a limit that warns alone ends nothing to restart", "keep one", "max_prefix_restart")
    if family.route_server_client and family.route_reflector_client:
        end.report(f"{what}: a client of a route server or of a reflector", "keep one", "route_server_client")
    if not end.session.external:
        for option in ("remove_private_as", "as_override"):
            if getattr(family, option):
                end.report(f"{what}: only an external session has {option}", f"remove {option}", option)
