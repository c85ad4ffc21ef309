"""One command on every host by a script of Nornir and nornir-netmiko, which imports nothing of Routebook.

`python bench/plain_exec.py FOLDER`: the folder has `hosts.yaml` of Nornir's SimpleInventory, with a `command` a host.
"""

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


def ask(task: Task) -> Result:
    """The host's command, as an operator would type it there."""
    said = task.run(task=netmiko_send_command, command_string=task.host["command"], read_timeout=60)
    return Result(host=task.host, result=said[0].result)


def main(folder: Path) -> None:
    """All hosts at once; a host that fails is a failed measurement."""
    ConnectionPluginRegister.register("netmiko", Netmiko)
    inventory = SimpleInventory(host_file=str(folder / "hosts.yaml")).load()
    nornir = Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=50), config=Config())
    results = nornir.run(task=ask)
    results.raise_on_error()
    for name, result in results.items():
        print(name, result[0].result)
    nornir.close_connections()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
