"""The way back is read as FreeBSD's route(8) tells it."""

import pytest

from routebook.platforms.pfsense.reached import reached

GATEWAY = """   route to: 198.51.100.7
destination: default
       mask: default
    gateway: 203.0.113.1
        fib: 0
  interface: vtnet0
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire
"""


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (GATEWAY, ("vtnet0", "203.0.113.1", "static")),
        (GATEWAY.replace("DONE,STATIC", "DONE,PROTO1"), ("vtnet0", "203.0.113.1", "bgp")),
        (GATEWAY.replace("UP,GATEWAY,DONE,STATIC", "UP,DONE,PINNED"), ("vtnet0", "", "kernel")),
        ("route: not in table", ("", "", "")),
    ],
)
def test_route(route: str, expected: tuple[str, str, str]) -> None:
    found = reached({"client": "198.51.100.7", "address": "203.0.113.2", "route": route}, ("jump",))
    assert (found.interface, found.gateway, found.protocol) == expected
    assert (found.client, found.address, found.jumps) == ("198.51.100.7", "203.0.113.2", ("jump",))
