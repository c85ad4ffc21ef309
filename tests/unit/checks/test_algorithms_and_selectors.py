"""Keywords of proposals against the names in list-sas, and selectors in every notation."""

from dataclasses import replace
from ipaddress import IPv4Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.checks.algorithms import (
    child_matches,
    encryption_name,
    group_name,
    ike_matches,
    integrity_name,
    prf_name,
    proposal_suite,
)
from routebook.checks.selectors import compare, parse_selector
from routebook.intent.model import IpsecProposal
from tests.networks.observed import ike_of, tunnel


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("aes256gcm16", "AES_GCM_16-256"),
        ("aes128gcm128", "AES_GCM_16-128"),
        ("aes256gcm96", "AES_GCM_12-256"),
        ("aes256ccm8", "AES_CCM_8-256"),
        ("aes256", "AES_CBC-256"),
        ("aes", "AES_CBC-128"),
        ("aes192ctr", "AES_CTR-192"),
        ("camellia256", "CAMELLIA_CBC-256"),
        ("chacha20poly1305", "CHACHA20_POLY1305"),
        ("3des", "3DES_CBC"),
    ],
)
def test_encryption_keywords(keyword: str, name: str) -> None:
    assert encryption_name(keyword) == name


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("modp2048", "MODP_2048"),
        ("modp2048s256", "MODP_2048_256"),
        ("ecp256", "ECP_256"),
        ("ecp384bp", "ECP_384_BP"),
        ("curve25519", "CURVE_25519"),
        ("x25519", "CURVE_25519"),
    ],
)
def test_group_keywords(keyword: str, name: str) -> None:
    assert group_name(keyword) == name


def test_integrity_and_prf_keywords() -> None:
    assert integrity_name("sha256") == "HMAC_SHA2_256_128"
    assert prf_name("prfsha256") == "PRF_HMAC_SHA2_256"
    assert prf_name("sha384") == "PRF_HMAC_SHA2_384"


def test_the_prf_follows_from_the_integrity_algorithm_when_none_is_given() -> None:
    proposal = IpsecProposal(encryption="aes256", integrity="sha256", dh_group="modp2048")
    sa = replace(ike_of(tunnel("no")), encryption="AES_CBC-256", integrity="HMAC_SHA2_256_128")
    assert ike_matches(sa, [proposal])
    assert not ike_matches(replace(sa, prf="PRF_HMAC_SHA1"), [proposal])
    assert ike_matches(replace(sa, prf=""), [proposal]), "an ASA shows none"
    assert not ike_matches(replace(sa, integrity="HMAC_SHA1_96"), [proposal])
    assert proposal_suite([proposal]) == "AES_CBC-256/HMAC_SHA2_256_128/MODP_2048"


def test_any_of_several_proposals_will_do() -> None:
    child = ike_of(tunnel("no")).children[0]
    other = IpsecProposal(encryption="aes128", integrity="sha1", dh_group="modp2048")
    gcm = IpsecProposal(encryption="aes256gcm16", dh_group="modp2048")
    assert child_matches(child, [other, gcm])
    assert not child_matches(child, [other])


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.3.0.0/16", ["10.3.0.0/16"]),
        ("10.3.0.1", ["10.3.0.1/32"]),
        ("10.3.0.1/32[tcp/bgp]", ["10.3.0.1/32"]),
        ("10.3.0.0/16|/0", ["10.3.0.0/16"]),
        ("10.3.0.0..10.3.0.2", ["10.3.0.0/31", "10.3.0.2/32"]),
        ("10.3.0.0-10.3.0.3", ["10.3.0.0/30"]),
        ("2001:db8::/56", ["2001:db8::/56"]),
    ],
)
def test_notations_of_selectors(text: str, networks: list[str]) -> None:
    assert parse_selector(text) == [ip_network(network) for network in networks]


@pytest.mark.parametrize("text", ["dynamic", "", "10.3.0.0..2001:db8::1", "10.3.0.9..10.3.0.1"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_selector(text)


NETWORKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(1, 31),
)


@given(st.lists(NETWORKS, min_size=1, max_size=5))
def test_the_same_addresses_in_another_notation_are_no_difference(networks: list[IPv4Network]) -> None:
    halves = [str(half) for network in networks for half in network.subnets()]
    difference = compare(halves, networks)
    assert not (difference.missing or difference.narrowed or difference.excess or difference.restricted)


@given(NETWORKS)
def test_half_of_a_network_is_narrowed_and_twice_of_it_is_excess(network: IPv4Network) -> None:
    half = next(network.subnets())
    assert compare([str(half)], [network]).narrowed == (network,)
    assert compare([str(network)], [half]).excess == (network,)
    assert compare([], [network]).missing == (network,)
