"""Leaks and hijacks, one mistake at a time: `check` refuses each where it stands and says how to mend it.

What looks like one and is right passes: the second table.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from routebook.intent.problem import Problem
from tests.networks.example import CHECKOUT
from tests.networks.project import Project, pfsense_project

Change = tuple[str, str, str]


class Refused(NamedTuple):
    """Changes of a network's files, and the error that they make: in which file, at which text, saying what."""

    changes: Sequence[Change]
    file: str
    line: str  # a text that occurs once, on the line that is named
    says: str


@pytest.fixture
def example(tmp_path: Path) -> Project:
    """The example network."""
    shutil.copytree(CHECKOUT / "inventory", tmp_path / "inventory")
    return _Here(tmp_path)


class _Here(Project):
    """A project whose files are there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


OWN_LIST = "    RB-OWN-V6:\n      - permit 2001:db8:8e20::/48\n"
OUT_ENTRY = "    RB-EXTERNAL-OUT:\n      - permit: {prefix_list: RB-OWN-V6}\n"
LIST_OUT = ("bgp", "    prefix_list_out: RB-OWN-V6\n", "")
NO_LIMIT = ("bgp", "    max_sent: 1\n", "")
OTHERS = "    RB-EXTERNAL-IN-V6:\n      - deny 2001:db8:8e20::/48 le 128\n      - permit 2000::/3 ge 16 le 48\n"
DRAIN = "  graceful_shutdown: []"
LINE = "RB-EXTERNAL-OUT:"


def own(*rules: str) -> Change:
    """The list of what is ours has these rules."""
    return "policy", OWN_LIST, "    RB-OWN-V6:\n" + "".join(f"      - {rule}\n" for rule in rules)


def out(*entries: str) -> Change:
    """The map to other networks has these entries."""
    return "policy", OUT_ENTRY, "    RB-EXTERNAL-OUT:\n" + "".join(f"      - {entry}\n" for entry in entries)


def taken(*rules: str) -> Change:
    """The list of what other networks may send has these rules."""
    return "policy", OTHERS, "    RB-EXTERNAL-IN-V6:\n" + "".join(f"      - {rule}\n" for rule in rules)


def redistributed(words: str) -> Change:
    """Edges redistribute as well."""
    return "bgp", DRAIN, f"  redistribute:\n    - {{hosts: edge, {words}}}\n{DRAIN}"


def originated(prefix: str, hosts: str = "edge") -> Change:
    """Hosts originate one prefix more."""
    return "bgp", DRAIN, f'    - {{hosts: {hosts}, prefixes: ["{prefix}"]}}\n{DRAIN}'


PATHS = ("policy", "  route_maps:\n", '  as_path_lists:\n    RB-ANY-PATH: ["permit .*"]\n  route_maps:\n')
CUSTOMER = "    asn: 64496\n    relation: provider"
STRANGERS = ("bgp", 'edge, prefixes: ["2001:db8:8e20', 'edge, prefixes: ["2001:db8:8e21')
OWN_RULE = "permit 2001:db8:8e20::/48"

REFUSED: dict[str, Refused] = {
    # What would be announced
    "a stranger's prefix everywhere": Refused(
        [STRANGERS, own("permit 2001:db8:8e21::/48")],
        "bgp", "2001:db8:8e21::/48", "2001:db8:8e21::/48 is not this network's"),
    "a stranger's prefix in the list alone": Refused(
        [own("permit 2001:db8:8e21::/48")], "policy", LINE, "lets 2001:db8:8e21::/48 leave"),
    "a stranger's prefix beside the own": Refused(
        [own(OWN_RULE, "permit 2001:db8:8e2::/48")], "policy", LINE, "lets 2001:db8:8e2::/48 leave"),
    "a stranger's prefix is originated": Refused(
        [originated("2001:db8:8e30::/48")], "bgp", "8e30", "2001:db8:8e30::/48 is not this network's"),
    "the own prefix with a digit too few": Refused(
        [own("permit 2001:db8:8e20::/47")], "policy", LINE, "lets 2001:db8:8e20::/47 leave"),
    "everything, with nothing that counts": Refused(
        [out("permit: all"), LIST_OUT, NO_LIMIT], "policy", LINE, "lets everything leave"),
    "everything, after the own": Refused(
        [out("permit: {prefix_list: RB-OWN-V6}", "permit: all"), LIST_OUT], "policy", LINE, "lets everything leave"),
    "everything but what is invalid": Refused(
        [out("deny: {rpki: invalid}", "permit: all"), LIST_OUT], "policy", LINE, "lets everything leave"),
    "everything but a part": Refused(
        [out("deny: {prefix_list: RB-NL-PODS}", "permit: all"), LIST_OUT], "policy", LINE, "lets everything leave"),
    "what has a community that nobody sets": Refused(
        [out("permit: {community: RB-GRACEFUL-SHUTDOWN}"), LIST_OUT], "policy", LINE, "lets everything leave"),
    "what providers' maps mark": Refused(
        [out("permit: {community: RB-FROM}"), LIST_OUT,
         ("policy", "    RB-GRACEFUL-SHUTDOWN:", '    RB-FROM: ["65550:1:64496"]\n    RB-GRACEFUL-SHUTDOWN:')],
        "policy", LINE, "lets everything leave"),
    "any in the own list": Refused([own("permit any6")], "policy", LINE, "lets everything leave"),
    "any beside the own": Refused([own(OWN_RULE, "permit ::/0 le 48")], "policy", LINE, "lets ::/0 of /0 to /48 leave"),
    "the default route": Refused([own(OWN_RULE, "permit ::/0")], "policy", LINE, "lets the default route leave"),
    "global unicast": Refused([own("permit 2000::/3 le 48")], "policy", LINE, "lets 2000::/3 of /3 to /48 leave"),
    "unique local addresses": Refused([own(OWN_RULE, "permit fc00::/7 le 48")], "policy", LINE, "lets fc00::/7 of"),
    "link-local addresses": Refused([own(OWN_RULE, "permit fe80::/10")], "policy", LINE, "lets fe80::/10 leave"),
    "an upstream's link": Refused(
        [own(OWN_RULE, "permit 2001:db8:f001::/64")], "policy", LINE, "lets 2001:db8:f001::/64 leave"),
    "parts of the own that others do not accept": Refused(
        [own("permit 2001:db8:8e20::/48 le 128")], "policy", LINE, "longer than others accept"),
    "a denial that comes too late": Refused(
        [own("permit ::/0 le 48", "deny ::/0 le 47")], "policy", LINE, "lets ::/0 of /0 to /48 leave"),
    "sites' prefixes of IPv4 to a provider": Refused(
        [("bgp", "    - ends: [no-edge1, transit-no]\n", "    - ends: [no-edge1, transit-no]\n"
          "      families: [ipv4-unicast, ipv6-unicast]\n      prefix_list_in: {ipv6-unicast: RB-EXTERNAL-IN-V6}\n"
          "      prefix_list_out: {ipv6-unicast: RB-OWN-V6, ipv4-unicast: RB-SITES}\n"
          "      export: {ipv6-unicast: RB-EXTERNAL-OUT, ipv4-unicast: RB-SITES-OUT}\n")],
        "policy", "    RB-SITES-OUT:", "lets 10.1.0.0/16 leave to no-edge1--transit-no"),
    "no export filter at all": Refused(
        [("bgp", "    prefix_list_out: RB-OWN-V6\n    export: RB-EXTERNAL-OUT\n", "")],
        "bgp", "ends: [no-edge1, transit-no]", "no policy out"),
    "a policy on a family that is not carried": Refused(
        [("bgp", "    prefix_list_out: RB-OWN-V6\n", "    prefix_list_out: {ipv4-unicast: RB-OWN-V6}\n")],
        "bgp", "prefix_list_out: {ipv4-unicast", "does not carry ipv4-unicast"),
    "a provider with a private AS is one all the same": Refused(
        [("network", "asn: 64496", "asn: 64513"), out("permit: all"), LIST_OUT],
        "policy", LINE, "lets everything leave to no-edge1--transit-no"),
    "a provider that is called internal": Refused(
        [("network", "asn: 64496", "asn: 64496\n    internal: true")], "network",
        "internal: true\n    relation: provider", "is internal and a provider"),
    "a stranger that is called internal": Refused(
        [("network", CUSTOMER, "    asn: 64496\n    internal: true")], "network",
        "internal: true", "no speaker of ours"),
    "a provider that is called a customer": Refused(
        [("network", CUSTOMER, "    asn: 64496\n    relation: customer")], "network", "relation: customer",
        "it is not said what is its own"),
    "a customer who owns the internet": Refused(
        [("network", CUSTOMER, '    asn: 64496\n    relation: customer\n    prefixes: ["2000::/3"]')],
        "network", '"2000::/3"', "is no customer's address space"),
    "a customer who owns us": Refused(
        [("network", CUSTOMER, '    asn: 64496\n    relation: customer\n    prefixes: ["2001:db8::/32"]')],
        "network", '"2001:db8::/32"', "has our own 2001:db8:8e20::/48 in it"),
    "another AS is prepended": Refused(
        [out("permit: {prefix_list: RB-OWN-V6}\n        set: {prepend: [64497, 64497]}")],
        "policy", LINE, "prepends AS 64497, which is somebody else's"),
    # What the own address space is
    "the own space is the internet": Refused(
        [("network", 'prefixes: ["2001:db8:8e20::/48"]', 'prefixes: ["::/0"]')], "network", '"::/0"',
        "more than one network's address space"),
    "the own space is private": Refused(
        [("network", 'prefixes: ["2001:db8:8e20::/48"]', 'prefixes: ["2001:db8:8e20::/48", 10.0.0.0/8]')],
        "network", "10.0.0.0/8", "is nobody's on the internet"),
    "the own space is typed wrong everywhere": Refused(
        [("network", 'prefixes: ["2001:db8:8e20::/48"]', 'prefixes: ["2001:db8:8e21::/48"]'),
         STRANGERS, own("permit 2001:db8:8e21::/48"),
         taken("deny 2001:db8:8e21::/48 le 128", "permit 2000::/3 ge 16 le 48")],
        "network", 'prefixes: ["2001:db8:8e21', "nothing of ours is in 2001:db8:8e21::/48"),
    "the own prefix is denied by mistake": Refused(
        [own("deny 2001:db8:8e20::/48", "permit 2001:db8:8e20:ffff::/64")], "policy", LINE, "gone everywhere"),
    "the map denies the own": Refused([out("deny: {prefix_list: RB-OWN-V6}")], "policy", LINE, "gone everywhere"),
    "the own list lost its own": Refused([own("permit 2001:db8:8e20:ffff::/64")], "policy", LINE, "gone everywhere"),
    # Routes of another origin
    "connected without a filter": Refused(
        [redistributed("from: connected")], "bgp", "from: connected",
        "redistributes connected routes without a route map"),
    "static without a filter": Refused(
        [redistributed("from: static")], "bgp", "from: static", "redistributes static routes without a route map"),
    "connected by a map that takes any": Refused(
        [redistributed("from: connected, route_map: RB-SECOND-IN")], "bgp", "from: connected", "which takes any"),
    "kernel": Refused(
        [redistributed("from: kernel")], "bgp", "from: kernel", "redistributes kernel routes without a route map"),
    "ospf": Refused(
        [redistributed("from: ospf")], "bgp", "from: ospf", "redistributes ospf routes without a route map"),
    "the default route is originated": Refused(
        [originated("::/0")], "bgp", '"::/0"', "the default route, which nobody originates"),
    "default-originate": Refused(
        [("bgp", "no-edge1: {import: RB-T", "no-edge1: {default_originate: true, import: RB-T")], "network",
        "  transit-no:\n", "lets the default route, by default_originate, leave to no-edge1--transit-no"),
    "an aggregate": Refused(
        [("bgp", DRAIN, f'  aggregates: [{{hosts: edge, prefixes: ["2001:db8::/32"]}}]\n{DRAIN}')], "bgp",
        "2001:db8::/32", "2001:db8::/32 is not this network's"),
    "continue": Refused(
        [LIST_OUT, NO_LIMIT, out("permit: all\n        continue: 20", "deny: {as_path: RB-ANY-PATH}"), PATHS],
        "policy", LINE, "lets everything leave"),
    "an AS path that matches any": Refused(
        [LIST_OUT, NO_LIMIT, out("permit: {as_path: RB-ANY-PATH}"), PATHS], "policy", LINE, "lets everything leave"),
    "a permit without a condition": Refused([out("permit: {}")], "policy", "permit: {}", "says no condition"),
    # What would be taken
    "nothing filters what comes in": Refused(
        [("bgp", "    prefix_list_in: RB-EXTERNAL-IN-V6\n", "")], "policy", "    RB-IXP-IN:",
        "takes our own 2001:db8:8e20"),
    "our own prefix comes back": Refused(
        [taken("permit 2000::/3 ge 16 le 48")], "policy", "RB-EXTERNAL-IN-V6:", "takes our own 2001:db8:8e20"),
    "parts of our own come back": Refused(
        [taken("deny 2001:db8:8e20::/48", "permit 2000::/3 ge 16 le 64")], "policy", "RB-EXTERNAL-IN-V6:",
        "takes our own 2001:db8:8e20"),
    "a route server is believed a default route": Refused(
        [taken("deny 2001:db8:8e20::/48 le 128", "permit ::/0 le 48")], "policy", "RB-EXTERNAL-IN-V6:",
        "takes the default route from ixp-rs1"),
    "a cluster is believed a default route": Refused(
        [("policy", "permit 10.1.0.0/16 ge 24 le 32", "permit any4")], "policy", "RB-NL-PODS:",
        "takes the default route from nl-k8s1, nl-k8s2 of the cluster nl-k8s"),
    "a cluster is believed another site": Refused(
        [("policy", "permit 10.1.0.0/16 ge 24 le 32", "permit 10.0.0.0/8 ge 16 le 32")], "policy", "RB-NL-PODS:",
        "of the cluster nl-k8s"),
    # Everything at once
    "every edge is drained": Refused(
        [("bgp", "graceful_shutdown: []", "graceful_shutdown: [edge]")], "bgp", "graceful_shutdown:",
        "being drained (ch-edge1, ch-edge2, no-edge1, no-edge2)"),
    "every edge is drained, by name": Refused(
        [("bgp", "graceful_shutdown: []", "graceful_shutdown: [\"no\", ch-edge1, ch-edge2]")], "bgp",
        "graceful_shutdown:", "is being drained"),
    "every session with others is shut down": Refused(
        [("bgp", "    min_sent: 1\n", "    min_sent: 1\n    shutdown: true\n"),
         ("bgp", "    - mesh: home-fw1 x home-k8s\n", "    - mesh: home-fw1 x home-k8s\n      shutdown: false\n")],
        "bgp", "what both ends need of each other follows from there.\nbgp:",
        "every session with another network is shut down"),
    # Sites
    "a site's prefix": Refused(
        [("network", "prefixes: [10.3.0.0/16", "prefixes: [10.33.0.0/16")], "network", "10.33.0.0/16",
        "no host of site no has an address in 10.33.0.0/16, and no-edge1 has 10.3.0.1 on its LAN"),
    "a firewall's site's prefix": Refused(
        [("network", "prefixes: [10.2.0.0/16", "prefixes: [10.12.0.0/16")], "network", "10.12.0.0/16",
        "no host of site gr has an address in 10.12.0.0/16, and gr-fw1 has 10.2.0.1 on its LAN"),
    "a site's loopbacks": Refused(
        [("network", "10.255.4.0/24", "10.255.44.0/24")], "network", "10.255.44.0/24", "ch-edge1 has 10.255.4.1 on lo"),
    "a site's IPv6 prefix": Refused(
        [("network", "8e20:400::/56", "8e20:4000::/56")], "network", "8e20:4000::/56",
        "no host of site ch has an address"),
    "a host's address": Refused(
        [("hosts", "10.3.0.2/24", "10.33.0.2/24")], "hosts", "lan0: {link: no-lan, addresses: [10.33.0.2/24",
        "no-edge2 has 10.33.0.2 on lan0, in no prefix of its site no"),
    "what a site originates": Refused(
        [("bgp", '"no", prefixes: [10.3.0.0/16', '"no", prefixes: [10.33.0.0/16')], "bgp", "10.33.0.0/16",
        "10.33.0.0/16 is originated, where nothing of ours is, and not 10.3.0.0/16"),
    "what is sent of a site": Refused(
        [("policy", "permit 10.4.0.0/16", "permit 10.44.0.0/16")], "policy", "10.44.0.0/16",
        "permits 10.44.0.0/16, where nothing of ours is, and not 10.4.0.0/16"),
    "another site's prefix": Refused(
        [("bgp", '"no", prefixes: [10.3.0.0/16', '"no", prefixes: [10.2.0.0/16')], "bgp",
        '"no", prefixes: [10.2.0.0/16',
        "10.2.0.0/16 is of site gr, which originates it, and no-edge1 is at no"),
    # Kubernetes
    "a node's AS, of three": Refused(
        [("network", "  home-k8s2:\n    asn: 64512", "  home-k8s2:\n    asn: 64521")], "network",
        "home-k8s2:\n    asn: 64521",
        "home-k8s2 has AS 64521, and 2 of the nodes of its cluster home-k8s have AS 64512"),
    "a node's AS, of two": Refused(
        [("network", "  gr-k8s2:\n    asn: 64521", "  gr-k8s2:\n    asn: 64512")], "network",
        "gr-k8s2:\n    asn: 64512",
        "gr-k8s2 has AS 64512, and gr-k8s1 of the same cluster gr-k8s has AS 64521"),
}  # fmt: skip


@pytest.mark.parametrize("scenario", REFUSED)
def test_it_is_refused_where_it_stands(example: Project, scenario: str) -> None:
    changes, file, line, says = REFUSED[scenario]
    for change in changes:
        example.change(*change)
    problems = example.problems()
    found = [
        p for p in problems if says in p.message and p.severity == "error" and p.mark.file.endswith(f"{file}.yaml")
    ]
    assert found, _listed(problems)
    assert example.line(file, line) in [p.mark.line for p in found], _listed(problems)
    assert all(p.fix or "unknown key" in p.message or "not '" in p.message for p in found), _listed(problems)


def test_a_node_in_another_as_is_all_that_is_said(example: Project) -> None:
    example.change("network", "  home-k8s1:\n    asn: 64512", "  home-k8s1:\n    asn: 64513")
    assert [p.message for p in example.problems()] == [
        "home-k8s1 has AS 64513, and 2 of the nodes of its cluster home-k8s have AS 64512"
    ]


RIGHT: dict[str, list[Change]] = {
    "the example": [],
    "the own as a whole and in parts that others accept": [
        ("network", 'prefixes: ["2001:db8:8e20::/48"]', 'prefixes: ["2001:db8:8e20::/47"]'),
        own("permit 2001:db8:8e20::/47 le 48"),
        taken("deny 2001:db8:8e20::/47 le 128", "permit 2000::/3 ge 16 le 48"),
    ],
    "the own alone after a denial": [own("deny 2001:db8:8e20:ffff::/64", OWN_RULE)],
    "the own AS is prepended": [out("permit: {prefix_list: RB-OWN-V6}\n        set: {prepend: [65550, 65550]}")],
    "a provider's default route": [
        ("bgp", "no-edge1: {import", "no-edge1: {prefix_list_in: RB-DEFAULT, import"),
        ("policy", "    RB-NL-PODS:\n", "    RB-DEFAULT:\n      - permit ::/0\n    RB-NL-PODS:\n"),
    ],
    "a customer's prefixes": [
        ("network", CUSTOMER, '    asn: 64496\n    relation: customer\n    prefixes: ["2001:db8:1000::/36"]'),
        ("bgp", "no-edge1: {import", "no-edge1: {prefix_list_in: RB-CUSTOMER, import"),
        ("bgp", "no-edge2: {import", "no-edge2: {prefix_list_in: RB-CUSTOMER, import"),
        ("policy", "    RB-NL-PODS:\n", "    RB-CUSTOMER:\n      - permit 2001:db8:1000::/36 le 48\n    RB-NL-PODS:\n"),
        own(OWN_RULE, "permit 2001:db8:1000::/36 le 48"),
        ("bgp", "    max_sent: 1\n", ""),
    ],
    "one edge of each site is drained": [("bgp", "graceful_shutdown: []", "graceful_shutdown: [no-edge1, ch-edge1]")],
    "a session is shut down": [("bgp", "no-edge1: {import", "no-edge1: {shutdown: true, import")],
    "connected, by a list of the own": [
        redistributed("from: connected, families: [ipv6-unicast], route_map: RB-EXTERNAL-OUT"),
    ],
    "connected at a firewall": [("bgp", DRAIN, f"  redistribute:\n    - {{hosts: nl-fw1, from: connected}}\n{DRAIN}")],
    "a private network behind a router of somebody's": [originated("172.20.0.0/16", "nl-fw1")],
    "a site's part at that site": [originated("10.3.64.0/18", '"no"')],
    "a cluster's own addresses outside of the site": [
        ("policy", "      - permit 10.1.0.0/16 ge 24 le 32\n",
         "      - permit 10.1.0.0/16 ge 24 le 32\n      - permit 10.244.0.0/16 ge 24 le 24\n"),
    ],
    "a site's users behind another router": [
        ("network", "nl: {prefixes: [10.1.0.0/16,", "nl: {prefixes: [10.1.0.0/16, 172.16.0.0/20,"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("scenario", RIGHT)
def test_what_is_right_passes_without_a_word(example: Project, scenario: str) -> None:
    for change in RIGHT[scenario]:
        example.change(*change)
    assert example.problems() == ()


def test_a_leak_that_somebody_accepted_is_a_warning_and_another_one_is_refused(example: Project) -> None:
    example.change(*own(OWN_RULE, "permit 2001:db8:f001::/64"))
    example.change("bgp", "    max_sent: 1\n", '    max_sent: 2\n    accepted_leaks: ["2001:db8:f001::/64"]\n')
    assert [(p.severity, "accepted_leaks accepts" in p.message) for p in example.problems()] == [("warning", True)]
    example.change("policy", "permit 2001:db8:f001::/64", "permit 2001:db8:f000::/36")
    assert [p.severity for p in example.problems() if "lets 2001:db8:f000::/36 leave" in p.message] == ["error"]


@pytest.mark.parametrize(
    ("accepts", "leaves", "severity"),
    [
        ("2001:db8:f000::/36", "2001:db8:f001::/64", "error"),
        ("2001:db8:f000::/36 le 64", "2001:db8:f001::/64", "warning"),
        ("2001:db8:f000::/36 le 64", "2001:db8:f001::/64 le 128", "error"),
        ("2001:db8:f000::/36 ge 40 le 48", "2001:db8:f000::/36 ge 40 le 44", "warning"),
        ("::/0", "2001:db8:f001::/64", "error"),
        ("::/0 le 128", "2001:db8:f001::/64", "warning"),
    ],
)
def test_what_is_accepted_is_that_very_prefix_unless_lengths_are_said(
    example: Project, accepts: str, leaves: str, severity: str
) -> None:
    example.change(*own(OWN_RULE, f"permit {leaves}"))
    example.change("bgp", "    max_sent: 1\n", f'    max_sent: 2\n    accepted_leaks: ["{accepts}"]\n')
    assert [p.severity for p in example.problems() if " leave to " in p.message] == [severity]


@pytest.mark.parametrize("wrong", ["2001:db8::/32 le 24", "2001:db8::/32 above", "2001:db8::1/32"])
def test_accepted_leaks_that_mean_nothing_are_refused(example: Project, wrong: str) -> None:
    example.change("bgp", "    max_sent: 1\n", f'    max_sent: 2\n    accepted_leaks: ["{wrong}"]\n')
    assert any("accepted_leaks" in str(each) for each in example.problems())


def test_customers_communities_count_where_nobody_else_can_send_them(tmp_path: Path) -> None:
    network = Project(tmp_path)
    network.use("every_relation")
    network.change("policy", "    RB-OUT:\n", "    RB-OUT:\n      - permit: {community: RB-CLIENTS}\n")
    network.change("bgp", "    prefix_list_out: RB-OWN\n", "")
    assert network.problems() == ()
    network.change("policy", "      - deny: {community: RB-CLIENTS}\n", "")
    (found,) = network.problems()
    assert found.severity == "error"
    assert "others than customers may send it" in found.message


def test_a_daemon_without_filters_does_not_face_a_provider(tmp_path: Path) -> None:
    network = pfsense_project(Project(tmp_path), "openbgpd")
    network.change("network", "peers:\n", "peers:\n  isp:\n    asn: 64500\n    relation: provider\n    interfaces:\n"
                   "      eth0: {link: internet, addresses: [198.51.100.200/24]}\n")  # fmt: skip
    network.change("bgp", "  sessions:\n", "  sessions:\n    - ends: [home-fw1, isp]\n      home-fw1: {import: none, "
                   "export: none, prefix_list_in: none, prefix_list_out: none}\n")  # fmt: skip
    assert any("lets everything leave to home-fw1--isp" in p.message for p in network.problems()), _listed(
        network.problems()
    )


def _listed(problems: Sequence[Problem]) -> str:
    return "\n".join(map(str, problems))
