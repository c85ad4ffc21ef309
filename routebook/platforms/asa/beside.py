"""What somebody else has made of the kinds that Routebook makes: lists, policies, profiles, and routes over tunnels."""

from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.device.values import Beside
from routebook.platforms.asa.config import Config, manifest
from routebook.platforms.asa.config.objects import Objects, objects
from routebook.platforms.asa.config.target import ownership

# Of tunnel groups, crypto maps and tunnel interfaces the tunnels are listed, and of routers the sessions.
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
    """Each list, policy or profile that is not ours, with the section that makes such."""
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    makers = {kind: _maker(kind, sections) for kind in _KINDS}
    for route in ("route", "ipv6 route"):
        makers |= {f"{route} {name}": _maker(route, sections) for name in _tunnel_interfaces(there)}
    for key, nodes in sorted(there.items()):
        name = manifest.name_of(key, nodes)
        kind = next((kind for kind in makers if name.startswith(f"{kind} ")), None)
        if kind is not None and makers[kind] and key != manifest.KEY and not owns.running(key, nodes):
            yield Beside(makers[kind], name)


def _tunnel_interfaces(there: Objects) -> Iterator[str]:
    """The names of tunnel interfaces, which routes over them name first; other routes are an administrator's."""
    for (key, *_), nodes in there.items():
        if key.startswith("interface Tunnel"):
            for node in nodes[0].commands:
                if node.line.startswith("nameif "):
                    yield node.line.removeprefix("nameif ")


def _maker(kind: str, sections: Sequence[Section]) -> str:
    """The section that makes such: a list by which routes are chosen is made where route maps are."""
    alike = "route-map" if kind in ("community-list expanded", "as-path access-list") else kind
    return next((each.name for each in sections if any(own.startswith(f"{alike} ") for own in each.owns)), "")
