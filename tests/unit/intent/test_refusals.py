"""Every mistake is refused with the file and line where it stands, and with what to do about it."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

from dataclasses import dataclass, field

import pytest

from tests.unit.intent.network import Project


@dataclass(frozen=True)
class Mistake:
    """A change to the small network: `old` in `file` becomes `new`; the problem stands where `at` does."""

    # ruff: noqa: E501  tables of text are easier to read with a row on a line

    promise: str
    file: str
    old: str
    new: str
    at: str
    says: str
    fix: str = ""
    elsewhere: str = field(default="")  # the file that the problem is in, when it is not `file`


EDGE2_WAN = "wan0: {link: internet, addresses: [198.51.100.2/24]}"

MISTAKES = [
    # names
    Mistake("an unknown end has the nearest name", "bgp", "ends: [edge1, edge2]", "ends: [edge1, edge3]", "edge3",
            "unknown host or peer 'edge3'", "did you mean 'edge2'?"),
    Mistake("an unknown peer has the nearest name", "bgp", "[edge1, upstream]", "[edge1, upsteam]", "upsteam",
            "unknown host or peer 'upsteam'", "did you mean 'upstream'?"),
    Mistake("an unknown end of a tunnel has the nearest name", "tunnels", "[edge1, edge2]", "[edge1, egde2]", "egde2",
            "unknown host or peer 'egde2'", "did you mean 'edge2'?"),
    Mistake("an unknown group has the nearest name", "hosts", '["no", edge]', '["no", egde]', "egde",
            "unknown group 'egde'", "did you mean 'edge'?"),
    Mistake("an unknown link has the nearest name", "hosts", EDGE2_WAN, EDGE2_WAN.replace("internet", "internett"),
            "internett", "unknown link 'internett'", "did you mean 'internet'?"),
    Mistake("an unknown link of tunnels has the nearest name", "tunnels", "link: internet", "link: interne",
            "link: interne", "unknown link 'interne'", "did you mean 'internet'?"),
    Mistake("an unknown site has the nearest name", "groups", "{site: ch}", "{site: chh}", "chh",
            "unknown site 'chh'", "did you mean 'ch'?"),
    Mistake("an unknown site of a link has the nearest name", "network", "{site: ch}", "{site: hc}", "hc",
            "unknown site 'hc'"),
    Mistake("an unknown platform has the nearest name", "groups", "platform: edge", "platform: egde", "egde",
            "unknown platform 'egde'", "did you mean 'edge'?"),
    Mistake("an unknown route map has the nearest name", "bgp", "import: RB-IN", "import: RB-INN", "RB-INN",
            "unknown route map 'RB-INN'", "did you mean 'RB-IN'?"),
    Mistake("an unknown prefix list has the nearest name", "policy", "{prefix_list: RB-OWN}", "{prefix_list: RB-OWM}",
            "RB-OWM", "unknown prefix list 'RB-OWM'", "did you mean 'RB-OWN'?"),
    Mistake("an unknown community list has the nearest name", "policy", "{community: RB-LARGE}", "{community: RB-LRGE}",
            "RB-LRGE", "unknown community list 'RB-LRGE'", "did you mean 'RB-LARGE'?"),
    Mistake("an unknown selection has the nearest name", "network", "hosts: edge", "hosts: edges", "hosts: edges",
            "unknown host, group or site 'edges'", "did you mean 'edge'?"),
    Mistake("an unknown BFD profile is named", "bgp", "via: loopback", "via: loopback\n      bfd: RB-FAST", "RB-FAST",
            "unknown bfd profile 'RB-FAST'", "none is defined"),
    # keys and YAML
    Mistake("an unknown key has the nearest one", "bgp", "families: [ipv6-unicast]", "famlies: [ipv6-unicast]",
            "famlies", "unknown key 'famlies'", "did you mean 'families'?"),
    Mistake("an unknown key of one end has the nearest one", "bgp", "max_prefix", "max_prefixes", "max_prefixes",
            "unknown key 'max_prefixes'", "did you mean 'max_prefix'?"),
    Mistake("an unknown top-level key has the nearest one", "policy", "policy:", "policies:", "policies",
            "unknown key 'policies'", "did you mean 'policy'?"),
    Mistake("an unknown key of a host has the nearest one", "hosts", "  hostname: 192.0.2.1\n", "  hostnam: 192.0.2.1\n",
            "hostnam:", "unknown key 'hostnam'", "did you mean 'hostname'?"),
    Mistake("an unknown key of data has the nearest one", "groups", "data: {site: ch}", "data: {sit: ch}",
            "sit: ch", "unknown key 'sit'", "did you mean 'site'?"),
    Mistake("options of a host that is no end are refused", "bgp", "      edge1:\n", "      edge2:\n", "      edge2:",
            "unknown key 'edge2'"),
    Mistake("a key that is there twice is refused", "bgp", "      via: loopback\n",
            "      via: loopback\n      via: loopback  # again\n", "via: loopback  # again",
            "'via' is there twice", "remove one"),
    Mistake("a host that is there twice is refused", "hosts", "edge2:\n", "edge1:\n  hostname: 192.0.2.9\nedge2:\n",
            "[198.51.100.1/24]}\n      peer0: {link: transit, addresses: [\"2001:db8:f001::31/64\"]}\nedge1:", "'edge1' is there twice"),
    Mistake("a tab is named as one", "bgp", "      via: loopback", "\tvia: loopback", "\tvia",
            "a tab stands where YAML wants spaces", "indent with spaces"),
    Mistake("an unclosed bracket is placed", "bgp", "ends: [edge1, edge2]", "ends: [edge1, edge2", "via: loopback",
            "is not valid YAML"),
    Mistake("no as a value is a trap", "groups", '{site: "no"}', "{site: no}", "{site: no}",
            "YAML reads no as false", 'quote it ("no")'),
    Mistake("no as a key is a trap", "groups", '"no":\n', "no:\n", "no:", "YAML reads the key no as false",
            'quote it: "no"'),
    Mistake("a number in base sixty is a trap", "network", "asn: 64496", "asn: 1:20", "1:20",
            "YAML reads 1:20 as the number 80", "quote it"),
    Mistake("an octal number is a trap", "network", "asn: 64496", "asn: 0100", "0100",
            "YAML reads 0100 as the number 64"),
    # values
    Mistake("an address is an address", "hosts", "10.3.0.1/24", "10.3.0.300/24", "10.3.0.300",
            "'10.3.0.300/24' does not appear to be an IPv4 or IPv6 interface"),
    Mistake("an address of an interface has a length", "hosts", "10.3.0.1/24", "10.3.0.1", "10.3.0.1]",
            "'10.3.0.1' lacks a prefix length"),
    Mistake("a network is no address", "hosts", "10.3.0.1/24", "10.3.0.0/24", "10.3.0.0/24",
            "'10.3.0.0/24' is the network itself"),
    Mistake("a broadcast address is no address", "hosts", "10.3.0.1/24", "10.3.0.255/24", "10.3.0.255/24",
            "is the broadcast address"),
    Mistake("a prefix has no host bits", "network", "[10.3.0.0/16]", "[10.3.7.0/16]", "10.3.7.0/16",
            "the prefix is 10.3.0.0/16"),
    Mistake("an AS number is a number", "network", "asn: 64496", 'asn: "64496"', '"64496"',
            "peer upstream: asn should be a whole number"),
    Mistake("an AS number has 32 bits", "network", "asn: 64496", "asn: 4294967296", "4294967296",
            "asn should be less than or equal to 4294967294"),
    Mistake("a family is one of two", "bgp", "families: [ipv6-unicast]", "families: [ipv6]", "families: [ipv6]",
            "should be 'ipv4-unicast' or 'ipv6-unicast', not 'ipv6'"),
    Mistake("a flag is a flag", "bgp", "max_prefix: 1000", "passive: 1", "passive: 1",
            "passive should be true or false"),
    Mistake("a needed key that lacks is named", "network", "port: 323, ", "", "{name: cache",
            "cache lacks 'port'"),
    Mistake("a policy's name begins with RB-", "policy", "    RB-OWN:\n", "    OWN:\n", "    OWN:",
            "'OWN' is no policy's name"),
    Mistake("a host's name is one that daemons take", "hosts", "edge2:\n", "edge2.example.net:\n", "edge2.example.net:",
            "'edge2.example.net' cannot be a name"),
    Mistake("the joint of two names is in no name", "network", "  upstream:\n", "  up--stream:\n", "up--stream",
            "'up--stream' cannot be a name"),
    Mistake("a description is one line", "bgp", "max_prefix: 1000", 'description: "a\\nb"', "description:",
            "1 to 80 printable characters"),
    Mistake("a description is what vtysh would keep", "bgp", "max_prefix: 1000", "description: a | b", "description:",
            "without |"),
    Mistake("a community of a 32-bit AS is a large one", "policy", '["65550:1:1"]', '["65550:1"]', "65550:1",
            "write a large one, 65550:N:1"),
    Mistake("a community list has one kind", "policy", '["65550:1:1"]', '["65550:1:1", no-export]', "RB-LARGE: [",
            "mixes standard and large communities"),
    # addresses
    Mistake("an address belongs to one host", "hosts", "198.51.100.2/24", "198.51.100.1/24", "edge2:\n  hostname: 192.0.2.2\n  groups: [ch, edge]\n  data:\n    interfaces:\n      lo: {addresses: [10.255.4.1/32, \"2001:db8:8e20:4ff::1/128\"]}\n      lan0: {link: ch-lan, addresses: [10.4.0.1/24]}\n      wan0",
            "198.51.100.1 on wan0 of edge2 is already on wan0 of edge1 (inventory/hosts.yaml:8)"),
    Mistake("a peer's address is not a host's", "network", "2001:db8:f001::1/64", "2001:db8:f001::31/64",
            "2001:db8:f001::31/64", "is already on peer0 of edge1"),
    Mistake("the cache's address is not a host's", "network", "198.51.100.250", "198.51.100.1", "198.51.100.1",
            "is already on wan0 of edge1"),
    Mistake("networks of two links do not overlap", "hosts", "10.4.0.1/24", "10.3.0.130/25", "10.3.0.130/25",
            "10.3.0.128/25 (lan0 of edge2, link ch-lan) overlaps 10.3.0.0/24"),
    Mistake("a link has one prefix length", "hosts", "198.51.100.2/24", "198.51.100.2/25", "198.51.100.2/25",
            "differs in length from 198.51.100.0/24"),
    Mistake("sites' prefixes do not overlap", "network", "[10.4.0.0/16]", "[10.3.128.0/17]", "10.3.128.0/17",
            "10.3.128.0/17 of site ch overlaps 10.3.0.0/16 of site no"),
    Mistake("inner addresses are nobody's", "tunnels", "10.255.200.0/31", "10.255.3.0/31", "inner: 10.255.3.0/31",
            "10.255.3.1 on tunnel edge1--edge2 is already on lo of edge1"),
    Mistake("inner addresses are in no site", "tunnels", "10.255.200.0/31", "10.3.9.0/31", "inner: 10.3.9.0/31",
            "overlaps 10.3.0.0/16 of site no"),
    Mistake("inner has two addresses", "tunnels", "10.255.200.0/31", "10.255.200.0/30", "inner: 10.255.200.0/30",
            "has not exactly two addresses", "write a /31"),
    Mistake("a management address is one host's", "hosts", "hostname: 192.0.2.2", "hostname: 192.0.2.1  # too",
            "192.0.2.1  # too", "edge2 is reached at 192.0.2.1, and so is edge1"),
    # sessions
    Mistake("an AS that contradicts the other end is refused", "bgp", "max_prefix: 1000", "remote_as: 64469",
            "remote_as: 64469", "edge1 expects AS 64469 of upstream, whose AS is 64496 (inventory/network.yaml:12)"),
    Mistake("a session has two ends", "bgp", "ends: [edge1, edge2]", "ends: [edge1]", "ends: [edge1]",
            "session: ends has too few items"),
    Mistake("a session is with somebody else", "bgp", "ends: [edge1, edge2]", "ends: [edge1, edge1]", "ends: [edge1, edge1]",
            "edge1 has a session to itself"),
    Mistake("a session without common link says so", "bgp", "      via: loopback\n", "      link: transit\n", "ends: [edge1, edge2]",
            "edge2 has no address on link transit"),
    Mistake("a session that could run over nothing says so", "hosts", EDGE2_WAN, "", "ends: [edge1, edge2]",
            "edge2 has no address on link internet", elsewhere="tunnels"),
    Mistake("an address that an end has not is refused", "bgp", "max_prefix: 1000", 'address: "2001:db8:f001::99"',
            'address: "2001:db8:f001::99"', "edge1 has no 2001:db8:f001::99 on link transit"),
    Mistake("an external session has a policy in", "bgp", "        import: RB-IN\n", "", "ends: [edge1, upstream]",
            "an external session has no policy in", "RFC 8212"),
    Mistake("an external session has a policy out", "bgp", "        export: RB-OUT\n", "", "ends: [edge1, upstream]",
            "an external session has no policy out", "RFC 8212"),
    Mistake("an external session without a limit is warned of", "bgp", "        max_prefix: 1000\n", "",
            "ends: [edge1, upstream]", "has no limit on prefixes", "max_prefix"),
    Mistake("a list has the family it is used for", "bgp", "via: loopback", "via: loopback\n      prefix_list_in: RB-OWN",
            "prefix_list_in: RB-OWN", "RB-OWN is a list of ipv6 prefixes and is used for ipv4-unicast"),
    Mistake("an option by family names a family that is carried", "bgp", "max_prefix: 1000",
            "max_prefix: {ipv4-unicast: 5}", "max_prefix: {ipv4", "does not carry ipv4-unicast"),
    Mistake("hold time is longer than keepalive", "bgp", "via: loopback",
            "via: loopback\n      keepalive: 30\n      hold_time: 20", "keepalive: 30", "is not shorter than the hold time"),
    Mistake("multihop and TTL security exclude each other", "bgp", "families: [ipv6-unicast]",
            "families: [ipv6-unicast]\n      ttl_security: 1\n      multihop: 2", "multihop: 2", "exclude each other"),
    Mistake("iBGP has no multihop", "bgp", "via: loopback", "via: loopback\n      multihop: 2", "multihop: 2",
            "is iBGP, which needs no multihop"),
    Mistake("only iBGP is reflected", "bgp", "max_prefix: 1000", "route_reflector_client: true", "ends: [edge1, upstream]",
            "only iBGP is reflected"),
    Mistake("one end connects", "bgp", "via: loopback",
            "via: loopback\n      edge1: {passive: true}\n      edge2: {passive: true}", "edge1: {passive: true}",
            "both ends wait for the other"),
    Mistake("a mesh is two words", "bgp", "  sessions:\n", "  meshes:\n    - {mesh: all}\n  sessions:\n", "mesh: all",
            "a mesh is written `A x B`"),
    Mistake("min_sent is not over max_sent", "bgp", "max_prefix: 1000", "min_sent: 3\n        max_sent: 2", "min_sent: 3",
            "min_sent is over max_sent"),
    # tunnels
    Mistake("no proposal in common is refused", "tunnels", "      inner: 10.255.200.0/31",
            "      inner: 10.255.200.0/31\n      edge1: {ike: [{encryption: aes128, integrity: sha256, dh_group: ecp256}]}",
            "ends: [edge1, edge2]", "have no IKE proposal in common: edge1 aes128-sha256-ecp256"),
    Mistake("what a host can do counts for its tunnels", "hosts", "edge2:\n  hostname: 192.0.2.2\n  groups: [ch, edge]\n  data:\n",
            "edge2:\n  hostname: 192.0.2.2\n  groups: [ch, edge]\n  data:\n    ipsec: {esp: [{encryption: aes256, integrity: sha256, dh_group: modp2048}]}\n",
            "ends: [edge1, edge2]", "have no ESP proposal in common", elsewhere="tunnels"),
    Mistake("an unknown cipher has the nearest one", "tunnels", "      - {encryption: aes256gcm16, dh_group: modp2048}",
            "      - {encryption: aes256gcn16, dh_group: modp2048}", "aes256gcn16", "unknown encryption 'aes256gcn16'",
            "did you mean 'aes256gcm16'?"),
    Mistake("a weak group is refused", "tunnels", "      - {encryption: aes256gcm16, dh_group: modp2048}",
            "      - {encryption: aes256gcm16, dh_group: modp1024}", "modp1024", "modp1024 is too weak"),
    Mistake("an AEAD cipher has no integrity", "tunnels", "      - {encryption: aes256gcm16, dh_group: modp2048}",
            "      - {encryption: aes256gcm16, integrity: sha256, dh_group: modp2048}", "aes256gcm16, integrity: sha256",
            "authenticates by itself"),
    Mistake("another cipher has one", "tunnels", "      - {encryption: aes256gcm16, dh_group: modp2048}",
            "      - {encryption: aes256, dh_group: modp2048}", "{encryption: aes256, dh_group", "needs an integrity algorithm"),
    Mistake("an identity is one word", "tunnels", "      inner: 10.255.200.0/31",
            "      inner: 10.255.200.0/31\n      edge1: {id: a b}", "id: a b", "'a b' is no identity"),
    Mistake("a tunnel has a key", "tunnels", "    psk: {env: PSK}\n", "", "ends: [edge1, edge2]", "has no pre-shared key"),
    Mistake("a tunnel is with somebody else", "tunnels", "[edge1, edge2]", "[edge2, edge2]", "[edge2, edge2]",
            "edge2 has a tunnel to itself"),
    Mistake("a tunnel protects something", "network", "ch: {prefixes: [10.4.0.0/16]}", "ch: {}", "ends: [edge1, edge2]",
            "site ch has no prefixes to protect", elsewhere="tunnels"),
    Mistake("a route-based tunnel has a key for its device", "tunnels", "      inner: 10.255.200.0/31", "      mode: route",
            "ends: [edge1, edge2]", "has neither a key nor an inner prefix"),
    # policies
    Mistake("a rule of a prefix list is one", "policy", "permit 2001:db8:8e20::/48", "permits 2001:db8:8e20::/48",
            "permits 2001", "is no rule of a prefix list"),
    Mistake("a rule matches something", "policy", "permit 2001:db8:8e20::/48", "permit 2001:db8:8e20::/48 ge 40",
            "ge 40", "matches nothing"),
    Mistake("a list has one family", "policy", "- permit 2001:db8:8e20::/48", "- permit 2001:db8:8e20::/48\n      - permit 10.0.0.0/8",
            "RB-OWN:\n", "mixes IPv4 and IPv6"),
    Mistake("an entry permits or denies", "policy", "- permit: all", "- {permit: all, deny: all}", "{permit: all, deny",
            "needs either permit or deny"),
    Mistake("RPKI is asked for before it is filtered by", "network", "hosts: edge", "hosts: []", "edge1:\n",
            "edge1 filters by RPKI and asks no cache", elsewhere="hosts"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.promise)
def test_refused_where_it_stands(project: Project, mistake: Mistake) -> None:
    project.change(mistake.file, mistake.old, mistake.new)
    file = mistake.elsewhere or mistake.file
    line = project.line(file, mistake.at)
    found = [p for p in project.problems() if mistake.says in p.message and mistake.fix in p.fix]
    told = "\n".join(map(str, project.problems()))
    assert [(p.mark.file, p.mark.line) for p in found] == [(f"inventory/{file}.yaml", line)], told
