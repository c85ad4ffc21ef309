"""What is a default of FRR is decided by the profile and the release that the device says."""

import pytest

from routebook.platforms.frr.command import render_commands
from routebook.platforms.frr.defaults import profile, release, without_defaults
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.idempotence import unstable_lines
from routebook.platforms.frr.tree import Tree, parse, render

TRADITIONAL, DATACENTER = (
    "frr version 8.4.4\nfrr defaults traditional\n",
    "frr version 8.4.4\nfrr defaults datacenter\n",
)


def router(*lines: str) -> Tree:
    return parse("router bgp 65000\n neighbor 192.0.2.1 remote-as 65001\n" + "".join(f" {line}\n" for line in lines))


@pytest.mark.parametrize(
    ("running", "written", "stays"),
    [
        (TRADITIONAL, "timers 60 180", False),
        (TRADITIONAL, "timers connect 120", False),
        (TRADITIONAL, "timers 3 9", True),
        (TRADITIONAL, "timers connect 10", True),
        (DATACENTER, "timers 60 180", True),
        (DATACENTER, "timers connect 120", True),
        (DATACENTER, "timers 3 9", False),
        (DATACENTER, "timers connect 10", False),
        ("", "timers 60 180", False),
    ],
)
def test_timers_that_a_neighbor_has_by_default_are_no_lines(running: str, written: str, stays: bool) -> None:
    line = f"neighbor 192.0.2.1 {written}"
    assert (line in render(without_defaults(router(line), parse(running)))) is stays


def test_a_default_that_the_device_shows_stays_and_so_does_one_beside_timers_of_the_instance_or_a_group() -> None:
    line = "neighbor 192.0.2.1 timers 60 180"
    for candidate, running in (
        (router(line), (*parse(TRADITIONAL), *router(line))),
        (router("timers bgp 10 30", line), parse(TRADITIONAL)),
        (router("neighbor 192.0.2.1 peer-group G", line), parse(TRADITIONAL)),
    ):
        assert without_defaults(candidate, running) == candidate


def test_a_new_router_begins_with_the_defaults_of_the_release_whatever_its_file_says() -> None:
    begin = [
        " bgp network import-check",
        " bgp ebgp-requires-policy",
        " bgp suppress-duplicates",
        " bgp graceful-restart notification",
        " bgp hard-administrative-reset",
    ]
    sent = render_commands(commands((), router(), (8, 4))).splitlines()
    assert sent[:6] == ["router bgp 65000", *begin]
    assert " bgp enforce-first-as" in render_commands(commands((), router(), (10, 0))).splitlines()
    # bgpd says that it is of 9.1, but 9.1 does not know the command.
    assert "enforce-first-as" not in render_commands(commands((), router(), (9, 1)))
    datacenter = (*parse(DATACENTER), *router("no bgp network import-check"))
    sent = render_commands(commands(parse(DATACENTER), datacenter, (8, 2))).splitlines()
    assert sent[:3] == ["router bgp 65000", " bgp suppress-duplicates", " no bgp network import-check"]


def test_a_router_that_is_there_gets_no_such_lines() -> None:
    assert commands(router(), router("neighbor 192.0.2.1 shutdown"), (8, 4)) == commands(
        router(), router("neighbor 192.0.2.1 shutdown")
    )


@pytest.mark.parametrize(
    ("running", "line", "refused"),
    [
        (TRADITIONAL, "timers bgp 60 180", True),
        (TRADITIONAL, "bgp ebgp-requires-policy", True),
        (TRADITIONAL, "bgp log-neighbor-changes", False),
        (DATACENTER, "timers bgp 60 180", False),
        (DATACENTER, "timers bgp 3 9", True),
        (DATACENTER, "bgp ebgp-requires-policy", False),
        (DATACENTER, "bgp log-neighbor-changes", True),
        (DATACENTER, "bgp deterministic-med", True),
        (TRADITIONAL, "bgp deterministic-med", False),
        (TRADITIONAL, "no bgp deterministic-med", True),
        (TRADITIONAL, "bgp hard-administrative-reset", True),
        (TRADITIONAL, "no bgp hard-administrative-reset", False),
        (TRADITIONAL, "bgp enforce-first-as", False),
        (TRADITIONAL.replace("8.4.4", "10.3"), "bgp enforce-first-as", True),
        (DATACENTER.replace("8.4.4", "10.7.1"), "bgp default dynamic-capability", True),
        (TRADITIONAL.replace("8.4.4", "10.7.1"), "bgp default dynamic-capability", False),
    ],
)
def test_a_line_that_the_profile_has_by_default_would_never_be_shown(running: str, line: str, refused: bool) -> None:
    assert [found.line for found in unstable_lines(router(line), parse(running), release(running))] == (
        [line] if refused else []
    )


def test_profile_and_release_are_read_from_the_running_configuration() -> None:
    assert (profile(parse(DATACENTER)), release(DATACENTER)) == ("datacenter", (8, 4))
    assert (profile(()), release("")) == ("traditional", (0, 0))
    assert release("frr version 10.3-dev\n") == (10, 3)


def test_what_sets_all_timers_back_is_followed_by_those_of_the_neighbors() -> None:
    """`no timers bgp` sets the default of the time to connect as well, which FRR had shown with each neighbor."""
    line = "neighbor 192.0.2.1 timers connect 120"
    sent = render_commands(commands(router("timers bgp 60 180", line), router(line)))
    assert sent == f"router bgp 65000\n no timers bgp 60 180\n {line}\nexit\n"


def test_a_default_that_is_shown_with_every_neighbor_is_taken_away_where_it_is() -> None:
    """After another profile, `no neighbor … timers connect` alone would change nothing."""
    line = "neighbor 192.0.2.1 timers connect 10"
    assert " no timers bgp\n" in render_commands(commands(router(line), router()))
    other = "neighbor 192.0.2.2 remote-as 65002"
    assert "timers bgp" not in render_commands(commands(router(line, other), router(other)))
