"""An earlier change of FRR is taken back alone: what was configured elsewhere stays, what stands on it is named."""

import re

import pytest
from hypothesis import example, given

from routebook.platforms.frr.meaning import same
from routebook.platforms.frr.taking_back import taken_back
from routebook.platforms.frr.tree import Block, Tree, lines_of, parse, render
from tests.unit.frr.test_difference import configurations

BASE = """\
ip prefix-list RB-P seq 5 permit 10.0.0.0/8
route-map RB-IN permit 10
 set local-preference 150
exit
route-map RB-OUT permit 10
exit
router bgp 65550
 neighbor 192.0.2.1 remote-as 64496
 neighbor 192.0.2.1 password old
 neighbor 192.0.2.2 remote-as 64497
 address-family ipv4 unicast
  neighbor 192.0.2.1 maximum-prefix 1000
  neighbor 192.0.2.1 route-map RB-IN in
  neighbor 192.0.2.2 maximum-prefix 1000
 exit-address-family
exit
"""


def text(before: str, made: str, now: str) -> str:
    tree, found = taken_back(parse(before), parse(made), parse(now))
    assert found.overlaps == ()
    return render(tree)


def in_the_way(before: str, made: str, now: str) -> str:
    _, found = taken_back(parse(before), parse(made), parse(now))
    return "; ".join(map(str, found.overlaps))


def placed(tree: Tree) -> set[tuple[tuple[str, ...], str]]:
    """Every line with its context; an entry of a route map is the same place whatever its action."""
    return {
        (tuple(re.sub(r"^(route-map \S+) (?:permit|deny)", r"\1", place) for place in places), line)
        for places, line in lines_of(tree)
    }


ENTRY, DENIED = (Block("route-map RB-A permit 1"),), (Block("route-map RB-A deny 1"),)


@given(configurations(), configurations())
def test_without_a_later_change_it_is_exactly_what_was_before(before: Tree, made: Tree) -> None:
    tree, found = taken_back(before, made, made)
    assert (tree, found.overlaps) == (before, ())


@given(configurations(), configurations(), configurations())
@example(ENTRY, DENIED, (Block("route-map RB-A deny 1", (Block("set metric 5"),)),))
def test_what_is_not_in_the_way_goes_and_comes_line_by_line_and_nothing_else(
    before: Tree, made: Tree, now: Tree
) -> None:
    tree, found = taken_back(before, made, now)
    if not found.overlaps:
        old, new, there = map(placed, (before, made, now))
        assert placed(tree) == (there - (new - old)) | (old - new)
        assert same(parse(render(tree)), tree)


@given(configurations())
def test_writing_the_objects_back_is_the_same_configuration(tree: Tree) -> None:
    again, _ = taken_back(tree, (), (Block("ip prefix-list X seq 5 permit any"),))
    again = tuple(block for block in again if "prefix-list X" not in block.line)
    assert same(again, tree)
    assert same(parse(render(again)), tree)


def test_another_object_that_was_changed_since_stays_changed() -> None:
    made = BASE.replace("192.0.2.1 maximum-prefix 1000", "192.0.2.1 maximum-prefix 900")
    now = made.replace("local-preference 150", "local-preference 170")
    assert text(BASE, made, now) == BASE.replace("local-preference 150", "local-preference 170")


def test_another_neighbor_that_was_added_since_stays() -> None:
    made = BASE.replace("192.0.2.1 maximum-prefix 1000", "192.0.2.1 maximum-prefix 900")
    more = "neighbor 192.0.2.3 remote-as 64498\n address-family"
    now = made.replace("address-family", more, 1)
    assert text(BASE, made, now) == BASE.replace("address-family", more, 1)


def test_the_same_setting_that_was_changed_again_is_in_the_way() -> None:
    made = BASE.replace("192.0.2.1 maximum-prefix 1000", "192.0.2.1 maximum-prefix 900")
    now = made.replace("maximum-prefix 900", "maximum-prefix 800")
    told = in_the_way(BASE, made, now)
    assert "neighbor 192.0.2.1 maximum-prefix: `neighbor 192.0.2.1 maximum-prefix 800`" in told


def test_a_neighbor_that_the_change_made_and_that_has_got_a_key_since_is_in_the_way_without_the_key() -> None:
    new = " neighbor 192.0.2.9 remote-as 64499\n"
    made = BASE.replace(" address-family", f"{new} address-family", 1)
    now = made.replace(new, f"{new} neighbor 192.0.2.9 password hush\n")
    told = in_the_way(BASE, made, now)
    assert "neighbor 192.0.2.9: `neighbor 192.0.2.9 password <secret>`" in told


def test_a_neighbor_that_the_change_made_and_that_was_activated_elsewhere_since_is_in_the_way() -> None:
    new = " neighbor 192.0.2.9 remote-as 64499\n"
    made = BASE.replace(" address-family", f"{new} address-family", 1)
    family = " address-family ipv6 unicast\n  neighbor 192.0.2.9 activate\n exit-address-family\n"
    told = in_the_way(BASE, made, made.removesuffix("exit\n") + family + "exit\n")
    assert "`neighbor 192.0.2.9 activate`" in told
    assert "a neighbor that is not there" in told


def test_a_list_that_the_change_made_and_that_is_used_since_is_in_the_way() -> None:
    """Without it FRR would drop every prefix there."""
    made = BASE + "ip prefix-list RB-NEW seq 5 permit 10.3.0.0/16\n"
    now = made.replace(
        "route-map RB-OUT permit 10\n", "route-map RB-OUT permit 10\n match ip address prefix-list RB-NEW\n"
    )
    assert "prefix-list RB-NEW is used by" in in_the_way(BASE, made, now)


def test_what_the_change_took_away_does_not_come_back_to_a_list_that_is_gone_since() -> None:
    made = BASE.replace("  neighbor 192.0.2.1 route-map RB-IN in\n", "")
    now = made.replace("route-map RB-IN permit 10\n set local-preference 150\nexit\n", "")
    assert "route-map RB-IN is used by neighbor 192.0.2.1" in in_the_way(BASE, made, now)


def test_entries_of_one_list_with_different_numbers_do_not_meet() -> None:
    made = BASE.replace("route-map RB-IN", "ip prefix-list RB-P seq 10 permit 10.3.0.0/16\nroute-map RB-IN", 1)
    now = made.replace("route-map RB-IN", "ip prefix-list RB-P seq 15 permit 10.4.0.0/16\nroute-map RB-IN", 1)
    assert "seq 10" not in text(BASE, made, now)
    assert "seq 15" in text(BASE, made, now)


@pytest.mark.parametrize("action", ["deny", "permit"])
def test_an_entry_of_a_route_map_is_one_whatever_its_action(action: str) -> None:
    made = BASE.replace("route-map RB-OUT permit 10", "route-map RB-OUT deny 10")
    now = made.replace("route-map RB-OUT deny 10\n", f"route-map RB-OUT {action} 10\n set metric 5\n")
    assert "route-map RB-OUT permit 10\n set metric 5\n" in text(BASE, made, now)


def test_an_old_key_that_comes_back_is_said() -> None:
    made = BASE.replace("password old", "password new")
    _, found = taken_back(parse(BASE), parse(made), parse(made))
    assert found.old_secrets == ("router bgp 65550 / neighbor 192.0.2.1 / neighbor 192.0.2.1 password <secret>",)
