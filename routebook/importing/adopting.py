"""Takes over single objects that a host's device has: what the inventory has to say so that a plan leaves them as is.

What was read is written as an import would write it, and put among what the inventory has: under the names that it has
for peers, links and policies. It is loaded, rendered and compared with the device before anything is written.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from routebook.importing.accepting import unfit
from routebook.importing.found import Compared, FoundHost, Importer
from routebook.importing.inventory import Draft, draft
from routebook.importing.inventory_texts import InventoryTexts, made_objects, problems_of
from routebook.importing.names import free
from routebook.importing.pairing import Pairing, Thing
from routebook.importing.refused import ImportRefusedError
from routebook.importing.releasing import Step, host_of, names_of
from routebook.importing.tunnels import pair_tunnels
from routebook.intent.model import HostIntent, IPAddress, SecretRef
from routebook.intent.network import Network
from routebook.intent.problem import IntentError, nearest
from routebook.project.render import Resolver, render_host

_NOT_ASKED = "it was not asked for"
_LISTS = ("networks", "redistribute", "aggregates", "peer_groups", "listen")


@dataclass(frozen=True, slots=True)
class Adoption:
    """A project into which objects are taken over; `read` gives what a host's device has."""

    network: Network
    texts: InventoryTexts
    read: Callable[[str], FoundHost] = field(repr=False)
    importers: Mapping[str, Importer] = field(repr=False)
    templates: Path
    secrets: Resolver = field(repr=False)


class _With:
    """Gives secrets that are to be written, and those that are there."""

    def __init__(self, new: Mapping[str, str], others: Resolver) -> None:
        self.new, self.others = new, others

    def resolve(self, reference: SecretRef) -> str:
        """The secret."""
        known = self.new.get(str(reference.file)) if reference.file is not None else None
        return known if known is not None else self.others.resolve(reference)


def adopt(adoption: Adoption, host: str, objects: Sequence[str]) -> Step:
    """The inventory with these objects of a host. Raises ImportRefusedError, with every reason at once."""
    intent = host_of(adoption.network, host)
    made = made_objects(intent, adoption.templates)
    asked = [name for name in dict.fromkeys(objects) if name not in intent.adopt or name not in made]
    if not asked:
        return Step(adoption.texts, {})
    found = adoption.read(host)
    keys = _keys(found, intent, asked, made)
    hosts = _with_far_ends(adoption, found, keys)
    wanted = {(name, key) for name, those in hosts.items() for key in those[1]}
    written, pairing = _draft({name: each for name, (each, _) in hosts.items()}, wanted, adoption.network)
    texts, secrets = _merged(adoption, written, pairing, list(hosts))
    names = {
        name: list(
            dict.fromkeys([*written.data["hosts"][name]["data"].get("adopt", ()), *_named(asked, made, name, host)])
        )
        for name in hosts
    }
    made_now = _made(texts, hosts, adoption.templates)
    for name, those in names.items():
        texts = _noted(texts, host_of(adoption.network, name), those, {*those, *objects, *made_now.get(name, ())})
    _prove(adoption, texts, secrets, {name: each for name, (each, _) in hosts.items()}, names)
    return Step(texts, {name: those for name, those in names.items() if those}, _said(names, host), secrets)


def _said(names: Mapping[str, Sequence[str]], host: str) -> tuple[str, ...]:
    return tuple(
        f"the other end, at {name}, is taken over as well: {', '.join(those)}"
        for name, those in names.items()
        if name != host and those
    )


def _named(asked: Sequence[str], made: Collection[str], name: str, host: str) -> list[str]:
    """What the inventory has already and somebody else has on the device: its name is all that is to be written."""
    return [each for each in asked if each in made] if name == host else []


def known_names(found: FoundHost) -> dict[str, str]:
    """The objects of a host that can be taken over, by each of their names: their keys."""
    names = {name: key for key, those in found.names.items() for name in those}
    return {**names, **{key: key for key in found.names}}


def _keys(found: FoundHost, intent: HostIntent, asked: Sequence[str], made: Collection[str]) -> set[str]:
    known = known_names(found)
    keys: set[str] = set()
    bad: list[str] = []
    for name in asked:
        if name in made:
            continue
        here = {key for key, those in found.names.items() if name in (key, *those)}
        here |= {each.key for each in found.tunnels if name in (f"tunnel {each.name}", f"connection {each.name}")}
        if not here:
            free_names = [each for each in known if each not in made]
            bad.append(f"the device of {intent.name} has no {name}; {nearest(name, free_names)}")
        bad += [f"{name} of {intent.name} cannot be taken over: {found.bad[key]}" for key in here & found.bad.keys()]
        keys |= here
    if bad:
        raise ImportRefusedError([*bad, "nothing was written"])
    policies = {each.key: each for each in found.policies.values()}
    if alone := sorted(keys & policies.keys()):
        users = [s.key for s in found.sessions if any(_uses(found, s.uses, policies[key]) for key in alone)]
        if not keys - policies.keys():
            raise ImportRefusedError(
                [
                    f"{', '.join(alone)} is nothing by itself: adopt what uses it"
                    + (f" ({', '.join(users)}), and it comes along" if users else ", and nothing does"),
                    "nothing was written",
                ]
            )
    return _together(found, keys)


def _uses(found: FoundHost, uses: Collection[tuple[str, str]], policy: Any) -> bool:
    ahead, seen = list(uses), set(uses)
    while ahead:
        each = ahead.pop()
        if each == (policy.kind, policy.name):
            return True
        more = found.policies[each].uses - seen if each in found.policies else set()
        seen |= more
        ahead += more
    return False


def _together(found: FoundHost, keys: set[str]) -> set[str]:
    """With what is taken over as one with them."""
    while True:
        more = {key for group in found.together if group & keys for key in group}
        if more <= keys:
            return keys
        keys = keys | more


def _with_far_ends(adoption: Adoption, found: FoundHost, keys: set[str]) -> dict[str, tuple[FoundHost, set[str]]]:
    """The host, and those of ours at the other ends, each with the keys of what is taken over there."""
    network = adoption.network
    owners: dict[IPAddress, str] = {
        address.ip: name for name in network.hosts for each in network.interfaces(name) for address in each.addresses
    }
    _place(found, network)
    hosts = {found.name: (found, keys)}
    mine = {address.ip for addresses in found.interfaces.values() for address in addresses}
    ends = [(each.key, each.remote) for each in found.sessions] + [(each.key, each.remote) for each in found.tunnels]
    for key, remote in ends:
        other = owners.get(remote, "") if remote is not None else ""
        if key not in keys or other in ("", found.name):
            continue
        if other not in hosts:
            far = adoption.read(other)
            _place(far, network)
            hosts[other] = (far, set())
        far = hosts[other][0]
        back = [each.key for each in far.sessions if key.startswith("neighbor ") and each.remote in mine]
        back += [each.key for each in far.tunnels if not back and each.remote in mine and each.local == remote]
        hosts[other] = (far, _together(far, hosts[other][1] | set(back)))
    return hosts


def _place(found: FoundHost, network: Network) -> None:
    """Give a host the interfaces that the inventory has of it, beside those that were read."""
    ours = {
        each.device_name or each.name: list(each.addresses) for each in network.interfaces(found.name) if each.addresses
    }
    said = {address.ip for addresses in ours.values() for address in addresses}
    read = {
        name: [each for each in addresses if each.ip not in said]
        for name, addresses in found.interfaces.items()
        if name not in ours
    }
    found.interfaces = ours | {name: addresses for name, addresses in read.items() if addresses}


def _draft(hosts: Mapping[str, FoundHost], wanted: Collection[Thing], network: Network) -> tuple[Draft, Pairing]:
    """What an import of nothing but what is wanted would write. Raises ImportRefusedError."""
    rejected: dict[Thing, str] = {}
    for host in hosts.values():
        speaks = bool(network.hosts[host.name].bgp)
        for key in _all_keys(host, options=speaks):
            if (host.name, key) not in wanted:
                rejected[host.name, key] = _NOT_ASKED
    found = unfit(hosts, rejected)
    if bad := [
        f"{key} of {host} cannot be taken over: {found[host, key]}" for host, key in sorted(wanted & found.keys())
    ]:
        raise ImportRefusedError([*bad, "nothing was written"])
    remotes = {each.remote for host in hosts.values() for each in host.sessions if (host.name, each.key) in wanted}
    others = {
        name
        for name, peer in network.peers.items()
        if not any(address.ip in remotes for each in peer.interfaces for address in each.addresses)
    }
    pairing = Pairing(hosts, found, {*network.hosts, *others}).work_out()
    tunnels = pair_tunnels(hosts, found, pairing)
    said = [*pairing.findings, *pairing.missing, *tunnels.findings, *tunnels.missing]
    if about := [f"{each.mark}: {each.message}" for each in said if set(each.things) & set(wanted)]:
        raise ImportRefusedError([*about, "nothing was written"])
    return draft(hosts, pairing, tunnels, found), pairing


def _all_keys(host: FoundHost, *, options: bool) -> Iterator[str]:
    yield from (each.key for each in host.sessions)
    yield from (each.key for each in host.tunnels)
    yield from (each.key for each in host.groups)
    yield from host.networks.values()
    yield from (each["key"] for each in (*host.redistribute, *host.aggregates))
    if options:
        yield from (*host.options, *host.speaker)


def _merged(
    adoption: Adoption, written: Draft, pairing: Pairing, hosts: Sequence[str]
) -> tuple[InventoryTexts, dict[str, str]]:
    """The inventory with what was drafted, under the names that it has for the same, and the secrets to be written."""
    network, texts = adoption.network, adoption.texts
    renamed: dict[str, str] = {}
    links: dict[str, str] = {}
    needed = {address for pair in pairing.pairs for address in pair.addresses.values()}
    for name in hosts:
        drafted = written.data["hosts"][name]["data"].get("interfaces", {})
        there = {each.device_name or each.name: each for each in network.interfaces(name)}
        for interface, said in drafted.items():
            known = there.get(interface)
            if known is not None and known.link is not None and "link" in said:
                links[said["link"]] = known.link
        for interface, said in drafted.items():
            own = {address.partition("/")[0] for address in said["addresses"]}
            if interface in there or not own & {str(each) for each in needed}:
                continue
            if "link" in said and said["link"] not in links:
                links[said["link"]] = free(said["link"], network.links)
            entry = {**said, **({"link": links[said["link"]]} if "link" in said else {})}
            texts = texts.with_host_data(name, ("interfaces", interface), entry)
    for name, peer in written.data["network"].get("peers", {}).items():
        addresses = {a.partition("/")[0] for each in peer.get("interfaces", {}).values() for a in each["addresses"]}
        for known_peer in network.peers.values():
            if addresses and addresses <= {str(a.ip) for each in known_peer.interfaces for a in each.addresses}:
                renamed[name] = known_peer.name
        if name not in renamed:
            texts = texts.said(("peers", name), _relinked(peer, links))
    for link in dict.fromkeys(links.values()):
        if link not in network.links:
            texts = texts.said(("network", "links", link), {})
    secrets, places = _secrets(adoption, written)
    for entry in written.data.get("bgp", {}).get("bgp", {}).get("sessions", []):
        texts = texts.appended(("bgp", "sessions"), _renamed(_relinked(entry, links), renamed, places))
    for word in _LISTS:
        for entry in written.data.get("bgp", {}).get("bgp", {}).get(word, []):
            texts = texts.appended(("bgp", word), _renamed(entry, renamed, places))
    for entry in written.data.get("tunnels", {}).get("tunnels", {}).get("list", []):
        texts = texts.appended(("tunnels", "list"), _renamed(entry, renamed, places))
    for kind, policies in written.data.get("policy", {}).get("policy", {}).items():
        there_already = {each.path[-1] for each in texts.entries("policy", kind)}
        for name, value in policies.items():
            if name not in there_already:
                texts = texts.said(("policy", kind, name), value)
    return _with_space(texts, written, network, hosts), secrets


def _with_space(texts: InventoryTexts, written: Draft, network: Network, hosts: Sequence[str]) -> InventoryTexts:
    """With the address space that is originated and that the inventory does not have."""
    said = written.data["network"]["network"]
    known = network.hosts[hosts[0]].ours
    for prefix in said.get("prefixes", []):
        if prefix not in map(str, known):
            texts = texts.appended(("network", "prefixes"), prefix)
    for site in said.get("sites", {}).values():
        for prefix in site.get("prefixes", []):
            if prefix not in map(str, known):
                texts = texts.appended(("network", "sites", network.hosts[hosts[0]].site, "prefixes"), prefix)
    return texts


def _secrets(adoption: Adoption, written: Draft) -> tuple[dict[str, str], dict[str, str]]:
    """The secrets by their files, and where a file has another name than was drafted as one is there already."""
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    for path, value in written.secrets.items():
        place = path
        number = 2
        while (adoption.texts.project / place).exists() and _content(adoption.texts.project / place) != value:
            place, number = f"{path}-{number}", number + 1
        places[path] = place
        if not (adoption.texts.project / place).exists():
            found[place] = value
    return found, places


def _content(path: Path) -> str:
    try:
        return path.read_text().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _relinked(entry: dict[str, Any], links: Mapping[str, str]) -> dict[str, Any]:
    """With the inventory's names of links."""
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "link" and isinstance(value, str):
            found[key] = links.get(value, value)
        else:
            found[key] = _relinked(value, links) if isinstance(value, dict) else value
    return found


def _renamed(entry: dict[str, Any], renamed: Mapping[str, str], places: Mapping[str, str]) -> dict[str, Any]:
    """With the inventory's names of peers, and the places of secrets."""
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "ends":
            found[key] = [renamed.get(each, each) for each in value]
        elif isinstance(value, dict):
            inner = {**value, "file": places.get(value["file"], value["file"])} if "file" in value else value
            found[renamed.get(key, key)] = inner
        else:
            found[key] = value
    return found


def _noted(texts: InventoryTexts, host: HostIntent, names: Sequence[str], known: Collection[str]) -> InventoryTexts:
    """With what a host takes over in its `adopt`, and not in its `release`, by whatever name it is `known` there."""
    more = [each for each in names if each not in host.adopt]
    if more:
        texts = texts.with_host_data(host.name, ("adopt",), [*host.adopt, *more])
    if host.release:
        texts = texts.with_host_data(host.name, ("release",), [each for each in host.release if each not in known])
    return texts


def _made(texts: InventoryTexts, hosts: Iterable[str], templates: Path) -> dict[str, list[str]]:
    """What an inventory makes of each host, by every name; nothing where it is refused, which its proof says."""
    try:
        network = texts.network()
    except IntentError:
        return {}
    intents = {name: replace(network.hosts[name], release=()) for name in hosts}
    return {name: names_of(intent, list(made_objects(intent, templates))) for name, intent in intents.items()}


def _prove(
    adoption: Adoption,
    texts: InventoryTexts,
    secrets: Mapping[str, str],
    hosts: Mapping[str, FoundHost],
    names: Mapping[str, Sequence[str]],
) -> None:
    """Refuse what `check` would refuse, and what would change the device beyond what a plan changes already."""
    try:
        network = texts.network()
    except IntentError as error:
        raise ImportRefusedError([*problems_of(error), "nothing was written"]) from error
    bad: list[str] = []
    for name, found in hosts.items():
        before = _compared(adoption, adoption.network.hosts[name], found, {})
        after = _compared(adoption, network.hosts[name], found, secrets)
        if after.difference != before.difference:
            shown = [line for line in after.difference.splitlines() if line not in before.difference.splitlines()]
            bad += [f"{name}: with {', '.join(names[name])} in the inventory, a plan would change the device:", *shown]
    if bad:
        raise ImportRefusedError(
            [*bad, "what the inventory says of all (defaults, say) is not what is there; nothing was written"]
        )


def _compared(adoption: Adoption, intent: HostIntent, found: FoundHost, secrets: Mapping[str, str]) -> Compared:
    compare = adoption.importers[found.platform].compare
    if compare is None:
        return Compared()
    candidate = render_host(intent, adoption.templates, _With(secrets, adoption.secrets))
    return compare(candidate.sections, {file.part: file.text for file in found.files})
