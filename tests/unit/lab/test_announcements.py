"""What outside peers of the lab announce, and what the RPKI cache says of it."""

from ipaddress import ip_address, ip_network

import pytest

from lab.speakers import roas
from lab.topology import Peer, expand
from routebook.errors import RefusedError


def test_a_count_of_prefixes_is_taken_from_the_beginning_in_customer_size() -> None:
    prefixes = expand("2001:db8:1000::/36 x 40")
    assert len(prefixes) == 40
    assert prefixes[0] == ip_network("2001:db8:1000::/48")
    assert prefixes[39] == ip_network("2001:db8:1027::/48")
    assert expand("198.18.0.0/15 x 3") == [ip_network(f"198.18.{third}.0/24") for third in (0, 1, 2)]


def test_prefixes_become_longer_where_there_are_too_few_of_customer_size() -> None:
    prefixes = expand("2001:db8:1000::/46 x 5")
    assert len(prefixes) == 5
    assert {prefix.prefixlen for prefix in prefixes} == {49}


def test_a_plain_prefix_is_announced_as_it_is() -> None:
    assert expand("2001:db8:1000::/36") == [ip_network("2001:db8:1000::/36")]


@pytest.mark.parametrize(
    "wrong", ["2001:db8:1000::1/36", "2001:db8:1000::/36 x many", "2001:db8::/126 x 9", "nonsense"]
)
def test_what_cannot_be_announced_is_refused(wrong: str) -> None:
    with pytest.raises(RefusedError, match="cannot announce"):
        expand(wrong)


def peer(announced: str) -> Peer:
    return Peer("transit", 64496, ip_address("203.0.113.1"), "bird", (), tuple(expand(announced)), ())


def test_of_many_prefixes_the_last_is_invalid_and_the_last_but_one_not_found() -> None:
    origins = {roa["prefix"]: roa["asn"] for roa in roas([peer("2001:db8:1000::/36 x 4")])}
    assert origins == {
        "2001:db8:1000::/48": "AS64496",
        "2001:db8:1001::/48": "AS64496",
        "2001:db8:1003::/48": "AS64511",
    }


def test_of_few_prefixes_all_are_valid() -> None:
    assert [roa["asn"] for roa in roas([peer("2001:db8:1000::/36 x 3")])] == ["AS64496"] * 3
