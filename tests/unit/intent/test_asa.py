"""What an ASA cannot do is refused where it stands, with what to do about it; what it can do fits both ends."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

import pytest

from routebook.intent.model import Tunnel
from routebook.platforms.asa.names import AsaEnd, read_release
from tests.networks.project import Project, asa_project
from tests.unit.intent.mistakes import Mistake

V6 = "      families: [ipv6-unicast]\n      fw1:\n"
TO_EDGE = "    - ends: [fw1, edge1]\n      tunnel: fw1--edge1\n"
ROUTE = "      mode: route\n      device: vti\n      inner: 10.255.200.20/31\n      route_metric: 1\n"
FW_FW = "    - ends: [fw1, fw2]\n"
MULTI = "10.1.0.0/16, 10.255.1.1/32"


MISTAKES = [
    # sessions
    Mistake("no IPv6 over a VTI", "bgp", TO_EDGE, TO_EDGE + "      families: [ipv4-unicast, ipv6-unicast]\n",
            "families: [ipv4-unicast, ipv6-unicast]\n      next", "fw1 is an ASA and cannot carry ipv6-unicast over a tunnel", "remove ipv6-unicast"),
    Mistake("IPv6 between IPv6 addresses only", "bgp", "      hold_time: 9\n", "      hold_time: 9\n      families: [ipv4-unicast, ipv6-unicast]\n",
            "families: [ipv4-unicast, ipv6-unicast]", "carries ipv6-unicast between IPv6 addresses only, and these are IPv4", "transport: ipv6, families: [ipv6-unicast]"),
    Mistake("no BFD over a VTI", "bgp", TO_EDGE, TO_EDGE + "      bfd: true\n", "bfd: true", "fw1 is an ASA and has no BFD over a tunnel", "remove bfd"),
    Mistake("no BFD profile", "bgp", "      hold_time: 9\n", "      hold_time: 9\n      bfd: RB-FAST\n", "bfd: RB-FAST",
            "takes the times of BFD from its interface", "bfd: true"),
    Mistake("no added paths", "bgp", TO_EDGE, TO_EDGE + "      addpath_tx_all: true\n", "addpath_tx_all: true", "sends one path of a prefix", "remove addpath_tx_all"),
    Mistake("no route reflector", "bgp", TO_EDGE, TO_EDGE + "      fw1: {route_reflector_client: true}\n", "fw1: {route_reflector_client: true}",
            "reflects no routes", "let another host reflect"),
    Mistake("no origin validation in a route map", "policy", "    RB-IN:\n", "    RB-IN:\n      - deny: {rpki: invalid}\n",
            "import: RB-IN\n        export", "fw1--k8s1: fw1 is an ASA and validates no origins, as RB-IN, entry 10 asks", "a route map without", elsewhere="bgp"),
    Mistake("no large community to set", "policy", '"64512:2"', '"65550:1:2"', "export: RB-OUT",
            "fw1--k8s1: fw1 is an ASA and has no large communities, as RB-OUT, entry 10 uses them", "a route map without", elsewhere="bgp"),
    Mistake("no large community in what is redistributed", "policy", '"64512:2"', '"65550:1:2"', "from: connected",
            "redistribution: fw1 is an ASA and has no large communities", elsewhere="bgp"),
    Mistake("no large community to match", "policy", '[graceful-shutdown, "64512:666"]', '["65550:1:2"]', "import: RB-IN\n        export",
            "fw1--k8s1: fw1 is an ASA and has no large communities, as RB-IN, entry 10 uses them", elsewhere="bgp"),
    Mistake("no RPKI client", "network", "peers:\n", "rpki:\n  hosts: fw1\n  caches:\n    - {name: cache, address: 198.51.100.250, port: 323, preference: 1, link: internet}\npeers:\n",
            "hosts: fw1", "fw1 is an ASA and has no RPKI client", "leave it out"),
    Mistake("no word of being drained", "bgp", "  redistribute:\n", "  graceful_shutdown: [fw1]\n  redistribute:\n", "graceful_shutdown: [fw1]",
            "fw1 is an ASA and cannot say that it is being drained", "by a route map"),
    Mistake("no question mark on a command line", "bgp", "        import: RB-IN\n        export", "        description: really?\n        import: RB-IN\n        export",
            "description: really?", "takes a question mark for a question", "leave it out"),
    Mistake("a route map to redistribute by exists", "bgp", "from: connected, route_map: RB-OUT", "from: connected, route_map: RB-OUTT", "RB-OUTT",
            "unknown route map 'RB-OUTT'", "did you mean 'RB-OUT'?"),
    Mistake("an origin is redistributed once", "bgp", "{hosts: fw1, from: static, metric: 10", "{hosts: fw1, from: connected, metric: 10", "from: connected, metric",
            "fw1 redistributes connected of ipv4-unicast already", "remove one"),
    # releases
    Mistake("BGP came with 9.2(1)", "bgp", "", "", "ends: [fw1, k8s1]\n      password", "fw1--k8s1: BGP is not available: fw1 runs ASA 9.1(7) (inventory/hosts.yaml:5), and it came with 9.2(1)",
            "upgrade it", version="9.1(7)"),
    Mistake("BGP for IPv6 came with 9.3(2)", "bgp", "", "", "families: [ipv6-unicast]\n      fw1", "fw1-k8s1-v6: BGP for IPv6 is not available: fw1 runs ASA 9.3(1)", "upgrade it", version="9.3(1)"),
    Mistake("redistributing for IPv6 did, too", "bgp", "", "", "metric: 10, families: [ipv4-unicast, ipv6-unicast]", "came with 9.3(2)", "leave it out, or upgrade", version="9.3(1)"),
    Mistake("VTI with IKEv2 came with 9.8(1)", "tunnels", "", "", "mode: route", "a tunnel interface with IKEv2 is not available: fw1 runs ASA 9.7(1)4", "upgrade it", version="9.7(1)4"),
    Mistake("BFD came with 9.6(2)", "bgp", "      hold_time: 9\n", "      hold_time: 9\n      bfd: true\n", "bfd: true", "BFD is not available: fw1 runs ASA 9.6(1)", "upgrade it", version="9.6(1)"),
    Mistake("IPv6 on a VTI came with 9.16(1)", "tunnels", "10.255.200.20/31", '"fd00::/127"', 'inner: "fd00::/127"', "IPv6 on a tunnel interface is not available: fw1 runs ASA 9.15(1)",
            version="9.15(1)"),
    Mistake("large groups came with 9.13(1)", "tunnels", "sha256, dh_group: ecp256}", "sha256, dh_group: modp4096}", "modp4096",
            "modp4096 is not available: fw1 runs ASA 9.12(4)", "take ecp256", version="9.12(4)"),
    Mistake("more than a hundred VTIs came with 9.16(1)", "tunnels", ROUTE, ROUTE + "      fw1: {number: 101}\n", "number: 101",
            "numbers its tunnel interfaces up to 100, not 101", "fw1: {number", version="9.15(1)"),
    Mistake("a release is one", "hosts", "", "", "version:", "'nine' is no release", version="nine"),
    # tunnels
    Mistake("a cipher that ASA lacks", "tunnels", "{encryption: aes256, integrity: sha256, dh_group: ecp256}", "{encryption: chacha20poly1305, prf: prfsha256, dh_group: ecp256}",
            "chacha20poly1305", "fw1 is an ASA and has no chacha20poly1305", "take one of aes128, aes192, aes256, aes128gcm16"),
    Mistake("a cipher that ASA lacks for ESP", "tunnels", "      - {encryption: aes256gcm16, dh_group: modp2048}", "      - {encryption: aes256ccm16, dh_group: modp2048}",
            "aes256ccm16", "fw2 is an ASA and has no aes256ccm16"),
    Mistake("a group that ASA lacks", "tunnels", "sha256, dh_group: ecp256}", "sha256, dh_group: modp8192}", "modp8192", "fw1 is an ASA and has no modp8192", "modp2048, modp3072"),
    Mistake("a PRF that ASA lacks", "tunnels", "prf: prfsha256", "prf: prfaesxcbc", "prfaesxcbc", "fw1 is an ASA and has no prfaesxcbc", "prfsha256"),
    Mistake("one DH group for all ESP proposals", "tunnels", "      - {encryption: aes256, integrity: sha256, dh_group: modp2048}", "      - {encryption: aes256, integrity: sha256, dh_group: ecp256}",
            "    esp:", "tunnel fw1--edge1: fw1 is an ASA and has one DH group for all ESP proposals", "the same dh_group"),
    Mistake("an ASA is known by its address", "tunnels", ROUTE, ROUTE + "      fw1: {id: firewall}\n", "id: firewall", "fw1 is an ASA and is known by its outer address", "remove id"),
    Mistake("so is its peer", "tunnels", ROUTE, ROUTE + "      edge1: {id: edge}\n", "id: edge", "knows its peers by their outer addresses", "remove id"),
    Mistake("a VTI has an address", "tunnels", ROUTE, "      mode: route\n      key: 5\n", "ends: [fw1, edge1]", "needs an address on its tunnel interface", "write inner: a /31"),
    Mistake("a crypto map has none", "tunnels", FW_FW, FW_FW + "      inner: 10.255.200.0/31\n", "inner: 10.255.200.0/31", "fw1 is an ASA and has inner addresses only on a tunnel interface",
            "write mode: route"),
    Mistake("charon and ASA pair selectors differently", "tunnels", ROUTE, "", "ends: [fw1, edge1]", "negotiates each of its 2 pairs of selectors by itself, which edge1 does not",
            "selectors of one prefix at each end"),
    Mistake("signs of life every ten seconds at most", "tunnels", "dpd_delay: 20", "dpd_delay: 5", "dpd_delay: 5", "tunnel fw1--fw2: fw2 is an ASA and asks for signs of life every 10 to 3600 seconds"),
    Mistake("an SA lives two minutes at least", "tunnels", "child_rekey: 3600", "child_rekey: 60", "child_rekey: 60", "tunnel fw1--edge1: fw1 is an ASA and lets no SA live less than 120 seconds"),
    Mistake("one lifetime for an IKE proposal", "tunnels", ROUTE, ROUTE + "      ike_rekey: 7200\n", "ends: [fw1, fw2]",
            "share an IKE proposal and rekey after 7200 and 86400 seconds; the ASA fw1 has one lifetime", "the same ike_rekey"),
    Mistake("one key for a peer", "tunnels", FW_FW, "    - ends: [fw1, edge1]\n      name: second\n      mode: route\n      inner: 10.255.200.0/31\n      psk: {env: OTHER}\n      fw1: {address: 198.51.100.9}\n" + FW_FW,
            "    - ends: [fw1, edge1]\n      name: second", "have one peer, 198.51.100.3, for the ASA fw1, and different pre-shared keys", "psk: {file: secrets/PEER.psk}"),
    Mistake("one number for a tunnel", "tunnels", FW_FW, FW_FW + "      mode: route\n      inner: 10.255.200.0/31\n      fw1: {number: 10}\n", "ends: [fw1, fw2]",
            "tunnels fw1--edge1 and fw1--fw2 both have the number 10 at fw1", "fw1: {number"),
    Mistake("one route with a metric", "tunnels", FW_FW, "    - ends: [fw1, edge1]\n      name: second\n      mode: route\n      inner: 10.255.200.0/31\n      route_metric: 1\n      fw1: {address: 198.51.100.9}\n" + FW_FW,
            "    - ends: [fw1, edge1]\n      name: second", "tunnels fw1--edge1 and second give fw1 two routes to 10.3.0.0/16 with metric 1", "another route_metric"),
    Mistake("one name for an interface", "tunnels", ROUTE, ROUTE + "      fw1: {nameif: inside}\n", "ends: [fw1, edge1]", "an interface of fw1 is called inside already", "fw1: {nameif"),
    Mistake("a name that ASA takes", "tunnels", ROUTE, ROUTE + "      fw1: {nameif: to edge}\n", "nameif: to edge", "'to edge' is no name on an ASA"),
    Mistake("a name of bearable length", "tunnels", ROUTE, ROUTE + "      name: a-tunnel-with-a-name-that-is-longer-than-an-asa-can-bear\n", "ends: [fw1, edge1]",
            "has names of at most 48 characters", "fw1: {nameif"),
    # interfaces
    Mistake("a port is called by a name", "hosts", "nameif: outside, ", "", "GigabitEthernet0/0", "interface GigabitEthernet0/0 has no name to be called by", "write nameif"),
    Mistake("names are of an ASA's interfaces", "hosts", "wan0: {link", "wan0: {nameif: outside, link", "wan0:", "wan0: nameif and crypto_map are of an ASA's interfaces", "remove them"),
]  # fmt: skip


@pytest.fixture
def asas(project: Project) -> Project:
    asa_project(project)
    # Another outer address, for a second tunnel to the same peer.
    project.change("hosts", "addresses: [198.51.100.1/24]}", "addresses: [198.51.100.1/24, 198.51.100.9/24]}")
    return project


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.promise)
def test_refused_where_it_stands(asas: Project, mistake: Mistake) -> None:
    assert asas.problems() == ()
    mistake.make(asas)
    if mistake.version:
        asas.change("hosts", "9.16(4)", mistake.version)
    assert len(mistake.told(asas, mistake.line(asas))) == 1


def test_a_release_that_is_not_known_refuses_nothing_that_some_release_can(asas: Project) -> None:
    asas.change("hosts", '    version: "9.16(4)"\n', "")
    asas.change("bgp", "      hold_time: 9\n", "      hold_time: 9\n      bfd: true\n")
    assert asas.problems() == ()


@pytest.mark.parametrize(
    ("older", "younger"), [("9.8(1)", "9.16(1)"), ("9.16(4)", "9.16(4)14"), ("9.9(2)", "9.16(1)"), ("8.4(7)", "9.1(1)")]
)
def test_releases_are_ordered_as_they_came(older: str, younger: str) -> None:
    assert read_release(older) < read_release(younger)
    assert str(read_release(younger)) == younger


def tunnels(project: Project, name: str) -> tuple[Tunnel, Tunnel]:
    pair = next(pair for pair in project.load().tunnels if pair.name == name)
    return pair.ends[0].tunnel, pair.ends[1].tunnel


def test_ends_of_a_tunnel_with_an_asa_are_known_by_address_and_negotiate_what_it_does(asas: Project) -> None:
    asa, edge = tunnels(asas, "fw1--edge1")
    assert (asa.local_id, asa.remote_id) == ("198.51.100.1", "198.51.100.3")
    assert (edge.local_id, edge.remote_id) == ("198.51.100.3", "198.51.100.1")
    assert [str(selector) for selector in (*asa.local_selectors, *asa.remote_selectors)] == ["0.0.0.0/0"] * 2
    assert (edge.local_selectors, edge.remote_selectors) == (asa.remote_selectors, asa.local_selectors)
    assert asa.ike_proposals == edge.ike_proposals
    assert asa.psk == edge.psk
    assert edge.device is None
    assert isinstance(asa.device, AsaEnd)
    assert (asa.device.outside, asa.device.number, asa.device.nameif) == ("outside", 10, "RB-fw1--edge1")
    assert (asa.connection, asa.child_names) == ("198.51.100.3", frozenset({"RB-fw1--edge1"}))


def test_what_an_asa_cannot_do_is_left_out_where_it_says_what_it_can(asas: Project) -> None:
    asas.change("tunnels", "      - {encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}\n",
                "      - {encryption: chacha20poly1305, prf: prfsha256, dh_group: modp2048}\n")  # fmt: skip
    can = "ipsec: {ike: [{encryption: aes256, integrity: sha256, dh_group: ecp256}]}"
    asas.change("groups", "asa:\n  platform: asa\n", f"asa:\n  platform: asa\n  data: {{{can}}}\n")
    assert asas.problems() == ()
    for tunnel in tunnels(asas, "fw1--edge1"):
        assert [suite.encryption for suite in tunnel.ike_proposals] == ["aes256"]


def test_two_asas_mirror_their_selectors(asas: Project) -> None:
    one, other = tunnels(asas, "fw1--fw2")
    assert (one.local_selectors, one.remote_selectors) == (other.remote_selectors, other.local_selectors)
    assert len(one.local_selectors) == 2


def test_a_tunnel_that_comes_or_goes_changes_no_others_number(asas: Project) -> None:
    before = {t.name: t.device for t in asas.load().hosts["fw1"].tunnels}
    asas.change(
        "tunnels", "  list:\n",
        "  list:\n    - {name: first, ends: [fw1, edge1], mode: route, inner: 10.255.200.0/31, fw1: {address: 198.51.100.9}}\n",
    )  # fmt: skip
    after = {t.name: t.device for t in asas.load().hosts["fw1"].tunnels}
    assert {name: after[name] for name in before} == before
    first = after["first"]
    assert isinstance(first, AsaEnd)
    assert first.number == 0


def test_an_edge_without_an_asa_at_the_other_end_keeps_its_name(project: Project) -> None:
    one, other = tunnels(project, "edge1--edge2")
    assert (one.local_id, other.local_id) == ("edge1", "edge2")
    assert one.device is None


def test_a_policy_on_an_asa_is_called_as_it_likes(asas: Project) -> None:
    for name in ("policy", "bgp"):
        asas.write(name, asas.text(name).replace("RB-IN", "CUSTOMER-IN"))
    assert "CUSTOMER-IN" in {each.name for each in asas.load().hosts["fw1"].route_maps}
