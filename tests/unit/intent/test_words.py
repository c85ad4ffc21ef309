"""The words of policy: what is written is what a host gets, and what they leave open counts as let out."""

from pathlib import Path

import pytest

from routebook.intent.model import RouteMapRule
from routebook.project.render import Placeholders, render_host
from tests.networks.example import CHECKOUT
from tests.networks.project import Project, asa_project

OUT = "    OUT:\n      - permit: {prefix_list: OWN}\n"
EVERYTHING = "lets everything leave to edge1--upstream"


@pytest.fixture
def words(tmp_path: Path) -> Project:
    return Project(tmp_path, "every_word")


def rendered(project: Project, host: str = "edge1") -> list[str]:
    sections = render_host(project.load().hosts[host], CHECKOUT / "templates", Placeholders()).sections
    return [line.strip() for section in sections for line in section.text.splitlines()]


def errors(project: Project) -> list[str]:
    return [str(problem) for problem in project.problems() if problem.severity == "error"]


def test_every_word_is_right_and_warned_of_by_nothing(words: Project) -> None:
    assert words.problems() == ()


@pytest.mark.parametrize(
    "line",
    [
        "bgp community-list standard CUSTOMER seq 5 permit 65000:1 65000:2",
        "bgp community-list expanded ANY-OF-OURS seq 10 deny .*",
        "bgp large-community-list expanded ANY-LARGE seq 5 permit 65550:9:.*",
        "bgp as-path access-list UPSTREAM seq 20 deny .*",
        "description what upstream sends itself",
        "match community CUSTOMER exact-match",
        "match ipv6 next-hop prefix-list HOPS",
        "set local-preference +10",
        "set metric -5",
        "set comm-list ANY-OF-OURS delete",
        "set large-comm-list LARGE-PAIR delete",
        "set ipv6 next-hop global 2001:db8:f001::31",
        "set ip next-hop peer-address",
        "set src 10.255.3.1",
        "call COMMON",
        "on-match next",
        "on-match goto 90",
    ],
)
def test_a_word_is_rendered(words: Project, line: str) -> None:
    assert line in rendered(words)


def test_a_host_gets_what_its_maps_call_and_name_and_no_others(words: Project) -> None:
    assert "route-map COMMON permit 10" in rendered(words)
    assert not any("COMMON" in line for line in rendered(words, "edge2"))


@pytest.mark.parametrize(
    "entries",
    [
        "      - deny: {as_path: UPSTREAM}\n      - permit: all\n",
        "      - deny: {prefix_list: BOGONS, tag: 5}\n      - permit: {med: 10}\n",
        "      - permit: {origin: igp}\n        call: DENIES\n",
        "      - {seq: 10, permit: {tag: 1}, continue: 30}\n      - {seq: 20, deny: all}\n"
        "      - {seq: 30, permit: {prefix_list: OWN}}\n",
        "      - {seq: 10, permit: all, continue: next}\n      - {seq: 20, deny: {community: LARGE}}\n",
        "      - permit: {community: CUSTOMER}\n",
        "      - permit: {community: ANY-LARGE}\n",
    ],
)
def test_what_more_than_the_prefix_decides_counts_as_let_out(words: Project, entries: str) -> None:
    words.change("policy", OUT, f"    DENIES:\n      - deny: all\n    OUT:\n{entries}")
    assert any(EVERYTHING in each for each in errors(words)), errors(words)


def test_an_unconditional_denial_still_stops_what_follows(words: Project) -> None:
    words.change(
        "policy", OUT, "    OUT:\n      - {permit: {prefix_list: OWN}, continue: next}\n"
        "      - deny: all\n      - permit: {as_path: UPSTREAM}\n",
    )  # fmt: skip
    assert errors(words) == []


def test_our_own_prefix_is_not_said_to_be_gone_where_another_map_decides(words: Project) -> None:
    words.change("policy", OUT, OUT + "        call: COMMON\n")
    assert errors(words) == []


def test_an_own_prefix_is_taken_where_a_denial_depends_on_more(words: Project) -> None:
    words.change("policy", "      - deny: {prefix_list: BOGONS}\n", "      - deny: {prefix_list: BOGONS, med: 3}\n")
    assert any("takes our own 2001:db8:8e20::/48" in each for each in errors(words))


MISTAKES = [
    ("    COMMON:\n", "    COMMON:\n      - {seq: 1, permit: all, call: COMMON}\n", "COMMON calls itself"),
    ("call: COMMON", "call: COMON", "unknown route map 'COMON'; did you mean 'COMMON'?"),
    ("as_path: UPSTREAM", "as_path: UPSTRAEM", "unknown as path list 'UPSTRAEM'"),
    ("continue: 90", "continue: 20", "entry 40 goes on with 20"),
    ("exact: true, ", "", ""),
    ("community: CUSTOMER, exact", "exact", "exact is of a community list"),
    ('["permit ^64496_"', '["^64496_"', "'^64496_' is no entry"),
    ("{expanded: [", "{large: ['permit 1:2:3'], expanded: [", "is of one kind"),
    ("65000:1 65000:2", "65000:1 1:2:3", "is of the other kind"),
    ("    LARGE: [", "    99: [", "'99'"),
    ('med: "-5"', "med: -5", "neither a number from 0"),
    ("      - deny: {rpki: invalid}\n", "      - {deny: {rpki: invalid}, continue: next}\n", "goes no further"),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_a_mistake_is_told(words: Project, old: str, new: str, says: str) -> None:
    words.change("policy", old, new)
    assert any(says in each for each in errors(words)) if says else errors(words) == []


def test_a_firewall_has_not_every_word_and_is_refused_at_the_entry(words: Project) -> None:
    asa_project(words)
    words.change("policy", "    RB-IN:\n", "    RB-IN:\n      - permit: {origin: igp}\n        continue: next\n")
    (found,) = [problem for problem in words.problems() if "no continue here" in problem.message]
    assert found.mark.line == words.line("policy", "      - permit: {origin: igp}\n")
    assert "RB-IN, entry 10, is needed on fw1, which is an ASA and has no origin, no continue here" in found.message


def test_an_entry_depends_on_more_than_its_prefix_by_any_of_its_other_conditions() -> None:
    names = [name for name in RouteMapRule.__struct_fields__ if name.startswith("match_")]
    assert len(names) == 11
    for name in names:
        value = name.removeprefix("match_") if name not in ("match_local_preference", "match_med", "match_tag") else 0
        rule = RouteMapRule(seq=10, action="permit", **{name: value})  # type: ignore[arg-type]  # each of its own type
        assert rule.conditional is (name not in ("match_prefix_list", "match_exact")), name
