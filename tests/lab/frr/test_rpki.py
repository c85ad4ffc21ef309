"""RPKI caches on real bgpd with real StayRTR: a changed cache is connected seconds after the push."""

import re
from collections.abc import Iterator

import pytest

from tests.lab.frr.edge import INTENT, Edge
from tests.lab.waiting import wait_for

LOCAL = INTENT.replace("198.51.100.250 3323", "127.0.0.1 3323")
ROAS = '{"roas":[{"prefix":"2001:db8:1000::/36","maxLength":48,"asn":"AS64496","ta":"x"}]}'


@pytest.fixture(scope="module", autouse=True)
def caches(edge: Edge) -> Iterator[None]:
    edge.host.sh(f"echo '{ROAS}' >/run/roas.json")
    for port in (3323, 3324):
        arguments = (
            f"-bind 127.0.0.1:{port} -metrics.addr 127.0.0.1:{port + 6000} -cache /run/roas.json -checktime=false"
        )
        edge.host.sh(f"setsid stayrtr {arguments} >/run/stayrtr.{port} 2>&1 &")
    wait_for(lambda: {":3323", ":3324"} <= set(re.findall(r":\d+\b", edge.host.sh("ss -ltn"))), 10, "StayRTR")
    yield


@pytest.mark.parametrize(
    "candidate",
    [
        LOCAL,
        LOCAL.replace("127.0.0.1 3323", "127.0.0.1 3324"),
        LOCAL.replace("preference 1", "preference 1\n rpki cache 127.0.0.1 3324 preference 2"),
    ],
    ids=["a cache", "another cache in its place", "a second cache"],
)
def test_a_changed_cache_is_connected_and_its_origins_are_there(edge: Edge, candidate: str) -> None:
    change = edge.plan(candidate)
    assert any(effect.subject == "rpki" for effect in change.change.effects)
    folder = edge.push(change)
    edge.component.activate(change, folder)
    wait_for(lambda: "(connected)" in edge.host.vtysh("show rpki cache-connection"), 15, "the cache")
    wait_for(lambda: "2001:db8:1000::" in edge.host.vtysh("show rpki prefix-table"), 15, "the origins")
