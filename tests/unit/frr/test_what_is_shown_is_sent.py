"""The difference, the commands and the forecast of a change say the same, over configurations made at random."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings

from routebook.device.candidate import Section
from routebook.platforms.frr.candidate import target, wanted
from routebook.platforms.frr.command import Command
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.present import diff
from routebook.platforms.frr.redaction import CHANGED, SECRET, redact
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree, lines_of, parse, render
from tests.unit.frr.test_difference import configurations

Text = dict[str, "Text"]
"""Configuration text: each line with those below it."""

Place = tuple[tuple[str, ...], str]
"""A line and the contexts that it is in."""


def text_of(tree: Tree) -> Text:
    """A configuration as it is shown, secrets hidden."""
    return {redact(block.line): text_of(block.children) for block in tree}


def tree_of(text: Text) -> Tree:
    """The configuration that a text is, without contexts that nothing is in."""
    return explicit(_blocks(text))


def _blocks(text: Text) -> Tree:
    return tuple(Block(line, _blocks(below)) for line, below in text.items())


@dataclass(slots=True)
class Shown:
    """What a difference says: applied to a text, and as the places of what goes and what comes."""

    text: Text
    minus: list[Place] = field(default_factory=list)
    plus: list[Place] = field(default_factory=list)

    def apply(self, difference: str) -> None:
        path: list[str] = []
        holders: list[Text] = [self.text]
        kept: Text = {}
        for raw in difference.splitlines():
            sign, line = raw[0], raw[2:].lstrip(" ")
            depth = len(raw) - 2 - len(line)
            del path[depth:], holders[depth + 1 :]
            around = holders[depth]
            line = line.replace(CHANGED, SECRET)
            if sign == "-":
                self.minus.append(((*path,), line))
                assert line in around, f"{raw!r} takes away what is not there"
                below = kept = around.pop(line)
            elif sign == "+":
                self.plus.append(((*path,), line))
                assert line not in around, f"{raw!r} gives what is there"
                below = around[line] = kept
                kept = {}
            else:
                below = around.setdefault(line, {})
            path.append(line)
            holders.append(below)


def shown(before: Tree, after: Tree) -> Shown:
    found = Shown(text_of(before))
    found.apply(diff(before, after))
    return found


def takes_back(command: Command, place: Place) -> bool:
    """Whether a command takes a line away: by itself, as one of an object's, with its context or with its neighbor."""
    (path, line), what = place, command.line.removeprefix("no ")
    if not command.line.startswith("no ") or what == command.line:
        return (line == f"no {command.line}" and path == command.path) or _default(command, place)
    whole = (*path, line)
    words = what.split()
    if words[0] == "neighbor" and words[2:] in ([], ["peer-group"]):
        return whole[: len(command.path)] == command.path and whole[-1].removeprefix("no ").split()[:2] == words[:2]
    depth = len(command.path)
    reached = whole[:depth] == command.path and len(whole) > depth
    return reached and (whole[depth] == what or whole[depth].startswith(f"{what} "))


def _default(command: Command, place: Place) -> bool:
    return place[0] == command.path and command.line == "detect-multiplier 3" and "detect-multiplier" in place[1]


def gives(command: Command, place: Place) -> bool:
    """Whether a command makes a line, or opens the context that it is."""
    (path, line) = place
    return (command.path, redact(command.line)) == place or command.path[: len(path) + 1] == (*path, line)


def replaced(place: Place, plus: list[Place]) -> bool:
    """Whether a line goes because its setting gets another value, or its context another name."""
    path, line = place
    flipped = {"permit": line.replace(" permit ", " deny "), "deny": line.replace(" deny ", " permit ")}
    others = flipped.values() if line.startswith("route-map ") else ()
    return any(p == path and (setting(other) == setting(line) or other in others) for p, other in plus)


@given(configurations(), configurations())
@settings(max_examples=100)
def test_the_shown_difference_applied_to_the_running_configuration_gives_the_candidate(
    before: Tree, after: Tree
) -> None:
    result = tree_of(shown(before, after).text)
    assert lines_of(result) == lines_of(explicit(parse(redact(render(after)))))


@given(configurations(), configurations())
@settings(max_examples=100)
def test_no_command_is_without_its_line_and_no_line_without_its_command(before: Tree, after: Tree) -> None:
    said, sent = shown(before, after), commands(before, after)
    for command in sent:
        assert any(takes_back(command, place) for place in said.minus) or any(
            gives(command, place) for place in said.plus
        ), f"{command} is in no line of\n{diff(before, after)}"
    for place in said.plus:
        assert any(gives(command, place) for command in sent), f"+ {place} is in no command"
    for place in said.minus:
        assert any(takes_back(command, place) for command in sent) or replaced(place, said.plus), (
            f"- {place} is in no command"
        )


@given(configurations(), configurations())
@settings(max_examples=60)
def test_what_is_forecast_is_in_what_changes(before: Tree, after: Tree) -> None:
    said = shown(before, after)
    words = {word for path, line in [*said.minus, *said.plus] for word in (*" ".join(path).split(), *line.split())}
    for effect in forecast(before, after):
        group = effect.reason.partition("(of its peer-group ")[2].rstrip(")")
        whole = effect.reason.startswith("bgp ") and set(effect.reason.split()[:2]) <= words
        # What a neighbor only refers to, such as a route map or a profile of BFD, is named by the reason.
        object_named = effect.kind in ("policy", "session-changed") and {*effect.reason.split()} & words
        assert effect.subject in words or group in words or whole or object_named, effect
    if not said.minus + said.plus:
        assert forecast(before, after) == ()


@given(configurations(), configurations())
@settings(max_examples=60)
def test_a_neighbor_that_is_taken_away_and_made_anew_is_forecast_to_reset(before: Tree, after: Tree) -> None:
    gone = {command.line.split()[2] for command in commands(before, after) if command.line.startswith("no neighbor ")}
    said = {effect.subject for effect in forecast(before, after) if effect.kind in ("session-reset", "session-removed")}
    whole = {
        command.line.split()[2]
        for command in commands(before, after)
        if command.line.startswith("no neighbor ") and len(command.line.split()) == 3
    }
    assert whole <= gone
    assert whole <= said


HAND_MADE = """router bgp 65550
 bgp router-id 10.0.0.1
 neighbor 10.3.0.2 remote-as 65550
 neighbor 10.3.0.2 description by hand
 neighbor 192.0.2.1 remote-as 64496
exit
"""


def test_a_neighbor_that_nobody_mentions_stays_active_when_the_default_changes() -> None:
    text = "router bgp 65550\n no bgp default ipv4-unicast\n neighbor 192.0.2.9 remote-as 64497\n"
    running, candidate = parse(HAND_MADE), wanted([Section("bgp", "frr", text, ())])
    due = target(running, candidate)
    sent = [command.line for command in commands(running, due)]
    assert "no neighbor 10.3.0.2 activate" not in sent
    assert diff(running, due) == (
        "  router bgp 65550\n"
        "+  no bgp default ipv4-unicast\n"
        "+  neighbor 192.0.2.9 remote-as 64497\n"
        "   address-family ipv4 unicast\n"
        "+   neighbor 10.3.0.2 activate\n"
        "+   neighbor 192.0.2.1 activate\n"
    )
    assert {effect.subject for effect in forecast(running, due)} == {"192.0.2.9"}


def test_a_line_that_the_driver_adds_is_shown() -> None:
    text = HAND_MADE.replace(" bgp router-id", " no bgp default ipv4-unicast\n bgp router-id")
    running, due = parse(HAND_MADE), parse(text)
    assert Command(("router bgp 65550", "address-family ipv4 unicast"), "no neighbor 10.3.0.2 activate") in commands(
        running, due
    )
    assert "+   no neighbor 10.3.0.2 activate\n" in diff(running, due)
    assert {(e.kind, e.subject) for e in forecast(running, due)} >= {("session-reset", "10.3.0.2")}


@pytest.mark.parametrize("empty", ["rpki\nexit\n", "bfd\nexit\n", "segment-routing\nexit\n"])
def test_a_context_without_content_is_in_no_difference(empty: str) -> None:
    running = parse(HAND_MADE + empty)
    assert diff(running, parse(HAND_MADE)) == ""
    assert diff(parse(HAND_MADE), running) == ""


def test_a_context_that_cannot_be_taken_back_is_not_shown_to_go() -> None:
    running = parse("rpki\n rpki cache 192.0.2.1 323 preference 1\nexit\n")
    assert diff(running, ()) == "  rpki\n-  rpki cache 192.0.2.1 323 preference 1\n"


def test_an_entry_of_a_route_map_that_is_turned_in_place_keeps_its_lines() -> None:
    before = parse("route-map RB-A permit 10\n match ip address prefix-list RB-A\n set metric 5\n")
    after = parse("route-map RB-A deny 10\n match ip address prefix-list RB-A\n")
    assert diff(before, after) == "- route-map RB-A permit 10\n+ route-map RB-A deny 10\n-  set metric 5\n"


def test_members_of_a_group_that_is_made_anew_are_shown_to_be_made_anew() -> None:
    text = (
        "router bgp 65550\n neighbor G peer-group\n neighbor G remote-as 64496\n"
        " neighbor 192.0.2.1 peer-group G\n neighbor 192.0.2.1 description member\n"
    )
    before, after = parse(text), parse(text.replace("64496", "65550"))
    sent = [command.line for command in commands(before, after)]
    assert sent == [
        "no neighbor 192.0.2.1",
        "no neighbor G peer-group",
        "neighbor G peer-group",
        "neighbor G remote-as 65550",
        "neighbor 192.0.2.1 peer-group G",
        "neighbor 192.0.2.1 description member",
    ]
    assert diff(before, after).count(" neighbor 192.0.2.1 description member\n") == 2
    assert [(e.kind, e.subject) for e in forecast(before, after)] == [("session-reset", "192.0.2.1")]


def test_a_changed_secret_is_a_changed_line_and_an_equal_one_is_none() -> None:
    text = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 password one\n"
    before, after = parse(text), parse(text.replace("one", "two"))
    assert diff(before, after) == (
        "  router bgp 1\n-  neighbor 192.0.2.1 password <secret>\n"
        "+  neighbor 192.0.2.1 password <secret, another value>\n"
    )
    anew = parse(text.replace("remote-as 2", "remote-as 1"))
    assert "another value" not in diff(before, anew)
    assert diff(before, anew).count("password <secret>") == 2
