"""The `Shell` over SSH: scripts on exec channels of one connection, as root through sudo, never a terminal."""

import select
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from shlex import quote

import paramiko

from routebook.device.errors import LostContactError, PrivilegeError
from routebook.device.limits import QUIET, AnswerTooLongError, shown
from routebook.transport import ssh_login
from routebook.transport.held import Held
from routebook.transport.shell import Result
from routebook.transport.ssh_options import SshOptions
from routebook.transport.ssh_transport import send_all

_SHELL = "/bin/sh -s"
_MAYBE = "the last command may or may not have been carried out"
_LONGEST_QUESTION = 256 * 1024  # bytes before sudo has its password: a login's greeting, and sudo's own

# The whole script is one compound command: sh parses all of it before it runs any of it, so half a script that
# arrived before the connection broke does nothing. Its commands have nothing to read on standard input.
_ENVIRONMENT = """export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"
umask 077
"""
_HELD = f"{_ENVIRONMENT}exec "
_SCRIPT = f"""{{{{
{_ENVIRONMENT}{{greeting}}printf '%s\\n' {{token}}
printf '%s\\n' {{token}} >&2
{{script}}
}}}} </dev/null
"""


@dataclass(slots=True)
class SshShell:
    """A host over one SSH connection, which is opened by `open` and kept until `close`."""

    options: SshOptions
    greeting: str = ""  # a script that prints who the host is; it goes before the first script of each connection
    greeted: str | None = None  # what it printed on this connection
    _transports: list[paramiko.Transport] = field(default_factory=list)
    _sudo_asks: bool = False

    @property
    def host(self) -> str:
        """What messages call the host."""
        return self.options.target.label

    def open(self) -> None:
        """Connect and log in. Raises ConnectionFailedError."""
        self.close()
        self.greeted = None
        self._transports = ssh_login.connect(self.options)

    def close(self) -> None:
        """End the connection; safe at any time."""
        ssh_login.close(self._transports)
        self._transports = []

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as is known without waiting for the host."""
        return ssh_login.stand(self._transports)

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "a command") -> Result:
        """See `Shell.run`."""
        seconds = max(timeout, self.options.limits.seconds)
        try:
            return self._run(script, time.monotonic() + seconds, asked, root=root)
        except AnswerTooLongError:
            self.close()  # or more of it would come
            raise
        except UnfinishedError as error:
            self.close()
            raise LostContactError(
                f"{self.host} had not finished its answer to {asked} after {seconds:g} s, with {error} bytes so far; "
                f"{_MAYBE}. If this host is so slow, raise optional_args answer_timeout (seconds)"
            ) from error
        except TimeoutError as error:
            raise LostContactError(f"{self.host} fell silent: no answer within {seconds:g} s; {_MAYBE}") from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            raise LostContactError(
                f"the connection to {self.host} broke: {error or type(error).__name__}; {_MAYBE}"
            ) from error

    def hold(self, program: str) -> Held | None:
        """See `HoldingShell.hold`."""
        if self._sudo_asks:
            return None
        try:
            if not self._transports:
                raise EOFError("it is not open")
            channel = self._transports[-1].open_session(timeout=10.0)
            channel.exec_command(f"{'sudo -n -- ' if self.options.sudo else ''}/bin/sh -c {quote(_HELD + program)}")
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise LostContactError(f"the connection to {self.host} broke: {error or type(error).__name__}") from error
        return Held(channel, self.host, self.options.limits)

    def _run(self, script: str, deadline: float, asked: str, *, root: bool) -> Result:
        if not self._transports:
            raise EOFError("it is not open")
        start = uuid.uuid4().hex
        greeting = f"echo {start}-greeting\n{self.greeting}\n" if self.greeting and self.greeted is None else ""
        wrapped = _SCRIPT.format(token=start, script=script, greeting=greeting)
        if not root or not self.options.sudo:
            return self._started(self._execute(_SHELL, wrapped, deadline, asked), start)
        if not self._sudo_asks:
            # With -n sudo does not read standard input, so a refused script has not been seen by anyone.
            result = self._execute(f"sudo -n -- {_SHELL}", wrapped, deadline, asked)
            if f"{start}\n" in result.stdout or not self.options.sudo_password:
                return self._started(result, start)
            self._sudo_asks = True
        return self._started(self._with_password(wrapped, deadline, asked), start)

    def _with_password(self, script: str, deadline: float, asked_for: str) -> Result:
        """Give sudo its password, once: further attempts could lock the account, and would be lines of the script."""
        asked, ready = uuid.uuid4().hex, uuid.uuid4().hex
        # -k: where a password is remembered, sudo would not read ours and the shell would take it for a command.
        command = f"sudo -k -S -p {asked} -- /bin/sh -c 'echo {ready}; exec {_SHELL}'"
        with self._exchange(command, deadline, asked_for) as exchange:
            if exchange.wait_for(lambda out, err: asked in err or ready in out):
                exchange.send(f"{self.options.sudo_password}\n")
                if (
                    exchange.wait_for(lambda out, err: ready in out or err.count(asked) > 1)
                    and ready in exchange.stdout
                ):
                    exchange.send(script)
            exchange.end_input()
            exchange.wait_for(None)
            result = exchange.result()
        return Result(result.stdout, result.stderr.replace(asked, ""), result.status)

    def _started(self, result: Result, start: str) -> Result:
        """What came after the script's own start; what a login shell's profile printed before is not its output."""
        if f"{start}\n" not in result.stdout:
            raise PrivilegeError(self._refusal(result))
        before, _, stdout = result.stdout.partition(f"{start}\n")
        if self.greeting and self.greeted is None:
            self.greeted = before.partition(f"{start}-greeting\n")[2]
        stderr = result.stderr.partition(start + "\n")[2]
        return Result(stdout, stderr, result.status)

    def _refusal(self, result: Result) -> str:
        user = self.options.target.user
        lines = [line for line in (*result.stderr.splitlines(), *result.stdout.splitlines()) if line.strip()]
        reason = lines[-1].strip() if lines else f"exit status {result.status} without a word"
        return (
            f"{self.host}: {user} may not run commands as root: {reason}. It takes a line like "
            f"`{user} ALL=(root) NOPASSWD: /bin/sh` in /etc/sudoers.d, or optional_args sudo_password; "
            "nothing was changed"
        )

    def _execute(self, command: str, script: str, deadline: float, asked: str) -> Result:
        with self._exchange(command, deadline, asked) as exchange:
            exchange.send(script)
            exchange.end_input()
            exchange.wait_for(None)
            return exchange.result()

    @contextmanager
    def _exchange(self, command: str, deadline: float, asked: str) -> Iterator["_Exchange"]:
        channel = self._transports[-1].open_session(timeout=_left(deadline))
        try:
            channel.exec_command(command)
            yield _Exchange(channel, deadline, self, asked)
        finally:
            # A connection that breaks only now changes nothing about what was answered, or about why it was not.
            with suppress(paramiko.SSHException, EOFError, OSError):
                channel.close()


class UnfinishedError(TimeoutError):
    """The time is over in the middle of an answer."""


class _Exchange:
    """One command on a channel: both its outputs, collected until it ends or the deadline passes."""

    def __init__(self, channel: paramiko.Channel, deadline: float, shell: SshShell, asked: str) -> None:
        self._channel = channel
        self._deadline = deadline
        self._shell = shell
        self._asked = asked
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._lines = 0
        self._arrived = 0.0  # when anything came last, on the monotonic clock

    @property
    def stdout(self) -> str:
        """What came on standard output so far."""
        return self._stdout.decode("utf-8", "surrogateescape")

    @property
    def stderr(self) -> str:
        """What came on standard error so far."""
        return self._stderr.decode("utf-8", "surrogateescape")

    def send(self, text: str) -> None:
        """Send to the command's standard input; that a command no longer reads is for `wait_for` to notice."""
        try:
            send_all(self._channel, text.encode("utf-8", "surrogateescape"), self._deadline)
        except OSError:
            if not self._channel.exit_status_ready():
                raise

    def end_input(self) -> None:
        """Nothing more will be sent."""
        self._channel.shutdown_write()

    def wait_for(self, enough: Callable[[str, str], bool] | None) -> bool:
        """Read until both outputs so far are `enough` (True), or the command has ended (False)."""
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        while True:
            over = self._channel.closed or not self._channel.get_transport().is_active()
            arrived = self._drain()
            if enough is not None and len(self._stdout) + len(self._stderr) > _LONGEST_QUESTION:
                # What is looked for is looked for in everything so far, at each arrival.
                raise AnswerTooLongError(self._shell.host, "sudo", shown(_LONGEST_QUESTION))
            if arrived and enough is not None and enough(self.stdout, self.stderr):
                return True
            # A channel may be closed without an end of its outputs before (RFC 4254 section 5.3).
            if self._channel.exit_status_ready() and (self._channel.eof_received or over):
                return self._drain() and enough is not None and enough(self.stdout, self.stderr)
            if over:
                raise EOFError(str(self._channel.get_transport().get_exception() or "the other side closed it"))
            if self._channel.eof_received:
                # The descriptor stays readable from here on; only the exit status is still to come.
                self._channel.status_event.wait(min(self._left(), 1.0))
            else:
                poll.poll(min(self._left(), 1.0) * 1000)

    def _drain(self) -> bool:
        before = len(self._stdout) + len(self._stderr)
        while self._channel.recv_ready():
            self._take(self._stdout, self._channel.recv(65536))
        while self._channel.recv_stderr_ready():
            self._take(self._stderr, self._channel.recv_stderr(65536))
        return len(self._stdout) + len(self._stderr) > before

    def _take(self, output: bytearray, piece: bytes) -> None:
        output += piece
        self._arrived = time.monotonic()
        self._lines += piece.count(b"\n")
        limits = self._shell.options.limits
        limits.check(len(self._stdout) + len(self._stderr), self._lines, self._shell.host, self._asked)
        self._left()  # something may arrive all the time

    def _left(self) -> float:
        try:
            return _left(self._deadline)
        except TimeoutError:
            if time.monotonic() - self._arrived < QUIET:
                raise UnfinishedError(len(self._stdout) + len(self._stderr)) from None
            raise

    def result(self) -> Result:
        """What the command printed, and its exit status."""
        status = self._channel.recv_exit_status()
        if status < 0:
            raise EOFError("the command ended without an exit status")
        return Result(self.stdout, self.stderr, status)


def _left(deadline: float) -> float:
    """Seconds until `deadline`; TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
