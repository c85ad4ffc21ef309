"""`routebook exec` types a command on every kind of host at once, and leaves no trace of one that reads."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from typing import Any

import pytest

from routebook.device.values import Lock
from tests.lab.conftest import RunningLab
from tests.networks.example import environment

ASA, FRR, EDGE, PFSENSE = "nl-fw1", "nl-rr1", "no-edge1", "home-fw1"
HOSTS = {ASA, FRR, EDGE, PFSENSE}


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return HOSTS


def executed(lab: RunningLab, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = lab.routebook("exec", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["exit_code"] == code
    return dict(result)


def test_every_platform_answers_one_command(lab: RunningLab) -> None:
    hosts = executed(lab, "show version", "--on", "pfsense", "ifconfig -a")["hosts"]
    assert set(hosts) == HOSTS
    assert "Cisco Adaptive Security Appliance Software Version" in hosts[ASA]["output"]
    assert hosts[ASA]["structured"][0]["version"], "by its template"
    for host in (FRR, EDGE):
        assert hosts[host]["output"].startswith("FRRouting")
        assert hosts[host]["output"].endswith("\n")
    assert "inet" in hosts[PFSENSE]["output"]


def test_hosts_that_answer_the_same_are_shown_together(lab: RunningLab) -> None:
    done = lab.routebook("exec", "sudo -n vtysh -c 'show ip prefix-list'", "--limit", f"{FRR},{EDGE}")
    assert done.returncode == 0, done.stderr
    assert f"{FRR}, {EDGE}  (2 hosts)" in done.stdout, done.stdout
    assert "2 of 2 hosts answered, 1 ways" in done.stdout


def test_an_answer_in_json_is_data(lab: RunningLab) -> None:
    [host] = executed(lab, "ip -j addr show", "--limit", EDGE)["hosts"].values()
    assert any(each["ifname"] == "lo" for each in host["structured"])


def test_a_command_that_reads_leaves_no_trace(lab: RunningLab) -> None:
    look = "find /root /home /etc /var/log -newer /run/began -type f 2>/dev/null | sort"
    for host in (EDGE, PFSENSE):
        lab.exec(host, "touch /run/began")
    before = executed(lab, "show running-config", "--limit", ASA)["hosts"][ASA]["output"]
    executed(lab, "show bgp summary", "--on", "pfsense", "swanctl --version")
    for host in (EDGE, PFSENSE):
        left = lab.exec(host, look).stdout.split()
        assert [path for path in left if "hist" in path or path.startswith(("/root", "/home", "/etc"))] == [], host
    assert executed(lab, "show running-config", "--limit", ASA)["hosts"][ASA]["output"] == before


def test_what_does_not_read_is_sent_nowhere(lab: RunningLab) -> None:
    done = lab.routebook("exec", "show run | redirect disk0:/x")
    assert done.returncode == 1, done.stdout
    assert "Nothing was sent" in done.stderr


def test_a_command_that_fails_on_a_device_is_told_by_the_exit_code(lab: RunningLab) -> None:
    hosts = executed(lab, "show nonsense", "--limit", f"{ASA},{EDGE}", code=3)["hosts"]
    assert {each["state"] for each in hosts.values()} == {"failed"}
    assert hosts[ASA]["error"].startswith("ERROR: ")
    assert hosts[EDGE]["error"] == "exit status 1"


def test_a_host_with_another_key_is_not_asked(lab: RunningLab) -> None:
    known = lab.project / ".routebook/lab/known_hosts"
    original = known.read_text()
    lines = original.splitlines()
    keys = [line.split()[2] for line in lines]
    at = next(number for number, line in enumerate(lines) if line.startswith("192.0.2.12 "))
    other = next(key for key in keys if key != keys[at])
    lines[at] = lines[at].replace(keys[at], other)
    known.write_text("\n".join(lines) + "\n")
    try:
        hosts = executed(lab, "show version", "--limit", f"{FRR},{EDGE}", code=3)["hosts"]
    finally:
        known.write_text(original)
    assert hosts[FRR]["state"] == "no answer"
    assert "key" in hosts[FRR]["error"]
    assert hosts[EDGE]["state"] == "answered"


def test_control_characters_and_secrets_of_a_device_are_not_shown(lab: RunningLab) -> None:
    lab.exec(EDGE, "printf 'a\\033[2Jb\\n' >/run/esc; hostname")
    secret = "swordfish-never-shown"
    lines = ("configure terminal", "router bgp 64999", "neighbor 10.9.9.9 remote-as 64998")
    typed = " ".join(f"-c '{line}'" for line in (*lines, f"neighbor 10.9.9.9 password {secret}"))
    lab.exec(EDGE, f"vtysh {typed}")
    try:
        done = lab.routebook("exec", "show running-config", "--limit", EDGE)
        esc = lab.routebook("exec", "cat /run/esc", "--write", "--yes", "--limit", EDGE)
    finally:
        lab.exec(EDGE, "vtysh -c 'configure terminal' -c 'no router bgp 64999'; rm /run/esc")
    assert "neighbor 10.9.9.9 password <secret>" in done.stdout
    assert secret not in done.stdout + done.stderr
    assert "\x1b" not in esc.stdout
    assert "a\\x1b[2Jb" in esc.stdout


def test_writing_is_under_the_lock_of_every_host(lab: RunningLab) -> None:
    shown = executed(lab, "sudo ls /run/routebook", "--write", "--yes", "--limit", EDGE)["hosts"][EDGE]["output"]
    assert "lock" in shown, "while it is at work"
    assert "lock" not in lab.exec(EDGE, "ls /run/routebook 2>/dev/null").stdout
    lock = Lock("20260101-000000-aaaaaa", "somebody@elsewhere", 1.0, time.time() + 600)
    lab.exec(EDGE, f"mkdir -p -m 700 /run/routebook; printf '%s\\n' {lock.run_id} '{lock.text()}' >/run/routebook/lock")
    try:
        held = lab.routebook("exec", "touch /run/sent", "--write", "--yes", "--limit", f"{EDGE},{FRR}")
    finally:
        lab.exec(EDGE, "rm /run/routebook/lock")
    assert held.returncode == 1, held.stdout
    assert "locked by run 20260101-000000-aaaaaa of somebody@elsewhere" in held.stderr
    assert all(lab.exec(host, "test -e /run/sent").returncode == 1 for host in (EDGE, FRR))
    done = lab.routebook("exec", "true", "--write", "--limit", EDGE)
    assert done.returncode == 1
    assert "nobody to ask" in done.stderr


def test_an_answer_that_does_not_end_is_given_up(lab: RunningLab) -> None:
    hosts = executed(lab, "sleep 60", "--write", "--yes", "--timeout", "1", "--limit", EDGE, code=4)["hosts"]
    assert hosts[EDGE]["state"] == "no answer"
    assert "in time" in hosts[EDGE]["error"]
    flooded = executed(lab, "yes", "--write", "--yes", "--limit", EDGE, code=4)["hosts"][EDGE]
    assert "longer than" in flooded["error"]
    assert "lock" not in lab.exec(EDGE, "ls /run/routebook 2>/dev/null").stdout


def test_an_interrupt_ends_it_in_good_order(lab: RunningLab) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "routebook", "exec", "ping -c 20 127.0.0.1", "--limit", EDGE],
        cwd=lab.project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(4)  # it has asked by then; if not, it ends in the same order
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 130, output + errors
    assert "interrupted" in errors
    assert "Traceback" not in errors
