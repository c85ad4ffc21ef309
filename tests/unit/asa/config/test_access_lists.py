"""Access lists: the fewest lines, in place by number, never empty in between, and undone from wherever it stopped."""

from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.platforms.asa.config import Block, Config, apply, parse
from routebook.platforms.asa.config.access_lists import forward, undo
from routebook.platforms.asa.config.alignment import common

ENTRIES = st.lists(st.integers(1, 9), unique=True, min_size=1, max_size=9)
REMARKS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), max_size=4)


@st.composite
def lists(draw: st.DrawFn) -> list[str]:
    lines = [f"access-list X extended permit ip host 10.0.0.{number} any4" for number in draw(ENTRIES)]
    for place, text in draw(REMARKS):
        lines.insert(place, f"access-list X remark {text}")
    return lines


def config(lines: list[str]) -> Config:
    return parse("".join(f"{line}\n" for line in lines))


def blocks(lines: list[str]) -> list[Block]:
    return [Block((), (line,)) for line in lines]


def entries(text: str) -> int:
    return text.count(" extended ")


@settings(max_examples=300)
@given(lists(), lists(), st.data())
def test_a_list_becomes_the_other_and_comes_back_and_is_never_empty(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    commands = blocks(forward("X", old, new))
    refused: list[str] = []
    states = [config(old)]
    for command in commands:
        states.append(apply(states[-1], [command], refused=refused))
    assert not refused
    assert str(states[-1]) == str(config(new))
    stopped = data.draw(st.sampled_from(states))
    for command in blocks(undo("X", old, new)):
        stopped = apply(stopped, [command])
        states.append(stopped)
    assert str(stopped) == str(config(old))
    assert all(entries(str(state)) for state in states)


@settings(max_examples=300)
@given(lists(), lists())
def test_no_more_lines_are_sent_than_the_lists_differ_by(old: list[str], new: list[str]) -> None:
    longest = _longest_common(old, new)
    assert len(common(old, new)) == longest
    shared = {line for line in old if " extended " in line} & set(new)
    kept_an_entry = any(" extended " in old[left] for left, _ in common(old, new))
    if kept_an_entry or not shared:
        fewest = len(old) + len(new) - 2 * longest
        extra = 0 if kept_an_entry else 2 * longest  # remarks around nothing in common are made anew
        assert len(forward("X", old, new)) <= fewest + extra


def _longest_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for line in old:
        above, row = row, [0] * (len(new) + 1)
        for index, other in enumerate(new):
            row[index + 1] = above[index] + 1 if line == other else max(above[index + 1], row[index])
    return row[-1]


@given(st.lists(st.integers(0, 5), unique=True), st.lists(st.integers(0, 5), unique=True))
def test_lists_without_line_numbers_change_from_the_first_difference_on(old: list[int], new: list[int]) -> None:
    before, after = ([f"access-list X standard permit host 10.0.0.{n}" for n in numbers] for numbers in (old, new))
    changed = apply(config(before), blocks(forward("X", before, after) if before or after else []))
    assert str(changed) == str(config(after))
    assert str(apply(changed, blocks(undo("X", before, after) if before or after else []))) == str(config(before))
    assert not any(" line " in line for line in forward("X", before, after))


def test_an_entry_is_put_before_the_deny_that_ends_the_list() -> None:
    old = ["access-list X extended permit ip host 10.0.0.1 any4", "access-list X extended deny ip any4 any4"]
    new = [old[0], "access-list X extended permit ip host 10.0.0.2 any4", old[1]]
    assert forward("X", old, new) == ["access-list X line 2 extended permit ip host 10.0.0.2 any4"]
    assert undo("X", old, new) == ["no access-list X extended permit ip host 10.0.0.2 any4"]
