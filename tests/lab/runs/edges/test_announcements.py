"""What other networks hear, on real daemons: listed, held against what may leave, forecast, and guarded."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited, failures
from tests.lab.waiting import wait_for

OURS = "2001:db8:8e20::/48"
TRANSIT, ROUTE_SERVER = "2001:db8:f001::1", "2001:db8:f003::2"
OUTSIDE = {
    ("no-edge1", TRANSIT), ("no-edge2", TRANSIT), ("ch-edge1", "2001:db8:f002::1"),
    ("ch-edge1", "2001:db8:f003::1"), ("ch-edge2", ROUTE_SERVER),
}  # fmt: skip
BY_HAND = """vtysh -c 'configure terminal' -c '{no}ipv6 prefix-list RB-OWN-V6 seq 99 permit ::/0 le 64'"""


@contextmanager
def without_sessions(lab: RunningLab, peer: str) -> Iterator[None]:
    """The inventory without the sessions with an outside peer, for a while."""
    path = lab.project / "inventory/bgp.yaml"
    original = path.read_text()
    wanted = yaml.safe_load(original)
    wanted["bgp"]["sessions"] = [each for each in wanted["bgp"]["sessions"] if peer not in each["ends"]]
    path.write_text(yaml.safe_dump(wanted))
    try:
        yield
    finally:
        path.write_text(original)


def verified(lab: RunningLab, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(lab.routebook("verify", "bgp", "--json", *arguments).stdout))


def test_every_session_with_others_is_listed_and_sends_our_prefix_alone(deployed: RunningLab) -> None:
    findings = verified(deployed)["findings"]
    assert [each for each in findings if each["status"] != "ok"] == []
    sent = {(each["host"], each["subject"]): each["evidence"] for each in findings if each["check"] == "bgp.announced"}
    assert sent.keys() == OUTSIDE
    assert {line.partition(": ")[2] for lines in sent.values() for line in lines} == {
        f"sends {OURS}: all of it may leave"
    }


def test_a_leak_by_hand_is_named_without_the_configuration_being_compared(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    devices.on(deployed, "no-edge1", BY_HAND.format(no=""))

    def leaks() -> list[dict[str, Any]]:
        return [f for f in failures(verified(deployed, "--no-config")) if f["check"] == "bgp.leak"]

    try:
        wait_for(leaks, 30, "the leak")
        (found,) = leaks()
        assert (found["host"], found["subject"]) == ("no-edge1", "2001:db8:f001::1")
        assert "2001:db8:1000::/48" in found["cause"]
        assert "more leaves to transit-no, and may not" in found["cause"]
    finally:
        devices.on(deployed, "no-edge1", BY_HAND.format(no="no "))
    wait_for(lambda: not leaks(), 30, "the end of the leak")
    unchanged()


def test_both_sessions_with_one_upstream_are_not_removed_without_being_asked_for(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    with without_sessions(deployed, "transit-no"):
        done = deployed.routebook("plan", "bgp", "--json")
        plan = json.loads(done.stdout)
        withdrawn = plan["summary"]["withdrawn"]
        assert [(each["hosts"], each["peer"], each["subject"]) for each in withdrawn] == [
            (["no-edge1", "no-edge2"], "transit-no", OURS)
        ]
        going = [note for note in plan["notes"] if "--accept removal" in note]
        assert len(going) == 2
        assert all("would lose" in note and TRANSIT in note for note in going)
        danger = [note for note in plan["notes"] if "--accept collapse" in note]
        assert len(danger) == 1
        assert "prefixes of ipv6-unicast that other networks send would be gone: transit-no" in danger[0]
        done = deployed.routebook("run", "bgp", "--yes")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "--accept collapse" in done.stdout + done.stderr
        unchanged()
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--accept", "collapse", "--accept", "removal")
        assert done.returncode == 0, done.stdout + done.stderr
    done = deployed.routebook("run", "bgp", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def sessions_of(lab: RunningLab, host: str) -> dict[str, Any]:
    return dict(json.loads(devices.on(lab, host, "vtysh -c 'show bgp neighbors json'")))


def test_a_live_session_goes_only_when_that_is_accepted_and_a_rollback_brings_it_back(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    with without_sessions(deployed, "ixp-rs2"):
        done = deployed.routebook("run", "bgp", "--yes")
        assert done.returncode == 1, done.stdout + done.stderr
        said = " ".join((done.stdout + done.stderr).split())
        assert f"ch-edge2 would lose 1 of its 1 live sessions: {ROUTE_SERVER} (to do it" in said, said
        assert "--accept removal" in said
        assert "--accept collapse" not in said
        unchanged()
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--accept", "removal")
        assert done.returncode == 0, done.stdout + done.stderr
        result = json.loads(done.stdout)
        assert [note for note in result["notes"] if note.startswith("accepted (removal): ch-edge2")]
        assert ROUTE_SERVER not in sessions_of(deployed, "ch-edge2")
        done = deployed.routebook("rollback", result["run_id"], "--yes", "--json", "--accept", "old-secret")
        assert done.returncode == 0, done.stdout + done.stderr
        back = json.loads(done.stdout)
        announced = [(each["hosts"], each["subject"]) for each in back["summary"]["announced"]]
        assert announced == [(["ch-edge2"], OURS)]
        wait_for(
            lambda: sessions_of(deployed, "ch-edge2")[ROUTE_SERVER]["bgpState"] == "Established", 30, "the session"
        )
        done = deployed.routebook("rollback", back["run_id"], "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        again = json.loads(done.stdout)
        withdrawn = [(each["hosts"], each["subject"]) for each in again["summary"]["withdrawn"]]
        assert withdrawn == [(["ch-edge2"], OURS)]
        assert ROUTE_SERVER not in sessions_of(deployed, "ch-edge2")
    done = deployed.routebook("run", "bgp", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_template_of_the_project_that_leaks_is_rolled_back_by_what_is_really_sent(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    """The inventory is right, so that `check` and the forecast can know nothing of it, and no count is limited."""
    prefix = r"\{\{ rule.action \}\} \{\{ rule.prefix \}\}"
    wider = '{{ rule.action }} {{ "2001:db8::/32 le 64" if list.name == "RB-OWN-V6" else rule.prefix }}'
    with (
        edited(deployed, "templates/frr/policy.j2", prefix, wider),
        edited(deployed, "inventory/bgp.yaml", r"    max_sent: 1\n", ""),
    ):
        assert deployed.routebook("check").returncode == 0
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--limit", "no-edge1")
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "rolled_back"
    found = [each for each in failures(result) if each["check"] == "bgp.leak"]
    assert [(each["host"], each["subject"]) for each in found] == [("no-edge1", TRANSIT)]
    assert "leaves to transit-no, and may not" in found[0]["cause"]
    unchanged()
