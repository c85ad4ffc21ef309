"""Packets that do not arrive are found and named while every session and tunnel is up, and end a run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import failures

FIRST, SECOND = "no-edge1--ch-edge1", "no-edge2--ch-edge2"


@contextmanager
def mtu(lab: RunningLab, host: str, size: int) -> Iterator[None]:
    """The outer interface takes less for a while, and drops what is larger."""
    devices.on(lab, host, f"ip link set wan0 mtu {size}")
    try:
        yield
    finally:
        devices.on(lab, host, "ip link set wan0 mtu 1500")


def judged(lab: RunningLab, *arguments: str, code: int = 3) -> dict[str, Any]:
    done = lab.routebook(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def states(result: dict[str, Any]) -> dict[str, str]:
    return {each["subject"]: each["state"] for each in result["findings"] if each["check"] == "tunnel.traffic"}


def test_packets_pass_every_tunnel_both_ways(deployed: RunningLab) -> None:
    result = judged(deployed, "verify", "--no-config", code=0)
    assert states(result) == {FIRST: "healthy", SECOND: "healthy"}
    assert {each["status"] for each in result["findings"]} == {"ok"}
    without = judged(deployed, "verify", "--no-config", "--no-probe", code=0)
    assert states(without) == {}


def test_a_small_mtu_is_found_with_the_size_that_passes_and_ends_a_run(deployed: RunningLab) -> None:
    with mtu(deployed, "ch-edge1", 1000):
        result = judged(deployed, "verify", "--no-config")
        assert states(result) == {FIRST: "degraded", SECOND: "healthy"}
        [cause] = [each["cause"] for each in failures(result) if each["subject"] == FIRST]
        assert "1,300 bytes do not pass, 9" in cause
        run = judged(deployed, "run", "deploy", "--yes")
        assert states(run)[FIRST] == "degraded"


def test_a_dead_second_leg_is_found_by_its_name(deployed: RunningLab) -> None:
    # IKE's keep-alives pass, and nothing that is larger: so everything is up, and one way is dead.
    with mtu(deployed, "ch-edge2", 130):
        result = judged(deployed, "verify", "--no-config")
        assert [(each["check"], each["subject"], each["state"]) for each in failures(result)] == [
            ("tunnel.traffic", SECOND, "wedged")
        ]
        [cause] = [each["cause"] for each in failures(result)]
        assert "packets from no-edge2 do not arrive at ch-edge2: its counter of received packets stands still" in cause
