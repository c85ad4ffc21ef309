"""A vtysh that is held open answers as one that is started does; whatever goes wrong with it, that one is asked."""

from typing import Any

import pytest

from routebook.device.errors import DriverError, LostContactError
from routebook.platforms.frr.held_vtysh import HeldVtysh, taken_apart
from routebook.platforms.frr.sessions import read_speaker
from routebook.platforms.linux.vitals import Vitals
from routebook.transport.shell import Result

TOKEN = "routebook-x"
RUNNING = "Building configuration...\n\nCurrent configuration:\n!\nend\n"
ANSWERS = {
    "show daemons": " zebra bgpd watchfrr\n",
    "show bgp vrf all summary json": "{\n}\n",
    "show bgp vrf all neighbors json": "{\n}\n",
    "show running-config bgpd": RUNNING,
    "show bfd peers json": "bfdd is not running\n",
    "show rpki cache-connection json": "% Unknown command: show rpki cache-connection json\n",
}
FRESH = "".join(list(ANSWERS.values())[:4]) + "\x1d\x1d"


class Program:
    """What stands in for a vtysh on a channel."""

    def __init__(self, answers: dict[str, str], greeting: str = "") -> None:
        self.answers, self.left = answers, greeting
        self.closed = False
        self.fails: Exception | None = None

    def ask(self, text: str, mark: str, *, asked: str, timeout: float = 60.0) -> str:
        del mark, asked, timeout
        if self.fails is not None:
            raise self.fails
        lines = text.splitlines()
        said = "".join(
            f"no-edge1# {line}\n{self.answers.get(line, f'% Unknown command: {line}' + chr(10))}" for line in lines
        )
        said, self.left = self.left + said, "no-edge1# "
        return said

    def close(self) -> None:
        self.closed = True


class Host:
    """A shell that holds programs, and starts them."""

    def __init__(self, *programs: Program) -> None:
        self.programs = list(programs)
        self.ran = 0

    def hold(self, program: str) -> Any:
        assert program.endswith("vtysh")
        return self.programs.pop(0) if self.programs else None

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del script, timeout, root, asked
        self.ran += 1
        return Result(FRESH, "", 0)


def test_each_answer_is_found_between_the_echoes() -> None:
    said = f"a greeting\r\n\r\nh# show a\nfirst\nline\nh# show b\nh# show c\n% Unknown command: show c\nh# {TOKEN}\n"
    assert taken_apart(said, ["show a", "show b", "show c", TOKEN]) == [
        "first\nline\n", "", "% Unknown command: show c\n",
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["", "h# show a\n", "h# show b\nx\nh# show a\n"])
def test_an_answer_without_an_echo_is_none(said: str) -> None:
    with pytest.raises(DriverError, match="no echo"):
        taken_apart(said, ["show a", "show b", TOKEN])


def test_it_is_started_once_and_says_the_same() -> None:
    host = Host(Program(ANSWERS, "Hello, this is FRRouting.\n"))
    held = HeldVtysh(host)
    looks = [read_speaker(host, (), held) for _ in range(3)]
    assert host.ran == 0
    assert looks == [read_speaker(host)] * 3


@pytest.mark.parametrize(
    "answers", [{}, {**ANSWERS, "show daemons": " zebra watchfrr\n"}, {**ANSWERS, "show running-config bgpd": "cut"}]
)
def test_what_it_does_not_answer_is_asked_of_one_that_is_started(answers: dict[str, str]) -> None:
    first, second = Program(answers), Program(ANSWERS)
    host = Host(first, second)
    held = HeldVtysh(host)
    assert read_speaker(host, (), held) == read_speaker(host)
    assert (host.ran, first.closed) == (2, True)
    read_speaker(host, (), held)
    assert (host.ran, second.closed) == (2, False)


def test_one_that_has_ended_is_started_again() -> None:
    first = Program(ANSWERS)
    host = Host(first, Program(ANSWERS))
    held = HeldVtysh(host)
    read_speaker(host, (), held)
    first.fails = LostContactError("it has ended")
    read_speaker(host, (), held)
    read_speaker(host, (), held)
    assert (host.ran, host.programs, first.closed) == (1, [], True)


def test_the_hosts_own_facts_are_read_without_a_daemons_script_once_a_minute() -> None:
    done: list[str] = []

    class Clocked(Host):
        def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
            del script, timeout, root
            done.append(asked)
            return Result("\x1e1700000000\n", "", 0)

    host = Clocked()
    first = Vitals(host)
    first.make_sure(None)
    again = Vitals(host)
    again.make_sure(first)
    assert (len(done), again.clock, again.read) == (1, first.clock, first.read)
    first.read -= 61
    Vitals(host).make_sure(first)
    assert len(done) == 2
    riding = Vitals(host)
    riding.run("a daemon's script", asked="a daemon")
    riding.make_sure(first)
    assert done[2:] == ["a daemon"]


def test_where_sudo_wants_a_password_none_is_held() -> None:
    host = Host()
    held = HeldVtysh(host)
    assert read_speaker(host, (), held) == read_speaker(host)
    assert host.ran == 2
