"""What a candidate would take that is somebody else's: refused at the plan, with what to write instead.

On an ASA much is there once only, under a name or number that two can come to choose: a tunnel interface, an entry of a
crypto map, the tunnel group of a peer, the crypto map of an interface. To take one over would rewrite it, and remove it
one day, with its keys.
"""

import re
from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.platforms.asa.config import Config, manifest, parse, redact
from routebook.platforms.asa.config.changes import meaning
from routebook.platforms.asa.config.objects import PER_LINE, Key, Objects, objects
from routebook.platforms.asa.config.shared_router import is_option, taken, together
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.target import Ownership, among, ours_in, ownership
from routebook.platforms.asa.config.tree import Node

_BINDING = re.compile(r"crypto map (?P<map>\S+) interface (?P<nameif>\S+)")
_ENTRY = re.compile(r"crypto map (?P<map>\S+) (?P<number>\d+)")
# What is one for the whole device and no claim of ours: blocks in which each has its own lines.
_SHARED = re.compile(r"router |interface (?!Tunnel)|crypto map interface ")


def claims(running: Config, sections: Sequence[Section], *, in_context: bool = False) -> Iterator[str]:
    """A sentence for each object of others that the sections would take over, and for what a context cannot have."""
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    written = objects(parse("\n".join(section.text.rstrip("\n") for section in sections)).commands)
    wanted = among(written, there, owns, Device.of(running))
    if in_context:
        yield from _single_mode_only(wanted)
    yield from _bindings(there, wanted, owns)
    yield from _other_as(there, wanted, owns)
    yield from _in_routers(there, wanted, owns)
    for key, nodes in wanted.items():
        if key[0] in PER_LINE or _SHARED.match(key[0]):
            continue
        if not owns.object(nodes) or key not in there or owns.running(key, there[key]):
            continue
        # What is there to the letter is not rewritten, whoever has made it.
        if meaning(nodes) != meaning(there[key]):
            yield _sentence(key, there)


def _single_mode_only(wanted: Objects) -> Iterator[str]:
    """Cisco's VPN guide of 9.17, "Guidelines for Virtual Tunnel Interfaces": supported in single mode only."""
    for key in wanted:
        if key[0].startswith("interface Tunnel"):
            yield (
                f"`{key[0]}` cannot be in a context: an ASA has tunnel interfaces in single mode only. Write "
                "`mode: policy` for the tunnel, which makes it an entry of a crypto map"
            )


def _bindings(there: Objects, wanted: Objects, owns: Ownership) -> Iterator[str]:
    for key, nodes in wanted.items():
        ours = _BINDING.fullmatch(nodes[0].line)
        bound = _BINDING.fullmatch(there[key][0].line) if ours and key in there else None
        if ours is None or bound is None or bound["map"] == ours["map"] or owns.running(key, there[key]):
            continue
        yield (
            f"`{bound.string}` is somebody else's, and an interface has one crypto map: binding {ours['map']} would "
            f"end every tunnel of {bound['map']}. Write `crypto_map: {bound['map']}` at the interface "
            f"{bound['nameif']} in the inventory, and our entries go into that map"
        )


def _other_as(there: Objects, wanted: Objects, owns: Ownership) -> Iterator[str]:
    """An ASA runs BGP in one AS, and removing the router would take every session of it."""
    ours = next((key[0] for key in wanted if key[0].startswith("router bgp ")), "")
    for key, nodes in there.items():
        if not ours or not key[0].startswith("router bgp ") or key[0] == ours:
            continue
        stays = together(nodes, (), ours_in(owns, key)) if owns.shares(key) else not owns.running(key, nodes)
        if stays:
            yield (
                f"`{key[0]}` is somebody else's, and an ASA runs BGP in one AS: `{ours}` would be refused. Write its "
                "AS as `asn:` in the host's data, or take it away by hand"
            )


def _in_routers(there: Objects, wanted: Objects, owns: Ownership) -> Iterator[str]:
    """What of a router that others use too is theirs, and would be changed."""
    for key, nodes in wanted.items():
        for name in taken(there.get(key, ()), nodes, ours_in(owns, key)) if owns.shares(key) else ():
            own = name.rpartition(" / ")[2]
            instead = "say in the inventory what is there" if is_option(name) else "leave it out of the inventory"
            yield (
                f"`{name}` in `{key[0]}` is somebody else's, and ours is another one: {instead}, or adopt it by name: "
                f"`adopt: [{own}]` in the host's data"
            )


def _sentence(key: Key, there: Objects) -> str:
    """Whose it is, and what to write."""
    name = _called(key, there[key])
    entry = _ENTRY.fullmatch(name)
    if entry is not None or name.startswith("interface Tunnel"):
        free = _free(name, there)
        instead = f"write another `number:` at the tunnel's end ({free} is free), or"
    elif name.startswith("tunnel-group "):
        instead = (
            "the peer's tunnel is configured by hand: take it away there (its key goes with it), end ours at another "
            "address, or"
        )
    else:
        instead = "rename it there, or"
    return f"`{name}` is somebody else's: {instead} adopt it by name: `adopt: [{name}]` in the host's data"


def _called(key: Key, nodes: Sequence[Node]) -> str:
    return redact(" ".join(key)) if len(key) > 1 else redact(nodes[0].line)


def _free(name: str, there: Objects) -> int:
    """The next number that nobody has."""
    number = name[len(name.rstrip("0123456789")) :]
    taken = {" ".join(key) for key in there}
    prefix = name.removesuffix(number)
    return next(each for each in range(int(number) + 1, 65536) if f"{prefix}{each}" not in taken)
