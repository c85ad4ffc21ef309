"""Lines for which there is no word, on real FRR: imported, checked by its parser, changed, undone and taken away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.cli.import_project import importers
from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.importing.proof import prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_texts
from routebook.platforms.edge.live import read_from
from routebook.platforms.frr import manifest
from routebook.platforms.frr.component import FrrChange
from routebook.platforms.frr.tree import parse
from routebook.project.render import render_host
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import Edge
from tests.lab.frr.test_import import Passwords
from tests.unit.importing.test_kept_verbatim import KEPT, with_kept

BY_HAND = with_kept()
BY_HAND = BY_HAND[BY_HAND.index("ip prefix-list OWN") : BY_HAND.index("router ospf")]
TOP = "ip nht resolve-via-default"
THEIRS = "ip route 10.99.0.0/24 blackhole"


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Edge]:
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    host = LinuxHost("edge1", tmp_path)
    try:
        host.start_frr()
        edge = Edge(host)
        host.sh(
            "ip link add eth7 type veth peer name eth8; ip link set eth7 up; ip address add 198.51.100.1/30 dev eth7"
        )
        host.sh("ip link set lo up; ip address add 10.255.0.1/32 dev lo")
        edge.load(f"{BY_HAND}\n{THEIRS}\n")
        yield edge
    finally:
        host.stop()


def test_lines_are_kept_changed_undone_and_taken_away_in_their_objects(router: Edge) -> None:
    known = importers()
    texts = {f"edge1/{name}": text for name, text in read_from(router.host.shell).items() if "swanctl" not in name}
    proved = prove({"edge1": read_texts("edge1", texts, known)}, known, Path("/nonexistent"))
    report = report_of(proved)
    kept = {line.text for line in report.hosts[0].lines if line.kind == "verbatim"}
    assert kept == {line.strip() for more in KEPT.values() for line in more.splitlines()}
    assert report.differing == []
    rendered = render_host(proved.network.hosts["edge1"], Path("/nonexistent"), Passwords()).sections

    def plan(*changes: tuple[str, str], top: str = "") -> FrrChange:
        sections = []
        for each in (section for section in rendered if section.part == "frr"):
            text = top if each.name == "extra" else each.text
            for old, new in changes:
                text = text.replace(old, new)
            sections.append(Section(each.name, each.part, text, each.owns))
        return router.component.plan(sections, router.component.snapshot())

    assert plan().change.diff == ""
    before = router.running()
    changes = (
        (" soo 64500:7\n", " soo 64500:8\n"),
        (" neighbor 198.51.100.2 solo\n", ""),
        (" bgp suppress-fib-pending\n", ""),
        (" set extcommunity rt 64500:1\n", " set extcommunity rt 64500:2\n"),
    )
    folder = router.push(plan(*changes, top=f"{TOP}\n"))
    running = router.running()
    assert TOP in running.splitlines()
    assert "soo 64500:8" in running
    assert not any(each in running for each in ("solo", "suppress-fib", "soo 64500:7", "rt 64500:1"))
    assert manifest.read(parse(running))["extra"] == {TOP}
    assert not plan(*changes, top=f"{TOP}\n").change
    assert router.revert(folder).status == 0
    assert router.running() == before

    router.push(plan(*changes, top=f"{TOP}\n"))
    router.push(plan(*changes))
    running = router.running()
    assert TOP not in running
    assert THEIRS in running.splitlines()
    assert "extra" not in manifest.read(parse(running))

    with pytest.raises(CandidateError, match="no-such-word"):
        plan(top="ip nht no-such-word\n")
    assert router.running() == running
