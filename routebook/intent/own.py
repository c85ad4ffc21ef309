"""What is the network's own: its address space, its sites' prefixes, its customers', and what it originates of them."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from msgspec import Struct

from routebook.intent.filters import Region, covers
from routebook.intent.model import IPAddress, IPInterface, IPNetwork
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.policy import Policies
from routebook.intent.problem import Problems
from routebook.intent.read import Declared
from routebook.intent.schema import NetworksInput
from routebook.intent.speaker_schema import AggregateInput

_LARGEST = {4: 8, 6: 16}
"""Bits of the largest address space that one network has; what is larger is somebody else's, too."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
"""RFC 1918, RFC 6598 and RFC 4193: everybody's, within their own network."""

_SPECIAL = tuple(
    map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "fe80::/10", "ff00::/8"))
)
"""Never on the internet (RFC 6890)."""


class Own(Struct, frozen=True):
    """What is the network's own: its address space, and its customers'."""

    declared: tuple[IPNetwork, ...]
    sites: tuple[IPNetwork, ...]
    addresses: tuple[IPAddress, ...]
    customers: tuple[IPNetwork, ...]
    originated: tuple[IPNetwork, ...]

    @classmethod
    def of(cls, declared: Declared, nodes: Nodes) -> "Own":
        """That of an inventory."""
        return cls(
            declared.network.prefixes if declared.network else (),
            tuple(prefix for prefixes in nodes.sites.values() for prefix in prefixes),
            tuple(a.ip for node in nodes.hosts.values() for i in node.interfaces for a in i.addresses),
            tuple(p for peer in declared.peers.values() if peer.relation == "customer" for p in peer.prefixes),
            tuple(prefix for entry in _originating(declared) for prefix in entry.prefixes),
        )

    def is_ours(self, prefix: IPNetwork) -> bool:
        """Whether a prefix may be originated: of the own space, private or of a site, or something of ours is in it."""
        if private(prefix) or any(covers(own, prefix) for own in (*self.declared, *self.sites)):
            return True
        return not self.declared and prefix.prefixlen >= _LARGEST[prefix.version] and self.inhabited(prefix)

    def inhabited(self, prefix: IPNetwork) -> bool:
        """Whether a site has a part of it, or a host an address in it."""
        return any(covers(prefix, site) or covers(site, prefix) for site in self.sites) or any(
            address in prefix for address in self.addresses if address.version == prefix.version
        )

    def mistyped(self, prefix: IPNetwork, beside: Iterable[IPNetwork]) -> IPNetwork | None:
        """The site's prefix that a private one is meant to be: nothing of ours is in it, and one character is wrong."""
        if not private(prefix) or self.inhabited(prefix):
            return None
        return next((site for site in self.sites if site not in set(beside) and mistyped(prefix, site)), None)

    def may_leave(self, region: Region) -> bool:
        """Whether outsiders may hear all of a region."""
        if any(region.within(network) for network in (*self.declared, *self.customers)):
            return True
        return not self.declared and any(
            self.is_ours(each) and region.within(each) for each in (region.network, *self.originated)
        )

    @property
    def public(self) -> tuple[IPNetwork, ...]:
        """The address space that nobody else announces: as declared, or else what is originated and not private."""
        return self.declared or tuple(each for each in self.originated if not private(each) and each.prefixlen)

    @property
    def outsiders_hear(self) -> tuple[IPNetwork, ...] | None:
        """All that may go to a provider, a peer or a route server; None while the own space is not declared."""
        return (*self.declared, *self.customers) if self.declared else None


def private_as(asn: int) -> bool:
    """Whether an AS number is everybody's, within their own network (RFC 6996)."""
    return any(asn in each for each in (range(64512, 65535), range(4200000000, 4294967295)))


def private(prefix: IPNetwork) -> bool:
    """Whether addresses are everybody's."""
    return any(covers(each, prefix) for each in _PRIVATE)


def _originating(declared: Declared) -> list[NetworksInput | AggregateInput]:
    """What says that hosts originate prefixes."""
    return [*declared.networks, *declared.aggregates]


def check_own(declared: Declared, nodes: Nodes, policies: Policies, own: Own, problems: Problems) -> None:
    """Report what is called the network's own and is not, or cannot be."""
    _check_space(declared, own, problems)
    _check_customers_prefixes(declared, own, problems)
    _check_sites(declared, nodes, problems)
    _check_originated(declared, nodes, own, problems)
    _check_lists(declared, policies, own, problems)


def _check_space(declared: Declared, own: Own, problems: Problems) -> None:
    if declared.network is None:
        return
    ours = [*own.sites, *(ip_network(a) for a in own.addresses)]
    homeless = [s for s in own.sites if not private(s) and not any(covers(each, s) for each in own.declared)]
    for index, prefix in enumerate(own.declared):
        mark = declared.network.mark("prefixes", index)
        if prefix.prefixlen < _LARGEST[prefix.version]:
            problems.error(mark, f"{prefix} is more than one network's address space", "write the own prefixes")
        elif private(prefix) or any(covers(each, prefix) for each in _SPECIAL):
            problems.error(mark, f"{prefix} is nobody's on the internet (RFC 6890)", "remove it: sites have prefixes")
        elif not any(covers(prefix, each) or covers(each, prefix) for each in ours):
            for other in [each for each in homeless if each.version == prefix.version][:1]:
                problems.error(
                    mark,
                    f"nothing of ours is in {prefix}, and {other} of a site is outside of the own space",
                    "correct one of them",
                )
        if own.originated and not any(covers(prefix, each) for each in own.originated):
            problems.warn(
                mark, f"no host originates {prefix} or a part of it", "write it under networks of bgp, or remove it"
            )


def _check_customers_prefixes(declared: Declared, own: Own, problems: Problems) -> None:
    for name, peer in declared.peers.items():
        if peer.relation != "customer":
            continue
        if not peer.prefixes:
            problems.error(
                peer.mark("relation"),
                f"{name} is a customer and it is not said what is its own, so that it could announce anything",
                "write its prefixes: […]",
            )
        for index, prefix in enumerate(peer.prefixes):
            mark = peer.mark("prefixes", index)
            if prefix.prefixlen < _LARGEST[prefix.version] or any(covers(each, prefix) for each in _SPECIAL):
                problems.error(mark, f"{prefix} is no customer's address space", "write the customer's own prefixes")
            elif ours := [each for each in (*own.declared, *own.sites) if prefix != each and covers(prefix, each)]:
                problems.error(mark, f"{prefix} of the customer {name} has our own {ours[0]} in it", "correct it")


def _check_sites(declared: Declared, nodes: Nodes, problems: Problems) -> None:
    """A site's prefix that is typed wrong, by its hosts' addresses; or an address of theirs, by the others'."""
    for name, site in declared.sites.items():
        hosts = [node for node in nodes.hosts.values() if node.site == name]
        addresses = [a for node in hosts for i in node.interfaces for a in i.addresses]
        inhabited = [prefix for prefix in site.prefixes if any(a.ip in prefix for a in addresses)]
        homeless = [
            (node, interface, address)
            for node in hosts
            for interface in node.interfaces
            if interface.loopback or (interface.link in declared.links and declared.links[interface.link].site == name)
            for address in interface.addresses
            if not address.is_link_local and not any(address.ip in prefix for prefix in site.prefixes)
        ]
        for index, prefix in enumerate(site.prefixes):
            for node, interface, address in homeless if prefix not in inhabited else ():
                meant = _part_with(address, prefix)
                if meant and (not interface.loopback or mistyped(prefix, meant)):
                    where = interface.name if interface.loopback else "its LAN"
                    problems.error(
                        site.mark("prefixes", index),
                        f"no host of site {name} has an address in {prefix}, and {node.name} has {address.ip} on "
                        f"{where}, which is in none of the site's prefixes",
                        f"correct one of them: that address is in {meant}",
                    )
                    break
        for node, interface, address in homeless:
            for prefix in inhabited:
                meant = _part_with(address, prefix)
                if meant and mistyped(prefix, meant):
                    report = problems.warn if interface.loopback else problems.error
                    report(
                        node.mark_of(interface.name),
                        f"{node.name} has {address.ip} on {interface.name}, in no prefix of its site {name}: "
                        f"others have addresses in {prefix}",
                        "correct one of them",
                    )


def _part_with(address: IPInterface, like: IPNetwork) -> IPNetwork | None:
    """The network as long as another one that an address is in; None where they are of two versions."""
    return ip_network((address.ip, like.prefixlen), strict=False) if address.version == like.version else None


def mistyped(prefix: IPNetwork, meant: IPNetwork) -> bool:
    """Whether two prefixes, as they are written, differ by one character that is missing, too much or another one."""
    one, other = sorted(map(str, (prefix, meant)), key=len)
    begin = next((n for n in range(len(one)) if one[n] != other[n]), len(one))
    end = next((n for n in range(len(one) - begin) if one[-1 - n] != other[-1 - n]), len(one) - begin)
    return one != other and len(other) - begin - end <= 1


def _check_originated(declared: Declared, nodes: Nodes, own: Own, problems: Problems) -> None:
    by_host: dict[IPNetwork, set[str]] = {}
    chosen = [(e, nodes.select(e.hosts, e.mark("hosts"), Problems())) for e in _originating(declared)]
    for entry, hosts in chosen:
        for prefix in entry.prefixes:
            by_host.setdefault(prefix, set()).update(node.site for node in hosts)
    for entry, hosts in chosen:
        for index, prefix in enumerate(entry.prefixes):
            mark = entry.mark("prefixes", index)
            if prefix.prefixlen == 0:
                problems.error(mark, f"{prefix} is the default route, which nobody originates by networks", "remove it")
            elif not own.is_ours(prefix):
                own_space = f"its own are {', '.join(map(str, own.declared))}"
                nobody = "no site has prefixes and no host has addresses in it"
                problems.error(
                    mark,
                    f"{prefix} is not this network's: {own_space if own.declared else nobody}",
                    "correct it, or write it in network: prefixes: if it is yours",
                )
            elif (meant := own.mistyped(prefix, own.originated)) is not None:
                problems.error(
                    mark,
                    f"{prefix} is originated, where nothing of ours is, and not {meant}, which is a site's",
                    "correct it",
                )
            else:
                for node, other in _elsewhere(hosts, prefix, nodes, by_host[prefix]):
                    problems.error(
                        mark,
                        f"{prefix} is of site {other}, which originates it, and {node.name} is at {node.site}",
                        "correct it, or leave it to that site's hosts",
                    )


def _elsewhere(
    hosts: Iterable[Node], prefix: IPNetwork, nodes: Nodes, sites: Iterable[str]
) -> Iterator[tuple[Node, str]]:
    """The hosts that take a prefix from another site whose hosts originate it themselves."""
    owner = next((s for s, prefixes in nodes.sites.items() if any(covers(p, prefix) for p in prefixes)), "")
    if owner in sites:
        yield from ((node, owner) for node in hosts if node.site != owner)


def _check_lists(declared: Declared, policies: Policies, own: Own, problems: Problems) -> None:
    """A private prefix in a list that is nobody's here, where one that differs by a character is a site's."""
    for name, prefix_list in policies.prefix_lists.items():
        listed = {rule.prefix for rule in prefix_list.rules}
        for index, rule in enumerate(prefix_list.rules):
            if rule.action == "permit" and (meant := own.mistyped(rule.prefix, listed)) is not None:
                problems.error(
                    declared.policy.mark("prefix_lists", name, index),
                    f"{name} permits {rule.prefix}, where nothing of ours is, and not {meant}, which is a site's",
                    "correct it",
                )
