"""Rolling back is finished when everything that was up before is up again, in the same way."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from routebook.checks.bgp import describe
from routebook.checks.bgp_causes import diagnose as diagnose_session
from routebook.checks.facts import Changed, Explanations, Facts, logged, unreadable
from routebook.checks.findings import Finding, settle
from routebook.checks.tunnel_causes import installed, sas_of
from routebook.device.state import BgpSession, ChildSa
from routebook.device.values import State


def check(
    before: Mapping[str, State],
    now: Mapping[str, State],
    explanations: Explanations | None = None,
    *,
    final: bool = False,
) -> list[Finding]:
    """Findings on every session that was Established and every tunnel that had an installed child in `before`.

    Sessions need the same peer AS and the same address families again, tunnels a child with the same traffic
    selectors. What was down before may stay down. With `final`, what is pending has failed.
    """
    facts = Facts({}, {}, now, Changed(), explanations or {})
    found = [finding for host, state in before.items() for finding in _host(facts, host, state)]
    return settle(found) if final else found


def _host(facts: Facts, host: str, before: State) -> Iterator[Finding]:
    now = facts.now.get(host)
    if now is None:
        yield unreadable(host)
        return
    present = {(session.vrf, session.peer): session for session in now.bgp or ()}
    for session in before.bgp or ():
        if session.established:
            yield _session(facts, host, session, present.get((session.vrf, session.peer)))
    for name in dict.fromkeys(sa.name for sa in before.ike or ()):
        old = [child for sa in sas_of(before, name) if sa.up for child in sa.children if child.up]
        for child in dict.fromkeys(child.name for child in old):
            yield _child(facts, host, name, [each for each in old if each.name == child], now)


def _session(facts: Facts, host: str, old: BgpSession, session: BgpSession | None) -> Finding:
    subject = str(old.peer) if old.vrf == "default" else f"{old.peer} (vrf {old.vrf})"
    if session is None:
        evidence = (f"{host}: Established before the run, now not configured",)
        return Finding(host, "baseline.session", subject, "failed", evidence, "the session is gone")
    if not session.established:
        evidence = (f"{host}: Established before the run, now {describe(session)}",)
        why = diagnose_session(facts, host, session, None, notifications=False)
        found = Finding(host, "baseline.session", subject, "pending", evidence, why.cause)
        return replace(found, kind=why.kind, origin=why.origin)
    families = [{family.name for family in one.families} for one in (old, session)]
    if families[0] != families[1] or old.remote_as != session.remote_as:
        lines = tuple(
            f"{host}: {when} AS {one.remote_as}, {', '.join(sorted(names)) or 'no family'}"
            for when, one, names in (("before the run", old, families[0]), ("now", session, families[1]))
        )
        return Finding(host, "baseline.session", subject, "pending", lines, "Established, but not as before the run")
    return Finding(host, "baseline.session", subject, "ok", (f"{host}: Established, as before the run",))


def _child(facts: Facts, host: str, name: str, old: list[ChildSa], now: State) -> Finding:
    """Whether one of a name's children is back: where each pair of selectors has its own, traffic makes the others."""
    sas = [sa for sa in sas_of(now, name) if sa.up]
    children = [child for sa in sas for child in installed(sa, old[0].name)]
    if not children:
        lines = dict.fromkeys(line for cause in facts.causes(host, name) for line in logged(host, cause))
        text = f"{host}: INSTALLED before the run, now {'no child' if sas else 'no IKE SA'}"
        return Finding(host, "baseline.tunnel", name, "pending", (text, *lines), "the tunnel is not up again")
    if not {_selectors(child) for child in children} & {_selectors(child) for child in old}:
        text = f"{host}: selectors {_selectors_of(children[0])}, before the run {_selectors_of(old[0])}"
        return Finding(host, "baseline.tunnel", name, "pending", (text,), "up, but not as before the run")
    return Finding(host, "baseline.tunnel", name, "ok", (f"{host}: child INSTALLED, as before the run",))


def _selectors(child: ChildSa) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(child.local_selectors), frozenset(child.remote_selectors)


def _selectors_of(child: ChildSa) -> str:
    return f"{' '.join(child.local_selectors)} === {' '.join(child.remote_selectors)}"
