from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import FOREIGN, INTENT, Edge

pytestmark = pytest.mark.skipif(not can_make_hosts(), reason="needs root and FRR")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One FRR for a whole module, configured by a person and by Routebook."""
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    host = LinuxHost("no-edge1", Path(tmp_path_factory.mktemp("frr")))
    try:
        host.start_frr()
        found = Edge(host)
        found.load(FOREIGN)
        found.apply(INTENT)
        yield found
    finally:
        host.stop()
