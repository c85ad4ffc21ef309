"""`routebook plan --against`: the inventory against files, with no device, no journal and no state."""

import json
from pathlib import Path

import pytest
import yaml

from bench import importing
from routebook.device.candidate import Section
from routebook.intent.load import load
from routebook.platforms.frr import manifest
from routebook.platforms.frr.candidate import target, wanted
from routebook.platforms.frr.tree import parse, render
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.unit.importing.read import EDGE
from tests.unit.importing.test_command import HOSTS, files, routebook

__all__ = ["files"]  # a fixture
NET = "net"


def recorded(project: Path, host: str, text: str) -> str:
    """What a host runs after its first change: the same with the record of what is ours."""
    sections = render_host(load(project).hosts[host], project / "templates", Secrets(project)).sections
    mine = [Section(each.name, each.part, each.text, each.owns) for each in sections if each.owns]
    running = parse(text)
    return "frr version 8.4.4\n" + render(target(running, manifest.with_record(wanted(mine), mine, running)))


@pytest.fixture
def moved_in(files: Path) -> Path:
    """Two hosts with their inventory, and edge1's configuration with the record in it."""
    assert routebook(files, "import", NET, *HOSTS).returncode == 0
    (files / "edge1/frr.conf").write_text(recorded(files / NET, "edge1", EDGE))
    return files


def against(folder: Path, *more: str, host: str = "edge1") -> tuple[int, str, str]:
    done = routebook(folder / NET, "plan", "--against", f"{host}=../edge1", *more)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("changed_before", [True, False], ids=["after a change", "with the first change"])
def test_what_was_taken_out_of_the_inventory_is_all_that_the_plan_removes(moved_in: Path, changed_before: bool) -> None:
    if not changed_before:  # there is no record, and `adopt` says what is ours
        (moved_in / "edge1/frr.conf").write_text(EDGE)
    code, shown, _ = against(moved_in)
    assert (code, shown.splitlines()[0]) == (0, "edge1: nothing to do")
    taken = "taken over as it is on the device: ip prefix-list FROM-TRANSIT, ip prefix-list OWN, neighbor 10.255.0.2"
    assert (taken in shown) is not changed_before
    assert not (moved_in / NET / ".routebook").exists()
    path = moved_in / NET / "inventory/bgp.yaml"
    written = yaml.safe_load(path.read_text())
    before = written["bgp"]["sessions"]
    written["bgp"]["sessions"] = [each for each in before if each["ends"] != ["edge1", "transit-no"]]
    assert len(written["bgp"]["sessions"]) == len(before) - 1
    path.write_text(yaml.safe_dump(written))
    code, _, said = against(moved_in, "--json")
    assert code == 2, said
    found = json.loads(against(moved_in, "--json")[1])["hosts"]["edge1"]
    changed = [line for line in found["difference"].splitlines() if line[:1] in "+-" and "ROUTEBOOK" not in line]
    assert {line[0] for line in changed} == {"-"}
    names = ("neighbor 198.51.100.2", "TO-TRANSIT", "FROM-TRANSIT", "prefix-list OWN")
    assert all(any(name in line for name in names) for line in changed)
    assert any("neighbor 198.51.100.2 remote-as 64496" in line for line in changed)
    assert "s3cr3t" not in found["difference"]


def test_a_file_that_differs_is_shown_and_somebody_elses_lines_are_named(moved_in: Path) -> None:
    path = moved_in / "edge1/frr.conf"
    text = path.read_text().replace("maximum-prefix 1000", "maximum-prefix 2000")
    path.write_text(
        text.replace(" neighbor 10.255.0.2 remote", " neighbor 10.9.9.9 remote-as 64999\n neighbor 10.255.0.2 remote")
    )
    code, shown, said = against(moved_in)
    assert code == 2, said
    assert "-   neighbor 198.51.100.2 maximum-prefix 2000" in shown
    assert "+   neighbor 198.51.100.2 maximum-prefix 1000" in shown
    assert "left alone: neighbor 10.9.9.9" in shown


def test_bad_input_is_refused_with_a_sentence_for_each_host(moved_in: Path) -> None:
    done = routebook(moved_in / NET, "plan", "--against", "edge3=../edge1", "--against", "edge2=nowhere")
    assert done.returncode == 1
    assert "the inventory has no host 'edge3'" in done.stderr
    assert "nowhere:1: is no file and no folder" in done.stderr
    assert "leave out --out" in against(moved_in, "--out", "x")[2]


def test_a_router_of_thirty_sessions_and_forty_policies_takes_less_than_three_seconds_of_cpu() -> None:
    assert all(seconds < 3 for seconds in importing.figures(short=True).values())
