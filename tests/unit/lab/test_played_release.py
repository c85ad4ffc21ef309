"""Lab firewalls play the release that the inventory says they run."""

from ipaddress import ip_address
from types import ModuleType

import pytest

from lab.host import Access
from lab.topology import Host, Topology
from routebook.platforms.asa.lab import node as asa
from routebook.platforms.pfsense.lab import node as pfsense

ACCESS = Access("key", dict.fromkeys(("operator", "nosudo", "pwsudo"), "hash"), "host key")


@pytest.mark.parametrize(
    ("node", "release", "played"),
    [
        (pfsense, "2.8.1", "2.8.1-RELEASE"),
        (pfsense, "2.9.0-DEVELOPMENT", "2.9.0-DEVELOPMENT"),
        (pfsense, "", None),
        (asa, "9.12(4)", "9.12(4)"),
        (asa, "", None),
    ],
)
def test_a_host_plays_its_release(node: ModuleType, release: str, played: str | None) -> None:
    host = Host("fw1", "home", "", ip_address("192.0.2.51"), (), (), "frr", release)
    found = node.settings(host, Topology({}, {}, (host,), (), ()), ACCESS, esp_in_kernel=False)
    assert found.get("version") == played
