"""What is rendered for an ASA is what the device keeps: planned and pushed once, nothing is left to send.

On the lab ASA's command line, which refuses what is not a command and shows what it keeps as the device does.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.device.candidate import Candidate
from routebook.platforms.asa.driver import AsaDriver
from routebook.platforms.asa.names import read_release
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.asa_driver.firewall import STARTUP, Firewall, napalm
from tests.networks.project import Project

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSK", 'odd!"$%&\\#')
    monkeypatch.setenv("BGP_PASSWORD", "0123456789abcdef0123456789abcdef")


@pytest.fixture
def driver(firewall: Firewall) -> Iterator[AsaDriver]:
    opened = firewall.driver()
    opened.open()
    yield opened
    opened.close()


def rendered(project: Project, *sections: str) -> Candidate:
    intent = project.load().hosts["fw1"]
    return render_host(intent, TEMPLATES, Secrets(project.folder), sections or None)


def push(driver: AsaDriver, candidate: Candidate, run_id: str) -> None:
    assert driver.plan(candidate, driver.snapshot())
    driver.arm(run_id, 120)
    driver.push()
    driver.activate()


def test_once_pushed_nothing_is_left_to_send_and_undone_it_is_byte_equal(driver: AsaDriver, project: Project) -> None:
    before = driver.snapshot().parts["asa"]
    push(driver, rendered(project), "first")
    change = driver.plan(rendered(project), driver.snapshot())
    assert change.commands == (), change.diff
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before


def test_every_line_is_kept_as_it_is_written(driver: AsaDriver, project: Project, asa_release: str) -> None:
    push(driver, rendered(project), "lines")
    kept = {line.strip() for line in driver.snapshot().parts["asa"].splitlines()}
    for section in rendered(project).sections:
        for line in section.text.splitlines():
            # Defaults are not shown: the group from 9.13 on, and how often a dead peer is asked again.
            pfs = "set pfs" if read_release(asa_release).numbers >= (9, 13) else "set pfs group14"
            shown = line.strip().replace("set pfs group14", pfs).removesuffix(" retry 2")
            assert shown in kept | {""}, section.name


def test_what_is_somebody_elses_stays_when_ours_goes(driver: AsaDriver, project: Project) -> None:
    push(driver, rendered(project), "come")
    driver.confirm()
    project.write("tunnels", "tunnels: {}\n")
    project.write("bgp", "bgp: {}\n")
    push(driver, rendered(project), "go")
    left = driver.snapshot().parts["asa"]
    assert "RB-" not in left
    assert "interface Tunnel" not in left
    assert "router bgp" not in left
    assert "crypto ikev2 policy 640" not in left
    for line in STARTUP.splitlines():
        if not line.startswith(("enable password", "username")):
            assert line in left.splitlines()
    driver.confirm()


def test_a_second_tunnel_adds_its_own_lines_and_touches_no_other(driver: AsaDriver, project: Project) -> None:
    push(driver, rendered(project), "one")
    driver.confirm()
    project.change(
        "hosts", "wan0: {link: internet, addresses: [198.51.100.3/24]}",
        "wan0: {link: internet, addresses: [198.51.100.3/24, 198.51.100.4/24]}",
    )  # fmt: skip
    project.change(
        "tunnels",
        "    - ends: [fw1, fw2]\n",
        "    - ends: [fw1, edge1]\n      name: second\n      mode: route\n      inner: 10.255.200.0/31\n"
        "      edge1: {address: 198.51.100.4}\n    - ends: [fw1, fw2]\n",
    )
    change = driver.plan(rendered(project), driver.snapshot())
    assert not any("no " in line or "clear" in line for line in change.commands), change.commands
    changed = [line[1:].strip() for line in change.diff.splitlines() if line[:1] in "+-" and not line.startswith("--")]
    assert all(line[:1] != "-" for line in change.diff.splitlines()), change.diff
    assert "interface Tunnel0" in changed
    assert "crypto ipsec profile RB-second" in changed
    configured = "".join(
        line for line in change.diff.splitlines() if not line.strip("+ ").startswith("access-list ROUTEBOOK")
    )
    assert not any(other in configured for other in ("fw1--fw2", "Tunnel10", "policy 64", "router bgp"))


def test_a_crypto_map_of_somebody_elses_gets_our_entries_and_keeps_its_own(driver: AsaDriver, project: Project) -> None:
    project.change("hosts", "nameif: outside, link", "nameif: outside, crypto_map: THEIR-MAP, link")
    theirs = (
        "access-list THEIR-ACL extended permit ip any host 10.99.0.2",
        "crypto map THEIR-MAP 1 match address THEIR-ACL",
        "crypto map THEIR-MAP 1 set peer 203.0.113.77",
        "crypto map THEIR-MAP 1 set ikev2 ipsec-proposal THEIRS",
        "crypto map THEIR-MAP interface outside",
    )
    committing = napalm(driver)
    committing.load_merge_candidate(config="\n".join(theirs) + "\n")
    committing.commit_config()
    push(driver, rendered(project), "shared")
    kept = driver.snapshot().parts["asa"]
    assert "crypto map THEIR-MAP 25602 match address RB-fw1--fw2" in kept
    assert all(line in kept.splitlines() for line in theirs)
    assert driver.plan(rendered(project), driver.snapshot()).commands == ()
    project.write("tunnels", "tunnels: {}\n")
    project.change("bgp", "    - ends: [fw1, edge1]\n      tunnel: fw1--edge1\n      next_hop_self: true\n", "")
    driver.confirm()
    push(driver, rendered(project), "alone")
    left = driver.snapshot().parts["asa"].splitlines()
    assert all(line in left for line in theirs)
    assert not any("25602" in line for line in left)
