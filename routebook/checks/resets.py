"""Sessions and tunnels that were made anew during a run, and whether the run can have caused that.

What the plan forecast is no finding. What it did not, and the run can have caused, fails the run: somebody who approved
a plan without a reset did not approve one. What demonstrably began outside is a warning with its evidence.
"""

from collections.abc import Iterable

from msgspec import Struct

from routebook.checks.facts import Facts
from routebook.checks.findings import Finding
from routebook.checks.paths import tunnels_beneath
from routebook.device.state import BgpSession, IkeSa, IPAddress
from routebook.intent.model import HostIntent, Neighbor

SESSION_RESET, TUNNEL_RESET = "bgp.reset", "tunnel.reset"
SLACK = 2.0  # seconds: ages are whole ones, and are read a moment after the push's own age was taken

# What a peer says when it is its operator, its own configuration or its resources that end the session: RFC 4486,
# subcodes of Cease. Not "connection collision" or a prefix limit, which this end can be the reason for.
_PEERS_OWN_WISH = frozenset({"0602", "0603", "0604", "0606", "0608"})


class Reset(Struct, frozen=True):
    """Something that was made anew: where, how long ago in seconds, and what is known of it."""

    host: str
    check: str
    subject: str
    age: float
    evidence: tuple[str, ...]
    outside: str = ""  # what shows that the far end began it, if something does


def session_reset(facts: Facts, host: str, before: BgpSession | None, now: BgpSession) -> Reset | None:
    """The session, if it was Established before the run, is again, and was not all the time."""
    if before is None or not before.established or not now.established:
        return None
    again = now.established_count > before.established_count > 0
    younger = now.uptime is not None and before.uptime is not None and now.uptime < before.uptime
    if not (again or younger or (now.uptime is not None and _since_push(facts, now.uptime))):
        return None
    text = f"{host}: Established for {now.uptime} s, before the run {before.uptime} s"
    last = f"{host}: last reset: {now.last_reset or 'not known'}"
    if now.last_error:
        way = {True: "sent ", False: "received ", None: ""}[now.last_error_sent]
        last += f"; NOTIFICATION {way}{now.last_error!r}"
    outside = ""
    if now.last_error_sent is False and now.last_error_code in _PEERS_OWN_WISH:
        outside = f"the far end ended it: {now.last_error}"
    subject = str(now.peer) if now.vrf == "default" else f"{now.peer} (vrf {now.vrf})"
    return Reset(host, SESSION_RESET, subject, float(now.uptime or 0), (text, last), outside)


def tunnel_reset(host: str, name: str, before: Iterable[IkeSa], now: Iterable[IkeSa]) -> Reset | None:
    """The tunnel, if neither its IKE SA nor a child is one of those from before the run.

    Where a lifetime ends, one of both is renewed and the other stays (RFC 7296, sections 1.3.2 and 1.3.3).
    """
    old, new = ([sa for sa in sas if sa.up] for sas in (before, now))
    children = [[child for sa in sas for child in sa.children if child.up] for sas in (old, new)]
    if not all((old, new, *children)):
        return None
    ages = [(float(sa.established), (sa.spi_initiator, sa.spi_responder)) for sa in new]
    ages_before = [(float(sa.established), (sa.spi_initiator, sa.spi_responder)) for sa in old]
    child_ages = [(float(child.installed), (child.spi_in, child.spi_out)) for child in children[1]]
    child_before = [(float(child.installed), (child.spi_in, child.spi_out)) for child in children[0]]
    if not (_all_new(ages_before, ages) and _all_new(child_before, child_ages)):
        return None
    age = max(age for age, _ in ages)
    text = f"{host}: IKE SA and child are new, {age:.0f} s and {max(a for a, _ in child_ages):.0f} s old"
    return Reset(host, TUNNEL_RESET, name, age, (text,))


def judged(facts: Facts, reset: Reset, causes: Iterable[str], far: str | None = None) -> Finding:
    """What to say of a reset that was not forecast. `causes` are the hosts whose change can have led to it.

    One of them is `far`, where the host at the far end is one of ours.
    """
    pushed = facts.changed.seconds_since_push
    changed = sorted(set(causes) & pushed.keys())
    evidence = (*reset.evidence, *(f"{host}: pushed {pushed[host]:.0f} s ago" for host in changed))
    what = "reset during the run, which was not forecast"
    reason = ""
    if not changed:
        reason = "the run changed neither of its ends nor what is beneath"
    elif reset.age > max(pushed[host] for host in changed) + SLACK:
        reason = "it was up again before the run changed anything there"
    elif reset.outside and far not in changed:
        reason = reset.outside
    if reason:
        return Finding(reset.host, reset.check, reset.subject, "warning", evidence, f"{what}; not by the run: {reason}")
    cause = f"{what}, and the run can have caused it by its change of {', '.join(changed)}"
    return Finding(reset.host, reset.check, reset.subject, "failed", evidence, cause)


def beneath(facts: Facts, host: str, neighbor: Neighbor) -> set[str]:
    """The hosts of ours whose change can reset a session: its ends, those of tunnels beneath, and next hops."""
    found = {host} | ({neighbor.peer_host} if neighbor.peer_host else set())
    tunnels = tunnels_beneath(facts.intents, host, neighbor)
    for name in tunnels:
        for owner, intent in facts.intents.items():
            for tunnel in intent.tunnels:
                if tunnel.name == name:
                    found |= {owner, tunnel.peer}
    if not tunnels and not _on_link(facts.intents.get(host), neighbor.address):
        found |= set(_routers_beside(facts, found))
    return found


def _routers_beside(facts: Facts, ends: set[str]) -> Iterable[str]:
    """Hosts that may forward for one of `ends`: attached to a link of theirs, and to another one."""
    links = {link for end in ends if end in facts.intents for link in _links(facts.intents[end])}
    for host, intent in facts.intents.items():
        own = _links(intent)
        if len(own) > 1 and own & links:
            yield host


def _links(intent: HostIntent) -> set[str]:
    return {interface.link for interface in intent.interfaces if interface.link}


def _on_link(intent: HostIntent | None, address: IPAddress) -> bool:
    """Whether a host has an interface in the network of an address; a host without any known says nothing."""
    if intent is None or not intent.interfaces:
        return True
    return any(address in each.network for interface in intent.interfaces for each in interface.addresses)


def _since_push(facts: Facts, age: float) -> bool:
    """Whether something so young was made after the first push, and so after the state before was read."""
    pushed = facts.changed.seconds_since_push.values()
    return bool(pushed) and age + SLACK < max(pushed)


def _all_new(old: list[tuple[float, tuple[str, str]]], new: list[tuple[float, tuple[str, str]]]) -> bool:
    """Whether none of the new ones is an old one: by its SPIs, or where the device does not show them, by its age."""
    if all(all(spis) for _, spis in (*old, *new)):
        return not {spis for _, spis in old} & {spis for _, spis in new}
    return max(age for age, _ in new) < min(age for age, _ in old)
