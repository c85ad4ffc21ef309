"""The journal: two runs never share a host, and what a dead run left behind is not forgotten."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from routebook.device.state import BgpSession, BgpState, FamilyState
from routebook.device.values import Snapshot, State
from routebook.errors import RefusedError
from routebook.run.journal import HostState, Journal

DIE_AFTER = """
import os, sys
from pathlib import Path
from routebook.run.journal import HostState, Journal
journal = Journal(Path(sys.argv[1]))
run = journal.begin("deploy", ["no-edge1", "ch-edge1"])
journal.record(run, ["no-edge1"], HostState(sys.argv[2]))
os.kill(os.getpid(), 9)
"""


def die_in(path: Path, state: HostState) -> None:
    died = subprocess.run([sys.executable, "-c", DIE_AFTER, str(path), state], check=False)
    assert died.returncode == -9


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def test_a_second_run_on_a_shared_host_is_refused_while_the_first_is_alive(journal: Journal) -> None:
    first = journal.begin("deploy", ["no-edge1", "no-edge2"])
    with pytest.raises(RefusedError, match=rf"run {first} \(deploy\) is working on no-edge2"):
        journal.begin("bgp", ["no-edge2", "no-edge3"])
    journal.begin("bgp", ["no-edge3"])


def test_a_finished_run_holds_nothing(journal: Journal) -> None:
    journal.finish(journal.begin("deploy", ["no-edge1"]), "confirmed")
    journal.begin("deploy", ["no-edge1"])


def test_a_run_that_died_with_something_on_a_device_holds_its_hosts_until_recovered(journal: Journal) -> None:
    die_in(journal.path, HostState.PUSHING)
    with pytest.raises(RefusedError, match="routebook recover"):
        journal.begin("deploy", ["ch-edge1"])
    (dead,) = journal.unfinished()
    assert not dead.alive
    assert dead.hosts == {"ch-edge1": HostState.PLANNED, "no-edge1": HostState.PUSHING}


def test_a_run_that_died_before_it_touched_a_device_holds_nothing(journal: Journal) -> None:
    die_in(journal.path, HostState.SNAPSHOTTED)
    assert journal.unfinished() == []
    journal.begin("deploy", ["no-edge1"])


def test_snapshot_and_state_come_back_as_they_were_stored(journal: Journal) -> None:
    run = journal.begin("deploy", ["no-edge1"])
    snapshot = Snapshot({"frr": "router bgp 65550\n"}, {"/etc/frr/frr.conf": "0640 frr frr"}, "abc")
    session = BgpSession(
        ip_address("2001:db8::1"), BgpState.ESTABLISHED, 64496, 65550, families=(FamilyState("ipv6-unicast", 40, 1),)
    )
    journal.store_snapshot(run, "no-edge1", snapshot)
    journal.store_state(run, "no-edge1", State((session,), None))
    assert journal.snapshot(run, "no-edge1") == snapshot
    assert journal.state(run, "no-edge1") == State((session,), None)


def test_the_file_is_readable_by_its_owner_alone(journal: Journal) -> None:
    journal.begin("deploy", ["no-edge1"])
    for path in journal.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_run_is_found_by_the_only_id_that_begins_so(journal: Journal) -> None:
    run = journal.begin("deploy", ["no-edge1"])
    assert journal.run(run[:-2]).id == run
    with pytest.raises(RefusedError, match="routebook runs"):
        journal.run("1999")


def test_a_place_that_cannot_be_written_is_refused_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder belongs")
    with pytest.raises(RefusedError, match="nothing was changed"):
        Journal(tmp_path / "state" / "journal.db")
