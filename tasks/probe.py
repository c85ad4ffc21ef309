"""Send echo requests from a host."""

from nornir.core.task import Result, Task

from routebook.device.values import Echo
from routebook.run.fan_out import reader


def probe(task: Task, destination: str, source: str = "", count: int = 5, size: int = 100) -> Result:
    """Send echo requests from a host, and count the answers.

    Arguments:
        destination: the address.
        source: an address or an interface of the host; the device chooses by default.
        count: how many.
        size: bytes of data in each.

    Returns:
        Result object with the following attributes set:
          * result (``routebook.device.values.Reply``): `sent`, `answered`, and `error` where they could not be sent
          * failed (``bool``): whether none was answered

    """
    [reply] = reader(task).probe([Echo(destination, source=source, count=count, size=size)])
    return Result(host=task.host, result=reply, failed=not reply.answered)
