"""The values that pass between a run and a device: its configuration, a change, who it is, what is pending on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from routebook.device.state import BfdPeer, BgpSession, IkeSa, Route, RpkiServer, Volume


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A device's configuration at one moment, secrets included: part name to exact text.

    Parts that are files carry their mode and owner, so that restoring them restores those too. `fingerprint`
    changes when, and only when, the configuration's meaning changes: no timestamps, no ordering noise. A device that
    writes a date into its configuration has no `exact` text: there the fingerprint decides what is the same.
    """

    parts: Mapping[str, str] = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)  # file path to "MODE OWNER GROUP"
    fingerprint: str = ""
    exact: bool = True


EffectKind = Literal[
    "session-reset",
    "session-new",
    "session-removed",
    "session-changed",
    "policy",
    "tunnel-rekey",
    "child-rekey",
    "tunnel-new",
    "tunnel-removed",
    "prefix-new",
    "prefix-removed",
    "prefix-list",
    "announced",
    "withdrawn",
    "note",
]


class Effect(Struct, frozen=True):
    """A forecast of what a change does to live traffic: `subject` is a neighbor address or a connection's name.

    "session-changed" is another option of a session that is not reset for it. "policy" says that other prefixes may go
    over the session afterwards: by its own filters, or as the speaker announces something else, which is an effect on
    each of its neighbors. A driver gives every one of them: a run is held responsible for what its plan contains.
    "prefix-new" and "prefix-removed" are networks that the device originates, "prefix-list" a filter by its name.
    "announced" and "withdrawn" are prefixes that a peer of another AS hears anew or no more: the engine adds them. A
    driver leaves `peer` and `foreign` alone: who is at the other end, by name, and whether the inventory knows nothing
    of what is touched, is for the engine to say.
    """

    kind: EffectKind
    subject: str
    reason: str
    peer: str = ""
    foreign: bool = False


class Beside(Struct, frozen=True):
    """Something of a kind that a `section` may own and that somebody else has made, by its `name` on the device."""

    section: str
    name: str


class Change(Struct, frozen=True):
    """The exact difference between a snapshot and a candidate. Empty `commands` means nothing would be sent.

    `diff`, `commands` and `undo` are redacted and fit to be shown; the driver keeps the real text to itself. `beside`
    is what somebody else has there of the candidate's kinds, but for sessions and tunnels: a state lists those. `takes`
    is in how many seconds after its activation the device has certainly begun to use it.
    """

    diff: str
    commands: tuple[str, ...]
    undo: tuple[str, ...]
    effects: tuple[Effect, ...]
    fingerprint: str  # of the snapshot it was computed from
    warnings: tuple[str, ...] = ()
    old_secrets: tuple[str, ...] = ()  # the places, without values, of secrets that taking a change back brings again
    synchronised: tuple[str, ...] = ()  # what the device sends to its mate before anybody has confirmed it
    beside: tuple[Beside, ...] = ()
    takes: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.commands)


@dataclass(frozen=True, slots=True)
class State:
    """What a device says of sessions and tunnels at one moment; `None` where it runs no such daemon.

    And what these rest on; None, or empty, is what it does not say. `clock` is by how many seconds its clock is ahead
    of this machine's, at least. `written` says in words when its configuration was written last, and by whom.
    `addresses` are those of its interfaces; none where it does not show them.
    `connections` are the tunnels that are configured, with an SA or without.
    """

    bgp: tuple[BgpSession, ...] | None
    ike: tuple[IkeSa, ...] | None
    bfd: tuple[BfdPeer, ...] | None = None
    rpki: tuple[RpkiServer, ...] | None = None
    routes: tuple[Route, ...] | None = None
    volumes: tuple[Volume, ...] = ()
    clock: float | None = None
    written: str = ""
    addresses: tuple[str, ...] = ()
    connections: tuple[str, ...] | None = None


class Reached(Struct, frozen=True):
    """How a connection reaches its device, and which way the device's answers take; empty is not known.

    `jumps` are the jump hosts in their order. `address` is the device's own and `client` the other end's, both as the
    device sees them. The route back to `client` is through `interface` and `gateway`; `protocol` made it: "kernel" for
    a connected network, "static", "bgp" … `timer` is whether the device can undo a change by itself.
    """

    jumps: tuple[str, ...] = ()
    address: str = ""
    client: str = ""
    interface: str = ""
    gateway: str = ""
    protocol: str = ""
    timer: bool = True


class DeviceIdentity(Struct, frozen=True):
    """Who a device says it is; what it does not show is empty.

    `hostname` is its own name for itself, with "/CONTEXT" for one context of a firewall, and empty where it is the name
    that every new device has. `serials` identify one piece of hardware, or one installation; of a failover `pair` they
    are both units'. `router_id` is that of BGP where it runs, and `addresses` are of its interfaces.
    """

    hostname: str = ""
    serials: tuple[str, ...] = ()
    router_id: str = ""
    addresses: tuple[str, ...] = ()
    pair: bool = False


Phase = Literal["armed", "confirmed", "reverting", "reverted", "failed"]


class Pending(Struct, frozen=True):
    """A change that the device still knows: who armed it and how many seconds are left before it undoes itself.

    `phase` is "armed" (timer runs), "confirmed" (no timer any more; it can be undone until its run unlocks the
    device), "reverting", "reverted" (the device undid the change by itself) or "failed" (the device tried and is not
    at its snapshot; `detail` says what differs).
    """

    run_id: str
    phase: Phase
    remaining: int
    detail: str = ""

    @property
    def unconfirmed(self) -> bool:
        """Whether nobody has decided yet, so that no other run may begin."""
        return self.phase not in ("confirmed", "reverted")


class ForeignChange(Struct, frozen=True):
    """What somebody else had changed on a device since a run's push, when that push was undone: `diff`, redacted.

    `kept` is what the device has now where it was kept: the configuration from before the run, and that. None where
    undoing has discarded it.
    """

    diff: str
    kept: Snapshot | None = None


class Lock(Struct, frozen=True):
    """Who works on a device. Times are seconds since the epoch on the holder's clock.

    `decided` has an entry for each wave whose every check has passed, so that what is left is to confirm: its hosts,
    each with the fingerprint of its configuration before the change.
    """

    run_id: str
    holder: str
    taken: float
    expires: float
    decided: tuple[Mapping[str, str], ...] = ()

    def text(self) -> str:
        """The lock in one line, as it is kept on a device."""
        return json.dumps(asdict(self))


UNDOING = "-undo"
"""What the id of a change ends in that undoes a run's."""


def belongs(change: str, run_id: str) -> bool:
    """Whether a change is a run's own: it has the run's whole id, or undoes that run."""
    return bool(run_id) and change in (run_id, f"{run_id}{UNDOING}")


class Echo(Struct, frozen=True):
    """Echo requests to send from a device: `source` is an address or an interface of its own, `timeout` in seconds.

    `size` is in bytes of data, to which 28 come of headers, in IPv6 48. `whole` forbids that they are fragmented on
    the way. What a platform cannot set (`ttl`, `vrf`) is left as it is there.
    """

    destination: str
    source: str = ""
    timeout: int = 2
    size: int = 100
    count: int = 5
    ttl: int = 255
    vrf: str = ""
    whole: bool = False

    @property
    def longest(self) -> float:
        """Seconds after which the command that sends them has ended, if the device answers at all."""
        return 30.0 + self.count * (self.timeout + 1)


class Reply(Struct, frozen=True):
    """What became of the echo requests of one `Echo`; `error` says why they could not be sent as they are meant.

    `mtu` is the largest packet, in bytes, that the way takes where some router or the device itself said so; 0 where
    none did.
    """

    sent: int = 0
    answered: int = 0
    error: str = ""
    mtu: int = 0


Answer = dict[str, Any]
"""A getter's answer in the shape that NAPALM gives it (`napalm.base.models`)."""
