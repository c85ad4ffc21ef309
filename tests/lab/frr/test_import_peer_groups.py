"""Live sessions of hand-made peer-groups are taken over, and stay up while a member comes and goes, on real FRR."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from routebook.cli.import_project import importers
from routebook.device.candidate import Section
from routebook.device.values import Effect
from routebook.importing.proof import Proved, prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_texts
from routebook.intent.load import load
from routebook.intent.network import Network
from routebook.platforms.edge.live import read_from
from routebook.platforms.frr.component import FrrChange
from routebook.project.render import Placeholders, render_host
from tests.lab.drivers.hosts import can_make_hosts
from tests.lab.frr.triangle import INSIDE, INSIDE_PEER, OUTSIDE, OUTSIDE_PEER, Triangle, make_triangle, wait_up

BY_HAND = f"""
route-map ANY permit 10
exit
router bgp 65550
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 neighbor MATES peer-group
 neighbor MATES remote-as internal
 neighbor MATES timers connect 1
 neighbor UPSTREAM peer-group
 neighbor UPSTREAM timers connect 1
 neighbor {INSIDE} peer-group MATES
 neighbor {INSIDE} description inside
 neighbor {OUTSIDE} remote-as 64496
 neighbor {OUTSIDE} peer-group UPSTREAM
 neighbor {OUTSIDE} description outside
 address-family ipv4 unicast
  neighbor MATES activate
 exit-address-family
 address-family ipv6 unicast
  neighbor MATES activate
  neighbor UPSTREAM activate
  neighbor UPSTREAM route-map ANY in
  neighbor UPSTREAM route-map ANY out
 exit-address-family
exit
"""
MEMBER = "10.0.0.10"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triangle]:
    """Three routers, of which the edge is configured by a person, with both sessions up."""
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    found = make_triangle(tmp_path_factory.mktemp("groups"))
    try:
        found.host.sh("ip address add 10.0.0.9/29 dev in0")
        found.inside.load(INSIDE_PEER)
        found.outside.load(OUTSIDE_PEER)
        found.load(BY_HAND)
        wait_up(found)
        yield found
    finally:
        for host in (found.host, found.inside.host, found.outside.host):
            host.stop()


def taken_over(three: Triangle) -> Proved:
    known = importers()
    texts = {f"edge/{name}": text for name, text in read_from(three.host.shell).items() if "swanctl" not in name}
    return prove({"edge": read_texts("edge", texts, known)}, known, Path("/nonexistent"))


def project(folder: Path, proved: Proved, *, member: bool) -> Network:
    """The inventory that was written, with one more session in a group."""
    texts = {name: yaml.safe_load(text) for name, text in proved.draft.texts().items()}
    if member:
        link = next(iter(texts["network.yaml"]["peers"]["inside"]["interfaces"].values()))["link"]
        on_link = {"eth0": {"link": link, "addresses": [f"{MEMBER}/29"]}}
        texts["network.yaml"]["peers"]["mate"] = {"asn": 65550, "internal": True, "interfaces": on_link}
        session = {"ends": ["edge", "mate"], "families": ["ipv4-unicast", "ipv6-unicast"]}
        own = {"peer_group": "MATES", "address": "10.0.0.9"}
        texts["bgp.yaml"]["bgp"]["sessions"].append({**session, "transport": "ipv4", "edge": own})
    (folder / "inventory").mkdir(parents=True)
    for name, data in texts.items():
        (folder / "inventory" / name).write_text(yaml.safe_dump(data))
    return load(folder)


def plan(three: Triangle, network: Network) -> FrrChange:
    rendered = render_host(network.hosts["edge"], Path("/nonexistent"), Placeholders()).sections
    sections: list[Section] = [each for each in rendered if each.part == "frr"]
    return three.component.plan(sections, three.snapshot())


def count(three: Triangle) -> dict[str, int]:
    return {peer: each.established_count for peer, each in three.sessions().items() if each.established}


def sessions_in(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    return [(each.kind, each.subject) for each in effects if each.kind.startswith("session")]


def test_a_member_comes_and_goes_and_nothing_else_resets(three: Triangle, tmp_path: Path) -> None:
    before = count(three)
    assert set(before) == {INSIDE, OUTSIDE}
    proved = taken_over(three)
    report = report_of(proved)
    left = [line.text for line in report.hosts[0].lines if "neighbor" in line.text and line.kind != "modelled"]
    assert (left, report.differing, report.sessions) == ([], [], 2)

    assert not plan(three, project(tmp_path / "as-it-is", proved, member=False)).change.commands
    change = plan(three, project(tmp_path / "more", proved, member=True))
    assert sessions_in(change.change.effects) == [("session-new", MEMBER)]
    by_hand = three.running()
    folder = three.push(change)
    assert f"neighbor {MEMBER} peer-group MATES" in three.running()
    three.revert(folder)
    assert three.running() == by_hand

    three.push(change)
    change = plan(three, project(tmp_path / "again", proved, member=False))
    assert sessions_in(change.change.effects) == [("session-removed", MEMBER)]
    three.push(change)
    assert MEMBER not in three.running()
    assert count(three) == before


def test_a_change_of_a_group_resets_the_members_that_are_forecast_and_no_others(
    three: Triangle, tmp_path: Path
) -> None:
    before, proved = count(three), taken_over(three)
    network = project(tmp_path / "project", proved, member=False)
    rendered = render_host(network.hosts["edge"], Path("/nonexistent"), Placeholders()).sections
    text = "\n".join(each.text for each in rendered if each.part == "frr")
    assert "neighbor UPSTREAM peer-group" in text
    owns = [pattern for each in rendered if each.part == "frr" for pattern in each.owns]
    changed = text.replace(
        "neighbor UPSTREAM peer-group\n", "neighbor UPSTREAM peer-group\n neighbor UPSTREAM ebgp-multihop 3\n"
    )
    change = three.plan(changed, owns)
    assert sessions_in(change.change.effects) == [("session-reset", OUTSIDE)]
    three.push(change)
    three.reaches(OUTSIDE, lambda session: session.established and session.established_count > before[OUTSIDE], 30)
    assert three.sessions()[INSIDE].established_count == before[INSIDE]
