"""What a configuration means, so that two texts which mean the same compare equal.

FRR writes some things depending on others: `neighbor X activate` is shown only where it is not the default,
addresses are shortened, communities sorted. Differences are computed on the explicit form made here.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network

from msgspec import Struct

from routebook.device.naming import is_address
from routebook.platforms.frr.tree import Block, Tree, lines_of

_UNICAST = {"ipv4-unicast": "address-family ipv4 unicast", "ipv6-unicast": "address-family ipv6 unicast"}

# A context that FRR shows, or leaves out, when there is nothing in it.
_EMPTY_MEANS_NOTHING = re.compile(r"address-family .*|rpki|bfd|segment-routing")

_COMMUNITIES = re.compile(
    r"((?:set (?:large-)?community|bgp (?:large-)?community-list standard \S+ seq \d+ (?:permit|deny))) (.*)"
)

_MEMBERS = "bgp confederation peers "

_NO_COMMUNITIES = re.compile(r"(no neighbor \S+ send-community) all")

# `any` of a prefix list, which lib/filter_cli.c shows as it was written.
_ANY = re.compile(r"(?P<head>(?:no )?(?P<family>ip|ipv6) prefix-list \S+ seq \d+ (?:permit|deny)) any")
_EVERYTHING = {"ip": "0.0.0.0/0 le 32", "ipv6": "::/0 le 128"}

# Free text, secrets and regular expressions, in which nothing is an address.
_VERBATIM = re.compile(r"\b(description|remark|password|key-string|expanded|as-path access-list|shutdown message)\b")


class Peer(Struct, frozen=True):
    """How a neighbor or a peer-group of `router bgp` comes into being; it exists by these lines alone."""

    name: str
    is_group: bool = False
    group: str = ""
    remote_as: str = ""
    interface: str = ""  # the line of an unnumbered neighbor


def peers(lines: Iterable[str]) -> dict[str, Peer]:
    """The neighbors and peer-groups that the lines of a `router bgp` define, by name."""
    found: dict[str, Peer] = {}
    for line in lines:
        words = line.split()
        if len(words) < 3 or words[0] != "neighbor":
            continue
        name, option, value = words[1], words[2], words[3:]
        known = found.get(name, Peer(name))
        if option == "peer-group":
            known = (
                Peer(name, is_group=True, remote_as=known.remote_as)
                if not value
                else Peer(name, group=value[0], remote_as=known.remote_as, interface=known.interface)
            )
        elif option == "remote-as" and value:
            known = Peer(name, known.is_group, known.group, value[0], known.interface)
        elif option == "interface" and not is_address(name):
            known = Peer(name, group=_after(value, "peer-group"), remote_as=_after(value, "remote-as"), interface=line)
        else:
            continue
        found[name] = known
    return found


def default_families(lines: Iterable[str]) -> tuple[str, ...]:
    """The address-family contexts in which new neighbors are active by themselves."""
    lines = set(lines)
    active = [] if "no bgp default ipv4-unicast" in lines else [_UNICAST["ipv4-unicast"]]
    if "bgp default ipv6-unicast" in lines:
        active.append(_UNICAST["ipv6-unicast"])
    return tuple(active)


def explicit(tree: Tree) -> Tree:
    """The tree with what is implied written out, addresses canonical, and contexts without content left out."""
    return tuple(
        _explicit_router(block)
        if block.line.startswith("router bgp ")
        else Block(without_any(block.line), block.children)
        for block in canonical(tree)
    )


def canonical(tree: Tree) -> Tree:
    """The tree with canonical addresses, one setting a line, and without contexts that mean nothing without content."""
    blocks = [Block(line, canonical(block.children)) for block in tree for line in _apart(canonical_line(block.line))]
    return tuple(block for block in blocks if block.children or not _EMPTY_MEANS_NOTHING.fullmatch(block.line))


def _apart(line: str) -> Iterator[str]:
    """The line, or one for each kind of communities where FRR says in one that none is sent."""
    if found := _NO_COMMUNITIES.fullmatch(line):
        yield from (f"{found[1]}{kind}" for kind in ("", " extended", " large"))
    else:
        yield line


def without_any(line: str) -> str:
    """An entry of a prefix list with the prefix in the place of `any`: FRR shows either as it was written."""
    found = _ANY.fullmatch(line)
    return f"{found['head']} {_EVERYTHING[found['family']]}" if found else line


def same(left: Tree, right: Tree) -> bool:
    """Whether two configurations mean the same."""
    return lines_of(explicit(left)) == lines_of(explicit(right))


def fingerprint(tree: Tree) -> str:
    """A hash that changes exactly when the meaning does, whatever the order in which FRR shows it."""
    lines = sorted("\x1f".join((*path, line)) for path, line in lines_of(explicit(tree)))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@lru_cache(maxsize=1 << 16)
def canonical_line(line: str) -> str:
    """The line as FRR would show it, as far as addresses, prefixes and sets of communities go."""
    if found := _COMMUNITIES.fullmatch(line):
        head, values = found.groups()
        words = values.split()
        additive = ["additive"] if words[-1:] == ["additive"] else []
        return " ".join([head, *sorted(set(words[: len(words) - len(additive)])), *additive])
    if _VERBATIM.search(line):
        return line
    if line.startswith(_MEMBERS):  # shown in the order in which they were added
        return _MEMBERS + " ".join(sorted(line.removeprefix(_MEMBERS).split(), key=lambda asn: (len(asn), asn)))
    keep_host_bits = line.startswith(("ip address ", "ipv6 address "))
    return " ".join(_canonical_word(word, keep_host_bits=keep_host_bits) for word in line.split(" "))


def _canonical_word(word: str, *, keep_host_bits: bool) -> str:
    if not ("." in word or ":" in word):
        return word
    try:
        if "/" not in word:
            return str(ip_address(word))
        if keep_host_bits:
            return word.lower()
        return str(ip_network(word, strict=False))
    except ValueError:
        return word


def _explicit_router(router: Block) -> Block:
    own = [child.line for child in router.children if not child.children]
    active = default_families(own)
    independent = [peer.name for peer in peers(own).values() if not peer.group]
    families = {child.line: child for child in router.children if child.line.startswith("address-family ")}
    for line in active:
        families.setdefault(line, Block(line))
    explicit_families = {
        line: Block(line, _explicit_family(family.children, independent, active=line in active))
        for line, family in families.items()
    }
    children = [child for child in router.children if child.line not in families]
    children += [family for family in explicit_families.values() if family.children]
    return Block(router.line, tuple(children))


def _explicit_family(lines: Tree, independent: list[str], *, active: bool) -> Tree:
    present = {block.line for block in lines}
    blocks = []
    for block in lines:
        words = block.line.split()
        if words[:1] == ["no"] and words[3:] == ["activate"] and words[2] in independent:
            continue
        blocks.append(block)
    if active:
        for name in independent:
            on, off = f"neighbor {name} activate", f"no neighbor {name} activate"
            if on not in present and off not in present:
                blocks.append(Block(on))
    return tuple(blocks)


def _after(words: list[str], keyword: str) -> str:
    """The word that follows a keyword, or nothing."""
    return words[words.index(keyword) + 1] if keyword in words[:-1] else ""
