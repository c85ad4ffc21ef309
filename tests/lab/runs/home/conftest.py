"""The home site with OpenBGPD's package, of pfSense before 2.5, in place of FRR's; and the edges of its tunnels."""

from collections.abc import Collection
from pathlib import Path

import pytest

EDITS = (
    ("hosts", "bgp_package: frr", "bgp_package: openbgpd"),
    # It has no filters, so the edges filter both ways.
    ("bgp", "export: RB-HOME-OUT", "export: none"),
    ("bgp", "prefix_list_in: RB-SITES", "prefix_list_in: none"),
    ("bgp", "prefix_list_out: RB-HOME\n", "prefix_list_out: none\n"),
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
