"""Reads ipsec.conf and ipsec.secrets, the files of strongSwan's older starter (ipsec.conf(5), ipsec.secrets(5))."""

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from routebook.importing.found import BadInputError, SourceFile
from routebook.intent.problem import Mark

CONFIGURATION, SECRETS = "ipsec.conf", "ipsec.secrets"
_SECTION = re.compile(r"(?P<kind>conn|config|ca)\s+(?P<name>\S+)\s*")
_OPTION = re.compile(r"\s+(?P<key>[A-Za-z0-9_-]+)\s*=\s*(?P<value>.*)")
_INCLUDE = re.compile(r"include\s+(?P<pattern>\S+)\s*")
_SECRET = re.compile(r"(?P<owners>(?:\S+\s+)*):\s*(?P<kind>[A-Za-z0-9]+)\s+(?P<value>.*)")
_DEEPEST = 16  # files that include each other


class Conn(Struct):
    """A `conn` section as it is written, or as it stands with what it takes from others."""

    name: str
    mark: Mark
    options: dict[str, str] = field(default_factory=dict)
    also: list[str] = field(default_factory=list)


class Secret(Struct, frozen=True):
    """A line of ipsec.secrets: whose it is, of which kind, and what it says."""

    owners: tuple[str, ...]
    kind: str
    value: str
    mark: Mark


def is_of_starter(name: str) -> bool:
    """Whether a file is one of the starter's, by its name."""
    return posixpath.basename(name) in (CONFIGURATION, SECRETS) or "/ipsec.d/" in name


def read_conns(files: Sequence[SourceFile]) -> list[Conn]:
    """The connections that the starter would load, each with its defaults. Raises BadInputError."""
    found: dict[str, Conn] = {}
    current: Conn | None = None
    for mark, line in _lines(_main(files, CONFIGURATION), files, 0):
        if not line[0].isspace():
            section = _SECTION.fullmatch(line)
            if section is None:
                raise BadInputError(mark, f"is neither a section nor an option: {line.split()[0]!r}", "correct it")
            current = None
            if section["kind"] == "conn":
                current = found.setdefault(section["name"], Conn(section["name"], mark))
            continue
        option = _OPTION.fullmatch(line)
        if option is None:
            raise BadInputError(mark, "is no option, KEY=VALUE", "correct it")
        if current is None:
            continue
        if option["key"] == "also":
            current.also.append(option["value"])
        else:
            current.options[option["key"]] = option["value"].strip("\"'")
    default = found.pop("%default", None)
    whole = [
        Conn(conn.name, conn.mark, {**(default.options if default else {}), **_with(conn, found, ())})
        for conn in found.values()
    ]
    return [conn for conn in whole if conn.options.get("auto", "ignore") != "ignore"]


def _with(conn: Conn, conns: Mapping[str, Conn], seen: tuple[str, ...]) -> dict[str, str]:
    """Its options and those of what it names by `also`; its own win."""
    options: dict[str, str] = {}
    for name in conn.also:
        if name in seen or name not in conns:
            raise BadInputError(conn.mark, f"conn {conn.name}: also={name} is no other connection", "correct it")
        options |= _with(conns[name], conns, (*seen, conn.name))
    options.pop("auto", None)  # which starter takes from no other
    return options | conn.options


def read_secrets(files: Sequence[SourceFile]) -> list[Secret]:
    """The lines of ipsec.secrets. Raises BadInputError, without a secret in it."""
    main = next((file for file in files if posixpath.basename(file.name) == SECRETS), None)
    found = []
    for mark, line in _lines(main, files, 0) if main is not None else ():
        match = _SECRET.fullmatch(line.strip())
        if match is None:
            raise BadInputError(mark, "is no line of ipsec.secrets", "write OWNERS : PSK SECRET")
        found.append(Secret(tuple(match["owners"].split()), match["kind"].upper(), _value(match["value"]), mark))
    return found


def _value(text: str) -> str:
    """A secret as it is: in quotes, or up to the next blank."""
    for quote in "\"'":
        if text.startswith(quote) and quote in text[1:]:
            return text[1:].partition(quote)[0]
    return text.split()[0] if text.split() else ""


def _main(files: Sequence[SourceFile], name: str) -> SourceFile:
    mains = [file for file in files if posixpath.basename(file.name) == name]
    if len(mains) != 1:
        what = f"is a second {name}" if mains else f"has no {name} beside it"
        raise BadInputError(Mark((mains or list(files))[-1].name, 1), what, "give a folder one host's /etc")
    return mains[0]


def _lines(file: SourceFile, files: Sequence[SourceFile], depth: int) -> Iterator[tuple[Mark, str]]:
    """The lines that say something, those of included files in their place."""
    for number, text in enumerate(file.text.split("\n"), 1):
        mark, line = Mark(file.name, number), _without_comment(text)
        include = _INCLUDE.fullmatch(line)
        if include is not None:
            if depth == _DEEPEST:
                raise BadInputError(mark, f"includes files more than {_DEEPEST} deep", "take the include away")
            for other in _included(include["pattern"], file, files):
                yield from _lines(other, files, depth + 1)
        elif line.strip():
            yield mark, line


def _included(pattern: str, file: SourceFile, files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files of an include, which an operator may have copied to below any folder."""
    root = posixpath.dirname(file.name)
    wanted = pattern.removeprefix("/etc/") if pattern.startswith("/") else pattern
    matching = [each for each in files if fnmatch.fnmatchcase(each.name, posixpath.join(root, wanted))]
    return sorted(matching, key=lambda each: each.name)


def _without_comment(text: str) -> str:
    """A line up to a # that is in no quotes."""
    if text.lstrip().startswith("#"):
        return ""
    quoted = ""
    for index, letter in enumerate(text):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        elif letter == "#" and (index == 0 or text[index - 1].isspace()):
            return text[:index].rstrip()
    return text.rstrip()
