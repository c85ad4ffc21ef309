"""Changes that go to a device's mate by themselves before anybody has confirmed them."""

from routebook.device.plan import Plan
from routebook.safety.accepted import HA_SYNC, Guard


def synchronised(plan: Plan) -> list[Guard]:
    """A guard for each host of the plan whose high availability sends what is pushed there to another one."""
    return [
        Guard(HA_SYNC, f"{host}: {what}")
        for host, planned in sorted(plan.hosts.items())
        if planned.change
        for what in planned.change.synchronised
    ]
