"""Lists what external sessions send, where the device counts few enough prefixes that they can be listed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from msgspec import structs
from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.announced import MOST_LISTED, outbound
from routebook.device.errors import DriverError
from routebook.device.reader import DeviceReader, Outbound
from routebook.device.state import BgpSession, IPNetwork
from routebook.device.values import State
from routebook.intent.model import HostIntent
from routebook.run.fan_out import Answers, on_hosts, reader

MOST_AT_ONCE = 5_000
"""So many prefixes are listed by one command: an answer is bounded in bytes and lines."""

Wanted = Mapping[str, Collection[str]]
"""For each peer's address the families in which it is asked what it is sent."""


def list_sent(
    nornir: Nornir,
    seen: Answers[State],
    others: Mapping[str, Collection[str]] | None = None,
    *,
    only: Collection[str] | None = None,
) -> Answers[State]:
    """The states with what is sent over each session that the intent filters, and over those to `others`.

    With `only`, over those that end at one of these hosts. A device that does not show it, or not this time, is as it
    was: then the number alone is known.
    """
    wanted: dict[str, Wanted] = {}
    for name, host in nornir.inventory.hosts.items():
        if name in seen.values:
            found = _wanted(host.data["intent"], seen.values[name], (others or {}).get(name, ()), only)
            if found:
                wanted[name] = found

    def step(task: Task) -> State:
        name = task.host.name
        return _listed(reader(task), seen.values[name], wanted[name])

    return structs.replace(seen, values={**seen.values, **on_hosts(nornir, wanted, step).values}) if wanted else seen


def _wanted(intent: HostIntent, state: State, others: Collection[str], only: Collection[str] | None) -> Wanted:
    up = {session.peer: session for session in state.bgp or () if session.vrf == "default" and session.established}
    found: dict[str, Collection[str]] = {
        str(neighbor.address): {filters.family for filters in outbound(intent, neighbor)}
        for neighbor in intent.neighbors
        if neighbor.address in up and (only is None or not {intent.name, neighbor.peer_host}.isdisjoint(only))
    }
    for peer in set(map(ip_address, others)) & up.keys():
        if up[peer].remote_as != up[peer].local_as:
            found[str(peer)] = {family.name for family in up[peer].families}
    return {peer: families for peer, families in found.items() if families}


def _listed(device: DeviceReader, state: State, wanted: Wanted) -> State:
    sent: dict[Outbound, tuple[IPNetwork, ...]] = {}
    for batch in _batches(state, wanted, sent):
        with suppress(DriverError):
            sent |= device.advertised(batch)

    def with_sent(session: BgpSession) -> BgpSession:
        peer = str(session.peer)
        families = (
            replace(family, advertised=sent.get((peer, family.name), family.advertised)) for family in session.families
        )
        return replace(session, families=tuple(families))

    return replace(state, bgp=tuple(with_sent(s) if s.vrf == "default" else s for s in state.bgp or ()))


def _batches(state: State, wanted: Wanted, sent: dict[Outbound, tuple[IPNetwork, ...]]) -> Iterator[Sequence[Outbound]]:
    """What is asked at once; what sends nothing is entered in `sent` unasked."""
    batch: list[Outbound] = []
    size = 0
    for session in state.bgp or ():
        peer = str(session.peer)
        for family in session.families if session.vrf == "default" else ():
            if family.name not in wanted.get(peer, ()) or family.sent is None or family.sent > MOST_LISTED:
                continue
            if not family.sent:
                sent[peer, family.name] = ()
                continue
            if batch and size + family.sent > MOST_AT_ONCE:
                yield batch
                batch, size = [], 0
            batch.append((peer, family.name))
            size += family.sent
    if batch:
        yield batch
