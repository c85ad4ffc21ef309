"""Objects of every platform are given out of hand, and taken over again, while they are in use: nothing resets."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab

RELEASED = (
    ("no-edge2", "neighbor 2001:db8:f001::1"),
    ("no-edge2", "tunnel no-edge2--ch-edge2"),
    ("nl-fw1", "session nl-fw1--nl-rr1"),
    ("gr-fw1", "tunnel gr-fw1--no-edge2"),
    (devices.PFSENSE, "session home-fw1--ch-edge1", "tunnel home-fw1--ch-edge1"),
)
FILES = (
    ("no-edge2", "no-edge2--ch-edge2", "gr-fw1--no-edge2"),
    ("ch-edge2", "no-edge2--ch-edge2"),
    ("ch-edge1", "home-fw1--ch-edge1"),
)
ADOPTED = (
    ("no-edge2", "neighbor 2001:db8:f001::1"),
    ("nl-fw1", "neighbor 10.1.0.11"),
)


def ages(lab: RunningLab) -> dict[str, dict[str, Any]]:
    """What tells of a session that was reset, or an SA that was made anew."""
    return {
        host: {"established": each["established"], "spis": each["spis"]}
        for host, each in devices.since_all(lab).items()
    }


def plan(lab: RunningLab, *more: str) -> dict[str, Any]:
    done = lab.routebook(*more, "plan", "deploy", "--json")
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def changed(result: dict[str, Any]) -> dict[str, str]:
    return {name: each["diff"] for name, each in result["hosts"].items() if each["changed"]}


def warnings(result: dict[str, Any], host: str) -> str:
    return "\n".join(result["hosts"][host].get("warnings", ()))


def without_sessions(text: str, *ends: str) -> str:
    for each in ends:
        text, count = re.subn(rf"^    - ends: \[{each}\]\n(?:      .*\n)*", "", text, flags=re.MULTILINE)
        assert count == 1, each
    return text


@pytest.mark.timeout(840)
def test_what_is_released_stays_in_use_and_what_is_adopted_is_ours(deployed: RunningLab, tmp_path: Path) -> None:
    kept = {path: path.read_text() for path in (deployed.project / "inventory").iterdir()}
    before = ages(deployed)
    try:
        for host, *objects in RELEASED:
            done = deployed.routebook("release", host, *objects, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
        found = plan(deployed)
        assert {"no-edge2", "ch-edge2", "nl-fw1", "nl-rr1", "gr-fw1", "ch-edge1", devices.PFSENSE} >= changed(
            found
        ).keys()
        assert all("released" in warnings(found, host) for host in changed(found))
        done = deployed.routebook("run", "deploy", "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert ages(deployed) == before
        assert changed(plan(deployed)) == {}

        # The record on the devices is all that says so: without `release` in the inventory, and without a journal.
        hosts = deployed.project / "inventory/hosts.yaml"
        released = hosts.read_text()
        hosts.write_text(re.sub(r"^    release:(?: .*\n|\n(?:      - .*\n)+)", "", released, flags=re.MULTILINE))
        assert hosts.read_text() == kept[hosts]
        assert changed(plan(deployed, "--state", str(tmp_path / "state"))) == {}
        hosts.write_text(released)

        for host, *objects in ADOPTED:
            done = deployed.routebook("adopt", host, *objects, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
        found = plan(deployed, "--state", str(tmp_path / "state"))
        assert changed(found) == {}
        assert all("taken over" in warnings(found, host) for host, *_ in ADOPTED)

        # What is adopted is ours: it goes with its session from the inventory, and a yes alone does not do it.
        bgp = deployed.project / "inventory/bgp.yaml"
        said = bgp.read_text()
        bgp.write_text(without_sessions(said, "no-edge2, transit-no", "nl-fw1, nl-rr1"))
        assert changed(plan(deployed, "--state", str(tmp_path / "state"))).keys() == {"no-edge2", "nl-fw1", "nl-rr1"}
        done = deployed.routebook("run", "deploy", "--yes")
        assert done.returncode == 1, done.stdout + done.stderr
        said = done.stdout + done.stderr
        assert all(f"{host} would lose" in said for host in ("no-edge2", "nl-fw1", "nl-rr1")), said
        assert "--accept removal" in said
        assert ages(deployed) == before
    finally:
        for path, text in kept.items():
            path.write_text(text)
        for host, *tunnels in FILES:
            devices.on(deployed, host, "rm -f " + " ".join(f"/etc/swanctl/conf.d/{name}.conf" for name in tunnels))
    done = deployed.routebook("run", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
