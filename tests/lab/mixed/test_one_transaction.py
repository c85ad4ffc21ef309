"""A firewall and a Linux host in one transaction, by `routebook run`: both change, or neither does."""

import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from tests.lab.mixed.conftest import FirstRun, Mixed, Process
from tests.lab.mixed.names import EDGE, FIREWALL, INNER, KEY, SPEAKER, TUNNEL
from tests.lab.waiting import wait_for

Unchanged = Callable[[], None]
CHANGE = ("inventory/policy.yaml", "local_preference: 200", "local_preference: 210")


def failures(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in result["findings"] if finding["status"] == "failed"]


def rolled_back(mixed: Mixed, *arguments: str) -> tuple[dict[str, Any], str]:
    """The result of a run that must end with both devices as they were."""
    done = mixed.routebook("run", *arguments, "--yes", "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "rolled_back"
    return result, done.stdout + done.stderr


def test_everything_comes_up_from_nothing(network: Mixed, first_run: FirstRun) -> None:
    assert {host: each["state"] for host, each in first_run.result["hosts"].items()} == {
        FIREWALL: "confirmed",
        EDGE: "confirmed",
    }
    statuses = {(f["host"], f["check"], f["subject"]): f["status"] for f in first_run.result["findings"]}
    for host, peer in ((FIREWALL, INNER[EDGE]), (EDGE, INNER[FIREWALL]), (FIREWALL, SPEAKER)):
        assert statuses[host, "bgp.session", peer] == "ok"
    for host in (FIREWALL, EDGE):
        assert {statuses[host, f"tunnel.{check}", TUNNEL] for check in ("ike", "child", "age")} == {"ok"}
    assert statuses[EDGE, "tunnel.spi", TUNNEL] == "ok"
    assert "10.1.17.0/24" in network.on(EDGE, "ip route show proto bgp")


def test_nothing_is_saved_before_every_check_of_every_host_has_passed(first_run: FirstRun) -> None:
    before, middle, after = first_run.before, first_run.middle, first_run.after
    assert before.firewall != middle.firewall
    assert "event manager applet" in middle.firewall
    assert middle.edge != before.edge
    startup = [
        next(line for line in each.firewall_files.splitlines() if "startup" in line) for each in (before, middle)
    ]
    assert startup[0] == startup[1]
    assert middle.edge_files == before.edge_files
    assert "event manager applet" not in after.firewall
    assert after.edge_files != before.edge_files
    flash = [line.split()[0] for line in after.firewall_files.splitlines()]
    assert flash == [line.split()[0] for line in before.firewall_files.splitlines()], "something was left on flash"


def test_a_second_run_sends_nothing(mixed: Mixed) -> None:
    before, typed = mixed.devices(), mixed.typed()
    assert any(command.startswith("tunnel-group") for command in typed), "the firewall's log tells what was typed"
    times = "find /etc/frr /etc/swanctl -printf '%p %T@ %C@\\n' | sort"
    touched = mixed.on(EDGE, times)
    done = mixed.routebook("run", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "unchanged"
    assert all(each["commands"] == [] and each["diff"] == "" for each in result["hosts"].values())
    assert mixed.typed() == typed
    assert mixed.on(EDGE, times) == touched
    assert mixed.devices() == before


def test_a_wrong_key_at_the_firewall_is_named_and_both_ends_go_back(mixed: Mixed, unchanged: Unchanged) -> None:
    with (
        mixed.edited(
            "templates/asa/crypto.j2",
            r"(?m)pre-shared-key .*\n ikev2 local-authentication pre-shared-key .*$",
            "pre-shared-key somebody-elses\n ikev2 local-authentication pre-shared-key somebody-elses",
        ),
        mixed.edited("inventory/tunnels.yaml", "dpd_delay: 10", "dpd_delay: 20"),
    ):
        result, said = rolled_back(mixed, "tunnels")
    assert {each["state"] for each in result["hosts"].values()} == {"rolled_back"}
    assert_the_key_is_blamed(result)
    assert "somebody-elses" not in said
    unchanged()


def test_a_wrong_key_at_the_edge_is_named_and_goes_back(mixed: Mixed, unchanged: Unchanged) -> None:
    key = mixed.project / KEY
    original = key.read_text()
    key.write_text("not-what-the-other-end-has\n")
    try:
        result, said = rolled_back(mixed, "tunnels", "--limit", EDGE, "--accept", "one-end")
    finally:
        key.write_text(original)
    assert_the_key_is_blamed(result)
    assert "not-what-the-other-end-has" not in said
    unchanged()


def assert_the_key_is_blamed(result: dict[str, Any]) -> None:
    causes = [finding["cause"] for finding in failures(result) if finding["subject"] == TUNNEL]
    assert causes
    assert all("key" in cause for cause in causes), causes


def test_a_wrong_as_is_named_and_both_ends_go_back(mixed: Mixed, unchanged: Unchanged) -> None:
    with (
        mixed.edited("inventory/network.yaml", "asn: 64520", "asn: 64502"),
        mixed.edited("inventory/bgp.yaml", "connect_retry: 5", "connect_retry: 6"),
    ):
        result, _ = rolled_back(mixed, "bgp", "--deadline", "20")
    assert {host: each["state"] for host, each in result["hosts"].items()} == {
        FIREWALL: "rolled_back",
        EDGE: "rolled_back",
    }
    (failed,) = [finding for finding in failures(result) if finding["subject"] == SPEAKER]
    assert "AS 64502" in failed["cause"], failed
    assert "AS 64520" in failed["cause"], "that of the session until the push, or of the ASA's log"
    unchanged()


def test_a_line_that_the_firewall_refuses_half_way_rolls_back_both(mixed: Mixed, unchanged: Unchanged) -> None:
    with (
        mixed.edited(
            "templates/asa/policy.j2", r"\Z", "route-map RB-X permit 10\n set local-preference not-a-number\n"
        ),
        mixed.edited(*CHANGE),
        mixed.edited("inventory/bgp.yaml", "connect_retry: 5", "connect_retry: 6"),
    ):
        done = mixed.routebook("run", "bgp", "--yes", "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert "not-a-number" in result["hosts"][FIREWALL]["message"]
    assert result["hosts"][EDGE]["state"] == "rolled_back"
    unchanged()


def test_killed_in_the_middle_of_the_push_both_go_back_by_themselves(mixed: Mixed, unchanged: Unchanged) -> None:
    def kill(line: str, process: Process) -> None:
        if " push " in line and "on 2 hosts" in line:
            process.kill()

    before = mixed.devices()
    with mixed.edited(*CHANGE), mixed.edited("inventory/bgp.yaml", "connect_retry: 5", "connect_retry: 6"):
        status, output = mixed.watched(kill, "run", "bgp", "--yes", "--confirm-timeout", "15")
    assert status == -signal.SIGKILL, output
    refused = mixed.routebook("run", "bgp", "--yes")
    assert refused.returncode == 1
    assert "routebook recover" in refused.stderr
    wait_for(
        lambda: (now := mixed.devices()).firewall == before.firewall and now.edge == before.edge, 60, "their own undo"
    )
    recovered = mixed.routebook("recover")
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert "rolled_back" in recovered.stdout
    unchanged()


NETMIKO = f"""
from pathlib import Path
from nornir_netmiko.tasks import netmiko_send_command
from routebook.project.inventory import nornir_for
for limit, command in (("{FIREWALL}", "show version"), ("{EDGE}", "uname -n")):
    result = nornir_for(Path("."), limit).run(task=netmiko_send_command, command_string=command)[limit][0]
    print(limit, result.exception or result.result)
"""


def test_nornir_netmiko_works_with_the_inventory_as_it_is(mixed: Mixed) -> None:
    done = mixed.place.run(f"--wdns={mixed.project}", sys.executable, "-c", NETMIKO)
    assert done.returncode == 0, done.stderr
    assert f"{EDGE} {EDGE}" in " ".join(done.stdout.split()), done.stdout
    assert "Adaptive Security Appliance Software Version" in done.stdout, done.stdout
