"""What a pfSense cannot do is refused at the line that asks for it."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

import pytest

from routebook.intent.model import IpsecProposal
from routebook.platforms.pfsense.words import identity, offered
from tests.networks.project import FRR_SESSION, OPENBGPD_SESSION, Project, pfsense_project
from tests.unit.intent.mistakes import Mistake

ROUTE = "      inner: 10.255.200.24/31\n"
POLICY = "    - ends: [edge2, home-fw1]\n"
SELECTORS = "      home-fw1: {selectors: [192.168.1.0/24, 192.168.2.0/24]}\n"
SUITE = "      - {encryption: aes128, integrity: sha256, dh_group: modp2048}\n"
K8S2 = "    - ends: [home-fw1, k8s2]\n"


MISTAKES = [
    # hosts
    Mistake("the BGP package is said", "hosts", "    bgp_package: frr\n", "", "home-fw1:", "home-fw1 is a pfSense and speaks BGP, by which package is not said", "openbgpd or frr"),
    Mistake("it is one of two", "hosts", "bgp_package: frr", "bgp_package: quagga", "bgp_package", "there is no BGP package 'quagga'", "openbgpd or frr"),
    Mistake("it is of a pfSense", "hosts", "  platform: edge\n  data:\n    interfaces:\n      lo: {addresses: [10.255.3.1/32]}", "  platform: edge\n  data:\n    bgp_package: frr\n    interfaces:\n      lo: {addresses: [10.255.3.1/32]}",
            "    bgp_package: frr\n    interfaces:\n      lo: {addresses: [10.255.3.1/32]}", "edge1: bgp_package is of a pfSense", "remove it"),
    Mistake("its lab has no daemons of other releases", "hosts", "    bgp_package: frr\n", "    bgp_package: frr\n    lab: {release: sid}\n", "    lab: {release: sid}",
            "home-fw1 is a pfSense, which the lab plays in one way", "remove it"),
    Mistake("interfaces are called as in config.xml", "hosts", "wan: {link", "em0: {link", "em0:", "'em0' is no interface of a pfSense", "wan, lan, opt1"),
    # sessions
    Mistake("a session carries the family of its addresses", "bgp", K8S2, K8S2 + "      families: [ipv4-unicast, ipv6-unicast]\n", "families: [ipv4-unicast, ipv6-unicast]",
            "home-fw1 is a pfSense and carries ipv6-unicast between IPv6 addresses only", "transport: ipv6"),
    Mistake("no IPv6 over a tunnel", "bgp", "      tunnel: home-fw1--edge1\n", "      tunnel: home-fw1--edge1\n      families: [ipv6-unicast]\n", "      families: [ipv6-unicast]\n      home-fw1: {import",
            "home-fw1 is a pfSense and cannot carry ipv6-unicast over a tunnel"),
    Mistake("no BFD", "bgp", K8S2, K8S2 + "      bfd: true\n", "bfd: true", "home-fw1 is a pfSense and has no BFD", "remove bfd"),
    Mistake("FRR's package knows no loopback", "bgp", "      tunnel: home-fw1--edge1\n", "      via: loopback\n      multihop: 2\n", "via: loopback", "has the FRR package, which takes the source of a session from an interface", "OpenBGPD"),
    Mistake("nothing to say that it is drained", "bgp", "  networks:\n", "  graceful_shutdown: [home-fw1]\n  networks:\n", "graceful_shutdown", "home-fw1 is a pfSense and cannot say that it is being drained"),
    Mistake("no large communities", "policy", 'communities: ["64512:2"]', 'communities: ["64512:2:1"]', FRR_SESSION, "home-fw1 is a pfSense and has no large communities, as RB-OUT, entry 10 uses them", elsewhere="bgp"),
    Mistake("communities are matched or set", "policy", "{local_preference: 0}", "{local_preference: 0, communities: [no-export]}", FRR_SESSION, "matches communities or sets them in an entry, and RB-IN, entry 10 does both", elsewhere="bgp"),
    Mistake("OpenBGPD has no filters out", "bgp", OPENBGPD_SESSION, "      home-fw1: {export: RB-OUT}\n", "export: RB-OUT", "has the OpenBGPD package, which takes and sends every route", "write export: none", "openbgpd"),
    Mistake("nor prefix lists", "bgp", OPENBGPD_SESSION, "      home-fw1: {prefix_list_in: RB-SITES}\n", "prefix_list_in", "takes and sends every route", "write prefix_list_in: none", "openbgpd"),
    Mistake("nor route maps that choose", "bgp", OPENBGPD_SESSION, "      home-fw1: {import: RB-IN}\n", "home-fw1: {import: RB-IN}", "sets local_preference and med of all of them alike; RB-IN asks for more", "one entry `permit: all`", "openbgpd"),
    Mistake("nor added paths", "bgp", OPENBGPD_SESSION, "      home-fw1: {addpath_tx_all: true}\n", "addpath_tx_all", "sends one path of a prefix", "remove", "openbgpd"),
    Mistake("three signs of life in a hold time", "bgp", "hold_time: 9\n", "hold_time: 9\n      keepalive: 2\n", "keepalive: 2", "sends signs of life three times in a hold time", "keepalive: 3", "openbgpd"),
    Mistake("a TTL is that of a neighbor", "bgp", OPENBGPD_SESSION, "      ttl_security: 2\n", "ttl_security", "secures the TTL of neighbors only", "write 1", "openbgpd"),
    Mistake("what OpenBGPD takes over is not filtered", "bgp", "from: static}", "from: static, route_map: RB-OUT}", "from: static", "filters nothing that it takes over", "route_map", "openbgpd"),
    Mistake("FRR's package has no metric for what it takes over", "bgp", "from: static}", "from: static, metric: 5}", "from: static", "home-fw1: pfSense has no metric for this"),
    Mistake("its route map is for both families", "bgp", "from: static}", "from: static, route_map: RB-OUT}", "from: static", "takes a route map for both families at once", "[ipv4-unicast, ipv6-unicast]"),
    # tunnels
    Mistake("a cipher that pfSense lacks", "tunnels", "{encryption: aes256, integrity: sha384", "{encryption: aes256ctr, integrity: sha384", "aes256ctr", "home-fw1 is a pfSense and has no aes256ctr", "take one of aes128, aes192, aes256, aes128gcm8"),
    Mistake("a PRF that pfSense lacks", "tunnels", "prf: prfsha256", "prf: prfaescmac", "prfaescmac", "home-fw1 is a pfSense and has no prfaescmac"),
    Mistake("all ciphers with all hashes", "tunnels", SUITE, SUITE + "      - {encryption: aes256, integrity: sha512, dh_group: modp2048}\n", "    esp:", "combines all ciphers, hashes and DH groups of its ESP proposals", "one proposal"),
    Mistake("one DH group for all ESP proposals", "tunnels", SUITE, SUITE.replace("modp2048", "ecp256"), "    esp:", "combines all ciphers, hashes and DH groups"),
    Mistake("a tunnel ends at an interface's address", "tunnels", ROUTE, ROUTE + "      home-fw1: {address: 198.51.100.52}\n", "198.51.100.52", "ends a tunnel at the first address of an interface, which 198.51.100.52 is not"),
    Mistake("a VTI has an address", "tunnels", ROUTE, "      key: 5\n", "ends: [home-fw1, edge1]", "needs an address on its tunnel interface", "write inner: a /31"),
    Mistake("of IPv4", "tunnels", ROUTE, '      inner: "2001:db8:6::/127"\n', "inner:", "carries IPv4 only over a tunnel interface"),
    Mistake("each family has two ends", "tunnels", SELECTORS, "", "ends: [edge2, home-fw1]", "protects pairs of one family, and 2001:db8:5::/64 has no other half", "mode: route"),
    Mistake("a peer is known once", "tunnels", POLICY, "    - ends: [home-fw1, edge1]\n      name: second\n      home-fw1: {selectors: [192.168.1.0/24], address: 198.51.100.51}\n      edge1: {selectors: [10.3.0.0/16]}\n" + POLICY,
            "    - ends: [home-fw1, edge1]\n      name: second", "have one peer, 198.51.100.3, which the pfSense home-fw1 takes for one tunnel only"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.promise)
def test_refused_where_it_stands(project: Project, mistake: Mistake) -> None:
    pfsense_project(project, mistake.package)
    assert not [problem for problem in project.problems() if problem.severity == "error"]
    mistake.make(project)
    assert all(problem.severity == "error" for problem in mistake.told(project, mistake.line(project)))


def test_a_session_that_neither_end_filters_is_said_and_allowed(project: Project) -> None:
    pfsense_project(project, "openbgpd")
    assert project.problems() == (), "the edge filters both ways"
    project.change("network", "  k8s2:\n    asn: 64512", "  k8s2:\n    asn: 64513")
    project.change("bgp", "[home-fw1, k8s2]\n", "[home-fw1, k8s2]\n      max_prefix: 10\n")
    assert [(p.severity, p.fix) for p in project.problems()] == [("warning", "filter at the other end")]


def test_an_end_can_do_without_a_policy_that_all_others_inherit(project: Project) -> None:
    pfsense_project(project, "openbgpd")
    project.change("bgp", "bgp:\n", "bgp:\n  external: {export: RB-OUT, prefix_list_in: RB-SITES}\n")
    assert any("takes and sends every route" in problem.message for problem in project.problems())
    project.change("bgp", OPENBGPD_SESSION, "      home-fw1: {export: none, prefix_list_in: none}\n")
    assert not [problem for problem in project.problems() if problem.severity == "error"]
    bgp = project.load().hosts["home-fw1"].bgp
    assert bgp is not None
    by_name = {neighbor.session: neighbor for neighbor in bgp.neighbors}
    assert by_name["home-fw1--edge1"].families[0].route_map_out is None


def test_no_policy_is_still_no_policy_for_a_daemon_that_filters(project: Project) -> None:
    pfsense_project(project)
    project.change("bgp", FRR_SESSION, "      home-fw1: {import: none, export: RB-OUT}\n")
    assert any("an external session has no policy in (write import: …)" in p.message for p in project.problems())


def test_both_ends_of_a_vti_negotiate_all_of_ipv4(project: Project) -> None:
    pfsense_project(project)
    network = project.load()
    for host in ("home-fw1", "edge1"):
        tunnel = network.hosts[host].tunnels[0]
        assert [str(each) for each in (*tunnel.local_selectors, *tunnel.remote_selectors)] == ["0.0.0.0/0", "0.0.0.0/0"]


@pytest.mark.parametrize(
    ("text", "type_", "data"),
    [
        ("home-fw1", "fqdn", "home-fw1"),
        ("@home.example", "fqdn", "home.example"),
        ("ops@home.example", "user_fqdn", "ops@home.example"),
        ("198.51.100.51", "address", "198.51.100.51"),
        ("2001:db8::1", "address", "2001:db8::1"),
    ],
)
def test_an_identity_has_the_type_that_strongswan_gives_it(text: str, type_: str, data: str) -> None:
    assert (identity(text).type, identity(text).data) == (type_, data)


def test_a_phase_2_offers_the_product_of_its_parts() -> None:
    suites = [
        IpsecProposal(encryption="aes256", integrity="sha256", dh_group="modp2048"),
        IpsecProposal(encryption="aes128", integrity="sha512", dh_group="modp2048"),
        IpsecProposal(encryption="aes256gcm16", dh_group="modp2048"),
    ]
    assert len(offered(suites)) == 5
