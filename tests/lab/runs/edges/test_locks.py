"""Runs of two machines exclude each other by the devices' locks, also when one of them has died."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from routebook.device.values import Lock
from tests.lab import devices
from tests.lab.conftest import RunningLab, environment
from tests.lab.runs.conftest import Unchanged, edited
from tests.lab.runs.watched import Process, kill_while_it_checks, run_watched
from tests.lab.waiting import wait_for

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
    lock = Lock("20260101-000000-abcdef", "somebody@elsewhere", time.time(), time.time() + 600)
    text = f"{lock.run_id}\n{lock.text()}"
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


# The first host that is asked to confirm does so, and the process is gone before any other is.
DIES_CONFIRMING = """
import os, sys, threading
from routebook.platforms.linux.driver import LinuxDriver
from routebook.cli import main
first, confirm = threading.Lock(), LinuxDriver.confirm
def die(self):
    if not first.acquire(blocking=False):
        threading.Event().wait()
    confirm(self)
    os._exit(9)
LinuxDriver.confirm = die
main()
"""


def test_hosts_that_a_dead_run_has_confirmed_follow_one_whose_timer_was_faster(
    deployed: RunningLab, elsewhere: RunningLab, unchanged: Unchanged
) -> None:
    with edited(deployed, *CHANGE):
        died = subprocess.run(
            [sys.executable, "-c", DIES_CONFIRMING, "run", "bgp", "--yes", "--confirm-timeout", "900"],
            cwd=deployed.project, env=environment(), capture_output=True, text=True,
        )  # fmt: skip
    assert died.returncode == 9, died.stdout + died.stderr
    run_id = json.loads(deployed.routebook("runs", "--json").stdout)[0]["run_id"]
    folder = f"/run/routebook/{run_id}"
    phases = {host: devices.on(deployed, host, f"cat {folder}/phase").strip() for host in ("ch-edge1", "ch-edge2")}
    assert sorted(phases.values()) == ["armed", "confirmed"]
    (armed,) = [host for host, phase in phases.items() if phase == "armed"]
    devices.on(deployed, armed, f"echo 0 >{folder}/deadline; kill -TERM $(cat {folder}/watcher)")
    wait_for(lambda: "no" in devices.on(deployed, armed, f"ls -d {folder} || echo no"), 60, "its own timer")
    done = elsewhere.routebook("recover", "--scan", "--dead", run_id)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{run_id}: rolled_back" in done.stdout
    for host in devices.EDGES:
        assert devices.on(deployed, host, "ls /run/routebook | grep -v result || true") == "", host
    assert elsewhere.routebook("recover", "--scan").stdout.strip() == "nothing to recover"
    assert deployed.routebook("recover").returncode == 0
    unchanged()
