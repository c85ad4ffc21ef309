"""A saved plan on real devices: sent as it was reviewed, or refused with what has changed since."""

import json
from pathlib import Path

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited

CHANGE = ("inventory/policy.yaml", "local_preference: 200", "local_preference: 210")  # on ch-edge1 and ch-edge2


def planned(lab: RunningLab, path: Path, *arguments: str) -> None:
    done = lab.routebook("plan", "bgp", "--limit", "site=ch", "--out", str(path), *arguments)
    assert done.returncode == 2, done.stdout + done.stderr


def test_it_is_sent_once_as_it_was_reviewed(deployed: RunningLab, tmp_path: Path) -> None:
    before = devices.read_all(deployed)
    path = tmp_path / "plan.json"
    with edited(deployed, *CHANGE):
        planned(deployed, path)
        shown = deployed.routebook("show", str(path))
        assert "set local-preference 210" in shown.stdout, shown.stdout + shown.stderr
        done = deployed.routebook("run", "--plan", str(path), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        run_id = json.loads(done.stdout)["run_id"]
        again = deployed.routebook("run", "--plan", str(path))
        assert again.returncode == 1
        assert run_id in again.stderr
    assert "set local-preference 210" in devices.on(deployed, "ch-edge2", "cat /etc/frr/frr.conf")
    back = deployed.routebook("rollback", run_id, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    assert devices.read_all(deployed) == before


def test_a_device_that_somebody_typed_on_since_makes_it_stale(
    deployed: RunningLab, unchanged: Unchanged, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    with edited(deployed, *CHANGE):
        planned(deployed, path)
        by_hand = "vtysh -c 'configure terminal' -c '{}ip prefix-list TYPED seq 5 permit 192.0.2.0/24'"
        devices.on(deployed, "ch-edge2", by_hand.format(""))
        done = deployed.routebook("run", "--plan", str(path))
        devices.on(deployed, "ch-edge2", by_hand.format("no "))
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "ch-edge2: its configuration has changed since the plan was made (frr)" in said
    unchanged()


def test_a_template_that_was_edited_since_makes_it_stale(
    deployed: RunningLab, unchanged: Unchanged, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    with edited(deployed, *CHANGE):
        planned(deployed, path)
        with edited(deployed, "templates/frr/policy.j2", r"\A", "! another line\n"):
            done = deployed.routebook("run", "--plan", str(path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "templates/frr/policy.j2 has changed" in done.stderr
    unchanged()
