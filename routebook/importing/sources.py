"""The files that an operator has of each host: found below a folder, and given to the platform that knows them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from routebook.importing.found import BadInputError, Converted, FoundHost, Importer, SourceFile
from routebook.intent.problem import Mark

MAX_BYTES = 16 * 1024 * 1024
_MAX_FILES = 2000
_ADDRESSES = "ip-address.txt"
_ADDRESS_LINE = re.compile(r"\d+:\s+(?P<interface>[^\s@]+)(?:@\S+)?\s+inet6?\s+(?P<address>\S+)(?P<rest>.*)")
# What no configuration has and what would make other lines of it than an editor shows.
_STRANGE = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


def read_host(name: str, path: Path, importers: Mapping[str, Importer], *, masked: bool = False) -> FoundHost:
    """What the files of a host say, of a folder or one file; with `masked`, secrets may be. Raises BadInputError."""
    texts = dict(_texts(path, name))
    if not texts:
        raise BadInputError(Mark(str(path), 1), "has no file in it", f"put the configuration of {name} there")
    return read_texts(name, texts, importers, masked=masked)


def read_live(
    name: str, login: str, importers: Mapping[str, Importer], options: Mapping[str, Any], *, masked: bool = False
) -> FoundHost:
    """What a host that runs says, `login` being USER@ADDRESS. Raises BadInputError, and DriverError."""
    username, _, address = login.rpartition("@")
    fetch = next(importer.fetch for importer in importers.values() if importer.fetch is not None)
    texts = {f"{name}/{file}": text for file, text in fetch(address, username, options).items()}
    found = read_texts(name, texts, importers, masked=masked)
    found.hostname, found.username = address, username
    return found


def convert_host(name: str, path: Path, importers: Mapping[str, Importer]) -> Converted:
    """What a host's files say in the form that is taken over. Raises BadInputError."""
    files = [SourceFile(shown, shown, text) for shown, text in _texts(path, name)]
    made = [found for each in importers.values() if each.convert and (found := each.convert(files)) is not None]
    if not made:
        raise BadInputError(Mark(str(path), 1), "has no file of an older form", "import it without --convert")
    return made[0]


def is_login(where: str) -> bool:
    """Whether a host is read from itself: USER@ADDRESS, of which there is no file."""
    return "@" in where and "/" not in where and not Path(where).exists()


def read_texts(
    name: str, texts: Mapping[str, str], importers: Mapping[str, Importer], *, masked: bool = False
) -> FoundHost:
    """What the files of a host say, by what people call them. Raises BadInputError."""
    taken: dict[str, list[tuple[str, str]]] = {}
    for shown, text in texts.items():
        for platform, importer in importers.items():
            if importer.recognises(shown, text):
                if importer.read is None:
                    raise BadInputError(
                        Mark(shown, 1), f"is {importer.what}, which is not imported", "leave this host out for now"
                    )
                taken.setdefault(platform, []).append((shown, text))
                break
    if not taken:
        raise BadInputError(
            Mark(next(iter(texts)), 1), "is of no kind that is imported", "docs/moving-in.md says which files are read"
        )
    platform = next(
        (each for each, importer in importers.items() if set(importer.parts) == taken.keys()), next(iter(taken))
    )
    files = [SourceFile(shown, shown, text) for each in taken.values() for shown, text in each]
    if len(taken) > 1 and not importers[platform].parts:
        one, other = (importers[each].what for each in list(taken)[:2])
        raise BadInputError(Mark(files[-1].name, 1), f"is {other}, beside {one}", "give a folder the files of one host")
    read = importers[platform].read
    assert read is not None  # noqa: S101  others were refused
    found = read(name, files)
    if not masked and found.masked is not None:
        raise found.masked
    found.platform = platform
    for shown, text in texts.items():
        if shown.endswith(_ADDRESSES):
            _take_addresses(shown, text, found)
    return found


def as_files(name: str, parts: Mapping[str, str], importers: Mapping[str, Importer]) -> dict[str, str]:
    """The parts of a device's snapshot as files that are imported: what runs, and files of what has no running one."""
    found: dict[str, str] = {}
    running: set[str] = set()
    for part, text in sorted(parts.items(), key=lambda each: each[0].startswith("/")):
        shown = f"{name}{part}" if part.startswith("/") else f"{name}/{part}.conf"
        kind = next((each for each, importer in importers.items() if importer.recognises(shown, text)), "")
        if not part.startswith("/"):
            running.add(kind)
        if kind and (not part.startswith("/") or kind not in running):
            found[shown] = text
    return found


def _texts(path: Path, host: str) -> Iterator[tuple[str, str]]:
    """The text files of a host, by what people call them."""
    if path.is_file():
        yield f"{path}", _text(path, str(path))
        return
    if not path.is_dir():
        raise BadInputError(Mark(str(path), 1), "is no file and no folder", f"name the folder with the files of {host}")
    files = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
    if len(files) > _MAX_FILES:
        raise BadInputError(Mark(str(path), 1), f"has more than {_MAX_FILES} files", "name a folder of one host's")
    for each in files:
        if each.suffix in (".conf", ".txt", ".cfg", ".xml", ".secrets"):
            yield str(each), _text(each, str(each))


def _text(path: Path, shown: str) -> str:
    """A file's text, with one kind of line ends."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(Mark(shown, 1), f"has more than {MAX_BYTES // 1024**2} MiB", "give a configuration")
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError(Mark(shown, 1), f"cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(Mark(shown, line), "is not UTF-8 text", "save the file as UTF-8") from error
    if strange := _STRANGE.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        raise BadInputError(Mark(shown, line), f"has the character {strange[0]!r} in it, as no configuration has")
    return text


def _take_addresses(shown: str, text: str, host: FoundHost) -> None:
    """What `ip -o address show` says of a host's interfaces, which wins over what routing daemons are told."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _ADDRESS_LINE.match(line.strip()):
            if " peer " not in match["rest"] and "/" in match["address"]:
                found.setdefault(match["interface"], []).append(match["address"])
        elif line.strip():
            raise BadInputError(Mark(shown, number), "is no line of `ip -o address show`", "give what that prints")
    host.interfaces = {name: [ip_interface(each) for each in addresses] for name, addresses in found.items()}
    if "lo" in host.interfaces:
        host.interfaces["lo"] = [each for each in host.interfaces["lo"] if not each.ip.is_loopback]


def split(arguments: Sequence[str]) -> dict[str, str]:
    """The hosts of a command line, `HOST=WHERE` each. Raises ValueError."""
    found: dict[str, str] = {}
    for argument in arguments:
        name, equals, where = argument.partition("=")
        if not equals or not name or not where:
            raise ValueError(f"{argument!r} is not HOST=PATH")
        if name in found:
            raise ValueError(f"the host {name} is named twice")
        found[name] = where
    return found
