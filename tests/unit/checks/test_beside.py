"""What somebody else has made beside ours: known, new, or never looked at."""

from pathlib import Path

from msgspec.structs import replace

from routebook.checks import beside
from routebook.checks.findings import Finding
from routebook.checks.normal import Normal
from routebook.device.candidate import Candidate, Section
from routebook.device.plan import HostPlan
from routebook.device.values import Beside, Change, Snapshot
from routebook.platforms.asa.beside import beside as beside_on_asa
from routebook.platforms.asa.config import parse
from routebook.platforms.frr.foreign import beside as beside_on_frr
from routebook.run.baseline import Baseline

LIST, MAP = Beside("policy", "ip prefix-list THEIRS"), Beside("policy", "route-map THEIRS")
POLICY = Section("policy", "frr", "", ("ip prefix-list *", "route-map *"))
BGP = Section("bgp", "frr", "", ("router bgp [0-9] / *",))


def known(tmp_path: Path, *found: Beside, sections: tuple[Section, ...] = (POLICY,)) -> Baseline:
    kept = Baseline(tmp_path / "baseline.json")
    kept.know_beside({"edge": planned(*found, sections=sections)})
    return kept


def planned(*found: Beside, sections: tuple[Section, ...] = (POLICY,)) -> HostPlan:
    return HostPlan(Snapshot({}), Change("", (), (), (), "", beside=found), Candidate(sections))


def judged(kept: Baseline, *found: Beside) -> list[Finding]:
    return list(beside.check("edge", found, kept.normal()))


def test_what_was_there_is_known_and_what_has_appeared_fails(tmp_path: Path) -> None:
    kept = known(tmp_path, LIST)
    assert [each.status for each in judged(kept, LIST)] == ["ok"]
    (found,) = judged(kept, LIST, MAP)
    assert (found.check, found.status) == ("config.extra", "failed")
    assert found.cause.startswith("route-map THEIRS: not in the intent, and not there at the last confirmed run")
    assert len(found.evidence) == 2
    assert judged(kept) == []


def test_where_nothing_is_known_or_a_section_was_never_looked_at_it_is_a_warning(tmp_path: Path) -> None:
    assert [each.status for each in beside.check("edge", [LIST], Normal())] == ["warning"]
    assert [each.status for each in judged(known(tmp_path), Beside("bgp", "router bgp 1 / timers bgp"))] == ["warning"]


def test_what_was_taken_away_is_new_when_it_comes_again_after_a_confirmed_run(tmp_path: Path) -> None:
    kept = known(tmp_path, LIST)
    kept.know_beside({"edge": planned()})
    assert [each.status for each in judged(kept, LIST)] == ["failed"]


def test_a_run_of_one_section_forgets_nothing_of_another(tmp_path: Path) -> None:
    option = Beside("bgp", "router bgp 1 / timers bgp")
    kept = known(tmp_path, LIST, option, sections=(POLICY, BGP))
    kept.know_beside({"edge": planned(sections=(BGP,))})
    assert [each.status for each in judged(kept, LIST)] == ["ok"]
    assert [each.status for each in judged(kept, option)] == ["failed"]


def test_accepting_sessions_anew_keeps_what_is_known_of_objects(tmp_path: Path) -> None:
    kept = known(tmp_path, LIST)
    kept.know(["edge"], [], anew=True)
    assert [each.status for each in judged(kept, LIST)] == ["ok"]


def test_a_rollback_has_no_sections_and_teaches_nothing(tmp_path: Path) -> None:
    kept = known(tmp_path, LIST)
    kept.know_beside({"edge": replace(planned(MAP), candidate=None)})
    assert [each.status for each in judged(kept, MAP)] == ["failed"]


def test_on_frr_sessions_are_left_to_those_who_list_them() -> None:
    names = {"router bgp 1 / neighbor 192.0.2.1", "router bgp 1 / neighbor LAN", "route-map THEIRS"}
    assert list(beside_on_frr(names, (POLICY, BGP))) == [
        Beside("policy", "route-map THEIRS"),
        Beside("bgp", "router bgp 1 / neighbor LAN"),
    ]


def test_on_an_asa_lists_and_maps_count_by_name_and_what_is_recorded_is_ours() -> None:
    running = parse(
        "access-list THEIRS extended permit ip any any\n"
        "access-list THEIRS extended deny ip any any\n"
        "access-list ROUTEBOOK remark policy:\n"
        "access-list ROUTEBOOK remark policy: route-map RB-OUT\n"
        "access-list ROUTEBOOK remark policy: ipv6 prefix-list RB-OWN\n"
        "ipv6 prefix-list RB-OWN seq 5 permit 2001:db8::/32\n"
        "ipv6 prefix-list RB-OWN seq 6 permit 2001:db9::/32\n"
        "ipv6 prefix-list THEIRS seq 5 permit 2001:db8::/32\n"
        "ipv6 prefix-list THEIRS seq 6 permit 2001:db8::/33\n"
        "route-map RB-OUT permit 10\n"
        "route-map RB-MINE permit 10\n"
        "interface GigabitEthernet0/0\n"
    )
    owns = ("prefix-list RB-*", "ipv6 prefix-list RB-*", "route-map RB-*")
    policy, tunnels = Section("policy", "asa", "", owns), Section("cryptomap", "asa", "", ("access-list RB-*",))
    assert list(beside_on_asa(running, (policy, tunnels))) == [
        Beside("cryptomap", "access-list THEIRS"),
        Beside("policy", "ipv6 prefix-list THEIRS"),
        Beside("policy", "route-map RB-MINE"),
    ]
