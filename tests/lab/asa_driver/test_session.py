"""The session against a scripted server with delays: right answers, no change by reading, refusals in plain words."""

import io
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko
import pytest

from bench.scripted_asa import ENABLE, Behaviour, ScriptedAsa
from routebook.device.errors import ConnectionFailedError, LostContactError, PrivilegeError
from routebook.platforms.asa.legacy import LegacyTransport, RsaSha1Key
from routebook.platforms.asa.options import read_asa_options
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.terminal import UnexpectedTextError

Start = Callable[..., ScriptedAsa]


@pytest.fixture
def start() -> Iterator[Start]:
    servers: list[ScriptedAsa] = []

    def begin(**behaviour: Any) -> ScriptedAsa:
        servers.append(ScriptedAsa(Behaviour(**behaviour)))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Callable[..., AsaSession]]:
    opened: list[AsaSession] = []

    def to(server: ScriptedAsa, timeout: float = 20, **arguments: Any) -> AsaSession:
        known = tmp_path / f"known_hosts-{server.port}"
        if not known.exists():
            known.write_text(server.known_hosts)
        own = {"port": server.port, "known_hosts_file": str(known), "allow_agent": False, "use_keys": False}
        options = read_asa_options(
            "127.0.0.1", "operator", server.password, timeout, {"enable_password": ENABLE, **own, **arguments}
        )
        opened.append(AsaSession(options))
        return opened[-1]

    yield to
    for each in opened:
        each.close()


def read_all(asa: AsaSession, number: random.Random) -> None:
    """A session's worth of reads in some order; every answer must be the one to its own question."""
    asa.open()
    commands = ["show version", "show bgp summary", "show crypto ikev2 sa detail", "show failover"]
    number.shuffle(commands)
    seen = set()
    for command in commands:
        lines = asa.show(command).splitlines()
        assert len(lines) == 3, lines
        assert all(line.endswith(f"answers {command}") for line in lines), (command, lines)
        seen |= {line.split()[1] for line in lines}
    text = asa.running_config()
    assert " ikev2 remote-authentication pre-shared-key fw1#\n" in text
    assert text.startswith(": Saved\n:\nASA Version")
    assert text.endswith(": end\n")
    assert len(seen) == 1
    asa.close()


def test_no_wrong_answer_in_a_thousand_sessions_with_delays(start: Start, session: Callable[..., AsaSession]) -> None:
    server = start(delay=0.02, filler=30, banner="\r\nWelcome #\r\nfw1# is what it calls itself\r\n")

    def one(number: int) -> None:
        read_all(session(server), random.Random(number))  # noqa: S311  an order of commands

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(1000)))
    assert server.sessions == 1000
    changing = {line for line in server.sent if not line.startswith(("show ", "enable", "more ", "terminal pager 0"))}
    assert not changing


@pytest.mark.parametrize("line", ["fw1# ", "other# ", "fw1> ", "Welcome>"])
@pytest.mark.parametrize("auto_enable", [True, False])
def test_a_greeting_that_looks_like_a_prompt_and_stops_there_for_a_moment(
    start: Start, session: Callable[..., AsaSession], line: str, auto_enable: bool
) -> None:
    server = start(banner=f"\r\nHello\r\n{line}", banner_then=" and so on\r\nbye\r\n", auto_enable=auto_enable)
    asa = session(server)
    asa.open()
    assert asa.show("show version").count("show version") == 3
    assert asa.running_config().endswith(": end\n")


def test_reading_enters_no_configuration_mode_and_sets_no_width(
    start: Start, session: Callable[..., AsaSession]
) -> None:
    server = start()
    asa = session(server)
    asa.open()
    asa.running_config()
    assert server.sent == ["enable", "terminal pager 0", "more system:running-config"]


def test_auto_enable_needs_no_password_and_the_pairs_prompt_is_understood(
    start: Start, session: Callable[..., AsaSession]
) -> None:
    server = start(auto_enable=True, suffix="/pri/act")
    asa = session(server, enable_password="")
    asa.open()
    assert asa.show("show version").count("show version") == 3
    assert "enable" not in server.sent


def test_a_standby_unit_is_refused_at_once(start: Start, session: Callable[..., AsaSession]) -> None:
    with pytest.raises(ConnectionFailedError, match="standby unit"):
        session(start(auto_enable=True, suffix="/sec/stby")).open()


def test_a_context_is_entered_and_shown_by_the_prompt(start: Start, session: Callable[..., AsaSession]) -> None:
    asa = session(start(), context="CUSTOMER-1")
    asa.open()
    assert asa.show("show version").count("show version") == 3
    assert asa.terminal.body == b"fw1/CUSTOMER-1"


def test_a_wrong_enable_password_is_said_and_not_repeated(start: Start, session: Callable[..., AsaSession]) -> None:
    server = start()
    with pytest.raises(PrivilegeError, match="refuses the enable password"):
        session(server, enable_password="wrong").open()
    assert server.sent == ["enable"]


def test_enable_that_asks_for_the_user_gets_it_and_the_users_password(
    start: Start, session: Callable[..., AsaSession]
) -> None:
    server = start(enable_asks_user=True)
    asa = session(server, enable_password="")
    asa.open()
    assert asa.show("show version").count("show version") == 3
    # Its own password is not the user's: refused once, and not tried again.
    with pytest.raises(PrivilegeError, match="refuses the enable password"):
        session(server, enable_password="wrong").open()


@pytest.mark.parametrize("banner", ["Never give away your password:", "Username:", "Proceed? [y/n]"])
def test_a_greeting_that_ends_like_a_question_for_a_moment(
    start: Start, session: Callable[..., AsaSession], banner: str
) -> None:
    server = start(banner=f"\r\n{banner}", banner_then="\r\nand mind the rules\r\n", pieces=False)
    asa = session(server)
    asa.open()
    assert asa.running_config().endswith(": end\n")


@pytest.mark.parametrize("width", [40, 59, 511])
def test_every_width_of_the_terminal(start: Start, session: Callable[..., AsaSession], width: int) -> None:
    answers = {"access-list .*": "WARNING: <OUT> found duplicate element\n"}
    asa = session(start(width=width, answers=answers))
    asa.open()
    long = "access-list OUT extended permit tcp object-group ALL-OUR-SITES object-group EVERYBODY-ELSE eq https log"
    said = asa.configure(["router bgp 65550", " neighbor 192.0.2.111 remote-as 64512", long, "no router bgp 65550"])
    assert [bool(each) for each in said] == [False, False, True, False]


def test_a_demand_for_a_new_enable_password_is_refused(start: Start, session: Callable[..., AsaSession]) -> None:
    with pytest.raises(PrivilegeError, match="set one by hand"):
        session(start(enable_not_set=True)).open()


def test_the_call_home_question_is_put_off(start: Start, session: Callable[..., AsaSession]) -> None:
    asa = session(start(call_home=True))
    asa.open()
    assert asa.configure(["router bgp 65550"]) == [""]
    asa.leave_configuration()
    assert asa.show("show version").count("show version") == 3


def test_each_line_of_a_block_gets_its_own_answer_with_long_lines_among_them(
    start: Start, session: Callable[..., AsaSession]
) -> None:
    long = "access-list OUT extended permit tcp object-group ALL-OUR-SITES object-group EVERYBODY-ELSE eq https log"
    answers = {
        "access-list .*": "WARNING: <OUT> found duplicate element\n",
        "no object-group .*": "Removing object-group (X) not allowed, it is being used.\n",
    }
    asa = session(start(answers=answers, delay=0.003))
    asa.open()
    lines = ["router bgp 1", long, "no object-group network X", " neighbor 192.0.2.1 remote-as 1", long] * 40
    said = asa.configure(lines)
    assert [bool(each) for each in said] == [False, True, True, False, True] * 40
    assert said[1].strip() == "WARNING: <OUT> found duplicate element"
    assert said[2].strip() == "Removing object-group (X) not allowed, it is being used."


def test_a_block_takes_one_exchange_and_not_one_per_line(start: Start, session: Callable[..., AsaSession]) -> None:
    server = start()
    asa = session(server)
    asa.open()
    asa.configure([f"access-list A extended permit ip any host 10.0.0.{number}" for number in range(30)])
    assert len(server.sent) == 2 + 1 + 30
    assert server.batches >= 1
    assert server.batches < 10


@pytest.mark.parametrize("command", ["crypto key zeroize", "something that asks"])
def test_an_unexpected_question_stops_everything(
    start: Start, session: Callable[..., AsaSession], command: str
) -> None:
    asa = session(start(ask={command: "Do you really want to remove these keys? [yes/no]: "}))
    asa.open()
    with pytest.raises(UnexpectedTextError, match="really want to remove"):
        asa.configure([command, "router bgp 1"])
    assert not asa.is_alive()


def test_a_connection_that_breaks_is_lost_contact(start: Start, session: Callable[..., AsaSession]) -> None:
    asa = session(start(shutdown_at="show bgp summary"))
    asa.open()
    with pytest.raises(LostContactError):
        asa.show("show bgp summary")
    assert not asa.is_alive()


def test_a_device_that_falls_silent_is_lost_contact_within_the_timeout(
    start: Start, session: Callable[..., AsaSession]
) -> None:
    asa = session(start(hang_at="show bgp summary"), timeout=1)
    asa.open()
    with pytest.raises(LostContactError, match="fell silent"):
        asa.show("show bgp summary")


def test_an_unknown_or_changed_host_key_is_refused(
    start: Start, session: Callable[..., AsaSession], tmp_path: Path
) -> None:
    server, other = start(), start()
    asa = session(server)
    known = tmp_path / f"known_hosts-{server.port}"
    known.write_text("")
    with pytest.raises(ConnectionFailedError, match="none is known"):
        asa.open()
    known.write_text(other.known_hosts.replace(str(other.port), str(server.port)))
    with pytest.raises(ConnectionFailedError, match="another host key than the known one"):
        asa.open()
    assert server.sent == []


def _private(key: paramiko.PKey) -> str:
    text = io.StringIO()
    key.write_private_key(text)
    return text.getvalue()


def test_old_algorithms_only_where_they_are_allowed(session: Callable[..., AsaSession]) -> None:
    class Old(LegacyTransport):
        _preferred_kex = ("diffie-hellman-group1-sha1",)
        _preferred_keys = ("ssh-rsa",)

    server = ScriptedAsa(Behaviour(), Old)
    server.key = RsaSha1Key.from_private_key(io.StringIO(_private(server.key)))
    try:
        with pytest.raises(ConnectionFailedError, match="no SSH session"):
            session(server).open()
        asa = session(server, legacy_algorithms=True)
        asa.open()
        assert asa.show("show version").count("show version") == 3
    finally:
        server.close()
