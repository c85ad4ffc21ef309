"""A tunnel and a session to push to a lab ASA, and the first steps of every test that does."""

import re
from collections.abc import Callable

from routebook.device.candidate import Candidate, Section
from routebook.platforms.asa.driver import AsaDriver
from tests.lab.asa_driver.firewall import Firewall

Boot = Callable[..., Firewall]

OURS = """crypto ipsec ikev2 ipsec-proposal RB-GCM
 protocol esp encryption aes-gcm-256
 protocol esp integrity null
crypto ipsec profile RB-GCM
 set ikev2 ipsec-proposal RB-GCM
 set pfs group14
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 ipsec-attributes
 ikev2 remote-authentication pre-shared-key {key}#
 ikev2 local-authentication pre-shared-key {key}#
interface Tunnel1
 nameif to-gr
 ip address 10.255.200.0 255.255.255.254
 tunnel source interface outside
 tunnel destination 203.0.113.9
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile RB-GCM
prefix-list RB-OUT seq 5 permit 10.1.0.0/16
route-map RB-OUT permit 10
 match ip address prefix-list RB-OUT
router bgp 65550
 bgp log-neighbor-changes
 address-family ipv4 unicast
  neighbor 10.255.200.1 remote-as 65550
  neighbor 10.255.200.1 password bgp#secret
  neighbor 10.255.200.1 activate
  neighbor 10.255.200.1 route-map RB-OUT out
 exit-address-family
"""
OWNS = (
    "crypto ipsec ikev2 ipsec-proposal RB-*",
    "crypto ipsec profile RB-*",
    "tunnel-group 203.0.113.9 *",
    "interface Tunnel1",
    "prefix-list RB-*",
    "route-map RB-*",
    "router bgp 65550",
)


def candidate(text: str = OURS, key: str = "ours") -> Candidate:
    return Candidate((Section("asa", "asa", text.replace("{key}", key), OWNS),))


_drivers: list[AsaDriver] = []


def opened(firewall: Firewall, **arguments: object) -> AsaDriver:
    """A driver with a connection until the test ends."""
    driver = firewall.driver(**arguments)
    driver.open()
    _drivers.append(driver)
    return driver


def close_all() -> None:
    """Close the test's connections: an ASA has five."""
    while _drivers:
        _drivers.pop().close()


def files(firewall: Firewall) -> list[str]:
    """The runs' files on flash, each without what nobody can foresee in its name."""
    return sorted(re.sub(r"\.[0-9a-f]{12}\.", ".", file.name) for file in firewall.disk.rglob("RB-*"))


def arm_and_push(driver: AsaDriver, wanted: Candidate, run_id: str = "run-1", seconds: int = 60) -> None:
    assert driver.plan(wanted, driver.snapshot())
    driver.arm(run_id, seconds)
    driver.push()
    driver.activate()
