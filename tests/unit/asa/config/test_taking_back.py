"""An earlier change of an ASA is taken back alone: what was configured elsewhere since stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.platforms.asa.config import Block, apply, canonical, parse, restoration
from routebook.platforms.asa.config.taking_back import taken_back
from tests.unit.asa.config.generated import Ours, ours
from tests.unit.asa.config.test_generated import PROFILE, running

HAND = (
    Block((), ("ntp server 192.0.2.123",)),
    Block(("object network BY-HAND",), ("host 192.0.2.77",)),
    Block((), ("access-list BY-HAND extended permit ip any any",)),
    Block(("route-map BY-HAND permit 10",), ("set metric 7",)),
    Block((), ("crypto map outside_map 99 set peer 192.0.2.99", "tunnel-group 192.0.2.99 type ipsec-l2l")),
    Block(("tunnel-group 192.0.2.99 ipsec-attributes",), ("ikev1 pre-shared-key by-hand",)),
    Block((), ("hostname renamed",)),
)

BASE = """\
route-map RB-IN permit 10
 set local-preference 150
tunnel-group 192.0.2.1 type ipsec-l2l
tunnel-group 192.0.2.1 ipsec-attributes
 ikev2 remote-authentication pre-shared-key old
router bgp 65550
 address-family ipv4 unicast
  neighbor 192.0.2.1 remote-as 64496
  neighbor 192.0.2.1 maximum-prefix 1000
  neighbor 192.0.2.2 remote-as 64497
"""


@PROFILE
@given(ours(), ours())
def test_without_a_later_change_it_is_exactly_what_was_before(before: Ours, made: Ours) -> None:
    old, new = running(before), running(made)
    config, found = taken_back(old, new, new)
    assert (canonical(config), found.overlaps) == (canonical(old), ())


@PROFILE
@given(ours(), ours(), st.sets(st.sampled_from(HAND)))
def test_what_was_typed_elsewhere_since_stays(before: Ours, made: Ours, typed: set[Block]) -> None:
    by_hand = [block for block in HAND if block in typed]
    old, new = running(before), running(made)
    now = apply(new, by_hand)
    config, found = taken_back(old, new, now)
    assert found.overlaps == ()
    assert canonical(config) == canonical(apply(old, by_hand))
    # And the commands that the device gets lead there.
    assert canonical(apply(now, restoration(now, config).commands)) == canonical(config)


@settings(PROFILE, max_examples=8)
@given(ours(), ours(), ours())
def test_a_later_version_of_the_same_objects_gives_what_leads_there_or_is_in_the_way(
    before: Ours, made: Ours, later: Ours
) -> None:
    old, new, now = running(before), running(made), running(later)
    config, found = taken_back(old, new, now)
    if not found.overlaps:
        assert canonical(apply(now, restoration(now, config).commands)) == canonical(config)


def in_the_way(made: str, now: str) -> str:
    return "; ".join(map(str, taken_back(parse(BASE), parse(made), parse(now))[1].overlaps))


def test_another_object_and_another_neighbor_that_were_changed_since_stay() -> None:
    made = BASE.replace("maximum-prefix 1000", "maximum-prefix 900")
    now = made.replace("preference 150", "preference 170") + "  neighbor 192.0.2.2 weight 5\n"
    config, found = taken_back(parse(BASE), parse(made), parse(now))
    assert found.overlaps == ()
    expected = BASE.replace("preference 150", "preference 170") + "  neighbor 192.0.2.2 weight 5\n"
    assert canonical(config) == canonical(parse(expected))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("maximum-prefix 1000", "maximum-prefix 900"), ("maximum-prefix 900", "maximum-prefix 800")),
        (("preference 150", "preference 160"), ("preference 160", "preference 170")),
        (("key old", "key new"), ("key new", "key newest")),
    ],
)
def test_a_setting_that_was_changed_again_is_in_the_way(one: tuple[str, str], other: tuple[str, str]) -> None:
    made = BASE.replace(*one)
    told = in_the_way(made, made.replace(*other))
    assert ("<secret>" if "key" in other[1] else other[1]) in told
    assert "newest" not in told


def test_a_list_whose_lines_have_an_order_is_one_object() -> None:
    entry = "access-list RB-A extended permit ip any host 192.0.2.{}\n"
    made = BASE + entry.format(1)
    assert "access-list RB-A" in in_the_way(made, made + entry.format(2))


def test_a_route_map_that_the_change_made_and_that_is_used_since_is_in_the_way() -> None:
    made = "route-map RB-NEW permit 10\n" + BASE
    assert "route-map RB-NEW would no longer be defined" in in_the_way(
        made, made + "  neighbor 192.0.2.2 route-map RB-NEW in\n"
    )


def test_an_old_key_that_comes_back_is_said() -> None:
    made = parse(BASE.replace("key old", "key new"))
    (told,) = taken_back(parse(BASE), made, made)[1].old_secrets
    assert told.endswith("ikev2 remote-authentication pre-shared-key <secret>")
    assert "192.0.2.1" in told


def test_the_record_of_two_changes_is_taken_back_one_by_one() -> None:
    def record(*names: str) -> str:
        return "".join(f"access-list ROUTEBOOK remark s:{name and f' {name}'}\n" for name in ("", *sorted(names)))

    first = "access-list RB-a extended permit ip any4 any4\n"
    second = "access-list RB-b extended permit ip any4 any4\n"
    before, made = parse(""), parse(record("access-list RB-a") + first)
    now = parse(record("access-list RB-a", "access-list RB-b") + first + second)
    config, found = taken_back(before, made, now)
    assert not found.overlaps
    assert "RB-a" not in str(config)
    assert "access-list ROUTEBOOK remark s: access-list RB-b" in str(config)
    assert second in str(config)
