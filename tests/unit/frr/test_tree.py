"""Configuration text and trees: what FRR shows, what people paste, and back."""

import pytest
from hypothesis import given, settings

from routebook.platforms.frr.meaning import explicit, fingerprint, peers, same
from routebook.platforms.frr.tree import Block, Tree, parse, render
from tests.unit.frr.test_difference import configurations

SHOWN = """Building configuration...

Current configuration:
!
frr version 8.4.4
frr defaults traditional
hostname no-edge1
no ip forwarding
!
interface lo
 description kept
exit
!
router bgp 65550
 bgp router-id 10.255.3.1
 no bgp default ipv4-unicast
 neighbor 2001:db8::1 remote-as 64496
 !
 address-family ipv6 unicast
  network 2001:db8:8e20::/48
  neighbor 2001:db8::1 activate
 exit-address-family
exit
!
route-map RB-M deny 10
exit
!
route-map RB-M permit 20
 match rpki valid
exit
!
rpki
 rpki cache 198.51.100.250 3323 preference 1
exit
!
bfd
 profile RB-FAST
  transmit-interval 200
 exit
 !
 peer 192.0.2.1 interface lo
  profile RB-FAST
 exit
 !
exit
!
end
"""


def test_what_frr_shows_is_read_with_its_contexts() -> None:
    tree = parse(SHOWN)
    assert [block.line for block in tree] == [
        "frr defaults traditional", "hostname no-edge1", "no ip forwarding", "interface lo", "router bgp 65550",
        "route-map RB-M deny 10", "route-map RB-M permit 20", "rpki", "bfd",
    ]  # fmt: skip
    router = tree[4]
    assert [child.line for child in router.children][-1] == "address-family ipv6 unicast"
    assert len(router.children[-1].children) == 2
    assert tree[8].children[1] == Block("peer 192.0.2.1 interface lo", (Block("profile RB-FAST"),))


def test_pasted_without_indentation_it_is_the_same() -> None:
    flat = "\n".join(line.strip() for line in SHOWN.splitlines() if line.strip() != "!")
    assert parse(flat) == parse(SHOWN)


def test_old_texts_without_exit_are_the_same() -> None:
    without = "\n".join(line for line in SHOWN.splitlines() if line != "exit")
    assert parse(without) == parse(SHOWN)


def test_an_empty_address_family_ends_where_the_next_one_begins() -> None:
    both = Block("address-family ipv4 unicast"), Block("address-family ipv6 unicast")
    assert parse("router bgp 64500\n address-family ipv4 unicast\n address-family ipv6 unicast\n") == (
        Block("router bgp 64500", both),
    )
    assert parse("router bgp 64500\naddress-family ipv4 unicast\naddress-family ipv4 unicast\n") == (
        Block("router bgp 64500", both[:1]),
    )


def test_a_context_that_occurs_twice_is_one() -> None:
    twice = parse(
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\nexit\nip route 10.0.0.0/8 Null0\n"
        "router bgp 1\n bgp router-id 1.1.1.1\n"
    )
    assert twice[0] == Block("router bgp 1", (Block("neighbor 192.0.2.1 remote-as 2"), Block("bgp router-id 1.1.1.1")))


@given(configurations())
@settings(max_examples=50)
def test_writing_and_reading_is_the_same_tree(tree: Tree) -> None:
    assert parse(render(tree)) == tree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ipv6 prefix-list A seq 5 permit 2001:DB8:0::/32", "ipv6 prefix-list A seq 5 permit 2001:db8::/32"),
        ("ip prefix-list A seq 5 permit 10.1.2.3/8", "ip prefix-list A seq 5 permit 10.0.0.0/8"),
        ("bgp community-list standard A seq 5 permit 2:2 1:1", "bgp community-list standard A seq 5 permit 1:1 2:2"),
        (
            "route-map A permit 1\n set community 2:2 1:1 additive",
            "route-map A permit 1\n set community 1:1 2:2 additive",
        ),
        ("rpki\nexit", ""),
        ("router bgp 1\n address-family ipv4 unicast\n exit-address-family", "router bgp 1"),
        (
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2",
            (
                "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n"
                "  neighbor 192.0.2.1 activate"
            ),
        ),
        (
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv6 unicast\n"
            "  no neighbor 192.0.2.1 send-community all",
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv6 unicast\n"
            "  no neighbor 192.0.2.1 send-community\n  no neighbor 192.0.2.1 send-community extended\n"
            "  no neighbor 192.0.2.1 send-community large",
        ),
    ],
)
def test_texts_that_mean_the_same(one: str, other: str) -> None:
    assert same(parse(one), parse(other))
    assert fingerprint(parse(one)) == fingerprint(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("router bgp 1\n neighbor 192.0.2.1 remote-as 2", "router bgp 1\n neighbor 192.0.2.1 remote-as 3"),
        ("router bgp 1\n neighbor 192.0.2.1 password A", "router bgp 1\n neighbor 192.0.2.1 password a"),
        ("router bgp 1\n neighbor X password 2001:DB8::1", "router bgp 1\n neighbor X password 2001:db8::1"),
        ("route-map A permit 1\n description FE80::1", "route-map A permit 1\n description fe80::1"),
        (
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n no bgp default ipv4-unicast",
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2",
        ),
    ],
)
def test_texts_that_do_not(one: str, other: str) -> None:
    assert not same(parse(one), parse(other))


def test_default_activation_is_written_out() -> None:
    router = explicit(
        parse(
            "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.2 remote-as 2\n"
            " address-family ipv4 unicast\n  no neighbor 192.0.2.2 activate\n"
        )
    )[0]
    assert router.children[-1] == Block("address-family ipv4 unicast", (Block("neighbor 192.0.2.1 activate"),))


def test_neighbors_are_told_by_what_makes_them() -> None:
    found = peers(
        [
            "neighbor G peer-group",
            "neighbor G remote-as 2",
            "neighbor 192.0.2.1 peer-group G",
            "neighbor eth0 interface remote-as external",
            "neighbor 192.0.2.2 description nothing",
        ]
    )
    assert set(found) == {"G", "192.0.2.1", "eth0"}
    assert found["G"].is_group
    assert found["192.0.2.1"].group == "G"
    assert found["eth0"].remote_as == "external"


def test_what_bgpd_shows_by_mistake_is_not_read() -> None:
    router = "router bgp 65000\n bgp deterministic-med\n{}exit\n"
    assert parse(router.format(" use-underlays-nexthop-weight\n")) == parse(router.format(""))
