"""The way back from an ASA to who is logged in, from what the device shows of sessions and routes."""

import pytest

from routebook.platforms.asa.reached import route

TABLE = """
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       o - ODR, P - periodic downloaded static route, + - replicated route
Gateway of last resort is 203.0.113.1 to network 0.0.0.0

S*       0.0.0.0 0.0.0.0 [1/0] via 203.0.113.1, outside
C        10.86.194.0 255.255.254.0 is directly connected, inside
L        10.86.194.176 255.255.255.255 is directly connected, inside
S        10.9.0.0 255.255.0.0 [3/0] via 10.86.194.1, inside
B        10.9.8.0 255.255.255.0 [200/0] via 10.255.200.1, 00:05:00
O        10.9.9.0 255.255.255.0 [110/11] via 10.86.194.2, 1d02h, inside
O E2     10.9.10.0 255.255.255.0 [110/20] via 10.86.194.3, 00:00:07, inside
V        10.7.0.0 255.255.0.0 connected by VPN (advertised), outside
"""


@pytest.mark.parametrize(
    ("client", "way"),
    [
        ("10.86.195.7", ("inside", "", "kernel")),
        ("10.9.1.1", ("inside", "10.86.194.1", "static")),
        ("10.9.8.1", ("", "10.255.200.1", "bgp")),
        ("10.9.9.1", ("inside", "10.86.194.2", "O")),
        ("10.9.10.1", ("inside", "10.86.194.3", "O")),
        ("10.7.0.1", ("outside", "", "V")),
        ("192.0.2.1", ("outside", "203.0.113.1", "static")),
    ],
)
def test_the_most_specific_route_is_the_way(client: str, way: tuple[str, str, str]) -> None:
    assert route(TABLE, client) == way


def test_without_a_route_nothing_is_told() -> None:
    assert route(TABLE.replace("S*       0.0.0.0", "!"), "192.0.2.1") == ("", "", "")
