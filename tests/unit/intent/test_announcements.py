"""What would leave the network and is not its own is refused where it is let out; what is right passes in silence."""

from ipaddress import ip_network
from typing import Literal

import pytest

from routebook.intent.filters import Region, regions
from routebook.intent.model import PrefixList, PrefixRule
from tests.networks.project import Project

OUT = "    RB-OUT:\n      - permit: {prefix_list: RB-OWN}\n"
LIST_OUT = "    prefix_list_out: RB-OWN\n"


@pytest.fixture
def leaks(project: Project) -> Project:
    """A network with each kind of neighbor."""
    project.use("every_relation")
    return project


def test_a_network_that_announces_its_own_alone_has_no_problem(leaks: Project) -> None:
    assert leaks.problems() == ()


def exports(entry: str) -> list[tuple[str, str, str]]:
    """The map to outsiders is this, and nothing else filters."""
    return [("policy", OUT, f"    RB-OUT:\n{entry}"), ("bgp", LIST_OUT, "")]


def listed(*rules: str) -> list[tuple[str, str, str]]:
    """The list of what outsiders hear is this."""
    old = "    RB-OWN:\n      - permit 2001:db8:8e20::/48\n      - permit 2001:db8:c000::/48\n"
    return [("policy", old, "    RB-OWN:\n" + "".join(f"      - {rule}\n" for rule in rules))]


OWN = "permit 2001:db8:8e20::/48"
LEAKS = {
    "everything, by a map without a list": (exports("      - permit: all\n"), "everything"),
    "everything, after the own": (
        exports("      - permit: {prefix_list: RB-OWN}\n      - permit: all\n"), "everything",
    ),
    "everything, after a denial of a part": (
        exports("      - deny: {prefix_list: RB-CLIENT}\n      - permit: all\n"), "everything",
    ),
    "what is not invalid": (exports("      - deny: {rpki: invalid}\n      - permit: all\n"), "everything"),
    "what is valid": (exports("      - permit: {rpki: valid}\n"), "everything"),
    "what was learned, by its community": (exports("      - permit: {community: RB-LEARNED}\n"), "everything"),
    "all by a list in the map": (exports("      - permit: {prefix_list: RB-ANY}\n"), "everything"),
    "any in the own list": (listed("permit any6"), "everything"),
    "any beside the own": (listed(OWN, "permit ::/0 le 48"), "::/0 of /0 to /48"),
    "the default route": (listed(OWN, "permit ::/0"), "the default route"),
    "a stranger's prefix in the list": (listed("permit 2001:db8:8e21::/48"), "2001:db8:8e21::/48"),
    "a stranger's beside the own": (listed(OWN, "permit 2001:db8:8e2f::/48"), "2001:db8:8e2f::/48"),
    "an own prefix that lost digits": (listed("permit 2001:db8:8e00::/40"), "2001:db8:8e00::/40"),
    "the own prefix with too short a length": (listed("permit 2001:db8:8e20::/47"), "2001:db8:8e20::/47"),
    "what is around the own": (listed("permit 2001:db8::/32 le 48"), "2001:db8::/32 of /32 to /48"),
    "global unicast as a whole": (listed("permit 2000::/3 ge 16 le 48"), "2000::/3 of /16 to /48"),
    "a denial that comes too late": (listed("permit 2000::/3 le 48", "deny 2000::/3 le 48"), "2000::/3 of /3 to /48"),
    "unique local addresses": (listed(OWN, "permit fd00::/8 le 48"), "fd00::/8 of /8 to /48"),
    "an upstream's prefix": (listed(OWN, "permit 2001:db8:f001::/64"), "2001:db8:f001::/64"),
    "a customer's neighbor": (listed(OWN, "permit 2001:db8:c001::/48"), "2001:db8:c001::/48"),
}  # fmt: skip


@pytest.mark.parametrize("promise", LEAKS)
def test_a_leak_is_refused_with_the_sessions_that_it_leaves_by(leaks: Project, promise: str) -> None:
    changes, what = LEAKS[promise]
    for file, old, new in changes:
        leaks.change(file, old, new)
    found = [p for p in leaks.problems() if f"lets {what} leave to" in p.message]
    everything = "\n".join(map(str, leaks.problems()))
    assert [(p.severity, p.mark.file) for p in found] == [("error", "inventory/policy.yaml")], everything
    for session in ("edge1--upstream", "edge1--neighbor", "edge1--server"):
        assert session in found[0].message
    assert "client" not in found[0].message


@pytest.mark.parametrize(
    "family",
    ["permit 0.0.0.0/0", "permit any4", "permit 10.3.0.0/16", "permit 192.168.0.0/16", "permit 198.51.100.0/24"],
)
def test_a_leak_of_ipv4_is_refused(leaks: Project, family: str) -> None:
    leaks.change("policy", "    RB-CLIENT:\n", f"    RB-OWN-4:\n      - {family}\n    RB-CLIENT:\n")
    leaks.change("network", '"2001:db8:f001::1/64"', '"2001:db8:f001::1/64", 198.51.100.200/24')
    leaks.change(
        "network", '{link: transit, addresses: ["2001:db8:f001::1/64", 198', "{link: internet, addresses: [198"
    )
    leaks.change(
        "bgp",
        "    - ends: [edge1, upstream]\n",
        "    - ends: [edge1, upstream]\n      families: [ipv4-unicast]\n"
        "      edge1: {export: RB-ALL, prefix_list_out: RB-OWN-4}\n",
    )
    found = [p for p in leaks.problems() if "leave to edge1--upstream" in p.message and p.severity == "error"]
    assert len(found) == 1, leaks.problems()


MISTAKES = {
    "a stranger's prefix is originated": (
        "bgp", '["2001:db8:8e20::/48", 203', '["2001:db8:8e21::/48", 203', "2001:db8:8e21::/48 is not this network's",
    ),
    "a stranger's IPv4 is originated": ("bgp", "203.0.113.0/24, 10", "203.0.114.0/24, 10", "203.0.114.0/24 is not"),
    "more than the own is originated": ("bgp", "203.0.113.0/24, 10", "203.0.112.0/22, 10", "203.0.112.0/22 is not"),
    "the default route is originated": ("bgp", "203.0.113.0/24, 10", "0.0.0.0/0, 10", "is the default route"),
    "connected routes are redistributed at the edge": (
        "bgp", "{hosts: edge2, from: connected, route_map: RB-OUT}", "{hosts: edge1, from: connected}",
        "redistributes connected routes without a route map",
    ),
    "static routes are redistributed at the edge": (
        "bgp", "{hosts: edge2, from: connected, route_map: RB-OUT}", "{hosts: all, from: static}",
        "redistributes static routes without a route map",
    ),
    "a customer is believed everything": (
        "bgp", "prefix_list_in: RB-CLIENT, ", "prefix_list_in: none, ", "takes everything from the customer client",
    ),
    "a customer is believed another's prefix": (
        "policy", "    RB-CLIENT:\n      - permit 2001:db8:c000::/48\n",
        "    RB-CLIENT:\n      - permit 2001:db8:c001::/48\n", "takes 2001:db8:c001::/48 from the customer client",
    ),
    "a site's prefix is typed wrong": (
        "network", '"no": {prefixes: [10.3.0.0/16]}', '"no": {prefixes: [10.33.0.0/16]}',
        "no host of site no has an address in 10.33.0.0/16, and edge1 has 10.3.0.1 on its LAN",
    ),
}  # fmt: skip


@pytest.mark.parametrize("promise", MISTAKES)
def test_what_is_not_ours_to_say_is_refused(leaks: Project, promise: str) -> None:
    file, old, new, says = MISTAKES[promise]
    leaks.change(file, old, new)
    found = [p for p in leaks.problems() if says in p.message and p.severity == "error"]
    assert len(found) == 1, "\n".join(map(str, leaks.problems()))


def test_every_edge_at_once_is_not_drained(leaks: Project) -> None:
    second = "    - ends: [edge1, edge2]\n"
    leaks.change("network", "  server:\n", "  backup:\n    asn: 64500\n    relation: provider\n    interfaces:\n"
                 "      eth0: {link: internet, addresses: [198.51.100.200/24]}\n  server:\n")  # fmt: skip
    leaks.change("bgp", second, f"    - ends: [edge2, backup]\n      families: [ipv4-unicast]\n"
                 f"      edge2: {{export: RB-OUT, prefix_list_out: RB-FOUR}}\n{second}")  # fmt: skip
    leaks.change("policy", "    RB-CLIENT:\n", "    RB-FOUR:\n      - permit 203.0.113.0/24\n    RB-CLIENT:\n")
    for drained, wrong in (("[edge1]", 0), ("[edge2]", 0), ("edge", 1), ("all", 1)):
        text = leaks.text("bgp")
        leaks.write("bgp", text[: text.index("  graceful_shutdown:")] + f"  graceful_shutdown: {drained}\n")
        found = [p for p in leaks.problems() if "is being drained (edge1, edge2)" in p.message]
        assert [p.severity for p in found] == ["error"] * wrong, (drained, leaks.problems())


def test_the_only_edge_may_be_drained_with_a_warning(leaks: Project) -> None:
    leaks.change("bgp", "graceful_shutdown: []", "graceful_shutdown: [edge1]")
    assert [p.severity for p in leaks.problems() if "is being drained (edge1)" in p.message] == ["warning"]


def test_longer_prefixes_than_others_accept_are_told(leaks: Project) -> None:
    leaks.change("policy", "permit 2001:db8:8e20::/48", "permit 2001:db8:8e20::/48 le 64")
    assert [p.severity for p in leaks.problems() if "longer than others accept" in p.message] == ["warning"]
    leaks.change("policy", "permit 2001:db8:8e20::/48 le 64", "permit 2001:db8:8e20::/48 le 128")
    assert [p.severity for p in leaks.problems() if "longer than others accept" in p.message] == ["error"]


@pytest.mark.parametrize(
    "entry",
    [
        "      - permit: {community: RB-CLIENTS}\n      - permit: {prefix_list: RB-OWN}\n",
        "      - deny: {prefix_list: RB-ANY}\n      - permit: all\n",
        "      - deny: {rpki: invalid}\n      - permit: {prefix_list: RB-OWN}\n",
    ],
)
def test_what_leaks_nothing_passes(leaks: Project, entry: str) -> None:
    for file, old, new in exports(entry):
        leaks.change(file, old, new)
    assert leaks.problems() == ()


def test_without_a_declared_space_own_is_where_our_addresses_are(leaks: Project) -> None:
    leaks.change("network", '  prefixes: ["2001:db8:8e20::/48", 203.0.113.0/24]\n', "")
    leaks.change("bgp", "203.0.113.0/24, ", "")
    assert leaks.problems() == ()
    leaks.change("bgp", '["2001:db8:8e20::/48", 10', '["2001:db8:8e21::/48", 10')
    assert any("2001:db8:8e21::/48 is not this network's" in p.message for p in leaks.problems())


def test_a_private_as_and_a_speaker_of_ours_are_no_outsiders(leaks: Project) -> None:
    leaks.change("network", "asn: 64496\n    relation: provider", "asn: 64512")
    leaks.change(
        "bgp",
        "    - ends: [edge1, upstream]\n",
        "    - ends: [edge1, upstream]\n      edge1: {prefix_list_out: RB-ANY, export: RB-ALL}\n",
    )
    assert not [p for p in leaks.problems() if "leave to" in p.message]


def test_regions_of_a_list() -> None:
    def rule(
        seq: int, action: Literal["permit", "deny"], prefix: str, ge: int | None = None, le: int | None = None
    ) -> PrefixRule:
        return PrefixRule(seq=seq, action=action, prefix=ip_network(prefix), ge=ge, le=le)

    rules = (
        rule(5, "deny", "10.0.0.0/8", le=32),
        rule(10, "permit", "10.1.0.0/16"),
        rule(15, "permit", "192.0.2.0/24", ge=25),
    )
    found = regions(PrefixList(name="L", family="ipv4", rules=rules))
    assert [str(region) for region in found] == ["192.0.2.0/24 of /25 to /32"]
    everything = Region(rule(5, "permit", "0.0.0.0/0").prefix, 0, 32)
    assert found[0].common(everything) == everything.common(found[0]) == found[0]


@pytest.mark.parametrize("odd", [1, 3])
def test_the_nodes_of_a_cluster_have_one_as(leaks: Project, odd: int) -> None:
    nodes = "".join(
        f"  node{number}:\n    asn: {asn}\n    cilium: {{cluster: pods}}\n"
        f"    interfaces:\n      eth0: {{link: no-lan, addresses: [10.3.0.2{number}/24]}}\n"
        for number, asn in ((number, 64521 if number == odd else 64520) for number in (1, 2, 3))
    )
    leaks.change("network", "  upstream:\n", f"{nodes}  upstream:\n")
    (found,) = [p for p in leaks.problems() if "of its cluster" in p.message]
    assert found.message == f"node{odd} has AS 64521, and 2 of the nodes of its cluster pods have AS 64520"
    assert found.mark.line == leaks.line("network", "asn: 64521")
