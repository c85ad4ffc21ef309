"""What an ASA does to its configuration with the commands it is given: a model to compute and to test with.

It is the emulator's memory too. Where Cisco's documents leave the behaviour open it takes the stricter reading:
what is not certainly accepted is refused.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from routebook.platforms.asa.config import ordered
from routebook.platforms.asa.config.changes import DEFAULTS
from routebook.platforms.asa.config.command import Block
from routebook.platforms.asa.config.contexts import FAMILY, context_of, negation, setting
from routebook.platforms.asa.config.placement import Line, insert_inside, insert_top, remove_inside, remove_top
from routebook.platforms.asa.config.tree import Config, normal

_CERTIFICATE = re.compile(r"certificate (?:ca |ra-\S+ )?[0-9a-fA-F]+$")

# Commands whose `no` form is configuration of its own.
_NEGATIVE = re.compile(
    r"(?:sysopt |snmp-server (?:location|contact)|call-home |threat-detection |asdm history|arp permit"
    r"|monitor-interface |tunnel-group-map enable|ssh stricthostkeycheck|logging (?:message|hide)|failover$|names$"
    r"|mac-address auto|tcp-inspection)"
)
_ACCESS_LIST = re.compile(r"access-list (?P<name>\S+) (?:line (?P<number>\d+) )?(?P<rest>.+)")
_NOT_THERE = "ERROR: what the command would remove does not exist"
_SWAP_REFUSED = re.compile(r"crypto (?:dynamic-)?map |(?:ipv6 )?prefix-list |route-map |network |aggregate-address ")


def apply(config: Config, commands: Sequence[Block], *, refused: list[str] | None = None) -> Config:
    """The configuration after the commands. What the device refuses changes nothing and is added to `refused`."""
    device = Device(config)
    for block in commands:
        for line, payload in _with_payload(block.lines):
            answer = device.enter(block.path, line, payload)
            if answer.startswith("ERROR") and refused is not None:
                refused.append(f"{' / '.join((*block.path, line))}: {answer}")
    return device.config


def _with_payload(lines: Sequence[str]) -> Iterable[tuple[str, str]]:
    waiting = iter(lines)
    for line in waiting:
        payload = []
        if _CERTIFICATE.match(line):
            for text in waiting:
                payload.append(f"{text}\n")
                if text.strip() == "quit":
                    break
        yield line, "".join(payload)


class Device:
    """A running configuration that takes commands."""

    def __init__(self, config: Config) -> None:
        self._newline = config.newline
        self._root = Line("", "", children=[Line.of(node) for node in config.nodes])

    @property
    def config(self) -> Config:
        """The configuration as it is now."""
        return Config(tuple([line.freeze() for line in self._root.children]))

    def enter(self, path: Sequence[str], line: str, payload: str = "") -> str:
        """Take a line in the mode that `path` opens. Returns the answer: nothing, or `ERROR: …` and no change."""
        line = normal(line.strip())
        if path:
            return self._inside(tuple(normal(text.strip()) for text in path), line, payload)
        return self._top(line, payload)

    def _top(self, line: str, payload: str) -> str:
        if line.startswith("clear configure "):
            return self._clear(line.removeprefix("clear configure "))
        wanted = line.removeprefix("no ")
        take_back = wanted != line
        if wanted.startswith("access-list "):
            return self._access_list(wanted, take_back)
        if wanted.startswith("nat ("):
            return self._translation(wanted, take_back)
        if take_back and re.fullmatch(r"banner \S+", wanted):
            return self._remove(lambda other: other == wanted or other.startswith(f"{wanted} "))
        if wanted.startswith("banner ") and not take_back:
            insert_top(self._root.children, self._line(line, 0, payload))
            return ""
        if take_back and wanted.startswith("crypto ca trustpoint "):
            wanted = wanted.removesuffix(" noconfirm")
        return self._set_or_take_back("", self._root, wanted, take_back, payload)

    def _inside(self, path: tuple[str, ...], line: str, payload: str) -> str:
        around = self._root
        for depth, name in enumerate(path):
            translation = name.startswith("object network ") and line.removeprefix("no ").startswith("nat ")
            found = [other for other in around.children if other.line == name]
            if depth == 0 and name.startswith("object network "):
                found = [other for other in found if other.is_translation == translation]
            if not found:
                if line.startswith("no "):
                    return _NOT_THERE
                if depth == 0 and (answer := self._clash("", self._root, name)):
                    return answer
                fresh = self._line(name, depth)
                self._insert(around, fresh, path[depth - 1] if depth else "", translation=translation)
                found = [fresh]
            around = found[-1] if len(found) == 1 else self._holder(found, line)
        wanted = line.removeprefix("no ")
        answer = self._set_or_take_back(path[-1], around, wanted, wanted != line, payload, len(path))
        if line.startswith("no nat ") and around.line.startswith("object network ") and not around.commands:
            remove_top(self._root.children, around)
        return answer

    def _set_or_take_back(
        self, parent: str, around: Line, wanted: str, take_back: bool, payload: str, depth: int = 0
    ) -> str:
        if take_back:
            return self._take_back(parent, around, wanted, depth)
        context = context_of(parent)
        same = [other for other in around.children if other.line == wanted]
        if same:
            if payload:
                same[-1].payload = payload
            return ""
        negative = [other for other in around.children if other.line == f"no {wanted}"]
        if negative and f"no {wanted}" not in context.implied:
            self._drop(around, negative)
            return ""
        if answer := self._clash(parent, around, wanted):
            return answer
        opposite = [
            o for o in around.children if o.line.startswith("no ") and f"{wanted} ".startswith(o.line[3:] + " ")
        ]
        given = setting(context, wanted)
        replaced = [
            other
            for other in around.children
            if given and not given[1] and other.line and setting(context, other.line) == given
        ]
        # `no nameif` is both: the setting's old value, and its opposite.
        gone = [*replaced, *(other for other in opposite if other not in replaced)]
        instead = next(iter(gone), None)
        self._insert(around, self._line(wanted, depth, payload), parent, instead=instead)
        self._drop(around, gone)
        return ""

    def _take_back(self, parent: str, around: Line, wanted: str, depth: int) -> str:
        there = [other for other in around.children if other.line == wanted]
        if not there and FAMILY.match(parent) and (peer := re.fullmatch(r"neighbor (\S+) remote-as \d\S*", wanted)):
            return _NOT_THERE if peer else ""
        if there and FAMILY.match(parent) and (peer := re.fullmatch(r"neighbor (\S+) remote-as \S+", wanted)):
            there = [other for other in around.children if other.line.startswith(f"neighbor {peer[1]} ")]
        if not there and wanted.startswith("route ") and wanted.endswith(" 1"):
            there = [other for other in around.children if f"{other.line} 1" == wanted]
        if not there:
            there = [other for other in around.children if other.line and negation(other.line) == f"no {wanted}"]
        if wanted.startswith("object network ") and not parent and len({o.is_translation for o in there}) == 1:
            there = [other for other in around.children if other.line == wanted]
        implied = f"no {wanted}" in context_of(parent).implied and wanted != "shutdown"
        negative = bool(_NEGATIVE.match(wanted)) and not there
        if not there and not implied and not negative:
            return _NOT_THERE
        self._drop(around, there)
        if (implied or negative) and not any(other.line == f"no {wanted}" for other in around.children):
            self._insert(around, self._line(f"no {wanted}", depth), parent)
        return ""

    def _clash(self, parent: str, around: Line, wanted: str) -> str:
        """What the device says to a second value of a setting whose first one has to go first."""
        if not _SWAP_REFUSED.match(wanted):
            return ""
        context = context_of(parent)
        given = setting(context, wanted)
        if given and given[1]:
            for other in around.children:
                if other.line and other.line != wanted and setting(context, other.line) == given:
                    return f"ERROR: `{wanted}` conflicts with `{other.line}`"
        return ""

    def _clear(self, what: str) -> str:
        kind, _, name = what.partition(" ")
        if kind == "tunnel-group" and name in DEFAULTS:
            return "ERROR: a default tunnel group cannot be removed"
        prefix = f"{kind} {name}" if name else kind
        answer = self._remove(lambda line: line == prefix or line.startswith(f"{prefix} "))
        return "" if answer.startswith("ERROR") else answer

    def _access_list(self, wanted: str, take_back: bool) -> str:
        found = _ACCESS_LIST.fullmatch(wanted)
        if not found:
            return "ERROR: % Incomplete command"
        line = f"access-list {found['name']} {found['rest']}"
        prefix = f"access-list {found['name']} "
        entries = [other for other in self._root.children if other.line.startswith(prefix)]
        number = int(found["number"]) if found["number"] else None
        if take_back:
            if number is not None:
                there = entries[number - 1 : number]
                there = [other for other in there if other.line == line]
            else:
                there = [other for other in entries if other.line == line][:1]
            if not there:
                return "ERROR: Specified access-list does not exist"
            self._drop(self._root, there)
            return ""
        if not found["rest"].startswith("remark ") and any(other.line == line for other in entries):
            return "WARNING: <access-list> found duplicate element"
        fresh = self._line(line, 0)
        if number is not None and number <= len(entries):
            self._root.children.insert(self._root.children.index(entries[number - 1]), fresh)
        else:
            insert_top(self._root.children, fresh)
        return ""

    def _translation(self, wanted: str, take_back: bool) -> str:
        line, number = ordered.place(wanted)
        after = ordered.is_after_auto(line)
        section = [
            o for o in self._root.children if o.line.startswith("nat (") and ordered.is_after_auto(o.line) == after
        ]
        there = [other for other in section if other.line == line]
        if take_back:
            self._drop(self._root, there[:1])
            return "" if there else _NOT_THERE
        if there:
            return "ERROR: duplicate translation"
        fresh = self._line(line, 0)
        if number is not None and number <= len(section):
            self._root.children.insert(self._root.children.index(section[number - 1]), fresh)
        elif section:
            self._root.children.insert(self._root.children.index(section[-1]) + 1, fresh)
        else:
            insert_top(self._root.children, fresh)
        return ""

    def _holder(self, found: Sequence[Line], line: str) -> Line:
        """Which of several blocks with the same first line has the line, or something of its setting."""
        wanted = line.removeprefix("no ")
        return next((o for o in found if any(child.line == wanted for child in o.children)), found[0])

    def _insert(
        self, around: Line, fresh: Line, parent: str, *, instead: Line | None = None, translation: bool = False
    ) -> None:
        if instead is not None:
            around.children.insert(around.children.index(instead), fresh)
        elif around is self._root:
            insert_top(around.children, fresh, translation=translation, newline=self._newline)
        else:
            insert_inside(around, fresh, parent, self._newline)

    def _drop(self, around: Line, there: Sequence[Line]) -> None:
        for line in there:
            if around is self._root:
                remove_top(around.children, line)
            else:
                remove_inside(around.children, line)

    def _remove(self, which: Callable[[str], bool]) -> str:
        there = [line for line in self._root.children if line.line and which(line.line)]
        self._drop(self._root, there)
        return "" if there else _NOT_THERE

    def _line(self, line: str, depth: int, payload: str = "") -> Line:
        return Line(line, f"{' ' * depth}{line}{self._newline}", payload=payload)
