"""The reads of `verify` by nornir-netmiko as it comes: `python -m bench.by_netmiko PROJECT`."""

import sys
from pathlib import Path

from nornir.core.inventory import ConnectionOptions
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task
from nornir_netmiko import netmiko_send_command
from nornir_netmiko.connections import Netmiko

from bench.__main__ import LINUX, READS
from routebook.project.inventory import nornir_for


def read(task: Task) -> Result:
    """Every command on one host."""
    for command in READS:
        task.run(task=netmiko_send_command, command_string=command, read_timeout=30)
    return Result(host=task.host)


def main(project: Path) -> None:
    """All Linux hosts at once; a failed host is a failed measurement."""
    nornir = nornir_for(project, LINUX)
    ConnectionPluginRegister.register("netmiko", Netmiko)
    for host in nornir.inventory.hosts.values():
        host.connection_options["netmiko"] = ConnectionOptions(
            platform="linux",
            extras={
                "use_keys": True,
                "key_file": str(project / ".routebook/lab/operator_ed25519"),
                "ssh_strict": True,
                "system_host_keys": False,
                "alt_host_keys": True,
                "alt_key_file": str(project / ".routebook/lab/known_hosts"),
            },
        )
    nornir.run(task=read).raise_on_error()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
