"""Why a tunnel is down: told from both ends' SAs and log lines.

Most log lines are charon's; each pattern stands for a cause that was reproduced on real daemons. Those of an ASA are
its messages 750003 (Cisco ASA Series Syslog Messages).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from custom_napalm.contract import State
from custom_napalm.state import ChildSa, IkeSa
from routebook.checks.facts import Diagnosis, Facts, tunnel_ends
from routebook.intent.model import Tunnel


@dataclass(frozen=True, slots=True)
class _Reason:
    """What a log line means. `text` is filled with host, peer and identities; `definite`: waiting does not help."""

    pattern: re.Pattern[str]
    text: str
    definite: bool = True


# The first that matches any line of either end is the cause: what a responder found out comes before the bare
# notification that its initiator got.
_REASONS = (
    _Reason(
        re.compile(r"MAC mismatched"),
        "the pre-shared keys of {host} and {peer} differ: {host} tried its key and the MAC did not match",
    ),
    _Reason(
        re.compile(r"no shared key found"),
        "{host} has no pre-shared key for {local_id} and {remote_id}",
    ),
    _Reason(
        re.compile(r"no matching peer config found|constraint check failed|IDir .* does not match"),
        "{host} expects another identity: it has no connection for {remote_id} as the peer and {local_id} as itself",
    ),
    _Reason(
        re.compile(r"no IKE config found"),
        "{host} has no connection for {peer}: wrong addresses, another IKE version, or nothing loaded",
    ),
    _Reason(
        # The other end is told TS_UNACCEPTABLE then, which is not what happened.
        re.compile(r"unable to install (IPsec policies|inbound|outbound)|error installing route with policy"),
        "{host} cannot install the tunnel's SAs or policies: a route, an address or its kernel is missing something",
    ),
    _Reason(
        re.compile(r"traffic selectors .*unacceptable|no (acceptable traffic selectors|matching CHILD_SA)"),
        "the traffic selectors of {host} and {peer} do not fit together",
    ),
    _Reason(
        re.compile(r"TS_UNACC|no IPSEC policy found for received TS"),
        "the traffic selectors of {host} and {peer} do not fit together",
    ),
    _Reason(
        re.compile(r"no acceptable (proposal|\w+ALGORITHM|\w+METHOD) found|received proposals (un|in)acceptable"),
        "{host} and {peer} have no {protocol} proposal in common",
    ),
    _Reason(
        re.compile(r"NO_PROPOSAL_CHOSEN|no proposal chosen notify|Failed to find a matching policy"),
        "{host} and {peer} have no {protocol} proposal in common",
    ),
    _Reason(
        re.compile(r"requested (DH group|key exchange method) .* not contained in any of our proposals"),
        "{host} and {peer} have no key exchange group in common",
    ),
    _Reason(
        re.compile(r"AUTHENTICATION_FAILED|Failed to authenticate the IKE SA|Auth exchange failed"),
        "authentication failed between {host} and {peer}: different pre-shared keys or identities",
    ),
    _Reason(
        re.compile(
            r"giving up after \d+ retransmits|retransmit \d+ of request|peer not responding|unreachable"
            r"|Maximum number of retransmissions reached"
        ),
        "{peer} does not answer {host} on UDP 500 and 4500",
        definite=False,
    ),
)
_LOCAL = re.compile(r"%ASA-\S+ Local:(\S+):\d+ ")
_PROPOSALS = re.compile(r"(received|configured) proposals(?: \w+)?: ((?:IKE|ESP):.*)")


def installed(sa: IkeSa, name: str) -> list[ChildSa]:
    """The children of this name that carry traffic, newest first."""
    return sorted((c for c in sa.children if c.name == name and c.up), key=lambda child: child.installed)


def sas_of(state: State | None, name: str) -> list[IkeSa]:
    """The SAs of a connection, those that are up first and the newest of them before older ones."""
    sas = [sa for sa in (state.ike if state else None) or () if sa.name == name]
    return sorted(sas, key=lambda sa: (not sa.up, sa.established))


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
    """Why the tunnel does not come up, from the log lines of its ends.

    The lines must be newer than the activation at both ends: the race in the middle of a change, when one end
    has the new key and the other not yet, leaves the same lines.
    """
    ends = tunnel_ends(facts.intents, name)
    for reason in _REASONS:
        for host, tunnel in ends:
            lines = [line for line in facts.lines(host, name) if _concerns(line, tunnel)]
            if line := next((line for line in lines if reason.pattern.search(line)), None):
                told = (f"{host} log: {line}", *_proposals(host, lines))
                return Diagnosis(_cause(reason, host, tunnel, lines), reason.definite, tuple(dict.fromkeys(told)))
    for host, _ in ends:
        if host not in facts.now:
            return Diagnosis(f"its end {host} cannot be read")
    return Diagnosis()


def _concerns(line: str, tunnel: Tunnel) -> bool:
    """Whether a line is of this tunnel: an ASA with two to one peer is asked for the peer's lines."""
    local = _LOCAL.search(line)
    return local is None or local[1] == str(tunnel.local_address)


def _cause(reason: _Reason, host: str, tunnel: Tunnel, lines: Iterable[str]) -> str:
    offers = dict(_offers(lines))
    protocol = next((suite[:3] for suite in offers.values()), "IKE or ESP")
    text = reason.text.format(
        host=host,
        peer=tunnel.peer,
        local_id=tunnel.local_id,
        remote_id=tunnel.remote_id,
        protocol=protocol,
    )
    if "{protocol}" in reason.text and len(offers) == 2:
        text += f": {tunnel.peer} offers {offers['received']}, {host} accepts {offers['configured']}"
    return text


def _offers(lines: Iterable[str]) -> list[tuple[str, str]]:
    return [(m.group(1), m.group(2).strip()) for m in map(_PROPOSALS.search, lines) if m]


def _proposals(host: str, lines: Iterable[str]) -> list[str]:
    return [f"{host} log: {kind} proposals: {suites}" for kind, suites in _offers(lines)]
