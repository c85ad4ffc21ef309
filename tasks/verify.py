"""Verify one host against its intent."""

from nornir.core.task import Result, Task

from routebook.checks.facts import Changed
from routebook.project.inventory import IntentHost
from routebook.run.fan_out import reader
from routebook.run.runbook import View
from tasks.verify_bgp import verify_bgp
from tasks.verify_tunnels import verify_tunnels


def verify(task: Task) -> Result:
    """Compare the sessions and tunnels of a host with what they are meant to be, as they are now.

    It looks at this host's ends alone; `routebook verify` reads the other ends too.

    Returns:
        Result object with the following attributes set:
          * result (``list[routebook.checks.findings.Finding]``): one for each check of each session and tunnel
          * failed (``bool``): whether one of them failed

    """
    host = task.host
    assert isinstance(host, IntentHost)  # noqa: S101  Routebook's inventory makes no other hosts
    view = View({host.name: host.intent}, {}, {host.name: reader(task).state()}, Changed(), final=True)
    found = [*verify_tunnels(view), *verify_bgp(view)]
    return Result(host=host, result=found, failed=any(each.status == "failed" for each in found))
