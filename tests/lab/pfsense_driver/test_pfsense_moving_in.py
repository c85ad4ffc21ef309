"""A pfSense that somebody has configured by hand is moved in: nothing is sent at first, and theirs stays as it is."""

from collections.abc import Callable
from pathlib import Path

from routebook.device.candidate import Candidate, Section
from routebook.importing.report import report_of
from routebook.platforms.pfsense.tree import Element, canonical
from routebook.project.render import render_host
from tests.lab.pfsense_driver.candidates import frr_neighbor
from tests.lab.pfsense_driver.firewall import Firewall
from tests.unit.importing.pfsense_files import (
    POLICIES,
    SECRETS,
    area,
    half,
    neighbor,
    phase1,
    phase2,
    settings,
)
from tests.unit.importing.read import imported

USUAL = "prefixfilter_in=FROM-TRANSIT;routemap_out=TO-TRANSIT"
PACKAGES = (
    settings("203.0.113.0/24")
    + area(
        "frrbgpneighbors",
        neighbor("192.0.2.254", "Transit NO", "64496", USUAL),
        neighbor("10.1.0.99", "theirs", "64500", "weight=5"),
    )
    + POLICIES
)
TUNNELS = "".join((
    phase1("office", "192.0.2.7"), phase2(half("lan"), half("network", "10.7.0.0", "16")),
    phase1("two words", "192.0.2.8", ikeid=2), phase2(half("lan"), half("network", "10.8.0.0", "16"), "", 2, 2),
))  # fmt: skip


class Key:
    def resolve(self, reference: object) -> str:
        del reference
        return SECRETS["psk"]


def parts(root: Element, *path: str) -> dict[str, object]:
    """The entries of a list by what they are called."""
    holder = root.find(*path[:-1]) or Element("")
    return {entry.value("descr"): canonical(entry) for entry in holder.all(path[-1])}


def test_a_hand_made_firewall_is_moved_in_a_session_comes_and_goes_and_all_else_stays(
    boot: Callable[..., Firewall], tmp_path: Path
) -> None:
    firewall = boot(package="frr")
    text = firewall.sh("cat /cf/conf/config.xml")
    text = text.replace("</installedpackages>", f"{PACKAGES}</installedpackages>")
    text = text.replace("<ipsec>", f"<ipsec>{TUNNELS}")
    firewall.sh("cat >/cf/conf/config.xml; rm -f /tmp/config.cache", text)
    firewall.unit.value("require_once('frr.inc'); write_config('by hand'); frr_generate_config();")
    driver = firewall.driver()
    before, there = driver.snapshot(), firewall.config()
    proved = imported(tmp_path, {"fw1/config.xml": firewall.sh("cat /cf/conf/config.xml")})
    report = report_of(proved)
    assert (report.sessions, report.tunnels, report.differing) == (1, 1, [])
    rendered = render_host(proved.network.hosts["fw1"], Path("/nonexistent"), Key()).sections
    first = driver.plan(Candidate(rendered), before)
    assert not first
    assert any("neighbor theirs" in each and "phase1 two words" in each for each in first.warnings)
    more = tuple(
        Section(
            each.name,
            each.part,
            each.text.replace("</frrbgpneighbors>", f"{frr_neighbor('new', '10.1.0.50', 64500)}</frrbgpneighbors>"),
            each.owns,
        )
        for each in rendered
    )
    change = driver.plan(Candidate(more), before)
    assert [each for each in change.commands if "frrbgpneighbors" in each]
    assert not [effect for effect in change.effects if effect.kind == "session-reset"]
    driver.arm("run-1", 120)
    driver.push()
    driver.activate()
    made = firewall.config()
    path = ("installedpackages", "frrbgpneighbors", "config")
    assert parts(made, *path).items() > parts(there, *path).items()
    for tunnel in ("phase1", "phase2"):
        assert parts(made, "ipsec", tunnel) == parts(there, "ipsec", tunnel)
    assert {str(session.peer) for session in driver.state().bgp or ()} == {"192.0.2.254", "10.1.0.99", "10.1.0.50"}
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    assert {str(session.peer) for session in driver.state().bgp or ()} == {"192.0.2.254", "10.1.0.99"}
