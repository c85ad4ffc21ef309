"""A router configured by hand, read from itself and imported: on real FRR the first plan sends nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.cli.import_project import importers
from routebook.device.candidate import Section
from routebook.importing.proof import prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_texts
from routebook.intent.model import SecretRef
from routebook.platforms.edge.live import read_from
from routebook.platforms.frr.component import FrrComponent
from routebook.project.render import render_host
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import Edge
from tests.unit.importing.read import EDGE

BY_HAND = EDGE[EDGE.index("ip prefix-list OWN") : EDGE.index("router ospf")]
PASSWORD = "s3cr3t-password"


@pytest.fixture(params=[BY_HAND, BY_HAND.replace(" no bgp default ipv4-unicast\n no bgp network import-check\n", "")])
def router(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Edge]:
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
        edge.load(request.param)
        yield edge
    finally:
        host.stop()


class Passwords:
    def resolve(self, reference: SecretRef) -> str:
        assert reference.file is not None
        return PASSWORD


def test_the_first_plan_after_an_import_is_empty_and_a_change_is_the_only_difference(router: Edge) -> None:
    known = importers()
    texts = {f"edge1/{name}": text for name, text in read_from(router.host.shell).items() if "swanctl" not in name}
    proved = prove({"edge1": read_texts("edge1", texts, known)}, known, Path("/nonexistent"))
    report = report_of(proved)
    left = {
        line.text: line.why
        for line in report.hosts[0].lines
        if line.text.startswith("neighbor") and line.kind != "modelled"
    }
    assert (report.differing, left, report.missing) == ([], {}, ())
    assert (report.sessions, report.hosts[0].counts["refused"]) == (2, 0)
    modelled = {line.text for line in report.hosts[0].lines if line.kind == "modelled"}
    assert {"neighbor 198.51.100.2 password <secret>", "ip prefix-list FROM-TRANSIT seq 10 permit any"} <= modelled

    def plan(old: str = "", new: str = "") -> str:
        candidate = render_host(proved.network.hosts["edge1"], Path("/nonexistent"), Passwords())
        sections = [replaced(section, old, new) for section in candidate.sections if section.part == "frr"]
        component = FrrComponent(router.host.shell)
        return component.plan(sections, component.snapshot()).change.diff

    assert plan() == ""
    lines = [
        line for line in plan("maximum-prefix 1000", "maximum-prefix 2000").splitlines() if "ROUTEBOOK" not in line
    ]
    assert [line for line in lines if line[0] in "+-"] == [
        "-   neighbor 198.51.100.2 maximum-prefix 1000",
        "+   neighbor 198.51.100.2 maximum-prefix 2000",
    ]


def replaced(section: Section, old: str, new: str) -> Section:
    return Section(section.name, section.part, section.text.replace(old, new) if old else section.text, section.owns)
