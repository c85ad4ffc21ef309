"""Opening SSH connections: TCP or a jump host, the host key verified, then logging in by key, agent or password."""

import base64
import errno
import getpass
import hashlib
import logging
import os
import select
import shlex
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import paramiko

from routebook.device.errors import ConnectionFailedError
from routebook.transport.host_keys import fingerprint, judge, kinds_for, names_for, read_known_hosts
from routebook.transport.ssh_options import Hop, SshOptions
from routebook.transport.ssh_transport import BoundedTransport

# Errors reach the operator as exceptions; paramiko's own records would repeat them with tracebacks.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

UNCHANGED = "nothing was changed"
DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux only

_keys: dict[tuple[str, int, str], paramiko.PKey] = {}
_keys_lock = threading.Lock()

GARBLED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
"""What paramiko, and cryptography under it, stumble over messages with that no SSH server sends."""

Socket = socket.socket | paramiko.Channel | paramiko.ProxyCommand
Attempt = tuple[str, Callable[[paramiko.Transport], list[str]]]


class _Proxy(paramiko.ProxyCommand):
    """A ProxyCommand, run as ssh does it: by a shell, which gives its place to the command.

    Other than paramiko's it notices that the command has ended, and leaves no pipe open.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._last_words = ""
        self._closing = threading.Lock()
        super().__init__(f"/bin/sh -c {shlex.quote(f'exec {command}')}")

    def recv(self, size: int) -> bytes:
        """What the command printed, nothing at its end. Raises TimeoutError."""
        output = self.process.stdout
        if output is None or output.closed:
            return b""
        ready = select.poll()
        ready.register(output.fileno(), select.POLLIN)
        if not ready.poll(None if self.timeout is None else self.timeout * 1000):
            raise TimeoutError
        return os.read(output.fileno(), size)

    def close(self) -> None:
        """End the command; paramiko would signal a process number that may be another's by now."""
        with self._closing:
            self._last_words = self._last_words or self._said()
            if self.process.poll() is None:
                self.process.terminate()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            try:
                self.process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def last_words(self) -> str:
        """How it ended by itself, and what it said last; nothing if it did not."""
        self.close()
        return self._last_words

    def _said(self) -> str:
        errors = self.process.stderr
        try:
            status = self.process.wait(timeout=0.5)  # its output ends a moment before it does
        except subprocess.TimeoutExpired:
            return ""
        printed = b"" if errors is None or errors.closed else errors.read(4096)
        lines = printed.decode(errors="replace").strip().splitlines()
        return f"the ProxyCommand {self._command!r} ended with status {status}" + (f": {lines[-1]}" if lines else "")


def connect(options: SshOptions) -> list[paramiko.Transport]:
    """Log in to the target, through its jump hosts. The transports in order; the last is the target's.

    Raises ConnectionFailedError; then everything is closed again.
    """
    transports: list[paramiko.Transport] = []
    try:
        for hop in (*options.jumps, options.target):
            sock = _tunnel(transports[-1], hop, options) if transports else _reach(hop, options)
            transports.append(_login(sock, hop, options))
    except ConnectionFailedError:
        close(transports)
        raise
    return transports


def stand(transports: Sequence[paramiko.Transport]) -> bool:
    """Whether there are connections and all of them stand, as far as is known without waiting for the host."""
    if not transports or not all(transport.is_active() for transport in transports):
        return False
    try:
        transports[-1].send_ignore()
    except (paramiko.SSHException, EOFError, OSError):
        return False
    return True


def close(transports: Sequence[paramiko.Transport]) -> None:
    """Close connections, the innermost first."""
    for transport in reversed(transports):
        transport.close()


def _reach(hop: Hop, options: SshOptions) -> socket.socket | paramiko.ProxyCommand:
    if options.proxy_command:
        return _Proxy(options.proxy_command)
    try:
        sock = socket.create_connection((hop.address, hop.port), timeout=options.timeout)
    except socket.gaierror as error:
        raise ConnectionFailedError(f"{hop.label}: the name {hop.address!r} is not known; {UNCHANGED}") from error
    except TimeoutError as error:
        raise ConnectionFailedError(
            f"{hop.label} does not answer on TCP port {hop.port} within {options.timeout:g} s; {UNCHANGED}"
        ) from error
    except OSError as error:
        raise ConnectionFailedError(f"{hop.label}: {_network_reason(error, hop)}; {UNCHANGED}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if TCP_USER_TIMEOUT is not None and options.keepalive:
        # Keepalives that are not acknowledged end the connection, so that a dead path is noticed within seconds.
        sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, max(3 * options.keepalive, 15) * 1000)
    return sock


def _network_reason(error: OSError, hop: Hop) -> str:
    if error.errno == errno.ECONNREFUSED:
        return f"nothing listens on TCP port {hop.port} (connection refused)"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return f"there is no route to {hop.address}"
    return f"cannot connect: {error.strerror or error}"


def _tunnel(through: paramiko.Transport, hop: Hop, options: SshOptions) -> paramiko.Channel:
    try:
        return through.open_channel("direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=options.timeout)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise ConnectionFailedError(
            f"{hop.label} cannot be reached through the jump host {_peer(through)}: {error}; {UNCHANGED}"
        ) from error


def _peer(transport: paramiko.Transport) -> str:
    address = transport.getpeername()
    return str(address[0]) if isinstance(address, tuple) else str(address)


def _login(
    sock: socket.socket | paramiko.Channel | paramiko.ProxyCommand, hop: Hop, options: SshOptions
) -> paramiko.Transport:
    name = hop.config.host_key_alias or names_for(hop.name, hop.port)
    known = read_known_hosts(options.known_hosts)
    if not kinds_for(known, name) and hop.address != hop.name:
        name = names_for(hop.address, hop.port)
    transport = (options.transport if hop is options.target else BoundedTransport)(sock)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = options.timeout
    _prefer(transport, kinds_for(known, name))
    try:
        transport.start_client(timeout=options.timeout)
        _verify(transport.get_remote_server_key(), name, hop, options)
        _authenticate(transport, hop, options)
    except (paramiko.SSHException, EOFError, OSError, *GARBLED) as error:
        reason = (isinstance(sock, _Proxy) and sock.last_words()) or str(error) or type(error).__name__
        transport.close()
        raise ConnectionFailedError(f"{hop.label}: no SSH session: {reason}; {UNCHANGED}") from error
    except ConnectionFailedError:
        transport.close()
        raise
    if options.keepalive:
        transport.set_keepalive(options.keepalive)
    return transport


def _prefer(transport: paramiko.Transport, kinds: Sequence[str]) -> None:
    """Ask for a kind of host key that is known, as a host shows only one of its keys."""
    options = transport.get_security_options()
    wanted: list[str] = []
    for kind in kinds:
        wanted += ["rsa-sha2-512", "rsa-sha2-256"] if kind == "ssh-rsa" else [kind]
    first = [kind for kind in wanted if kind in options.key_types]
    options.key_types = (*first, *(kind for kind in options.key_types if kind not in first))


def _verify(key: paramiko.PKey, name: str, hop: Hop, options: SshOptions) -> None:
    known = read_known_hosts(options.known_hosts)
    verdict, lines = judge(known, name, key.asbytes())
    shown = f"{key.get_name()} {fingerprint(key.asbytes())}"
    if verdict == "known":
        return
    if verdict == "revoked":
        raise ConnectionFailedError(
            f"{hop.label} shows the host key {shown}, which {lines[0].source} says is revoked; {UNCHANGED}"
        )
    if verdict == "changed":
        expected = ", ".join(f"{line.kind} {fingerprint(line.blob)} ({line.source})" for line in lines)
        raise ConnectionFailedError(
            f"{hop.label} shows another host key than the known one: {shown}, but expected {expected}. Either the host "
            f"was reinstalled, or someone is in between; {UNCHANGED}"
        )
    files = ", ".join(str(file) for file in options.known_hosts)
    raise ConnectionFailedError(
        f"{hop.label} shows the host key {shown}, and none is known for {name} in {files}. Compare the fingerprint by "
        f"another way, then add it: ssh-keyscan -p {hop.port} {hop.address}; {UNCHANGED}"
    )


def _authenticate(transport: paramiko.Transport, hop: Hop, options: SshOptions) -> None:
    """Try every means that we have, once each, until the server is satisfied."""
    tried: list[str] = []
    with closing(_attempts(hop, options)) as attempts:
        if _one_succeeds(transport, attempts, tried):
            return
    means = "; ".join(tried) or "nothing: there is no key file, agent or password"
    raise ConnectionFailedError(f"{hop.label} refused the login of {hop.user}; tried {means}; {UNCHANGED}")


def _one_succeeds(transport: paramiko.Transport, attempts: Iterable[Attempt], tried: list[str]) -> bool:
    for label, attempt in attempts:
        tried.append(label)
        try:
            # What comes back is what the server wants besides: nothing when we are in.
            if not attempt(transport):
                return True
        except paramiko.BadAuthenticationType as error:
            tried[-1] += f" (the server takes {', '.join(error.allowed_types)} only)"
        except paramiko.AuthenticationException:
            if not transport.is_active():
                return False
    return False


def _attempts(hop: Hop, options: SshOptions) -> Generator[Attempt]:
    if hop.key_file is not None:
        yield f"key {hop.key_file}", partial(_by_key, hop.user, _load_key(hop.key_file, options.passphrase, hop))
    if options.allow_agent:
        listed = _public_keys(hop) if hop.config.identities_only else None
        with _agent() as agent_keys:
            for agent_key in agent_keys:
                if listed is not None and agent_key.asbytes() not in listed:
                    continue
                label = f"agent key {agent_key.comment or fingerprint(agent_key.asbytes())}"
                yield label, partial(_by_key, hop.user, agent_key)
    for file in (*hop.other_keys, *(_default_keys() if options.default_keys else ())):
        # As with ssh(1), a key that nobody named here may be missing, or one that only the agent can use.
        with suppress(ConnectionFailedError):
            yield f"key {file}", partial(_by_key, hop.user, _load_key(file, options.passphrase, hop))
    if hop.password:
        yield "password", partial(_by_password, hop.user, hop.password)


def _public_keys(hop: Hop) -> set[bytes]:
    """The public halves of a host's keys: with `IdentitiesOnly` an agent is asked for no other."""
    found = set()
    for file in (*((hop.key_file,) if hop.key_file else ()), *hop.other_keys):
        with suppress(OSError, ValueError, IndexError):
            text = file if file.suffix == ".pub" else file.with_name(f"{file.name}.pub")
            found.add(base64.b64decode(text.read_text().split()[1]))
    return found


def _default_keys() -> list[Path]:
    return [file for name in DEFAULT_KEYS if (file := Path("~/.ssh", name).expanduser()).exists()]


@contextmanager
def _agent() -> Generator[tuple[paramiko.AgentKey, ...]]:
    """The keys of the SSH agent; none where there is no agent, or a broken one."""
    try:
        agent = paramiko.Agent()
    except (paramiko.SSHException, OSError):
        yield ()
        return
    try:
        yield agent.get_keys()
    finally:
        agent.close()


def _by_key(user: str, key: paramiko.PKey, transport: paramiko.Transport) -> list[str]:
    return transport.auth_publickey(user, key)


def _by_password(user: str, password: str, transport: paramiko.Transport) -> list[str]:
    return transport.auth_password(user, password, fallback=True)


def _load_key(file: Path, passphrase: str | None, hop: Hop) -> paramiko.PKey:
    """A private key; each is read once per process, as a passphrase costs 150 ms of key derivation at every load."""
    try:
        digest = hashlib.sha256((passphrase or "").encode()).hexdigest()
        name = (str(file), file.stat().st_mtime_ns, digest)
        with _keys_lock:
            if name not in _keys:
                # The library under paramiko wants bytes here, whatever paramiko declares.
                password: Any = passphrase.encode() if passphrase else None
                _keys[name] = paramiko.PKey.from_path(file, password)
            return _keys[name]
    except FileNotFoundError:
        reason = "does not exist"
    except PermissionError:
        reason = f"cannot be read by {getpass.getuser()}"
    except TypeError:
        # What both loaders raise for an encrypted key without a passphrase.
        reason = "is encrypted: set optional_args passphrase, or load it into an SSH agent"
    except (paramiko.SSHException, ValueError, OSError):
        reason = "does not open with the passphrase given" if passphrase else "is not a private key"
    raise ConnectionFailedError(f"{hop.label}: the key file {file} {reason}; {UNCHANGED}")
