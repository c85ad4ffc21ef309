"""A plan can be approved by its summary: everything that happens is counted, and named, without its difference."""

from routebook.device.values import Effect
from routebook.report.model import HostResult
from routebook.report.summary import Summary, summary
from routebook.report.terminal import render_changes, render_summary
from tests.unit.report.test_reports import Screen, shown


def a_host(*effects: Effect, diff: str = "- a\n+ b\n", warnings: tuple[str, ...] = ()) -> HostResult:
    return HostResult("planned", True, diff, ("a", "b"), ("c",), effects, warnings)


def lines(told: Summary) -> dict[str, str]:
    return dict(told.lines())


def test_what_happens_is_counted_and_named() -> None:
    hosts = {
        "no-edge1": a_host(
            Effect("session-reset", "2001:db8:f001::1", "password changes", "transit-no"),
            Effect("session-removed", "192.0.2.9", "neighbor removed"),
            Effect("tunnel-rekey", "no--ch", "proposals change"),
            Effect("prefix-new", "10.3.0.0/16", "originated"),
            warnings=("the file differs",),
        ),
        "ch-edge1": a_host(Effect("child-rekey", "no--ch", "selectors"), Effect("prefix-list", "RB-OUT", "changes")),
        "ch-edge2": HostResult("planned"),
    }
    assert lines(summary(hosts)) == {
        "2 hosts, 4 commands": "no-edge1, ch-edge1",
        "1 session that resets": "no-edge1 – transit-no (2001:db8:f001::1)",
        "1 session that goes": "no-edge1 – 192.0.2.9",
        "1 tunnel that re-keys": "no--ch (no-edge1, ch-edge1)",
        "1 prefix that comes": "10.3.0.0/16 (no-edge1)",
        "1 prefix list that changes": "RB-OUT (ch-edge1)",
        "1 warning": "the file differs",
    }


def test_a_session_between_two_hosts_is_one_session() -> None:
    hosts = {
        "a": a_host(Effect("session-new", "10.0.0.2", "", "b"), Effect("session-new", "2001:db8::2", "", "b")),
        "b": a_host(Effect("session-new", "10.0.0.1", "", "a"), Effect("session-new", "2001:db8::1", "", "a")),
        "c": a_host(Effect("session-new", "10.0.0.1", "", "a")),
    }
    assert [item.text for item in summary(hosts).items["sessions_new"]] == [
        "a – b (10.0.0.2)",
        "a – b (2001:db8::2)",
        "c – a (10.0.0.1)",
    ]


def test_what_is_foreign_is_said_by_name() -> None:
    hosts = {"a": a_host(Effect("session-reset", "10.3.0.2", "bgp router-id changes", foreign=True))}
    assert lines(summary(hosts))["1 foreign, touched"] == "a – 10.3.0.2, foreign"


def test_a_plan_that_touches_no_traffic_says_so() -> None:
    assert lines(summary({"a": a_host()}))["no session and no tunnel"] == "comes, goes, resets or re-keys"
    assert not summary({"a": HostResult("planned")})


def test_a_plan_of_the_whole_network_fits_on_one_screen_and_loses_nothing_for_programs() -> None:
    hosts = {
        f"no-edge{number}": a_host(
            *(Effect("session-new", f"2001:db8:{number}::{peer}", "new", f"transit-{peer}") for peer in range(20)),
            *(Effect("tunnel-new", f"no-edge{number}--{peer}", "new") for peer in range(20)),
            *(Effect("prefix-new", f"10.{number}.{peer}.0/24", "originated") for peer in range(20)),
            *(Effect("prefix-list", f"RB-{peer}", "new") for peer in range(20)),
            warnings=tuple(f"something is not as it should be in part {part}" for part in range(20)),
        )
        for number in range(13)
    }
    told = shown(render_summary(hosts), Screen(), 80).splitlines()
    assert len(told) <= 23
    assert max(map(len, told)) <= 80
    data = summary(hosts).to_json()
    assert data["commands"] == 26
    assert len(data["sessions_new"]) == 260
    assert data["sessions_new"][0] == {
        "hosts": ["no-edge0"],
        "subject": "2001:db8:0::0",
        "peer": "transit-0",
        "foreign": False,
        "reason": "new",
    }


def test_a_difference_is_folded_only_where_all_that_is_sent_is_the_same() -> None:
    same = a_host(Effect("session-reset", "10.0.0.1", "password changes", "rr1"))
    other = HostResult("planned", True, same.diff, same.commands, ("another way back",))
    told = shown(render_changes({"a": same, "b": same, "c": other}), Screen(), 80)
    assert told.count("  - a\n") == 2
    assert told.count("  as on a") == 1
    assert told.count("session-reset: rr1 (10.0.0.1): password changes") == 2
