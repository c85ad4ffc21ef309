"""Objects inside `router bgp` are owned one by one: what is not recorded, rendered or adopted is in no command."""

import dataclasses

import pytest

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.frr import manifest
from routebook.platforms.frr.candidate import missing, target, wanted
from routebook.platforms.frr.command import render_commands
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.foreign import beside_others
from routebook.platforms.frr.meaning import explicit, same
from routebook.platforms.frr.tree import Tree, lines_of, parse
from routebook.platforms.frr.words import adopted, managed
from tests.unit.frr.test_record import after

BGP = "router bgp [0-9][0-9][0-9][0-9][0-9] / *"
POLICY = ("ip prefix-list *", "route-map *")
HEAD = "router bgp 65550\n bgp router-id 10.255.3.1\n no bgp default ipv4-unicast\n"
OURS = f"""{HEAD} no bgp network import-check
 neighbor 192.0.2.1 remote-as 64496
 neighbor 192.0.2.1 description ours
 address-family ipv4 unicast
  network 10.3.0.0/16
  neighbor 192.0.2.1 activate
  neighbor 192.0.2.1 route-map CUSTOMER-IN in
 exit-address-family
exit
"""
SECOND = OURS.replace(
    " neighbor 192.0.2.1 remote-as", " neighbor 192.0.2.5 remote-as 64500\n neighbor 192.0.2.1 remote-as", 1
).replace("  network", "  neighbor 192.0.2.5 activate\n  network")
MAP = "route-map CUSTOMER-IN permit 10\n set metric 20\nexit\n"
THEIRS = """route-map BY-HAND permit 10
exit
router bgp 65550
 bgp router-id 10.255.3.1
 bgp log-neighbor-changes
 neighbor GROUP peer-group
 neighbor GROUP remote-as 64501
 neighbor 198.51.100.9 remote-as 64499
 neighbor 198.51.100.9 description by hand
 neighbor 198.51.100.10 peer-group GROUP
 bgp listen range 198.51.100.0/24 peer-group GROUP
 address-family ipv4 unicast
  network 203.0.113.0/24
  aggregate-address 203.0.112.0/20
  redistribute connected
  neighbor 198.51.100.9 route-map BY-HAND in
 exit-address-family
 address-family ipv6 unicast
  neighbor 198.51.100.9 activate
 exit-address-family
exit
"""


def bgp(text: str = "", *more: str) -> Section:
    return Section("bgp", "frr", text, (BGP, *more))


def policy(text: str = "", *more: str) -> Section:
    return Section("policy", "frr", text, (*POLICY, *more))


def warnings(running: Tree, *sections: Section) -> list[str]:
    return beside_others(wanted(sections), sections, running)[1]


def without_record(tree: Tree) -> Tree:
    return tuple(block for block in tree if not block.line.startswith("access-list ROUTEBOOK-"))


def mixed() -> Tree:
    return after(parse(THEIRS), bgp(OURS), policy(MAP))


def test_a_session_beside_somebody_elses_is_added_by_its_own_commands_alone() -> None:
    before = parse(THEIRS)
    made = mixed()
    sent = render_commands(commands(before, made))
    assert "198.51.100" not in sent
    assert "203.0.113" not in sent
    assert "GROUP" not in sent
    assert "log-neighbor" not in sent
    assert lines_of(explicit(before)) <= lines_of(explicit(made))
    assert {effect.kind for effect in forecast(before, made)} <= {"session-new", "policy", "prefix-new", "note"}
    assert [effect.subject for effect in forecast(before, made) if effect.kind.startswith("session")] == ["192.0.2.1"]


def test_what_everybodys_defaults_are_stays_where_somebody_else_relies_on_them() -> None:
    made = mixed()
    lines = {line for block in made for _, line in block.walk()}
    assert "no bgp default ipv4-unicast" not in lines
    assert "no bgp network import-check" not in lines
    assert any("import-check` is left out" in said for said in warnings(made, bgp(OURS), policy(MAP)))
    six = OURS.replace("  neighbor 192.0.2.1 activate\n", "").replace("exit\n", "")
    assert "no neighbor 192.0.2.1 activate" in render_commands(
        commands(parse(THEIRS), after(parse(THEIRS), bgp(six), policy(MAP)))
    )


def test_the_second_plan_is_empty_and_names_what_is_left_alone() -> None:
    made = mixed()
    assert after(made, bgp(OURS), policy(MAP)) is made
    said = " ".join(warnings(made, bgp(OURS), policy(MAP)))
    for name in (
        *("neighbor GROUP", "neighbor 198.51.100.9", "neighbor 198.51.100.10", "bgp listen range 198.51.100.0/24"),
        *("ipv4 unicast / network 203.0.113.0/24", "ipv4 unicast / aggregate-address 203.0.112.0/20"),
        *("ipv4 unicast / redistribute connected", "bgp log-neighbor-changes", "route-map BY-HAND"),
    ):
        assert name in said
    assert "192.0.2.1" not in said


def test_the_record_names_each_object() -> None:
    assert manifest.read(mixed()) == {
        "bgp": {
            "router bgp 65550 / bgp router-id",
            "router bgp 65550 / neighbor 192.0.2.1",
            "router bgp 65550 / ipv4 unicast / network 10.3.0.0/16",
        },
        "policy": {"route-map CUSTOMER-IN"},
    }


def test_with_the_record_on_the_device_alone_what_left_the_inventory_goes_and_nothing_else() -> None:
    two = after(mixed(), bgp(SECOND), policy(MAP))
    one = after(two, bgp(OURS), policy(MAP))
    sent = render_commands(commands(two, one))
    assert "no neighbor 192.0.2.5\n" in sent
    assert set(sent.split()) & {"192.0.2.1", "198.51.100.9"} == set()
    assert same(one, mixed())


def test_without_a_session_left_the_options_stay_with_what_is_somebody_elses() -> None:
    none = after(mixed(), bgp(), policy())
    assert same(without_record(none), parse(THEIRS))
    assert manifest.read(none) == {"bgp": frozenset(), "policy": frozenset()}


def test_a_router_that_is_ours_alone_goes_as_a_whole() -> None:
    made = after((), bgp(OURS), policy(MAP))
    assert "no bgp default ipv4-unicast" in {line for block in made for _, line in block.walk()}
    assert without_record(after(made, bgp(), policy())) == ()


def test_what_somebody_types_into_our_router_later_is_theirs() -> None:
    made = after((), bgp(OURS), policy(MAP))
    typed = target(made, wanted([Section("x", "frr", "router bgp 65550\n neighbor 192.0.2.9 remote-as 1\nexit\n", ())]))
    changed = after(typed, bgp(SECOND), policy(MAP))
    assert "192.0.2.9" not in render_commands(commands(typed, changed))
    assert same(after(changed, bgp(OURS), policy(MAP)), typed)


@pytest.mark.parametrize(
    ("theirs", "adopt"),
    [
        ("router bgp 65550\n neighbor 192.0.2.1 remote-as 64497\nexit\n", "neighbor 192.0.2.1"),
        ("router bgp 65550\n bgp router-id 10.9.9.9\nexit\n", "bgp router-id"),
        (
            "router bgp 65550\n address-family ipv4 unicast\n  network 10.3.0.0/16 route-map X\n exit\nexit\n",
            "network 10.3.0.0/16",
        ),
        ("route-map CUSTOMER-IN deny 10\nexit\n", "route-map CUSTOMER-IN"),
    ],
)
def test_another_one_of_a_name_is_refused_unless_it_is_adopted(theirs: str, adopt: str) -> None:
    running = parse(theirs)
    with pytest.raises(CandidateError, match=rf"adopt: \[{adopt}\]"):
        after(running, bgp(OURS), policy(MAP))
    changed = after(running, bgp(OURS, *adopted(adopt, "frr", OURS)), policy(MAP, *adopted(adopt, "frr", MAP)))
    assert missing(changed, wanted([bgp(OURS), policy(MAP)])) == ([], [])
    assert after(changed, bgp(OURS), policy(MAP)) is changed


def test_what_is_there_to_the_letter_is_taken_over() -> None:
    running = parse(THEIRS + MAP + OURS)
    assert after(running, bgp(OURS), policy(MAP)) is running
    changed = after(running, bgp(SECOND), policy(MAP))
    assert "192.0.2.1 " not in render_commands(commands(running, changed))
    assert "router bgp 65550 / neighbor 192.0.2.1" in manifest.read(changed)["bgp"]
    assert "router bgp 65550 / neighbor 198.51.100.9" not in manifest.read(changed)["bgp"]


def test_another_as_than_the_one_of_somebody_elses_router_is_refused() -> None:
    running = parse("router bgp 65551\n neighbor 192.0.2.9 remote-as 64496\nexit\n")
    with pytest.raises(CandidateError, match="correct asn"):
        after(running, bgp(OURS), policy(MAP))


def whole(text: str) -> Section:
    return Section("bgp", "frr", text, ("router bgp [0-9][0-9][0-9][0-9][0-9]",))


def test_a_router_that_was_owned_as_a_whole_stays_owned_and_its_record_becomes_finer() -> None:
    running = after((), whole(OURS), Section("policy", "frr", MAP, ("route-map *",)))
    assert manifest.read(running)["bgp"] == {"router bgp 65550"}
    assert after(running, bgp(OURS), policy(MAP)) is running
    assert warnings(running, bgp(OURS), policy(MAP)) == []
    typed = target(
        running, wanted([Section("x", "frr", "router bgp 65550\n neighbor 192.0.2.9 remote-as 1\nexit\n", ())])
    )
    sent = render_commands(commands(typed, after(typed, bgp(OURS), policy(MAP))))
    assert "no neighbor 192.0.2.9\n" in sent
    finer = after(running, bgp(SECOND), policy(MAP))
    assert "router bgp 65550" not in manifest.read(finer)["bgp"]
    assert "router bgp 65550 / neighbor 192.0.2.1" in manifest.read(finer)["bgp"]
    assert "no neighbor 192.0.2.5\n" in render_commands(commands(finer, after(finer, bgp(OURS), policy(MAP))))


def test_manage_all_means_the_whole_router() -> None:
    all_of_it = bgp(OURS, *managed("frr", OURS))
    changed = after(parse(THEIRS), all_of_it, policy(MAP))
    assert "198.51.100.9" not in {word for block in changed for _, line in block.walk() for word in line.split()}
    assert warnings(parse(THEIRS), all_of_it, policy(MAP)) == ["somebody else's and left alone: route-map BY-HAND"]
    assert manifest.read(changed)["bgp"] == {"router bgp 65550"}


def test_what_somebody_else_still_uses_is_left_to_them() -> None:
    made = mixed()
    using = target(
        made,
        wanted(
            [
                Section(
                    "x",
                    "frr",
                    "router bgp 65550\n address-family ipv4 unicast\n"
                    "  neighbor 198.51.100.9 route-map CUSTOMER-IN out\n exit\nexit\n",
                    (),
                )
            ]
        ),
    )
    gone = after(using, bgp(), policy())
    assert set(parse(MAP)) <= set(gone)
    assert any("uses it: it is left to them" in said for said in warnings(using, bgp(), policy()))
    assert manifest.read(gone) == {"bgp": frozenset(), "policy": frozenset()}


def test_rpki_caches_are_somebodys_too() -> None:
    theirs = parse("rpki\n rpki cache 192.0.2.7 3323 preference 1\nexit\n")
    section = Section("rpki", "frr", "", ("rpki / *",))
    assert after(theirs, section, policy(MAP)) != theirs
    assert set(theirs) <= set(after(theirs, section, policy(MAP)))
    ours = Section("rpki", "frr", "rpki\n rpki cache 192.0.2.8 3323 preference 2\nexit\n", ("rpki / *",))
    both = after(theirs, ours)
    assert same(without_record(after(both, section)), theirs)


def test_a_released_session_stays_as_it_is_and_is_somebody_elses_from_then_on() -> None:
    two = after(mixed(), bgp(SECOND), policy(MAP))
    one = after(two, dataclasses.replace(bgp(OURS), releases=frozenset({"neighbor 192.0.2.5"})), policy(MAP))
    assert same(without_record(one), without_record(two))
    assert "router bgp 65550 / neighbor 192.0.2.5" not in manifest.read(one)["bgp"]
    assert after(one, bgp(OURS), policy(MAP)) is one
    assert any("neighbor 192.0.2.5" in said for said in warnings(one, bgp(OURS), policy(MAP)))
