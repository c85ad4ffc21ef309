"""Somebody else types on an FRR host while a run is at work there: kept where it can be, named where it cannot."""

from collections.abc import Callable, Iterator

import pytest

from routebook.device.candidate import Candidate
from routebook.device.errors import DriverError
from routebook.platforms.linux.host import HostTransaction
from routebook.platforms.linux.transaction import DeviceTransaction
from tests.lab.frr.edge import INTENT, Edge, section
from tests.lab.waiting import wait_for

CHANGED = INTENT.replace("description transit-no", "description changed").replace(
    "route-map RB-IN deny 10", "route-map RB-NEW permit 10\n set metric 5\nexit\nroute-map RB-IN deny 10"
)
RUN = "20260101-000000-aaaaaa"
Armed = Callable[[], HostTransaction]


def fresh(edge: Edge) -> HostTransaction:
    """As another process sees the host."""
    return HostTransaction("no-edge1", [edge.component], DeviceTransaction(edge.host.shell, "no-edge1"))


@pytest.fixture
def armed(edge: Edge) -> Iterator[HostTransaction]:
    found = fresh(edge)
    found.plan(Candidate((section(CHANGED),)), found.snapshot())
    found.arm(RUN, 120)
    yield found
    fresh(edge).rollback()
    typed(edge, "no ip prefix-list THEIRS", "no route-map RB-NEW")
    if edge.plan(INTENT).change:
        edge.apply(INTENT)


def typed(edge: Edge, *lines: str) -> None:
    edge.host.shell.run("vtysh -c 'configure terminal' " + " ".join(f"-c '{line}'" for line in lines))


THEIRS = "ip prefix-list THEIRS seq 5 permit 198.18.0.0/15"
WORDS = ("router bgp 65550", "neighbor 10.255.3.3 description theirs")


@pytest.mark.parametrize("who", ["the run itself", "another process"])
def test_what_was_typed_after_the_push_is_kept_and_named(edge: Edge, armed: HostTransaction, who: str) -> None:
    before = edge.running()
    armed.push()
    typed(edge, THEIRS, *WORDS)
    undoing = armed if who == "the run itself" else fresh(edge)
    assert undoing.rollback()
    assert undoing.foreign_change is not None
    assert undoing.foreign_change.kept is not None
    assert undoing.foreign_change.kept.parts["frr"] == edge.running()
    assert {line[1:].strip() for line in undoing.foreign_change.diff.splitlines() if line[0] in "+-"} == {
        THEIRS, "neighbor 10.255.3.3 description no-edge3", "neighbor 10.255.3.3 description theirs",
    }  # fmt: skip
    expected = before.replace("10.255.3.3 description no-edge3", "10.255.3.3 description theirs") + THEIRS
    assert sorted(edge.running().splitlines()) == sorted(expected.splitlines())
    assert edge.component.snapshot().parts["frr"].count("RB-NEW") == 0
    assert fresh(edge).pending() is None


def test_what_was_typed_into_what_the_push_had_made_goes_and_is_named(edge: Edge, armed: HostTransaction) -> None:
    before = edge.running()
    armed.push()
    typed(edge, THEIRS, "route-map RB-NEW permit 10", "set local-preference 50")
    assert armed.rollback()
    assert armed.foreign_change is not None
    assert armed.foreign_change.kept is None
    assert THEIRS in armed.foreign_change.diff
    assert "set local-preference 50" in armed.foreign_change.diff
    assert edge.running() == before


def test_nothing_typed_is_nothing_told(edge: Edge, armed: HostTransaction) -> None:
    before = edge.running()
    armed.push()
    assert armed.rollback()
    assert armed.foreign_change is None
    assert edge.running() == before


@pytest.mark.parametrize("who", ["the run itself", "another process"])
def test_disarming_leaves_what_was_typed_and_nothing_of_the_run(edge: Edge, armed: HostTransaction, who: str) -> None:
    typed(edge, THEIRS)
    (armed if who == "the run itself" else fresh(edge)).disarm()
    assert THEIRS in edge.running()
    assert armed.pending() is None
    assert edge.host.shell.run("ls -d /run/routebook/*/ 2>/dev/null || true").stdout == ""


def test_a_timer_that_fires_before_the_push_leaves_it_too(edge: Edge, armed: HostTransaction) -> None:
    typed(edge, THEIRS)
    folder = f"/run/routebook/{RUN}"
    edge.host.shell.run(f"echo 0 >{folder}/deadline; kill -TERM $(cat {folder}/watcher)")
    wait_for(lambda: (found := fresh(edge).pending()) is not None and found.phase == "reverted", 20, "its own timer")
    assert THEIRS in edge.running()
    with pytest.raises(DriverError, match="not armed there any more; nothing was pushed"):
        armed.push()


def test_what_was_pushed_cannot_be_disarmed(armed: HostTransaction) -> None:
    armed.push()
    with pytest.raises(DriverError, match=r"the push of run .* has begun there: roll it back"):
        armed.disarm()
    assert armed.rollback()


def test_a_device_that_says_it_is_back_and_is_not_is_found_out(edge: Edge, armed: HostTransaction) -> None:
    """Its own word is not enough: what runs is read back and compared."""
    before = edge.running()
    armed.push()
    kept = f"cd /run/routebook/{RUN} && for each in revert.*.sh; do mv $each $each.kept; echo exit 0 >$each; done"
    edge.host.shell.run(kept)
    with pytest.raises(DriverError, match="says that it is back at its snapshot, but it is not"):
        armed.rollback()
    armed.component_for("frr")
    edge.apply(INTENT)
    assert edge.running() == before
