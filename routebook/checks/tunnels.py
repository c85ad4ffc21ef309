"""Tunnels: an IKE SA and an installed child at both ends that belong together, as intended, and new where changed.

An IKE SA alone is no tunnel; and a reload leaves SAs with their old parameters, so a change counts only when the
SAs are newer than the push.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from routebook.checks.algorithms import child_matches, child_suite, ike_matches, ike_suite, proposal_suite
from routebook.checks.facts import (
    Changed,
    Explanations,
    Facts,
    excuse_old_trouble,
    tunnel_ends,
    unreadable,
)
from routebook.checks.findings import Finding, Status, settle
from routebook.checks.resets import SLACK, judged, tunnel_reset
from routebook.checks.selectors import IPNetwork, SelectorDifference, compare
from routebook.checks.tunnel_causes import diagnose, installed, sas_of
from routebook.device.state import ChildSa, IkeSa
from routebook.device.values import State
from routebook.intent.model import HostIntent, Tunnel


class _End(Struct, frozen=True):
    """One end of an intended tunnel and its SAs, the newest that is up first."""

    facts: Facts
    host: str
    tunnel: Tunnel
    sas: tuple[IkeSa, ...]

    @property
    def ike(self) -> IkeSa | None:
        """The SA in use: one with an installed child rather than a newer one without."""
        up = [sa for sa in self.sas if sa.up]
        return next((sa for sa in up if installed(sa, self.tunnel.name)), up[0] if up else None)

    @property
    def children(self) -> list[ChildSa]:
        return [child for sa in self.sas if sa.up for child in installed(sa, self.tunnel.name)]

    def finding(self, check: str, status: Status, *evidence: str, cause: str = "") -> Finding:
        lines = tuple(f"{self.host}: {line}" for line in evidence)
        return Finding(self.host, f"tunnel.{check}", self.tunnel.name, status, lines, cause)


def check(
    intents: Mapping[str, HostIntent],
    before: Mapping[str, State],
    now: Mapping[str, State],
    changed: Changed,
    explanations: Explanations,
    final: bool = False,
) -> list[Finding]:
    """Findings on the tunnels of the hosts in `intents`; both ends are compared where both are among them.

    `before` is empty when there was no change to compare with (`verify`): then every intended tunnel must be
    good. `explanations` must be of after the activation at both ends: a failed authentication among
    them is definite. With `final`, what is pending has failed.
    """
    facts = Facts(intents, before, now, changed, explanations)
    touched = frozenset(
        (host, tunnel.name)
        for host, intent in intents.items()
        for tunnel in intent.tunnels
        if tunnel.name in changed.tunnels
    )
    found = excuse_old_trouble(_evaluate(facts), _evaluate(facts.at_start()), touched, changed)
    return settle(found) if final else found


def _evaluate(facts: Facts) -> Iterator[Finding]:
    for host, intent in facts.intents.items():
        state = facts.now.get(host)
        if state is None:
            if intent.tunnels:
                yield unreadable(host)
            continue
        if state.ike is None and intent.tunnels:
            evidence = (f"{host}: no IKE daemon answers",)
            yield Finding(host, "tunnel.daemon", host, "failed", evidence, f"the IKE daemon of {host} does not run")
            continue
        for tunnel in intent.tunnels:
            yield from _tunnel(_End(facts, host, tunnel, tuple(sas_of(state, tunnel.name))))
        yield from _others(facts, host, {tunnel.name for tunnel in intent.tunnels}, state.ike or ())
        yield from _idle(facts, host, intent, state)


def _tunnel(end: _End) -> Iterator[Finding]:
    ike = end.ike
    if ike is None:
        text = f"IKE SA {', '.join(sa.state for sa in end.sas)}" if end.sas else "no IKE SA"
        yield _down(end, "ike", text)
        return
    ours, theirs = f"{ike.local_address} ({ike.local_id})", f"{ike.remote_address} ({ike.remote_id})"
    alone = () if end.tunnel.peer_host else (f"{end.tunnel.peer} is not ours: seen from this end alone",)
    yield end.finding("ike", "ok", f"ESTABLISHED for {ike.established} s, {ours} to {theirs}", *alone)
    children = end.children
    if not children:
        other = [f"{child.name} {child.state}" for sa in end.sas for child in sa.children]
        yield _down(end, "child", f"IKE SA up, no child INSTALLED ({', '.join(other) or 'no child at all'})")
        return
    child = children[0]
    current = _in_use(end.tunnel, children)
    yield end.finding(
        "child",
        "ok",
        *(
            f"INSTALLED for {each.installed} s, SPIs in {each.spi_in} out {each.spi_out}, "
            f"bytes in {each.bytes_in} out {each.bytes_out}"
            for each in current
        ),
    )
    yield from _algorithms(end, ike, child)
    yield from _selectors(end, current)
    yield from _age(end, ike, child)
    yield from _reset(end)
    yield from _duplicates(end, children)
    yield from _crosswise(end, children)


def _down(end: _End, check: str, text: str) -> Finding:
    diagnosis = diagnose(end.facts, end.tunnel.name)
    if not diagnosis.cause and check == "child":
        cause = "the IKE SA alone carries no traffic; no log line says why the child is missing"
        diagnosis = replace(diagnosis, cause=cause)
    finding = end.finding(check, "failed" if diagnosis.definite else "pending", text)
    return replace(diagnosis.of(finding), state="down")


def _algorithms(end: _End, ike: IkeSa, child: ChildSa) -> Iterator[Finding]:
    tunnel = end.tunnel
    wrong = []
    if not ike_matches(ike, tunnel.ike_proposals):
        wrong.append(f"IKE uses {ike_suite(ike)}, intended {proposal_suite(tunnel.ike_proposals)}")
    if not child_matches(child, tunnel.esp_proposals):
        wrong.append(f"ESP uses {child_suite(child)}, intended {proposal_suite(tunnel.esp_proposals)}")
    if wrong:
        cause = "the SA keeps the parameters it was made with until it is terminated and initiated again"
        yield end.finding("algorithms", "pending", *wrong, cause=cause)
    else:
        yield end.finding("algorithms", "ok", f"IKE {ike_suite(ike)}, ESP {child_suite(child)}")


def _in_use(tunnel: Tunnel, children: list[ChildSa]) -> list[ChildSa]:
    """The newest child, or where there are several by design, the newest of each pair of selectors."""
    if not tunnel.pairs_apart and not tunnel.children:
        return children[:1]
    return [group[0] for group in _by_pair(children)]


def _by_pair(children: list[ChildSa]) -> list[list[ChildSa]]:
    """The children of each pair of selectors, the newest first."""
    found: dict[tuple[frozenset[str], frozenset[str]], list[ChildSa]] = {}
    for child in children:
        found.setdefault((frozenset(child.local_selectors), frozenset(child.remote_selectors)), []).append(child)
    return list(found.values())


def _selectors(end: _End, children: list[ChildSa]) -> Iterator[Finding]:
    local = list(dict.fromkeys(selector for child in children for selector in child.local_selectors))
    remote = list(dict.fromkeys(selector for child in children for selector in child.remote_selectors))
    sides = (("local", local, end.tunnel.local_selectors), ("remote", remote, end.tunnel.remote_selectors))
    status: Status = "ok"
    remarks: list[str] = []
    for side, actual, intended in sides:
        try:
            difference = compare(actual, intended)
        except ValueError:
            status = "failed"
            remarks.append(f"{side} selectors {' '.join(actual)} are not networks")
            continue
        # A pair that waits for its first traffic is not there yet, and nothing is wrong with it.
        wanting = difference.missing and not end.tunnel.pairs_apart
        if wanting or difference.excess or difference.restricted:
            status = "failed"
        elif (difference.narrowed or difference.missing) and status == "ok":
            status = "warning"
        remarks += _differences(side, difference)
    lines = [f"{' '.join(child.local_selectors)} === {' '.join(child.remote_selectors)}" for child in children]
    # Wrong selectors of a child that is about to be replaced are a matter of waiting.
    yield end.finding("selectors", "pending" if status == "failed" else status, *lines, cause="; ".join(remarks))


def _differences(side: str, difference: SelectorDifference) -> Iterator[str]:
    parts: tuple[tuple[str, tuple[IPNetwork, ...] | tuple[str, ...]], ...] = (
        ("not covered", difference.missing),
        ("only partly covered", difference.narrowed),
        ("not intended", difference.excess),
        ("limited to a protocol or port", difference.restricted),
    )
    for what, networks in parts:
        if networks:
            yield f"{side} {what}: {', '.join(map(str, networks))}"


def _age(end: _End, ike: IkeSa, child: ChildSa) -> Iterator[Finding]:
    """A changed tunnel's child, and its IKE SA where that changed, must be younger than the last push to an end."""
    if end.tunnel.name not in end.facts.changed.tunnels:
        return
    pushed = end.facts.changed.seconds_since_push
    since = [pushed[host] for host, _ in tunnel_ends(end.facts.intents, end.tunnel.name) if host in pushed]
    if not since:
        return
    limit = min(since) + SLACK
    text = f"IKE SA {ike.established} s, child {child.installed} s old; pushed {min(since):.0f} s ago"
    old_ike = ike.established > limit and end.tunnel.name in end.facts.changed.ike
    if old_ike or child.installed > limit:
        cause = "the SA is older than the push and still has its old parameters"
        yield end.finding("age", "pending", text, cause=cause)
    else:
        yield end.finding("age", "ok", text)


def _duplicates(end: _End, children: list[ChildSa]) -> Iterator[Finding]:
    up = sum(sa.up for sa in end.sas)
    if up > 1 or len(children) > len(_in_use(end.tunnel, children)):
        yield end.finding("duplicate", "warning", f"{up} IKE SAs up, {len(children)} children INSTALLED")


def _crosswise(end: _End, children: list[ChildSa]) -> Iterator[Finding]:
    """Compare the SPIs of both ends once, at the first end."""
    ends = tunnel_ends(end.facts.intents, end.tunnel.name)
    if len(ends) < 2 or ends[0][0] != end.host:
        return
    other = ends[1][0]
    state = end.facts.now.get(other)
    theirs = [child for sa in sas_of(state, end.tunnel.name) if sa.up for child in installed(sa, end.tunnel.name)]
    if not theirs:
        return  # the other end's own finding says so
    lines = [f"in {c.spi_in} out {c.spi_out}" for c in children]
    back = [f"{other}: in {c.spi_in} out {c.spi_out}" for c in theirs]
    crossed = {(spi(c.spi_out), spi(c.spi_in)) for c in theirs}
    finding = end.finding("spi", "ok", *lines)
    live = [child for child in children if (spi(child.spi_in), spi(child.spi_out)) in crossed]
    # Of several children each must be one that the other end has, too; a pair of selectors may wait for its traffic.
    apart = end.tunnel.children and any(not any(child in live for child in group) for group in _by_pair(children))
    if not live or apart:
        cause = f"{end.host} and {other} hold different child SAs, so traffic is lost: re-key at both ends"
        finding = end.finding("spi", "pending", *lines, cause=cause)
        finding = replace(finding, state="wedged")
    yield replace(finding, evidence=(*finding.evidence, *back))


def spi(text: str) -> str:
    """An SPI as every device prints it: hexadecimal digits without leading zeros."""
    return text.lower().removeprefix("0x").lstrip("0")


def _reset(end: _End) -> Iterator[Finding]:
    """A tunnel that the run was to leave alone and that was made anew."""
    name = end.tunnel.name
    if name in end.facts.changed.tunnels:
        return
    reset = tunnel_reset(end.host, name, sas_of(end.facts.before.get(end.host), name), end.sas)
    if reset is not None:
        yield judged(end.facts, reset, {end.host, end.tunnel.peer}, end.tunnel.peer_host)


def _others(facts: Facts, host: str, intended: set[str], sas: tuple[IkeSa, ...]) -> Iterator[Finding]:
    """SAs of connections that the intent does not have: removed by the run, or somebody else's, which must be up."""
    gone = {name for owner, name in facts.changed.gone if owner == host}
    for name in dict.fromkeys(sa.name for sa in sas if sa.name not in intended):
        lines = [f"{host}: {sa.state} with {sa.remote_address} ({sa.remote_id})" for sa in sas if sa.name == name]
        if name not in gone:
            yield Finding(host, "tunnel.extra", name, "warning", tuple(lines), "not in the intent")
        elif any(sa.up for sa in sas if sa.name == name):
            cause = "the run removed it; its SA is still there"
            yield Finding(host, "tunnel.removed", name, "pending", tuple(lines), cause)
    earlier = facts.before.get(host)
    for name in dict.fromkeys(sa.name for sa in (earlier.ike if earlier else None) or ()):
        old = [sa for sa in sas_of(earlier, name) if any(child.up for child in sa.children)]
        if name in intended or name in gone or not old:
            continue
        if not any(child.up for sa in sas if sa.name == name for child in sa.children):
            yield _bystander(facts, host, name, old, sas)
        elif name not in facts.changed.tunnels:
            reset = tunnel_reset(host, name, old, [sa for sa in sas if sa.name == name])
            if reset is not None:
                yield judged(facts, reset, {host})


def _idle(facts: Facts, host: str, intent: HostIntent, state: State) -> Iterator[Finding]:
    """Tunnels that are configured and have no SA, which the intent does not have."""
    known = {name for tunnel in intent.tunnels for name in (tunnel.name, tunnel.connection)}
    known |= {sa.name for sa in state.ike or ()} | {name for owner, name in facts.changed.gone if owner == host}
    for name in dict.fromkeys(state.connections or ()):
        if name not in known:
            lines = (f"{host}: configured, without an SA",)
            yield Finding(host, "tunnel.extra", name, "warning", lines, "not in the intent")


def _bystander(facts: Facts, host: str, name: str, old: list[IkeSa], sas: tuple[IkeSa, ...]) -> Finding:
    """Somebody else's tunnel that is down; no matter where one that the run made between its ends carries it all."""
    text = f"{host}: a child was INSTALLED before the run, now none is"
    ends = {(sa.local_address, sa.remote_address) for sa in old}
    selectors = {pair for sa in old for child in sa.children if child.up for pair in _pairs(child)}
    for sa in sas:
        carried = {pair for child in sa.children if child.up for pair in _pairs(child)}
        ours = sa.up and sa.name in facts.changed.tunnels and (sa.local_address, sa.remote_address) in ends
        if ours and selectors <= carried:
            evidence = (text, f"{host}: {sa.name} between the same ends has its selectors")
            return Finding(host, "tunnel.child", name, "warning", evidence, f"{sa.name} carries its traffic now")
    rekeyed = name in facts.changed.tunnels
    cause = "the run re-keys it, and it is not up again" if rekeyed else "down, although the run was to leave it alone"
    return Finding(host, "tunnel.child", name, "pending", (text,), cause)


def _pairs(child: ChildSa) -> set[tuple[str, str]]:
    return {(ours, theirs) for ours in child.local_selectors for theirs in child.remote_selectors}
