"""A tunnel between two real charons passes its checks, and when it is broken on purpose its cause is named."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from routebook.checks import baseline
from routebook.checks.facts import Changed
from routebook.checks.findings import Finding, definite, suspects
from routebook.device.causes import Cause
from routebook.device.values import State
from routebook.platforms.strongswan.explain import explain
from routebook.platforms.strongswan.state import read_ike_sas
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts, link
from tests.lab.waiting import wait_for
from tests.networks.observed import SELECTORS, TUNNEL, check_tunnels, intents, only

pytestmark = pytest.mark.skipif(not can_make_hosts(), reason="needs root, FRR and strongSwan")

# Without plugins that have traffic selectors of their own, such as forecast.
STRONGSWAN = """
charon-systemd {
  load = random nonce openssl aes sha1 sha2 hmac kdf gcm gmp kernel-libipsec kernel-netlink socket-default vici
  retransmit_tries = 2
  retransmit_timeout = 1.0
  filelog { main { path = /var/log/charon.log
                   time_format = %Y-%m-%dT%H:%M:%S
                   flush_line = yes
                   default = 1 } }
}
"""

SITES = {"no-edge1": ("no", "198.51.100.31"), "ch-edge1": ("ch", "198.51.100.41")}


@dataclass(frozen=True)
class Settings:
    """What one end is configured with; the defaults fit the other end's defaults."""

    psk: str = "the same at both ends"
    ike: str = "aes256gcm16-prfsha256-modp2048"
    esp: str = "aes256gcm16-modp2048"
    remote_id: str = ""
    remote_selectors: str = ""
    version: int = 2
    connection: bool = True

    def text(self, host: str) -> str:
        other = next(name for name in SITES if name != host)
        (site, address), (far_site, far_address) = SITES[host], SITES[other]
        connection = f"""
connections {{
  {TUNNEL} {{
    version = {self.version}
    local_addrs = {address}
    remote_addrs = {far_address}
    proposals = {self.ike}
    local {{ auth = psk
             id = {host} }}
    remote {{ auth = psk
              id = {self.remote_id or other} }}
    children {{
      {TUNNEL} {{
        local_ts = {", ".join(SELECTORS[site])}
        remote_ts = {self.remote_selectors or ", ".join(SELECTORS[far_site])}
        esp_proposals = {self.esp}
      }}
    }}
  }}
}}
"""
        secret = f'secrets {{ ike-{TUNNEL} {{ id = {other}\n secret = "{self.psk}" }} }}\n' if self.psk else ""
        return (connection if self.connection else "") + secret


@dataclass
class Pair:
    """Two hosts with a link between them, on which charon runs."""

    hosts: dict[str, LinuxHost]
    pushed: float = 0.0

    def configure(self, **ends: Settings) -> None:
        """Load both ends' settings, close every SA, and let no-edge1 start the tunnel."""
        for name, host in self.hosts.items():
            settings = ends.get(name.replace("-", "_"), Settings())
            host.write("/etc/swanctl/conf.d/test.conf", settings.text(name))
            host.sh("swanctl --load-all --clear --noprompt >/dev/null 2>&1")
        for host in self.hosts.values():
            host.sh(f"swanctl --terminate --ike {TUNNEL} --force --timeout 2 >/dev/null 2>&1", check=False)
            host.sh(": >/var/log/charon.log")
        self.pushed = time.monotonic()
        self.initiate()

    def initiate(self) -> None:
        self.hosts["no-edge1"].sh(f"swanctl --initiate --child {TUNNEL} --timeout 3 >/dev/null 2>&1", check=False)

    def states(self) -> dict[str, State]:
        return {name: State(bgp=(), ike=read_ike_sas(host.shell)) for name, host in self.hosts.items()}

    def told(self, name: str, subject: str) -> list[Cause]:
        # The time is that of asking: on a busy machine, reading the states has taken seconds.
        return explain(self.hosts[name].shell, subject, int(time.monotonic() - self.pushed) + 1)

    def check(self, *, final: bool = False) -> list[Finding]:
        """The tunnel checks as a run makes them: look, ask the suspects' logs, look again."""
        wanted = {name: intents()[name] for name in self.hosts}
        since = time.monotonic() - self.pushed
        changed = Changed(tunnels=frozenset({TUNNEL}), seconds_since_push=dict.fromkeys(self.hosts, since))
        findings = check_tunnels(self.states(), wanted=wanted, changed=changed)
        told = {(name, subject): self.told(name, subject) for name, subject in suspects(findings)}
        return check_tunnels(self.states(), wanted=wanted, changed=changed, explanations=told, final=final)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    hosts: dict[str, LinuxHost] = {}
    try:
        for name in SITES:
            hosts[name] = LinuxHost(name, tmp_path_factory.mktemp("hosts") / Path(name))
        first, second = hosts.values()
        link(first, second, "wan0", ["198.51.100.31/24"], ["198.51.100.41/24"])
        for host in hosts.values():
            host.write("/etc/strongswan.conf", STRONGSWAN)
            # kernel-libipsec installs a tunnel's routes only where the host has an address to send from.
            site = SITES[host.name][0]
            for network in map(ip_network, SELECTORS[site]):
                host.sh(f"ip addr add {network[1] if network.num_addresses > 1 else network[0]} dev lo nodad")
            host.start_strongswan()
        yield Pair(hosts)
    finally:
        for host in hosts.values():
            host.stop()


def test_a_good_tunnel_passes_and_a_rollback_to_it_is_verified(pair: Pair) -> None:
    pair.configure()
    wait_for(lambda: definite(pair.check()) == "passed", 10, "the tunnel")
    findings = pair.check(final=True)
    assert {f.status for f in findings} == {"ok"}, findings
    assert {f.check for f in findings} == {
        *("tunnel.ike", "tunnel.child", "tunnel.algorithms", "tunnel.selectors", "tunnel.age", "tunnel.spi"),
    }
    before = pair.states()
    pair.configure(ch_edge1=Settings(psk="another"))
    assert definite(baseline.check(before, pair.states())) == "pending"
    pair.configure()
    wait_for(lambda: definite(baseline.check(before, pair.states())) == "passed", 10, "what was up before")


@pytest.mark.parametrize(
    ("ch_edge1", "check", "cause"),
    [
        (Settings(psk="another"), "tunnel.ike", "the pre-shared keys of ch-edge1 and no-edge1 differ"),
        (Settings(psk=""), "tunnel.ike", "ch-edge1 has no pre-shared key for ch-edge1 and no-edge1"),
        (Settings(remote_id="no-edge9"), "tunnel.ike", "ch-edge1 expects another identity"),
        (
            Settings(ike="aes128-sha256-modp2048"),
            "tunnel.ike",
            "no IKE proposal in common: no-edge1 offers IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/MODP_2048, "
            "ch-edge1 accepts IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048",
        ),
        (Settings(connection=False), "tunnel.ike", "ch-edge1 has no connection for no-edge1"),
        (Settings(version=1), "tunnel.ike", "ch-edge1 has no connection for no-edge1"),
        (Settings(esp="aes128-sha256"), "tunnel.child", "no ESP proposal in common: no-edge1 offers ESP:AES_GCM"),
        (Settings(remote_selectors="172.16.0.0/16"), "tunnel.child", "do not fit together"),
    ],
    ids=["psk", "no psk", "identity", "ike proposal", "no connection", "ike version", "esp proposal", "selectors"],
)
def test_a_broken_tunnel_fails_definitely_with_its_cause(
    pair: Pair, ch_edge1: Settings, check: str, cause: str
) -> None:
    pair.configure(ch_edge1=ch_edge1)
    findings: list[Finding] = []

    def told() -> bool:
        findings[:] = pair.check()
        return definite(findings) == "failed" and cause in only(findings, "no-edge1", check).cause

    # One end's log may fail the tunnel before the other's, which knows more, has the line.
    wait_for(told, 20, f"a definite failure with the cause {cause!r}")
    assert only(findings, "no-edge1", check).status == "failed"


def test_an_unreachable_end_is_not_definite_and_says_so(pair: Pair) -> None:
    pair.hosts["ch-edge1"].sh("ip link set wan0 down")
    try:
        pair.configure()
        finding = only(pair.check(), "no-edge1", "tunnel.ike")
        assert finding.status == "pending"
        assert "ch-edge1 does not answer no-edge1" in finding.cause
    finally:
        pair.hosts["ch-edge1"].sh("ip link set wan0 up")


def test_old_sas_that_a_reload_left_alone_are_not_taken_for_the_change(pair: Pair) -> None:
    pair.configure()
    wait_for(lambda: definite(pair.check()) == "passed", 10, "the tunnel")
    pair.pushed = time.monotonic() + 3600
    stale = only(pair.check(), "no-edge1", "tunnel.age")
    assert stale.status == "pending"


def test_a_key_that_changes_at_both_ends_one_after_the_other_heals(pair: Pair) -> None:
    new = Settings(psk="the new one")
    pair.configure(no_edge1=new)
    assert definite(pair.check()) == "failed"
    pair.configure(no_edge1=new, ch_edge1=replace(new))
    wait_for(lambda: definite(pair.check()) == "passed", 10, "the tunnel with the new key")
