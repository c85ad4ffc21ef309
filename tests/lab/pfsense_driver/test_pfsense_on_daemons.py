"""On real daemons: a tunnel to strongSwan and sessions with FRR come up from nothing, follow changes, and come back."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from routebook.device.candidate import Section
from routebook.device.causes import Reason
from routebook.device.state import BgpSession, IkeSa
from routebook.platforms.pfsense.driver import PfSenseDriver
from routebook.run.watch import RETRY_EVERY
from tests.lab.drivers.hosts import LinuxHost
from tests.lab.pfsense_driver.candidates import frr, frr_neighbor, neighbor, openbgpd, tunnel, tunnels
from tests.lab.pfsense_driver.firewall import Firewall, plan
from tests.lab.waiting import wait_for

OUTER, INNER = ("192.0.2.1", "192.0.2.2"), ("10.255.200.0", "10.255.200.1")
PSK = "a-key-that-nobody-may-see"

SWANCTL = """connections {{
  home {{
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes256gcm16-prfsha256-modp2048
    local {{
      auth = psk
      id = 192.0.2.2
    }}
    remote {{
      auth = psk
      id = 192.0.2.1
    }}
    children {{
      home {{
        local_ts = 10.255.200.1/32
        remote_ts = 10.255.200.0/32
        esp_proposals = aes256gcm16-modp2048
      }}
    }}
  }}
}}
secrets {{
  ike-home {{
    id-1 = 192.0.2.1
    secret = "{psk}"
  }}
}}
"""
# Where OpenBGPD is the other end, only that one connects: of two connections at once one is closed, and that may be the
# one that a session has just come up on.
FRR = """router bgp 65551
 no bgp ebgp-requires-policy
 neighbor 10.255.200.0 remote-as 64512
{passive}
 neighbor 10.255.200.0 disable-connected-check
 neighbor 10.255.200.0 update-source 10.255.200.1
 neighbor 10.255.200.0 timers connect 3
 address-family ipv4 unicast
  network 10.3.0.0/24
  network 10.3.1.0/24
"""


@dataclass
class Pair:
    """A firewall and an edge at the other end of its tunnel; `package` routes BGP on the firewall."""

    firewall: Firewall
    edge: LinuxHost
    driver: PfSenseDriver
    package: str
    retried: float = 0.0

    def bgp(self, remote_as: int = 65551, hold_time: int = 30) -> Section:
        """The session with the edge, over the tunnel."""
        if self.package == "frr":
            text = frr_neighbor("edge", INNER[1], remote_as, hold_time=hold_time)
            return frr(text.replace("</config>", "<ebgpmultihop>2</ebgpmultihop></config>"))
        entry = neighbor("edge", INNER[1], remote_as, local=INNER[0]).replace(
            "<parmvalue>30<", f"<parmvalue>{hold_time}<"
        )
        rows = "<row><parameters>multihop</parameters><parmvalue>2</parmvalue></row></config>"
        return openbgpd(entry.replace("</config>", rows))

    def session(self) -> BgpSession | None:
        """The session as the driver reads it."""
        return next((found for found in self.driver.state().bgp or () if str(found.peer) == INNER[1]), None)

    def sa(self) -> IkeSa | None:
        """The tunnel's IKE SA as the driver reads it."""
        return next((found for found in self.driver.state().ike or () if found.name == "home-edge"), None)

    def up(self) -> bool:
        """Whether tunnel and session are."""
        sa, session = self.sa(), self.session()
        tunnel_up = bool(sa and sa.up and any(child.up for child in sa.children))
        waits = tunnel_up and session is not None and not session.established
        if waits and time.monotonic() - self.retried >= RETRY_EVERY:
            # As the engine does: bgpd waits two minutes after a failure, and an attempt needs time to succeed.
            self.driver.retry_sessions([INNER[1]])
            self.retried = time.monotonic()
        return bool(tunnel_up and session and session.established)

    def make(self, run_id: str, *sections: Section) -> None:
        """Plan, arm, push and activate."""
        assert plan(self.driver, *sections)
        self.driver.arm(run_id, 300)
        self.driver.push()
        self.driver.activate()

    def load(self, psk: str) -> None:
        """Give the edge's end another key."""
        self.edge.write("/etc/swanctl/conf.d/home.conf", SWANCTL.format(psk=psk))
        self.edge.sh("swanctl --load-all --noprompt --clear")

    def reload(self, old: str, new: str) -> None:
        """Let bgpd load its configuration with another AS of the neighbor."""
        self.firewall.sh(f"sed -i 's/remote-as {old}/remote-as {new}/' /var/etc/openbgpd/bgpd.conf; bgpctl reload")

    def restore(self) -> None:
        """Both ends as they were when the tunnel and the session were up."""
        self.load(PSK)
        self.driver.rollback()
        if plan(self.driver, tunnels(tunnel()), self.bgp()):
            self.make("again", tunnels(tunnel()), self.bgp())
            self.driver.confirm()
            self.driver.unlock("again")
        wait_for(self.up, 180, "the tunnel and the session")


@pytest.fixture(scope="module", params=["openbgpd", "frr"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, key: Path, pfsense_release: str
) -> Iterator[Pair]:
    """A firewall that has just come up from nothing by one change."""
    folder = tmp_path_factory.mktemp(request.param)
    settings: dict[str, Any] = {
        "tunnels": {f"{OUTER[0]}-{OUTER[1]}": {"local": [], "remote": []}},
        "interfaces_ignored": ["mgmt0", "eth1"],
    }
    firewall = Firewall(folder / "fw", key, package=request.param, version=pfsense_release, **settings)
    edge = LinuxHost("edge", folder / "edge")
    try:
        firewall.ip(f"link set plug0 netns {edge.pid}")
        edge.sh(f"ip addr add {OUTER[1]}/24 dev plug0; ip link set plug0 up; ip addr add {INNER[1]}/32 dev lo")
        edge.sh("ip addr add 10.3.0.1/24 dev lo; ip addr add 10.3.1.1/24 dev lo")
        passive = " neighbor 10.255.200.0 passive" if request.param == "openbgpd" else "!"
        edge.write("/etc/frr/frr.conf", FRR.format(passive=passive))
        edge.write("/etc/swanctl/conf.d/home.conf", SWANCTL.format(psk=PSK))
        edge.start_strongswan()
        edge.start_frr()
        pair = Pair(firewall, edge, firewall.driver("admin"), request.param)
        pair.make("from-nothing", tunnels(tunnel()), pair.bgp())
        wait_for(pair.up, 60, "the tunnel and the session")
        pair.driver.confirm()
        pair.driver.unlock("from-nothing")
        yield pair
        pair.driver.close()
    finally:
        edge.stop()
        firewall.stop()


# What is of one package, or of neither: a module's fixture in its order of parameters is made once for each of them.
ONLY_OPENBGPD = pytest.mark.parametrize("pair", ["openbgpd"], indirect=True)


@pytest.fixture
def up(pair: Pair) -> Iterator[Pair]:
    """The pair with everything up, whatever the test before did."""
    pair.restore()
    yield pair
    pair.driver.rollback()


def test_state_is_told_in_the_models_by_the_tunnels_own_name(up: Pair) -> None:
    session, sa = up.session(), up.sa()
    assert session is not None
    assert sa is not None
    assert (session.remote_as, session.local_as, session.router_id, session.description) == (
        65551,
        64512,
        "10.1.0.1",
        "RB edge",
    )
    assert (session.remote_router_id != "", session.hold_time, str(session.local_address)) == (True, 30, INNER[0])
    if up.package == "openbgpd":
        wait_for(lambda: [family.received for family in (up.session() or session).families] == [2], 20, "two prefixes")
    else:
        # The candidate has no policy for it, so FRR takes nothing (RFC 8212).
        assert [(family.name, family.policy_missing) for family in session.families] == [("ipv4-unicast", True)]
    assert session.uptime is not None
    assert (str(sa.local_address), str(sa.remote_address), sa.version) == (*OUTER, 2)
    assert {child.name for child in sa.children} == {"home-edge"}
    neighbors = up.driver.get_bgp_neighbors()["global"]["peers"][INNER[1]]
    assert (neighbors["is_up"], neighbors["remote_as"]) == (True, 65551)


def test_what_is_sent_is_listed(up: Pair) -> None:
    session = up.session()
    assert session is not None
    four, six, nobody = (INNER[1], "ipv4-unicast"), (INNER[1], "ipv6-unicast"), ("192.0.2.99", "ipv4-unicast")
    found = up.driver.advertised([nobody, four, six])
    sent = [str(prefix) for prefix in found[four]]
    assert len(sent) == session.families[0].sent
    assert sent == (["10.1.0.0/24"] if up.package == "openbgpd" else [])  # that FRR wants a policy first (RFC 8212)
    # A family that the session does not have is empty for the one and refused by the other.
    assert found.keys() - {nobody} == ({four, six} if up.package == "openbgpd" else {four})
    assert up.driver.advertised([four]) == {four: found[four]}


def test_a_second_plan_is_empty(up: Pair) -> None:
    revisions = up.firewall.history()
    assert not plan(up.driver, tunnels(tunnel()), up.bgp())
    assert up.firewall.history() == revisions


def test_a_wrong_remote_as_is_noticed_and_rolling_back_brings_the_session_back(up: Pair) -> None:
    before = up.driver.snapshot()
    up.make("wrong-as", tunnels(tunnel()), up.bgp(remote_as=65552))
    wait_for(lambda: (session := up.session()) is not None and not session.established, 30, "the session's end")
    session = up.session()
    assert session is not None
    assert session.remote_as == 65552
    wait_for(lambda: "0202" in [found.last_error_code for found in [up.session()] if found], 180, "the reason")
    if up.package == "openbgpd":
        assert Reason.AS_REFUSED in [cause.reason for cause in up.driver.explain(INNER[1], 60)]
    up.driver.rollback()
    assert up.driver.snapshot().fingerprint == before.fingerprint
    wait_for(up.up, 60, "the session")


def test_a_changed_hold_time_is_in_use_afterwards(up: Pair) -> None:
    up.make("hold-time", tunnels(tunnel()), up.bgp(hold_time=21))
    wait_for(lambda: up.up() and (up.session() or pytest.fail("gone")).hold_time == 21, 60, "the new session")
    up.driver.rollback()
    wait_for(lambda: up.up() and (up.session() or pytest.fail("gone")).hold_time == 30, 60, "the old session")


@ONLY_OPENBGPD
def test_a_changed_key_makes_a_new_sa(up: Pair) -> None:
    old = up.sa()
    assert old is not None
    assert plan(up.driver, tunnels(tunnel(psk="the-next-key")), up.bgp())
    up.driver.arm("new-key", 300)
    up.driver.push()
    up.load("the-next-key")
    up.driver.activate()
    wait_for(lambda: up.up() and (up.sa() or old).spi_initiator != old.spi_initiator, 60, "the tunnel with the new key")
    up.load(PSK)
    up.driver.rollback()
    wait_for(up.up, 60, "the tunnel with the old key")


@ONLY_OPENBGPD
def test_a_wrong_key_is_noticed_and_rolling_back_brings_the_tunnel_back(up: Pair) -> None:
    up.make("wrong-key", tunnels(tunnel(psk="another-key-that-the-edge-lacks")), up.bgp())
    wait_for(lambda: not up.up(), 30, "the tunnel's end")
    wait_for(
        lambda: Reason.AUTHENTICATION in [cause.reason for cause in up.driver.explain("home-edge", 60)],
        30,
        "the reason",
    )
    assert not any("another-key" in line for cause in up.driver.explain("home-edge", 60) for line in cause.evidence)
    up.driver.rollback()
    wait_for(up.up, 60, "the tunnel with the right key")


def test_a_tunnel_and_a_neighbor_that_are_not_intended_any_more_are_gone(up: Pair) -> None:
    up.make("away", tunnels(), openbgpd() if up.package == "openbgpd" else frr())
    wait_for(lambda: up.sa() is None and up.session() is None, 30, "their end")
    assert "con1" not in up.firewall.unit.run("swanctl --list-sas").stdout
    up.driver.rollback()
    wait_for(up.up, 60, "the tunnel and the session")


@ONLY_OPENBGPD
def test_a_session_with_another_as_than_configured_is_seen(up: Pair) -> None:
    """bgpd says "Established" with the new AS after a reload, of a session made with the old one. FRR resets it."""

    def seen() -> bool:
        # A session that was just lost does not come up with another AS: then everything is put back, and done again.
        wait_for(up.up, 60, "the session")
        up.reload("65551", "65552")
        wait_for(lambda: (up.session() or pytest.fail("gone")).remote_as == 65552, 30, "the reload")
        session = up.session()
        up.reload("65552", "65551")
        return session is not None and (session.established, session.peer_as) == (True, 65551)

    wait_for(seen, 180, "a session with another AS than is configured")


def test_waiting_sessions_try_again_and_established_ones_are_left_alone(up: Pair) -> None:
    before = up.session()
    up.driver.retry_sessions([INNER[1]])
    after = up.session()
    assert before is not None
    assert after is not None
    assert after.established
    assert (after.uptime or 0) >= (before.uptime or 0)
