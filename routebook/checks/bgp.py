"""BGP: every intended session is Established as intended, and no session suffered that the run was to leave alone."""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from routebook.checks.announced import check_sent
from routebook.checks.bgp_causes import diagnose
from routebook.checks.facts import (
    Changed,
    Diagnosis,
    Explanations,
    Facts,
    excuse_old_trouble,
    session_with,
    unreadable,
)
from routebook.checks.findings import Finding, Status, settle
from routebook.checks.kinds import Kind
from routebook.checks.paths import tunnels_beneath
from routebook.checks.prefixes import Tolerance, check_prefixes
from routebook.checks.resets import beneath, judged, session_reset
from routebook.device.state import BgpSession, FamilyState
from routebook.device.values import State
from routebook.intent.model import ANY_AS, HostIntent, IPNetwork, Neighbor


class _End(Struct, frozen=True):
    """One end of an intended session and what was and is seen of it."""

    facts: Facts
    host: str
    neighbor: Neighbor
    session: BgpSession
    before: BgpSession | None

    def finding(self, check: str, status: Status, *evidence: str, cause: str = "") -> Finding:
        lines = tuple(f"{self.host}: {line}" for line in evidence)
        return Finding(self.host, f"bgp.{check}", str(self.neighbor.address), status, lines, cause)


def check(
    intents: Mapping[str, HostIntent],
    before: Mapping[str, State],
    now: Mapping[str, State],
    changed: Changed,
    explanations: Explanations,
    final: bool = False,
    *,
    tolerance: Tolerance = Tolerance(),  # noqa: B008  frozen
) -> list[Finding]:
    """Findings on the BGP sessions of the hosts in `intents`.

    `before` is empty when there was no change to compare with (`verify`): then every intended session must be
    good. Otherwise what was no better before and is untouched by the run becomes a warning. `explanations` are
    of after the push. With `final`, what is pending has failed.
    """
    facts = Facts(intents, before, now, changed, explanations)
    found = [*_evaluate(facts, tolerance)]
    found = excuse_old_trouble(found, _evaluate(facts.at_start(), tolerance), touched(facts), changed)
    return settle(found) if final else found


def _evaluate(facts: Facts, tolerance: Tolerance) -> Iterator[Finding]:
    for host, intent in facts.intents.items():
        state = facts.now.get(host)
        if intent.bgp is None:
            # What runs there is somebody else's, and must go on if it was up.
            if state is not None:
                yield from _others(facts, host, (), state.bgp or ())
        elif state is None:
            yield unreadable(host)
        elif state.bgp is None:
            evidence = (f"{host}: no BGP daemon answers",)
            cause = f"the BGP daemon of {host} does not run"
            yield Finding(host, "bgp.daemon", host, "failed", evidence, cause, kind=Kind.NO_DAEMON, origin=host)
        else:
            for neighbor in intent.bgp.neighbors:
                yield from _neighbor(facts, host, neighbor, tolerance)
            ranges = [prefix for each in intent.bgp.listen for prefix in each.prefixes]
            yield from _others(facts, host, intent.bgp.neighbors, state.bgp, ranges)


def _neighbor(facts: Facts, host: str, neighbor: Neighbor, tolerance: Tolerance) -> Iterator[Finding]:
    session = session_with(facts.now, host, neighbor.address)
    subject = str(neighbor.address)
    if session is None:
        if not neighbor.shutdown:
            evidence = (f"{host}: no session with {subject} ({neighbor.peer})",)
            absent = Diagnosis(f"not configured on {host}", evidence=evidence, kind=Kind.NOT_CONFIGURED)
            yield absent.of(Finding(host, "bgp.session", subject, "failed"))
        return
    end = _End(facts, host, neighbor, session, session_with(facts.before, host, neighbor.address))
    yield from _as_numbers(end)
    yield _established(end)
    if session.established and not _meant_to_be_down(end):
        yield from _established_checks(end, tolerance)


def _as_numbers(end: _End) -> Iterator[Finding]:
    wanted = (_expected_as(end), end.neighbor.local_as)
    if (end.session.remote_as, end.session.local_as) != wanted:
        configured = f"configured remote AS {end.session.remote_as}, local AS {end.session.local_as}"
        intended = f"the intent says remote AS {wanted[0]}, local AS {wanted[1]}"
        yield end.finding("as", "failed", configured, cause=f"{end.host} is not configured as intended: {intended}")
    elif end.session.established and end.session.peer_as not in (None, wanted[0]):
        text = f"Established with AS {end.session.peer_as}, remote AS {end.session.remote_as} is configured"
        cause = f"the session was made before the remote AS was changed on {end.host}, and would not come up again"
        yield end.finding("as", "failed", text, cause=cause)


def _expected_as(end: _End) -> int:
    """The AS that a session is to say: where the router is told a word for it, whichever it has learned or none yet."""
    wanted, said = end.neighbor.remote_as, end.session.remote_as
    if not end.neighbor.remote_as_word:
        return wanted
    another = wanted == ANY_AS and said != end.neighbor.local_as
    return said if another or (said == ANY_AS and not end.session.established) else wanted


def _meant_to_be_down(end: _End) -> str:
    """Which host the intent shuts the session down on, if it does."""
    if end.neighbor.shutdown:
        return end.host
    peer = end.facts.intents.get(end.neighbor.peer_host or "")
    for back in peer.neighbors if peer else ():
        if back.address == end.neighbor.local_address and back.shutdown:
            return end.neighbor.peer
    return ""


def _established(end: _End) -> Finding:
    session = end.session
    if where := _meant_to_be_down(end):
        status: Status = "pending" if session.established else "ok"
        return end.finding("session", status, f"{session.state}; the intent shuts it down on {where}")
    if session.established:
        return end.finding("session", "ok", f"Established with {end.neighbor.peer} for {session.uptime or 0} s")
    text = describe(session)
    if end.before is not None:
        text += f"; before the run {end.before.state}"
    diagnosis = diagnose(end.facts, end.host, session, end.neighbor)
    return diagnosis.of(end.finding("session", "failed" if diagnosis.definite else "pending", text))


def describe(session: BgpSession) -> str:
    """A session that is not Established in a line: state, last error with its code and direction, last reset."""
    parts = [str(session.state)]
    if session.last_error or session.last_error_code:
        direction = {True: "sent ", False: "received ", None: ""}[session.last_error_sent]
        code = f" ({session.last_error_code})" if session.last_error_code else ""
        parts.append(f"last NOTIFICATION {direction}{session.last_error!r}{code}")
    if session.last_reset:
        parts.append(f"last reset: {session.last_reset}")
    return "; ".join(parts)


def _established_checks(end: _End, tolerance: Tolerance) -> Iterator[Finding]:
    families = {family.name: family for family in end.session.families}
    yield from _families(end, families)
    yield from _policies(end, families)
    yield from _addpath(end, families)
    yield from check_prefixes(end.facts, end.host, end.neighbor, families, end.before, tolerance)
    yield from check_sent(end.facts, end.host, end.neighbor, tuple(families.values()), end.before)
    yield from _timers(end)
    yield from _kept(end)


def _families(end: _End, families: Mapping[str, FamilyState]) -> Iterator[Finding]:
    wanted = [family.family for family in end.neighbor.families]
    missing = [name for name in wanted if name not in families]
    if missing:
        has = ", ".join(families) or "none"
        cause = f"{end.host} and {end.neighbor.peer} did not negotiate {', '.join(missing)}"
        yield end.finding("families", "pending", f"negotiated: {has}; intended: {', '.join(wanted)}", cause=cause)
    elif extra := sorted(families.keys() - set(wanted)):
        yield end.finding("families", "warning", f"negotiated without being intended: {', '.join(extra)}")
    else:
        yield end.finding("families", "ok", f"negotiated: {', '.join(wanted)}")


def _policies(end: _End, families: Mapping[str, FamilyState]) -> Iterator[Finding]:
    lacking = [name for name, family in families.items() if family.policy_missing]
    undefined = {name: family.undefined_policies for name, family in families.items() if family.undefined_policies}
    causes = []
    if lacking:
        causes.append(
            f"{end.host} has no import or export policy for {', '.join(lacking)} and discards every prefix (RFC 8212)"
        )
    for name, policies in undefined.items():
        causes.append(f"{end.host} applies {', '.join(policies)} to {name}, which it does not define: no prefix passes")
    if causes:
        yield end.finding("policy", "failed", "Established, but prefixes are discarded", cause="; ".join(causes))


def _addpath(end: _End, families: Mapping[str, FamilyState]) -> Iterator[Finding]:
    wanted = [family.family for family in end.neighbor.families if family.addpath_tx_all]
    lacking = [name for name in wanted if name in families and not families[name].addpath_tx_all]
    if lacking:
        cause = f"{end.host} does not send all paths (addpath-tx-all-paths): {end.neighbor.peer} gets the best only"
        yield end.finding("addpath", "failed", f"not sending all paths of {', '.join(lacking)}", cause=cause)


def _timers(end: _End) -> Iterator[Finding]:
    wanted, has = end.neighbor.hold_time, end.session.hold_time
    # The lower of the two ends' hold times is used (RFC 4271 section 4.2), so only a higher one is wrong.
    if wanted is not None and has is not None and has > wanted:
        text = f"negotiated hold time {has} s, intended at most {wanted} s"
        yield end.finding("timers", "warning", text, cause="new timers take effect when the session is next reset")


def _kept(end: _End) -> Iterator[Finding]:
    """A reset that nobody forecast."""
    reset = session_reset(end.facts, end.host, end.before, end.session)
    if reset is not None and (end.host, reset.subject) not in _reset_expected(end.facts):
        yield judged(end.facts, reset, beneath(end.facts, end.host, end.neighbor), end.neighbor.peer_host)


def _others(
    facts: Facts,
    host: str,
    neighbors: tuple[Neighbor, ...],
    sessions: tuple[BgpSession, ...],
    ranges: Collection[IPNetwork] = (),
) -> Iterator[Finding]:
    """Sessions that the intent does not have: removed by the run, or somebody else's, which were up and must be.

    Those from `ranges` come as they like, and go on like any other.
    """
    intended = {("default", neighbor.address) for neighbor in neighbors}
    present = {(session.vrf, session.peer): session for session in sessions}
    gone = {peer for owner, peer in facts.changed.gone if owner == host}
    for (vrf, peer), session in present.items():
        if (vrf, peer) in intended or (vrf == "default" and any(peer in each for each in ranges)):
            continue
        text = f"{host}: {session.state} with {peer} in AS {session.remote_as}{_in_vrf(vrf)}; not in the intent"
        if vrf == "default" and str(peer) in gone:
            yield Finding(host, "bgp.removed", str(peer), "pending", (text,), "the run removed it; it is still there")
        else:
            yield Finding(host, "bgp.extra", f"{peer}{_in_vrf(vrf)}", "warning", (text,))
    earlier = facts.before.get(host)
    for old in (earlier.bgp if earlier else None) or ():
        key = (old.vrf, old.peer)
        if key in intended or not old.established or str(old.peer) in gone:
            continue
        left = present.get(key)
        if left is None or not left.established:
            yield _bystander(facts, host, old, left)
        elif (host, str(old.peer)) not in facts.changed.sessions:
            reset = session_reset(facts, host, old, left)
            if reset is not None:
                yield judged(facts, reset, {host})


def _bystander(facts: Facts, host: str, old: BgpSession, session: BgpSession | None) -> Finding:
    subject = f"{old.peer}{_in_vrf(old.vrf)}"
    evidence = f"{host}: Established before the run, now {describe(session) if session else 'not configured'}"
    if session is None:
        reset = (host, str(old.peer)) in facts.changed.sessions
        cause = f"gone, although the run was to {'reset it only' if reset else 'leave it alone'}"
        return Finding(host, "bgp.session", subject, "failed", (evidence,), cause)
    diagnosis = diagnose(facts, host, session, None)
    status: Status = "failed" if diagnosis.definite else "pending"
    return diagnosis.of(Finding(host, "bgp.session", subject, status, (evidence,)))


def _in_vrf(vrf: str) -> str:
    return "" if vrf == "default" else f" (vrf {vrf})"


def _reset_expected(facts: Facts) -> frozenset[tuple[str, str]]:
    """Ends whose session the run resets: at that end, at the other end, or by re-keying a tunnel beneath it."""
    ends = set(_both_ends(facts, facts.changed.sessions))
    for host, intent in facts.intents.items() if facts.changed.tunnels else ():
        for neighbor in intent.neighbors:
            if facts.changed.tunnels & set(tunnels_beneath(facts.intents, host, neighbor)):
                ends.add((host, str(neighbor.address)))
    return frozenset(ends)


def _both_ends(facts: Facts, ends: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from ends
    for host, intent in facts.intents.items():
        for neighbor in intent.neighbors:
            if (neighbor.peer_host or "", str(neighbor.local_address)) in ends:
                yield host, str(neighbor.address)


def touched(facts: Facts) -> frozenset[tuple[str, str]]:
    """The ends of sessions that the run changes in any way."""
    return _reset_expected(facts) | facts.changed.policies | frozenset(_both_ends(facts, facts.changed.options))
