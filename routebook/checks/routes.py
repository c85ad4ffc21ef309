"""Best paths to what our own network originates: still there, over reachable next hops, of valid origin."""

from collections.abc import Iterator, Mapping

from routebook.checks.facts import Facts
from routebook.checks.findings import Finding
from routebook.device.state import IPNetwork, Route
from routebook.device.values import State

ROUTE = "bgp.route"
LOST = "bgp.lost"


def check(facts: Facts, known: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """A finding for each prefix of ours that a host has a path to, and for each that it has lost.

    Lost is what it had before the run or, where there was none, what is `known` of it. A prefix that the run no longer
    originates is not lost. Devices that do not say what they were asked are not judged.
    """
    origins = {network for intent in facts.intents.values() for network in intent.networks}
    for host in facts.intents:
        state = facts.now.get(host)
        if state is None or state.routes is None:
            continue
        before = _by_prefix(facts.before.get(host))
        for route in state.routes:
            had = before.get(route.prefix)
            if route.next_hop:
                yield _judged(host, route, had)
            elif route.prefix in origins and (
                had.next_hop if had is not None else str(route.prefix) in known.get(host, ())
            ):
                yield _lost(facts, host, route.prefix, had)


def reached(state: State) -> frozenset[str]:
    """The prefixes that a host has a path to."""
    return frozenset(str(route.prefix) for route in state.routes or () if route.next_hop)


def _by_prefix(state: State | None) -> dict[IPNetwork, Route]:
    return {route.prefix: route for route in (state.routes if state else None) or ()}


def _judged(host: str, route: Route, had: Route | None) -> Finding:
    lines = [f"{host}: {_path(route)}"]
    if had is not None and had.next_hop and (had.peer, had.next_hop) != (route.peer, route.next_hop):
        lines.append(f"{host}: before the run {_path(had)}; it moved by: {route.step or 'not said'}")
    subject, evidence = str(route.prefix), tuple(lines)
    if not route.reachable:
        cause = f"the next hop {route.next_hop} of {subject} is not reachable from {host}"
        return Finding(host, ROUTE, subject, "pending", evidence, cause)
    if route.validation == "invalid":
        cause = f"the origin of {subject} is invalid by RPKI: its ROA names another AS, or a shorter prefix"
        return Finding(host, ROUTE, subject, "failed", evidence, cause)
    return Finding(host, ROUTE, subject, "ok", evidence)


def _path(route: Route) -> str:
    parts = [f"next hop {route.next_hop}", f"from {route.peer}" if route.peer else "", f"AS path {route.as_path}"]
    parts += [f"chosen by: {route.step}" if route.step else "", f"RPKI {route.validation}" if route.validation else ""]
    return ", ".join(part for part in parts if part)


def _lost(facts: Facts, host: str, prefix: IPNetwork, had: Route | None) -> Finding:
    owners = [name for name, intent in facts.intents.items() if prefix in intent.networks]
    was = f"; before the run {_path(had)}" if had is not None else "; it normally has one"
    line = f"{host}: no path to {prefix}{was}"
    cause = f"{host} has lost {prefix}, which {' and '.join(owners)} originate{'s' * (len(owners) == 1)}"
    return Finding(host, LOST, str(prefix), "pending", (line,), cause)
