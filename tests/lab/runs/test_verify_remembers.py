"""On the example network, `verify` misses what was there, names what has appeared, and says who changed what."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab import devices, faults
from tests.lab.conftest import RunningLab
from tests.lab.devices import on
from tests.lab.runs.conftest import edited, failures
from tests.lab.waiting import wait_for

TIMES = int(os.environ.get("ROUTEBOOK_VERIFICATIONS", "3"))
"""How often the healthy network is verified."""


def verified(lab: RunningLab, *options: str) -> tuple[int, dict[str, Any]]:
    done = lab.routebook("verify", "--json", *options)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def troubles(lab: RunningLab, *options: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What a verification finds that is not ok, by host, check and subject."""
    _, result = verified(lab, *options)
    found = [finding for finding in result["findings"] if finding["status"] != "ok"]
    return {(each["host"], each["check"], each["subject"]): each for each in found}


@pytest.fixture
def known(deployed: RunningLab) -> RunningLab:
    """The network, of which `verify` has learned what is normal, as every session has been up for a minute."""

    def learned() -> bool:
        assert troubles(deployed, "--no-config") == {}
        written = json.loads((deployed.project / ".routebook/baseline.json").read_text())
        hosts = {host for host, peer, *_ in written["counts"] if peer}
        return hosts == set(deployed.hosts)

    wait_for(learned, 180, "what is normal")
    return deployed


@contextmanager
def asa(lab: RunningLab, there: list[str], back: list[str]) -> Iterator[None]:
    """Lines typed on nl-fw1 by hand, and taken back."""
    console = devices._console(lab, "nl-fw1")
    try:
        for line in ("configure terminal", *there, "end"):
            console.send(line)
        yield
    finally:
        for line in ("configure terminal", *back, "end"):
            console.send(line)
        console.close()


@pytest.mark.timeout(300 + 60 * TIMES)
def test_a_healthy_network_is_verified_again_and_again_without_a_finding(known: RunningLab) -> None:
    for _ in range(TIMES):
        code, result = verified(known)
        assert (code, [each for each in result["findings"] if each["status"] != "ok"]) == (0, [])


def test_an_upstream_that_announces_less_than_it_normally_does_is_named(known: RunningLab) -> None:
    announced = on(known, "ixp-rs2", "cat /etc/gobgpd.announce").splitlines()
    gone = [line for line in announced if " ipv6 " in line][3:]
    assert len(gone) == 17
    on(known, "ixp-rs2", "\n".join(line.replace(" rib add ", " rib del ").partition(" nexthop ")[0] for line in gone))
    try:
        peer = "2001:db8:f003::2"
        command = f"vtysh -c 'show bgp ipv6 unicast neighbors {peer} prefix-counts json'"
        wait_for(lambda: json.loads(on(known, "ch-edge2", command))["pfxCounter"] == 3, 60, "three prefixes")
        found = troubles(known, "--no-config")["ch-edge2", "bgp.normal", peer]
        assert found["status"] == "failed"
        # It announces 20, and the origin of one of them is invalid.
        assert "ixp-rs2 sends ch-edge2 3 of 19 prefixes" in found["cause"]
        assert any("received 3, normally 19 over 1 day" in line for line in found["evidence"])
    finally:
        on(known, "ixp-rs2", "\n".join(gone))
    wait_for(lambda: troubles(known, "--no-config") == {}, 60, "the prefixes")


def test_hand_made_neighbors_fail_on_every_platform_and_can_be_accepted(known: RunningLab) -> None:
    by_hand = "vtysh -c 'configure terminal' -c 'router bgp {}' -c '{}neighbor {} remote-as 64999'"
    on(known, "nl-rr1", by_hand.format(65550, "", "10.1.0.99"))
    on(known, devices.PFSENSE, by_hand.format(64512, "", "192.168.1.99"))
    bgp = ["router bgp 65550", "address-family ipv4 unicast"]
    try:
        with asa(known, [*bgp, "neighbor 10.1.0.98 remote-as 64998"], [*bgp, "no neighbor 10.1.0.98"]):
            found = troubles(known, "--no-config")
            assert {key: each["status"] for key, each in found.items()} == {
                ("nl-rr1", "bgp.extra", "10.1.0.99"): "failed",
                ("nl-fw1", "bgp.extra", "10.1.0.98"): "failed",
                (devices.PFSENSE, "bgp.extra", "192.168.1.99"): "failed",
            }
            assert troubles(known, "--no-config", "--accept-baseline") == {}
            assert troubles(known, "--no-config") == {}
    finally:
        on(known, "nl-rr1", by_hand.format(65550, "no ", "10.1.0.99").replace(" remote-as 64999", ""))
        on(known, devices.PFSENSE, by_hand.format(64512, "no ", "192.168.1.99").replace(" remote-as 64999", ""))


def test_hand_made_tunnels_without_an_sa_fail_as_well(known: RunningLab) -> None:
    conf = "connections { by-hand { remote_addrs = 198.51.100.99\n local { auth = psk }\n remote { auth = psk } } }"
    on(known, "no-edge2", f"echo '{conf}' >/etc/swanctl/conf.d/by-hand.conf; swanctl --load-conns >/dev/null")
    group = "tunnel-group 198.51.100.98"
    try:
        with asa(known, [f"{group} type ipsec-l2l"], [f"clear configure {group}"]):
            found = troubles(known, "--no-config")
    finally:
        on(known, "no-edge2", "rm /etc/swanctl/conf.d/by-hand.conf; swanctl --load-conns >/dev/null")
    assert {key: each["status"] for key, each in found.items()} == {
        ("no-edge2", "tunnel.extra", "by-hand"): "failed",
        ("nl-fw1", "tunnel.extra", "198.51.100.98"): "failed",
    }


def test_hand_made_objects_of_our_kinds_fail_where_they_have_appeared_and_can_be_accepted(known: RunningLab) -> None:
    hosts = "nl-rr1", "no-edge3", "nl-fw1", devices.PFSENSE
    limit = "--limit", ",".join(hosts)
    lines = "ip prefix-list BY-HAND seq 5 permit 10.0.0.0/8", "route-map BY-HAND permit 10", "bfd", "profile BY-HAND"
    row = "<row><seq>5</seq><action>permit</action><source>any</source></row>"
    entry = f"<config><name>BY-HAND</name><descr/>{row}</config>"
    conf, kept = "/cf/conf/config.xml", "/tmp/by-hand.xml"
    pool = "/etc/swanctl/conf.d/by-hand.conf"
    typed = ["access-list BY-HAND extended permit ip any any", "route-map BY-HAND permit 10"]
    cleared = ["clear configure access-list BY-HAND", "clear configure route-map BY-HAND"]
    on(known, "nl-rr1", "vtysh -c 'configure terminal'" + "".join(f" -c '{line}'" for line in lines))
    on(known, "no-edge3", f"echo 'pools {{ by-hand {{ addrs = 10.99.0.0/24 }} }}' >{pool}")
    added = f"cp -p {conf} {kept}; sed -i 's|<frrglobalprefixes>|&{entry}|' {conf}; rm -f /tmp/config.cache"
    on(known, devices.PFSENSE, f"{added}; grep -c BY-HAND {conf}")
    try:
        with asa(known, typed, cleared):
            found = troubles(known, *limit)
            accepted = troubles(known, *limit, "--accept-baseline")
            later = troubles(known, *limit)
    finally:
        on(known, "nl-rr1", "vtysh -c 'configure terminal'" + "".join(f" -c 'no {line}'" for line in lines[:2]))
        on(known, "nl-rr1", "vtysh -c 'configure terminal' -c bfd -c 'no profile BY-HAND'")
        on(known, "no-edge3", f"rm {pool}")
        on(known, devices.PFSENSE, f"mv {kept} {conf}; rm -f /tmp/config.cache")
    assert {key: each["status"] for key, each in found.items()} == {
        (host, "config.extra", host): "failed" for host in hosts
    }
    named = {host: found[host, "config.extra", host]["cause"].partition(": ")[0] for host in hosts}
    assert named == {
        "nl-rr1": "bfd / profile BY-HAND, ip prefix-list BY-HAND, route-map BY-HAND",
        "no-edge3": "pool by-hand of /etc/swanctl/conf.d/by-hand.conf",
        "nl-fw1": "access-list BY-HAND, route-map BY-HAND",
        devices.PFSENSE: "frrglobalprefixes BY-HAND",
    }
    assert (accepted, later) == ({}, {})
    assert troubles(known, *limit) == {}


def test_drift_says_who_wrote_the_configuration_where_the_device_knows(known: RunningLab) -> None:
    entry = "prefix-list RB-SITES seq 99 permit 10.9.0.0/16"
    with asa(known, [entry], [f"no {entry}"]):
        found = troubles(known)
    [drift] = [each for (_, check, _), each in found.items() if check == "config.drift"]
    assert (drift["host"], drift["status"]) == ("nl-fw1", "failed")
    assert "seq 99 permit 10.9.0.0/16" in drift["cause"]
    assert "last modified by operator at " in drift["cause"]


def test_a_full_disk_is_found_before_a_change_fails_on_it(known: RunningLab) -> None:
    for host in ("no-edge3", devices.PFSENSE):
        faults.fill_disk(known.lab, host)
        try:
            found = troubles(known, "--no-config", "--limit", host)
        finally:
            faults.free_disk(known.lab, host)
        assert {(each, check) for each, check, _ in found} == {(host, "host.disk")}
        assert all("is full" in each["cause"] for each in found.values())


def test_a_run_towards_a_cache_that_is_not_there_is_rolled_back_with_its_port_named(known: RunningLab) -> None:
    with edited(known, "inventory/network.yaml", "port: 3323", "port: 3324"):
        done = known.routebook("run", "deploy", "--yes", "--json", "--limit", "no-edge3", "--deadline", "15")
    assert done.returncode == 3, done.stdout + done.stderr
    assert [(each["host"], each["check"], each["subject"]) for each in failures(json.loads(done.stdout))] == [
        ("no-edge3", "rpki.cache", "198.51.100.250 port 3324")
    ]


def test_a_run_that_does_bfd_with_a_peer_that_does_not_is_rolled_back(known: RunningLab) -> None:
    session = "    - ends: [no-edge1, transit-no]\n"
    with edited(known, "inventory/bgp.yaml", re.escape(session), f"{session}      bfd: true\n"):
        done = known.routebook("run", "deploy", "--yes", "--json", "--limit", "no-edge1", "--deadline", "15")
    assert done.returncode == 3, done.stdout + done.stderr
    [found] = failures(json.loads(done.stdout))
    assert (found["host"], found["check"]) == ("no-edge1", "bgp.bfd")
    assert "transit-no does not answer BFD from no-edge1" in found["cause"]


def test_bfd_of_an_asa_is_found_up_and_named_where_it_is_down(deployed: RunningLab) -> None:
    firewall, reflector, address = "nl-fw1", "nl-rr1", "10.1.0.11"
    limit = "--limit", f"{firewall},{reflector}"
    session = f"    - ends: [{firewall}, {reflector}]\n"
    drop = (
        "nft 'add table inet by-hand; add chain inet by-hand in { type filter hook input priority 0; }; "
        "add rule inet by-hand in udp dport 3784 drop'"
    )
    try:
        with edited(deployed, "inventory/bgp.yaml", re.escape(session), f"{session}      bfd: true\n"):
            done = deployed.routebook("run", "deploy", "--yes", "--json", *limit)
            assert done.returncode == 0, done.stdout + done.stderr
            found = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "bgp.bfd"]
            assert {(each["host"], each["status"]) for each in found} == {(firewall, "ok"), (reflector, "ok")}
            on(deployed, reflector, drop)
            try:
                down = f"vtysh -c 'show bfd peers' | grep -A9 'peer {address} ' | grep -c 'Status: down'"
                wait_for(lambda: on(deployed, firewall, f"{down} || true").strip() == "1", 20, "BFD to be down")
                named = troubles(deployed, "--no-config", *limit)
            finally:
                on(deployed, reflector, "nft delete table inet by-hand")
    finally:
        done = deployed.routebook("run", "deploy", "--yes", "--json", *limit)
        assert done.returncode == 0, done.stdout + done.stderr
    causes = [each["cause"] for (host, *_), each in named.items() if host == firewall and each["status"] == "failed"]
    assert any("BFD" in each and reflector in each for each in causes), named


def without_addpath(text: str, host: str, others: tuple[str, ...]) -> str:
    """The mesh of edges and reflectors as several, of which one host's sends no more than its best paths."""
    options = text.partition("\n")[2]
    alone = options.replace("      addpath_tx_all: true\n", "")
    assert alone != options
    meshes = [f"    - mesh: {other} x reflector\n{options}" for other in others]
    return "".join([f"    - mesh: {host} x reflector\n{alone}", *meshes])


def test_an_edge_that_gets_less_of_a_reflector_than_its_siblings_do_is_named(known: RunningLab) -> None:
    edge = "10.255.3.3"  # no-edge3 as nl-rr1 sees it
    there = f"neighbor {edge} prefix-list NOTHING out"
    family = "-c 'configure terminal' -c 'router bgp 65550' -c 'address-family ipv4 unicast'"
    mesh = r"    - mesh: edge x reflector\n(?:      .*\n)+"
    text = (known.project / "inventory/bgp.yaml").read_text()
    found = re.search(mesh, text)
    assert found is not None
    meshes = without_addpath(found[0], "no-edge3", ("no-edge1", "no-edge2", "ch"))

    def parity() -> dict[str, Any] | None:
        return troubles(known, "--no-config").get(("no-edge3", "bgp.parity", "10.255.1.11 ipv4-unicast"))

    on(known, "nl-rr1", "vtysh -c 'configure terminal' -c 'ip prefix-list NOTHING seq 5 deny any'")
    on(known, "nl-rr1", f"vtysh {family} -c '{there}'")
    try:
        on(known, "nl-rr1", f"vtysh -c 'clear bgp ipv4 unicast {edge} soft out'")
        with edited(known, "inventory/bgp.yaml", mesh, meshes):
            wait_for(parity, 30, "parity")
            each = parity()
    finally:
        on(known, "nl-rr1", f"vtysh {family} -c 'no {there}'")
        on(known, "nl-rr1", "vtysh -c 'configure terminal' -c 'no ip prefix-list NOTHING'")
        on(known, "nl-rr1", f"vtysh -c 'clear bgp ipv4 unicast {edge} soft out'")
    assert each is not None
    assert each["status"] == "warning"
    assert each["cause"].startswith("no-edge3 lacks addpath-tx-all with nl-rr1, unlike ")
    assert "receives 0, they " in each["cause"]
