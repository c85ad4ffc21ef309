"""A small SSH server that answers like an ASA's command line, with delays: to measure and to hold sessions to.

It keeps a list of lines, knows a handful of commands, and answers in awkward pieces. Every answer carries the
session's own number, so that a client which gives one command's answer for another's is caught.
"""

import random
import re
import socket
import threading
import time
from dataclasses import dataclass, field

import paramiko
from paramiko import common

CONFIG = """\
: Saved
:
ASA Version 9.16(4)
!
hostname {host}
enable password ***** pbkdf2
names
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
!
tunnel-group 203.0.113.9 ipsec-attributes
 ikev2 remote-authentication pre-shared-key {host}#
 ikev2 local-authentication pre-shared-key ends-in#
{filler}Cryptochecksum:{number:032x}
: end
"""
_PASSWORD = "operator-password"  # noqa: S105  a server on loopback that exists for a test
ENABLE = "enable-password"


@dataclass(slots=True)
class Behaviour:
    """How the server is set up. `delay` is seconds before each answer, drawn anew between 0 and that."""

    host: str = "fw1"
    suffix: str = ""  # what the prompt shows after the name: "/pri/act"
    delay: float = 0.0
    delay_is_fixed: bool = False
    auto_enable: bool = False
    enable_not_set: bool = False
    enable_asks_user: bool = False
    width: int = 80  # of the terminal
    call_home: bool = False
    filler: int = 0  # further lines in the configuration
    pieces: bool = True  # send answers in pieces of random size
    answers: dict[str, str] = field(default_factory=dict)  # to configuration lines
    ask: dict[str, str] = field(default_factory=dict)  # configuration lines that ask something
    shutdown_at: str = ""  # the connection breaks when this line comes
    hang_at: str = ""  # nothing is answered any more when this line comes
    banner_then: str = ""  # the greeting's rest, a moment later
    banner: str = "\r\nType help or '?' for a list of available commands.\r\n"


class _Server(paramiko.ServerInterface):
    def __init__(self) -> None:
        self.shell = threading.Event()

    def check_auth_password(self, username: str, password: str) -> int:
        del username
        return int(common.AUTH_SUCCESSFUL if password == _PASSWORD else common.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del chanid
        refused = common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return int(common.OPEN_SUCCEEDED if kind == "session" else refused)

    def check_channel_pty_request(self, *arguments: object) -> bool:
        del arguments
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        del channel
        self.shell.set()
        return True


class ScriptedAsa:
    """The server, on a port of 127.0.0.1. `sent` are all lines that came, of all sessions."""

    def __init__(self, behaviour: Behaviour, transport: type[paramiko.Transport] = paramiko.Transport) -> None:
        self.behaviour = behaviour
        self.key = paramiko.RSAKey.generate(2048)
        self.sent: list[str] = []
        self.sessions = 0
        self.batches = 0  # how many packets of lines came
        self._transport = transport
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    password = _PASSWORD

    @property
    def known_hosts(self) -> str:
        """A line for known_hosts."""
        return f"[127.0.0.1]:{self.port} ssh-rsa {self.key.get_base64()}\n"

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sessions += 1
            threading.Thread(target=self._serve, args=(sock, self.sessions), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        transport = self._transport(sock)
        transport.add_server_key(self.key)
        server = _Server()
        try:
            transport.start_server(server=server)
            channel = transport.accept(30)
            if channel is not None and server.shell.wait(10):
                _Session(self, channel, number).serve()
        except (paramiko.SSHException, EOFError, OSError):
            pass
        finally:
            transport.close()


class _Session:
    def __init__(self, server: ScriptedAsa, channel: paramiko.Channel, number: int) -> None:
        self.server, self.channel, self.number = server, channel, number
        self.how = server.behaviour
        self.random = random.Random(number)  # noqa: S311  not for secrets
        self.privileged = self.how.auto_enable
        self.mode = ""
        self.asked_call_home = False
        self.pending = b""

    def serve(self) -> None:
        self._print(self.how.banner)
        if self.how.banner_then:
            time.sleep(0.3)
            self._print(self.how.banner_then)
        while True:
            line = self._read_line(echo=True)
            if line is None or not self._answer(line):
                return

    @property
    def prompt(self) -> str:
        mark = "#" if self.privileged else ">"
        return f"\r{self.how.host}{self.how.suffix}{self.mode}{mark} "

    def _read_line(self, *, echo: bool, prompt: str | None = None) -> str | None:
        self._print(self.prompt if prompt is None else prompt)
        while b"\n" not in self.pending:
            data = self.channel.recv(4096)
            if not data:
                return None
            self.server.batches += 1
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        text = line.decode("utf-8", "surrogateescape").rstrip("\r")
        self._print((self._echo(text) if echo else "") + "\r\n")
        return text

    def _echo(self, text: str) -> str:
        room = max(self.how.width - len(self.prompt), 9)
        if len(text) < room:
            return text
        # The line editor scrolls sideways: the tail after a $, and at the end the head with a $.
        head, tail = text[: room - 1], text[-max(room - 20, 3) :]
        return f"{head}{self.prompt}${tail}\b\b\b{self.prompt}{head}$"

    def _print(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        while data:
            size = self.random.randint(1, 3000) if self.how.pieces else len(data)
            self.channel.sendall(data[:size])
            data = data[size:]

    def _answer(self, line: str) -> bool:
        self.server.sent.append(line)
        if self.how.delay:
            time.sleep(self.how.delay if self.how.delay_is_fixed else self.random.uniform(0, self.how.delay))
        words = line.strip()
        if self.how.hang_at and words == self.how.hang_at:
            self.channel.recv(1)
        if self.how.shutdown_at and words == self.how.shutdown_at:
            return False
        if words in self.how.ask:
            self._read_line(echo=False, prompt=self.how.ask[words])
        elif self.mode:
            self._configure(words)
        else:
            self._exec(words)
        return words not in ("exit", "quit", "logout")

    def _exec(self, words: str) -> None:
        if words == "enable" and not self.privileged:
            self._enable()
        elif words in ("configure terminal", "conf t", "config term"):
            if self.how.call_home and not self.asked_call_home:
                self.asked_call_home = True
                self._print("\r\nWould you like to enable anonymous error reporting to help improve\r\n")
                self._read_line(echo=True, prompt="the product? [Y]es, [N]o, [A]sk later: ")
            self.mode = "(config)"
        elif words == "more system:running-config":
            line = "access-list A extended permit ip any host 10.0.{}.{}\n".format
            filler = "".join(line(n // 250, n % 250) for n in range(self.how.filler))
            text = CONFIG.format(host=self.how.host, number=self.number, filler=filler)
            self._print(text.replace("\n", "\r\n"))
        elif words.startswith("show "):
            self._print(f"session {self.number} answers {words}\r\n" * 3)
        elif words and not words.startswith(("terminal", "!", "exit", "changeto")):
            self._print("    ^\r\nERROR: % Invalid input detected at '^' marker.\r\n")
        elif words.startswith("changeto context "):
            self.how.suffix = f"/{words.split()[-1]}"

    def _enable(self) -> None:
        if self.how.enable_not_set:
            asked = "The enable password is not set.  Please set it now.\r\nEnter  Password: "
            self._read_line(echo=False, prompt=asked)
            return
        for _ in range(3):
            user = self._read_line(echo=True, prompt="Username: ") if self.how.enable_asks_user else ""
            given = self._read_line(echo=False, prompt="Password: ")
            if given == (_PASSWORD if user else ENABLE):
                self.privileged = True
                return
            self._print("Invalid password\r\n")
        self._print("Access denied.\r\n")

    def _configure(self, words: str) -> None:
        if words in ("end", "exit"):
            self.mode = ""
            return
        answer = next((said for pattern, said in self.how.answers.items() if re.fullmatch(pattern, words)), "")
        if words.startswith("router bgp"):
            self.mode = "(config-router)"
        self._print(answer.replace("\n", "\r\n"))
