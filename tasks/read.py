"""Read a host: its sessions and tunnels, or its configuration. Leaves no trace on the device."""

from nornir.core.task import Result, Task

from routebook.run.fan_out import driver, reader


def read_state(task: Task) -> Result:
    """Read the BGP sessions and IPsec SAs of a host, and what they rest on.

    Returns:
        Result object with the following attributes set:
          * result (``routebook.device.state.State``): the same fields for every platform; a daemon that the host does
            not run is None.

    Raises:
        DriverError: the host cannot be reached, is somebody else, or answers what is not understood.

    """
    return Result(host=task.host, result=reader(task).state())


def read_configuration(task: Task, retrieve: str = "running") -> Result:
    """Read the configuration of a host, with every secret's value replaced.

    Arguments:
        retrieve: "running", or "startup" for what a restart would leave.

    Returns:
        Result object with the following attributes set:
          * result (``str``): the text as NAPALM's ``get_config`` has it.

    """
    device = driver(task)
    shown: dict[str, str] = device.get_config(retrieve, sanitized=True)  # type: ignore[attr-defined]  # every platform's
    return Result(host=task.host, result=shown[retrieve])
