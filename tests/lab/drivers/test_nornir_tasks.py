"""nornir_napalm's own tasks work with these drivers unchanged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import CommitError
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins import tasks

from routebook.device.values import Lock
from tests.lab.drivers.hosts import OPERATOR, LinuxHost, manage
from tests.lab.waiting import wait_for

CHANGE = """#@ frr
ip prefix-list NEW seq 5 permit 10.3.0.0/16
#@ file /etc/swanctl/conf.d/new.conf mode 0600
connections {
  new {
    version = 2
    remote_addrs = 192.0.2.99
    local {
      auth = psk
    }
    remote {
      auth = psk
    }
  }
}
secrets {
  ike-new {
    secret = nobody-may-see-this
  }
}
"""


class Network:
    """One host with both daemons, and Nornir with it in its inventory."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.machine = LinuxHost("edge", folder / "edge", [Path(f"{key}.pub").read_text()])
        self.machine.start_sshd()
        self.machine.start_frr()
        self.machine.start_strongswan()
        self.address = manage(self.machine)
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"{self.address} {self.machine.host_key}\n")
        optional_args = {"key_file": str(key), "known_hosts_file": str(known_hosts)}
        self.options = ConnectionOptions(extras={"timeout": 10, "optional_args": optional_args})

    def nornir(self) -> Nornir:
        """A new Nornir: another process, as far as connections go."""
        ConnectionPluginRegister.auto_register()
        host = Host(
            "edge",
            hostname=self.address,
            username=OPERATOR.name,
            platform="edge",
            connection_options={"napalm": self.options},
        )
        inventory = Inventory(hosts=Hosts({"edge": host}), groups=Groups(), defaults=Defaults())
        return Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=1), config=Config())

    def run(self, task: Any, nornir: Nornir | None = None, **arguments: Any) -> Any:
        """The result of one task on the host."""
        result = (nornir or self.nornir()).run(task=task, **arguments)["edge"][0]
        assert not result.failed, result.exception
        return result

    def state(self) -> tuple[str, bool]:
        """Whether the change is running in FRR, and in the file."""
        return self.machine.vtysh("show running-config"), (self.machine.folder / "etc/swanctl/conf.d/new.conf").exists()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Network]:
    """The network of this module."""
    found = Network(tmp_path_factory.mktemp("nornir"), key)
    yield found
    found.machine.stop()


def test_get_ping_and_cli(network: Network) -> None:
    facts = network.run(tasks.napalm_get, getters=["facts", "bgp_neighbors", "interfaces_ip", "config"]).result
    assert facts["facts"]["hostname"] == "edge"
    assert "FRRouting" in facts["facts"]["os_version"]
    assert network.run(tasks.napalm_ping, dest="127.0.0.1", count=1).result["success"]["packet_loss"] == 0
    assert "FRRouting" in network.run(tasks.napalm_cli, commands=["show version"]).result["show version"]


def test_a_dry_run_changes_nothing(network: Network) -> None:
    before = network.state()
    result = network.run(tasks.napalm_configure, configuration=CHANGE, dry_run=True)
    assert result.changed
    assert "nobody-may-see-this" not in result.diff
    assert network.state() == before


def test_a_commit_that_is_confirmed_from_another_process_stays(network: Network) -> None:
    result = network.run(tasks.napalm_configure, configuration=CHANGE, revert_in=60, commit_message="a change")
    assert result.changed
    running, written = network.state()
    assert "ip prefix-list NEW" in running
    assert not written
    assert network.run(tasks.napalm_confirm_commit).result == "Commit confirm completed"
    assert network.state()[1]
    assert "ip prefix-list NEW" in network.machine.read("/etc/frr/frr.conf")
    assert network.machine.sh("ls /run/routebook | grep -v result || true") == ""
    assert network.run(tasks.napalm_confirm_commit).result.startswith("There are no pending commits")
    again = network.run(tasks.napalm_configure, configuration=CHANGE)
    assert not again.changed
    network.machine.sh("vtysh -c 'configure terminal' -c 'no ip prefix-list NEW' -c 'end' -c 'write' >/dev/null")
    network.machine.sh("rm /etc/swanctl/conf.d/new.conf; swanctl --load-all --noprompt")


def test_a_commit_on_a_device_that_a_run_has_locked_is_refused(network: Network) -> None:
    before = network.state()
    lock = Lock("20260101-000000-aaaaaa", "somebody@elsewhere", 1.0, 2.0)
    network.machine.sh(
        f"mkdir -p -m 700 /run/routebook; printf '%s\\n' {lock.run_id} '{lock.text()}' >/run/routebook/lock"
    )
    try:
        refused = network.nornir().run(task=tasks.napalm_configure, configuration=CHANGE)["edge"][0]
    finally:
        network.machine.sh("rm /run/routebook/lock")
    assert isinstance(refused.exception, CommitError)
    assert f"locked by run {lock.run_id} of somebody@elsewhere" in str(refused.exception)
    assert network.state() == before


def test_a_commit_that_nobody_confirms_goes_away(network: Network) -> None:
    before = network.state()
    network.run(tasks.napalm_configure, configuration=CHANGE, revert_in=3)
    assert network.state() != before
    wait_for(lambda: network.state() == before, 20, "the device's own revert")


def test_a_commit_is_rolled_back_from_another_process(network: Network) -> None:
    before = network.state()
    network.run(tasks.napalm_configure, configuration=CHANGE, revert_in=60)
    network.run(tasks.napalm_rollback)
    assert network.state() == before


def test_a_finished_commit_is_rolled_back_over_its_connection(network: Network) -> None:
    before, nornir = network.state(), network.nornir()
    network.run(tasks.napalm_configure, nornir, configuration=CHANGE)
    assert network.state()[1]
    network.run(tasks.napalm_rollback, nornir)
    assert network.state() == before


def test_a_secret_is_shown_only_where_the_inventory_asks_for_it(network: Network) -> None:
    network.run(tasks.napalm_configure, configuration=CHANGE, revert_in=60)
    try:
        hidden = network.run(tasks.napalm_get, getters=["config"]).result["config"]["running"]
        assert "nobody-may-see-this" not in hidden
        assert "secret = <redacted>" in hidden
        refused = network.nornir().run(task=tasks.napalm_configure, configuration=hidden, replace=True)["edge"][0]
        assert refused.failed
        assert "redacted" in str(refused.exception)
    finally:
        network.run(tasks.napalm_rollback)


def test_a_candidate_that_is_rejected_half_way_is_undone(network: Network) -> None:
    before = network.state()
    # FRR's parser takes this; bgpd does not, after strongSwan has taken its part.
    wrong = CHANGE.replace("ip prefix-list NEW seq 5 permit 10.3.0.0/16", "router bgp 65550\n neighbor NOBODY activate")
    result = network.nornir().run(task=tasks.napalm_configure, configuration=wrong)["edge"][0]
    assert result.failed
    assert network.state() == before
    assert network.machine.sh("ls -d /run/routebook/*/ 2>/dev/null", check=False) == ""
