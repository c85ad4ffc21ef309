"""Clear a BGP session: it is reset, and comes up anew by itself."""

from collections.abc import Mapping

from nornir.core.task import Result, Task

from routebook.checks.findings import Finding, Status
from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import Effect
from routebook.intent.model import HostIntent
from routebook.run.fan_out import driver
from routebook.run.parameters import Value
from routebook.run.runbook import Done, Target, View


def clear_session(task: Task, peers: tuple[str, ...]) -> Result:
    """Reset sessions of a host, Established or not. What they carried is lost until they are up again.

    Arguments:
        peers: the addresses of the other ends.

    Returns:
        Result object with the following attributes set:
          * changed (``bool``): True

    Raises:
        DriverError: the device does not know one of them, or refuses.

    """
    device = driver(task)
    for number, peer in enumerate(peers):
        try:
            device.clear_session(peer)
        except LostContactError:
            raise
        except DriverError as error:
            raise DriverError(str(error), changed=error.changed or number > 0) from error
    return Result(host=task.host, changed=True)


def one_end(intents: Mapping[str, HostIntent], values: Mapping[str, Value]) -> Target:
    """The end at which the parameter `session` is cleared, one for both; both ends of ours are looked at."""
    ends = {
        host: tuple(str(each.address) for each in intent.neighbors if each.session == values["session"])
        for host, intent in sorted(intents.items())
    }
    found = {host: peers for host, peers in ends.items() if peers}
    first = next(iter(found))
    effects = tuple(Effect("session-reset", peer, "it is cleared") for peer in found[first])
    return Target({first: {"peers": found[first]}}, frozenset(found), {first: effects})


def cleared(view: View, done: Done) -> list[Finding]:
    """The session is up at every end, and younger than the action."""
    findings = []
    for host, intent in view.intents.items():
        if host not in view.now:
            continue
        sessions = {session.peer: session for session in view.now[host].bgp or ()}
        for neighbor in intent.neighbors:
            if neighbor.session != done.values["session"]:
                continue
            session = sessions.get(neighbor.address)
            age = session.uptime if session is not None and session.established else None
            # Both ages are of whole seconds.
            new = age is not None and age <= done.seconds + 1
            state = "not up" if age is None else f"up for {age} s, the action was {done.seconds:.0f} s ago"
            status: Status = "ok" if new else "failed" if view.final else "pending"
            findings.append(Finding(host, "session.cleared", str(neighbor.address), status, (f"{host}: {state}",)))
    return findings
