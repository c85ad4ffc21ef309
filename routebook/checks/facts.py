"""What every check is told: intents, states before and now, what the run changed, and what the logs tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from custom_napalm.causes import Cause
from custom_napalm.contract import State
from custom_napalm.state import BgpSession
from routebook.findings import Finding
from routebook.intent.model import HostIntent, IPAddress, Neighbor, Tunnel

Explanations = Mapping[tuple[str, str], Sequence[Cause]]
"""What the logs of a host tell of one of its sessions or tunnels, by host and subject."""

# Commands with one of these words change what a speaker announces on all of its sessions.
_SPEAKER_WIDE = frozenset({"network", "aggregate-address", "redistribute", "graceful-shutdown", "rpki"})
# Commands with one of these words concern a neighbor and leave its prefixes as they are.
_NO_POLICY = frozenset({"description", "password", "timers", "bfd", "ebgp-multihop", "ttl-security", "update-source"})


@dataclass(frozen=True, slots=True)
class Changed:
    """What a run changed, from the plans' forecasts.

    `sessions` are the (host, peer address) whose session is new, removed or forecast to reset; `tunnels` the
    names of tunnels that are new, removed or re-keyed, `ike` those of them whose IKE SA must be new too (another
    pre-shared key, say, and not only another selector); `policies` the (host, peer address) whose prefix counts
    may legitimately differ afterwards (see `policy_changes`). `seconds_since_push` is missing for hosts to which
    nothing was pushed.
    """

    sessions: frozenset[tuple[str, str]] = frozenset()
    tunnels: frozenset[str] = frozenset()
    seconds_since_push: Mapping[str, float] = field(default_factory=dict)
    policies: frozenset[tuple[str, str]] = frozenset()
    ike: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "sessions", frozenset(map(_canonical, self.sessions)))
        object.__setattr__(self, "policies", frozenset(map(_canonical, self.policies)))


def _canonical(key: tuple[str, str]) -> tuple[str, str]:
    # A device prints 2001:DB8:0::1 as it was typed; states and intents hold addresses.
    host, peer = key
    try:
        return host, str(ip_address(peer))
    except ValueError:
        return key


@dataclass(frozen=True, slots=True)
class Facts:
    """The input of one evaluation. Hosts that could not be read are absent from `now`."""

    intents: Mapping[str, HostIntent]
    before: Mapping[str, State]
    now: Mapping[str, State]
    changed: Changed
    explanations: Explanations

    def causes(self, host: str, subject: str) -> tuple[Cause, ...]:
        """What the host's log told of the subject since the push."""
        return tuple(self.explanations.get((host, subject), ()))

    def at_start(self) -> "Facts":
        """The same question asked of the state before the run, when nothing had been changed."""
        intents = {host: intent for host, intent in self.intents.items() if host in self.before}
        return Facts(intents, {}, self.before, Changed(), {})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why something is down: `definite` when waiting cannot mend it."""

    cause: str = ""
    definite: bool = False
    evidence: tuple[str, ...] = ()


def logged(host: str, cause: Cause) -> tuple[str, ...]:
    """The evidence of a cause, with the host whose log it is."""
    return tuple(f"{host} log: {line}" for line in cause.evidence)


def session_with(states: Mapping[str, State], host: str, peer: IPAddress) -> BgpSession | None:
    """The host's session with a peer in the default VRF, if the host was read and has one."""
    state = states.get(host)
    for session in (state.bgp if state else None) or ():
        if session.peer == peer and session.vrf == "default":
            return session
    return None


def tunnel_ends(intents: Mapping[str, HostIntent], name: str) -> list[tuple[str, Tunnel]]:
    """The ends of a tunnel among the run's hosts: one or two."""
    return [(host, tunnel) for host, intent in intents.items() for tunnel in intent.tunnels if tunnel.name == name]


def unreadable(host: str) -> Finding:
    """The finding for a host that did not answer: lost contact is not success. The engine's own gives the reason."""
    return Finding(
        host, "host.contact", host, "failed", (f"{host}: its state cannot be read",), f"{host} cannot be read"
    )


def excuse_old_trouble(
    findings: Iterable[Finding], at_start: Iterable[Finding], touched: frozenset[tuple[str, str]], changed: Changed
) -> list[Finding]:
    """Turn into warnings what was no better before the run and is not what the run changed.

    An upstream that has been down since yesterday must not prevent today's change elsewhere; it stays visible.
    What is wrong with a whole host, a daemon that does not answer, is not excused on a host that was pushed.
    """
    touched |= {(host, host) for host in changed.seconds_since_push}
    old = {(f.host, f.check, f.subject): f for f in at_start if f.status in ("failed", "pending")}
    result = []
    for finding in findings:
        earlier = old.get((finding.host, finding.check, finding.subject))
        excused = (
            earlier is not None
            and finding.status in ("failed", "pending", "unknown")
            and finding.check != "host.contact"
            and (finding.host, finding.subject) not in touched
        )
        if excused:
            note = f"{finding.host}: it was so before the run, and the run did not change it"
            finding = replace(finding, status="warning", evidence=(*finding.evidence, note))
        result.append(finding)
    return result


def policy_changes(
    intents: Mapping[str, HostIntent], commands: Mapping[str, Sequence[str]]
) -> frozenset[tuple[str, str]]:
    """The (host, peer address) whose prefix counts the hosts' commands may change; for `Changed.policies`.

    Works by names, so it needs to know no vendor: a command that mentions the neighbor, or a route map, prefix
    list or community list that the neighbor's policies use, concerns that neighbor.
    """
    found = set()
    for host, sent in commands.items():
        intent = intents.get(host)
        if intent is None or intent.bgp is None:
            continue
        lines = [set(command.split()) for command in sent]
        words = {word for line in lines if not line & _NO_POLICY for word in line}
        for neighbor in intent.bgp.neighbors:
            if words & (_policy_names(intent, neighbor) | _SPEAKER_WIDE | {str(neighbor.address)}):
                found.add((host, str(neighbor.address)))
    return frozenset(found)


def _policy_names(intent: HostIntent, neighbor: Neighbor) -> set[str]:
    names = {
        name
        for family in neighbor.families
        for name in (family.route_map_in, family.route_map_out, family.prefix_list_in, family.prefix_list_out)
        if name
    }
    for route_map in intent.route_maps:
        if route_map.name in names:
            matched = [(rule.match_prefix_list, rule.match_community) for rule in route_map.rules]
            names |= {name for pair in matched for name in pair if name}
    return names
