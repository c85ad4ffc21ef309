"""`cli` runs commands that read, and no others."""

import pytest

from routebook.device.errors import CommandRefusedError
from routebook.platforms.linux.commands import run
from routebook.transport.shell import Result


class Recorder:
    """A shell that answers everything, and remembers what it was told."""

    def __init__(self, answer: Result) -> None:
        self.answer = answer
        self.scripts: list[str] = []

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del timeout, root, asked
        self.scripts.append(script)
        return self.answer


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("show bgp summary", "VTYSH_HISTFILE=/dev/null vtysh -c 'show bgp summary'"),
        ("show run | include neighbor", "VTYSH_HISTFILE=/dev/null vtysh -c 'show run | include neighbor'"),
        ("show it's", "VTYSH_HISTFILE=/dev/null vtysh -c 'show it'\"'\"'s'"),
        ("swanctl  --list-sas --raw", "swanctl --list-sas --raw"),
        ("ip -6 route show", "ip -6 route show"),
        ("uptime", "uptime"),
    ],
)
def test_reading_commands(command: str, script: str) -> None:
    shell = Recorder(Result("answer\n", "", 0))
    assert run(shell, command) == "answer\n"
    assert shell.scripts == [script]


@pytest.mark.parametrize(
    "command",
    [
        "configure terminal",
        "clear bgp *",
        "show run\nconfigure terminal",
        "show x; reboot",
        "swanctl --terminate --ike x",
        "swanctl --list-sas; reboot",
        "swanctl --list-sas --uri tcp://192.0.2.1",
        "ip route add 10.0.0.0/8 dev lo",
        "ip addr show; id",
        "ip addr flush dev lo",
        "ip xfrm state",
        "cat /etc/shadow",
        "",
    ],
)
def test_everything_else_is_refused(command: str) -> None:
    shell = Recorder(Result("", "", 0))
    with pytest.raises(CommandRefusedError):
        run(shell, command)
    assert shell.scripts == []


@pytest.mark.parametrize(
    "answer", [Result("", "boom", 1), Result("% Unknown command: show x\n", "", 0), Result("", "", 127)]
)
def test_failure_is_an_error(answer: Result) -> None:
    with pytest.raises(CommandRefusedError):
        run(Recorder(answer), "show x")
