"""Make a tunnel anew: its SAs are ended at one end, whatever state they are in, and negotiated again."""

from collections.abc import Mapping

from nornir.core.task import Result, Task

from routebook.checks.findings import Finding, Status
from routebook.checks.resets import TUNNEL_RESET
from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import Effect
from routebook.intent.model import HostIntent
from routebook.run.fan_out import driver
from routebook.run.parameters import Value
from routebook.run.runbook import Done, Target, View
from tasks.verify_tunnels import verify_tunnels


def restart_tunnel(task: Task, tunnels: tuple[str, ...]) -> Result:
    """End every SA of tunnels and start them anew. What they carried is lost until they are up again.

    Arguments:
        tunnels: their names in the inventory.

    Returns:
        Result object with the following attributes set:
          * changed (``bool``): True

    Raises:
        DriverError: the device refuses, or its IKE daemon does not answer.

    """
    device = driver(task)
    intent: HostIntent = task.host.data["intent"]
    chosen = [tunnel for tunnel in intent.tunnels if tunnel.name in tunnels]
    for number, tunnel in enumerate(chosen):
        try:
            device.restart_tunnel(tunnel.connection, sorted(tunnel.child_names))
        except LostContactError:
            raise
        except DriverError as error:
            raise DriverError(str(error), changed=error.changed or number > 0) from error
    return Result(host=task.host, changed=True)


def starting_end(intents: Mapping[str, HostIntent], values: Mapping[str, Value]) -> Target:
    """The end that starts the parameter `tunnel`, or the only one of ours; both ends of ours are looked at.

    One end is enough: what the other one still has goes as the new IKE SA is the first between them (RFC 7296,
    section 2.4).
    """
    ends = {
        host: tunnel
        for host, intent in sorted(intents.items())
        for tunnel in intent.tunnels
        if tunnel.name == values["tunnel"]
    }
    first = min(ends, key=lambda host: (not ends[host].initiator, host))
    name = ends[first].name
    effects = {host: (Effect("tunnel-rekey", name, "it is made anew"),) for host in ends}
    return Target({first: {"tunnels": (name,)}}, frozenset(ends), effects)


def remade(view: View, done: Done) -> list[Finding]:
    """Every end has SAs that are younger than the action, and the tunnel is as the intent wants it."""
    name = str(done.values["tunnel"])
    findings = [each for each in verify_tunnels(view) if each.subject == name and each.check != TUNNEL_RESET]
    for host, intent in view.intents.items():
        if host not in view.now or not any(tunnel.name == name for tunnel in intent.tunnels):
            continue
        sas = [sa for sa in view.now[host].ike or () if sa.name == name and sa.up]
        ages = [sa.established for sa in sas] + [child.installed for sa in sas for child in sa.children if child.up]
        # The ages are of whole seconds.
        new = len(ages) > len(sas) > 0 and max(ages) <= done.seconds + 1
        state = f"SAs of {', '.join(map(str, ages))} s" if ages else "no SA"
        status: Status = "ok" if new else "failed" if view.final else "pending"
        evidence = (f"{host}: {state}, the action was {done.seconds:.0f} s ago",)
        findings.append(Finding(host, "tunnel.remade", name, status, evidence))
    return findings
