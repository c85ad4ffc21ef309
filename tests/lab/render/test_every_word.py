"""Every word of the inventory, on real FRR: it takes what is rendered, a second plan is empty, and it can be undone."""

from pathlib import Path

import pytest

from routebook.intent.load import load
from routebook.platforms.frr.meaning import same
from routebook.platforms.frr.tree import Tree, parse
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import Edge
from tests.networks.project import make_project


def without_record(text: str) -> Tree:
    """A configuration without the record, which stays where it has nothing any more."""
    return tuple(block for block in parse(text) if not block.line.startswith("access-list ROUTEBOOK-"))


@pytest.mark.parametrize("name", ["edge1", "edge2"])
def test_every_word_is_taken_shown_and_taken_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    project = make_project(tmp_path / "project", "every_word")
    monkeypatch.setenv("BGP_PASSWORD", "of-the-lab")
    sections = render_host(load(project).hosts[name], project / "templates", Secrets(project)).sections
    host = LinuxHost(name, tmp_path / "host")
    try:
        host.start_frr()
        edge = Edge(host)
        before = edge.running()
        folder = edge.push(edge.component.plan(sections, edge.snapshot()))
        assert edge.component.plan(sections, edge.snapshot()).change.commands == ()
        empty = [section.__class__(section.name, section.part, "", section.owns) for section in sections]
        undone = edge.push(edge.component.plan(empty, edge.snapshot()))
        assert same(without_record(edge.running()), parse(before))
        assert edge.revert(undone).status == 0
        assert edge.component.plan(sections, edge.snapshot()).change.commands == ()
        assert edge.revert(folder).status == 0
        assert same(parse(edge.running()), parse(before))
    finally:
        host.stop()
