"""Each neighbor's own answer is found in what one command says of all of them."""

from ipaddress import ip_network

import pytest

from routebook.device.errors import DriverError
from routebook.platforms.frr.outbound import advertised
from tests.unit.frr.test_sessions import Says

A, B, C = ("192.0.2.1", "ipv4-unicast"), ("192.0.2.2", "ipv4-unicast"), ("2001:db8::1", "ipv6-unicast")
OF_A = '{"advertisedRoutes":{"10.0.0.0/8":{"weight":1}},"totalPrefixCounter":1}\n'
OF_B = '{"advertisedRoutes":{},"bgpOriginatingDefaultNetwork":"0.0.0.0/0","totalPrefixCounter":0}\n'
OF_C = '{\n  "totalPrefixCounter":0\n}\n'
NOBODY = '{"bgpNoSuchNeighbor":true}\n'
CUT = "\x1d"
FOUND = {A: (ip_network("10.0.0.0/8"),), B: (ip_network("0.0.0.0/0"),), C: ()}


def test_all_together() -> None:
    assert advertised(Says(OF_A + OF_B + OF_C), [A, B, C]) == FOUND


def test_each_by_itself_gives_the_same_without_the_one_that_is_refused() -> None:
    said = f"{CUT}{OF_A}{CUT}{NOBODY}{CUT}{OF_B}{CUT}% No such neighbor\n{CUT}{OF_C}"
    other, another = ("192.0.2.8", "ipv4-unicast"), ("192.0.2.9", "ipv4-unicast")
    assert advertised(Says(said), [A, other, B, another, C]) == FOUND


@pytest.mark.parametrize("said", ["", OF_A, OF_A + OF_B + OF_C + OF_A, f"{CUT}{OF_A}", OF_A + "% Unknown command\n"])
def test_what_is_not_one_answer_to_each_is_an_error(said: str) -> None:
    with pytest.raises(DriverError, match="what it sends"):
        advertised(Says(said), [A, B, C])


def test_nothing_is_asked_for_nothing() -> None:
    assert advertised(Says("never"), []) == {}
