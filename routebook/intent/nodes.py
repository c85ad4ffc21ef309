"""The nodes of the network: our hosts with what they inherit, the outside peers, and who a selection means."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from msgspec import Struct

from routebook.intent.capabilities import Release
from routebook.intent.extra import extra_lines
from routebook.intent.extra_checks import check_lines
from routebook.intent.model import ANY_AS, IdentityIntent, Interface, IPNetwork, OwnKeys
from routebook.intent.network import ClusterNode
from routebook.intent.node import Node
from routebook.intent.own_keys import own_keys
from routebook.intent.platform import Platform, for_hosts, platform
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.read import Declared, validate
from routebook.intent.registry import known
from routebook.intent.schema import CapabilityInput, ClusterNodeInput, ElementInput, InterfaceInput, PeerInput

_LOOPBACKS = ("lo", "dummy", "loopback")


class Nodes(Struct, frozen=True):
    """Every node, and what names mean. `broken` names are declared, but invalid, which has been reported."""

    hosts: dict[str, Node]
    peers: dict[str, Node]
    sites: dict[str, tuple[IPNetwork, ...]]
    links: frozenset[str]
    group_names: frozenset[str]
    site_names: frozenset[str]
    broken: frozenset[str]

    def get(self, name: str) -> Node | None:
        """The host or peer of that name."""
        return self.hosts.get(name) or self.peers.get(name)

    def one(self, name: str, mark: Mark, problems: Problems) -> Node | None:
        """The host or peer of that name; None, reported, when there is none."""
        node = self.get(name)
        if node is None and name not in self.broken:
            problems.error(mark, f"unknown host or peer {name!r}", nearest(name, [*self.hosts, *self.peers]))
        return node

    def link(self, name: str, mark: Mark, problems: Problems) -> bool:
        """Whether there is such a link; reported when not."""
        if name not in self.links:
            problems.error(mark, f"unknown link {name!r}", nearest(name, self.links))
        return name in self.links

    def cluster(self, name: str) -> tuple[Node, ...]:
        """The nodes of a Kubernetes cluster, in the inventory's order."""
        return tuple(
            peer for peer in self.peers.values() if (each := peer.cluster_node) is not None and each.cluster == name
        )

    def select(self, words: str | Iterable[str], mark: Mark, problems: Problems) -> tuple[Node, ...]:
        """Our hosts that a selection means, in the inventory's order: names of hosts, groups or sites, or `all`."""
        chosen: set[str] = set()
        for word in (words,) if isinstance(words, str) else words:
            if word == "all":
                chosen.update(self.hosts)
            elif word in self.hosts:
                chosen.add(word)
            elif word in self.group_names or word in self.site_names:
                chosen.update(self._members(word, mark, problems))
            elif word not in self.broken:
                known = [*self.hosts, *self.group_names, *self.site_names, "all"]
                problems.error(mark, f"unknown host, group or site {word!r}", nearest(word, known))
        return tuple(node for name, node in self.hosts.items() if name in chosen)

    def _members(self, word: str, mark: Mark, problems: Problems) -> set[str]:
        in_group = {name for name, node in self.hosts.items() if word in node.groups}
        at_site = {name for name, node in self.hosts.items() if word == node.site}
        if word in self.group_names and word in self.site_names and in_group != at_site:
            problems.error(
                mark, f"{word!r} is a group and a site, with different hosts", "name the hosts, or rename the group"
            )
        return in_group | at_site


def resolve_nodes(declared: Declared, problems: Problems) -> Nodes:
    """Work out every node. What contradicts itself is reported."""
    _check_groups(declared, problems)
    sites = {name: site.prefixes for name, site in declared.sites.items()}
    for link in declared.links.values():
        if link.site is not None and link.site not in declared.site_names:
            problems.error(link.mark("site"), f"unknown site {link.site!r}", nearest(link.site, declared.site_names))
    hosts = {name: _host(name, entry, declared, problems) for name, entry in declared.hosts.items()}
    peers: dict[str, Node] = {}
    for name, peer in declared.peers.items():
        interfaces, marks = _interfaces(peer.interfaces, declared, problems, None)
        _check_name(name, peer.mark(), problems)
        valid, node = _cluster_node(name, peer, problems)
        if not valid:
            continue
        if name in declared.host_names:
            problems.error(peer.mark(), f"{name!r} is a host and a peer", "rename one of them")
        if peer.asn is None and (peer.relation or peer.internal or peer.prefixes or peer.lab or node):
            problems.error(
                peer.mark(), f"the peer {name} has no AS number, and what only a speaker has", "write asn: …"
            )
            continue
        if declared.network and peer.asn == declared.network.asn and not (peer.internal or node):
            problems.error(
                peer.mark("asn"),
                f"the peer {name} is in our own AS, {peer.asn}: its sessions would be internal, without the policies "
                "of external ones",
                "correct its asn, or write internal: true if it is a speaker of ours that is configured elsewhere",
            )
        if peer.relation and (peer.internal or node):
            problems.error(
                peer.mark("relation"),
                f"{name} is {'internal' if peer.internal else 'a node of a cluster of ours'} and a {peer.relation}",
                "keep one of them",
            )
        elif peer.asn == "external" and (peer.internal or node):
            problems.error(peer.mark("asn"), f"{name} is no peer of just any other AS", "write its number")
        elif peer.internal and declared.network and peer.asn not in _own_as(declared):
            problems.error(
                peer.mark("internal"),
                f"{name} is in AS {peer.asn}, which none of our hosts is in: it is no speaker of ours",
                "remove internal: true, and write what it is to us: relation: …",
            )
        peers[name] = Node(
            name, False, ANY_AS if peer.asn == "external" else peer.asn, interfaces, peer.mark(),
            interface_marks=marks, cluster_node=node, internal=peer.internal,
        )  # fmt: skip
    for name in _check_clusters(declared, peers, problems):
        del peers[name]  # its sessions would be wrong for no other reason
    broken = (
        (declared.host_names | declared.peer_names | declared.group_names | declared.site_names)
        - set(hosts)
        - set(peers)
    )
    return Nodes(hosts, peers, sites, declared.link_names, declared.group_names, declared.site_names, frozenset(broken))


def _own_as(declared: Declared) -> set[int | None]:
    elements = (*declared.hosts.values(), *declared.groups.values(), declared.defaults)
    return {declared.network.asn if declared.network else None, *(element.data.asn for element in elements)}


def _cluster_node(name: str, peer: PeerInput, problems: Problems) -> tuple[bool, ClusterNode | None]:
    """Whether the keys of a peer's platform are valid, and the Kubernetes node that the peer is."""
    for key in peer.own:
        owner = platform(key)
        model = owner.rules.keys.get("peer") if owner is not None else None
        if owner is None or model is None:
            continue
        found = validate(model, peer.written([key]), problems, f"peer {name}")
        said = getattr(found, key, None)
        if not isinstance(said, ClusterNodeInput):
            return False, None
        mark = peer.mark(key, "cluster" if said.release is None else "release")
        return True, ClusterNode(
            platform=key, cluster=said.cluster, node=said.node or name, advertise=said.advertise,
            release=_read(said.release, owner, mark, "correct it", problems), mark=mark,
        )  # fmt: skip
    return True, None


def _check_clusters(declared: Declared, peers: Mapping[str, Node], problems: Problems) -> set[str]:
    """Report what contradicts itself. The nodes that are in another AS than the rest of their cluster."""
    taken = declared.host_names | declared.peer_names | declared.group_names | declared.site_names | {"all"}
    nodes: dict[tuple[str, str], str] = {}
    releases: dict[str, tuple[str, Release]] = {}
    numbers: dict[str, Counter[int | None]] = {}
    odd: set[str] = set()
    for peer in peers.values():
        if peer.cluster_node is not None:
            numbers.setdefault(peer.cluster_node.cluster, Counter()).update([peer.asn])
    for name, peer in peers.items():
        node = peer.cluster_node
        if node is None:
            continue
        mark = declared.peers[name].mark(node.platform, "cluster")
        if node.cluster in taken:
            problems.error(mark, f"{node.cluster!r} is the name of something else too", "rename the cluster")
        ((common, others),) = numbers[node.cluster].most_common(1)
        if peer.asn != common:
            alike = [
                other
                for other, each in peers.items()
                if each.asn == common and each.cluster_node and each.cluster_node.cluster == node.cluster
            ]
            they = f"{others} of the nodes of its cluster {node.cluster} have AS {common}"
            if others == 1:
                there = declared.peers[alike[0]].mark("asn")
                they = f"{alike[0]} of the same cluster {node.cluster} has AS {common} ({there})"
            problems.error(
                declared.peers[name].mark("asn"),
                f"{name} has AS {peer.asn}, and {they}",
                "correct one of them: the nodes of a cluster have one AS",
            )
            odd.add(name)
        if node.release is not None:
            first, release = releases.setdefault(node.cluster, (name, node.release))
            if release != node.release:
                said = f"{name} runs {node.release}, and {first} of the same cluster {node.cluster} runs {release}"
                problems.error(node.mark, said, "write the older one at each while the cluster is upgraded")
        other = nodes.setdefault((node.cluster, node.node), name)
        if other != name:
            problems.error(mark, f"{name} is the same node of {node.cluster} as {other}", "write its own node: …")
    return odd


def _check_groups(declared: Declared, problems: Problems) -> None:
    for elements in (declared.groups, declared.hosts):
        for element in elements.values():
            for index, group in enumerate(element.groups):
                if group not in declared.group_names:
                    problems.error(
                        element.mark("groups", index), f"unknown group {group!r}", nearest(group, declared.group_names)
                    )
    for name, group_input in declared.groups.items():
        if name in group_order(group_input, declared.groups):
            problems.error(group_input.mark("groups"), f"group {name!r} contains itself", "break the circle")


def group_order(element: ElementInput, groups: Mapping[str, ElementInput]) -> tuple[str, ...]:
    """Every group that an element inherits from, nearest first, as Nornir's `extended_groups` orders them."""
    order: list[str] = []

    def visit(names: Iterable[str]) -> None:
        for name in names:
            if name in groups and name not in order:
                order.append(name)
                visit(groups[name].groups)

    visit(element.groups)
    return tuple(order)


def _check_name(name: str, mark: Mark, problems: Problems) -> None:
    if not all(part.replace("_", "").isalnum() and part.isascii() for part in name.split("-")):
        problems.error(
            mark,
            f"{name!r} cannot be a name: the daemons take letters, digits, underscores and single dashes",
            "rename it; what it is reached at belongs into `hostname`",
        )


def _host(name: str, entry: ElementInput, declared: Declared, problems: Problems) -> Node:
    groups = group_order(entry, declared.groups)
    chain = [entry, *(declared.groups[group] for group in groups), declared.defaults]

    def inherited(attribute: str) -> Any:
        return next((v for v in (getattr(element, attribute) for element in chain) if v is not None), None)

    def data(attribute: str) -> Any:
        return next((v for v in (getattr(element.data, attribute) for element in chain) if v is not None), None)

    mark, site, written = entry.mark(), data("site"), inherited("platform")
    its = platform(written) if written else None
    _check_name(name, mark, problems)
    # What a group that is invalid would have said is not missing: the group was reported.
    complete = declared.defaults_valid and all(
        group in declared.groups or group not in declared.group_names for element in chain for group in element.groups
    )
    if complete and not inherited("hostname"):
        problems.error(mark, f"{name} has no hostname", "write the management address it is reached at: hostname: …")
    if complete and not site:
        problems.error(mark, f"{name} is at no site", "write data: {site: …} for it or for a group of its")
    elif site and site not in declared.site_names:
        owner = next(element for element in chain if element.data.site == site)
        problems.error(owner.mark("data", "site"), f"unknown site {site!r}", nearest(site, declared.site_names))
    if complete and not written:
        problems.error(mark, f"{name} has no platform", f"write platform: with one of {', '.join(for_hosts())}")
    elif written and (its is None or not its.driver):
        owner = next(element for element in chain if element.platform == written)
        problems.error(owner.mark("platform"), f"unknown platform {written!r}", nearest(written, for_hosts()))
    interfaces, marks = _interfaces(data("interfaces") or {}, declared, problems, its)
    release, version_mark = _release(chain, its, problems)
    router_id = data("router_id")
    chooses = router_id == "none"
    if chooses:
        router_id = None
        if its is not None and not its.can.chooses_router_id:
            said = f"{name} is {its.called} and does not choose its router ID"
            problems.error(mark, said, "write data: {router_id: …} with an IPv4 address")
    if router_id is not None and (router_id.version != 4 or router_id.is_unspecified or router_id.is_multicast):
        problems.error(
            mark, f"{name}: {router_id} is no router ID: it is written like a host's IPv4 address", "correct router_id"
        )
        router_id = None
    loopbacks = (a.ip for i in interfaces if i.loopback for a in i.addresses)
    found = Node(
        name=name,
        managed=True,
        asn=data("asn") or (declared.network.asn if declared.network else None),
        interfaces=interfaces,
        mark=mark,
        hostname=inherited("hostname") or "",
        site=site or "",
        platform=written or "",
        groups=groups,
        router_id=router_id or next((ip for ip in loopbacks if isinstance(ip, IPv4Address) and not chooses), None),
        chooses_router_id=chooses,
        ipsec=data("ipsec") or CapabilityInput(),
        interface_marks=marks,
        complete=complete,
        version=data("version") or "",
        lab_release=_lab_release(name, chain, its, problems),
        redundancy=data("redundancy") or "",
        adopt=data("adopt") or (),
        releases=_released(name, data("adopt") or (), data("release") or (), mark, problems),
        manage=data("manage") or "",
        extra=extra_lines(data("extra") or ()),
        x=OwnKeys((k, v) for each in reversed(chain) for k, v in (*each.data.free.items(), *each.free.items())),
        release=release,
        version_mark=version_mark,
        bgp_package=_bgp_package(name, chain, its, problems),
        identity=_identity(name, entry, chain[1:], problems),
        can=its.can if its is not None else None,
        kind=its.called if its is not None else f"a {written}",
    )
    if found.extra:
        owner = next(element for element in chain if element.data.extra is not None)
        places = [owner.mark("data", "extra", index) for index in range(len(found.extra))]
        check_lines(found, "host", owner.data.extra or (), places, problems)
    return found


def _released(
    name: str, adopt: Sequence[str], release: Sequence[str], mark: Mark, problems: Problems
) -> tuple[str, ...]:
    """What a host lets go of, none of which it takes over as well."""
    for each in release:
        if each in adopt:
            problems.error(mark, f"{name} has {each} in both `adopt` and `release`", "take it out of one of them")
    return tuple(release)


def _identity(
    name: str, entry: ElementInput, others: Iterable[ElementInput], problems: Problems
) -> IdentityIntent | None:
    """Who the host's device is, by the host's own entry: no two devices are the same."""
    for owner in others:
        if owner.data.identity is not None:
            problems.error(
                owner.mark("data", "identity"),
                f"{name} cannot share its identity with others",
                "write it in the data of the host itself",
            )
    written = entry.data.identity
    if written is None:
        return None
    router_id = written.router_id
    if router_id is not None and not isinstance(router_id, IPv4Address):
        problems.error(
            entry.mark("data", "identity", "router_id"), f"{name}: {router_id} is no router ID", "write an IPv4 address"
        )
        router_id = None
    return IdentityIntent(hostname=written.hostname, serial=written.serial, router_id=router_id)


def _bgp_package(name: str, chain: Iterable[ElementInput], its: Platform | None, problems: Problems) -> str:
    owner = next((element for element in chain if element.data.bgp_package is not None), None)
    if owner is None or its is None:
        return ""
    package, choices = str(owner.data.bgp_package), its.can.bgp_packages
    mark = owner.mark("data", "bgp_package")
    if not choices:
        leaving = [each.called for each in map(platform, known()) if each is not None and each.can.bgp_packages]
        problems.error(mark, f"{name}: bgp_package is of {' or '.join(leaving)}", "remove it")
    elif package not in choices:
        problems.error(mark, f"{name}: there is no BGP package {package!r}", f"write {' or '.join(choices)}")
    return package if package in choices else ""


def _lab_release(name: str, chain: Sequence[ElementInput], its: Platform | None, problems: Problems) -> str:
    """What is inherited concerns only hosts whose daemons the lab has of several releases."""
    owner = next((element for element in chain if element.data.lab is not None and element.data.lab.release), None)
    if owner is None or owner.data.lab is None or its is None:
        return ""
    if its.lab is not None and its.lab.releases:
        return owner.data.lab.release or ""
    if owner is chain[0]:
        problems.error(
            owner.mark("data", "lab", "release"), f"{name} is {its.called}, which the lab plays in one way", "remove it"
        )
    return ""


def _release(
    chain: Iterable[ElementInput], its: Platform | None, problems: Problems
) -> tuple[Release | None, Mark | None]:
    owner = next((element for element in chain if element.data.version is not None), None)
    if owner is None or its is None or its.rules.read_release is None:
        return None, None
    mark = owner.mark("data", "version")
    return _read(owner.data.version, its, mark, "quote it", problems), mark


def _read(text: str | None, its: Platform, mark: Mark, fix: str, problems: Problems) -> Release | None:
    if text is None or its.rules.read_release is None:
        return None
    try:
        return its.rules.read_release(text)
    except ValueError as error:
        problems.error(mark, str(error), fix)
        return None


def _interfaces(
    given: Mapping[str, InterfaceInput], declared: Declared, problems: Problems, its: Platform | None
) -> tuple[tuple[Interface, ...], dict[str, Mark]]:
    interfaces, marks = [], {}
    for name, interface in given.items():
        marks[name] = interface.mark()
        loopback = name.lower().rstrip("0123456789") in _LOOPBACKS
        if interface.link is not None and interface.link not in declared.link_names:
            problems.error(
                interface.mark("link"), f"unknown link {interface.link!r}", nearest(interface.link, declared.link_names)
            )
        if interface.link is None and not loopback:
            problems.error(
                interface.mark(), f"interface {name} is on no link", "write link: …, also for a link of one host"
            )
        if interface.link is not None and loopback:
            problems.error(interface.mark("link"), f"the loopback {name} is on a link", "remove `link`")
        own = own_keys(interface, "interface", its, name, problems)
        if its is not None and its.rules.check_interface is not None:
            its.rules.check_interface(name, own, loopback, interface.mark(), problems)
        interfaces.append(
            Interface(
                name=name,
                link=interface.link,
                addresses=interface.addresses,
                loopback=loopback,
                device_name=its.rules.name_interface(name, own) if its is not None and its.rules.name_interface else "",
                own=own,
            )
        )
    return tuple(interfaces), marks
