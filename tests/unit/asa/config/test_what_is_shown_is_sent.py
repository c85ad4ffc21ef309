"""The difference, the commands and the forecast of a change say the same, over configurations made at random."""

import re
from dataclasses import dataclass, field

from hypothesis import given

from routebook.device.candidate import Section
from routebook.platforms.asa.activation import activation
from routebook.platforms.asa.config import Config, apply, canonical, difference, parse, redact, restoration
from routebook.platforms.asa.config.contexts import context_of, setting
from routebook.platforms.asa.config.redaction import CHANGED, SECRET
from tests.unit.asa.config.generated import FOREIGN, OWNS, Ours, ours
from tests.unit.asa.config.test_generated import PROFILE, running, single

Lines = dict[str, "Lines"]
Place = tuple[tuple[str, ...], str]
"""A line and the modes that it is in."""

LIST = re.compile(r"(access-list \S+|nat(?= \()|banner \S+|boot(?= system))")
UNPRINTED = {"no auto-summary", "no synchronization"}


@dataclass
class Text:
    """A configuration as it is printed, secrets hidden: lists in their order, everything else by its modes."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    modes: Lines = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> "Text":
        found = cls()
        stack: list[tuple[int, Lines]] = [(-1, found.modes)]
        for raw in redact(str(config)).splitlines():
            line, depth = " ".join(raw.split()), len(raw) - len(raw.lstrip())
            if not line or line.startswith(("!", ":", "exit-address-family")):
                continue
            if not depth and (name := LIST.match(line)):
                found.lists.setdefault(name[1], []).append(raw)
                continue
            while stack[-1][0] >= depth:
                stack.pop()
            inner = stack[-1][1].setdefault(spelled(line), {})
            stack.append((depth, inner))
        return found

    def written(self) -> tuple[str, ...]:
        """What it means."""
        lines = [line for lines in self.lists.values() for line in lines]
        return canonical(parse("".join(f"{line}\n" for line in (*lines, *_written(self.modes, 0)))))


def _written(lines: Lines, depth: int) -> list[str]:
    return [text for line, inner in lines.items() for text in (" " * depth + line, *_written(inner, depth + 1))]


def spelled(line: str) -> str:
    return f"{line} 1" if re.fullmatch(r"route( \S+){4}", line) else line


@dataclass
class Shown:
    """What a difference says: applied to a text, and as the places of what goes and what comes."""

    text: Text
    minus: list[Place] = field(default_factory=list)
    plus: list[Place] = field(default_factory=list)

    def apply(self, diff: str) -> "Shown":
        path: list[str] = []
        holders = [self.text.modes]
        taken: list[Lines] = []
        name, at, grown = "", 0, 0
        for raw in diff.splitlines():
            if hunk := re.fullmatch(r"@@ (.*), line (\d+) @@", raw):
                grown = grown if hunk[1] == name else 0
                name, at = hunk[1], int(hunk[2]) - 1 + grown
                continue
            sign, line = raw[0], raw[1:].lstrip(" ").replace(CHANGED, SECRET)
            depth = len(raw) - 1 - len(raw[1:].lstrip(" "))
            if not depth and (found := LIST.match(line)):
                if found[1] != name:
                    name, at, grown = found[1], 0, 0
                lines = self.text.lists.setdefault(name, [])
                if sign == "+":
                    lines.insert(at, line)
                    self.plus.append(((), line))
                else:
                    assert lines[at] == line, f"{raw!r} is not the line there"
                    if sign == "-":
                        del lines[at]
                        self.minus.append(((), line))
                at += sign != "-"
                grown += {"+": 1, "-": -1}.get(sign, 0)
                continue
            del path[depth:], holders[depth + 1 :]
            around = holders[depth]
            if sign == "-":
                self.minus.append(((*path,), line))
                assert line in around, f"{raw!r} takes away what is not there"
                holders.append(around.pop(line))
                taken.append(holders[-1])
            elif sign == "+":
                self.plus.append(((*path,), line))
                assert line not in around, f"{raw!r} gives what is there"
                holders.append(around.setdefault(line, {}))
            else:
                assert line in around, f"{raw!r} is not there"
                holders.append(around[line])
            path.append(line)
        assert all(set(rest) <= UNPRINTED for rest in taken), "a line goes with its mode and is not shown"
        return self


def shown(device: Config, diff: str) -> Shown:
    return Shown(Text.of(device)).apply(diff)


def takes_back(path: tuple[str, ...], line: str, place: Place) -> bool:
    """Whether a command takes a line away: by itself, as one of an object's, with its mode or with its neighbor."""
    whole = (*place[0], place[1])
    if line.startswith("clear configure "):
        return whole[0].startswith(line.removeprefix("clear configure ") + " ")
    if not line.startswith("no "):
        return place == (path, f"no {line}")
    what = re.sub(r"^(access-list \S+) line \d+", r"\1", line.removeprefix("no "))
    if neighbor := re.match(r"neighbor \S+ (?=remote-as )", what):
        return place[0] == path and place[1].startswith(neighbor[0])
    if whole[: len(path)] != path or len(whole) <= len(path):
        return False
    return whole[len(path)] == what or f"{whole[len(path)]} ".startswith(f"{what} ")


def gives(path: tuple[str, ...], line: str, place: Place) -> bool:
    """Whether a command makes a line, or opens the mode that it is."""
    plain = re.sub(r"^(access-list \S+) line \d+", r"\1", redact(line))
    plain = re.sub(r"^(nat \([^)]*\)(?: after-auto)?) \d+", r"\1", plain)
    return (path, spelled(plain)) == place or path[: len(place[0]) + 1] == (*place[0], place[1])


def replaced(place: Place, plus: list[Place]) -> bool:
    """Whether a line goes because its setting gets another value."""
    context = context_of(place[0][-1] if place[0] else "")
    mine = setting(context, place[1])
    return mine is not None and any(
        path == place[0] and setting(context, other) == mine
        for path, other in plus
        if other != place[1] or SECRET in other
    )


@PROFILE
@given(ours(), ours())
def test_the_shown_difference_applied_to_the_running_text_gives_what_the_commands_give(
    before: Ours, after: Ours
) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    assert shown(device, delta.diff).text.written() == Text.of(apply(device, delta.commands)).written()


@PROFILE
@given(ours(), ours())
def test_the_same_holds_for_a_whole_configuration_that_is_restored(before: Ours, after: Ours) -> None:
    device, earlier = running(before), running(after)
    delta = restoration(device, earlier)
    assert shown(device, delta.diff).text.written() == Text.of(earlier).written()


@PROFILE
@given(ours(), ours())
def test_no_command_is_without_its_line_and_no_line_without_its_command(before: Ours, after: Ours) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    said = shown(device, delta.diff)
    sent = [(block.path, block.lines[0]) for block in single(delta.commands)]
    for path, line in sent:
        assert any(takes_back(path, line, place) for place in said.minus) or any(
            gives(path, line, place) or place == (path, line) for place in said.plus
        ), f"{(*path, line)} is in no line of\n{delta.diff}"
    for place in said.plus:
        assert any(gives(path, line, place) for path, line in sent), f"+ {place} is in no command"
    for place in said.minus:
        assert any(takes_back(path, line, place) for path, line in sent) or replaced(place, said.plus), (
            f"- {place} is in no command"
        )


@PROFILE
@given(ours(), ours())
def test_what_is_forecast_is_in_what_changes(before: Ours, after: Ours) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    said = shown(device, delta.diff)
    words = {word for path, line in [*said.minus, *said.plus] for word in (*" ".join(path).split(), *line.split())}
    for effect in activation(device, apply(device, delta.commands), delta.commands).effects:
        named = {word.strip(",") for word in effect.reason.split() if re.search(r"RB-|Tunnel\d|\d", word)}
        network = effect.kind.startswith("prefix-") and effect.subject.partition("/")[0] in words  # it has a mask there
        assert effect.subject in words or network or named & words, effect


ENTRIES = [f"access-list RB-a1 extended permit ip host 10.0.0.{number} any4" for number in (1, 2, 3)]


def list_of(*numbers: int) -> str:
    return "".join(f"{ENTRIES[number - 1]}\n" for number in numbers)


def test_the_order_of_a_list_is_a_difference() -> None:
    device = parse(FOREIGN + list_of(1, 2, 3))
    delta = difference(device, (Section("all", "asa", list_of(3, 1, 2), OWNS),))
    assert delta
    assert [line for block in delta.commands for line in block.lines] == [
        f"no {ENTRIES[2]}",
        ENTRIES[2].replace("RB-a1", "RB-a1 line 1"),
    ]
    assert delta.diff == f"+{ENTRIES[2]}\n {ENTRIES[0]}\n {ENTRIES[1]}\n-{ENTRIES[2]}\n"


def test_the_order_of_translations_is_a_difference() -> None:
    objects = "".join(f"object network RB-o{number}\n host 10.0.0.{number}\n" for number in (1, 2))
    lines = [f"nat (inside,outside) source static RB-o{number} RB-o{number}\n" for number in (1, 2)]
    theirs = "nat (inside,outside) source static servers servers destination static web2 web2\n"
    device = parse(
        FOREIGN.replace(theirs, theirs + "".join(lines)).replace(
            "object-group network", objects + "object-group network", 1
        )
    )
    delta = difference(device, (Section("all", "asa", objects + lines[1] + lines[0], OWNS),))
    assert delta
    assert shown(device, delta.diff).text.lists["nat"][1:3] == [lines[1].strip(), lines[0].strip()]


def test_a_list_that_changes_far_apart_says_where() -> None:
    entries = [f"access-list RB-a1 extended permit ip host 10.0.0.{number} any4\n" for number in range(20)]
    device = parse("".join(entries))
    changed = [entry for index, entry in enumerate(entries) if index not in (3, 15)]
    delta = difference(device, (Section("all", "asa", "".join(changed), OWNS),))
    assert [line for line in delta.diff.splitlines() if line.startswith("@@")] == [
        "@@ access-list RB-a1, line 2 @@",
        "@@ access-list RB-a1, line 14 @@",
    ]


GROUP = """\
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 ipsec-attributes
 ikev2 remote-authentication pre-shared-key one
 ikev2 local-authentication pre-shared-key one
"""
GROUPS = ("tunnel-group 203.0.113.*",)


def test_a_changed_secret_is_a_changed_line_and_an_equal_one_is_none() -> None:
    after = GROUP.replace("remote-authentication pre-shared-key one", "remote-authentication pre-shared-key two")
    delta = difference(parse(GROUP), (Section("all", "asa", after, GROUPS),))
    assert delta.diff == (
        " tunnel-group 203.0.113.9 ipsec-attributes\n"
        "- ikev2 remote-authentication pre-shared-key <secret>\n"
        "+ ikev2 remote-authentication pre-shared-key <secret, another value>\n"
    )


def test_a_tunnel_group_that_is_made_anew_is_shown_with_all_that_is_sent_again() -> None:
    after = GROUP.replace("type ipsec-l2l", "type remote-access")
    delta = difference(parse(GROUP), (Section("all", "asa", after, GROUPS),))
    assert delta.diff.count("- ikev2 ") == delta.diff.count("+ ikev2 ") == 2
    assert "another value" not in delta.diff


def test_what_the_device_keeps_is_not_shown_to_go() -> None:
    text = "interface GigabitEthernet0/3\n nameif dmz\n security-level 50\n"
    delta = restoration(parse(FOREIGN + text), parse(FOREIGN))
    assert delta.diff == " interface GigabitEthernet0/3\n- nameif dmz\n- security-level 50\n"


def test_another_certificate_is_shown_as_it_is_sent() -> None:
    after = FOREIGN.replace("    05003021\n", "    05003022\n")
    delta = restoration(parse(FOREIGN), parse(after))
    assert "-    05003021\n" in delta.diff
    assert "+    05003022\n" in delta.diff
