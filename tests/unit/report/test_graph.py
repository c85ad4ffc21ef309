"""The network drawn: everything is in the picture, nothing covers another thing, and no name means anything to SVG."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from routebook.cli.group import cli
from routebook.intent.load import load
from routebook.redaction.redactor import Redactor
from routebook.report import drawing
from routebook.report.placing import HEIGHT, WIDTH, placed
from routebook.report.topology import Topology, Views, topology
from tests.networks import many_hosts

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def example() -> Topology:
    return topology(load(ROOT).hosts)


def elements(svg: str, tag: str) -> list[str]:
    """The texts of the elements of that name."""
    root = ElementTree.fromstring(svg)  # noqa: S314  our own
    return [element.text or "" for element in root.iter() if element.tag.endswith(f"}}{tag}")]


def texts(svg: str) -> set[str]:
    return set(elements(svg, "text"))


def test_every_host_site_and_peer_of_the_example_is_in_the_picture(example: Topology) -> None:
    shown = texts(drawing.svg(example, placed(example), "The network", {}))
    assert {node.name for node in example.nodes} <= shown
    assert {node.site for node in example.nodes} <= shown
    assert "cluster, 3 nodes" in shown


@pytest.mark.parametrize("count", [1, 25, 300])
def test_nothing_covers_anything_and_the_same_network_is_the_same_picture(count: int) -> None:
    found = topology(many_hosts.intents(count))
    place = placed(found)
    assert place == placed(found)
    for (x1, y1), (x2, y2) in combinations(place.at.values(), 2):
        assert abs(x1 - x2) >= WIDTH or abs(y1 - y2) >= HEIGHT
    for one, other in combinations(place.boxes, 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert apart_x or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert len(drawing.svg(found, place, "Many", {})) < 1_000_000


def test_what_is_up_is_told_by_the_ends_that_were_read() -> None:
    hosts = many_hosts.intents(4)
    found = topology(hosts)
    down = many_hosts.name(0)
    views = Views.of(hosts, many_hosts.states(hosts, down=frozenset({down})))
    verdicts = drawing.of_links(found, views.verdict)
    assert {link.between: verdict for link, verdict in verdicts.items() if down in link.between} == {
        link.between: "failed" for link in found.links if down in link.between
    }
    assert {verdict for link, verdict in verdicts.items() if down not in link.between} == {"up"}
    nobody = Views.of(hosts, {})
    assert {nobody.verdict(part) for part in found.parts} == {"unread"}
    picture = drawing.svg(found, placed(found), "The network as it is", verdicts)
    assert "not up" in texts(picture)


def test_a_name_from_outside_means_nothing_to_svg_or_mermaid() -> None:
    hosts = many_hosts.intents(4)
    first = many_hosts.name(2)
    speaker = hosts[first].bgp
    assert speaker is not None
    evil = '</text><script>alert(1)</script>"]; click n0 "javascript:1" \x1b[31m'
    named = replace(speaker.neighbors[0], peer=evil, peer_host=None)
    found = topology({**hosts, first: replace(hosts[first], bgp=replace(speaker, neighbors=(named,)))})
    picture = drawing.svg(found, placed(found), "The network", {})
    assert elements(picture, "script") == []
    assert evil[:7] in "".join(elements(picture, "title"))
    text = drawing.mermaid(found, {})
    assert "<script" not in text and '"]; click' not in text and "\x1b" not in text


def test_a_secret_that_is_known_only_later_is_in_no_later_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found = topology(many_hosts.intents(1))
    redactor = Redactor()
    monkeypatch.setattr("routebook.redaction.gate.OF_THIS_PROCESS", redactor)
    assert "hush-hush-hush" in drawing.svg(found, placed(found), "hush-hush-hush", {})
    redactor.add("hush-hush-hush")
    assert "hush-hush-hush" not in drawing.svg(found, placed(found), "hush-hush-hush", {})


@pytest.mark.parametrize(("name", "begins"), [("network.svg", "<svg "), ("network.mmd", "flowchart ")])
def test_the_command_writes_what_the_file_is_called(tmp_path: Path, name: str, begins: str) -> None:
    done = CliRunner().invoke(cli, ["--project", str(ROOT), "graph", "--out", str(tmp_path / name)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_limit_leaves_these_hosts_and_who_they_have_to_do_with(tmp_path: Path) -> None:
    out = tmp_path / "part.svg"
    CliRunner().invoke(cli, ["--project", str(ROOT), "graph", "--limit", "home-fw1", "--out", str(out)])
    shown = texts(out.read_text())
    assert {"home-fw1", "no-edge1", "ch-edge1"} <= shown
    assert "gr-fw1" not in shown


def test_the_picture_in_the_documentation_is_of_the_example(example: Topology) -> None:
    """`routebook graph --out docs/network.svg` makes it."""
    assert texts((ROOT / "docs" / "network.svg").read_text()) == texts(
        drawing.svg(example, placed(example), "The network as it is meant to be", {})
    )
