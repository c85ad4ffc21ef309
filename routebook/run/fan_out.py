"""Run one step on many hosts at once through Nornir; what goes wrong on a host is a value, not an exception."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct, field
from nornir.core import Nornir
from nornir.core.inventory import Host
from nornir.core.task import Result, Task

from routebook.device.errors import ConnectionFailedError, DriverError, LostContactError
from routebook.device.reader import DeviceReader
from routebook.device.values import DeviceIdentity
from routebook.errors import RefusedError
from routebook.project.connection import CONNECTION
from routebook.project.device_identity import Identities

if TYPE_CHECKING:
    from routebook.device.contract import TransactionDriver

T = TypeVar("T")
D = TypeVar("D", bound=DeviceReader)
OUT_OF_REACH = (LostContactError, ConnectionFailedError, ConnectionError)
"""Errors of a host that may answer again later."""

# Nornir logs the traceback of a failed task; tracebacks may carry configuration text, and errors are values here.
logging.getLogger("nornir").addHandler(logging.NullHandler())
logging.getLogger("nornir").propagate = False


class Answers(Struct, Generic[T], frozen=True):
    """What a step gave on each host: a value, or the error that it ended with."""

    values: dict[str, T]
    errors: dict[str, Exception]
    seconds: dict[str, float] = field(default_factory=dict)  # that each host took


def on_hosts(nornir: Nornir, hosts: Collection[str], step: Callable[[Task], T]) -> Answers[T]:
    """Run `step` on `hosts` in parallel and wait for all of them."""
    wanted = frozenset(hosts)
    values: dict[str, T] = {}
    errors: dict[str, Exception] = {}
    seconds: dict[str, float] = {}

    def run(task: Task) -> Result:
        begun = time.monotonic()
        try:
            return Result(host=task.host, result=(step(task), None))
        except Exception as error:  # noqa: BLE001  the one place where every failure of a host becomes a value
            return Result(host=task.host, result=(None, error))
        finally:
            seconds[task.host.name] = time.monotonic() - begun

    chosen = nornir.filter(filter_func=lambda host: host.name in wanted)
    for name, results in chosen.run(task=run, on_failed=True).items():
        value, error = results[0].result
        if error is None:
            values[name] = value
        else:
            errors[name] = error
    return Answers(values, errors, seconds)


def on_drivers(
    nornir: Nornir,
    hosts: Collection[str],
    step: "Callable[[TransactionDriver], T]",
    *,
    reconnect: bool = False,
    reads: bool = False,
) -> Answers[T]:
    """Run `step` with each host's driver. With `reconnect`, a broken connection is opened anew, once.

    A step that only `reads` goes before the device's proof of who it is, which costs nothing then.
    """

    def once(task: Task) -> T:
        return read_first(task, step) if reads else step(driver(task))

    return _connected_on(nornir, hosts, once, reconnect=reconnect)


def reading_on(nornir: Nornir, hosts: Collection[str], read: Callable[[str, DeviceReader], T]) -> Answers[T]:
    """Run `read` with each host's name and what reads it, opening a broken connection anew, once."""

    def once(task: Task) -> T:
        return _read_first(task, _connected(task), partial(read, task.host.name))

    return _connected_on(nornir, hosts, once, reconnect=True)


def _connected_on(nornir: Nornir, hosts: Collection[str], step: Callable[[Task], T], *, reconnect: bool) -> Answers[T]:
    def run(task: Task) -> T:
        try:
            return step(task)
        except LostContactError:
            task.host.close_connection(CONNECTION)
            if not reconnect:
                raise
            return step(task)

    return on_hosts(nornir, hosts, run)


def reader(task: Task) -> DeviceReader:
    """What reads a host that has proven who it is; opens the connection at first use. Raises DriverError."""
    device = _connected(task)
    _prove(task, device)
    return device


def driver(task: Task) -> "TransactionDriver":
    """The driver of a host that has proven who it is; opens the connection at first use. Raises DriverError."""
    device = _driver(task)
    _prove(task, device)
    return device


def read_first(task: Task, read: "Callable[[TransactionDriver], T]") -> T:
    """What `read` finds on a host that then proves who it is. Raises DriverError.

    Most devices say who they are along with what is read of them; nothing is used, or done, before it is proven.
    """
    return _read_first(task, _driver(task), read)


def _read_first(task: Task, device: D, read: Callable[[D], T]) -> T:
    try:
        found = read(device)
    except LostContactError:
        raise
    except (DriverError, RefusedError):
        _prove(task, device)  # that it is somebody else explains everything else that it is not
        raise
    _prove(task, device)
    return found


def _prove(task: Task, device: DeviceReader) -> None:
    identities = getattr(task.host, "identities", None)
    if isinstance(identities, Identities):
        identities.prove(task.host.name, device)


def _connected(task: Task) -> DeviceReader:
    connected: DeviceReader = task.host.get_connection(CONNECTION, task.nornir.config)
    return connected


def _driver(task: Task) -> "TransactionDriver":
    _connected(task)
    opened: Any = task.host.connections[CONNECTION]
    made: TransactionDriver = opened.driver()
    return made


def reasons(errors: Mapping[str, Exception]) -> dict[str, str]:
    """For the operator: each host's error, in its own words where these are meant for people."""
    return {
        host: str(error) if isinstance(error, DriverError | RefusedError) else f"{type(error).__name__}: {error}"
        for host, error in errors.items()
    }


def identity_of(host: Host) -> DeviceIdentity | None:
    """Who a host's device is, as it proved; None for one that was not asked."""
    identities = getattr(host, "identities", None)
    return identities.said.get(host.name) if isinstance(identities, Identities) else None
