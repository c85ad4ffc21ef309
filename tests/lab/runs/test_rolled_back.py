"""Changes that must not stay: every one ends with every device exactly as it was, and says why."""

import json
import signal
import threading
from functools import partial

from lab.links import link_down, link_up
from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited, failures
from tests.lab.runs.watched import Process, kill_while_it_checks, run_watched
from tests.lab.waiting import wait_for


def test_a_typo_in_an_outside_peers_as_is_rolled_back_and_both_numbers_are_named(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    with edited(deployed, "inventory/network.yaml", "asn: 64496", "asn: 64469"):
        done = deployed.routebook("run", "bgp", "--yes", "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "rolled_back"
    assert {result["hosts"][host]["state"] for host in ("no-edge1", "no-edge2")} == {"rolled_back"}
    causes = [finding["cause"] for finding in failures(result) if finding["subject"] == "2001:db8:f001::1"]
    assert causes
    assert all("64469" in cause and "64496" in cause for cause in causes)
    unchanged()


def test_another_as_at_one_of_our_own_ends_names_both_numbers(deployed: RunningLab, unchanged: Unchanged) -> None:
    """Only one end is changed, by a template that somebody broke."""
    with edited(
        deployed,
        "templates/frr/bgp.j2",
        r"neighbor \{\{ neighbor.address \}\} remote-as \{\{[^}]*\}\}",
        "neighbor {{ neighbor.address }} remote-as {{ 65551 if neighbor.peer_host else neighbor.remote_as }}",
    ):
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--limit", "no-edge1", "--accept", "one-end")
    assert done.returncode == 3, done.stdout + done.stderr
    causes = " ".join(finding["cause"] for finding in failures(json.loads(done.stdout)))
    assert "65551" in causes
    assert "65550" in causes
    unchanged()


def test_another_as_on_a_pfsense_is_noticed_and_the_history_has_both_revisions(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    wrong = "<asnum>{{ 65551 if neighbor.peer_host else neighbor.remote_as }}"
    with edited(deployed, "templates/pfsense/frr.xml.j2", r"<asnum>\{\{ neighbor.remote_as \}\}", wrong):
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--limit", devices.PFSENSE)
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["hosts"][devices.PFSENSE]["state"] == "rolled_back"
    causes = " ".join(finding["cause"] for finding in failures(result))
    assert "65551" in causes
    assert "65550" in causes
    unchanged()
    assert devices.history(deployed)[:2] == [
        f"Reverted to routebook-{result['run_id']}.xml.", f"Routebook run {result['run_id']}",
    ]  # fmt: skip


def test_a_wrong_pre_shared_key_at_one_end_is_rolled_back_and_named(deployed: RunningLab, unchanged: Unchanged) -> None:
    key = deployed.project / "secrets/no-edge1--ch-edge1.psk"
    original = key.read_text()
    key.write_text("not-what-the-other-end-has\n")
    try:
        done = deployed.routebook("run", "tunnels", "--yes", "--json", "--limit", "no-edge1", "--accept", "one-end")
    finally:
        key.write_text(original)
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    tunnel = [finding for finding in failures(result) if finding["subject"] == "no-edge1--ch-edge1"]
    assert any("key" in finding["cause"] for finding in tunnel), tunnel
    assert "not-what-the-other-end-has" not in done.stdout + done.stderr
    unchanged()


def test_a_host_that_loses_its_management_undoes_the_change_by_itself(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    undone = threading.Event()

    def cut(line: str, process: Process) -> None:
        del process
        if "post-checks" in line and "watching" in line:
            link_down(deployed.lab, "ch-edge2")
            threading.Thread(target=mend_when_undone, daemon=True).start()

    def mend_when_undone() -> None:
        wait_for(lambda: "local-preference 210" not in running(deployed, "ch-edge2"), 60, "its own undo")
        undone.set()
        link_up(deployed.lab, "ch-edge2")

    try:
        with edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"):
            status, output = run_watched(deployed, cut, "run", "bgp", "--yes", "--confirm-timeout", "15")
    finally:
        link_up(deployed.lab, "ch-edge2")
    assert undone.is_set(), "the device did not undo the change while it was cut off"
    assert status == 3, output
    unchanged()


def test_control_c_rolls_back(deployed: RunningLab, unchanged: Unchanged) -> None:
    def interrupt(line: str, process: Process) -> None:
        if "activate" in line:
            process.send_signal(signal.SIGINT)

    with edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"):
        status, output = run_watched(deployed, interrupt, "run", "bgp", "--yes")
    assert status == 130, output
    assert "local-preference 210" not in running(deployed, "ch-edge2")
    unchanged()


def test_killed_in_the_middle_the_devices_undo_it_and_recover_closes_the_books(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    kill_while_it_checks(deployed, "--confirm-timeout", "12")
    refused = deployed.routebook("run", "bgp", "--yes")
    assert refused.returncode == 1
    assert "routebook recover" in refused.stderr
    for host in ("ch-edge1", "ch-edge2"):
        wait_for(partial(lambda host: "local-preference 210" not in running(deployed, host), host), 40, "its own undo")
    recovered = deployed.routebook("recover")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert "rolled_back" in recovered.stdout
    unchanged()
    assert deployed.routebook("recover").stdout.strip() == "nothing to recover"


def test_recover_does_not_wait_for_the_timer(deployed: RunningLab, unchanged: Unchanged) -> None:
    kill_while_it_checks(deployed, "--confirm-timeout", "900")
    recovered = deployed.routebook("recover")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    unchanged()


def test_nothing_of_a_run_stays_on_a_device(deployed: RunningLab) -> None:
    for host in (*devices.EDGES, *devices.REFLECTORS):
        left = devices.on(deployed, host, "find /run/routebook -mindepth 2 2>/dev/null || true")
        assert left == "", host
        assert "revert" not in devices.on(deployed, host, "ps ax -o args || true"), host
    for host, configuration in devices.read_all(deployed).items():
        if host == devices.PFSENSE:
            kept = "! -name '*.result' ! -name lock"
            assert devices.on(deployed, host, f"find /cf/conf/routebook -mindepth 1 {kept}") == ""
            assert devices.on(deployed, host, "ls /usr/local/etc/rc.d | grep routebook || true") == ""
        if host in devices.FIREWALLS:
            assert "disk0/RB-" not in configuration.files, host
            assert "event manager" not in configuration.running, host


def running(lab: RunningLab, host: str) -> str:
    return devices.on(lab, host, "vtysh -c 'show running-config'")
