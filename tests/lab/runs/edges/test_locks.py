"""Runs of two machines exclude each other by the devices' locks, also when one of them has died."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited
from tests.lab.runs.watched import Process, kill_while_it_checks, run_watched

CHANGE = ("inventory/policy.yaml", "local_preference: 200", "local_preference: 210")  # on ch-edge1 and ch-edge2


@pytest.fixture
def elsewhere(deployed: RunningLab, tmp_path: Path) -> Iterator[RunningLab]:
    """The same project on another machine: the same inventory and keys, another journal."""
    project = tmp_path / "elsewhere"
    shutil.copytree(
        deployed.project, project, ignore=shutil.ignore_patterns("journal.db*", "runs", "leases", "plan.key", "*.sock")
    )
    yield replace(deployed, project=project)


def test_a_second_machine_is_refused_while_the_first_works(
    deployed: RunningLab, elsewhere: RunningLab, unchanged: Unchanged
) -> None:
    said: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(line: str, process: Process) -> None:
        if "post-checks" in line and "watching" in line and not said:
            with edited(elsewhere, *CHANGE):
                said.append(elsewhere.routebook("run", "bgp", "--yes", "--limit", "ch-edge1"))
            process.send_signal(signal.SIGTERM)

    with (
        edited(deployed, "inventory/bgp.yaml", "min_received: 1\n", "min_received: 99\n"),
        edited(deployed, *CHANGE),
    ):
        status, output = run_watched(deployed, meanwhile, "run", "bgp", "--yes")
    assert status == 130, output
    (second,) = said
    assert second.returncode == 1, second.stdout + second.stderr
    assert "left an unconfirmed change on ch-edge1" in " ".join((second.stdout + second.stderr).split())
    unchanged()


def test_a_lock_keeps_others_out_and_a_dry_run_does_not_mind(
    deployed: RunningLab, elsewhere: RunningLab, unchanged: Unchanged
) -> None:
    lock = {"run_id": "20260101-000000-abcdef", "holder": "somebody@elsewhere", "taken": time.time()}
    lock["expires"] = time.time() + 600
    text = f"{lock['run_id']}\n{json.dumps(lock)}"
    devices.on(deployed, "no-edge3", f"mkdir -p -m 700 /run/routebook; echo '{text}' >/run/routebook/lock")
    try:
        with edited(elsewhere, *CHANGE):
            planned = elsewhere.routebook("plan", "bgp")
            refused = elsewhere.routebook("run", "bgp", "--yes", "--json")
    finally:
        devices.on(deployed, "no-edge3", "rm /run/routebook/lock")
    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "somebody@elsewhere" in json.loads(refused.stdout)["hosts"]["no-edge3"]["message"]
    for host in devices.EDGES:
        assert devices.on(deployed, host, "ls /run/routebook | grep -v result || true") == "", host
    unchanged()


def test_a_dead_run_is_undone_from_a_machine_that_has_nothing_but_the_inventory(
    deployed: RunningLab, elsewhere: RunningLab, unchanged: Unchanged
) -> None:
    kill_while_it_checks(deployed, "--confirm-timeout", "900")
    run_id = json.loads(deployed.routebook("runs", "--json").stdout)[0]["run_id"]
    alive = elsewhere.routebook("recover", "--scan")
    assert alive.returncode == 1, alive.stdout + alive.stderr
    assert f"--dead {run_id}" in alive.stdout + alive.stderr
    done = elsewhere.routebook("recover", "--scan", "--dead", run_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rolled_back" in done.stdout
    for host in devices.EDGES:
        assert devices.on(deployed, host, "ls /run/routebook | grep -v result || true") == "", host
    assert elsewhere.routebook("recover", "--scan").stdout.strip() == "nothing to recover"
    assert deployed.routebook("recover").returncode == 0  # the first machine's journal, which finds it done
    unchanged()
