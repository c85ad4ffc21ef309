"""What somebody typed after a push is told from the push, and put beside the configuration from before it."""

import pytest

from routebook.platforms.frr.merge import kept, typed_since
from routebook.platforms.frr.present import diff
from routebook.platforms.frr.tree import parse, render

BEFORE = """\
ip prefix-list A seq 5 permit 10.0.0.0/8
router bgp 65550
 neighbor 192.0.2.1 remote-as 65551
 neighbor 192.0.2.1 description old
 address-family ipv4 unicast
  network 10.0.0.0/8
 exit-address-family
exit
"""
PUSHED = (
    BEFORE.replace("description old", "description new").replace(
        "  network 10.0.0.0/8\n", "  network 10.0.0.0/8\n  network 10.9.0.0/16\n"
    )
    + "route-map NEW permit 10\n set metric 5\nexit\n"
)


def told(now: str, before: str = BEFORE, pushed: str = PUSHED) -> list[str]:
    sides = typed_since(parse(before), parse(pushed), parse(now))
    return [] if sides is None else [line for line in diff(*sides).splitlines() if line[0] in "+-"]


def back(now: str, before: str = BEFORE, pushed: str = PUSHED) -> str | None:
    merged = kept(parse(before), parse(pushed), parse(now))
    return None if merged is None else render(merged)


def test_nothing_was_typed() -> None:
    assert told(PUSHED) == []
    assert back(PUSHED) == render(parse(BEFORE))


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("ip prefix-list THEIRS seq 5 permit 198.18.0.0/15\n", ""),
        (" neighbor 192.0.2.9 remote-as 65559\n", " neighbor 192.0.2.1 remote-as 65551\n"),
        ("  network 198.18.0.0/24\n", "  network 10.0.0.0/8\n"),
        ("route-map THEIRS deny 20\n match ip address prefix-list A\nexit\n", ""),
    ],
)
def test_what_was_added_is_told_and_kept(line: str, after: str) -> None:
    now = PUSHED.replace(after, after + line) if after else line + PUSHED
    first = line.splitlines()[0].strip()
    assert first in " ".join(told(now))
    there = BEFORE.replace(after, after + line) if after else BEFORE + line
    merged = back(now)
    assert merged is not None
    assert sorted(merged.splitlines()) == sorted(render(parse(there)).splitlines())


def test_a_line_that_was_changed_beside_ours_stays_changed() -> None:
    now = PUSHED.replace("permit 10.0.0.0/8", "permit 10.0.0.0/9")
    assert told(now) == ["- ip prefix-list A seq 5 permit 10.0.0.0/8", "+ ip prefix-list A seq 5 permit 10.0.0.0/9"]
    merged = back(now)
    assert merged is not None
    assert sorted(merged.splitlines()) == sorted(
        render(parse(BEFORE.replace("permit 10.0.0.0/8", "permit 10.0.0.0/9"))).splitlines()
    )


def test_what_was_typed_into_what_only_the_push_has_made_cannot_be_kept() -> None:
    now = PUSHED.replace(" set metric 5\n", " set metric 5\n set local-preference 50\n")
    assert any("set local-preference 50" in line for line in told(now))
    assert back(now) is None


@pytest.mark.parametrize(
    "now",
    [BEFORE, "", "ip prefix-list A seq 5 permit 10.0.0.0/8\n", PUSHED.replace("  network 10.9.0.0/16\n", "")],
)
def test_a_daemon_that_came_back_with_less_is_nobody(now: str) -> None:
    assert told(now) == []
    assert back(now) is None


def test_what_was_added_is_told_even_then() -> None:
    now = BEFORE + "ip prefix-list THEIRS seq 5 permit 198.18.0.0/15\n"
    assert told(now) == ["+ ip prefix-list THEIRS seq 5 permit 198.18.0.0/15"]
    assert back(now) is None


def test_somebody_who_changes_what_was_pushed_has_it_restored() -> None:
    now = PUSHED.replace("description new", "description theirs")
    assert "+  neighbor 192.0.2.1 description theirs" in told(now)
    assert back(now) is None
