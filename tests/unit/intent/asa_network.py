"""A small network with two ASAs, an edge and an outside peer: tunnels of both modes, sessions of both families."""

from tests.unit.intent.network import Project

HOSTS = """\
fw1:
  hostname: 192.0.2.1
  groups: [nl, asa]
  data:
    version: "9.16(4)"
    router_id: 10.255.1.1
    interfaces:
      GigabitEthernet0/0: {nameif: outside, link: internet, addresses: [198.51.100.1/24]}
      inside: {link: nl-lan, addresses: [10.1.0.1/24, "2001:db8:8e20:100::1/64"]}
fw2:
  hostname: 192.0.2.2
  groups: [gr, asa]
  data:
    router_id: 10.255.2.1
    interfaces:
      outside: {link: internet, addresses: [198.51.100.2/24]}
      inside: {link: gr-lan, addresses: [10.2.0.1/24]}
edge1:
  hostname: 192.0.2.3
  groups: ["no"]
  platform: edge
  data:
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      wan0: {link: internet, addresses: [198.51.100.3/24]}
"""

GROUPS = """\
nl:
  data: {site: nl}
gr:
  data: {site: gr}
"no":
  data: {site: "no"}
asa:
  platform: asa
"""

NETWORK = """\
network:
  asn: 65550
  sites:
    nl: {prefixes: [10.1.0.0/16, 10.255.1.1/32]}
    gr: {prefixes: [10.2.0.0/16]}
    "no": {prefixes: [10.3.0.0/16]}
  links:
    nl-lan: {site: nl}
    gr-lan: {site: gr}
    internet: {}
peers:
  k8s1:
    asn: 64520
    interfaces:
      eth0: {link: nl-lan, addresses: [10.1.0.50/24, "2001:db8:8e20:100::50/64"]}
"""

BGP = """\
bgp:
  defaults: {connect_retry: 10}
  sessions:
    - ends: [fw1, k8s1]
      password: {env: BGP_PASSWORD}
      hold_time: 9
      fw1:
        import: RB-IN
        export: RB-OUT
        prefix_list_in: RB-K8S
        max_prefix: 100
    - ends: [fw1, k8s1]
      name: fw1-k8s1-v6
      transport: ipv6
      families: [ipv6-unicast]
      fw1:
        import: RB-IN
        prefix_list_out: RB-K8S-V6
        max_prefix: 100
    - ends: [fw1, edge1]
      tunnel: fw1--edge1
      next_hop_self: true
  networks:
    - {hosts: fw1, prefixes: [10.0.0.0/8, 10.1.0.0/16, 192.168.1.0/24, "2001:db8:8e20:100::/56"]}
  redistribute:
    - {hosts: fw1, from: connected, route_map: RB-OUT}
    - {hosts: fw1, from: static, metric: 10, families: [ipv4-unicast, ipv6-unicast]}
"""

POLICY = """\
policy:
  prefix_lists:
    RB-K8S:
      - permit 10.1.0.0/16 ge 24 le 32
      - deny any4
    RB-K8S-V6:
      - permit 2001:db8:8e20:100::/56 le 64
  community_lists:
    RB-DRAINED: [graceful-shutdown, "64512:666"]
  route_maps:
    RB-IN:
      - permit: {community: RB-DRAINED}
        set: {local_preference: 0, add_communities: [no-export, "64512:1"]}
      - permit: all
        set: {local_preference: 200, med: 5, prepend: [64520, 64520]}
    RB-OUT:
      - permit: {prefix_list: RB-K8S}
        set: {communities: ["64512:2"]}
"""

TUNNELS = """\
tunnels:
  defaults:
    link: internet
    ike:
      - {encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}
      - {encryption: aes256, integrity: sha256, dh_group: ecp256}
    esp:
      - {encryption: aes256gcm16, dh_group: modp2048}
      - {encryption: aes256, integrity: sha256, dh_group: modp2048}
    psk: {env: PSK}
    dpd_delay: 20
    child_rekey: 3600
  list:
    - ends: [fw1, edge1]
      mode: route
      device: vti
      inner: 10.255.200.20/31
      route_metric: 1
    - ends: [fw1, fw2]
"""

FILES = {"hosts": HOSTS, "groups": GROUPS, "network": NETWORK, "bgp": BGP, "policy": POLICY, "tunnels": TUNNELS}


def asa_project(project: Project) -> Project:
    """The project with this network in it."""
    for name, text in FILES.items():
        project.write(name, text)
    return project
