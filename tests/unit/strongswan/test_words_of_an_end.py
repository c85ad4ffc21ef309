"""What an inventory says of a strongSwan's end of a tunnel: what is written for it, and what is refused."""

import pytest

from routebook.intent.model import Tunnel
from routebook.platforms.strongswan.tree import MAIN, Section, build, children
from routebook.project.render import Placeholders, render_host
from tests.networks.example import CHECKOUT
from tests.networks.project import Project, asa_project

CERTIFICATES = (
    "auth: certificate",
    'edge1: {certificate: edge1.pem, ca: root.pem, id: "C=CH, CN=edge1"}\n      edge2: {certificate: edge2.pem}',
)


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


def says(project: Project, *lines: str) -> Project:
    """The project with lines of the one tunnel's own."""
    more = "".join(f"      {line}\n" for line in lines)
    project.change("tunnels", "      inner: 10.255.200.0/31\n", f"      inner: 10.255.200.0/31\n{more}")
    return project


def tunnel(project: Project, host: str = "edge1") -> Tunnel:
    [found] = project.load().hosts[host].tunnels
    return found


def connection(project: Project, host: str = "edge1") -> Section:
    [section] = rendered(project, host).values()
    return section


def rendered(project: Project, host: str) -> dict[str, Section]:
    sections = render_host(
        project.load().hosts[host], CHECKOUT / "templates", Placeholders(), ("connections", "secrets")
    )
    return build({MAIN: "\n".join(section.text for section in sections.sections)}).connections


def errors(project: Project) -> str:
    return "\n".join(map(str, project.problems()))


def test_certificates_are_files_of_the_host_and_no_key_is_asked_for(project: Project) -> None:
    says(project, *CERTIFICATES)
    assert connection(project)["local"] == {"auth": "pubkey", "certs": "edge1.pem", "id": "C=CH, CN=edge1"}
    assert connection(project)["remote"] == {"auth": "pubkey", "cacerts": "root.pem", "id": "edge2"}
    assert connection(project, "edge2")["remote"]["id"] == "C=CH, CN=edge1"
    assert tunnel(project).psk is None
    assert not [use for use in project.load().secret_uses if use.purpose.startswith("tunnel")]


def test_every_end_needs_its_certificate_and_a_key_has_none(project: Project) -> None:
    says(project, "auth: certificate", "edge1: {certificate: edge1.pem}")
    assert "edge2 has no certificate; write certificate: FILE under its name" in errors(project)
    project.change("tunnels", "auth: certificate", "auth: psk")
    assert "edge1 has a certificate, and the tunnel a pre-shared key; write auth: certificate" in errors(project)


def test_a_subject_belongs_to_a_certificate(project: Project) -> None:
    says(project, 'edge1: {id: "CN=edge1"}')
    assert "has a pre-shared key, and CN=edge1 is the subject of a certificate" in errors(project)


@pytest.mark.parametrize("identity", ["CN=", "CN=a, b", 'CN="a"', "a b", "CN=a; CN=b", "C=CH,,CN=a"])
def test_what_is_no_identity(project: Project, identity: str) -> None:
    says(project, f"edge1: {{id: '{identity}'}}")
    assert "is no identity" in errors(project)


def test_an_end_starts_as_the_inventory_says_and_by_itself_as_before(project: Project) -> None:
    child = children(connection(project))["edge1--edge2"]
    assert (child["start_action"], child["close_action"], child["dpd_action"]) == ("trap|start", "start", "restart")
    assert "start_action" not in children(connection(project, "edge2"))["edge1--edge2"]
    says(project, "edge1: {start_action: none, keyingtries: 3}", "edge2: {start_action: trap, dpd_action: trap}")
    assert "start_action" not in children(connection(project))["edge1--edge2"]
    assert connection(project)["keyingtries"] == "3"
    other = children(connection(project, "edge2"))["edge1--edge2"]
    assert (other["start_action"], other["dpd_action"]) == ("trap", "trap")
    assert "close_action" not in other


def test_a_tunnel_that_nobody_starts_is_warned_of_once(project: Project) -> None:
    says(project, "edge1: {start_action: none}")
    assert errors(project).count("nothing brings the tunnel up") == 1


def test_what_else_an_end_can_say(project: Project) -> None:
    says(project, "edge1: {updown: /usr/local/sbin/up eth0, mobike: true, encap: true, reauth_time: 7200}")
    section = connection(project)
    assert (section["encap"], section["reauth_time"]) == ("yes", "7200s")
    assert "mobike" not in section  # on is charon's own default
    assert connection(project, "edge2")["mobike"] == "no"
    assert children(section)["edge1--edge2"]["updown"] == "/usr/local/sbin/up eth0"


@pytest.mark.parametrize("script", ["up.sh", "/sbin/up; reboot", "/sbin/up $(id)", "/sbin/up\n"])
def test_an_updown_script_is_a_path_and_plain_arguments(project: Project, script: str) -> None:
    says(project, f"edge1: {{updown: {script!r}}}".replace("'", '"'))
    assert "is no program" in errors(project)


TWO = (
    "children:",
    "  voice: {edge1: [10.3.1.0/24], edge2: [10.4.1.0/24]}",
    "  data: {edge1: [10.3.2.0/24], edge2: [10.4.2.0/24]}",
)


def test_a_tunnel_may_have_several_children_each_with_its_selectors(project: Project) -> None:
    says(project, *TWO)
    found = children(connection(project, "edge2"))
    assert set(found) == {"voice", "data"}
    assert (found["voice"]["local_ts"], found["voice"]["remote_ts"]) == ("10.4.1.0/24", "10.3.1.0/24")
    assert [str(prefix) for prefix in tunnel(project).local_selectors] == ["10.3.1.0/24", "10.3.2.0/24"]
    assert tunnel(project).child_names == {"voice", "data"}


def test_children_say_what_both_ends_protect_and_nothing_else_does(project: Project) -> None:
    says(project, "children: {voice: {edge1: [10.3.1.0/24]}}")
    assert "child voice does not say what each of its ends protects; write voice: {edge1: [PREFIX" in errors(project)
    project.change("tunnels", "edge1: [10.3.1.0/24]}}", "edge1: [10.3.1.0/24], edge2: [10.4.1.0/24]}}")
    says(project, "edge1: {selectors: [10.3.0.0/16]}")
    assert "has selectors of its own beside its children's" in errors(project)


def test_children_and_a_route_based_tunnel_exclude_each_other(project: Project) -> None:
    says(project, *TWO, "mode: route")
    assert "is route-based, and its child carries anything; remove children" in errors(project)


def test_what_only_one_platform_knows_is_refused_at_another(project: Project) -> None:
    asa_project(project)
    text = project.text("tunnels")
    first = text[text.index("ends: [") :].splitlines()[0]
    names = first.removeprefix("ends: [").removesuffix("]").split(", ")
    firewall = next(name for name in names if name.startswith("fw"))
    project.write("tunnels", text.replace(first, f"{first}\n      {firewall}: {{updown: /sbin/up}}", 1))
    assert f"{firewall} is an ASA: updown is a key of" in errors(project)


def test_certificates_and_children_are_refused_where_they_cannot_be_made(project: Project) -> None:
    asa_project(project)
    text = project.text("tunnels")
    first = text[text.index("ends: [") :].splitlines()[0]
    project.write("tunnels", text.replace(first, f"{first}\n      auth: certificate", 1))
    assert "is an ASA, where Routebook makes no tunnel with certificates; write auth: psk" in errors(project)
