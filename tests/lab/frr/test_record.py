"""The record of what is ours, in a real FRR's configuration: it is pushed, undone, kept and gone by."""

from routebook.platforms.frr import manifest
from routebook.platforms.frr.tree import parse
from tests.lab.frr.edge import INTENT, Edge

BY_HAND = "ip prefix-list RB-BY-HAND seq 5 permit 192.0.2.0/24\n"
UNUSED = "ip prefix-list RB-LATER seq 5 permit 198.51.100.0/24\n"


def recorded(edge: Edge) -> frozenset[str]:
    return manifest.read(parse(edge.running())).get("frr", frozenset())


def test_a_change_records_what_it_makes_and_its_undo_takes_that_away(edge: Edge) -> None:
    before = edge.running()
    folder = edge.apply(INTENT + UNUSED)
    assert "ip prefix-list RB-LATER" in recorded(edge)
    assert not edge.plan(INTENT + UNUSED).change
    assert edge.revert(folder).status == 0
    assert edge.running() == before
    assert "ip prefix-list RB-LATER" not in recorded(edge)


def test_a_confirmation_writes_it_where_frr_boots_from(edge: Edge) -> None:
    folder = edge.apply(INTENT + UNUSED)
    assert edge.persist(folder).status == 0
    booted = parse(edge.host.sh("cat /etc/frr/frr.conf"))
    assert "ip prefix-list RB-LATER" in manifest.read(booted)["frr"]
    assert edge.revert(folder).status == 0


def test_what_it_names_goes_and_what_somebody_else_made_stays(edge: Edge) -> None:
    edge.apply(INTENT + UNUSED)
    edge.load(BY_HAND)
    try:
        assert not edge.plan(INTENT + UNUSED).change.commands
        planned = edge.plan(INTENT)
        assert any("left alone: ip prefix-list RB-BY-HAND" in each for each in planned.change.warnings)
        edge.push(planned)
        assert BY_HAND in edge.running()
        assert "RB-LATER" not in edge.running()
    finally:
        edge.load(f"no {BY_HAND}")


def test_a_host_without_it_has_an_empty_plan_and_gets_it_with_its_next_change(edge: Edge) -> None:
    edge.load(
        "".join(f"no access-list {line.split()[1]}\n" for line in edge.running().splitlines() if " remark " in line)
    )
    assert recorded(edge) == frozenset()
    assert not edge.plan(INTENT).change
    edge.apply(INTENT + UNUSED)
    assert {"ip prefix-list RB-LATER", "route-map RB-OUT", "router bgp 65550"} <= recorded(edge)
    edge.apply(INTENT)
