"""Lists what external sessions send, where the device counts few enough prefixes that they can be listed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from ipaddress import ip_address

from msgspec import structs
from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.announced import MOST_LISTED, outbound
from routebook.device.errors import DriverError
from routebook.device.reader import DeviceReader
from routebook.device.state import BgpSession, FamilyState
from routebook.device.values import State
from routebook.intent.model import HostIntent
from routebook.run.fan_out import Answers, on_hosts, reader

Wanted = Mapping[str, Collection[str]]
"""For each peer's address the families in which it is asked what it is sent."""


def list_sent(
    nornir: Nornir, seen: Answers[State], others: Mapping[str, Collection[str]] | None = None
) -> Answers[State]:
    """The states with what is sent over each session that the intent filters, and over those to `others`.

    A device that does not show it, or not this time, is as it was: then the number alone is known.
    """
    wanted: dict[str, Wanted] = {}
    for name, host in nornir.inventory.hosts.items():
        if name in seen.values:
            found = _wanted(host.data["intent"], seen.values[name], (others or {}).get(name, ()))
            if found:
                wanted[name] = found

    def step(task: Task) -> State:
        name = task.host.name
        return _listed(reader(task), seen.values[name], wanted[name])

    return structs.replace(seen, values={**seen.values, **on_hosts(nornir, wanted, step).values}) if wanted else seen


def _wanted(intent: HostIntent, state: State, others: Collection[str]) -> Wanted:
    up = {session.peer: session for session in state.bgp or () if session.vrf == "default" and session.established}
    found: dict[str, Collection[str]] = {
        str(neighbor.address): {filters.family for filters in outbound(intent, neighbor)}
        for neighbor in intent.neighbors
        if neighbor.address in up
    }
    for peer in set(map(ip_address, others)) & up.keys():
        if up[peer].remote_as != up[peer].local_as:
            found[str(peer)] = {family.name for family in up[peer].families}
    return {peer: families for peer, families in found.items() if families}


def _listed(device: DeviceReader, state: State, wanted: Wanted) -> State:
    sessions = tuple(
        replace(
            session,
            families=tuple(
                _family(device, session, family) if family.name in wanted[str(session.peer)] else family
                for family in session.families
            ),
        )
        if session.vrf == "default" and wanted.get(str(session.peer))
        else session
        for session in state.bgp or ()
    )
    return replace(state, bgp=sessions)


def _family(device: DeviceReader, session: BgpSession, family: FamilyState) -> FamilyState:
    if family.sent is None or family.sent > MOST_LISTED:
        return family
    try:
        return replace(family, advertised=device.advertised(str(session.peer), family.name) if family.sent else ())
    except DriverError:
        return family
