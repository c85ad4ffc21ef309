"""The reads of `routebook verify --no-config` by a script of Nornir and netmiko, which imports nothing of Routebook.

`python bench/plain_verify.py FOLDER`: the folder has `hosts.yaml` of Nornir's SimpleInventory. What is read is taken
apart as far as a script does: whether each session is Established and how many SAs there are.
"""

import json
import sys
from pathlib import Path

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task
from nornir.plugins.inventory.simple import SimpleInventory
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.connections import Netmiko
from nornir_netmiko.tasks import netmiko_send_command

SESSIONS = "sudo -n vtysh -c 'show bgp vrf all neighbors json'"
SUMMARY = "sudo -n vtysh -c 'show bgp vrf all summary json'"
TUNNELS = "sudo -n swanctl --list-sas --raw"


def read(task: Task) -> Result:
    """What one host says of its sessions and SAs."""
    commands = (SUMMARY, SESSIONS, *((TUNNELS,) if task.host["tunnels"] else ()))
    answers = [
        task.run(task=netmiko_send_command, command_string=command, read_timeout=60)[0].result for command in commands
    ]
    found = json.loads(answers[1])
    states = [each.get("bgpState") for vrf in found.values() for each in vrf.values() if isinstance(each, dict)]
    return Result(host=task.host, result=(states.count("Established"), answers[-1].count("state=ESTABLISHED")))


def main(folder: Path) -> None:
    """All hosts at once; a host that fails is a failed measurement."""
    ConnectionPluginRegister.register("netmiko", Netmiko)
    inventory = SimpleInventory(host_file=str(folder / "hosts.yaml")).load()
    nornir = Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=50), config=Config())
    results = nornir.run(task=read)
    results.raise_on_error()
    for name, result in results.items():
        print(name, *result[0].result)
    nornir.close_connections()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
