"""The home site with the FRR package in place of OpenBGPD's, and the two edges that its tunnels lead to."""

from collections.abc import Collection
from pathlib import Path

import pytest

EDITS = (
    ("hosts", "bgp_package: openbgpd", "bgp_package: frr"),
    # FRR filters, and takes and sends nothing without a policy.
    ("bgp", "prefix_list_in: none", "prefix_list_in: RB-SITES"),
    ("bgp", "prefix_list_out: none", "prefix_list_out: RB-HOME"),
)


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return {"home-fw1", "home-k8s1", "home-k8s2", "home-k8s3", "no-edge1", "ch-edge1", "rpki-cache"}


@pytest.fixture(scope="module")
def project(project: Path) -> Path:
    for name, old, new in EDITS:
        path = project / f"inventory/{name}.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    return project
