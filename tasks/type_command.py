"""Type a command on a host by nornir-netmiko, as `routebook exec` does."""

from nornir.core.task import Result, Task

from routebook.run import exec as executing


def type_command(task: Task, command: str, seconds: float = 30.0, parse: bool = False) -> Result:
    """Type a command that only reads, and wait for its answer.

    Arguments:
        command: one command of the platform; `show …` goes to FRR on a host that has it.
        seconds: how long the answer may take.
        parse: give the answer as data too, where it is JSON or ntc-templates has a template.

    Returns:
        Result object with the following attributes set:
          * result (``routebook.run.exec.HostAnswer``): `output` without secrets, `structured`, `state`, `error`
          * failed (``bool``): whether the device said that the command failed

    Raises:
        CommandRefusedError: the command is none that only reads; nothing was sent.
        DriverError: no answer came.

    """
    answer = executing.answer(task, executing.asked_of(task.host, command), seconds, parse=parse)
    return Result(host=task.host, result=answer, failed=answer.state != "answered")
