"""Waves and redundancy on real tunnels: never two legs at once, and none while the other carries nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from lab.links import link_down, link_up
from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited

LEGS = ("no-edge1--ch-edge1", "no-edge2--ch-edge2")


@contextmanager
def new_keys(lab: RunningLab, *legs: str) -> Iterator[None]:
    """Another pre-shared key for both ends of tunnels."""
    files = [lab.project / "secrets" / f"{leg}.psk" for leg in legs]
    before = [file.read_text() for file in files]
    for file in files:
        file.write_text("another-key-for-both-ends\n")
    try:
        yield
    finally:
        for file, text in zip(files, before, strict=True):
            file.write_text(text)


def test_two_tunnels_of_a_pair_of_sites_get_their_keys_one_after_the_other(deployed: RunningLab) -> None:
    before = devices.read_all(deployed)
    with new_keys(deployed, *LEGS):
        done = deployed.routebook("run", "tunnels", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["notes"][:2] == ["wave 1 of 2: ch-edge1, no-edge1", "wave 2 of 2: ch-edge2, no-edge2"]
    refused = deployed.routebook("rollback", result["run_id"], "--yes", "--json")
    assert refused.returncode == 1, refused.stdout
    message = json.loads(refused.stdout)["message"]
    assert "old secrets would come back" in message
    assert f"secrets / ike-{LEGS[0]} / secret = <redacted>" in message
    back = deployed.routebook("rollback", result["run_id"], "--yes", "--json", "--accept", "old-secret")
    assert back.returncode == 0, back.stdout + back.stderr
    assert devices.read_all(deployed) == before


def test_a_tunnel_is_not_touched_while_nothing_comes_through_the_other(
    deployed: RunningLab, unchanged: Unchanged
) -> None:
    link_down(deployed.lab, "no-edge2", "wan0")
    try:
        with new_keys(deployed, LEGS[0]):
            done = deployed.routebook("run", "tunnels", "--yes", "--json", "--limit", "no-edge1,ch-edge1")
    finally:
        link_up(deployed.lab, "no-edge2", "wan0")
    assert done.returncode == 1, done.stdout + done.stderr
    message = json.loads(done.stdout)["message"]
    assert f"{LEGS[0]} would be touched while its redundancy does not carry traffic" in message
    assert LEGS[1] in message
    assert deployed.routebook("verify", "--wait", "60").returncode == 0
    unchanged()


def test_a_wave_that_fails_takes_the_wave_before_it_back(deployed: RunningLab, unchanged: Unchanged) -> None:
    with (
        edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"),
        edited(deployed, "inventory/network.yaml", "asn: 64496", "asn: 64469"),  # an upstream of no-edge1 and no-edge2
    ):
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--waves", "canary:ch-edge2")
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["hosts"]["ch-edge2"]["state"] == "rolled_back"
    assert "local-preference 210" not in devices.on(deployed, "ch-edge2", "vtysh -c 'show running-config'")
    unchanged()
