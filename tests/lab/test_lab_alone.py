"""What the lab promises about its coming and going, each on a network of its own, beside the session's lab."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.elsewhere import Elsewhere
from tests.networks.example import environment, keep_only


def lab_processes(project: Path) -> set[int]:
    """The processes that hold a project's lab, or one of its nodes."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_text().split("\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if str(project) in arguments and any(each.endswith(("lab/boot.py", "lab/init.py")) for each in arguments):
            found.add(int(entry.name))
    return found


def in_namespaces(networks: set[Path]) -> set[int]:
    """Processes in one of these network namespaces."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns/net").readlink() in networks:
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def test_down_leaves_no_process_namespace_mount_or_device(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    mounts, links = elsewhere.run("cat", "/proc/mounts").stdout, elsewhere.run("ip", "-o", "link").stdout
    assert elsewhere.routebook(project, "lab", "up").returncode == 0
    networks = {Path(f"/proc/{pid}/ns/net").readlink() for pid in lab_processes(project)}
    networks.discard(Path(f"/proc/{elsewhere.holder.pid}/ns/net").readlink())
    assert len(networks) == 26  # the wire and 25 nodes
    assert elsewhere.routebook(project, "lab", "down").returncode == 0
    assert lab_processes(project) == set()
    assert in_namespaces(networks) == set()
    assert elsewhere.run("cat", "/proc/mounts").stdout == mounts
    assert elsewhere.run("ip", "-o", "link").stdout == links
    assert elsewhere.routebook(project, "lab", "down").stdout == "no lab was running\n"


@pytest.mark.parametrize("seconds", [0.6, 1.5, 4.0])
def test_an_up_that_is_killed_leaves_nothing_that_the_next_one_trips_over(elsewhere: Elsewhere, seconds: float) -> None:
    project = elsewhere.project()
    with subprocess.Popen(
        elsewhere.command("--wdns=" + str(project), sys.executable, "-m", "routebook", "lab", "up"),
        env=environment(), stdout=subprocess.DEVNULL,
    ) as up:  # fmt: skip
        time.sleep(seconds)  # the instant of the kill is what is tested
        up.kill()
    if not elsewhere.programs(project):
        end = time.monotonic() + 10
        while lab_processes(project):
            assert time.monotonic() < end, "the killed start has left processes behind"
            time.sleep(0.05)
    again = elsewhere.routebook(project, "lab", "up")
    assert again.returncode == 0, again.stderr
    assert elsewhere.run("ping", "-c1", "-W2", "192.0.2.43").returncode == 0
    assert elsewhere.routebook(project, "lab", "down").returncode == 0
    assert lab_processes(project) == set()


def test_a_killed_lab_is_brought_up_anew(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    elsewhere.routebook(project, "lab", "up")
    boot = json.loads((project / ".routebook/lab/state.json").read_text())["boot"]["pid"]
    os.kill(boot, 9)
    assert elsewhere.routebook(project, "lab", "up").returncode == 0
    assert elsewhere.run("ping", "-c1", "-W2", "192.0.2.43").returncode == 0


def test_a_second_lab_in_one_place_is_refused_and_told_whose_is_there(elsewhere: Elsewhere) -> None:
    first, second = elsewhere.project("first"), elsewhere.project("second")
    assert elsewhere.routebook(first, "lab", "up").returncode == 0
    refused = elsewhere.routebook(second, "lab", "up")
    assert refused.returncode == 1
    assert str(first) in refused.stderr
    assert elsewhere.programs(second) == {}


def test_an_address_that_is_taken_is_refused(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    elsewhere.run("ip", "address", "add", "192.0.2.31/24", "dev", "lo")
    refused = elsewhere.routebook(project, "lab", "up")
    assert refused.returncode == 1
    assert "192.0.2.31" in refused.stderr
    assert "no-edge1" in refused.stderr


def test_a_changed_inventory_is_pointed_out_by_the_next_up(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    assert "has changed" not in elsewhere.routebook(project, "lab", "up").stdout
    assert "has changed" not in elsewhere.routebook(project, "lab", "up").stdout
    edit(project / "inventory/network.yaml", r"/36 x 40", "/36 x 41")
    assert "has changed" in elsewhere.routebook(project, "lab", "up").stdout


def test_a_lab_whose_network_namespace_has_ended_is_joined_to_that_of_the_next_up(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    keep_only(project, ["no-edge1", "no-edge2"])
    started = elsewhere.run("unshare", "--net", "--wd=" + str(project), sys.executable, "-m", "routebook", "lab", "up")
    assert started.returncode == 0, started.stderr
    assert elsewhere.run("ping", "-c1", "-W1", "192.0.2.31").returncode != 0
    assert "has ended" in elsewhere.routebook(project, "lab", "status").stdout
    assert "it has one now" in elsewhere.routebook(project, "lab", "up").stdout
    assert elsewhere.run("ping", "-c1", "-W2", "192.0.2.31").returncode == 0


def test_a_machine_on_a_network_of_the_same_numbers_keeps_it(elsewhere: Elsewhere) -> None:
    project = elsewhere.project()
    for line in (
        "link add eth9 type veth peer name far9",
        "address add 192.0.2.2/24 dev eth9",
        "link set eth9 up",
        "link set far9 up",
    ):
        assert elsewhere.run("ip", *line.split()).returncode == 0
    assert elsewhere.routebook(project, "lab", "up").returncode == 0
    assert elsewhere.run("ping", "-c1", "-W2", "192.0.2.31").returncode == 0
    assert "eth9" in elsewhere.run("ip", "route", "get", "192.0.2.99").stdout


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
    assert count, f"{pattern!r} is not in {path}"
    path.write_text(text)


def test_any_inventory_of_the_shape_comes_up(elsewhere: Elsewhere) -> None:
    """One host more, one that is FRR alone, one that is strongSwan alone."""
    project = elsewhere.project()
    hosts = project / "inventory/hosts.yaml"
    hosts.write_text(
        hosts.read_text()
        + """
no-frr4:
  hostname: 192.0.2.34
  platform: frr
  groups: ["no"]
  data:
    interfaces:
      lo: {addresses: [10.255.3.4/32]}
      lan0: {link: no-lan, addresses: [10.3.0.4/24]}
ch-vpn4:
  hostname: 192.0.2.44
  platform: strongswan
  groups: [ch]
  data:
    interfaces:
      lan0: {link: ch-lan, addresses: [10.4.0.4/24]}
      wan0: {link: internet, addresses: [198.51.100.44/24]}
"""
    )
    edit(project / "inventory/bgp.yaml", r"hosts: ch,", "hosts: [ch-edge1, ch-edge2, ch-edge3],")
    up = elsewhere.routebook(project, "lab", "up")
    assert up.returncode == 0, up.stderr
    programs = elsewhere.programs(project)
    assert {"bgpd", "sshd"} <= programs["no-frr4"]
    assert "charon" not in programs["no-frr4"]
    assert {"charon", "sshd"} <= programs["ch-vpn4"]
    assert "bgpd" not in programs["ch-vpn4"]
    for address in ("192.0.2.34", "192.0.2.44"):
        assert elsewhere.run("ping", "-c1", "-W2", address).returncode == 0
    inside = elsewhere.routebook(project, "lab", "exec", "no-edge1", "--", "ping", "-c1", "-W2", "10.255.3.4")
    assert inside.returncode == 0, inside.stdout
