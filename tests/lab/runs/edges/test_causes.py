"""Whatever daemon an upstream runs, a wrong AS is named with both numbers, and is one failure."""

import json
import time

import pytest

from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import edited, failures


@pytest.mark.parametrize(
    ("peer", "host", "asn", "wrong"),
    [
        ("transit-no", "no-edge2", 64496, 64469),
        ("transit-ch", "ch-edge1", 64497, 64479),
        ("ixp-rs2", "ch-edge2", 64498, 64489),
    ],
    ids=["bird", "openbgpd", "gobgp"],
)
def test_a_wrong_as_names_both_numbers_at_once(
    deployed: RunningLab, peer: str, host: str, asn: int, wrong: int
) -> None:
    with edited(deployed, "inventory/network.yaml", rf"(\n  {peer}:\n    asn: ){asn}", rf"\g<1>{wrong}"):
        begun = time.monotonic()
        done = deployed.routebook("run", "deploy", "--yes", "--json", "--limit", host)
        took = time.monotonic() - begun
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    [root] = [each for each in failures(result) if "follows" not in each]
    assert (root["host"], root["check"]) == (host, "bgp.session")
    assert f"AS {asn}" in root["cause"] and f"AS {wrong}" in root["cause"]
    assert result["timings"]["post-checks"] < 30, f"nobody waits out the deadline ({took:.0f} s in all)"
