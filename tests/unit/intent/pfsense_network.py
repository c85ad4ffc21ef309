"""A home: a pfSense with two Kubernetes nodes behind it, and tunnels of both modes to two edges."""

from tests.unit.intent.network import Project

HOSTS = """\
home-fw1:
  hostname: 192.0.2.51
  platform: pfsense
  data:
    site: home
    asn: 64512
    router_id: 192.168.1.1
    bgp_package: frr
    interfaces:
      lo: {addresses: [10.255.5.1/32]}
      wan: {link: internet, addresses: [198.51.100.51/24, 198.51.100.52/24]}
      lan: {link: home-lan, addresses: [192.168.1.1/24, "2001:db8:5::1/64"]}
edge1:
  hostname: 192.0.2.3
  groups: ["no"]
  platform: edge
  data:
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      wan0: {link: internet, addresses: [198.51.100.3/24]}
edge2:
  hostname: 192.0.2.4
  groups: [ch]
  platform: edge
  data:
    interfaces:
      lo: {addresses: [10.255.4.1/32]}
      wan0: {link: internet, addresses: [198.51.100.4/24]}
"""

GROUPS = """\
"no":
  data: {site: "no"}
ch:
  data: {site: ch}
"""

NETWORK = """\
network:
  asn: 65550
  sites:
    home: {prefixes: [192.168.1.0/24, "2001:db8:5::/64"]}
    "no": {prefixes: [10.3.0.0/16, "2001:db8:3::/64"]}
    ch: {prefixes: [10.4.0.0/16]}
  links:
    home-lan: {site: home}
    internet: {}
peers:
  k8s1:
    asn: 64512
    interfaces:
      eth0: {link: home-lan, addresses: [192.168.1.11/24, "2001:db8:5::11/64"]}
  k8s2:
    asn: 64512
    interfaces:
      eth0: {link: home-lan, addresses: [192.168.1.12/24]}
"""

BGP = """\
bgp:
  defaults: {connect_retry: 10}
  sessions:
    - ends: [home-fw1, k8s1]
      password: {env: BGP_PASSWORD}
      hold_time: 9
      home-fw1: {next_hop_self: true, max_prefix: 100}
    - ends: [home-fw1, k8s2]
    - ends: [home-fw1, k8s1]
      name: k8s1-v6
      transport: ipv6
      families: [ipv6-unicast]
    - ends: [home-fw1, edge1]
      tunnel: home-fw1--edge1
      home-fw1: {import: RB-IN, export: RB-OUT, prefix_list_in: RB-SITES, max_prefix: 100}
      edge1: {import: RB-IN, export: RB-OUT, max_prefix: 100}
  networks:
    - {hosts: home-fw1, prefixes: [192.168.1.0/24, "2001:db8:5::/64"]}
  redistribute:
    - {hosts: home-fw1, from: static}
"""

POLICY = """\
policy:
  prefix_lists:
    RB-SITES:
      - permit 10.0.0.0/8 ge 16 le 24
      - deny any4
  community_lists:
    RB-DRAINED: [graceful-shutdown, "64512:666"]
  route_maps:
    RB-IN:
      - permit: {community: RB-DRAINED}
        set: {local_preference: 0}
      - permit: all
        set: {local_preference: 200, med: 5, prepend: [64520, 64520], add_communities: [no-export, "64512:1"]}
    RB-OUT:
      - permit: {prefix_list: RB-SITES}
        set: {communities: ["64512:2"]}
    RB-PREFER:
      - permit: all
        set: {local_preference: 200, med: 5}
"""

TUNNELS = """\
tunnels:
  defaults:
    link: internet
    ike:
      - {encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}
      - {encryption: aes256, integrity: sha384, dh_group: ecp256}
    esp:
      - {encryption: aes256gcm16, dh_group: modp2048}
      - {encryption: aes128, integrity: sha256, dh_group: modp2048}
    psk: {env: PSK}
    dpd_delay: 20
  list:
    - ends: [home-fw1, edge1]
      mode: route
      device: vti
      inner: 10.255.200.24/31
      ike_rekey: 9000
      child_rekey: 1800
    - ends: [edge2, home-fw1]
      home-fw1: {selectors: [192.168.1.0/24, 192.168.2.0/24]}
"""

OPENBGPD_SESSION = "      home-fw1: {import: RB-PREFER, max_prefix: 100}\n"
FRR_SESSION = "      home-fw1: {import: RB-IN, export: RB-OUT, prefix_list_in: RB-SITES, max_prefix: 100}\n"

FILES = {"hosts": HOSTS, "groups": GROUPS, "network": NETWORK, "bgp": BGP, "policy": POLICY, "tunnels": TUNNELS}


def pfsense_project(project: Project, package: str = "frr") -> Project:
    """The project with this network in it, its firewall with one of the two BGP packages."""
    for name, text in FILES.items():
        project.write(name, text)
    if package == "openbgpd":
        project.change("hosts", "bgp_package: frr", "bgp_package: openbgpd")
        project.change("bgp", FRR_SESSION, OPENBGPD_SESSION)
    return project
