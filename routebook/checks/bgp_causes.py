"""Why a BGP session is not Established: found in both ends' states and logs and the tunnels beneath it."""

from dataclasses import dataclass

from routebook.checks.facts import Diagnosis, Facts, logged, session_with
from routebook.checks.paths import tunnels_beneath
from routebook.checks.tunnel_causes import why_down
from routebook.device.causes import Cause, Reason
from routebook.device.state import BgpSession, BgpState
from routebook.intent.model import Neighbor

# NOTIFICATION codes and subcodes, RFC 4271 section 4.5, RFC 4486 and RFC 5492.
BAD_PEER_AS = "0202"
BAD_IDENTIFIER = "0203"
UNSUPPORTED_CAPABILITY = "0207"
HOLD_TIMER = "0400"
PREFIX_LIMIT = "0601"
ADMIN_SHUTDOWN = "0602"
PEER_UNCONFIGURED = "0603"
REJECTED = "0605"


@dataclass(frozen=True, slots=True)
class _Case:
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
    steps = (_own_idle, _wrong_as, _other_end, _notification, _logged, _tunnel, _password, _weaker_signs)
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
        return Diagnosis(f"shut down on {case.host} itself, which the intent does not ask for", definite=True)
    if case.session.state is BgpState.IDLE_PREFIX_LIMIT:
        limits = [f.max_prefix for f in case.neighbor.families if f.max_prefix] if case.neighbor else []
        limit = f" of {' or '.join(map(str, sorted(set(limits))))}" if limits else ""
        return Diagnosis(f"{case.peer} sent more prefixes than {case.host}'s limit{limit}", definite=True)
    return None


def _wrong_as(case: _Case) -> Diagnosis | None:
    session, other = case.session, case.other
    if other is not None and session.remote_as != other.local_as:
        return Diagnosis(
            f"wrong peer AS on {case.host}: it expects {case.peer} in AS {session.remote_as}, "
            f"{case.peer} is in AS {other.local_as}",
            definite=True,
            evidence=(f"{case.peer}: local AS {other.local_as}",),
        )
    if other is not None and other.remote_as != session.local_as:
        return Diagnosis(
            f"wrong peer AS on {case.peer}: it expects {case.host} in AS {other.remote_as}, "
            f"{case.host} is in AS {session.local_as}",
            definite=True,
            evidence=(f"{case.peer}: remote AS {other.remote_as}",),
        )
    for teller, cause in case.causes:
        if teller != case.host or cause.reason is not Reason.PEER_AS:
            continue
        # What was logged before the change names an AS that is no longer expected.
        if cause.expected_as == session.remote_as and cause.found_as != cause.expected_as:
            return Diagnosis(
                f"wrong peer AS on {case.host}: it expects {case.peer} in AS {cause.expected_as}, "
                f"{case.peer} says AS {cause.found_as}",
                definite=True,
                evidence=logged(teller, cause),
            )
    return None


def _other_end(case: _Case) -> Diagnosis | None:
    end = case.neighbor.peer_host if case.neighbor else None
    if end is None or case.neighbor is None:
        return None
    if case.other is None:
        if end not in case.facts.now:
            return Diagnosis(f"the other end {end} cannot be read") if end in case.facts.intents else None
        if case.facts.now[end].bgp is None:
            return Diagnosis(f"no BGP daemon answers on the other end {end}")
        return Diagnosis(f"the other end {end} has no session with {case.neighbor.local_address}")
    if case.other.state is BgpState.IDLE_ADMIN:
        return Diagnosis(f"shut down on the other end {end}", evidence=(f"{end}: Idle (Admin)",))
    if case.other.state is BgpState.IDLE_PREFIX_LIMIT:
        return Diagnosis(f"{case.host} sent more prefixes than the limit on {end}", evidence=(f"{end}: Idle (PfxCt)",))
    if case.session.router_id and case.session.router_id == case.other.router_id:
        return Diagnosis(f"{case.host} and {end} have the same router ID {case.session.router_id}", definite=True)
    return None


def _notification(case: _Case) -> Diagnosis | None:
    """A NOTIFICATION from after the push. Between hosts of ours the numbers of both ends say more than an error
    that may be from the moment when only one of them had been pushed."""
    session = case.session
    if not error_is_new(session, session_with(case.facts.before, case.host, session.peer)):
        return None
    sent, code = session.last_error_sent, session.last_error_code
    if code == BAD_PEER_AS and case.outside:
        return Diagnosis(_refused_as(case, sent=bool(sent)), definite=True)
    if code == PREFIX_LIMIT:
        who = (
            f"{case.peer} sent more prefixes than {case.host}'s limit"
            if sent
            else (f"{case.host} sent more prefixes than {case.peer}'s limit")
        )
        return Diagnosis(who, definite=True)
    if code == UNSUPPORTED_CAPABILITY:
        families = ", ".join(f.family for f in case.neighbor.families) if case.neighbor else ""
        return Diagnosis(f"no address family in common: {case.host} wants {families}", definite=case.outside)
    if code == BAD_IDENTIFIER:
        return Diagnosis(f"bad BGP identifier: {case.host} ({session.router_id}) and {case.peer} may have the same")
    if sent is False and code == ADMIN_SHUTDOWN:
        return Diagnosis(f"shut down by the other end {case.peer}: {session.last_error}")
    if sent is False and code in (PEER_UNCONFIGURED, REJECTED):
        return Diagnosis(f"{case.peer} has no session with {case.host} (it says: {session.last_error})")
    return None


def _logged(case: _Case) -> Diagnosis | None:
    """A refused AS that only the log shows: some devices show no error before Established."""
    for teller, cause in case.causes if case.outside else ():
        if teller == case.host and cause.reason is Reason.AS_REFUSED:
            text = _refused_as(case, sent=not cause.from_peer)
            return Diagnosis(text, definite=True, evidence=logged(teller, cause))
    return None


def _refused_as(case: _Case, *, sent: bool) -> str:
    if sent:
        return f"wrong peer AS on {case.host}: {case.peer} is not in AS {case.session.remote_as} as {case.host} expects"
    return f"{case.peer} refuses our AS {case.session.local_as}: it expects {case.host} in another AS"


def _tunnel(case: _Case) -> Diagnosis | None:
    if case.neighbor is None:
        return None
    names = tunnels_beneath(case.facts.intents, case.host, case.neighbor)
    down = {name: why for name in names if (why := why_down(case.facts, name))}
    if not down:
        return None
    name, why = next(iter(down.items()))
    which = "" if len(names) == 1 else ", which may carry this session,"
    return Diagnosis(
        f"tunnel {name}{which} is down: {why}", evidence=tuple(f"tunnel {n}: {w}" for n, w in down.items())
    )


def _password(case: _Case) -> Diagnosis | None:
    waiting = case.session.state in (BgpState.CONNECT, BgpState.ACTIVE, BgpState.OPEN_SENT)
    for teller, cause in case.causes:
        if waiting and cause.reason is Reason.TCP_MD5:
            return Diagnosis(
                f"the TCP MD5 passwords of {case.host} and {case.peer} probably differ, or one of them has none",
                evidence=logged(teller, cause),
            )
    return None


def _weaker_signs(case: _Case) -> Diagnosis | None:
    """What is only likely, in the order of how much it says."""
    session, peer = case.session, case.peer
    if session.last_reset_sign == "no route":
        return Diagnosis(f"{case.host} has no route to {session.peer}: link down or route missing")
    if session.last_reset_sign == "bfd down":
        return Diagnosis(f"BFD between {case.host} and {peer} is down")
    if session.last_error_code == HOLD_TIMER:
        return Diagnosis(f"the hold timer expired: {case.host} and {peer} stopped hearing each other")
    if session.state is BgpState.OPEN_SENT:
        return Diagnosis(f"{peer} accepts TCP connections and sends no OPEN")
    if session.state in (BgpState.CONNECT, BgpState.ACTIVE):
        password = case.neighbor is not None and case.neighbor.password is not None
        alike = ", or the TCP MD5 password differs, which looks the same" if password else ""
        return Diagnosis(f"no TCP connection between {case.host} and {peer}: no path, nothing listens{alike}")
    return None
