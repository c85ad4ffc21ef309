"""What reading sessions and tunnels asks of a device: the half of the contract that a look at the network imports."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, ClassVar, Protocol

from routebook.device.errors import NotUnderstoodError
from routebook.device.packet_filter import Flow, Verdict
from routebook.device.state import IkeSa, IPNetwork, Route
from routebook.device.values import Answer, DeviceIdentity, Echo, Reply, State

MISREAD = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What code that takes an answer apart stumbles with where the answer is none that a device gives."""


def _understood(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The last net below all readers: whatever a device answers is an error of that device."""

    @wraps(function)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        try:
            return function(self, *arguments, **keywords)
        except MISREAD as error:
            raise NotUnderstoodError(str(getattr(self, "name", "the device")), step, error) from error

    call.understood = True  # type: ignore[attr-defined]
    return call


def understand(cls: type, contract: type) -> None:
    """Put that net below what a class implements of a contract."""
    for name, verb in vars(contract).items():
        if not _abstract(verb):
            continue
        function = getattr(cls, name)
        if not _abstract(function) and not hasattr(function, "understood"):
            setattr(cls, name, _understood(name, function))


def _abstract(verb: object) -> bool:
    return bool(getattr(verb, "__isabstractmethod__", False))


Outbound = tuple[str, str]
"""A peer's address, and one family of the session with it ("ipv4-unicast")."""


class DeviceReader(ABC):
    """A connection to one device that tells how its sessions and tunnels are. Leaves no trace on the device.

    All methods raise `DriverError`, also where a device's answer is none that a reader foresaw.
    """

    paths_one_by_one: ClassVar[bool] = False
    """Whether each best path is a command of its own: then they are not asked for in every look."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        understand(cls, DeviceReader)

    @abstractmethod
    def open(self) -> None:
        """Connect and log in. Changes nothing. Raises ConnectionFailedError, and PrivilegeError."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. What is pending on the device stays pending."""

    def keep_open(self) -> None:  # noqa: B027  most devices have nothing to keep
        """Its state will be read many times: keep what makes that cheaper for the device, until `close`."""

    @abstractmethod
    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """Read BGP sessions and IPsec SAs, what they rest on, and the best paths to `prefixes`."""

    def best_paths(self, prefixes: Sequence[IPNetwork]) -> tuple[Route, ...] | None:
        """The best paths of `state` alone."""
        return self.state(prefixes).routes

    @abstractmethod
    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """The prefixes that each of these Established sessions sends in that family, after every filter.

        In one round trip where the device can. What it does not show, or not this time, is missing. Asked only where
        the counts are small: nobody reads a full table.
        """

    @abstractmethod
    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """Whether the device's own packet filter lets each of `flows` in, as it is configured now, in their order.

        What the device opens by itself for a tunnel or session, once it has it, counts as open.
        """

    @abstractmethod
    def ping(self, echo: Echo) -> Answer:
        """Send echo requests from the device.

        Returns what NAPALM's `ping` does, times in milliseconds: {"success": {"packet_loss": …}} or {"error": …}.
        """

    def probe(self, echoes: Sequence[Echo]) -> list[Reply]:
        """Send all of `echoes`, at once where the device can, and what became of each, in their order."""
        return [self._probed(echo) for echo in echoes]

    def _probed(self, echo: Echo) -> Reply:
        if echo.whole:
            return Reply(error="its echo requests cannot be kept from being fragmented")
        answer = self.ping(echo)
        if "success" not in answer:
            return Reply(error=str(answer.get("error", "")))
        return Reply(echo.count, echo.count - int(answer["success"]["packet_loss"]))

    def sas(self) -> tuple[IkeSa, ...] | None:
        """The IPsec SAs of `state` alone."""
        return self.state().ike

    @abstractmethod
    def identity(self) -> DeviceIdentity:
        """Who the device says it is, of what was read over this connection; asks for the least where nothing was."""


class Connection(Protocol):
    """What a driver talks through: a dataclass with all that is known of the connection."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def open(self) -> None:
        """Connect and log in. Raises ConnectionFailedError."""

    def close(self) -> None:
        """End the connection; safe at any time."""

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as is known without waiting for the device."""


class PlatformReader(DeviceReader):
    """A reader that is opened as NAPALM opens its drivers, and without NAPALM."""

    _connection: Connection

    @abstractmethod
    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the arguments of NAPALM's drivers; `timeout` is in seconds. Contacts nothing."""

    def open(self) -> None:
        """Connect and log in. Changes nothing."""
        self._connection.open()

    def close(self) -> None:
        """Close the connection. What is pending on the device stays pending."""
        self._connection.close()

    def is_alive(self) -> bool:
        """Whether the connection stands."""
        return self._connection.is_alive()

    def take_over(self, other: "PlatformReader") -> None:
        """Go on with the open connection of another one of the same device, which has none any more."""
        for each in fields(self._connection):
            setattr(self._connection, each.name, getattr(other._connection, each.name))
