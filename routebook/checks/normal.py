"""What is normal of a network, as confirmed runs and verifications without failure have found it, and what is not."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from routebook.checks.facts import Facts, session_with
from routebook.checks.findings import Finding, Status
from routebook.checks.prefixes import WITHOUT_COLLAPSE
from routebook.device.state import BgpSession
from routebook.device.values import State

Key = tuple[str, str, str, str]
"""A count: host, peer's address ("" for all of them), family, and "received" or "sent"."""
FAMILY = "bgp.family"
NORMAL = "bgp.normal"
FLAPS = "bgp.flaps"
FOREIGN = frozenset({"bgp.extra", "tunnel.extra"})
KINDS = frozenset({"bgp", "tunnel"})
ASKED = FOREIGN | {"bgp.session", "tunnel.ike"}
"""Checks of which a finding shows that sessions, or tunnels, were looked at."""
SETTLED = 60
"""Seconds that a session must have been up for its counts to be compared or learned: its table may still be filling."""
_SLACK = 30.0  # seconds that a reading of a busy host may take


class Usual(Struct, frozen=True):
    """A count over `days` days: the `low` and `high` that were read, and `floor`, the lowest of each day's highest.

    A table that was still filling when it was read is the lowest of its day, not the highest. `last` is the day, in
    ISO 8601, of the latest reading.
    """

    low: int
    high: int
    floor: int
    days: int
    last: str

    def __str__(self) -> str:
        span = str(self.low) if self.low == self.high else f"{self.low}–{self.high}"
        return f"normally {span} over {self.days} day{'s' * (self.days != 1)}, last on {self.last}"


class Seen(Struct, frozen=True):
    """How often a session had come up by then, and when that was read, in seconds since the epoch."""

    established: int
    at: float


class Normal(Struct, frozen=True):
    """What is known to be normal. `foreign` are the subjects of what is not of the intent, of each host that was asked,
    and for which of KINDS it was asked; `reached` are the prefixes of ours that each has a path to.

    What a host was never asked for, by a run that was confirmed or by who accepted it, is not known to be new there.
    """

    counts: Mapping[Key, Usual] = field(default_factory=dict)
    foreign: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sessions: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)


def counts_of(host: str, state: State, youngest: int = 0) -> dict[Key, int]:
    """What a host receives and sends: of each session that has been up for so many seconds, and received in all.

    Nothing is said of all of them while one is younger.
    """
    found: dict[Key, int] = {}
    young = False
    for session in state.bgp or ():
        if session.vrf != "default" or not session.established:
            continue
        if (session.uptime or 0) < youngest:
            young = True
            continue
        for family in session.families:
            for verb, count in (("received", family.received), ("sent", family.sent)):
                if count is not None:
                    found[host, str(session.peer), family.name, verb] = count
    whole: dict[Key, int] = {}
    for (_, _, family_name, verb), count in found.items():
        if verb == "received" and not young:
            key = (host, "", family_name, verb)
            whole[key] = whole.get(key, 0) + count
    return found | whole


def check(facts: Facts, normal: Normal, moment: float) -> Iterator[Finding]:
    """What is missing of what is normal, and which sessions were reset since they were seen last.

    `moment` is now, in seconds since the epoch. A session that is down has a finding of its own.
    """
    for host, intent in facts.intents.items():
        state = facts.now.get(host)
        if state is None or intent.bgp is None:
            continue
        counts = counts_of(host, state)
        yield from _families(host, counts, counts_of(host, state, SETTLED), normal)
        for neighbor in intent.bgp.neighbors:
            session = session_with(facts.now, host, neighbor.address)
            if session is not None and session.established and not neighbor.shutdown:
                yield from _session(host, neighbor.peer, session, counts, normal)
                yield from _flaps(host, neighbor.peer, session, normal, moment)


def _session(host: str, peer: str, session: BgpSession, counts: Mapping[Key, int], normal: Normal) -> Iterator[Finding]:
    known, lost = [], []
    for family in session.families:
        for verb in ("received", "sent"):
            key = (host, str(session.peer), family.name, verb)
            count, usual = counts.get(key), normal.counts.get(key)
            if count is None or usual is None:
                continue
            line = f"{host}: {family.name}: {verb} {count}, {usual}"
            known.append(line)
            if WITHOUT_COLLAPSE.exceeded(count, usual.floor):
                lost.append(_missing(verb, host, peer, count, usual.floor))
    if lost:
        status: Status = "failed" if (session.uptime or 0) >= SETTLED else "pending"
        yield Finding(host, NORMAL, str(session.peer), status, tuple(known), "; ".join(dict.fromkeys(lost)))
    elif known:
        yield Finding(host, NORMAL, str(session.peer), "ok", tuple(known))


def _missing(verb: str, host: str, peer: str, count: int, usual: int) -> str:
    if verb == "received":
        return f"{peer} sends {host} {count} of {usual} prefixes, or a filter on {host} discards the others"
    return f"{host} announces {count} of {usual} prefixes to {peer}"


def _families(host: str, counts: Mapping[Key, int], settled: Mapping[Key, int], normal: Normal) -> Iterator[Finding]:
    for key, usual in normal.counts.items():
        if key[:2] != (host, ""):
            continue
        count = counts.get(key, 0)
        if WITHOUT_COLLAPSE.exceeded(count, usual.floor):
            status: Status = "failed" if key in settled else "pending"
            line = f"{host}: {key[2]}: received {count} from all neighbors together, {usual}"
            cause = f"{host} has {count} of {usual.floor} routes of {key[2]}"
            yield Finding(host, FAMILY, host, status, (line,), cause)


def _flaps(host: str, peer: str, session: BgpSession, normal: Normal, moment: float) -> Iterator[Finding]:
    seen = normal.sessions.get((host, str(session.peer)))
    if seen is None or session.uptime is None or session.established_count == seen.established:
        return
    since = moment - seen.at
    if session.uptime + _SLACK >= since:
        return
    times = session.established_count - seen.established
    how = f"came up {times} time{'s' * (times != 1)}" if times > 0 else "was made anew by a daemon that was restarted"
    last = f"; last reset: {session.last_reset}" if session.last_reset else ""
    line = f"{host}: Established for {session.uptime} s, seen up {since:.0f} s ago; since then it {how}{last}"
    yield Finding(host, FLAPS, str(session.peer), "warning", (line,), f"the session with {peer} was reset")


def judged_foreign(finding: Finding, normal: Normal, *, verifying: bool) -> Finding:
    """A session or tunnel that is not in the intent: listed where it was known, and a failure where it has appeared."""
    known = normal.foreign.get(finding.host)
    if finding.check not in FOREIGN:
        return finding
    if known is None or kind_of(finding) not in known:
        cause = "not in the intent; `routebook verify --accept-baseline` takes what is there now for known"
        return replace(finding, cause=cause)
    if subject_of(finding) in known:
        return replace(finding, status="ok", cause="not in the intent, and known")
    if not verifying:
        return finding
    cause = (
        "not in the intent, and not there at the last confirmed run or accepted baseline: take it away, adopt it, or "
        "accept it (routebook verify --accept-baseline)"
    )
    return replace(finding, status="failed", cause=cause)


def subject_of(finding: Finding) -> str:
    """What a foreign thing is known by: which kind it is, and its name."""
    return f"{kind_of(finding)} {finding.subject}"


def kind_of(finding: Finding) -> str:
    """Whether it is about a session ("bgp") or a tunnel."""
    return finding.check.partition(".")[0]
