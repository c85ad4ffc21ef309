"""What somebody else has made on an ASA of the kinds that Routebook makes."""

from routebook.device.candidate import Section
from routebook.device.values import Beside
from routebook.platforms.asa.beside import beside
from routebook.platforms.asa.config import parse

RUNNING = """
interface GigabitEthernet0/0
 nameif outside
interface Tunnel1
 nameif RB-no1
interface Tunnel9
 nameif theirs
route outside 0.0.0.0 0.0.0.0 203.0.113.1 1
route RB-no1 10.1.0.0 255.255.0.0 10.255.0.1 1
route theirs 10.9.0.0 255.255.0.0 10.255.9.1 1
ipv6 route theirs 2001:db8:9::/48 2001:db8:ff::1
access-list BY-HAND extended permit ip any any
"""


def test_lists_and_routes_over_tunnels_are_named_and_other_routes_are_an_administrators() -> None:
    vti = Section("vti", "asa", "", ("interface Tunnel*", "route RB-*", "ipv6 route RB-*"))
    crypto = Section("cryptomap", "asa", "", ("access-list RB-*",))
    assert list(beside(parse(RUNNING), [vti, crypto])) == [
        Beside("cryptomap", "access-list BY-HAND"),
        Beside("vti", "ipv6 route theirs 2001:db8:9::/48 2001:db8:ff::1 1"),
        Beside("vti", "route theirs 10.9.0.0 255.255.0.0"),
    ]
