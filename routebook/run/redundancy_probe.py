"""Whether what is left of a failure domain carries traffic at this moment: asked of its hosts, and probed."""

from collections.abc import Collection, Mapping
from functools import partial

from nornir.core import Nornir

from routebook.checks.names import named_states
from routebook.checks.packets import through
from routebook.checks.tunnel_causes import tunnel_up
from routebook.device.contract import TransactionDriver
from routebook.device.values import Echo, Reply
from routebook.intent.model import HostIntent
from routebook.intent.platform import platform
from routebook.run.fan_out import on_drivers
from routebook.run.inputs import Inputs
from routebook.run.ledger import Ledger
from routebook.run.watch import read_states
from routebook.safety.accepted import NO_REDUNDANCY
from routebook.safety.redundancy import Budget, Leg, anything_up

PROBES = 3


def unsafe(inputs: Inputs, ledger: Ledger, wave: Collection[str]) -> str:
    """Why a wave may not be changed now: what would carry its traffic in the meantime does not."""
    return unless_accepted(inputs, exhausted(inputs.nornir, ledger.prepared.budget, ledger.active(wave)))


def unless_accepted(inputs: Inputs, danger: str) -> str:
    """A danger to redundancy with how to accept it; nothing where it was accepted."""
    if danger and NO_REDUNDANCY in inputs.options.accept:
        inputs.report("waves", f"accepted: {danger}")
        return ""
    return f"{danger} (to do it all the same: --accept {NO_REDUNDANCY})" if danger else ""


def exhausted(nornir: Nornir, budget: Budget, hosts: Collection[str]) -> str:
    """Why changing `hosts` now may leave nothing to carry the traffic; nothing when one other leg of each domain does.

    Asks the other legs' hosts, which need not be hosts of the run.
    """
    found = []
    for domain, legs in budget.spent(hosts).items():
        reasons: list[str] = []
        for leg in budget.rest(domain, hosts):
            if not (reason := _not_carrying(nornir, leg, budget.intents)):
                reasons = []
                break
            reasons.append(f"{leg.name}: {reason}")
        if reasons:
            touched = " and ".join(leg.name for leg in legs)
            found.append(
                f"{touched} would be touched while its redundancy does not carry traffic ({'; '.join(reasons)})"
            )
    return "; ".join(found)


def _not_carrying(nornir: Nornir, leg: Leg, intents: Mapping[str, HostIntent]) -> str:
    """Why a leg does not carry traffic at this moment, or nothing when it does.

    A tunnel must have an installed child at each end of ours. Where the intent has addresses that it carries, unless an
    end is a firewall, echo requests between them must be answered. A host must answer, with a session or SA up.
    """
    answers = read_states(nornir, leg.hosts)
    if answers.errors:
        host, error = sorted(answers.errors.items())[0]
        return f"{host} cannot be read: {error}"
    states = named_states(intents, answers.values)
    if not leg.tunnel:
        return "" if anything_up(states.values()) else f"nothing is up on {leg.name}"
    down = sorted(host for host, state in states.items() if not tunnel_up(state, leg.name))
    return f"it has no installed child on {', '.join(down)}" if down else _unanswered(nornir, leg, intents)


def _unanswered(nornir: Nornir, leg: Leg, intents: Mapping[str, HostIntent]) -> str:
    for host in sorted(leg.hosts):
        tunnel = next(each for each in intents[host].tunnels if each.name == leg.name)
        far = intents.get(tunnel.peer_host or "")
        ends = through(intents[host], far, tunnel) if far is not None and not _filtered(intents[host], far) else []
        if not ends:
            continue
        source, destination = ends[0]
        answers = on_drivers(nornir, [host], partial(_probe, echo=Echo(destination, source, timeout=1, count=PROBES)))
        for error in answers.errors.values():
            return f"{host} cannot send echo requests: {error}"
        reply = answers.values[host]
        if reply.error:
            return f"{host} cannot send echo requests through it: {reply.error}"
        return "" if reply.answered else f"no echo request from {host} ({source}) to {destination} is answered"
    return ""


def _probe(device: TransactionDriver, echo: Echo) -> Reply:
    return device.probe([echo])[0]


def _filtered(*ends: HostIntent) -> bool:
    return any(its is not None and its.can.filters for its in (platform(end.platform) for end in ends))
