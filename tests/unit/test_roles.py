"""What an outside peer is to us decides policy and checks; it is told to the other end only where that is asked for."""

from pathlib import Path

import pytest

from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.tree import parse
from routebook.project.render import Placeholders, render_host
from tests.networks.example import CHECKOUT
from tests.networks.project import Project, pfsense_project

ROLES = {"upstream": "customer", "neighbor": "peer", "server": "rs-client", "client": "provider"}


@pytest.fixture
def relations(tmp_path: Path) -> Project:
    """A network with each kind of neighbor."""
    project = Project(tmp_path)
    project.use("every_relation")
    return project


def rendered(project: Project) -> str:
    candidate = render_host(project.load().hosts["edge1"], CHECKOUT / "templates", Placeholders())
    return next(section for section in candidate.sections if section.name == "bgp").text


def test_nothing_is_told_unless_it_is_asked_for(relations: Project) -> None:
    assert "local-role" not in rendered(relations)
    bgp = relations.load().hosts["edge1"].bgp
    assert bgp is not None
    assert {n.peer: n.relation for n in bgp.neighbors if n.relation} == {
        "upstream": "provider", "neighbor": "peer", "server": "route-server", "client": "customer",
    }  # fmt: skip


def test_our_role_is_the_other_side_of_the_relation(relations: Project) -> None:
    relations.change("bgp", "    max_prefix: 1000\n", "    max_prefix: 1000\n    local_role: true\n")
    assert relations.problems() == ()
    bgp = relations.load().hosts["edge1"].bgp
    assert bgp is not None
    assert {n.peer: n.local_role for n in bgp.neighbors if n.local_role} == ROLES
    lines = [line.split()[-1] for line in rendered(relations).splitlines() if " local-role " in line]
    assert sorted(lines) == sorted(ROLES.values())


def test_a_role_needs_a_relation_and_a_platform_that_tells_it(relations: Project, tmp_path: Path) -> None:
    relations.change("bgp", "    max_prefix: 1000\n", "    max_prefix: 1000\n    local_role: true\n")
    relations.change("network", "    asn: 64497\n    relation: peer\n", "    asn: 64497\n")
    (found,) = relations.problems()
    assert (found.severity, "neighbor says no relation" in found.message) == ("error", True)
    home = pfsense_project(Project(tmp_path / "home"))
    home.change("network", "peers:\n", "peers:\n  isp:\n    asn: 64500\n    relation: provider\n    interfaces:\n"
                "      eth0: {link: internet, addresses: [198.51.100.200/24]}\n")  # fmt: skip
    home.change("bgp", "  sessions:\n", "  sessions:\n    - ends: [home-fw1, isp]\n      home-fw1: {import: RB-IN, "
                "export: RB-OUT, local_role: true}\n")  # fmt: skip
    assert any("is a pfSense and tells no roles" in problem.message for problem in home.problems())


def test_another_role_resets_the_session_or_is_told_at_the_next_reset() -> None:
    text = "router bgp 65550\n neighbor 2001:db8::1 remote-as 64496\n{}exit\n"
    role = " neighbor 2001:db8::1 local-role customer\n"
    for before, after in (("", role), (role, ""), (role, role.replace("customer", "peer"))):
        effects = forecast(parse(text.format(before)), parse(text.format(after)))
        assert ("session-reset", "2001:db8::1") in {(effect.kind, effect.subject) for effect in effects}
        [newer] = [
            effect
            for effect in forecast(parse(text.format(before)), parse(text.format(after)), (10, 3))
            if effect.kind.startswith("session")
        ]
        assert (newer.kind, "local-role takes effect when the session is next reset" in newer.reason) == (
            "session-changed",
            True,
        )
