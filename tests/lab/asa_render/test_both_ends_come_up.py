"""What is rendered for both ends of a tunnel fits: ASA to ASA, and ASA to strongSwan, on real charon and bgpd."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.device.candidate import Candidate
from routebook.platforms.asa.driver import AsaDriver
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.asa.units import ENABLE, PASSWORD, USER, Unit
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts, link
from tests.lab.waiting import wait_for
from tests.networks.project import Project

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PSK", 'the-same"$#at%both')
    return Project(tmp_path / "project", "asa_tunnels")


@pytest.fixture(scope="module", autouse=True)
def _possible() -> None:
    if not can_make_hosts():
        pytest.skip("lab ASAs need root and the daemons of lab/system-packages.txt")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def rendered(project: Project, host: str) -> Candidate:
    return render_host(project.load().hosts[host], TEMPLATES, Secrets(project.folder))


def opened(unit: Unit, folder: Path) -> AsaDriver:
    known = folder / f"known-{unit.address}"
    known.write_text(unit.host.sh(f"ssh-keyscan -t rsa,ecdsa,ed25519 {unit.address} 2>/dev/null"))
    own = {"known_hosts_file": str(known), "allow_agent": False, "use_keys": False, "enable_password": ENABLE}
    driver = AsaDriver(unit.address, USER, PASSWORD, 30, own)
    driver.open()
    return driver


def push(drivers: list[AsaDriver], candidates: list[Candidate]) -> None:
    for driver, candidate in zip(drivers, candidates, strict=True):
        assert driver.plan(candidate, driver.snapshot())
        driver.arm("render", 240)
    for driver in drivers:
        driver.push()
    for driver in drivers:
        driver.activate()


@pytest.fixture
def firewalls(tmp_path: Path, asa_release: str) -> Iterator[tuple[Unit, Unit]]:
    """Both ASAs, joined by their outside interfaces."""
    carried = {"192.0.2.1": (["10.2.0.0/24"], ["10.1.0.0/24"]), "192.0.2.2": (["10.1.0.0/24"], ["10.2.0.0/24"])}
    tunnels = {peer: {"local": local, "remote": remote} for peer, (local, remote) in carried.items()}
    units = [
        Unit.start(
            f"fw{number}",
            tmp_path,
            outside=f"192.0.2.{number}",
            inside=f"10.{number}.0.1",
            tunnels=tunnels,
            version=asa_release,
        )
        for number in (1, 2)
    ]
    try:
        link(units[0].host, units[1].host, "eth0", [], [])
        for unit in units:
            unit.boot()
        yield units[0], units[1]
    finally:
        for unit in units:
            unit.host.stop()


def test_two_asas_bring_up_a_tunnel_interface_and_bgp_over_it(
    project: Project, firewalls: tuple[Unit, Unit], tmp_path: Path
) -> None:
    drivers = [opened(unit, tmp_path) for unit in firewalls]
    before = [driver.snapshot().parts["asa"] for driver in drivers]
    candidates = [rendered(project, name) for name in ("fw1", "fw2")]
    push(drivers, candidates)

    def established() -> bool:
        sessions = [session for driver in drivers for session in driver.state().bgp or ()]
        return len(sessions) == 2 and all(s.established and s.families[0].received == 1 for s in sessions)

    wait_for(established, 120, "the session")
    (sa,) = [sa for sa in drivers[0].state().ike or () if sa.up]
    assert (sa.encryption, sa.dh_group) == ("AES_GCM_16-256", "ECP_256")
    for driver, candidate in zip(drivers, candidates, strict=True):
        change = driver.plan(candidate, driver.snapshot())
        assert not change, change.diff
    for driver in drivers:
        driver.rollback()
    assert [driver.snapshot().parts["asa"] for driver in drivers] == before


def test_an_edge_starts_a_tunnel_into_an_asas_crypto_map(project: Project, tmp_path: Path, asa_release: str) -> None:
    unit = Unit.start("fw1", tmp_path, outside="192.0.2.1", inside="10.1.0.1", version=asa_release)
    edge = LinuxHost("edge1", tmp_path / "edge1")
    try:
        link(unit.host, edge, "eth0", [], ["192.0.2.3/24"])
        edge.sh("ip addr add 10.3.0.1/32 dev lo")
        unit.boot()
        driver = opened(unit, tmp_path)
        push([driver], [rendered(project, "fw1")])
        for section in rendered(project, "edge1").sections:
            if section.part.startswith("/etc/swanctl"):
                edge.write(section.part, section.text, section.mode)
        edge.start_strongswan()
        wait_for(lambda: "INSTALLED" in edge.sh("swanctl --list-sas"), 30, "the child SA")
        wait_for(
            lambda: edge.shell.run("ping -c 1 -W 1 -I 10.3.0.1 10.1.0.1").status == 0,
            30,
            "an answer through the tunnel",
        )
        sa = next(sa for sa in driver.state().ike or () if str(sa.remote_address) == "192.0.2.3")
        child = next(child for child in sa.children if child.up)
        assert (child.encryption, child.integrity) == ("AES_CBC-256", "HMAC_SHA2_256_128")
        assert child.packets_in > 0
        assert not driver.plan(rendered(project, "fw1"), driver.snapshot())
    finally:
        unit.stop()
        edge.stop()
