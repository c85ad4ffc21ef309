"""What the templates render is what the driver takes: owned as a whole, numbered, and no change the second time."""

from pathlib import Path

import pytest

from routebook.platforms.pfsense.changes import consequences
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.routing import neighbors, refuse_ignored, routes
from routebook.platforms.pfsense.tree import parse
from routebook.platforms.pfsense.tunnels import tunnels
from routebook.project.render import Placeholders, render_host
from tests.networks.project import Project, pfsense_project
from tests.unit.pfsense.configurations import CONFIG

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.mark.parametrize("package", ["openbgpd", "frr"])
def test_rendered_sections_are_taken_for_the_package(tmp_path: Path, package: str) -> None:
    intent = pfsense_project(Project(tmp_path), package).load().hosts["home-fw1"]
    sections = render_host(intent, TEMPLATES, Placeholders()).sections
    before = parse(CONFIG)
    after = difference(before, sections, package).after
    refuse_ignored(after, package)
    assert not difference(after, sections, package)
    assert routes(after, package)
    assert intent.bgp is not None
    found = {neighbor.address: neighbor.remote_as for neighbor in neighbors(after, package).values()}
    for neighbor in intent.bgp.neighbors:
        assert found[str(neighbor.address)] == neighbor.remote_as
    owned = {tunnel.name: tunnel for tunnel in tunnels(after).values() if tunnel.owned}
    assert set(owned) == {tunnel.name for tunnel in intent.tunnels}
    assert {name for name, tunnel in owned.items() if tunnel.starts} == {
        tunnel.name for tunnel in intent.tunnels if tunnel.initiator
    }
    subjects = {effect.subject for effect in consequences(before, after, package, ("ipsec", package)).effects}
    assert {tunnel.name for tunnel in intent.tunnels} <= subjects


@pytest.mark.parametrize("package", ["openbgpd", "frr"])
def test_nothing_intended_takes_only_routebooks_entries_away(tmp_path: Path, package: str) -> None:
    intent = pfsense_project(Project(tmp_path), package).load().hosts["home-fw1"]
    sections = render_host(intent, TEMPLATES, Placeholders()).sections
    after = difference(parse(CONFIG), sections, package).after
    emptied = [type(section)(section.name, section.part, "", section.owns) for section in sections]
    left = difference(after, emptied, package).after
    assert {tunnel.name for tunnel in tunnels(left).values()} == {"office"}
    assert [
        neighbor.descr for neighbor in neighbors(left, "openbgpd").values() if neighbor.descr != "RB home-k8s1"
    ] == ["by hand"]
