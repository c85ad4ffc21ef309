"""Reads swanctl's files into the inventory's words, and says what a first plan would do to them."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from routebook.device.candidate import Section as Rendered
from routebook.device.errors import DriverError
from routebook.device.values import Snapshot
from routebook.importing.found import BadInputError, Compared, FoundHost, Importer, ReadLine, SourceFile
from routebook.intent.problem import Mark
from routebook.platforms.strongswan.converting import convert
from routebook.platforms.strongswan.imported_tunnel import known_by, tunnel_of
from routebook.platforms.strongswan.meaning import keys, meaning
from routebook.platforms.strongswan.redaction import redact
from routebook.platforms.strongswan.settings import Block, Include, Setting, SettingsError, parse
from routebook.platforms.strongswan.starter import is_of_starter
from routebook.platforms.strongswan.tree import FOLDER, MAIN, Tree, build

_MASKED = re.compile(r"\*{3,}|<(secret|redacted|removed)\b.*>", re.IGNORECASE)
_ATTRIBUTES = "0600 root root"
_WHOSE = {
    "pools": "pools of addresses",
    "authorities": "certificate authorities",
    "secrets": "keys of nothing modelled",
}


def recognises(path: str, text: str) -> bool:
    """Whether a file is one of swanctl's, by its name or how it begins; or one of the starter that it replaced."""
    name = posixpath.basename(path)
    inside = "/swanctl/" in path or "/conf.d/" in path
    return name in ("swanctl.conf", "ipsec.conf", "ipsec.secrets") or (
        (inside or re.search(r"(?m)^(connections|secrets)\s*\{", text) is not None) and name.endswith(".conf")
    )


def read(host: str, files: Sequence[SourceFile]) -> FoundHost:
    """What the files of a host say. Raises BadInputError."""
    placed = _placed(files)
    try:
        tree = build({path: file.text for path, file in placed.items()})
        blocks = {path: parse(file.text, path) for path, file in placed.items()}
    except SettingsError as error:
        raise _bad(error, placed) from error
    parts = tuple(SourceFile(file.name, path, file.text) for path, file in placed.items())
    found = FoundHost(host, "strongswan", parts)
    lines_of: dict[str, list[tuple[int, int, str]]] = {}
    for path, block in blocks.items():
        lines_of[path] = list(_parts(block, placed[path].text.count("\n") + 1))
    for name, connection in tree.connections.items():
        path = tree.origins[name][0]
        mark = Mark(placed[path].name, next(b for b, _, key in lines_of[path] if key == f"connection {name}"))
        key = f"connection {name}"
        found.marks[key] = mark
        tunnel = tunnel_of(key, mark, name, connection, keys(connection, tree))
        if isinstance(tunnel, str):
            found.bad[key] = f"{mark}: connection {name}: {tunnel}"
            found.other_ends |= known_by(connection)
        else:
            found.tunnels.append(tunnel)
            if _MASKED.fullmatch(tunnel.psk):
                found.masked = BadInputError(
                    mark, f"the key of connection {name} is masked", "read the file as root on the host"
                )
        found.names[key] = tuple(dict.fromkeys([*tree.origins[name], *_files_of_keys(name, tree, blocks)]))
    _bind(found, tree, blocks)
    for path, file in placed.items():
        found.lines += _classified(path, file, lines_of[path], tree, found)
    return found


def _placed(files: Sequence[SourceFile]) -> dict[str, SourceFile]:
    """The files by where they are on the host."""
    for file in files:
        if is_of_starter(file.name):
            raise BadInputError(
                Mark(file.name, 1),
                "is of strongSwan's older starter, which Routebook does not configure",
                "leave it out, or let `routebook import --convert` write it as swanctl.conf for the host to load first",
            )
    mains = [file for file in files if posixpath.basename(file.name) == "swanctl.conf"]
    if len(mains) != 1:
        said = "is a second swanctl.conf" if mains else "has no swanctl.conf beside it, which says what is included"
        raise BadInputError(Mark((mains or list(files))[-1].name, 1), said, "give a folder one host's /etc/swanctl")
    root = posixpath.dirname(mains[0].name)
    return {posixpath.normpath(f"{FOLDER}/{posixpath.relpath(file.name, root or '.')}"): file for file in files}


def _bad(error: SettingsError, placed: Mapping[str, SourceFile]) -> BadInputError:
    found = re.match(r"(?P<path>/[^:]+):(?:(?P<line>\d+):)? (?P<what>.*)", redact(str(error)))
    if found is None or found["path"] not in placed:
        return BadInputError(Mark(next(iter(placed)), 1), redact(str(error)))
    mark = Mark(placed[found["path"]].name, int(found["line"] or 1))
    return BadInputError(mark, found["what"], "copy the whole of /etc/swanctl once more")


def _parts(block: Block, end: int) -> Iterator[tuple[int, int, str]]:
    """The first and last lines of each connection, each key and whatever else is at the top."""
    for item, last in _extents(block, end):
        if isinstance(item, Block) and item.name in ("connections", "secrets"):
            kind = item.name.removesuffix("s")
            yield item.line, item.line, item.name
            for inner, inner_last in _extents(item, last):
                name = inner.name if isinstance(inner, Block) else "include"
                yield inner.line, inner_last, f"{kind} {name}" if isinstance(inner, Block) else name
        elif isinstance(item, Include):
            yield item.line, last, "include"
        else:
            yield item.line, last, item.name if isinstance(item, Block) else item.key


def _extents(block: Block, end: int) -> Iterator[tuple[Setting | Include | Block, int]]:
    lines = [item.line for item in block.items]
    for item, after in zip(block.items, [*lines[1:], end + 1], strict=False):
        yield item, max(after - 1, item.line)


def _files_of_keys(name: str, tree: Tree, blocks: Mapping[str, Block]) -> list[str]:
    """The files with the keys that a connection takes."""
    wanted = keys(tree.connections[name], tree)
    return [
        path
        for path, block in blocks.items()
        for secret in _sections(block, "secrets")
        if keys(tree.connections[name], _only(tree, secret.name)) & wanted
    ]


def _only(tree: Tree, secret: str) -> Tree:
    one = {key: value for key, value in tree.secrets.items() if key == secret}
    return Tree({**tree.root, "secrets": one})


def _sections(block: Block, name: str) -> list[Block]:
    return [
        inner
        for item in block.items
        if isinstance(item, Block) and item.name == name
        for inner in item.items
        if isinstance(inner, Block)
    ]


def _bind(host: FoundHost, tree: Tree, blocks: Mapping[str, Block]) -> None:
    """A file is taken over as a whole: what else is in it keeps its tunnels from being modelled."""
    for path, block in blocks.items():
        inside = frozenset(key for key, names in host.names.items() if path in names)
        if not inside:
            continue
        host.together.append(inside)
        other = _other(path, block, tree)
        if other and path in tree.reached:
            for key in inside:
                host.bad.setdefault(
                    key, f"its file {path} has {other} as well, and is taken over as a whole or not at all"
                )


def _other(path: str, block: Block, tree: Tree) -> str:
    for item in block.items:
        if isinstance(item, Include):
            if path != MAIN:
                return f"an include ({item.pattern})"
        elif not isinstance(item, Block) or item.name not in ("connections", "secrets"):
            return _WHOSE.get(item.name, item.name) if isinstance(item, Block) else item.key
        elif any(isinstance(inner, Include) for inner in item.items):
            return "an include in a section"
    for secret in _sections(block, "secrets"):
        one = _only(tree, secret.name)
        if not any(keys(each, one) & keys(each, tree) for each in tree.connections.values()):
            return f"a key that no connection takes ({secret.name})"
    return ""


def _classified(
    path: str, file: SourceFile, parts: list[tuple[int, int, str]], tree: Tree, host: FoundHost
) -> Iterator[ReadLine]:
    owners: dict[int, str] = {}
    for first, last, key in parts:
        owners |= dict.fromkeys(range(first, last + 1), key)
    users = {
        f"secret {secret}": name
        for secret in tree.secrets
        for name, each in tree.connections.items()
        if keys(each, _only(tree, secret)) & keys(each, tree)
    }
    kept = set(_kept_lines(parse(file.text, path), host))
    for number, text in enumerate(redact(file.text).split("\n")[: len(file.text.splitlines())], 1):
        key = owners.get(number, "")
        owner = f"connection {users[key]}" if key in users else key if key.startswith("connection ") else ""
        empty = not text.strip() or text.strip().startswith("#")
        if key in ("connections", "secrets") and not empty:
            mine = [each for each in host.names if path in host.names[each]]
            owner = mine[0] if mine else ""
        whose = (
            "comments and blank lines"
            if empty
            else "connections"
            if owner
            else _WHOSE.get(key.split()[0] if key else "", "")
        )
        if path not in tree.reached and not empty:
            owner, whose = "", "a file that swanctl.conf does not include"
        yield ReadLine(
            file.name, number, text, "" if empty else owner, whose or "other settings of strongSwan",
            kept=number in kept and not empty,
        )  # fmt: skip


def _kept_lines(block: Block, host: FoundHost) -> Iterator[int]:
    """The lines of a file that are kept as they stand."""
    extra = {tunnel.name: tunnel.own.get("extra", {}) for tunnel in host.tunnels}
    for sections, setting in block.settings():
        if sections[:1] != ("connections",) or len(sections) < 2:
            continue
        place = {2: "lines", 4: "child"}.get(len(sections), "")
        if any(line.startswith(f"{setting.key} = ") for line in extra.get(sections[1], {}).get(place, ())):
            yield setting.line


def compare(sections: Sequence[Rendered], parts: Mapping[str, str]) -> Compared:
    """What the driver would do to a host with these files, in memory, and what it would write otherwise."""
    from routebook.platforms.strongswan.component import SwanctlComponent
    from routebook.transport.deaf import DeafShell

    own = [section for section in sections if section.part.startswith(f"{FOLDER}/")]
    files = {path: text for path, text in parts.items() if path.startswith(f"{FOLDER}/")}
    try:
        change = SwanctlComponent(DeafShell()).plan(own, Snapshot(files, dict.fromkeys(files, _ATTRIBUTES)))
    except DriverError as error:
        return Compared(redact(str(error)), refused=True)
    if not change.change:
        return Compared(warnings=change.change.warnings)
    return Compared(change.change.diff, unlike=_unlike(own, files), warnings=change.change.warnings)


def _unlike(sections: Sequence[Rendered], files: Mapping[str, str]) -> dict[str, str]:
    before = build(files)
    texts = {section.part: section.text for section in sections}
    after = build({MAIN: "include conf.d/*.conf\n", **texts})
    found = {}
    for name, rendered in after.connections.items():
        there = before.connections.get(name)
        if there is None:
            continue
        old, new = (dict(_flat(meaning(each))) for each in (there, rendered))
        wrong = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
        if keys(there, before) != keys(rendered, after):
            wrong.append("its key")
        if wrong:
            said = f"{wrong[0]} is {old.get(wrong[0], 'not there')}, and Routebook writes {new.get(wrong[0], 'none')}"
            found[f"connection {name}"] = said
    return found or {f"connection {name}": "Routebook would write its file otherwise" for name in after.connections}


def _flat(section: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(value)


IMPORTER = Importer(
    what="a configuration of strongSwan", recognises=recognises, read=read, compare=compare, convert=convert
)
