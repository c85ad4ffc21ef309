"""Reads an ASA's configuration into the inventory's words, and says what a first plan would do to it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_interface

from routebook.device.candidate import Section
from routebook.importing.found import BadInputError, Compared, FoundHost, Importer, ReadLine, SourceFile
from routebook.intent.model import IPInterface
from routebook.intent.problem import Mark
from routebook.platforms.asa.config import Config, Node, difference, parse, redact
from routebook.platforms.asa.config.objects import key_of
from routebook.platforms.asa.config.redaction import masked, without_masks
from routebook.platforms.asa.config.shared_router import ROUTER
from routebook.platforms.asa.imported_policy import Policies, is_policy
from routebook.platforms.asa.imported_router import STANDS_FOR_MASKED, Router
from routebook.platforms.asa.unlike import unlike
from routebook.platforms.asa.whose import whose

PART = "asa"
_BEGINS = re.compile(r"(?m)^(: Saved$|: Serial Number:|(?:ASA|PIX) Version \d|: Hardware: +ASA)")
_INSIDE = re.compile(r"(?m)^interface \S+\n(?: .*\n)*? (?:no )?nameif\b")
_OTHER = re.compile(r"(?m)^(?P<product>NGFW|FWSM|PIX) Version (?P<release>\S+)")
_FIRST = 65536  # characters in which a configuration says what it is


def recognises(path: str, text: str) -> bool:
    """Whether a text is what `show running-config` or `more system:running-config` prints, or a part of it."""
    del path
    return bool(_BEGINS.search(text[:4096]) or _OTHER.search(text[:4096]) or _INSIDE.search(text[:_FIRST]))


def read(host: str, files: Sequence[SourceFile]) -> FoundHost:
    """What the file of a host says. Raises BadInputError."""
    file, *others = files
    if others:
        raise BadInputError(
            Mark(others[0].name, 1), f"is a second configuration of {host}, beside {file.name}", "give one of them"
        )
    _refuse_unfit(file)
    config = parse(file.text)
    found = FoundHost(
        host, PART, (SourceFile("running configuration", PART, without_masks(file.text, STANDS_FOR_MASKED)),)
    )
    found.unsaid = frozenset({"connect_retry"})
    if (place := masked(config)) is not None:
        found.masked = BadInputError(
            Mark(file.name, _number_of(file.text, place)),
            "a secret is masked",
            "read it where it is in clear: `more system:running-config` on the ASA; or leave secrets out: "
            "--without-secrets",
        )
    named = _interfaces(config, found)
    policies = Policies(plain=any(node.line == "bgp-community new-format" for node in config.commands))
    routers: dict[str, Router] = {}
    found.lines = list(_lines(file, config, found, named, policies, routers))
    for router in routers.values():
        router.finish()
    for each in policies.finish():
        found.names[each.key] = (each.key,)
        other = found.policies.setdefault((each.kind, each.name), each)
        if other is not each:
            for one in (each, other):
                found.bad.setdefault(one.key, f"{one.mark}: two lists of {host} are called {one.name}")
    return found


def _refuse_unfit(file: SourceFile) -> None:
    """Refuse a file of another product, and one that ends before it is over."""
    first, last = file.text[:4096], len(file.text.rstrip("\n").split("\n"))
    if (other := _OTHER.search(first)) is not None:
        raise BadInputError(
            Mark(file.name, 1 + first.count("\n", 0, other.start())),
            f"is of a {other['product']}, and not of an ASA",
            "leave this host out",
        )
    printed = _BEGINS.search(first)
    if printed is not None and not re.search(r"(?m)^(Cryptochecksum:|: end\b)", file.text[-4096:]):
        raise BadInputError(
            Mark(file.name, last),
            f"begins with `{printed[0]}` as the whole does, and has no `: end`: half of the file is missing",
            "copy it once more, with `terminal pager 0`",
        )


def _number_of(text: str, line: str) -> int:
    return next((number for number, each in enumerate(text.split("\n"), 1) if each.strip() == line.strip()), 1)


def _interfaces(config: Config, host: FoundHost) -> dict[str, list[IPInterface]]:
    """Give the host its interfaces, called by their `nameif`; the addresses of each."""
    named: dict[str, list[IPInterface]] = {}
    for node in config.commands:
        if not node.line.startswith("interface "):
            continue
        lines = [child.line.split() for child in node.commands]
        nameif = next((words[1] for words in lines if words[0] == "nameif" and len(words) > 1), "")
        addresses = [address for words in lines for address in _address(words)]
        if not nameif or not addresses:
            continue
        named[nameif] = addresses
        name = nameif
        if node.line.startswith("interface Loopback"):
            name = node.line.split()[1].lower()
            host.interface_keys[name] = {"nameif": nameif}
        host.interfaces[name] = list(addresses)
    return named


def _address(words: Sequence[str]) -> Iterator[IPInterface]:
    try:
        if words[:2] == ["ip", "address"] and len(words) > 3:
            yield ip_interface(f"{words[2]}/{words[3]}")
        elif words[:2] == ["ipv6", "address"] and len(words) > 2 and "/" in words[2]:
            yield ip_interface(words[2])
    except ValueError:
        return


def _walk(nodes: Sequence[Node], path: tuple[str, ...]) -> Iterator[tuple[str, Node, tuple[str, ...]]]:
    """Each line of text with the command that it is of and the lines around that."""
    for node in nodes:
        for text in (node.raw + node.payload).removesuffix("\n").split("\n"):
            yield text, node, path
        yield from _walk(node.children, (*path, node.line))


def _lines(
    file: SourceFile,
    config: Config,
    host: FoundHost,
    named: Mapping[str, list[IPInterface]],
    policies: Policies,
    routers: dict[str, Router],
) -> Iterator[ReadLine]:
    before: Node | None = None
    owner, why = "", ""
    for number, (text, node, path) in enumerate(_walk(config.nodes, ()), 1):
        mark = Mark(file.name, number)
        outer = path[0] if path else ""
        if node is not before:
            owner, why = _owner(node, path, mark, host, named, policies, routers) if node.line else ("", "")
            if owner and why:
                host.bad.setdefault(owner, f"{mark}: `{redact(node.line)}`: {why}")
            if owner:
                host.marks.setdefault(owner, mark)
        its = whose(node.line, outer)
        shown = redact(text) if node is not before else ""
        yield ReadLine(
            file.name, number, shown, owner, its, why, wrong=not owner and not its, line=node.line, path=path
        )
        before = node


def _owner(
    node: Node,
    path: tuple[str, ...],
    mark: Mark,
    host: FoundHost,
    named: Mapping[str, list[IPInterface]],
    policies: Policies,
    routers: dict[str, Router],
) -> tuple[str, str]:
    """The object that a line is of, and why it has no place in the inventory."""
    outer = path[0] if path else node.line
    if outer.startswith(ROUTER):
        number = outer.removeprefix(ROUTER)
        if not number.isdigit():
            return outer, "an AS number with a dot, or none"
        if not path:
            if host.asn not in (None, int(number)):
                raise BadInputError(mark, f"`{outer}` is a second one beside AS {host.asn}", "give one speaker a host")
            host.asn = int(number)
            host.options.append(outer)
        router = routers.setdefault(outer, Router(host, outer, named))
        if not path:
            return outer, ""
        return router.take(node.line, path[1] if len(path) > 1 else "", mark)
    key = key_of(node if not path else Node(outer, ""))
    return (
        (" ".join(key), policies.take(" ".join(key), node, path[0] if path else "", mark))
        if is_policy(key)
        else ("", "")
    )


def compare(sections: Sequence[Section], parts: Mapping[str, str]) -> Compared:
    """What the driver would do to an ASA with this configuration, in memory, and what it would write otherwise."""
    from routebook.platforms.asa.claims import claims

    running = parse(parts.get(PART, ""))
    found = dict(unlike(running, sections))
    if found:
        return Compared("", unlike=found)
    if claimed := list(claims(running, sections)):
        return Compared("; ".join(claimed))
    return Compared(difference(running, sections, record=True).diff)


IMPORTER = Importer(what="a configuration of an ASA", recognises=recognises, read=read, compare=compare)
