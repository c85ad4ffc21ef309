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

SESSIONS = ("show bgp vrf all summary json", "show bgp vrf all neighbors json")
BENEATH = ("show running-config bgpd", "show bfd peers json")
SENT = "show bgp {} neighbors {} advertised-routes json"
ROUTE = "show bgp ipv{} unicast {} json"
HOST = "date +%s; stat -f -c '%a %S %b %d %n' /run /etc/frr; stat -c '%Y %U %n' /etc/frr/frr.conf"
TUNNELS = "sudo -n swanctl --list-sas --raw"


def vtysh(*commands: str) -> str:
    """One call for several commands."""
    return " ".join(["sudo -n vtysh", *(f"-c '{command}'" for command in commands)])


def read(task: Task) -> Result:
    """What one host says of its sessions and SAs."""
    prefixes = task.host["prefixes"]
    routes = [vtysh(*(ROUTE.format(*each) for each in prefixes[at : at + 5])) for at in range(0, len(prefixes), 5)]
    commands = [vtysh(*SESSIONS[:1]), vtysh(*SESSIONS[1:]), vtysh(*BENEATH), *routes, HOST]
    sent = [SENT.format(*each) for each in task.host["sends"]]
    commands += [vtysh(*sent)] if sent else []
    commands += [TUNNELS] if task.host["tunnels"] else []
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
