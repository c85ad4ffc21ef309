"""What somebody else has configured for the same peer as a tunnel of ours: crypto map entries and tunnel interfaces."""

import re
from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.platforms.asa.config import Config, manifest, parse
from routebook.platforms.asa.config.objects import Objects, objects
from routebook.platforms.asa.config.target import ownership
from routebook.platforms.asa.config.tree import Node

_MAP_PEER = re.compile(r"crypto (?:dynamic-)?map (?P<name>\S+ \d+) set peer (?P<peers>.+)")
_DESTINATION = re.compile(r"tunnel destination (?P<peer>\S+)")
_TUNNEL = re.compile(r"interface (?P<name>Tunnel\d+)")


def hand_made(running: Config, sections: Sequence[Section]) -> Iterator[str]:
    """A sentence for each crypto map entry or tunnel interface of others that leads to the peer of a new one of ours.

    An ASA takes the first entry of a crypto map that fits; a tunnel group is one for all of a peer's tunnels.
    """
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    new = set(_peers(objects(parse("\n".join(section.text for section in sections)).commands))) - set(_peers(there))
    for place, peer in _peers({key: nodes for key, nodes in there.items() if not owns.running(key, nodes)}):
        mine = sorted(own for own, each in new if each == peer and own != place)
        if mine:
            pattern = f"{place} *" if place.startswith("crypto map") else place
            yield (
                f"{place} is somebody else's and leads to {peer}, as {mine[0]} will: both are there then, and either "
                f"may carry the traffic. To replace it in this run, add `{pattern}` to `owns` in "
                "templates/asa/ownership.yaml"
            )


def _peers(found: Objects) -> Iterator[tuple[str, str]]:
    for nodes in found.values():
        yield from _peers_of(nodes)


def _peers_of(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """Each place that leads to a peer, and the peer."""
    for node in nodes:
        if (found := _MAP_PEER.fullmatch(node.line)) is not None:
            for peer in found["peers"].split():
                yield f"crypto map {found['name']}", peer
        elif (tunnel := _TUNNEL.fullmatch(node.line)) is not None:
            for line in node.lines():
                if (there := _DESTINATION.fullmatch(line)) is not None:
                    yield f"interface {tunnel['name']}", there["peer"]
