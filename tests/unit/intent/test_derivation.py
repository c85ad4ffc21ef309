"""What a declaration means: for meshes, reflectors, addresses, policies, secrets and tunnels."""

from ipaddress import ip_address, ip_network

import pytest

from routebook.intent.model import Neighbor, SecretRef
from tests.networks.project import Project

MESH = """\
bgp:
  meshes:
    - mesh: edge x reflector
      via: loopback
      families: [ipv4-unicast, ipv6-unicast]
      reflect: true
      edge: {next_hop_self: true}
      reflector: {addpath_tx_all: true}
"""


@pytest.fixture
def reflected(project: Project) -> Project:
    """Three edges, two of which are reflectors."""
    hosts = project.text("hosts").replace("[ch, edge]", "[ch, edge, reflector]")
    third = hosts[hosts.index("edge2:") :].replace("edge2", "edge3").replace(".4.1/", ".4.3/").replace("::1/", "::3/")
    third = third.replace("192.0.2.2", "192.0.2.3").replace("198.51.100.2", "198.51.100.3").replace(".4.0.1", ".4.0.3")
    project.write("hosts", hosts + third)
    project.write("groups", project.text("groups") + "reflector: {}\n")
    project.write("bgp", MESH)
    return project


def neighbor(project: Project, host: str, peer: str) -> Neighbor:
    bgp = project.load().hosts[host].bgp
    assert bgp is not None
    return next(neighbor for neighbor in bgp.neighbors if neighbor.peer == peer)


def test_a_mesh_has_each_pair_once_and_nobody_with_itself(reflected: Project) -> None:
    names = [session.name for session in reflected.load().sessions]
    assert names == ["edge1--edge2", "edge1--edge3", "edge2--edge3"]


def test_reflectors_reflect_to_edges_and_not_to_each_other(reflected: Project) -> None:
    clients = {
        (host, n.peer)
        for host, intent in reflected.load().hosts.items()
        for n in intent.neighbors
        if all(family.route_reflector_client for family in n.families)
    }
    assert clients == {("edge2", "edge1"), ("edge3", "edge1")}


def test_options_under_a_word_of_the_mesh_are_for_its_members(reflected: Project) -> None:
    edge, reflector = neighbor(reflected, "edge1", "edge2"), neighbor(reflected, "edge2", "edge1")
    assert all(family.next_hop_self and not family.addpath_tx_all for family in edge.families)
    assert all(family.next_hop_self and family.addpath_tx_all for family in reflector.families)


def test_a_session_between_loopbacks_tells_the_daemon_its_address_and_one_on_a_link_does_not(project: Project) -> None:
    inside, outside = neighbor(project, "edge1", "edge2"), neighbor(project, "edge1", "upstream")
    assert (inside.address, inside.local_address, inside.update_source) == (
        ip_address("10.255.4.1"),
        ip_address("10.255.3.1"),
        True,
    )
    assert (outside.address, outside.update_source) == (ip_address("2001:db8:f001::1"), False)


def test_a_session_that_carries_only_ipv6_runs_over_ipv6_unless_told(project: Project) -> None:
    project.change("bgp", "families: [ipv4-unicast, ipv6-unicast]", "families: [ipv6-unicast]")
    assert neighbor(project, "edge1", "edge2").address.version == 6
    project.change("bgp", "via: loopback", "via: loopback\n      transport: ipv4")
    assert neighbor(project, "edge1", "edge2").address.version == 4


def test_a_session_over_a_tunnel_takes_its_inner_addresses(project: Project) -> None:
    project.change("bgp", "via: loopback", "tunnel: edge1--edge2")
    assert neighbor(project, "edge2", "edge1").address == ip_address("10.255.200.0")
    assert neighbor(project, "edge1", "edge2").address == ip_address("10.255.200.1")


def test_options_of_one_end_are_not_the_other_ends(project: Project) -> None:
    project.change("bgp", "via: loopback", "via: loopback\n      edge1: {description: to the south, shutdown: true}")
    assert (neighbor(project, "edge1", "edge2").description, neighbor(project, "edge1", "edge2").shutdown) == (
        "to the south",
        True,
    )
    assert (neighbor(project, "edge2", "edge1").description, neighbor(project, "edge2", "edge1").shutdown) == (
        "edge1",
        False,
    )


def test_policies_of_ours_are_not_an_outside_peers(project: Project) -> None:
    project.change("bgp", "bgp:\n", "bgp:\n  external: {soft_reconfiguration: true, connect_retry: 11}\n")
    [session] = [session for session in project.load().sessions if session.external]
    ours, theirs = (end.neighbor for end in session.ends)
    assert (ours.families[0].soft_reconfiguration, theirs.families[0].soft_reconfiguration) == (True, False)
    assert (ours.connect_retry, theirs.connect_retry) == (11, 11)
    assert theirs.families[0].route_map_in is None


def test_a_host_has_the_policies_it_refers_to_and_no_others(project: Project) -> None:
    hosts = project.load().hosts
    assert [m.name for m in hosts["edge1"].route_maps] == ["RB-IN", "RB-OUT"]
    assert [m.name for m in hosts["edge1"].prefix_lists] == ["RB-OWN"]
    assert [m.name for m in hosts["edge1"].community_lists] == ["RB-LARGE"]
    edge2 = hosts["edge2"]
    assert not (edge2.route_maps or edge2.prefix_lists or edge2.community_lists)


def test_max_prefix_and_limits_may_differ_by_family(project: Project) -> None:
    project.change(
        "bgp", "via: loopback", "via: loopback\n      edge1: {max_prefix: {ipv6-unicast: 7}, min_received: 2}"
    )
    families = {family.family: family for family in neighbor(project, "edge1", "edge2").families}
    assert (families["ipv4-unicast"].max_prefix, families["ipv6-unicast"].max_prefix) == (None, 7)
    assert families["ipv4-unicast"].min_received == families["ipv6-unicast"].min_received == 2


def test_a_secret_of_the_defaults_is_one_for_each_session_and_tunnel(project: Project) -> None:
    project.change("tunnels", "psk: {env: PSK}", 'psk: {env: "PSK_{name}"}')
    project.change("bgp", "password: {env: BGP_PASSWORD}", 'password: {file: "secrets/{name}.password"}')
    network = project.load()
    assert network.tunnels[0].ends[0].tunnel.psk == SecretRef(env="PSK_EDGE1__EDGE2")
    assert neighbor(project, "edge1", "upstream").password == SecretRef(file="secrets/edge1--upstream.password")
    assert {(use.purpose, use.mark.file) for use in network.secret_uses} == {
        ("tunnel edge1--edge2", "inventory/tunnels.yaml"),
        ("session edge1--upstream", "inventory/bgp.yaml"),
    }


def test_both_ends_get_the_suites_that_both_want_and_can_in_the_first_ends_order(project: Project) -> None:
    project.change(
        "groups",
        "data: {site: ch}",
        "data: {site: ch, ipsec: {ike: [{encryption: aes256, integrity: sha256, dh_group: modp2048}]}}",
    )
    [pair] = project.load().tunnels
    assert [[p.encryption for p in end.tunnel.ike_proposals] for end in pair.ends] == [["aes256"], ["aes256"]]


def test_a_policy_based_tunnel_protects_the_sites_and_its_inner_addresses(project: Project) -> None:
    tunnel = project.load().hosts["edge1"].tunnels[0]
    assert tunnel.local_selectors == (ip_network("10.3.0.0/16"), ip_network("10.255.200.0/32"))
    assert tunnel.remote_selectors == (ip_network("10.4.0.0/16"), ip_network("10.255.200.1/32"))


def test_a_route_based_tunnel_carries_anything_over_a_device_whose_key_follows_from_its_inner_prefix(
    project: Project,
) -> None:
    project.change("tunnels", "      inner:", "      mode: route\n      device: vti\n      inner:")
    tunnel = project.load().hosts["edge1"].tunnels[0]
    assert tunnel.local_selectors == tunnel.remote_selectors == (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert (tunnel.mark, tunnel.if_id) == (int(ip_address("10.255.200.0")) & 0xFFFFFF, None)


def test_the_first_end_starts_the_tunnel_unless_it_is_not_ours(project: Project) -> None:
    assert [end.tunnel.initiator for end in project.load().tunnels[0].ends] == [True, False]


def test_who_is_drained_says_so_in_its_bgp(project: Project) -> None:
    project.change("bgp", "  sessions:\n", "  graceful_shutdown: [ch]\n  sessions:\n")
    drained = {name: host.bgp.graceful_shutdown for name, host in project.load().hosts.items() if host.bgp}
    assert drained == {"edge1": False, "edge2": True}


def test_data_is_inherited_as_nornir_does_it(project: Project) -> None:
    project.write("bgp", "bgp: {networks: [{hosts: all, prefixes: [10.0.0.0/8]}]}\n")
    project.write("defaults", "data: {asn: 64999, site: ch}\n")
    project.change("groups", 'data: {site: "no"}', "groups: [parent]\n  data: {asn: 64512}")
    project.change("groups", "edge:\n", 'parent:\n  data: {asn: 1, site: "no"}\nedge:\n')
    network = project.load()
    assert {name: (host.site, host.bgp and host.bgp.asn, host.groups) for name, host in network.hosts.items()} == {
        "edge1": ("no", 64512, ("no", "parent", "edge")),
        "edge2": ("ch", 64999, ("ch", "edge")),
    }


def test_well_known_communities_take_their_names_and_numbers_lose_leading_zeros(project: Project) -> None:
    project.change("policy", '["65550:1:1"]', '["65535:0", "065000:01"]')
    assert project.load().hosts["edge1"].community_lists[0].permit == ("graceful-shutdown", "65000:1")


def test_rules_of_a_prefix_list_are_numbered_in_their_order_or_as_told(project: Project) -> None:
    project.change(
        "policy", "      - permit 2001:db8:8e20::/48\n",
        "      - seq 20 deny any6\n      - seq 10 permit 2001:DB8:8E20::/48 le 56\n",
    )  # fmt: skip
    [prefix_list] = project.load().hosts["edge1"].prefix_lists
    assert [(r.seq, r.action, str(r.prefix), r.ge, r.le) for r in prefix_list.rules] == [
        (10, "permit", "2001:db8:8e20::/48", None, 56),
        (20, "deny", "::/0", None, 128),
    ]


@pytest.mark.parametrize(
    ("written", "number"), [("1.10", 65546), ("0.64496", 64496), ('"1.10"', 65546), ("65546", 65546), ("1.1", 65537)]
)
def test_an_as_number_may_be_written_in_asdot(project: Project, written: str, number: int) -> None:
    project.change("network", "asn: 64496", f"asn: {written}")
    assert project.load().peers["upstream"].asn == number


@pytest.mark.parametrize("name", ["edge1.example.net", "edge-1", "2001:db8::1", "fe80::1%eth0", "my_alias", "10.0.0.1"])
def test_a_host_is_reached_by_an_address_or_a_name(project: Project, name: str) -> None:
    project.change("hosts", "hostname: 192.0.2.1\n", f'hostname: "{name}"\n')
    assert project.load().hosts["edge1"].hostname == name


def test_a_speaker_of_ours_that_is_configured_elsewhere(project: Project) -> None:
    project.change("network", "asn: 64496", "asn: 65550\n    internal: true")
    project.change("bgp", "        max_prefix: 1000\n", "")
    [session] = [session for session in project.load().sessions if session.name == "edge1--upstream"]
    assert not session.external
