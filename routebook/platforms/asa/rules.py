"""What an end of a session or tunnel must not be on an ASA, with its release where the inventory says it."""

from collections.abc import Mapping, Sequence
from typing import Any

from routebook.intent.checked_end import CheckedSession, CheckedTunnel
from routebook.intent.ciphers import check_suites, mark_of
from routebook.intent.list_model import AsPathList
from routebook.intent.model import CommunityList, IpsecProposal, NeighborFamily, Tunnel
from routebook.intent.node import Node
from routebook.intent.platform_rules import check_route_map, too_old
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.rules import Rules
from routebook.intent.schema import ProposalInput, RedistributeInput
from routebook.platforms.asa.keys import InterfaceKeys, TunnelKeys
from routebook.platforms.asa.names import AsaEnd, name_interface, name_tunnel, read_release
from routebook.platforms.asa.words import DEFAULT_IKE_LIFETIME, MOST_POLICIES, SUITES

_KEEPALIVE = range(10, 3601)  # seconds: `isakmp keepalive threshold`
_PATH_LISTS = range(1, 501)
_LEAST_LIFETIME = 120  # seconds
_MOST_NAMEIF = 48
_OLD_TUNNELS, _TUNNELS = 100, 10413  # the highest number of a tunnel interface before 9.16(1), and since


def check_asa_session(end: CheckedSession) -> None:
    """Report what an ASA's end of a session cannot be."""
    name, over = end.session.name, end.endpoints.over
    end = end.called("is an ASA and")
    end.check_transport()
    end.check_release("bgp", f"{name}: BGP", end.mark)
    if end.neighbor.address.version == 6:
        end.check_release("ipv6 bgp", f"{name}: BGP for IPv6", end.place("families"))
    if over == "loopback":
        end.check_release("loopback", f"{name}: BGP between loopbacks", end.place("via"))
    _check_bfd(end)
    for family in end.neighbor.families:
        if family.addpath_tx_all:
            end.cannot("sends one path of a prefix", "remove addpath_tx_all", "addpath_tx_all")
        if family.route_reflector_client:
            end.cannot("reflects no routes", "let another host reflect", "route_reflector_client")
        _check_lists(end, family)
        for option, used in (("import_", family.route_map_in), ("export", family.route_map_out)):
            if used is not None:
                check_route_map(end.subject, used, end.place(option), end.policies, end.problems)
    if "?" in end.neighbor.description:
        end.cannot("takes a question mark for a question", "leave it out", "description")


def _check_lists(end: CheckedSession, family: NeighborFamily) -> None:
    """Cisco ASA command reference: `as-path access-list` has a number, and no numbers of entries."""
    if family.remove_private_as not in ("", "yes"):
        end.cannot("removes private AS numbers in one way", "write remove_private_as: true", "remove_private_as")
    maps = [end.policies.route_maps[name] for name in family.route_maps if name in end.policies.route_maps]
    rules = [rule for each in maps for rule in each.rules]
    paths = {*family.as_path_lists, *(rule.match_as_path for rule in rules if rule.match_as_path is not None)}
    for name in sorted(paths):
        if not (name.isdigit() and int(name) in _PATH_LISTS):
            said = f"calls lists of AS paths by numbers up to {_PATH_LISTS.stop - 1}, not {name}"
            end.cannot(said, "name it so", "as_path_list_in")
    communities = {rule.match_community for rule in rules if rule.match_community is not None}
    lists: list[AsPathList | CommunityList] = [
        *(end.policies.as_path_lists[name] for name in paths if name in end.policies.as_path_lists),
        *(end.policies.community_lists[name] for name in communities if name in end.policies.community_lists),
    ]
    for each in lists:
        if len({rule.action for rule in each.rules}) > 1:
            said = f"does not number the entries of {each.name}, so that permit and deny cannot change their places"
            end.cannot(said, "write entries of one kind", "export")


def _check_bfd(end: CheckedSession) -> None:
    wanted = end.options.get("bfd", False)
    if wanted is False:
        return
    if end.endpoints.over == "tunnel":
        end.cannot("has no BFD over a tunnel", "remove bfd", "bfd")
    elif wanted is not True:
        end.cannot("takes the times of BFD from its interface", "write bfd: true", "bfd")
    end.check_release("bfd", f"{end.session.name}: BFD", end.place("bfd"))


def check_asa_redistribution(node: Node, entry: RedistributeInput, policies: Policies, problems: Problems) -> None:
    """Report a route map that an ASA cannot take routes over by."""
    if entry.route_map is not None:
        what = f"redistribution: {node.name} is an ASA and"
        check_route_map(what, entry.route_map, entry.mark("route_map"), policies, problems)


def check_asa_interface(name: str, own: Mapping[str, Any], loopback: bool, mark: Mark, problems: Problems) -> None:
    """Report a port that has no `nameif`: its own name is none."""
    if not loopback and "nameif" not in own and "/" in name:
        problems.error(mark, f"interface {name} has no name to be called by", "write nameif: …")


def check_asa_suites(
    me: Node, shared: Sequence[IpsecProposal], written: Sequence[ProposalInput], mark: Mark, problems: Problems
) -> None:
    """Report the suites of a tunnel that an ASA cannot do, where they are written."""
    check_suites(f"{me.name} is an ASA and", SUITES, shared, written, mark, problems)
    for suite in shared:
        for feature in ("modp3072", "curve25519"):
            same = suite.dh_group in (("modp3072", "modp4096") if feature == "modp3072" else ("curve25519",))
            if same and (reason := too_old(me, feature)):
                problems.error(
                    mark_of(suite, "dh_group", written, mark),
                    f"{suite.dh_group} is not available: {reason}",
                    "take ecp256 or modp2048",
                )


def check_asa_tunnel(end: CheckedTunnel) -> None:
    """Report what an ASA's end of a tunnel cannot be."""
    end = end.called("is an ASA and")
    pair, tunnel, peer = end.pair, end.tunnel, end.peer
    if tunnel.local_id != str(tunnel.local_address):
        end.cannot("is known by its outer address", "remove id", "id")
    if tunnel.remote_id != str(tunnel.remote_address):
        place = end.peer_options.mark("id", end.mark)
        end.problems.error(place, f"{end.subject} knows its peers by their outer addresses", "remove id")
    if tunnel.mode == "route":
        _check_route(end)
    else:
        if pair.inner is not None:
            end.problems.error(
                end.inner_mark,
                f"{end.subject} has inner addresses only on a tunnel interface",
                "write mode: route, or no inner",
            )
        pairs = tunnel.selector_pairs
        if not pairs:
            end.report(f"tunnel {pair.name}: its ends have no selectors of one family", "write selectors")
        if len(pairs) > 1 and peer.managed and not peer.addressed:
            end.cannot(
                f"negotiates each of its {len(pairs)} pairs of selectors by itself, which {peer.name} does not",
                "write mode: route, or selectors of one prefix at each end",
                "selectors",
            )
    if len({suite.dh_group for suite in tunnel.esp_proposals}) > 1:
        end.cannot("has one DH group for all ESP proposals", "give them the same dh_group", "esp")
    if tunnel.dpd_delay is not None and tunnel.dpd_delay not in _KEEPALIVE:
        end.cannot(
            f"asks for signs of life every {_KEEPALIVE.start} to {_KEEPALIVE.stop - 1} seconds",
            "correct dpd_delay",
            "dpd_delay",
        )
    for option, value in (("ike_rekey", tunnel.ike_rekey), ("child_rekey", tunnel.child_rekey)):
        if value is not None and value < _LEAST_LIFETIME:
            end.cannot(f"lets no SA live less than {_LEAST_LIFETIME} seconds", "raise it", option)


def _check_route(end: CheckedTunnel) -> None:
    pair, tunnel, me = end.pair, end.tunnel, end.me
    if pair.inner is None:
        end.cannot("needs an address on its tunnel interface", "write inner: a /31")
    end.check_release("route tunnel", f"tunnel {pair.name}: a tunnel interface with IKEv2", end.place("mode"))
    six = tunnel.local_address is not None and tunnel.local_address.version == 6
    if six or (pair.inner is not None and pair.inner.version == 6):
        end.check_release("ipv6 tunnel", f"tunnel {pair.name}: IPv6 on a tunnel interface", end.inner_mark)
    if not isinstance(tunnel.device, AsaEnd):
        return
    most = _OLD_TUNNELS if too_old(me, "ipv6 tunnel") else _TUNNELS
    if tunnel.device.number > most:
        end.cannot(
            f"numbers its tunnel interfaces up to {most}, not {tunnel.device.number}",
            f"write {me.name}: {{number: …}}",
            "number",
        )
    if len(tunnel.device.nameif) > _MOST_NAMEIF:
        end.cannot(f"has names of at most {_MOST_NAMEIF} characters", f"write {me.name}: {{nameif: …}}")


def check_asa_host(node: Node, tunnels: Sequence[Tunnel], marks: Mapping[str, Mark], problems: Problems) -> None:
    """Report tunnels of one ASA that would share what can be there once only."""
    host = node.name
    taken = {interface.device_name for interface in node.interfaces}
    peers: dict[object, Tunnel] = {}
    numbers: dict[object, Tunnel] = {}
    names: dict[str, Tunnel] = {}
    lifetimes: dict[IpsecProposal, tuple[int, Tunnel]] = {}
    routes: dict[object, Tunnel] = {}
    for tunnel in tunnels:
        mark, end = marks[tunnel.name], tunnel.device if isinstance(tunnel.device, AsaEnd) else None
        other = peers.setdefault(tunnel.remote_address, tunnel)
        if (other.psk, other.dpd_delay) != (tunnel.psk, tunnel.dpd_delay):
            what = "pre-shared keys" if other.psk != tunnel.psk else "dpd_delay"
            problems.error(
                mark,
                f"tunnels {other.name} and {tunnel.name} have one peer, {tunnel.remote_address}, for the ASA {host}, "
                f"and different {what}",
                "write the same for both, for example psk: {file: secrets/PEER.psk}",
            )
        if end is not None:
            where = "Tunnel" if tunnel.mode == "route" else end.crypto_map
            if (other := numbers.setdefault((where, end.number), tunnel)) is not tunnel:
                problems.error(
                    mark,
                    f"tunnels {other.name} and {tunnel.name} both have the number {end.number} at {host}",
                    f"write {host}: {{number: …}} for one of them",
                )
            if tunnel.mode == "route" and end.nameif in taken:
                problems.error(
                    mark,
                    f"tunnel {tunnel.name}: an interface of {host} is called {end.nameif} already",
                    f"write {host}: {{nameif: …}}",
                )
            if tunnel.mode == "route" and (other := names.setdefault(end.nameif, tunnel)) is not tunnel:
                problems.error(
                    mark,
                    f"tunnels {other.name} and {tunnel.name} both have the nameif {end.nameif} at {host}",
                    "make them differ",
                )
        for prefix in end.routes if end is not None else ():
            if (other := routes.setdefault((prefix, tunnel.route_metric), tunnel)) is not tunnel:
                problems.error(
                    mark,
                    f"tunnels {other.name} and {tunnel.name} give {host} two routes to {prefix} with metric "
                    f"{tunnel.route_metric}, and an ASA takes one",
                    "write another route_metric for one of them: the lowest is used while its tunnel is up",
                )
                break
        lifetime = tunnel.ike_rekey or DEFAULT_IKE_LIFETIME
        for suite in tunnel.ike_proposals:
            first, earlier = lifetimes.setdefault(suite, (lifetime, tunnel))
            if first != lifetime:
                problems.error(
                    mark,
                    f"tunnels {earlier.name} and {tunnel.name} share an IKE proposal and rekey after {first} and "
                    f"{lifetime} seconds; the ASA {host} has one lifetime for it",
                    "write the same ike_rekey for both",
                )
    if len(lifetimes) > MOST_POLICIES:
        problems.error(
            marks[tunnels[-1].name], f"{host} needs {len(lifetimes)} IKE policies", f"have at most {MOST_POLICIES}"
        )


RULES = Rules(
    keys={"interface": InterfaceKeys, "tunnel end": TunnelKeys},
    check_session=check_asa_session,
    check_suites=check_asa_suites,
    check_tunnel=check_asa_tunnel,
    check_host=check_asa_host,
    check_redistribution=check_asa_redistribution,
    check_interface=check_asa_interface,
    read_release=read_release,
    name_interface=name_interface,
    name_tunnel=name_tunnel,
)
