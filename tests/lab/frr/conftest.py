from collections.abc import Iterator

import pytest

from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import FOREIGN, INTENT, Edge
from tests.lab.frr.triangle import Triangle, make_triangle


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One FRR for a whole module, configured by a person and by Routebook."""
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    host = LinuxHost("no-edge1", tmp_path_factory.mktemp("frr"))
    try:
        host.start_frr()
        found = Edge(host)
        found.load(FOREIGN)
        found.apply(INTENT)
        yield found
    finally:
        host.stop()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triangle]:
    """Three routers for a whole module."""
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    found = make_triangle(tmp_path_factory.mktemp("three"))
    yield found
    for host in (found.host, found.inside.host, found.outside.host):
        host.stop()
