"""The project's tasks in anybody's Nornir script, and the tasks of other plugins on the project's inventory."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from nornir import InitNornir
from nornir.core import Nornir
from nornir_napalm.plugins.tasks import napalm_get
from nornir_netmiko.tasks import netmiko_send_command

from tasks.change import confirm, plan, push, roll_back
from tasks.probe import probe
from tasks.read import read_configuration, read_state
from tasks.type_command import type_command
from tasks.verify import verify
from tests.lab.conftest import RunningLab

ASA, EDGE, PFSENSE = "nl-fw1", "no-edge1", "home-fw1"


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return {ASA, EDGE, PFSENSE}


@pytest.fixture
def nornir(lab: RunningLab) -> Iterator[Nornir]:
    """As any script makes it."""
    made = InitNornir(
        inventory={"plugin": "RoutebookInventory", "options": {"project": str(lab.project)}}, logging={"enabled": False}
    )
    yield made
    made.close_connections()


def on(nornir: Nornir, host: str, task: Any, **arguments: Any) -> Any:
    """The result of a task on one host, which must not raise."""
    nornir.data.reset_failed_hosts()
    result = nornir.filter(name=host).run(task=task, **arguments)[host][0]
    assert result.exception is None, result.result
    return result


def test_a_host_is_read_probed_and_verified(lab: RunningLab, nornir: Nornir) -> None:
    del lab
    assert on(nornir, EDGE, read_state).result.bgp is not None
    assert "frr version" in on(nornir, EDGE, read_configuration).result
    assert on(nornir, EDGE, probe, destination="127.0.0.1", count=2).result.answered == 2
    found = on(nornir, EDGE, verify)
    assert found.failed, "nothing is configured"
    assert any(each.check.startswith("tunnel.") for each in found.result)
    assert on(nornir, EDGE, type_command, command="uname -n").result.output == f"{EDGE}\n"


@pytest.mark.parametrize(
    ("host", "command", "says"),
    [(ASA, "show version", "Adaptive"), (EDGE, "uname -n", EDGE), (PFSENSE, "uname -n", PFSENSE)],
)
def test_nornir_netmiko_and_nornir_napalm_work_with_the_inventory_as_it_is(
    nornir: Nornir, host: str, command: str, says: str
) -> None:
    assert says in on(nornir, host, netmiko_send_command, command_string=command).result
    assert on(nornir, host, napalm_get, getters=["facts"]).result["facts"]["hostname"].partition(".")[0] == host


def test_a_change_is_pushed_and_rolled_back_or_confirmed(lab: RunningLab, nornir: Nornir) -> None:
    before = lab.exec(EDGE, "vtysh -c 'show running-config'").stdout
    planned = on(nornir, EDGE, plan)
    assert planned.diff
    assert not planned.changed
    assert lab.exec(EDGE, "vtysh -c 'show running-config'").stdout == before
    pushed = on(nornir, EDGE, push, seconds=300)
    assert pushed.changed
    assert pushed.diff == planned.diff
    assert "router bgp" in lab.exec(EDGE, "vtysh -c 'show running-config'").stdout
    assert on(nornir, EDGE, roll_back, run_id=pushed.result).result
    assert lab.exec(EDGE, "vtysh -c 'show running-config'").stdout == before
    kept = on(nornir, EDGE, push, seconds=300)
    assert on(nornir, EDGE, confirm, run_id=kept.result).result
    assert not on(nornir, EDGE, push).changed, "a second time nothing is sent"
    assert "lock" not in lab.exec(EDGE, "ls /run/routebook").stdout
