"""What sessions rest on is read of real daemons, and what is wrong with it is named: BFD, RPKI, disks, best paths."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.checks import standing
from routebook.checks.facts import Changed, Facts
from routebook.checks.findings import Finding
from routebook.checks.normal import Normal
from routebook.device.values import State
from routebook.intent.model import BgpHost, HostIntent, Neighbor, NeighborFamily, RpkiCache
from routebook.platforms.frr.component import FrrComponent
from routebook.platforms.frr.spelling import spelled_for
from routebook.platforms.linux.vitals import Vitals
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts
from tests.lab.frr.edge import Edge
from tests.lab.frr.triangle import (
    INSIDE,
    INSIDE_PEER,
    INTENT,
    OUTSIDE,
    OUTSIDE_PEER,
    Triangle,
    configured,
    make_triangle,
    option,
    wait_up,
)
from tests.lab.waiting import wait_for

pytestmark = pytest.mark.skipif(not can_make_hosts(), reason="needs root and FRR")

ROAS = (
    '{"roas":[{"prefix":"2001:db8:c::/48","maxLength":48,"asn":"AS64496","ta":"x"},'
    '{"prefix":"2001:db8:d::/48","maxLength":48,"asn":"AS1","ta":"x"}]}'
)
PREFIXES = [ip_network(text) for text in ("2001:db8:c::/48", "2001:db8:d::/48", "10.3.0.0/16", "2001:db8:ffff::/48")]
HIJACKED = "2001:db8:d::/48"  # its ROA names another AS
CACHE = RpkiCache(host=ip_address("127.0.0.1"), port=3323, preference=1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triangle]:
    found = make_triangle(tmp_path_factory.mktemp("standing"))
    try:
        found.host.sh(f"echo '{ROAS}' >/run/roas.json")
        arguments = "-bind 127.0.0.1:3323 -metrics.addr 127.0.0.1:9323 -cache /run/roas.json -checktime=false"
        found.host.sh(f"setsid stayrtr {arguments} >/run/stayrtr 2>&1 &")
        wait_for(lambda: ":3323" in found.host.sh("ss -ltn"), 10, "StayRTR")
        configured(found.inside, INSIDE_PEER)
        configured(found.outside, OUTSIDE_PEER)
        configured(found, INTENT)
        wait_up(found)
        yield found
    finally:
        for host in (found.host, found.inside.host, found.outside.host):
            host.stop()


def session(host: str, peer: str, address: str, local: str, bfd: str | None = None, **options: Any) -> Neighbor:
    fields: dict[str, Any] = {
        "peer_host": peer,
        "update_source": False,
        "local_as": 65550,
        "remote_as": 65550,
        "description": "",
    }
    return Neighbor(
        session=f"{host}--{peer}",
        peer=peer,
        address=ip_address(address),
        local_address=ip_address(local),
        families=(NeighborFamily(family="ipv6-unicast"),),
        bfd=bfd,
        **fields | options,
    )


def intents(edge: str | None = None, inside: str | None = None, *caches: RpkiCache) -> dict[str, HostIntent]:
    """The two hosts of ours, with BFD at either end of the session between them."""
    sessions = {
        "edge": (
            session("edge", "inside", INSIDE, "10.0.0.1", edge),
            session("edge", "transit", OUTSIDE, "2001:db8:1::1", peer_host=None, remote_as=64496),
        ),
        "inside": (session("inside", "edge", "10.0.0.1", INSIDE, inside),),
    }
    return {
        name: HostIntent(
            name=name,
            site="no",
            platform="frr",
            bgp=BgpHost(asn=65550, router_id=IPv4Address("10.255.0.1"), neighbors=neighbors),
            rpki_caches=caches if name == "edge" else (),
        )
        for name, neighbors in sessions.items()
    }


def state_of(edge: Edge) -> State:
    """What a driver reads, over the test host's own shell."""
    shell = Vitals(edge.host.shell)
    speaker = FrrComponent(edge.host.shell).speaker(shell, PREFIXES)
    return State(
        speaker.sessions, None, speaker.bfd, speaker.rpki, speaker.routes, shell.volumes, shell.clock, shell.written
    )


def troubles(lab: Triangle, wanted: dict[str, HostIntent], *, final: bool = True) -> list[Finding]:
    now = {"edge": state_of(lab), "inside": state_of(lab.inside)}
    found = standing.check(Facts(wanted, {}, now, Changed(), {}), Normal(), final=final)
    return [finding for finding in found if finding.status != "ok" and finding.subject != HIJACKED]


def caused(lab: Triangle, wanted: dict[str, HostIntent], text: str) -> None:
    wait_for(lambda: any(text in f.cause for f in troubles(lab, wanted)), 15, f"{text!r}")


def test_nothing_is_wrong_with_a_healthy_router(lab: Triangle) -> None:
    assert troubles(lab, intents()) == []
    state = state_of(lab)
    assert state.clock is not None and abs(state.clock) < 2
    assert {volume.place for volume in state.volumes} >= {"/run", "/etc/frr"}
    assert re.search(r"frr.conf was written on \d{4}-\d\d-\d\d at .* UTC, owner frr", state.written)


def test_best_paths_are_asked_for_one_by_one(lab: Triangle) -> None:
    routes = {str(route.prefix): route for route in state_of(lab).routes or ()}
    assert routes["2001:db8:c::/48"].peer == OUTSIDE
    assert routes["2001:db8:c::/48"].as_path == "64496"
    assert routes["2001:db8:c::/48"].step == "First path received"
    assert routes["2001:db8:c::/48"].reachable
    assert routes["2001:db8:ffff::/48"].next_hop == ""


def test_a_router_without_bgp_has_no_routes_and_its_reading_goes_on(tmp_path: Path) -> None:
    host = LinuxHost("empty", tmp_path)
    try:
        host.start_frr()
        state = state_of(Edge(host))
    finally:
        host.stop()
    assert (state.bgp, state.bfd, state.rpki) == ((), (), ())
    assert not any(route.next_hop for route in state.routes or ())


def test_bfd_at_one_end_only_fails_with_both_ends_named(lab: Triangle) -> None:
    configured(lab, option(INSIDE, "bfd"))
    caused(lab, intents("", None), "BFD is intended on edge and not on inside")
    [finding] = troubles(lab, intents("", None), final=False)
    assert (finding.host, finding.check, finding.status) == ("edge", "bgp.bfd", "failed")
    assert {line.partition(":")[0] for line in finding.evidence} == {"edge", "inside"}
    # Where it is intended at both ends and one does not have it, both say so.
    assert {f.host for f in troubles(lab, intents("", ""))} == {"edge", "inside"}
    configured(
        lab.inside,
        INSIDE_PEER.replace(" neighbor 10.0.0.1 timers", " neighbor 10.0.0.1 bfd\n neighbor 10.0.0.1 timers"),
    )
    wait_for(lambda: troubles(lab, intents("", "")) == [], 15, "BFD")
    configured(lab, INTENT)
    configured(lab.inside, INSIDE_PEER)


def test_bfd_with_an_outside_peer_that_does_not_do_it_fails(lab: Triangle) -> None:
    configured(lab, option(OUTSIDE, "bfd"))
    wanted = intents()
    bgp = wanted["edge"].bgp
    assert bgp is not None
    neighbors = tuple(replace(each, bfd="" if each.peer == "transit" else None) for each in bgp.neighbors)
    wanted["edge"] = replace(wanted["edge"], bgp=replace(bgp, neighbors=neighbors))
    caused(lab, wanted, "transit does not answer BFD from edge")
    configured(lab, INTENT)


def test_a_cache_that_is_not_there_is_named_with_its_port(lab: Triangle) -> None:
    wrong = replace(CACHE, port=3324)
    with_caches = "rpki\n rpki cache 127.0.0.1 {} preference 1\nexit\n" + INTENT
    owns = ("rpki", "router bgp *")
    change = lab.plan(with_caches.format(3324), owns)
    lab.component.activate(change, lab.push(change))
    [finding] = troubles(lab, intents(None, None, wrong))
    assert (finding.check, finding.subject, finding.status) == ("rpki.cache", "127.0.0.1 port 3324", "failed")
    assert "no origin is validated" in finding.cause
    # Intended is another one: it is not configured.
    assert "does not have the cache 127.0.0.1 port 3323" in troubles(lab, intents(None, None, CACHE))[0].cause
    change = lab.plan(with_caches.format(3323), owns)
    lab.component.activate(change, lab.push(change))
    wait_for(lambda: troubles(lab, intents(None, None, CACHE)) == [], 15, "the cache")
    standby = replace(CACHE, port=3325, preference=2)
    line = spelled_for(lab.host.vtysh("show running-config"), "rpki cache 127.0.0.1 3325 preference 2")
    lab.host.vtysh("configure terminal", "rpki", line)
    assert troubles(lab, intents(None, None, CACHE, standby)) == []
    validated = {str(route.prefix): route.validation for route in state_of(lab).routes or ()}
    assert (validated["2001:db8:c::/48"], validated["2001:db8:d::/48"]) == ("valid", "invalid")
    lab.host.sh("kill $(ss -ltnp | sed -n 's/.*:3323 .*pid=\\([0-9]*\\).*/\\1/p')")
    caused(lab, intents(None, None, CACHE, standby), "no connection to the cache 127.0.0.1 port 3323")


def test_a_full_and_a_read_only_file_system_are_named(lab: Triangle) -> None:
    host = lab.inside.host
    host.sh("mkdir -p /etc/swanctl && mount -t tmpfs -o size=40m tmpfs /etc/swanctl")
    assert troubles(lab, intents()) == []
    host.sh("head -c 39000000 /dev/zero >/etc/swanctl/filler")
    [finding] = troubles(lab, intents())
    assert (finding.host, finding.check, finding.subject) == ("inside", "host.disk", "/etc/swanctl")
    assert "is full" in finding.cause
    host.sh("rm /etc/swanctl/filler && mount -o remount,ro,size=40m /etc/swanctl")
    [finding] = troubles(lab, intents())
    assert "cannot be written" in finding.cause
    host.sh("umount /etc/swanctl && mount -t tmpfs -o size=40m,nr_inodes=20 tmpfs /etc/swanctl")
    [finding] = troubles(lab, intents())
    assert "no room for another file" in finding.cause
    host.sh("umount /etc/swanctl")
