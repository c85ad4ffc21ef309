"""Whether a device is the one that the inventory means, by what it says of itself.

Known host keys prove that nobody is in between; not that two management addresses were not exchanged. Three
things are compared, the most certain first: what the inventory says (`identity:`), what the device said at its last
confirmed run, and that it does not say to be another host of the inventory.
"""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from msgspec import Struct

from routebook.device.errors import SomebodyElseError
from routebook.device.naming import is_address
from routebook.device.reader import DeviceReader
from routebook.device.values import DeviceIdentity
from routebook.intent.model import HostIntent
from routebook.project.pins import Pin

_SHOWN = 80  # characters of a device's own word


class Meant(Struct, frozen=True):
    """Who a host is meant to be: what it may call itself, and what the intent gives to it alone."""

    intent: HostIntent
    names: tuple[str, ...]
    router_ids: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, intent: HostIntent) -> "Meant":
        """From everything that the inventory says of a host."""
        written = intent.identity
        names = [intent.name, *([written.hostname] if written and written.hostname else [])]
        names += [] if is_address(intent.hostname) else [intent.hostname]
        ids = (intent.bgp and intent.bgp.router_id, written and written.router_id)
        addresses = (address.ip for interface in intent.interfaces for address in interface.addresses)
        return cls(intent, tuple(names), frozenset(str(ip) for ip in ids if ip), frozenset(map(str, addresses)))


def refusal(host: str, said: "DeviceIdentity", meant: Mapping[str, Meant], pins: Mapping[str, Pin]) -> str:
    """Why a device cannot be `host`; empty where nothing speaks against it."""
    intent, pin = meant[host].intent, pins.get(host, Pin())
    reasons = _against_inventory(intent, said)
    if not reasons and not _written(intent):
        reasons = _against_pin(said, pin, pins)
    others = _others(host, said, meant, pin)
    if not reasons and not others:
        return ""
    who = f" as {', '.join(sorted(others))}" if others else " as somebody else"
    what = "; ".join([*reasons, *(reason for each in others.values() for reason in each)])
    remedy = _remedy(host, intent, reasons, others)
    return f"{host} ({intent.hostname}) answers{who}: {what}; nothing was changed. {remedy}"


def _written(intent: HostIntent) -> bool:
    return intent.identity is not None and bool(intent.identity.serial)


def _against_inventory(intent: HostIntent, said: "DeviceIdentity") -> list[str]:
    """What differs from `identity:` of the inventory. Only what BGP runs with has a router ID."""
    written, reasons = intent.identity, []
    if written is None:
        return []
    if written.hostname and not _same_name(said.hostname, written.hostname):
        what = f"its hostname is {_shown(said.hostname)}" if said.hostname else "it has no hostname of its own"
        reasons.append(f"{what}, and the inventory says {written.hostname}")
    if written.serial and written.serial.casefold() not in {serial.casefold() for serial in said.serials}:
        what = f"its serial number is {_listed(said.serials)}" if said.serials else "it has no serial number"
        reasons.append(f"{what}, and the inventory says {written.serial}")
    if written.router_id and said.router_id and said.router_id != str(written.router_id):
        reasons.append(f"its router ID is {_shown(said.router_id)}, and the inventory says {written.router_id}")
    return reasons


def _against_pin(said: "DeviceIdentity", pin: Pin, pins: Mapping[str, Pin]) -> list[str]:
    """What differs from the last confirmed run. The units of a failover pair have serial numbers of their own."""
    if pin.serials and said.serials:
        if {serial.casefold() for serial in pin.serials} & {serial.casefold() for serial in said.serials}:
            return []  # one piece of hardware, or one installation, whatever it is called by now
        if said.pair and pin.hostname and _same_name(said.hostname, pin.hostname):
            return []
        whose = sorted(name for name, other in pins.items() if set(other.serials) & set(said.serials))
        known = f", which is {', '.join(whose)}'s" if whose else ""
        return [f"its serial number or machine ID is {_listed(said.serials)}{known}, and was {_listed(pin.serials)}"]
    if pin.hostname and said.hostname and not _same_name(said.hostname, pin.hostname):
        return [f"its hostname is {_shown(said.hostname)}, and was {_shown(pin.hostname)}"]
    return []


def _others(host: str, said: "DeviceIdentity", meant: Mapping[str, Meant], pin: Pin) -> dict[str, list[str]]:
    """The other hosts that the device says to be, each with how it says that."""
    own, addresses, found = meant[host], set(said.addresses), {}
    named = any(_same_name(said.hostname, name) for name in (*own.names, pin.hostname))
    for name, other in meant.items():
        if name == host:
            continue
        reasons = []
        if not named and any(_same_name(said.hostname, each) for each in other.names):
            reasons.append(f"its hostname is {_shown(said.hostname)}")
        if said.router_id in other.router_ids - own.router_ids:
            reasons.append(f"its router ID is {said.router_id}")
        if (theirs := (addresses & other.addresses) - own.addresses) and not addresses & own.addresses:
            reasons.append(f"it has the address {_listed(sorted(theirs)[:2])}")
        if reasons:
            found[name] = reasons
    return found


def _same_name(one: str, other: str) -> bool:
    """Whether two host names can be one host's: in any case, and a short name is that of an FQDN.

    A context of a firewall is called "FIREWALL/CONTEXT" by its device, and by either or both in an inventory.
    """
    if not one or not other:
        return False
    one, other = (name.casefold().rstrip(".") for name in (one, other))
    if "/" in one:
        firewall, _, context = one.rpartition("/")
        return other in (one, context, f"{firewall}-{context}", f"{firewall}_{context}") or _same_name(context, other)
    if "." in one and "." in other:
        return one == other
    return one.partition(".")[0] == other.partition(".")[0]


def _shown(word: str) -> str:
    """A device's word, with nothing in it that a terminal obeys."""
    return ascii(word)[1:-1][:_SHOWN]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(_shown(word) for word in words)


def _remedy(host: str, intent: HostIntent, reasons: Collection[str], others: Collection[str]) -> str:
    if others:
        return (
            f"Compare `hostname` of {host} and {', '.join(sorted(others))} in the inventory: are they exchanged? If "
            f"the device is right, write down who it is: data: {{identity: {{hostname: …, router_id: …}}}} of {host}"
        )
    if intent.identity is not None and reasons:
        return f"If it was replaced on purpose, correct `identity` of {host} in the inventory"
    return f"If it was replaced on purpose: routebook identity --forget {host}"


@dataclass(slots=True)
class Identities:
    """The judge of one command: who each host is meant to be, and what each device said of itself last."""

    intents: Mapping[str, HostIntent]
    pins: Mapping[str, Pin] = field(default_factory=dict)
    said: "dict[str, DeviceIdentity]" = field(default_factory=dict)
    _meant: Mapping[str, Meant] = field(init=False)
    _proven: "WeakKeyDictionary[DeviceReader, DeviceIdentity]" = field(default_factory=WeakKeyDictionary)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._meant = {name: Meant.of(intent) for name, intent in self.intents.items()}

    def prove(self, host: str, device: "DeviceReader") -> None:
        """Raise SomebodyElseError unless a device can be `host`; its driver asks it once a connection."""
        said = device.identity()
        with self._lock:
            if self._proven.get(device) == said:
                return
        if reason := refusal(host, said, self._meant, self.pins):
            raise SomebodyElseError(reason)
        with self._lock:
            self._proven[device] = said
            self.said[host] = said
