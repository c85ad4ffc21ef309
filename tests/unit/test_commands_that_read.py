"""What `routebook exec` sends without --write only reads, on every platform: it is parsed."""

import shlex
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routebook.device.errors import CommandRefusedError
from routebook.platforms.asa import typed as asa
from routebook.platforms.linux import commands as linux
from routebook.platforms.pfsense import commands as pfsense
from routebook.transport import simple_command

READS: dict[str, Callable[[str], object]] = {
    "asa": asa.reading,
    "linux": linux.reading,
    "pfsense": pfsense.reading,
}
ANSWERED = {
    "asa": (
        "show version",
        "sh run",
        "show run | include crypto",
        "show logging | gr -v ICMP",
        "more system:running-config",
        "dir",
        "dir disk0:/",
        "ping 10.0.0.1",
        "ping inside 10.0.0.1 repeat 3",
        "traceroute 10.0.0.1",
        "show tech-support detail",
    ),
    "linux": (
        "show bgp summary",
        "sh ip route",
        "show run | include neighbor",
        "vtysh -c 'show bgp summary'",
        "sudo vtysh -c 'show version' -c \"show memory\"",
        "sudo -n swanctl --list-sas --raw",
        "ip -6 route show",
        "ip route get 10.0.0.1",
        "ip xfrm state show nokeys",
        "ping -c 3 10.0.0.1",
        "sysctl net.ipv4.ip_forward",
        "uptime",
        "'uptime'",
        "show bgp regexp _64500$",
    ),
    "pfsense": (
        "show bgp summary",
        "bgpctl show",
        "bgpctl -j show neighbor",
        "ifconfig -a",
        "ifconfig em0",
        "netstat -rn",
        "pfctl -s rules",
        "sudo -n swanctl --list-sas",
        "route -n get 10.0.0.1",
        "vtysh -c 'show version'",
    ),
}
REFUSED = {
    "asa": (
        "configure terminal",
        "write memory",
        "reload",
        "clear bgp *",
        "show run | redirect disk0:/x",
        "show run | red disk0:/x",
        "show run | tee disk0:/x",
        "show run | append disk0:/x",
        "show run | include a | tee x",
        "show tech-support file disk0:/x",
        "sh tech f x",
        "show version; reload",
        "show run > x",
        "shutdown",
        "shun 10.0.0.1",
        "show",
        "more disk0:/../x y",
        "copy run start",
        "ping 10.0.0.1 repeat 100000",
        "show ?",
        "show run |",
        "no x",
    ),
    "linux": (
        "show bgp summary; reboot",
        "show x | sh",
        "show x > /etc/passwd",
        "show $(reboot)",
        "show `reboot`",
        "show x & reboot",
        "vtysh -c 'configure terminal'",
        "vtysh -c 'show x' -c 'conf t'",
        "vtysh",
        "vtysh -b",
        "vtysh -w",
        "vtysh -f x",
        "vtysh -d bgpd -c 'show x'",
        "vtysh -c 'clear bgp *'",
        "vtysh -H /etc/x -c 'show x'",
        "vtysh -c",
        "clear bgp *",
        "vtysh -c 'show x | include y | include z'",
        "sudo -u frr vtysh -c 'show x'",
        "sudo -s",
        "sudo",
        "sudo sudo id",
        "sudo A=b uptime",
        "A=b uptime",
        "ip link set lo down",
        "ip link s lo",
        "ip netns exec x id",
        "ip -batch x",
        "ip route flush all",
        "ip xfrm state",
        "ip xfrm state show",
        "swanctl --counters --reset",
        "swanctl --list-sas --uri x",
        "swanctl --terminate --ike x",
        "hostname evil",
        "date 01010101",
        "ss -K",
        "sysctl -w a=b",
        "sysctl a=b",
        "ping 10.0.0.1",
        "ping -f -c 3 10.0.0.1",
        "ping -c 1000 10.0.0.1",
        "cat /etc/shadow",
        "uptime 'x y'",
        "'up time'",
        "uptime\nreboot",
        "uptime\treboot",
        "",
        "   ",
        "'",
        "uptime #",
        "uptime *",
        "~/x",
        '"uptime$(reboot)"',
        "sh -c reboot",
        "show \x16",
    ),
    "pfsense": (
        "bgpctl reload",
        "ifconfig em0 down",
        "pfctl -F all",
        "pfctl -d",
        "route add 10.0.0.0/8 1.1.1.1",
        "netstat -rn; reboot",
        "vtysh -c 'conf t'",
        "reboot",
        "pfctl -s rules -F all",
        "sudo reboot",
        "show x | tee y",
    ),
}


@pytest.mark.parametrize(("platform", "command"), [(name, each) for name, all_ in ANSWERED.items() for each in all_])
def test_a_command_that_reads_is_taken(platform: str, command: str) -> None:
    READS[platform](command)


@pytest.mark.parametrize(("platform", "command"), [(name, each) for name, all_ in REFUSED.items() for each in all_])
def test_a_command_that_may_do_more_is_refused(platform: str, command: str) -> None:
    with pytest.raises(CommandRefusedError):
        READS[platform](command)


READING = [(name, each) for name, all_ in ANSWERED.items() for each in all_ if "|" not in each]
OPERATORS = ["\n", ";", "|", ">", "<", "$(", "`", "&", "\r", "\x00", "\x1b", "\x16", "?"]


@given(st.sampled_from(READING), st.sampled_from(OPERATORS), st.data())
def test_no_operator_hides_in_a_command_that_reads(case: tuple[str, str], operator: str, data: st.DataObject) -> None:
    platform, command = case
    at = data.draw(st.integers(0, len(command)))
    with pytest.raises(CommandRefusedError):
        READS[platform](command[:at] + operator + "reload" + command[at:])


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_a_simple_command_has_the_words_that_a_shell_finds(text: str) -> None:
    try:
        words = simple_command.split(text)
    except CommandRefusedError:
        return
    assert words == tuple(shlex.split(text))
    assert all(word.isprintable() for word in words)


@settings(max_examples=20)
@given(
    st.lists(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=12), min_size=1, max_size=4)
)
def test_what_is_sent_is_one_command_with_these_words(words: list[str]) -> None:
    line = simple_command.line_of(["printf", "%s\\n", *words])
    shell = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert shell.stdout == "".join(f"{word}\n" for word in words)


def test_what_needs_root_goes_by_sudo_and_nothing_else_does() -> None:
    assert "sudo -n vtysh -H /dev/null" in linux.read("show bgp summary", True).line
    assert "sudo" not in linux.read("show bgp summary", False).line
    assert "sudo" not in linux.read("uptime", True).line
    assert "sudo -n uptime" in linux.read("sudo uptime", True).line


@pytest.mark.parametrize("line", [linux.COMMAND_LINE, pfsense.COMMAND_LINE, asa.COMMAND_LINE])
def test_what_changes_is_one_line_as_well(line: object) -> None:
    changes = getattr(line, "changes")  # noqa: B009
    with pytest.raises(CommandRefusedError):
        changes("reload\nyes", True)
    assert changes("clear bgp 10.0.0.1", True).words == "clear bgp 10.0.0.1"


@pytest.mark.parametrize(
    ("platform", "redact"), [("linux", linux.redact), ("pfsense", pfsense.redact), ("asa", asa.COMMAND_LINE.redact)]
)
def test_passwords_in_an_answer_are_hidden(platform: str, redact: Callable[[str], str]) -> None:
    del platform
    assert "swordfish" not in redact(" neighbor 10.0.0.1 password swordfish\n")
