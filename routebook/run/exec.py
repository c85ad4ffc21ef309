"""What an operator types on many hosts at once: each command is judged before any is sent, then all are asked."""

import time
from collections.abc import Iterable, Mapping
from threading import Event
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import asdict
from nornir.core.exceptions import NornirSubTaskError
from nornir.core.inventory import Host
from nornir.core.task import Task

from routebook.device.command_line import CommandLine, Said, Typed
from routebook.device.errors import CommandRefusedError, ConnectionFailedError, DriverError
from routebook.device.limits import Limits, read_limits
from routebook.errors import InterruptedRunError, RefusedError
from routebook.intent.platform import platform as platform_of
from routebook.intent.registry import load
from routebook.project.secrets import SecretError, Secrets
from routebook.run.fan_out import on_hosts, reasons
from routebook.run.journal import new_run_id
from routebook.run.leases import LeaseFile
from routebook.run.locks import KEEPS, Locks
from routebook.run.structured import structured
from routebook.run.workspace import Workspace

NETMIKO = "netmiko"
State = Literal["answered", "failed", "no answer"]
_SLACK = 60.0  # seconds for which a lock outlives the longest answer


class Asked(Struct, frozen=True):
    """A command as it goes to one host."""

    line: CommandLine
    typed: Typed


class HostAnswer(Struct, frozen=True):
    """What one host answered. `error` says what went wrong: what the device said, or why nothing came of it.

    `structured` is the answer as data, where it was asked for and is JSON or a template knows it.
    """

    command: str
    state: State
    output: str = ""
    error: str = ""
    structured: Any = None
    seconds: float = 0.0


class Group(Struct, frozen=True):
    """Hosts whose answers are equal, to the byte."""

    hosts: tuple[str, ...]
    answer: HostAnswer


class Executed(Struct, frozen=True):
    """The answers of all hosts. `kept` are those that could not be asked to give their lock back, and why."""

    hosts: Mapping[str, HostAnswer]
    write: bool = False
    interrupted: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[Group, ...]:
        """Hosts with equal answers together, the largest group first."""
        found: dict[tuple[str, str, str], list[str]] = {}
        for host, each in self.hosts.items():
            found.setdefault((each.state, each.output, _impersonal(each.error, host)), []).append(host)
        groups = [Group(tuple(hosts), self.hosts[hosts[0]]) for hosts in found.values()]
        return tuple(sorted(groups, key=lambda group: (-len(group.hosts), group.hosts)))

    @property
    def exit_code(self) -> int:
        """0: all answered; 3: a host did not, or says that the command failed; 4: what was sent may have happened.

        4 is of `write` alone: a host of which no answer came, or that has the lock still.
        """
        states = {each.state for each in self.hosts.values()}
        if self.write and ("no answer" in states or self.kept):
            return 4
        if self.interrupted:
            return 130
        return 0 if states == {"answered"} else 3


def _impersonal(error: str, host: str) -> str:
    return error.replace(host, "")


def judge(workspace: Workspace, command: str, elsewhere: Mapping[str, str], *, write: bool) -> dict[str, Asked]:
    """What goes to each host; `elsewhere` are the commands of platforms that are to be asked in other words.

    Raises RefusedError, which names every platform that does not take its command. No host is contacted.
    """
    asked: dict[str, Asked] = {}
    refused: dict[str, str] = {}
    platforms = {workspace.nornir.inventory.hosts[name].platform or "" for name in workspace.hosts}
    if strange := sorted(set(elsewhere) - platforms):
        raise RefusedError(f"--on {strange[0]}: none of the chosen hosts is of that platform; nothing was sent")
    for name in workspace.hosts:
        host = workspace.nornir.inventory.hosts[name]
        called = host.platform or ""
        try:
            asked[name] = asked_of(host, elsewhere.get(called, command), write=write)
        except CommandRefusedError as error:
            refused[called] = str(error)
    if refused:
        advice = "" if write else "; what changes something takes --write, what one platform calls otherwise --on"
        raise RefusedError(f"{'. '.join(refused.values())}. Nothing was sent{advice}")
    return asked


def asked_of(host: Host, command: str, *, write: bool = False) -> Asked:
    """A command as it goes to one host. Raises CommandRefusedError where its platform does not take it."""
    called = host.platform or ""
    found = platform_of(called)
    if found is None or not found.command_line:
        raise CommandRefusedError(f"{called}: its platform has no list of what reads")
    line: CommandLine = load(found.command_line)
    sudo = _sudo(host, line)
    try:
        return Asked(line, line.changes(command, sudo) if write else line.reads(command, sudo))
    except CommandRefusedError as error:
        raise CommandRefusedError(f"{called}: {command!r} {error}") from error


def _sudo(host: Host, line: CommandLine) -> bool:
    given = _arguments(host).get("sudo")
    return host.username not in line.superusers if given is None else bool(given)


def _arguments(host: Host) -> Mapping[str, Any]:
    extras = host.get_connection_parameters("napalm").extras or {}
    found: Mapping[str, Any] = extras.get("optional_args") or {}
    return found


def ask(
    workspace: Workspace, asked: Mapping[str, Asked], seconds: float, stop: Event, *, parse: bool = False
) -> Executed:
    """Send each host its command, which only reads, and wait `seconds` for each answer at most.

    With `parse`, answers are given as data too where that is known. `stop` gives up what has not answered.
    """
    hosts = _all(workspace, asked, seconds, stop, parse=parse)
    return Executed(hosts, interrupted=stop.is_set())


def change(
    workspace: Workspace, asked: Mapping[str, Asked], seconds: float, stop: Event, *, parse: bool = False
) -> Executed:
    """As `ask`, under the lock of every host, whatever the command does; a lease says so to healers meanwhile.

    `stop` is heard until the hosts are locked; what was sent is waited for. Raises RefusedError where a host is locked
    by somebody else or cannot be: nothing was sent then.
    """
    run_id = new_run_id()
    locks, lease = Locks(workspace.nornir, run_id), LeaseFile(workspace.state.open().leases)
    lasts = seconds + _SLACK
    if errors := locks.take(workspace.hosts, lasts):
        raise RefusedError(f"{'; '.join(reasons(errors).values())}. Nothing was sent")
    hosts: dict[str, HostAnswer] = {}
    try:
        lease.take(run_id, "exec", workspace.hosts, (), lasts)
        if stop.is_set():
            raise InterruptedRunError("interrupted; nothing was sent")
        hosts = _all(workspace, asked, seconds, None, parse=parse)
    finally:
        lease.release()
        left = locks.release()
    kept = {host: f"{reason}; it {KEEPS}" for host, reason in reasons(left).items()}
    return Executed(hosts, write=True, interrupted=stop.is_set(), kept=kept)


def _all(
    workspace: Workspace, asked: Mapping[str, Asked], seconds: float, stop: Event | None, *, parse: bool
) -> dict[str, HostAnswer]:
    _know_secrets(workspace.secrets)
    _import(asked.values())

    def once(task: Task) -> HostAnswer:
        return answer(task, asked[task.host.name], seconds, stop, parse=parse)

    found = on_hosts(workspace.nornir, asked, once)
    why = reasons(found.errors)
    lost = {
        host: HostAnswer(
            asked[host].typed.words, "no answer", error=_sentence(why[host]), seconds=round(found.seconds[host], 2)
        )
        for host in found.errors
    }
    return dict(sorted((found.values | lost).items()))


def answer(task: Task, asked: Asked, seconds: float, stop: Event | None = None, *, parse: bool = False) -> HostAnswer:
    """Send a host its command and wait `seconds` for the answer at most. Raises DriverError where none came."""
    from nornir_netmiko.tasks import netmiko_send_command

    begun = time.monotonic()
    if stop is not None and stop.is_set():
        raise DriverError("interrupted before it was asked")
    limits = read_limits(task.host.name, _arguments(task.host))
    _connect(task, asked.line)
    try:
        said: Said = task.run(
            task=netmiko_send_command,
            command_string=asked.typed.line,
            read_timeout=min(seconds, limits.seconds or seconds),
            limits=Limits(limits.most),
            stop=stop,
        )[0].result
    except NornirSubTaskError as error:
        raise error.result[0].exception or error from error
    output = asked.line.redact(said.output)
    return HostAnswer(
        command=asked.typed.words,
        state="failed" if said.failed else "answered",
        output=output,
        error=asked.line.redact(said.failed),
        structured=structured(asked.line.templates, asked.typed.words, output) if parse and not said.failed else None,
        seconds=round(time.monotonic() - begun, 2),
    )


def _connect(task: Task, line: CommandLine) -> None:
    """Open the host's connection of nornir-netmiko, by the platform's own class in place of netmiko's for it."""
    from netmiko.exceptions import NetmikoBaseException
    from nornir_netmiko.connections import Netmiko

    if NETMIKO in task.host.connections:
        return
    options = task.host.get_connection_parameters(NETMIKO)
    plugin = Netmiko()
    try:
        plugin.connection = load(line.connection)(
            host=options.hostname,
            username=options.username,
            password=options.password,
            port=options.port,
            device_type=options.platform,
            **options.extras or {},
        )
    except (NetmikoBaseException, OSError, EOFError, ValueError) as error:
        raise ConnectionFailedError(f"{task.host.name} cannot be reached: {_short(error)}") from error
    task.host.connections[NETMIKO] = plugin


def _short(error: Exception) -> str:
    """What netmiko says of a connection that failed, without its advice on what else might be wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "A paramiko SSHException occurred during connection creation:" in lines:
        return " ".join(lines[1:])
    kept: list[str] = []
    for line in lines:
        if line.startswith(("Common causes", "Device settings")):
            break
        kept.append(line)
    return " ".join(kept) or type(error).__name__


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _import(asked: Iterable[Asked]) -> None:
    """Before any thread does: libraries that are imported by several at once deadlock."""
    for where in {each.line.connection for each in asked}:
        load(where)
    import nornir_netmiko.tasks  # noqa: F401


def _know_secrets(secrets: Secrets) -> None:
    """Let the gate know the inventory's secrets, which answers may show. Commands that give one are not run."""
    for reference in secrets.places:
        try:
            value = secrets.glance(reference)
        except SecretError:
            continue
        if value is not None:
            secrets.redactor.add(value)


def as_data(command: str, result: Executed) -> dict[str, Any]:
    """The result for programs."""
    return {
        "command": command,
        "write": result.write,
        "exit_code": result.exit_code,
        "groups": [list(group.hosts) for group in result.groups],
        "hosts": {host: asdict(each) for host, each in result.hosts.items()},
        "locks_kept": dict(result.kept),
    }
