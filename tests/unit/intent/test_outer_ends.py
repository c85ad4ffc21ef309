"""Where an end of a tunnel may be: somebody else's, behind NAT, by name or anywhere, and which hosts can have that."""

import xml.etree.ElementTree as ET

import pytest

from routebook.checks.findings import Finding
from routebook.device.values import State
from routebook.intent.model import Tunnel
from routebook.platforms.strongswan.tree import MAIN, Section, build
from routebook.project.render import Placeholders, render_host
from tests.networks.example import CHECKOUT
from tests.networks.observed import check_tunnels, ike_of
from tests.networks.project import Project, asa_project, pfsense_project

HERE = "    - ends: [edge1, edge2]\n"
OUTSIDE = """\
    - ends: [edge1, office]
      edge1: {selectors: [10.3.0.0/16]}
      office: {address: PLACE, id: office.example.net, selectors: [192.0.2.0/24]}
"""


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


def outside(project: Project, place: str) -> Project:
    project.change("network", "peers:\n", "peers:\n  office: {}\n")
    project.change("tunnels", HERE, OUTSIDE.replace("PLACE", place) + HERE)
    return project


def tunnel(project: Project, host: str, peer: str) -> Tunnel:
    return next(each for each in project.load().hosts[host].tunnels if each.peer == peer)


def connection(project: Project, host: str, name: str) -> Section:
    sections = render_host(project.load().hosts[host], CHECKOUT / "templates", Placeholders(), ("connections",))
    return build({MAIN: sections.sections[0].text}).connections[name]


def errors(project: Project) -> str:
    return "\n".join(map(str, project.problems()))


@pytest.mark.parametrize(
    ("place", "remote_addrs", "starts"),
    [
        ("203.0.113.77", "203.0.113.77", True),
        ("vpn.example.net", "vpn.example.net", True),
        ("[203.0.113.77, 203.0.113.80-203.0.113.90]", "203.0.113.77,203.0.113.80-203.0.113.90", True),
        ("[203.0.113.0/24]", "203.0.113.0/24", False),
        ("any", None, False),
    ],
)
def test_a_tunnel_ends_at_somebody_who_has_no_session(
    project: Project, place: str, remote_addrs: str | None, starts: bool
) -> None:
    found = connection(outside(project, place), "edge1", "edge1--office")
    assert (found.get("remote_addrs"), found["remote"]["id"]) == (remote_addrs, "office.example.net")
    assert tunnel(project, "edge1", "office").initiator is starts
    assert project.load().peers["office"].asn is None


def test_who_has_a_session_needs_a_number(project: Project) -> None:
    project.change("network", "    asn: 64496\n", "")
    assert "the peer upstream has no AS number, and a session" in errors(project)
    project.change("network", "  upstream:\n", "  upstream:\n    relation: provider\n")
    assert "the peer upstream has no AS number, and what only a speaker has; write asn: …" in errors(project)


def test_the_end_that_knows_where_the_other_one_is_starts(project: Project) -> None:
    project.change("tunnels", HERE, HERE + "      edge2: {address: any}\n")
    assert [tunnel(project, *ends).initiator for ends in (("edge1", "edge2"), ("edge2", "edge1"))] == [False, True]
    assert "local_addrs" not in connection(project, "edge2", "edge1--edge2")
    assert "remote_addrs" not in connection(project, "edge1", "edge1--edge2")
    assert connection(project, "edge2", "edge1--edge2")["remote_addrs"] == "198.51.100.1"
    project.change("tunnels", "{address: any}", "{address: any}\n      edge1: {address: any}")
    assert "neither of its ends knows an address or a name of the other, so neither can begin" in errors(project)


def test_behind_nat_each_end_has_its_own_address_and_the_other_what_it_sees(project: Project) -> None:
    project.change("tunnels", HERE, HERE + "      edge2: {seen_as: [203.0.113.9, edge2.example.net]}\n")
    assert connection(project, "edge2", "edge1--edge2")["local_addrs"] == "198.51.100.2"
    assert connection(project, "edge1", "edge1--edge2")["remote_addrs"] == "203.0.113.9,edge2.example.net"


@pytest.mark.parametrize(
    "place", ["192.0.2.1O", "203.0.113.0/33", "192.0.2.9-192.0.2.1", "[any, 192.0.2.1]", "[]", "x"]
)
def test_what_is_no_place(project: Project, place: str) -> None:
    assert "tunnels.yaml:13" in errors(outside(project, place))


def test_of_our_own_ends_an_address_is_one_of_its_interfaces(project: Project) -> None:
    project.change("tunnels", HERE, HERE + "      edge2: {address: 203.0.113.9}\n")
    assert "edge2 has no 203.0.113.9" in errors(project)


def test_somebody_else_s_end_is_seen_from_ours_alone_and_that_is_said(project: Project) -> None:
    outside(project, "203.0.113.77")
    wanted = {"edge1": project.load().hosts["edge1"]}
    state = State(bgp=(), ike=tuple(map(ike_of, wanted["edge1"].tunnels)))
    found: list[Finding] = check_tunnels({"edge1": state}, wanted=wanted)
    [ike] = [each for each in found if (each.check, each.subject) == ("tunnel.ike", "edge1--office")]
    assert ike.evidence[-1] == "edge1: office is not ours: seen from this end alone"


def test_a_firewall_that_knows_ends_by_address_takes_no_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = asa_project(Project(tmp_path_factory.mktemp("asa")))
    project.change("tunnels", "    - ends: [fw1, edge1]\n", "    - ends: [fw1, edge1]\n      edge1: {address: any}\n")
    said = errors(project)
    assert "fw1 is an ASA, where Routebook makes tunnels between two addresses alone" in said
    assert "edge1 has no one address" in said


@pytest.mark.parametrize(
    ("place", "gateway"), [("any", "0.0.0.0"), ("edge2.example.net", "edge2.example.net"), ("[203.0.113.0/24]", "")]
)
def test_a_pfsense_takes_a_name_or_anybody(tmp_path_factory: pytest.TempPathFactory, place: str, gateway: str) -> None:
    project = pfsense_project(Project(tmp_path_factory.mktemp("home")))
    project.change(
        "tunnels",
        "    - ends: [edge2, home-fw1]\n",
        f"    - ends: [edge2, home-fw1]\n      edge2: {{seen_as: {place}}}\n",
    )
    if not gateway:
        assert "home-fw1 is a pfSense and takes one address or one name for the other end, or any" in errors(project)
        return
    [section] = render_host(
        project.load().hosts["home-fw1"], CHECKOUT / "templates", Placeholders(), ["ipsec"]
    ).sections
    phase1 = next(each for each in ET.fromstring(section.text) if each.findtext("descr") == "RB edge2--home-fw1")  # noqa: S314
    assert (phase1.findtext("remote-gateway"), phase1.findtext("startaction")) == (gateway, "none")


def test_a_pfsense_has_no_tunnel_interface_to_anybody(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = pfsense_project(Project(tmp_path_factory.mktemp("home")))
    route = "    - ends: [home-fw1, edge1]\n"
    project.change("tunnels", route, route + "      edge1: {address: any}\n")
    assert "has no tunnel interface to an end that may be anywhere" in errors(project)
    project.change("tunnels", "edge1: {address: any}", "home-fw1: {address: any}")
    assert "ends a tunnel at an interface, which its address tells; write the address that it has now" in errors(
        project
    )


@pytest.mark.parametrize(
    ("host", "prefix", "said"),
    [
        ("fw1", "10.1.0.0/16", "tunnel-group 203.0.113.77 type ipsec-l2l"),
        ("home-fw1", "192.168.1.0/24", "<remote-gateway>203.0.113.77</remote-gateway>"),
    ],
)
def test_a_firewall_has_a_tunnel_to_somebody_else_as_to_one_of_ours(
    tmp_path_factory: pytest.TempPathFactory, host: str, prefix: str, said: str
) -> None:
    make = asa_project if host == "fw1" else pfsense_project
    project = make(Project(tmp_path_factory.mktemp("firewall")))
    project.change("network", "peers:\n", "peers:\n  office: {}\n")
    entry = OUTSIDE.replace("edge1", host).replace("PLACE", "203.0.113.77").replace("10.3.0.0/16", prefix)
    project.change("tunnels", "  list:\n", "  list:\n" + entry.replace(" id: office.example.net,", ""))
    sections = render_host(project.load().hosts[host], CHECKOUT / "templates", Placeholders()).sections
    assert said in "\n".join(section.text for section in sections)
