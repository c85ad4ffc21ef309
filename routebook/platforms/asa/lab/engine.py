"""Carries out configuration commands: what a line typed in a mode does to the running configuration."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from routebook.platforms.asa.lab import names, semantics
from routebook.platforms.asa.lab.configuration import (
    GRAMMARS,
    Configuration,
    Line,
    place,
    section,
    section_ranks,
    separators,
)
from routebook.platforms.asa.lab.grammar import Parsed, Rule, SyntaxRefusedError, farther, tokens
from routebook.platforms.asa.lab.semantics import RefusedCommandError

RANKS = {mode: section_ranks(mode) for mode in GRAMMARS}

# In a mode whose commands are kept as they come, these words are commands of configuration mode (or of exec) again.
LEAVING = {
    "access-group", "access-list", "clear", "copy", "crypto", "delete", "dir", "event", "failover", "group-policy",
    "hostname", "interface", "ipv6", "more", "mtu", "names", "object", "object-group", "ping", "policy-map",
    "prefix-list", "prompt", "reload", "route", "route-map", "router", "service-policy", "snmp-server", "ssh",
    "terminal", "tunnel-group", "username", "write",
}  # fmt: skip


@dataclass(slots=True)
class Place:
    """Where a session is in configuration mode: the lines that it has opened, outermost first."""

    path: list[Line] = field(default_factory=list)


class Engine:
    """Configuration mode over one running configuration. `device` answers what rules ask about the device."""

    def __init__(self, configuration: Configuration, device: semantics.Device) -> None:
        self.configuration = configuration
        self.device = device

    @property
    def rules(self) -> Sequence[Rule]:
        """The patterns of configuration mode."""
        return GRAMMARS["config"].rules

    def mode(self, where: Place) -> str:
        """The name of the mode that a session is in."""
        return where.path[-1].mode if where.path else "config"

    def execute(self, line: str, where: Place, *, offset: int = 0) -> str:
        """Carry out one line; the answer is what the device prints, "" for nothing.

        Raises SyntaxRefusedError, whose answer the device prints. `where` follows the modes that open and close.
        """
        self._follow(where)
        line = names.meant(line, self.configuration.names())
        typed = tokens(line)
        word = typed[0].text.lower()
        negated = word == "no"
        rest = line[typed[1].column :] if negated and len(typed) > 1 else line
        if negated and len(typed) == 1:
            raise SyntaxRefusedError("ERROR: % Incomplete command")
        shift = offset + (typed[1].column if negated else 0)
        try:
            parsed, depth = self._parse(rest, where, negated, shift)
            parents = where.path[:depth]
            parent = parents[-1] if parents else self.configuration.root
            answer = self._remove(parsed, parent) if negated else self._add(parsed, parent, parents, where)
        except RefusedCommandError as error:
            return error.answer
        self.configuration.changed()
        return answer

    def _parse(self, text: str, where: Place, partial: bool, offset: int) -> tuple[Parsed, int]:
        """The command and how deep the mode is whose command it is; a mode's commands include the outer ones'."""
        best: SyntaxRefusedError | None = None
        order = list(range(len(where.path), -1, -1))
        if len(where.path) > 2:
            order = [len(where.path), len(where.path) - 1, 0]
        word = text.split(None, 1)[0].lower()
        for depth in order:
            mode = where.path[depth - 1].mode if depth else "config"
            if "<line>" in GRAMMARS[mode].root.parameters and word in LEAVING:
                continue
            try:
                return GRAMMARS[mode].parse(text, offset=offset, partial=partial), depth
            except SyntaxRefusedError as error:
                best = farther(best, error)
                if "Invalid input" not in error.answer:
                    raise
        assert best is not None
        raise best

    def _follow(self, where: Place) -> None:
        """Forget opened lines that are no longer configured."""
        siblings = self.configuration.root.children
        for number, line in enumerate(where.path):
            if not any(line is each for each in siblings):
                del where.path[number:]
                return
            siblings = line.children

    def _add(self, parsed: Parsed, parent: Line, parents: list[Line], where: Place) -> str:
        parsed, answer = semantics.before(parsed, parent, self.configuration, self.device)
        if parsed.rule.name == "exit-family":
            where.path = parents[:-1]
            return answer
        line = Line(parsed)
        existing = next((each for each in parent.children if each.key == line.key), None)
        kept = semantics.as_shown(parsed, parent, self.device)
        if kept is None:
            where.path = list(parents)
            self.take_out(parent, [existing] if existing is not None else [])
            return answer
        line = Line(kept)
        if existing is not None and existing.mode and existing.words == line.words:
            where.path = [*parents, existing]
            return answer
        if existing is not None and existing.words == line.words:
            where.path = parents
            return semantics.duplicate(line) or answer
        if existing is not None:
            line.trailer, line.children = existing.trailer, existing.children
            parent.children[parent.children.index(existing)] = line
        else:
            self.insert(parent, line)
        semantics.after(line, parent, self.configuration, self, self.device)
        where.path = [*parents, line] if line.mode else list(parents)
        return answer or semantics.answer(line, parent)

    def insert(self, parent: Line, line: Line, position: int | None = None) -> None:
        """Put a new line where the device shows it."""
        if not line.trailer:
            line.trailer = separators(line.rule)
        mode = parent.mode
        if "opaque" in line.rule.flags and mode == "opaque":
            parent.children.append(line)
            return
        if position is None:
            position = semantics.position(line, parent)
        if position is None:
            position = place(parent.children, line, RANKS[mode])
        parent.children.insert(position, line)

    def _remove(self, parsed: Parsed, parent: Line) -> str:
        parsed = semantics.before_removal(parsed, parent, self.configuration, self.device)
        exact = [each for each in parent.children if each.words == parsed.words]
        found = exact or [each for each in parent.children if each.words[: len(parsed.words)] == parsed.words]
        if not exact and parsed.rule.flags & {"opaque"} and not found:
            found = [each for each in parent.children if each.text == parsed.text]
        if not found:
            key = Line(parsed).key
            found = [each for each in parent.children if each.key == key]
        if not found and "one-in" in parsed.rule.flags:
            return ""
        answer = semantics.removing(parsed, found, parent, self.configuration)
        self.take_out(parent, found)
        semantics.removed(parsed, parent, self.configuration, self, self.device)
        return answer

    def take_out(self, parent: Line, lines: list[Line]) -> None:
        """Remove lines with everything below them."""
        gone = {id(line) for line in lines}
        parent.children[:] = [each for each in parent.children if id(each) not in gone]

    def clear(self, line: str) -> str:
        """`clear configure …`: remove everything that begins with these words."""
        typed = tokens(line)
        if not typed:
            raise SyntaxRefusedError("ERROR: % Incomplete command")
        root = self.configuration.root
        if typed[0].text.lower() == "all":
            self.take_out(root, list(root.children))
            self.configuration.changed()
            return ""
        words: list[str] = []
        known: list[tuple[str, ...]] = sorted(
            {tuple(section(rule).split()) for rule in GRAMMARS["config"].rules} - {()}
        )
        for number, token in enumerate(typed):
            options = sorted({each[number] for each in known if each[:number] == tuple(words) and len(each) > number})
            match = [each for each in options if each == token.text.lower()]
            match = match or [each for each in options if each.startswith(token.text.lower())]
            if not options or (not match and any(each == tuple(words) for each in known)):
                words += [each.text for each in typed[number:]]
                break
            if len(match) != 1:
                if match:
                    raise SyntaxRefusedError(f'ERROR: % Ambiguous command:  "clear configure {line}"')
                raise SyntaxRefusedError(" " * token.column + "^\nERROR: % Invalid input detected at '^' marker.")
            words.append(match[0])
        found = [each for each in root.children if each.words[: len(words)] == tuple(words)]
        try:
            answer = semantics.clearing(found, self.configuration)
        except RefusedCommandError as error:
            return error.answer
        self.take_out(root, found)
        self.configuration.changed()
        return answer
