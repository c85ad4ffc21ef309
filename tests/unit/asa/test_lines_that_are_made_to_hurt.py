"""A line of a device that nearly fits costs time that grows with its length, not with the square of it."""

import time
from collections.abc import Callable

import pytest

from routebook.platforms.asa import reached
from routebook.platforms.asa.show import ikev1, ipsec
from routebook.platforms.pfsense import getters

LONG = 100_000


@pytest.mark.parametrize(
    ("read", "line"),
    [
        (ipsec._COUNTERS.fullmatch, "#" + "1" * LONG + "!"),
        (ipsec._COUNTERS.fullmatch, "#a" + " 1" * LONG + "!"),
        (ipsec._TAG.fullmatch, "Crypto map tag:" + " " * LONG + "!"),
        (ipsec._IDENT.fullmatch, "local ident (addr/mask/prot/port): (" + "/" * LONG),
        (ipsec._IDENT.fullmatch, "local ident (addr/mask/prot/port): (" + "1/" * LONG),
        (reached._SESSION.fullmatch, " 1 1.1.1.1" + " " * LONG + "!"),
        (ikev1._pairs, "a" * LONG),
        (ikev1._pairs, "a " * LONG),
        (getters._SPEED.search, "1" * LONG),
    ],
    ids=range(9),
)
def test_time_grows_with_the_line(read: Callable[[str], object], line: str) -> None:
    begun = time.process_time()
    read(line)
    assert time.process_time() - begun < 2, "its square would be minutes"


def test_what_they_read_is_what_they_read_before() -> None:
    assert ikev1._pairs("1   IKE Peer: 192.0.2.1   Type    : L2L  Role : initiator ") == {
        "IKE Peer": "192.0.2.1", "Type": "L2L", "Role": "initiator",
    }  # fmt: skip
    assert ipsec._COUNTERS.fullmatch("#pkts encaps: 100, #pkts encrypt: 100, #pkts digest: 100")
    assert ipsec._COUNTERS.fullmatch("#send errors: 0, #recv errors: -1")
    assert not ipsec._COUNTERS.fullmatch("#pkts encaps: many")
