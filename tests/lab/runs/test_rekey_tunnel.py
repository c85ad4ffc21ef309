"""`run rekey-tunnel` makes a tunnel anew on every platform, and mends one that is wedged."""

import json
from collections.abc import Collection

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.devices import on
from tests.lab.runs.conftest import Unchanged

EDGE, FAR, ASA, PFSENSE = "no-edge1", "ch-edge1", "nl-fw1", devices.PFSENSE
BETWEEN_EDGES = f"{EDGE}--{FAR}"
TUNNELS = {
    BETWEEN_EDGES: {EDGE, FAR},
    f"{ASA}--{EDGE}": {ASA, EDGE},
    f"{PFSENSE}--{EDGE}": {PFSENSE, EDGE},
}


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return {EDGE, FAR, ASA, PFSENSE}


def rekey(lab: RunningLab, tunnel: str) -> None:
    done = lab.routebook("run", "rekey-tunnel", "--set", f"tunnel={tunnel}", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {f["host"]: f["status"] for f in json.loads(done.stdout)["findings"] if f["check"] == "tunnel.remade"}
    assert seen == dict.fromkeys(TUNNELS[tunnel], "ok")


def as_intended(lab: RunningLab) -> None:
    done = lab.routebook("verify", "--wait", "60")
    assert done.returncode == 0, done.stdout + done.stderr


def sas(lab: RunningLab, host: str, tunnel: str) -> str:
    return on(lab, host, f"swanctl --list-sas --ike {tunnel}")


def test_the_network_is_drawn_as_it_is(standing: RunningLab) -> None:
    as_intended(standing)
    done = standing.routebook("graph", "--live", "--format", "mermaid")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("tunnel, up") == 5
    assert "not up" not in done.stdout
    assert "not read" not in done.stdout


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_a_tunnel_is_young_at_both_ends_each_time_and_nothing_is_configured_otherwise(
    standing: RunningLab, unchanged: Unchanged, tunnel: str
) -> None:
    for _ in range(2):
        rekey(standing, tunnel)
    as_intended(standing)
    unchanged()


def without_a_child(lab: RunningLab) -> None:
    on(lab, EDGE, f"swanctl --terminate --ike {BETWEEN_EDGES} --child {BETWEEN_EDGES}")
    assert "INSTALLED" not in sas(lab, EDGE, BETWEEN_EDGES)


def forgotten_by_the_far_end(lab: RunningLab) -> None:
    """The far end has ended it, and the packet that says so was lost."""
    on(
        lab,
        FAR,
        "nft 'add table inet wedge; add chain inet wedge out { type filter hook output priority 0; };"
        " add rule inet wedge out udp dport { 500, 4500 } drop'\n"
        f"swanctl --terminate --ike {BETWEEN_EDGES} --force --timeout 1 || true\n"
        "nft delete table inet wedge",
    )
    assert "INSTALLED" not in sas(lab, FAR, BETWEEN_EDGES)
    assert "INSTALLED" in sas(lab, EDGE, BETWEEN_EDGES)


def twice_there(lab: RunningLab) -> None:
    before = sas(lab, FAR, BETWEEN_EDGES)
    on(lab, EDGE, f"swanctl --initiate --ike {BETWEEN_EDGES} --child {BETWEEN_EDGES} || true")
    assert "INSTALLED" in before


@pytest.mark.parametrize("wedge", [without_a_child, forgotten_by_the_far_end, twice_there])
def test_a_wedge_is_mended(standing: RunningLab, unchanged: Unchanged, wedge: object) -> None:
    assert callable(wedge)
    wedge(standing)
    rekey(standing, BETWEEN_EDGES)
    as_intended(standing)
    unchanged()
