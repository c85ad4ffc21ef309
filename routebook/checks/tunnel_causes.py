"""Why a tunnel is down: found in both ends' SAs and logs."""

from ipaddress import ip_address

from msgspec import Struct

from routebook.checks.facts import Diagnosis, Facts, logged, no_address, tunnel_ends
from routebook.checks.kinds import Kind
from routebook.device.causes import Cause, Reason
from routebook.device.state import ChildSa, IkeSa
from routebook.device.values import State
from routebook.intent.model import Tunnel


class _Meaning(Struct, frozen=True):
    """What a reason means. `text` is filled with host, peer and identities; `definite`: waiting does not help."""

    text: str
    definite: bool = True


# In the order of how much they say: the first that either end gives is the cause.
_MEANINGS = {
    Reason.KEY_MISMATCH: _Meaning(
        "the pre-shared keys of {host} and {peer} differ: {host} tried its key and the MAC did not match"
    ),
    Reason.NO_KEY: _Meaning("{host} has no pre-shared key for {local_id} and {remote_id}"),
    Reason.IDENTITY: _Meaning(
        "{host} expects another identity: it has no connection for {remote_id} as the peer and {local_id} as itself"
    ),
    Reason.NO_CONNECTION: _Meaning(
        "{host} has no connection for {peer}: wrong addresses, another IKE version, or nothing loaded"
    ),
    Reason.NOT_INSTALLED: _Meaning(
        "{host} cannot install the tunnel's SAs or policies: a route, an address or its kernel is missing something"
    ),
    Reason.SELECTORS: _Meaning("the traffic selectors of {host} and {peer} do not fit together"),
    Reason.PROPOSALS: _Meaning("{host} and {peer} have no {protocol} proposal in common"),
    Reason.KEY_EXCHANGE: _Meaning("{host} and {peer} have no key exchange group in common"),
    Reason.AUTHENTICATION: _Meaning(
        "authentication failed between {host} and {peer}: different pre-shared keys or identities"
    ),
    Reason.NO_ANSWER: _Meaning("{peer} does not answer {host} on UDP 500 and 4500", definite=False),
}


def installed(sa: IkeSa, name: str) -> list[ChildSa]:
    """The children of this name that carry traffic, newest first."""
    return sorted((c for c in sa.children if c.name == name and c.up), key=lambda child: child.installed)


def sas_of(state: State | None, name: str) -> list[IkeSa]:
    """The SAs of a connection, those that are up first and the newest of them before older ones."""
    sas = [sa for sa in (state.ike if state else None) or () if sa.name == name]
    return sorted(sas, key=lambda sa: (not sa.up, sa.established))


def tunnel_up(state: State, name: str) -> bool:
    """Whether a tunnel has an SA with an installed child in this state."""
    return any(sa.up and child.up for sa in sas_of(state, name) for child in sa.children)


def why_down(facts: Facts, name: str) -> str:
    """What is missing for the tunnel to carry traffic, and the cause where it is known; empty when it is up."""
    for host, _ in tunnel_ends(facts.intents, name):
        if host not in facts.now:
            continue
        sas = [sa for sa in sas_of(facts.now[host], name) if sa.up]
        missing = ""
        if not sas:
            missing = f"no IKE SA at {host}"
        elif not any(installed(sa, name) for sa in sas):
            missing = f"no child SA at {host}"
        if missing:
            cause = diagnose(facts, name).cause
            return f"{missing}; {cause}" if cause else missing
    return ""


def diagnose(facts: Facts, name: str) -> Diagnosis:
    """Why the tunnel does not come up, from the logs of its ends.

    What they report must be newer than the activation at both ends: the race in the middle of a change, when one end
    has the new key and the other not yet, leaves the same lines.
    """
    ends = tunnel_ends(facts.intents, name)
    for host, tunnel in ends:
        if tunnel.local_address is not None and facts.lacks(host, tunnel.local_address):
            return no_address(host, tunnel.local_address)
    causes = [
        (host, tunnel, cause) for host, tunnel in ends for cause in facts.causes(host, name) if _concerns(cause, tunnel)
    ]
    for reason, meaning in _MEANINGS.items():
        # What a responder found out comes before the bare notification that its initiator got.
        of_reason = sorted((each for each in causes if each[2].reason is reason), key=lambda each: each[2].from_peer)
        if of_reason:
            host, tunnel, cause = of_reason[0]
            definite = meaning.definite and cause.dated
            text = _text(facts, meaning, host, tunnel, cause)
            return Diagnosis(text, definite, logged(host, cause), Kind.IKE, name)
    for host, _ in ends:
        if host not in facts.now:
            return Diagnosis(f"its end {host} cannot be read", kind=Kind.UNREADABLE, origin=host)
    return Diagnosis()


def _empty(facts: Facts, host: str, tunnel: Tunnel) -> list[str]:
    """The networks that this end is to protect, and in which it has no address itself, where it shows its own."""
    shown = facts.now[host].addresses if host in facts.now else ()
    addresses = [ip_address(each) for each in shown]
    return [
        str(network)
        for network in tunnel.local_selectors
        if network.prefixlen and addresses and not any(address in network for address in addresses)
    ]


def _concerns(cause: Cause, tunnel: Tunnel) -> bool:
    """Whether a cause is of this tunnel: a device with two to one peer may log only which peer it was."""
    ends = ((cause.local, tunnel.local_address), (cause.remote, tunnel.remote_address))
    return all(said == "" or address is None or said == str(address) for said, address in ends)


def _text(facts: Facts, meaning: _Meaning, host: str, tunnel: Tunnel, cause: Cause) -> str:
    protocol = (cause.offered or cause.accepted)[:3] or "IKE or ESP"
    text = meaning.text.format(
        host=host, peer=tunnel.peer, local_id=tunnel.local_id, remote_id=tunnel.remote_id, protocol=protocol
    )
    if cause.reason is Reason.NOT_INSTALLED and (empty := _empty(facts, host, tunnel)):
        text = f"{host} cannot install the tunnel's SAs or policies: it has no address in {', '.join(empty)}"
    if cause.offered and cause.accepted:
        text += f": {tunnel.peer} offers {cause.offered}, {host} accepts {cause.accepted}"
    return text
