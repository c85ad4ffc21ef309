"""One text for a host's whole configuration, to be loaded as a replacement or merged, and to be shown.

A line that begins with `#@ ` starts a part:

    #@ routing
    router bgp 65550
    …
    #@ owns /etc/tunnels/*
    #@ file /etc/tunnels/own.conf mode 0600
    connections { … }

`#@ owns PATTERN` says that the files which match and are not in the text go away when it replaces the
configuration; without it, files that are not named stay. `#@ absent PATH` removes one file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.device.values import Snapshot

MARK = "#@ "
_FILE = re.compile(r"file (?P<path>/\S+)(?: mode (?P<mode>0?[0-7]{3}))?")


@dataclass(slots=True)
class Part:
    """One part's text, with the line on which it starts."""

    name: str  # a word of the platform, or a file's path
    mode: int = 0o600
    lines: list[str] = field(default_factory=list, repr=False)

    @property
    def text(self) -> str:
        """The text, ending in a newline unless it is empty."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(slots=True)
class Bundle:
    """What a text brings: parts, and the patterns of files that it owns."""

    parts: list[Part] = field(default_factory=list)
    owns: list[str] = field(default_factory=list)

    def sections(self, *, replace: bool) -> tuple[Section, ...]:
        """As sections of a candidate: a part is owned as a whole if it replaces."""
        found = [
            Section(
                name=part.name,
                part=part.name,
                text=part.text,
                owns=(part.name if part.name.startswith("/") else "*",) if replace else (),
                mode=part.mode,
            )
            for part in self.parts
        ]
        if replace:
            found += [Section(name=pattern, part=pattern, text="", owns=(pattern,)) for pattern in self.owns]
        return tuple(found)


def read(text: str, default: str | None) -> Bundle:
    """Read a bundle; text without any header is the part `default`. Raises CandidateError."""
    bundle = Bundle()
    part: Part | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(MARK):
            part = _header(line.removeprefix(MARK).strip(), number, bundle)
        elif part is not None:
            part.lines.append(line)
        elif default is not None:
            part = Part(default, lines=[line])
            bundle.parts.append(part)
        elif line.strip() and not line.lstrip().startswith(("#", "!")):
            raise CandidateError(
                f"line {number}: this host has several parts, so a text begins with `{MARK}PART` or `{MARK}file PATH`",
                line=line,
            )
    names = [part.name for part in bundle.parts]
    for name in names:
        if names.count(name) > 1:
            raise CandidateError(f"part {name} is there twice")
    return bundle


def _header(words: str, number: int, bundle: Bundle) -> Part | None:
    kind, _, rest = words.partition(" ")
    if kind == "owns" and rest.startswith("/"):
        bundle.owns.append(rest)
        return None
    if kind == "absent" and rest.startswith("/"):
        bundle.owns.append(rest)
        return None
    file = _FILE.fullmatch(words)
    if file is not None:
        part = Part(file["path"], int(file["mode"] or "600", 8))
    elif words and " " not in words and "/" not in words:
        part = Part(words)
    else:
        raise CandidateError(f"line {number}: `{MARK}{words}` is not understood", line=MARK + words)
    bundle.parts.append(part)
    return part


def write(parts: Mapping[str, str], attributes: Mapping[str, str], owns: tuple[str, ...] = ()) -> str:
    """The bundle with these parts; loading it as a replacement gives them back."""
    lines = [f"{MARK}owns {pattern}\n" for pattern in owns]
    for name, text in sorted(parts.items(), key=lambda item: (item[0].startswith("/"), item[0])):
        mode = attributes.get(name, "0600").split()[0]
        lines.append(f"{MARK}file {name} mode {mode}\n" if name.startswith("/") else f"{MARK}{name}\n")
        lines.append(text if text.endswith("\n") or not text else f"{text}\n")
    return "".join(lines)


def merged(bundle: Bundle, snapshot: Snapshot) -> Bundle:
    """For merging: a file that exists keeps its text and gets the bundle's after it, as daemons merge sections."""
    result = Bundle()
    for part in bundle.parts:
        existing = snapshot.parts.get(part.name) if part.name.startswith("/") else None
        if existing is None:
            result.parts.append(part)
            continue
        mode = int(snapshot.attributes.get(part.name, "0600").split()[0], 8)
        lines = existing.splitlines()
        wanted = part.text.strip()
        addition = [] if wanted in existing else part.lines
        result.parts.append(Part(part.name, mode, [*lines, *addition]))
    return result
