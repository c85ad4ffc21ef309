"""What the lab promises to those who use it."""

import json
import re
import subprocess
import sys
import time

import paramiko
import pytest

from lab import links
from tests.lab import faults
from tests.lab.conftest import RunningLab
from tests.lab.devices import EDGES, FIREWALLS, HOSTS, PFSENSE, REFLECTORS
from tests.networks.example import environment

CILIUM = {"nl-k8s1", "nl-k8s2", "gr-k8s1", "gr-k8s2", "home-k8s1", "home-k8s2", "home-k8s3"}
OUTSIDE = {"transit-no", "transit-ch", "ixp-rs1", "ixp-rs2", "rpki-cache"} | CILIUM


def test_every_node_of_the_inventory_runs_its_programs(lab: RunningLab) -> None:
    shown = lab.routebook("lab", "status", "--json")
    nodes = {node["name"]: set(node["programs"]) for node in json.loads(shown.stdout)["nodes"]}
    assert set(nodes) == set(HOSTS) | OUTSIDE
    frr = {"watchfrr", "zebra", "bgpd", "bfdd", "staticd"}
    for edge in EDGES:
        assert frr | {"charon", "sshd"} <= nodes[edge]
    for reflector in REFLECTORS:
        assert frr | {"sshd"} <= nodes[reflector]
        assert "charon" not in nodes[reflector]
    for firewall in FIREWALLS:
        assert frr | {"charon"} <= nodes[firewall]
    assert {"sshd"} <= nodes[PFSENSE]
    assert all("gobgpd" in nodes[node] for node in CILIUM)
    assert "bird" in nodes["transit-no"]
    assert "gobgpd" in nodes["ixp-rs2"]
    assert "stayrtr" in nodes["rpki-cache"]


def connect(
    lab: RunningLab, user: str, *, password: str | None = None, key_filename: str | None = None
) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.load_host_keys(str(lab.project / ".routebook/lab/known_hosts"))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect("192.0.2.31", 22, user, password, key_filename=key_filename, allow_agent=False, look_for_keys=False)
    return client


def over_ssh(client: paramiko.SSHClient, command: str, stdin: str = "") -> tuple[int, str]:
    channel_in, out, error = client.exec_command(command)
    channel_in.write(stdin)
    channel_in.channel.shutdown_write()
    text = out.read().decode() + error.read().decode()
    return out.channel.recv_exit_status(), text


def test_hosts_are_reached_at_the_inventorys_addresses_with_verified_host_keys(lab: RunningLab) -> None:
    with connect(lab, "operator", key_filename=str(lab.project / ".routebook/lab/operator_ed25519")) as client:
        assert over_ssh(client, "hostname") == (0, "no-edge1\n")
        assert over_ssh(client, "id -un") == (0, "operator\n")
        assert over_ssh(client, "sudo -n id -un") == (0, "root\n")


def test_the_accounts_differ_in_what_sudo_lets_them_do(lab: RunningLab) -> None:
    with connect(lab, "nosudo", password=lab.password("nosudo")) as client:
        assert over_ssh(client, "sudo -n id -un")[0] == 1
    with connect(lab, "pwsudo", password=lab.password("pwsudo")) as client:
        assert over_ssh(client, "sudo -n id -un")[0] == 1
        status, text = over_ssh(client, "sudo -S -p '' id -un", lab.password("pwsudo") + "\n")
        assert (status, text) == (0, "root\n")
    with pytest.raises(paramiko.AuthenticationException):
        connect(lab, "operator", password="wrong")


def test_exec_passes_standard_streams_and_exit_status(lab: RunningLab) -> None:
    done = lab.exec("ch-edge3", "cat; echo to-stderr >&2; hostname; exit 7", stdin="given\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "given\nch-edge3\n", "to-stderr\n")
    through_cli = lab.routebook("lab", "exec", "ch-edge3", "--", "sh", "-c", "hostname; exit 7")
    assert (through_cli.returncode, through_cli.stdout) == (7, "ch-edge3\n")


def test_a_second_up_changes_nothing(lab: RunningLab) -> None:
    def standing() -> list[tuple[str, int, set[str]]]:
        # An outside speaker's retry loop runs what it sleeps with and asks with for a moment at a time.
        passing = {"sleep", "bgpctl", "sh"}
        return [(node.name, node.pid, set(node.programs) - passing) for node in lab.lab.status()]

    wait_for(lab, PFSENSE, "pgrep -x charon", 20)  # its system starts it in the background
    before = standing()
    assert lab.routebook("lab", "up").returncode == 0
    assert standing() == before


def test_an_up_elsewhere_leaves_the_link_where_it_is_and_tells_the_way_to_it(lab: RunningLab) -> None:
    routebook = [sys.executable, "-m", "routebook"]

    def elsewhere(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "--net", *argv],
            cwd=lab.project, env=environment(), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    refused = elsewhere(*routebook, "lab", "up")
    assert refused.returncode == 1
    assert "another network namespace" in refused.stderr
    told = re.search(r"nsenter --net --target \d+|ip netns exec \S+", refused.stderr)
    assert told is not None, refused.stderr
    assert told[0] in elsewhere(*routebook, "lab", "status").stdout
    there = elsewhere(*told[0].split(), *routebook, "lab", "up")
    assert there.stdout == "lab was up already\n", there.stderr
    assert "another network namespace" not in lab.routebook("lab", "status").stdout
    assert subprocess.run(["ping", "-c1", "-W2", "192.0.2.31"], capture_output=True, check=False).returncode == 0


def test_a_host_starts_with_things_that_are_not_routebooks(lab: RunningLab) -> None:
    running = lab.exec("no-edge1", "vtysh -c 'show running-config'").stdout
    assert "route-map HAND-MADE permit 10" in running
    assert "ip route 203.0.113.0/24 blackhole" in running
    assert " description Made by hand, not by Routebook" in running
    assert "hand-made" in lab.exec("no-edge1", "swanctl --list-conns").stdout


def test_processes_files_and_network_of_a_host_are_its_own(lab: RunningLab) -> None:
    lab.exec("no-edge1", "touch /etc/only-here /run/only-here /var/log/only-here /tmp/only-here")
    try:
        assert "only-here" not in lab.exec("no-edge2", "ls /etc /run /var/log /tmp").stdout
        assert lab.exec("no-edge1", "pgrep -xc bgpd").stdout == "1\n"
        assert "10.255.3.2/32" in lab.exec("no-edge2", "ip -brief address show lo").stdout
    finally:
        lab.exec("no-edge1", "rm /etc/only-here /run/only-here /var/log/only-here /tmp/only-here")


def test_a_host_cannot_write_to_the_real_machines_file_system(lab: RunningLab) -> None:
    assert "Read-only file system" in lab.exec("no-edge1", "touch /usr/from-the-lab").stderr


def test_a_crashed_daemon_comes_back_with_what_its_files_say(lab: RunningLab) -> None:
    faults.crash(lab.lab, "no-edge3", "bgpd")
    faults.crash(lab.lab, "no-edge3", "charon")
    wait_for(lab, "no-edge3", "vtysh -c 'show running-config' | grep -q 'route-map HAND-MADE permit 10'", 60)
    wait_for(lab, "no-edge3", "swanctl --list-conns | grep -q hand-made", 30)


@pytest.mark.parametrize("daemon", ["frr", "charon", "sshd"])
def test_a_stopped_daemon_stays_stopped_until_it_is_started(lab: RunningLab, daemon: faults.Daemon) -> None:
    program = {"frr": "bgpd"}.get(daemon, daemon)
    faults.stop(lab.lab, "no-edge3", daemon)
    try:
        wait_for(lab, "no-edge3", f"! pgrep -x {program}", 10)
        # Longer than it takes to restart what has crashed.
        assert lab.exec("no-edge3", f"sleep 2; pgrep -x {program}").returncode == 1
    finally:
        faults.start(lab.lab, "no-edge3", daemon)
    assert lab.exec("no-edge3", f"pgrep -x {program}").returncode == 0


def test_a_cut_management_link_and_a_full_disk_can_be_mended(lab: RunningLab) -> None:
    links.link_down(lab.lab, "no-edge3")
    assert not reachable("192.0.2.33")
    links.link_up(lab.lab, "no-edge3")
    end = time.monotonic() + 10
    while not reachable("192.0.2.33"):
        assert time.monotonic() < end, "the mended link carries nothing"

    faults.fill_disk(lab.lab, "no-edge3")
    assert lab.exec("no-edge3", "echo text >/etc/new-file").returncode != 0
    faults.free_disk(lab.lab, "no-edge3")
    assert lab.exec("no-edge3", "echo text >/etc/new-file && rm /etc/new-file").returncode == 0


def reachable(address: str) -> bool:
    return subprocess.run(["ping", "-c1", "-W1", address], capture_output=True, check=False).returncode == 0


def wait_for(lab: RunningLab, host: str, condition: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while lab.exec(host, condition).returncode != 0:
        assert time.monotonic() < end, f"{host}: not within {seconds} s: {condition}"
        time.sleep(0.1)
