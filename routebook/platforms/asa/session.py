"""A session with an ASA: logging in, reaching privilege and context, reading, entering configuration mode, flash.

Opening it and reading through it change nothing on the device: the pager is turned off for this session only, the
terminal's width, which is configuration, stays as it is, and configuration mode is entered for a push alone.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import paramiko

from routebook.device.errors import ConnectionFailedError, DriverError, LostContactError, PrivilegeError
from routebook.device.limits import AnswerTooLongError
from routebook.device.values import DeviceIdentity
from routebook.platforms.asa import answers, prompt
from routebook.platforms.asa.options import AsaOptions
from routebook.platforms.asa.show import failover
from routebook.platforms.asa.show.text import NO_NAMES, Names, UnknownNameError, UnknownOutputError, lines
from routebook.platforms.asa.terminal import Terminal, UnexpectedTextError
from routebook.transport import ssh_login

_Read = TypeVar("_Read")

UNCHANGED = "nothing was changed"
_CALL_HOME = {"[A]sk later:": "A"}
_REFUSAL = re.compile(r"^(?:ERROR: .*|%(?! ?BGP not active).*|Command authorization failed.*)$", re.MULTILINE)
_NAME = re.compile(r"name (\S+) (\S+)(?: description .*)?")
_CONFIG_END = ": end"


@dataclass(slots=True)
class AsaSession:
    """One login. Methods raise LostContactError when the connection breaks, and close it."""

    options: AsaOptions
    _transports: list[paramiko.Transport] = field(default_factory=list)
    _terminal: Terminal | None = None
    identity: DeviceIdentity | None = None  # what the device said of itself over this connection
    written: str = ""  # who changed the configuration last, and when, by then
    _names: Names = field(default_factory=dict)

    @property
    def host(self) -> str:
        """What messages call the host."""
        return self.options.ssh.target.label

    @property
    def timeout(self) -> float:
        """Seconds that one exchange may take."""
        return self.options.ssh.timeout

    def open(self) -> None:
        """Log in, reach privileged mode and the context. Raises ConnectionFailedError or PrivilegeError."""
        self.close()
        self.identity = None
        self._transports = ssh_login.connect(self.options.ssh)
        try:
            channel = self._transports[-1].open_session(timeout=self.timeout)
            channel.get_pty("dumb", 511, 0)
            channel.invoke_shell()
            self._terminal = Terminal(channel, self.host, self.options.ssh.limits)
            self._begin(self._terminal)
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            raise self._refused(error) from error
        except DriverError:
            self.close()
            raise

    def close(self) -> None:
        """End the connection; safe at any time."""
        ssh_login.close(self._transports)
        self._transports = []
        self._terminal = None

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as is known without waiting for the host."""
        return self._terminal is not None and ssh_login.stand(self._transports)

    def _refused(self, error: BaseException) -> ConnectionFailedError:
        return ConnectionFailedError(
            f"{self.host} gives no command line: {str(error) or type(error).__name__} (an ASA serves five sessions at "
            f"a time, and one whose line was cut is one of them until `ssh timeout` is over); {UNCHANGED}"
        )

    def _begin(self, terminal: Terminal) -> None:
        try:
            terminal.greet(self.timeout)
        except UnexpectedTextError as error:
            raise ConnectionFailedError(f"{self.host} shows no prompt: {error}; {UNCHANGED}") from error
        except LostContactError as error:
            raise self._refused(error.__cause__ or error) from error
        if not terminal.privileged:
            self._enable(terminal)
        # For this session only; `pager lines` would be the configuration's.
        said = terminal.run("terminal pager 0", timeout=self.timeout)
        if not terminal.privileged:
            # What looked like a privileged prompt was the greeting's.
            self._enable(terminal)
            said = terminal.run("terminal pager 0", timeout=self.timeout)
        self._refuse(said, "terminal pager 0")
        self._refuse_standby(terminal)
        if self.options.context:
            command = f"changeto context {self.options.context}"
            self._refuse(terminal.change_to(self.options.context, timeout=self.timeout), command)
            shown = terminal.body.decode().split("/")
            if self.options.context not in shown[1:]:
                raise PrivilegeError(
                    f"{self.host} is not in context {self.options.context} after `{command}`: its prompt says "
                    f"{terminal.body.decode()!r}; {UNCHANGED}"
                )
            self._refuse(terminal.run("terminal pager 0", timeout=self.timeout), "terminal pager 0")

    def _enable(self, terminal: Terminal) -> None:
        try:
            if self.options.enable_by == "login":
                target = self.options.ssh.target
                replies = {"sername:": target.user, "assword:": target.password or ""}
                said = terminal.run("login", timeout=self.timeout, replies=replies)
            else:
                target = self.options.ssh.target
                said = terminal.ask_password(
                    "enable",
                    self.options.enable_password,
                    user=target.user,
                    own=target.password or "",
                    timeout=self.timeout,
                )
        except UnexpectedTextError as error:
            text = str(error)
            if "not set" in text or "New" in text or "Enter  Password" in text:
                raise PrivilegeError(
                    f"{self.host} demands that an enable password be set first, which would be a change: set one by "
                    f"hand; {UNCHANGED}"
                ) from error
            raise PrivilegeError(
                f"{self.host} refuses the enable password"
                + ("" if self.options.enable_password else ": there is none in optional_args (enable_password)")
                + f"; {UNCHANGED}"
            ) from None
        if not terminal.privileged:
            reason = (said.strip().splitlines() or ["without a word"])[-1].strip()
            raise PrivilegeError(f"{self.host} stays unprivileged: {reason}; {UNCHANGED}")

    def _refuse_standby(self, terminal: Terminal) -> None:
        if prompt.is_standby(terminal.body):
            raise ConnectionFailedError(self._standby())

    def _standby(self) -> str:
        return (
            f"{self.host} is the standby unit of its failover pair: what is configured there is lost, and the pair "
            f"runs apart. Use the active unit's address; {UNCHANGED}"
        )

    def _refuse(self, said: str, command: str) -> None:
        refusal = _REFUSAL.search(said)
        if refusal is None:
            return
        words = refusal[0].strip()
        if "authorization failed" in words:
            raise PrivilegeError(f"{self.host}: {self.options.ssh.target.user} may not run `{command}`; {UNCHANGED}")
        raise DriverError(f"{self.host} refuses `{command}`: {words}; {UNCHANGED}")

    @property
    def terminal(self) -> Terminal:
        """The open command line. Raises LostContactError where there is none."""
        if self._terminal is None:
            raise LostContactError(f"{self.host}: there is no open connection")
        return self._terminal

    def run(self, command: str, *, timeout: float | None = None, replies: Mapping[str, str] | None = None) -> str:
        """The answer to an exec command, whatever it says."""
        try:
            if self.terminal.mode:
                self.terminal.run("end", timeout=self.timeout)
            return self.terminal.run(command, timeout=timeout or self.timeout, replies=replies)
        except (LostContactError, UnexpectedTextError, AnswerTooLongError):
            self.close()
            raise

    def show(self, command: str, *, timeout: float | None = None) -> str:
        """The answer to a reading command. Raises DriverError where the device refuses it."""
        said = self.run(command, timeout=timeout)
        if len(said) < 400:
            self._refuse(said, command)
        return said

    def read(self, command: str, parser: Callable[[str, Names], _Read]) -> _Read:
        """The answer as `parser` reads it; names in the place of addresses are looked up when there are any."""
        said = self.show(command)
        try:
            return self.read_as(command, parser, said)
        except UnknownNameError:
            self._names = _names(self.show("show names"))
            return self.read_as(command, parser, said)

    def read_as(self, command: str, parser: Callable[[str, Names], _Read], said: str) -> _Read:
        """An answer to a command as `parser` reads it. Raises UnknownOutputError."""
        try:
            return parser(said, self._names)
        except (ValueError, LookupError, TypeError) as error:
            # A number, an address or a name where none of them can be: the parsers' patterns are looser than that.
            raise UnknownOutputError(command, f"has something that cannot be ({type(error).__name__})") from error

    def running_config(self) -> str:
        """The running configuration with its secrets, to the byte, as long as it is whole."""
        return self._whole("more system:running-config")

    def startup_config(self) -> str:
        """The configuration that the device boots with; ASA prints it with its secrets masked."""
        return self.show("show startup-config", timeout=max(self.timeout, 120))

    def _whole(self, command: str) -> str:
        text = self.show(command, timeout=max(self.timeout, 120))
        if text.rstrip().rpartition("\n")[2].strip() != _CONFIG_END:
            raise UnknownOutputError(command, f"does not end in `{_CONFIG_END}`: it is cut off")
        return text

    def failover(self) -> failover.Failover:
        """What this unit says of its failover pair."""
        return failover.parse_failover(self.show(failover.COMMAND))

    def refuse_standby(self) -> None:
        """Raise DriverError on the standby unit of a pair, whatever the prompt shows."""
        pair = self.failover()
        if not pair.usable:
            raise DriverError(f"{self._standby()} (it says {pair.this!r})")

    def configure(self, lines: Sequence[str], *, timeout: float | None = None) -> list[str]:
        """Send lines in configuration mode, which is entered when it is not there yet. The answer to each."""
        try:
            if not self.terminal.mode:
                said = self.terminal.run("configure terminal", timeout=self.timeout, replies=_CALL_HOME)
                self._refuse(said, "configure terminal")
                if answers.from_standby([said]):
                    self.leave_configuration()
                    raise DriverError(self._standby())
                if not self.terminal.mode:
                    raise PrivilegeError(f"{self.host} does not enter configuration mode; {UNCHANGED}")
            return self.terminal.configure(lines, timeout=timeout or self.timeout)
        except (LostContactError, UnexpectedTextError, AnswerTooLongError):
            self.close()
            raise

    def leave_configuration(self) -> None:
        """Back to exec mode."""
        if self._terminal is not None and self._terminal.mode:
            self._terminal.run("end", timeout=self.timeout)


def _names(text: str) -> Names:
    found: dict[str, str] = {}
    for line in lines(text):
        entry = _NAME.fullmatch(line)
        if entry is None:
            raise UnknownOutputError("show names", "has a line that is not known", line)
        found[entry[2]] = entry[1]
    return found or NO_NAMES
