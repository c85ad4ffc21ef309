"""What every check is given: intents, states before and now, what the run changed, and what the logs say."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from routebook.checks.findings import Finding
from routebook.checks.kinds import Kind
from routebook.device.causes import Cause
from routebook.device.naming import canonical
from routebook.device.state import BgpSession
from routebook.device.values import Effect, EffectKind, State
from routebook.intent.model import HostIntent, IPAddress, Tunnel

Explanations = Mapping[tuple[str, str], Sequence[Cause]]
"""What the logs of a host say about one of its sessions or tunnels, by host and subject."""


class Changed(Struct, frozen=True):
    """What a run changed, from the effects that its plans contain; sessions are (host, peer address).

    `sessions` are those that are new, removed or forecast to reset, `options` those that get another option without a
    reset, and `policies` those over which other prefixes may legitimately go afterwards. `tunnels` are the names of
    tunnels that are new, removed or re-keyed, `ike` those of them whose IKE SA must be new too (another pre-shared key,
    say, and not only another selector). `gone` are the (host, session or tunnel) that a plan removes.
    `seconds_since_push` is missing for hosts to which nothing was pushed.
    """

    sessions: frozenset[tuple[str, str]] = frozenset()
    tunnels: frozenset[str] = frozenset()
    seconds_since_push: Mapping[str, float] = field(default_factory=dict)
    policies: frozenset[tuple[str, str]] = frozenset()
    ike: frozenset[str] = frozenset()
    options: frozenset[tuple[str, str]] = frozenset()
    gone: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        for name in ("sessions", "policies", "options", "gone"):
            force_setattr(self, name, frozenset(map(_canonical, getattr(self, name))))

    @classmethod
    def by(
        cls, effects: Iterable[tuple[str, Effect]], seconds_since_push: Mapping[str, float] | None = None
    ) -> "Changed":
        """What the effects on each host say."""
        pairs = [(effect.kind, host, effect.subject) for host, effect in effects]

        def of(*kinds: EffectKind) -> frozenset[tuple[str, str]]:
            return frozenset((host, subject) for kind, host, subject in pairs if kind in kinds)

        return cls(
            sessions=of("session-new", "session-reset", "session-removed"),
            tunnels=frozenset(name for _, name in of("tunnel-new", "tunnel-rekey", "child-rekey", "tunnel-removed")),
            seconds_since_push=seconds_since_push or {},
            policies=of("policy"),
            ike=frozenset(name for _, name in of("tunnel-new", "tunnel-rekey")),
            options=of("session-changed"),
            gone=of("session-removed", "tunnel-removed"),
        )


def _canonical(key: tuple[str, str]) -> tuple[str, str]:
    host, peer = key
    return host, canonical(peer)


class Facts(Struct, frozen=True):
    """The input of one evaluation. Hosts that could not be read are absent from `now`."""

    intents: Mapping[str, HostIntent]
    before: Mapping[str, State]
    now: Mapping[str, State]
    changed: Changed
    explanations: Explanations

    def causes(self, host: str, subject: str) -> tuple[Cause, ...]:
        """What the host's log says of the subject since the push."""
        return tuple(self.explanations.get((host, subject), ()))

    def lacks(self, host: str | None, address: IPAddress) -> bool:
        """Whether a host that shows its addresses does not have this one."""
        state = self.now.get(host or "")
        return state is not None and bool(state.addresses) and str(address) not in state.addresses

    def at_start(self) -> "Facts":
        """The same question asked of the state before the run, when nothing had been changed."""
        intents = {host: intent for host, intent in self.intents.items() if host in self.before}
        return Facts(intents, {}, self.before, Changed(), {})


class Diagnosis(Struct, frozen=True):
    """Why something is down: `definite` when waiting cannot mend it. `kind` and `origin` are as in a finding."""

    cause: str = ""
    definite: bool = False
    evidence: tuple[str, ...] = ()
    kind: Kind = Kind.NONE
    origin: str = ""

    def of(self, finding: Finding) -> Finding:
        """The finding with this as its cause."""
        evidence = (*finding.evidence, *self.evidence)
        return replace(finding, evidence=evidence, cause=self.cause, kind=self.kind, origin=self.origin)


def logged(host: str, cause: Cause) -> tuple[str, ...]:
    """The evidence of a cause, with the host whose log it is."""
    return tuple(f"{host} log: {line}" for line in cause.evidence)


def no_address(host: str, address: IPAddress) -> Diagnosis:
    """The cause of everything that ends at an address that only the inventory knows."""
    text = f"{host} does not have the address {address}, which the inventory says that it has"
    return Diagnosis(text, kind=Kind.NO_ADDRESS, origin=f"{host} {address}")


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
    evidence, cause = (f"{host}: its state cannot be read",), f"{host} cannot be read"
    return Finding(host, "host.contact", host, "failed", evidence, cause, kind=Kind.UNREADABLE, origin=host)


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
        result.append(as_before(finding) if excused else finding)
    return result


def as_before(finding: Finding) -> Finding:
    """A warning instead: it was no better before the run."""
    note = f"{finding.host}: it was so before the run, and the run did not change it"
    return replace(finding, status="warning", evidence=(*finding.evidence, note))
