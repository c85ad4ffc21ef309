"""A tunnel and BGP over it between two lab ASAs with real charon and bgpd, brought there and back by the driver."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from napalm.base.models import PeerDetailsDict
from napalm.base.test import helpers

from custom_napalm import asa as napalm_asa
from custom_napalm.adapter import over
from routebook.cli.import_project import importers
from routebook.device.candidate import Candidate, Section
from routebook.device.state import BgpSession, BgpState
from routebook.importing.proof import prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_host
from routebook.platforms.asa.driver import AsaDriver
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.asa.conftest import make_pair
from tests.lab.asa.units import ENABLE, PASSWORD, USER, Unit
from tests.lab.drivers.hosts import can_make_hosts
from tests.lab.waiting import wait_for
from tests.networks.project import Project

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
TEXT = """crypto ikev2 policy 10
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
 lifetime seconds 86400
crypto ipsec ikev2 ipsec-proposal AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ipsec profile PEER
 set ikev2 ipsec-proposal AES
 set pfs group14
tunnel-group {peer} type ipsec-l2l
tunnel-group {peer} ipsec-attributes
 ikev2 remote-authentication pre-shared-key {key}
 ikev2 local-authentication pre-shared-key {key}
interface Tunnel1
 nameif vti1
 ip address {inner} 255.255.255.252
 tunnel source interface outside
 tunnel destination {peer}
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile PEER
router bgp {asn}
 bgp log-neighbor-changes
 address-family ipv4 unicast
  neighbor {neighbor} remote-as {remote}
  neighbor {neighbor} timers 3 9
  neighbor {neighbor} activate
  network {own} mask 255.255.255.0
 exit-address-family
"""
OWNS = (
    "crypto ikev2 policy 10",
    "crypto ipsec ikev2 ipsec-proposal AES",
    "crypto ipsec profile PEER",
    "tunnel-group 192.0.2.*",
    "interface Tunnel1",
    "router bgp *",
)


@dataclass
class End:
    """One end of the tunnel."""

    driver: AsaDriver
    values: dict[str, str]

    def candidate(self, key: str) -> Candidate:
        return Candidate((Section("asa", "asa", TEXT.format(key=key, **self.values), OWNS),))


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory, asa_release: str) -> Iterator[tuple[End, End]]:
    if not can_make_hosts():
        pytest.skip("lab ASAs need root and the daemons of lab/system-packages.txt")
    folder = tmp_path_factory.mktemp("driven")
    pair = make_pair(
        folder,
        version=asa_release,
        tunnels={
            "192.0.2.1": {"local": ["10.2.0.0/24"], "remote": ["10.1.0.0/24"]},
            "192.0.2.2": {"local": ["10.1.0.0/24"], "remote": ["10.2.0.0/24"]},
        },
    )
    values = (
        {"peer": "192.0.2.2", "inner": "10.255.200.1", "asn": "65001", "neighbor": "10.255.200.2",
         "remote": "65002", "own": "10.1.0.0"},
        {"peer": "192.0.2.1", "inner": "10.255.200.2", "asn": "65002", "neighbor": "10.255.200.1",
         "remote": "65001", "own": "10.2.0.0"},
    )  # fmt: skip
    found = tuple(End(_driver(unit, folder), each) for unit, each in zip(pair, values, strict=True))
    for end in found:
        end.driver.open()
    yield found[0], found[1]
    for unit in pair:
        unit.stop()


def _driver(unit: Unit, folder: Path) -> AsaDriver:
    keys = unit.host.sh(f"ssh-keyscan -t rsa,ecdsa,ed25519 {unit.address} 2>/dev/null")
    known = folder / f"known-{unit.address}"
    known.write_text(keys)
    own = {"known_hosts_file": str(known), "allow_agent": False, "use_keys": False, "enable_password": ENABLE}
    return AsaDriver(unit.address, USER, PASSWORD, 30, own)


def established(end: End) -> bool:
    state = end.driver.state()
    return any(session.established for session in state.bgp or ())


def deploy(ends: tuple[End, End], keys: tuple[str, str], run_id: str) -> None:
    for end, key in zip(ends, keys, strict=True):
        assert end.driver.plan(end.candidate(key), end.driver.snapshot())
        end.driver.arm(run_id, 240)
    for end in ends:
        end.driver.push()
    for end in ends:
        end.driver.activate()


def test_a_tunnel_and_a_session_come_up_and_are_read_into_the_models(ends: tuple[End, End]) -> None:
    before = [end.driver.snapshot().parts["asa"] for end in ends]
    deploy(ends, ("same-key#", "same-key#"), "up")
    wait_for(lambda: all(established(end) for end in ends), 120, "the sessions")
    state = ends[0].driver.state()
    (session,) = state.bgp or ()
    assert (str(session.peer), session.local_as, session.remote_as) == ("10.255.200.2", 65001, 65002)
    assert session.hold_time == 9
    assert session.families[0].name == "ipv4-unicast"
    wait_for(lambda: (ends[0].driver.state().bgp or ())[0].families[0].received == 1, 60, "its prefix")
    sent = ends[0].driver.advertised([("10.255.200.2", "ipv4-unicast"), ("10.255.200.2", "ipv6-unicast")])
    assert sent.keys() == {("10.255.200.2", "ipv4-unicast")}
    # What it has learned is sent back, a moment later.
    back = {ip_network(f"{end.values['own']}/24") for end in ends}
    own = ip_network(f"{ends[0].values['own']}/24")
    assert {own} <= set(sent["10.255.200.2", "ipv4-unicast"]) <= back
    far, nowhere = ip_network(f"{ends[1].values['own']}/24"), ip_network("203.0.113.0/24")

    def routes() -> dict[Any, Any]:
        return {route.prefix: route for route in ends[0].driver.state([own, far, nowhere]).routes or ()}

    wait_for(lambda: routes()[far].reachable, 30, "the next hop")
    found = routes()
    assert (found[far].next_hop, found[far].peer, found[far].as_path) == ("10.255.200.2", "10.255.200.2", "65002")
    assert found[own].next_hop == "0.0.0.0"
    assert found[nowhere].next_hop == ""
    assert ends[0].driver.state().bfd == ()
    (sa,) = state.ike or ()
    assert (sa.name, str(sa.remote_address), sa.state, sa.version) == ("192.0.2.2", "192.0.2.2", "ESTABLISHED", 2)
    assert (sa.encryption, sa.integrity, sa.dh_group) == ("AES_CBC-256", "HMAC_SHA2_256_128", "MODP_2048")
    child = next(child for child in sa.children if child.up)
    assert (child.name, child.encryption, child.integrity) == ("vti1", "AES_CBC-256", "HMAC_SHA2_256_128")
    assert child.packets_in > 0
    assert child.packets_out > 0
    reached = ends[0].driver.reached()
    assert (bool(reached.client), bool(reached.interface or reached.gateway)) == (True, True), reached
    neighbors = ends[0].driver.get_bgp_neighbors()["global"]["peers"]
    assert neighbors["10.255.200.2"]["is_up"]
    detail: Any = ends[0].driver.get_bgp_neighbors_detail()["global"]
    assert all(helpers.test_model(PeerDetailsDict, peer) for peer in detail[65002])
    for end in ends:
        end.driver.confirm()
        assert not end.driver.plan(end.candidate("same-key#"), end.driver.snapshot())
    assert before[0] != ends[0].driver.snapshot().parts["asa"]


def test_a_wrong_key_at_one_end_is_really_down_and_rolled_back_it_is_up_again(ends: tuple[End, End]) -> None:
    before = [end.driver.snapshot().parts["asa"] for end in ends]
    end = ends[1]
    change = end.driver.plan(end.candidate("another-key#"), end.driver.snapshot())
    assert [effect.kind for effect in change.effects] == ["tunnel-rekey"]
    end.driver.arm("wrong", 240)
    end.driver.push()
    end.driver.activate()
    wait_for(lambda: not any(sa.up for sa in end.driver.state().ike or ()), 60, "the end of the tunnel")
    end.driver.rollback()
    assert [each.driver.snapshot().parts["asa"] for each in ends] == before
    wait_for(lambda: any(sa.up for sa in end.driver.state().ike or ()), 60, "the tunnel")
    wait_for(lambda: all(established(each) for each in ends), 120, "the sessions")


def test_a_wrong_as_stays_down_and_retrying_touches_no_established_session(ends: tuple[End, End]) -> None:
    end = ends[0]
    good = (end.driver.state().bgp or ())[0]
    assert good.established
    end.driver.retry_sessions(["10.255.200.2"])
    assert (end.driver.state().bgp or ())[0].established
    before = end.driver.snapshot().parts["asa"]
    wrong = End(end.driver, {**end.values, "remote": "65099"})
    change = end.driver.plan(wrong.candidate("same-key#"), end.driver.snapshot())
    assert ("session-reset", "10.255.200.2") in [(effect.kind, effect.subject) for effect in change.effects]
    end.driver.arm("as", 240)
    end.driver.push()
    end.driver.activate()
    (session,) = end.driver.state().bgp or ()
    assert session.remote_as == 65099
    assert session.state in (BgpState.IDLE, BgpState.ACTIVE, BgpState.CONNECT, BgpState.OPEN_SENT)
    end.driver.retry_sessions(["10.255.200.2"])
    assert end.driver.explain("10.255.200.2", 300) is not None
    end.driver.rollback()
    assert end.driver.snapshot().parts["asa"] == before
    wait_for(lambda: all(established(each) for each in ends), 120, "the sessions")


MORE = """\
prefix-list OWN seq 5 permit 10.1.0.0/24
route-map TO-CUSTOMER permit 10
 match ip address prefix-list OWN
route-map FROM-CUSTOMER permit 10
 set local-preference 200
router bgp 65001
 bgp router-id 10.1.0.1
 address-family ipv4 unicast
  neighbor 10.1.0.9 remote-as 64999
  neighbor 10.1.0.9 description customer
  neighbor 10.1.0.9 activate
  neighbor 10.1.0.9 route-map FROM-CUSTOMER in
  neighbor 10.1.0.9 route-map TO-CUSTOMER out
 exit-address-family
"""
ONE_MORE = """\
    - ends: [fw1, newcomer]
      fw1: {import: FROM-CUSTOMER, export: TO-CUSTOMER, max_prefix: 10}
"""
NEWCOMER = "  newcomer: {asn: 64998, interfaces: {eth0: {link: customer, addresses: [10.1.0.10/24]}}}\n"


def test_moved_in_it_gets_a_session_and_loses_it_and_nothing_of_others_resets(
    ends: tuple[End, End], tmp_path: Path
) -> None:
    driver = ends[0].driver
    by_hand = over(napalm_asa.AsaDriver, driver)
    by_hand.load_merge_candidate(config=MORE)
    by_hand.commit_config()
    wait_for(lambda: all(established(each) for each in ends), 120, "the sessions")
    wait_for(lambda: (theirs(driver).uptime or 0) >= 5, 60, "a session that is up for a while")
    before, began = driver.snapshot(), theirs(driver).uptime or 0
    project = moved_in(tmp_path, before.parts["asa"])
    assert not driver.plan(rendered(project), driver.snapshot())
    project.write("bgp", project.text("bgp").replace("  sessions:\n", f"  sessions:\n{ONE_MORE}"))
    project.write("network", project.text("network").replace("peers:\n", f"peers:\n{NEWCOMER}"))
    change = driver.plan(rendered(project), driver.snapshot())
    assert {effect.subject for effect in change.effects if effect.kind.startswith("session")} == {"10.1.0.10"}
    assert any("left alone: neighbor 10.255.200.2" in warning for warning in change.warnings), change.warnings
    driver.arm("moved", 240)
    driver.push()
    driver.activate()
    assert {str(session.peer) for session in driver.state().bgp or ()} == {"10.255.200.2", "10.1.0.9", "10.1.0.10"}
    assert (theirs(driver).uptime or 0) >= began
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]
    assert (theirs(driver).uptime or 0) > began
    assert any(sa.up for sa in driver.state().ike or ())


def theirs(driver: AsaDriver) -> BgpSession:
    """The session that no inventory has."""
    return next(session for session in driver.state().bgp or () if str(session.peer) == "10.255.200.2")


def moved_in(folder: Path, text: str) -> Project:
    """The project that an import makes of a configuration, with an empty first plan."""
    (folder / "run.txt").write_text(text)
    known = importers()
    proved = prove({"fw1": read_host("fw1", folder / "run.txt", known)}, known, TEMPLATES)
    (host,) = report_of(proved).hosts
    assert host.difference == ""
    assert {line.kind for line in host.lines if "10.1.0.9 " in line.text} == {"modelled"}
    assert {line.kind for line in host.lines if "neighbor 10.255.200.2 " in line.text} == {"foreign"}
    project = Project(folder / "project")
    for name in ("groups", "defaults", "bgp", "tunnels", "policy"):
        (project.folder / "inventory" / f"{name}.yaml").unlink(missing_ok=True)
    for name, content in proved.draft.texts().items():
        (project.folder / "inventory" / name).write_text(content)
    return project


def rendered(project: Project) -> Candidate:
    """The sections of the imported host."""
    return render_host(project.load().hosts["fw1"], TEMPLATES, Secrets(project.folder))
