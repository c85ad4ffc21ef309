"""What Routebook owns is recorded with its changes: what it has made goes, and what has its names by chance stays."""

import dataclasses

import pytest

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.frr import manifest
from routebook.platforms.frr.candidate import missing, target, wanted
from routebook.platforms.frr.command import render_commands
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.foreign import beside_others
from routebook.platforms.frr.meaning import same
from routebook.platforms.frr.taking_back import taken_back
from routebook.platforms.frr.tree import Tree, parse, render

POLICY = ("ip prefix-list RB-*", "route-map RB-*")
IN = "route-map RB-IN permit 10\n match ip address prefix-list RB-OWN\nexit\n"
OWN = "ip prefix-list RB-OWN seq 5 permit 10.3.0.0/16\n"
OUT = "route-map RB-OUT deny 10\nexit\n"
THEIRS = "route-map RB-BY-HAND permit 10\n set metric 20\nexit\n"
FAST = "bfd\n profile RB-FAST\n  transmit-interval 100\n exit\nexit\n"


def policy(text: str, owns: tuple[str, ...] = POLICY) -> Section:
    return Section("policy", "frr", text, owns)


def bfd(text: str) -> Section:
    return Section("bfd", "frr", text, ("bfd / profile RB-*",))


def after(running: Tree, *sections: Section) -> Tree:
    """What runs once these sections have been pushed, with the record where something changes."""
    candidate, _ = beside_others(wanted(sections), sections, running)
    if same(target(running, candidate), running) and not manifest.released(candidate, sections, running):
        return running
    candidate = manifest.with_record(candidate, sections, running)
    due = target(running, candidate)
    assert missing(due, candidate) == ([], [])
    return due


def made() -> Tree:
    return after((), policy(OWN + IN), bfd(FAST))


def test_a_change_brings_the_record_of_what_each_section_owns() -> None:
    assert manifest.read(made()) == {
        "policy": frozenset({"ip prefix-list RB-OWN", "route-map RB-IN"}),
        "bfd": frozenset({"bfd / profile RB-FAST"}),
    }


def test_nothing_is_sent_a_second_time() -> None:
    running = made()
    assert after(running, policy(OWN + IN), bfd(FAST)) is running


def test_the_first_plan_for_a_host_without_a_record_is_empty_and_its_first_change_brings_one() -> None:
    running = parse(OWN + IN)
    assert after(running, policy(OWN + IN)) is running
    changed = after(running, policy(OWN + IN + OUT))
    assert manifest.read(changed)["policy"] == {"ip prefix-list RB-OWN", "route-map RB-IN", "route-map RB-OUT"}


def test_without_a_record_what_has_our_names_is_ours() -> None:
    changed = after(parse(OWN + IN + THEIRS), policy(OWN + IN))
    assert render(changed).find("RB-BY-HAND") == -1


def test_what_is_recorded_and_no_longer_intended_goes_whatever_has_become_of_it() -> None:
    running = after(made(), policy(OWN + IN + OUT))
    touched = parse(render(running).replace("route-map RB-OUT deny 10", "route-map RB-OUT permit 10"))
    changed = after(touched, policy(OWN + IN))
    assert "no route-map RB-OUT\n" in render_commands(commands(touched, changed))
    assert "RB-OUT" not in render(changed)


def test_with_a_record_what_somebody_else_calls_as_ours_are_stays() -> None:
    theirs = f"{THEIRS}bfd\n profile RB-SLOW\n exit\nexit\n"
    running = parse(render(made()) + theirs)
    sections = policy(OWN), bfd(FAST)
    assert manifest.foreign(wanted(sections), sections, running) == {"route-map RB-BY-HAND", "bfd / profile RB-SLOW"}
    changed = after(running, *sections)
    assert set(parse(THEIRS)) <= set(changed)
    assert "profile RB-SLOW" in render(changed)
    assert "RB-IN" not in render(changed)
    assert not any("RB-BY-HAND" in name for names in manifest.read(changed).values() for name in names)


def test_a_name_that_somebody_else_has_is_refused_unless_it_is_adopted() -> None:
    running = parse(render(made()) + THEIRS)
    ours = OWN + IN + THEIRS.replace("20", "30")
    with pytest.raises(
        CandidateError, match=r"`route-map RB-BY-HAND` is somebody else's.*adopt: \[route-map RB-BY-HAND\]"
    ):
        after(running, policy(ours))
    changed = after(running, policy(ours, (*POLICY, "route-map RB-BY-HAND", "route-map RB-BY-HAND *")))
    assert "set metric 30" in render(changed)
    assert "route-map RB-BY-HAND" in manifest.read(changed)["policy"]


def test_what_is_there_to_the_letter_is_not_refused() -> None:
    running = parse(render(made()) + THEIRS)
    assert after(running, policy(OWN + IN + THEIRS), bfd(FAST)) is running


def test_a_section_that_is_not_in_the_plan_stays_recorded() -> None:
    changed = after(made(), policy(OWN))
    assert manifest.read(changed)["bfd"] == {"bfd / profile RB-FAST"}
    assert "profile RB-FAST" in render(changed)


def test_the_record_says_so_when_nothing_is_ours_any_more_and_no_name_makes_anything_ours_again() -> None:
    nothing = after(made(), policy(""), bfd(""))
    assert manifest.read(nothing) == {"policy": frozenset(), "bfd": frozenset()}
    assert all(block.line.startswith("access-list ROUTEBOOK-") for block in nothing)
    assert after(nothing, policy(""), bfd("")) is nothing
    typed = parse(render(nothing) + THEIRS)
    assert after(typed, policy(""), bfd("")) is typed


def let_go(section: Section, *names: str) -> Section:
    return dataclasses.replace(section, releases=frozenset(names))


def test_what_is_released_stays_and_the_record_has_it_no_more() -> None:
    both = after((), policy(OWN + IN + OUT))
    gone = after(both, let_go(policy(OWN + IN), "route-map RB-OUT"))
    assert manifest.read(gone)["policy"] == {"ip prefix-list RB-OWN", "route-map RB-IN"}
    assert render_commands(commands(both, gone)).count("\n") == 1  # the record's line
    assert set(parse(OUT)) <= set(gone)
    for later in (let_go(policy(OWN + IN), "route-map RB-OUT"), policy(OWN + IN)):
        assert after(gone, later) is gone


def test_what_is_released_before_there_is_a_record_is_left_out_of_the_first_one() -> None:
    running = parse(OWN + IN + THEIRS)
    gone = after(running, let_go(policy(OWN + IN), "route-map RB-BY-HAND"))
    assert set(running) <= set(gone)
    assert manifest.read(gone)["policy"] == {"ip prefix-list RB-OWN", "route-map RB-IN"}
    assert after(gone, policy(OWN + IN)) is gone


def test_a_line_of_it_that_somebody_has_changed_says_nothing() -> None:
    running = parse(render(made()).replace("remark policy: route-map RB-IN", "remark policy: route-map RB-OTHER"))
    assert manifest.read(running)["policy"] == {"ip prefix-list RB-OWN"}


def test_a_record_is_made_for_sections_that_own_something_alone() -> None:
    merged = Section("merged", "frr", OWN, ())
    assert manifest.read(after((), merged)) == {}
    assert manifest.read(after((), Section("whole", "frr", OWN, ("*",)))) == {}


def test_what_a_change_recorded_is_taken_back_with_it_and_a_later_one_stays() -> None:
    first = made()
    second = after(first, policy(OWN + IN + OUT), bfd(FAST))
    third = after(second, policy(OWN + IN + OUT), bfd(FAST.replace("RB-FAST", "RB-OTHER")))
    tree, found = taken_back(first, second, third)
    assert found.overlaps == ()
    assert manifest.read(tree) == {
        "policy": frozenset({"ip prefix-list RB-OWN", "route-map RB-IN"}),
        "bfd": frozenset({"bfd / profile RB-OTHER"}),
    }
