"""A lab pfSense plays the release that the inventory says it runs."""

from ipaddress import ip_address

import pytest

from lab.host import Access
from lab.topology import Host, Topology
from routebook.platforms.pfsense.lab.node import settings

ACCESS = Access("key", dict.fromkeys(("operator", "nosudo", "pwsudo"), "hash"), "host key")


@pytest.mark.parametrize(
    ("release", "played"), [("2.8.1", "2.8.1-RELEASE"), ("2.9.0-DEVELOPMENT", "2.9.0-DEVELOPMENT"), ("", None)]
)
def test_a_host_plays_its_release(release: str, played: str | None) -> None:
    host = Host("fw1", "home", "pfsense", ip_address("192.0.2.51"), (), (), "frr", release)
    found = settings(host, Topology({}, {}, (host,), (), ()), ACCESS, esp_in_kernel=False)
    assert found.get("version") == played
    assert found["package"] == "frr"
