"""Why a BGP session is not Established: found in both ends' states and logs and the tunnels beneath it."""

from msgspec import Struct

from routebook.checks.facts import Diagnosis, Facts, logged, no_address, session_with
from routebook.checks.kinds import Kind
from routebook.checks.paths import tunnels_beneath
from routebook.checks.tunnel_causes import why_down
from routebook.device.causes import Cause, Reason
from routebook.device.state import BgpSession, BgpState
from routebook.intent.model import ANY_AS, Neighbor

# NOTIFICATION codes and subcodes, RFC 4271 section 4.5, RFC 4486 and RFC 5492.
BAD_PEER_AS = "0202"
BAD_IDENTIFIER = "0203"
UNSUPPORTED_CAPABILITY = "0207"
HOLD_TIMER = "0400"
PREFIX_LIMIT = "0601"
ADMIN_SHUTDOWN = "0602"
PEER_UNCONFIGURED = "0603"
REJECTED = "0605"

_AT_ONCE = 3.0  # seconds in which a peer that has been given the same new AS would be back


class _Case(Struct, frozen=True):
    """One session that is not Established, with what is known of its other end."""

    facts: Facts
    host: str
    session: BgpSession
    neighbor: Neighbor | None
    other: BgpSession | None

    @property
    def peer(self) -> str:
        return self.neighbor.peer if self.neighbor else str(self.session.peer)

    @property
    def outside(self) -> bool:
        """Whether the other end is nobody that this run has read."""
        return self.other is None

    @property
    def causes(self) -> list[tuple[str, Cause]]:
        """The causes in the logs of both ends, each with the host whose log it is."""
        own = [(self.host, cause) for cause in self.facts.causes(self.host, str(self.session.peer))]
        if self.neighbor is None or self.neighbor.peer_host is None:
            return own
        end = self.neighbor.peer_host
        return own + [(end, cause) for cause in self.facts.causes(end, str(self.neighbor.local_address))]


def diagnose(
    facts: Facts, host: str, session: BgpSession, neighbor: Neighbor | None, *, notifications: bool = True
) -> Diagnosis:
    """Why the session is not Established, and whether waiting could still mend it.

    Without `notifications`, the last error is not asked: after rolling back it is that of the undone change.
    """
    other = None
    if neighbor is not None and neighbor.peer_host is not None:
        other = session_with(facts.now, neighbor.peer_host, neighbor.local_address)
    case = _Case(facts, host, session, neighbor, other)
    steps = (_own_idle, _absent, _wrong_as, _other_end, _notification, _logged, _tunnel, _password, _weaker_signs)
    for step in steps:
        if (notifications or step is not _notification) and (diagnosis := step(case)):
            return diagnosis
    return Diagnosis()


def error_is_new(session: BgpSession, before: BgpSession | None) -> bool:
    """Whether the last error certainly came after the state before was read.

    Leaving Established overwrites the last error (docs/platforms/frr.md: 0606 at once, 0202 two seconds later), so
    on a session that was Established any error is new. One that was failing before goes on showing its old
    errors after they were mended, and which of several it shows changes from one attempt to the next.
    """
    return bool(session.last_error_code) and (before is None or before.established or not before.last_error_code)


def _own_idle(case: _Case) -> Diagnosis | None:
    if case.session.state is BgpState.IDLE_ADMIN:
        text = f"shut down on {case.host} itself, which the intent does not ask for"
        return Diagnosis(text, definite=True, kind=Kind.SHUT_DOWN)
    if case.session.state is BgpState.IDLE_PREFIX_LIMIT:
        limits = [f.max_prefix for f in case.neighbor.families if f.max_prefix] if case.neighbor else []
        limit = f" of {' or '.join(map(str, sorted(set(limits))))}" if limits else ""
        text = f"{case.peer} sent more prefixes than {case.host}'s limit{limit}"
        return Diagnosis(text, definite=True, kind=Kind.PREFIX_LIMIT)
    return None


def _absent(case: _Case) -> Diagnosis | None:
    """An address of the intent that an end does not have."""
    neighbor = case.neighbor
    if neighbor is None:
        return None
    for host, address in ((case.host, neighbor.local_address), (neighbor.peer_host, neighbor.address)):
        if host is not None and case.facts.lacks(host, address):
            return no_address(host, address)
    return None


def _wrong_as(case: _Case) -> Diagnosis | None:
    session, other = case.session, case.other
    if other is not None and session.remote_as not in (ANY_AS, other.local_as):
        return Diagnosis(
            f"wrong peer AS on {case.host}: it expects {case.peer} in AS {session.remote_as}, "
            f"{case.peer} is in AS {other.local_as}",
            definite=True,
            evidence=(f"{case.peer}: local AS {other.local_as}",),
            kind=Kind.PEER_AS,
        )
    if other is not None and other.remote_as not in (ANY_AS, session.local_as):
        return Diagnosis(
            f"wrong peer AS on {case.peer}: it expects {case.host} in AS {other.remote_as}, "
            f"{case.host} is in AS {session.local_as}",
            definite=True,
            evidence=(f"{case.peer}: remote AS {other.remote_as}",),
            kind=Kind.PEER_AS,
        )
    if session.refused_as not in (None, session.remote_as):
        return _says_as(case, session.refused_as, f"{case.host}: it refused an OPEN of AS {session.refused_as}")
    for teller, cause in reversed(case.causes):
        if teller != case.host or cause.reason is not Reason.PEER_AS:
            continue
        # What was logged before the change names an AS that is no longer expected.
        if cause.expected_as in (0, session.remote_as) and cause.found_as != session.remote_as:
            return _says_as(case, cause.found_as, *logged(teller, cause))
    return _changed_as(case)


def _says_as(case: _Case, found: int | None, *evidence: str) -> Diagnosis:
    return Diagnosis(
        f"wrong peer AS on {case.host}: it expects {case.peer} in AS {case.session.remote_as}, "
        f"{case.peer} says AS {found}",
        definite=True,
        evidence=evidence,
        kind=Kind.PEER_AS,
    )


def _changed_as(case: _Case) -> Diagnosis | None:
    """The run has changed the peer's AS, and that is why: the session was up with the old one when it began.

    A peer that ended the old session may take half a minute before it says anything, so nobody waits for that.
    """
    before = session_with(case.facts.before, case.host, case.session.peer)
    since = case.facts.changed.seconds_since_push.get(case.host, 0.0)
    if not case.outside or before is None or not before.established or since < _AT_ONCE:
        return None
    if before.remote_as == case.session.remote_as:
        return None
    was = f"the session was up with {case.peer} in AS {before.remote_as} until the push"
    return Diagnosis(
        f"wrong peer AS on {case.host}: it expects {case.peer} in AS {case.session.remote_as}, and {was}",
        definite=True,
        evidence=(f"{case.host}: before the run Established with AS {before.remote_as}",),
        kind=Kind.PEER_AS,
    )


def _other_end(case: _Case) -> Diagnosis | None:
    end = case.neighbor.peer_host if case.neighbor else None
    if end is None or case.neighbor is None:
        return None
    if case.other is None:
        if end not in case.facts.now:
            text = f"the other end {end} cannot be read"
            return Diagnosis(text, kind=Kind.UNREADABLE, origin=end) if end in case.facts.intents else None
        if case.facts.now[end].bgp is None:
            text = f"no BGP daemon answers on the other end {end}"
            return Diagnosis(text, kind=Kind.NO_DAEMON, origin=end)
        text = f"the other end {end} has no session with {case.neighbor.local_address}"
        return Diagnosis(text, kind=Kind.NOT_CONFIGURED)
    if case.other.state is BgpState.IDLE_ADMIN:
        text, seen = f"shut down on the other end {end}", f"{end}: Idle (Admin)"
        return Diagnosis(text, evidence=(seen,), kind=Kind.SHUT_DOWN)
    if case.other.state is BgpState.IDLE_PREFIX_LIMIT:
        text, seen = f"{case.host} sent more prefixes than the limit on {end}", f"{end}: Idle (PfxCt)"
        return Diagnosis(text, evidence=(seen,), kind=Kind.PREFIX_LIMIT)
    if case.session.router_id and case.session.router_id == case.other.router_id:
        text = f"{case.host} and {end} have the same router ID {case.session.router_id}"
        return Diagnosis(text, definite=True, kind=Kind.ROUTER_ID)
    return None


def _notification(case: _Case) -> Diagnosis | None:
    """A NOTIFICATION from after the push. Between hosts of ours the numbers of both ends say more than an error
    that may be from the moment when only one of them had been pushed."""
    session = case.session
    if not error_is_new(session, session_with(case.facts.before, case.host, session.peer)):
        return None
    sent, code = session.last_error_sent, session.last_error_code
    if code == BAD_PEER_AS and case.outside:
        return Diagnosis(_refused_as(case, sent=bool(sent)), definite=True, kind=Kind.PEER_AS)
    if code == PREFIX_LIMIT:
        who = (
            f"{case.peer} sent more prefixes than {case.host}'s limit"
            if sent
            else (f"{case.host} sent more prefixes than {case.peer}'s limit")
        )
        return Diagnosis(who, definite=True, kind=Kind.PREFIX_LIMIT)
    if code == UNSUPPORTED_CAPABILITY:
        families = ", ".join(f.family for f in case.neighbor.families) if case.neighbor else ""
        text = f"no address family in common: {case.host} wants {families}"
        return Diagnosis(text, definite=case.outside, kind=Kind.NO_FAMILY)
    if code == BAD_IDENTIFIER:
        text = f"bad BGP identifier: {case.host} ({session.router_id}) and {case.peer} may have the same"
        return Diagnosis(text, kind=Kind.ROUTER_ID)
    if sent is False and code == ADMIN_SHUTDOWN:
        text = f"shut down by the other end {case.peer}: {session.last_error}"
        return Diagnosis(text, kind=Kind.SHUT_DOWN)
    if sent is False and code in (PEER_UNCONFIGURED, REJECTED):
        text = f"{case.peer} has no session with {case.host} (it says: {session.last_error})"
        return Diagnosis(text, kind=Kind.NOT_CONFIGURED)
    return None


def _logged(case: _Case) -> Diagnosis | None:
    """A refused AS that only the log shows: some devices show no error before Established."""
    for teller, cause in case.causes if case.outside else ():
        if teller == case.host and cause.reason is Reason.AS_REFUSED:
            text = _refused_as(case, sent=not cause.from_peer)
            return Diagnosis(text, definite=True, evidence=logged(teller, cause), kind=Kind.PEER_AS)
    return None


def _refused_as(case: _Case, *, sent: bool) -> str:
    if sent:
        return f"wrong peer AS on {case.host}: {case.peer} is not in AS {case.session.remote_as} as {case.host} expects"
    before = session_with(case.facts.before, case.host, case.session.peer)
    text = f"{case.peer} refuses our AS {case.session.local_as}: it expects {case.host} in another AS"
    if before is not None and before.established and before.local_as != case.session.local_as:
        text += f", as in AS {before.local_as} until the push"
    return text


def _tunnel(case: _Case) -> Diagnosis | None:
    if case.neighbor is None:
        return None
    names = tunnels_beneath(case.facts.intents, case.host, case.neighbor)
    down = {name: why for name in names if (why := why_down(case.facts, name))}
    if not down:
        return None
    name, why = next(iter(down.items()))
    which = "" if len(names) == 1 else ", which may carry this session,"
    evidence = tuple(f"tunnel {n}: {w}" for n, w in down.items())
    return Diagnosis(f"tunnel {name}{which} is down: {why}", evidence=evidence, kind=Kind.TUNNEL, origin=name)


def _password(case: _Case) -> Diagnosis | None:
    waiting = case.session.state in (BgpState.CONNECT, BgpState.ACTIVE, BgpState.OPEN_SENT)
    for teller, cause in case.causes:
        if waiting and cause.reason is Reason.TCP_MD5 and not (cause.of_all and _others_wait(case, teller)):
            return Diagnosis(
                f"the TCP MD5 passwords of {case.host} and {case.peer} probably differ, or one of them has none",
                evidence=logged(teller, cause),
                kind=Kind.PASSWORD,
            )
    return None


def _others_wait(case: _Case, host: str) -> bool:
    """Whether another session of a host is not up either: then what is counted of all of them names none."""
    ours = {case.session.peer, case.neighbor.local_address if case.neighbor else None}
    waiting = [each for each in case.facts.now[host].bgp or () if not each.established and each.peer not in ours]
    return any(each.state is not BgpState.IDLE_ADMIN for each in waiting)


def _weaker_signs(case: _Case) -> Diagnosis | None:
    """What is only likely, in the order of how much it says."""
    session, peer = case.session, case.peer
    if session.last_reset_sign == "no route":
        return Diagnosis(f"{case.host} has no route to {session.peer}: link down or route missing", kind=Kind.NO_ROUTE)
    if session.last_reset_sign == "bfd down":
        return Diagnosis(f"BFD between {case.host} and {peer} is down", kind=Kind.BFD)
    if session.last_error_code == HOLD_TIMER:
        text = f"the hold timer expired: {case.host} and {peer} stopped hearing each other"
        return Diagnosis(text, kind=Kind.HOLD_TIMER)
    if session.state is BgpState.OPEN_SENT:
        return Diagnosis(f"{peer} accepts TCP connections and sends no OPEN", kind=Kind.NO_CONNECTION)
    if session.state in (BgpState.CONNECT, BgpState.ACTIVE):
        password = case.neighbor is not None and case.neighbor.password is not None
        alike = ", or the TCP MD5 password differs, which looks the same" if password else ""
        text = f"no TCP connection between {case.host} and {peer}: no path, nothing listens{alike}"
        return Diagnosis(text, kind=Kind.NO_CONNECTION)
    return None
