"""What somebody else has made of the kinds that Routebook makes: lists, route maps, policies and profiles."""

from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.device.values import Beside
from routebook.platforms.asa.config import Config, manifest
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.target import ownership

# Of tunnel groups, crypto maps and tunnel interfaces the tunnels are listed, and of routers the sessions. Routes are an
# administrator's business, but for those to tunnels.
_KINDS = (
    "prefix-list",
    "ipv6 prefix-list",
    "community-list standard",
    "community-list expanded",
    "as-path access-list",
    "route-map",
    "access-list",
    "crypto ikev2 policy",
    "crypto ipsec ikev2 ipsec-proposal",
    "crypto ipsec profile",
    "group-policy",
)


def beside(running: Config, sections: Sequence[Section]) -> Iterator[Beside]:
    """Each list, policy or profile that is not ours, with the section that makes such; a line where it is in ours."""
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    makers = {kind: name for kind in _KINDS if (name := _maker(kind, sections))}
    ours: set[str] = set()
    others: dict[str, list[tuple[str, str]]] = {}
    for key, nodes in there.items():
        name = manifest.name_of(key, nodes)
        kind = next((kind for kind in makers if name.startswith(f"{kind} ")), None)
        if kind is None or key == manifest.KEY:
            continue
        thing = " ".join(name.split()[: len(kind.split()) + 1])
        if owns.running(key, nodes):
            ours.add(thing)
        else:
            others.setdefault(thing, []).append((makers[kind], name))
    for thing, found in sorted(others.items()):
        for section, name in found if thing in ours else [(found[0][0], thing)]:
            yield Beside(section, name)


def _maker(kind: str, sections: Sequence[Section]) -> str:
    """The section that makes such: a list by which routes are chosen is made where route maps are."""
    alike = "route-map" if kind in ("community-list expanded", "as-path access-list") else kind
    return next((each.name for each in sections if any(own.startswith(f"{alike} ") for own in each.owns)), "")
