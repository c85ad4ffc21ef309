"""The inventory of what was read, as the files that a person would have written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from routebook.importing.accepting import used
from routebook.importing.folding import fold, share
from routebook.importing.found import POLICY_KINDS, FoundHost
from routebook.importing.groups import used_groups, written_groups
from routebook.importing.layout import write
from routebook.importing.links import Links, find_links, usable
from routebook.importing.names import free, site_of
from routebook.importing.pairing import Pair, Pairing, Thing, is_loopback
from routebook.importing.tunnels import Tunnels
from routebook.importing.tunnels import folded as fold_tunnels
from routebook.intent.model import IPNetwork, SecretRef

_COMMENTS = {
    "hosts": "Our hosts. `hostname` is where a host is reached, `interfaces` are what it has on each link.",
    "groups": "What hosts have in common.",
    "defaults": "What all hosts have in common.",
    "network": "What the network is made of: our AS, our sites, the links between interfaces, and who is not ours.",
    "bgp": "Each BGP session once, with its two ends; what both ends need of each other follows from there.",
    "policy": "What sessions refer to by name.",
    "tunnels": "Each tunnel once, with its two ends; the first end starts it.",
}


INTERFACE = "interface "
"""What the key of an interface begins with: what an inventory says of one may be left out, too."""


@dataclass(slots=True)
class Draft:
    """What is to be written: `data` by file, secrets by their path, `things` that each part of a file is about."""

    data: dict[str, dict[str, Any]]
    secrets: dict[str, str] = field(repr=False)
    things: dict[tuple[str | int, ...], frozenset[Thing]]
    modelled: frozenset[Thing]
    hints: list[str] = field(default_factory=list)

    def texts(self) -> dict[str, str]:
        """The files of `inventory/` by name."""
        return {f"{name}.yaml": write(data, _COMMENTS[name]) for name, data in self.data.items()}

    def references(self) -> dict[SecretRef, str]:
        """The secrets by what refers to them."""
        return {SecretRef(file=path): value for path, value in self.secrets.items()}


def draft(
    hosts: Mapping[str, FoundHost],
    pairing: Pairing,
    tunnels: Tunnels,
    rejected: Mapping[Thing, str],
    *,
    folded: bool = False,
) -> Draft:
    """The inventory of everything that is not rejected; `folded`, what is alike is written once."""
    pairs = [pair for pair in pairing.pairs if not pair.things & rejected.keys()]
    rejected = {**rejected, **_quiet(hosts, pairs, rejected)}
    peers = {
        name: pairing.peers[name]
        for name in dict.fromkeys(end for pair in pairs for end in pair.ends if end in pairing.peers)
    }
    links = find_links(hosts, peers)
    asn = _common_asn(hosts)
    secrets: dict[str, str] = {}
    things: dict[tuple[str | int, ...], frozenset[Thing]] = {}
    sessions: list[dict[str, Any]] = []
    for pair in pairs:
        things["bgp", "sessions", len(sessions)] = pair.things
        for end in pair.ends:
            if end in peers:
                things["peers", end] = things.get(("peers", end), frozenset()) | pair.things
        sessions.append(_session(pair, hosts, pairing, links, secrets))
    bgp: dict[str, Any] = {"sessions": sessions} if sessions else {}
    bgp |= _originated(hosts, rejected, things)
    groups, of_groups = written_groups(hosts, rejected, things, secrets)
    bgp |= groups
    policies, modelled = _policies(hosts, pairs, rejected, things)
    modelled |= of_groups
    modelled |= {thing for each in (*(pair.things for pair in pairs), *tunnels.things) for thing in each}
    for host in hosts.values():
        modelled |= {(host.name, key) for key in _own(host, rejected)}
        keys = (*(s.key for s in host.sessions), *(t.key for t in host.tunnels), *_own(host, rejected))
        about = {(host.name, key) for key in keys}
        things[(host.name,)] = frozenset(about)
    sites = _sites(hosts, rejected, things)
    network: dict[str, Any] = {"asn": asn, **_own_space(hosts, rejected, things)}
    network |= {"sites": sites, "links": {name: {} for name in dict.fromkeys(links.names.values())}}
    data: dict[str, dict[str, Any]] = {
        "hosts": {host.name: _host(host, asn, links, hosts, frozenset(modelled), things) for host in hosts.values()},
        "groups": {},
        "defaults": {},
        "network": {"network": network, **_outside(peers, tunnels, links), **_rpki(hosts, rejected)},
    }
    if bgp:
        data["bgp"] = {"bgp": fold(bgp, pairs, data, sites) if folded else bgp}
    if folded:
        share(data)
    if tunnels.entries:
        data["tunnels"] = {"tunnels": fold_tunnels(tunnels) if folded else {"list": tunnels.entries}}
        things |= {("tunnels", "list", index): each for index, each in enumerate(tunnels.things)}
        secrets |= tunnels.secrets
    if policies:
        data["policy"] = {"policy": policies}
    return Draft(data, secrets, things, frozenset(modelled), _hints(hosts, sites, pairs))


def _own(host: FoundHost, rejected: Mapping[Thing, str]) -> list[str]:
    """What is neither a session nor a policy: routers and what they originate."""
    entries = (*host.redistribute, *host.aggregates)
    keys = [*host.options, *host.networks.values(), *(each["key"] for each in entries)]
    return [key for key in keys if (host.name, key) not in rejected]


def _quiet(hosts: Mapping[str, FoundHost], pairs: Iterable[Pair], rejected: Mapping[Thing, str]) -> dict[Thing, str]:
    """The options of routers of which nothing else is written: such a router is not written at all."""
    speaking = {end for pair in pairs for end in pair.ends}
    found = {}
    for host in hosts.values():
        originated = (*host.networks.values(), *(each["key"] for each in host.redistribute))
        listening = any(group.ranges for group in used_groups(host, rejected))
        if listening or host.name in speaking or any((host.name, key) not in rejected for key in originated):
            continue
        keys = (*host.options, *host.speaker, *(each["key"] for each in host.aggregates))
        for key in keys:
            if not key.startswith("rpki"):
                found[host.name, key] = "no session and nothing that is originated there is modelled"
    return found


def _common_asn(hosts: Mapping[str, FoundHost]) -> int:
    """The AS of most hosts."""
    numbers = [host.asn for host in hosts.values() if host.asn is not None]
    return max(numbers, key=numbers.count, default=64512)


def _host(
    host: FoundHost,
    asn: int,
    links: Links,
    hosts: Mapping[str, FoundHost],
    modelled: frozenset[Thing],
    things: dict[tuple[str | int, ...], frozenset[Thing]],
) -> dict[str, Any]:
    data: dict[str, Any] = {"site": site_of(host.name, hosts)}
    if host.asn is not None and host.asn != asn:
        data["asn"] = host.asn
    data |= host.data
    if host.router_id:
        data["router_id"] = host.router_id
    interfaces = {}
    for name, addresses in host.interfaces.items():
        things[host.name, "data", "interfaces", name] = frozenset({(host.name, f"{INTERFACE}{name}")})
        if written := [str(address) for address in usable(addresses)]:
            link = {} if is_loopback(name) else {"link": links.names[host.name, name]}
            interfaces[name] = {**link, **host.interface_keys.get(name, {}), "addresses": written}
    if interfaces:
        data["interfaces"] = interfaces
    if adopt := list(
        dict.fromkeys(name for key, names in host.names.items() if (host.name, key) in modelled for name in names)
    ):
        data["adopt"] = adopt
    login = {"username": host.username} if host.username else {}
    return {"hostname": host.hostname or host.name, **login, "platform": host.platform, "data": data}


def _outside(peers: Mapping[str, Any], tunnels: Tunnels, links: Links) -> dict[str, Any]:
    """Everybody who is not ours; who only ends tunnels has no AS number."""
    found = _peers(peers, links)
    found |= {name: {} for name in sorted(tunnels.peers - peers.keys())}
    return {"peers": found} if found else {}


def _peers(peers: Mapping[str, Any], links: Links) -> dict[str, Any]:
    found = {}
    for peer in peers.values():
        entry: dict[str, Any] = {"asn": peer.asn or "external"}
        if peer.internal:
            entry["internal"] = True
        interfaces: dict[str, Any] = {}
        numbered: dict[str, str] = {}
        for address, place in peer.addresses.items():
            if place[0]:
                link = links.names[place]
                name = numbered.setdefault(link, f"eth{len(numbered)}")
                interfaces.setdefault(name, {"link": link, "addresses": []})["addresses"].append(str(address))
            else:
                interfaces.setdefault("lo", {"addresses": []})["addresses"].append(str(address))
        found[peer.name] = {**entry, "interfaces": interfaces}
    return found


def _session(
    pair: Pair, hosts: Mapping[str, FoundHost], pairing: Pairing, links: Links, secrets: dict[str, str]
) -> dict[str, Any]:
    entry: dict[str, Any] = {"ends": list(pair.ends)}
    if pair.name:
        entry["name"] = pair.name
    entry |= _over(pair, hosts, pairing, links)
    entry |= pair.shared
    if pair.password:
        path = f"secrets/{pair.title}.password"
        secrets[path] = pair.password
        entry["password"] = {"file": path}
    leaks = {"accepted_leaks": pair.leaks} if pair.leaks else {}
    entry |= {end: dict(side) | leaks for end, side in pair.sides.items() if side or leaks}
    return entry


def _over(pair: Pair, hosts: Mapping[str, FoundHost], pairing: Pairing, links: Links) -> dict[str, Any]:
    """What a session runs over, and which addresses, where the only link and its first addresses do not say it."""
    candidates = {end: _addresses(end, hosts, pairing, links) for end in pair.ends}
    said: dict[str, Any] = {}
    if pair.loopback:
        said["via"], link = "loopback", ""
    else:
        first, second = ({link for link, _ in candidates[end] if link} for end in pair.ends)
        link = next(link for link, a in candidates[pair.ends[0]] if a == pair.addresses[pair.ends[0]])
        if len(first & second) > 1:
            said["link"] = link
    own = {end: [a for where, a in candidates[end] if where == link] for end in pair.ends}
    version = next(iter(pair.addresses.values())).version
    order = (6, 4) if pair.shared.get("families") == ["ipv6-unicast"] or (
        "families" not in pair.shared and version == 6
    ) else (4, 6)  # fmt: skip
    both = [v for v in order if all(any(a.version == v for a in own[end]) for end in pair.ends)]
    if both[:1] != [version]:
        said["transport"] = f"ipv{version}"
    for end in pair.ends:
        if next(a for a in own[end] if a.version == version) != pair.addresses[end]:
            pair.sides.setdefault(end, {})["address"] = str(pair.addresses[end])
    return said


def _addresses(end: str, hosts: Mapping[str, FoundHost], pairing: Pairing, links: Links) -> list[tuple[str, Any]]:
    """The addresses of an end, each with its link; a loopback's with none."""
    if end in hosts:
        return [
            ("" if is_loopback(name) else links.names.get((end, name), ""), address.ip)
            for name, addresses in hosts[end].interfaces.items()
            for address in usable(addresses)
        ]
    return [(links.names[place] if place[0] else "", a.ip) for a, place in pairing.peers[end].addresses.items()]


def _originated(
    hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str], things: dict[tuple[str | int, ...], frozenset[Thing]]
) -> dict[str, Any]:
    networks: list[dict[str, Any]] = []
    taken_over: list[dict[str, Any]] = []
    aggregates: list[dict[str, Any]] = []
    speakers: list[dict[str, Any]] = []
    for host in hosts.values():
        kept = {prefix: key for prefix, key in host.networks.items() if (host.name, key) not in rejected}
        for prefix, key in kept.items():
            things["bgp", "networks", len(networks), "prefixes", len(kept)] = frozenset()
            things["bgp", "networks", len(networks)] = frozenset({(host.name, key)})
            networks.append({"hosts": host.name, "prefixes": [str(prefix)]})
        for each in host.redistribute:
            if (host.name, each["key"]) not in rejected:
                things["bgp", "redistribute", len(taken_over)] = frozenset({(host.name, each["key"])})
                taken_over.append({"hosts": host.name} | {k: v for k, v in each.items() if k != "key"})
    for host in hosts.values():
        for each in host.aggregates:
            if (host.name, each["key"]) not in rejected:
                things["bgp", "aggregates", len(aggregates)] = frozenset({(host.name, each["key"])})
                aggregates.append({"hosts": host.name} | {k: v for k, v in each.items() if k != "key"})
        said = {key: option for key, option in host.speaker.items() if (host.name, key) not in rejected}
        if said:
            things["bgp", "options", len(speakers)] = frozenset((host.name, key) for key in said)
            speakers.append({"hosts": host.name} | _speaker(said.values()))
    drained = [host.name for host in hosts.values() if host.graceful_shutdown]
    found: dict[str, Any] = {"networks": networks, "redistribute": taken_over, "aggregates": aggregates}
    found |= {"options": speakers, "graceful_shutdown": drained}
    return {key: value for key, value in found.items() if value}


def _speaker(said: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Options of a speaker; what is by family is put together, and so are extra lines."""
    found: dict[str, Any] = {}
    for option, value in said:
        if option == "extra":
            for place, lines in value.items():
                found.setdefault("extra", {}).setdefault(place, []).extend(lines)
        elif not option:
            found |= value
        else:
            found[option] = {**found.get(option, {}), **value} if isinstance(value, dict) else value
    return found


def _policies(
    hosts: Mapping[str, FoundHost],
    pairs: Iterable[Pair],
    rejected: Mapping[Thing, str],
    things: dict[tuple[str | int, ...], frozenset[Thing]],
) -> tuple[dict[str, Any], set[Thing]]:
    """The policies that are used, by kind, and whose they are."""
    found: dict[str, dict[str, Any]] = {}
    modelled: set[Thing] = set()
    keys = {thing for pair in pairs for thing in pair.things}
    keys |= {(host.name, group.key) for host in hosts.values() for group in used_groups(host, rejected)}
    for host in hosts.values():
        maps = [
            each["route_map"]
            for each in (*host.redistribute, *host.aggregates)
            if "route_map" in each and (host.name, each["key"]) not in rejected
        ]
        for kind, name in sorted(used(host, {key for owner, key in keys if owner == host.name}, maps)):
            policy = host.policies[kind, name]
            found.setdefault(kind, {})[name] = policy.value
            modelled.add((host.name, policy.key))
            place = ("policy", kind, name)
            things[place] = things.get(place, frozenset()) | {(host.name, policy.key)}
    return {kind: dict(sorted(found[kind].items())) for kind in POLICY_KINDS if kind in found}, modelled


def _sites(
    hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str], things: dict[tuple[str | int, ...], frozenset[Thing]]
) -> dict[str, Any]:
    """Each site with what its hosts alone originate of everybody's address space."""
    by_site: dict[str, dict[IPNetwork, None]] = {}
    origins: dict[IPNetwork, set[str]] = {}
    for host in hosts.values():
        site = site_of(host.name, hosts)
        by_site.setdefault(site, {})
        for prefix, key in host.networks.items():
            if prefix.is_private and (host.name, key) not in rejected:
                origins.setdefault(prefix, set()).add(site)
                by_site[site][prefix] = None
    found = {}
    for site, prefixes in by_site.items():
        own = [
            str(prefix) for prefix in prefixes if len(origins[prefix]) == 1 and ("", f"site {prefix}") not in rejected
        ]
        things["network", "sites", site] = frozenset(("", f"site {prefix}") for prefix in own)
        found[site] = {"prefixes": own} if own else {}
    return found


def _own_space(
    hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str], things: dict[tuple[str | int, ...], frozenset[Thing]]
) -> dict[str, Any]:
    """The address space that is originated and is nobody else's."""
    public = {
        prefix: None
        for host in hosts.values()
        for prefix, key in host.networks.items()
        if not prefix.is_private and prefix.prefixlen and (host.name, key) not in rejected
    }
    own = [prefix for prefix in public if ("", f"own {prefix}") not in rejected]
    own = [each for each in own if not any(o != each and o.version == each.version and each.subnet_of(o) for o in own)]  # type: ignore[arg-type]  # of one version
    for index, prefix in enumerate(own):
        things["network", "prefixes", index] = frozenset({("", f"own {prefix}")})
    return {"prefixes": [str(prefix) for prefix in own]} if own else {}


def _rpki(hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str]) -> dict[str, Any]:
    asking = [host for host in hosts.values() if host.caches and (host.name, "rpki") not in rejected]
    if not asking:
        return {}
    names: set[str] = set()
    caches = []
    for each in asking[0].caches:
        name = free("rpki-cache", names)
        names.add(name)
        caches.append({"name": name, **each})
    return {"rpki": {"hosts": [host.name for host in asking], "caches": caches}}


def _hints(hosts: Mapping[str, FoundHost], sites: Mapping[str, Any], pairs: Iterable[Pair]) -> list[str]:
    """What was guessed, for a person to look at."""
    unknown = [host.name for host in hosts.values() if not host.hostname]
    hints = [f"hosts.yaml: the sites ({', '.join(sites)}) are guessed from the hosts' names"]
    if unknown:
        hints.append(f"hosts.yaml: hostname of {', '.join(unknown)} is the host's name: write where it is reached")
    hints += [
        f"bgp.yaml: {pair.title} lets {', '.join(pair.leaks)} leave, which is accepted by name: if it is yours, write "
        "it in network: prefixes: of network.yaml instead; if it is not, filter it"
        for pair in pairs
        if pair.leaks
    ]
    return hints
