"""Change one host by hand-made scripts: plan, push under the device's dead-man, then confirm or roll back.

`routebook run` does this for many hosts as one transaction, with a journal, checks and recovery. These tasks are its
steps: whoever strings them together looks after the other hosts. A script that dies after `push` has lost nothing: the
device undoes the change by itself when its timer is over, and `routebook recover --scan` takes the lock away.
"""

import time
from collections.abc import Sequence

from nornir.core.task import Result, Task

from routebook.device.values import Lock
from routebook.run.fan_out import driver
from routebook.run.journal import new_run_id
from routebook.run.locks import holder
from tasks.render import render


def plan(task: Task, sections: Sequence[str] = ()) -> Result:
    """Compare a host with its intent. Changes nothing.

    Arguments:
        sections: what is rendered and compared; all of the platform's sections by default.

    Returns:
        Result object with the following attributes set:
          * result (``routebook.device.values.Change``): the commands there and back, and what they do to live traffic
          * diff (``str``): the difference, without secrets; empty where there is none

    """
    device = driver(task)
    change = device.plan(render(*sections)(task).result, device.snapshot())
    return Result(host=task.host, result=change, diff=change.diff)


def push(task: Task, sections: Sequence[str] = (), seconds: int = 120, run_id: str = "") -> Result:
    """Bring a host to its intent, under its lock, with a timer on it that puts everything back.

    What was pushed runs, and is not yet what a restart would leave: `confirm` within `seconds`, or `roll_back`.

    Arguments:
        sections: what is rendered and sent; all of the platform's sections by default.
        seconds: after so long the device undoes the change by itself.
        run_id: the same for all hosts of one change; one is made by default.

    Returns:
        Result object with the following attributes set:
          * result (``str``): the run's ID, which `confirm` and `roll_back` take; empty where nothing was to be sent
          * diff (``str``): the difference that was sent, without secrets
          * changed (``bool``): whether something was sent

    Raises:
        LockedError: a run works on the host; nothing was changed.
        CandidateError: the device refused a part of it. What had been sent was rolled back.

    """
    device = driver(task)
    change = device.plan(render(*sections)(task).result, device.snapshot())
    if not change:
        return Result(host=task.host, result="")
    run_id, now = run_id or new_run_id(), time.time()
    device.lock(Lock(run_id, holder(), now, now + seconds))
    sent = False
    try:
        device.arm(run_id, seconds)
        device.push()
        device.activate()
        sent = True
    finally:
        if not sent:
            device.rollback()
            device.unlock(run_id)
    return Result(host=task.host, result=run_id, diff=change.diff, changed=True)


def confirm(task: Task, run_id: str) -> Result:
    """Keep what `push` sent: stop the timer, make it survive a restart, and give the lock back.

    Arguments:
        run_id: what `push` returned; with an empty one nothing is done.

    Returns:
        Result object with the following attributes set:
          * result (``bool``): whether there was something to confirm

    Raises:
        DriverError: the timer had fired, and the host is as before `push`.

    """
    if run_id:
        device = driver(task)
        device.confirm()
        device.unlock(run_id)
    return Result(host=task.host, result=bool(run_id))


def roll_back(task: Task, run_id: str) -> Result:
    """Undo what `push` sent, prove that the host is as before, and give the lock back.

    Works from another process too: what it takes is on the device.

    Arguments:
        run_id: what `push` returned; with an empty one nothing is done.

    Returns:
        Result object with the following attributes set:
          * result (``bool``): whether the device knew of a change
          * changed (``bool``): the same

    """
    undone = False
    if run_id:
        device = driver(task)
        undone = device.rollback()
        device.unlock(run_id)
    return Result(host=task.host, result=undone, changed=undone)
