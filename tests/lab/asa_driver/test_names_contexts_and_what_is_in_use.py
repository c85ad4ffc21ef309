"""`names`, contexts, and what others use: each is handled, or refused where the plan can say so.

What a device does is played as Cisco's guides and published configurations have it (docs/platforms/asa-truths.md).
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from routebook.device.candidate import Candidate, Section
from routebook.device.errors import CandidateError, DriverError
from routebook.platforms.asa.transaction import same_text
from tests.lab.asa_driver.changes import Boot, arm_and_push, candidate, opened
from tests.lab.asa_driver.firewall import STARTUP, Firewall

BootWith = Callable[[str], Firewall]

NAMES = """\
name 203.0.113.9 Far-End
name 203.0.113.77 Fujitsu-SydAX
name 10.2.0.0 Branch-network
name 198.51.100.254 Gateway
route outside Branch-network 255.255.0.0 Gateway 1
"""
ENTRY = """\
access-list RB-oslo extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0
crypto ipsec ikev2 ipsec-proposal RB-AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto map RB-outside 20 match address RB-oslo
crypto map RB-outside 20 set peer 203.0.113.9
crypto map RB-outside 20 set ikev2 ipsec-proposal RB-AES
crypto map RB-outside interface outside
route outside 10.3.0.0 255.255.0.0 198.51.100.254 1
"""
OWNS = ("access-list RB-*", "crypto map RB-* *", "crypto ipsec ikev2 ipsec-proposal RB-*", "route outside 10.3.0.0 *")


@pytest.fixture
def boot_with(boot: Boot, tmp_path: Path) -> Callable[[str], Firewall]:
    """Start a lab ASA that has more in its startup configuration."""

    def start(more: str) -> Firewall:
        (tmp_path / "own").write_text(STARTUP + more)
        return boot(startup=str(tmp_path / "own"))

    return start


def entry(text: str = ENTRY, owns: tuple[str, ...] = OWNS) -> Candidate:
    return Candidate((Section("asa", "asa", text, owns),))


class TestNames:
    """Addresses are printed by name, and the rendered configuration has addresses."""

    def test_what_is_pushed_by_address_is_printed_by_name_and_no_difference(self, boot_with: BootWith) -> None:
        firewall = boot_with(NAMES)
        driver = opened(firewall)
        before = driver.snapshot()
        assert "route outside Branch-network 255.255.0.0 Gateway 1" in before.parts["asa"]
        arm_and_push(driver, entry())
        shown = driver.snapshot().parts["asa"]
        assert "crypto map RB-outside 20 set peer Far-End" in shown
        assert "access-list RB-oslo extended permit ip 10.1.0.0 255.255.0.0 Branch-network 255.255.0.0" in shown
        assert "route outside 10.3.0.0 255.255.0.0 Gateway 1" in shown
        assert not driver.plan(entry(), driver.snapshot())
        driver.confirm()
        driver.unlock("run-1")
        arm_and_push(driver, entry(""), "run-2")
        driver.rollback()
        assert "crypto map RB-outside 20 set peer Far-End" in driver.snapshot().parts["asa"]
        arm_and_push(driver, entry(""), "run-3")
        nothing = re.compile(r"^access-list ROUTEBOOK remark \w+:\n", re.MULTILINE)  # the record that nothing is there
        assert same_text(nothing.sub("", driver.snapshot().parts["asa"]), before.parts["asa"])
        driver.rollback()

    def test_a_restart_reads_what_was_saved_by_name(self, boot_with: BootWith) -> None:
        firewall = boot_with(NAMES)
        driver = opened(firewall)
        arm_and_push(driver, entry())
        driver.confirm()
        driver.close()
        saved = opened(firewall).snapshot()
        firewall.stop()
        firewall.boot()
        again = opened(firewall)
        assert again.snapshot().parts["asa"].splitlines()[6:-2] == saved.parts["asa"].splitlines()[6:-2]
        assert not again.plan(entry(), again.snapshot())

    def test_without_names_everything_is_an_address(self, boot: Boot) -> None:
        driver = opened(boot())
        driver.session.configure([*NAMES.splitlines()[:4], "no names"])
        driver.session.leave_configuration()
        arm_and_push(driver, entry())
        assert "set peer 203.0.113.9" in driver.snapshot().parts["asa"]


class TestContexts:
    """A context has no tunnel interfaces and no EEM."""

    def test_a_tunnel_interface_is_refused_by_the_plan(self, boot: Boot) -> None:
        driver = opened(boot(contexts=["admin", "customer"]), context="customer")
        with pytest.raises(
            CandidateError, match=r"`interface Tunnel1` cannot be in a context.*`mode: policy`.*nothing was"
        ):
            driver.plan(candidate(), driver.snapshot())

    def test_the_device_refuses_both(self, boot: Boot) -> None:
        driver = opened(
            boot(contexts=["admin", "customer"]), context="customer", dead_man="none", accept_no_dead_man=True
        )
        for answer in driver.session.configure(["interface Tunnel1", "event manager applet X"]):
            assert "Invalid input" in answer
        driver.session.leave_configuration()


@pytest.mark.parametrize(
    ("goes", "says"),
    [
        (
            "access-list SOMEBODY-ELSE *",
            "access-list SOMEBODY-ELSE would no longer be defined and is used by `access-group",
        ),
        (
            "crypto ipsec ikev2 ipsec-proposal THEIRS",
            "ipsec-proposal THEIRS would no longer be .* `crypto map outside_map 5",
        ),
        (
            "crypto ipsec ikev1 transform-set THEIRS *",
            "transform-set THEIRS would no longer be .* `crypto map outside_map 6",
        ),
        ("group-policy THEIRS *", "group-policy THEIRS would no longer be .* `default-group-policy THEIRS`"),
        ("object network THEIRS", "object THEIRS would no longer be .* `access-list"),
    ],
)
def test_nothing_goes_that_somebody_else_uses(boot_with: BootWith, goes: str, says: str) -> None:
    """Whether the device would refuse, or lose what refers to it without a word: it is not asked."""
    driver = opened(boot_with(_USED))
    before = driver.snapshot()
    with pytest.raises(CandidateError, match=rf"{says}.*nothing was changed"):
        driver.plan(entry("", (goes,)), before)
    assert driver.snapshot() == before


_USED = """\
access-list SOMEBODY-ELSE extended permit ip object THEIRS any
access-group SOMEBODY-ELSE in interface outside
prefix-list THEIRS seq 5 permit 10.9.0.0/16
route-map THEIRS permit 10
 match ip address prefix-list THEIRS
router bgp 65000
 address-family ipv4 unicast
  neighbor 10.1.0.9 remote-as 65009
  neighbor 10.1.0.9 route-map THEIRS in
crypto ipsec ikev1 transform-set THEIRS esp-aes-256 esp-sha-hmac
crypto map outside_map 5 set ikev2 ipsec-proposal THEIRS
crypto map outside_map 6 set ikev1 transform-set THEIRS
group-policy THEIRS internal
group-policy THEIRS attributes
 vpn-tunnel-protocol ikev2
tunnel-group 203.0.113.77 general-attributes
 default-group-policy THEIRS
"""


def test_a_crypto_map_loses_a_proposal_that_goes_and_keeps_one_that_changes(boot: Boot) -> None:
    """With its only element a transform set or proposal goes from crypto maps, too (Cisco's guide)."""
    driver = opened(boot())
    both = f"{ENTRY}{_IKEV1}"
    owns = (*OWNS, "crypto ipsec ikev1 transform-set RB-*")
    arm_and_push(driver, entry(both, owns))
    driver.confirm()
    driver.unlock("run-1")
    before = driver.snapshot()
    changed = both.replace("encryption aes-256", "encryption aes-192").replace("esp-aes-256", "esp-aes-192")
    arm_and_push(driver, entry(changed, owns), "run-2")
    shown = driver.snapshot().parts["asa"]
    assert "crypto ipsec ikev1 transform-set RB-OLD esp-aes-192 esp-sha-hmac" in shown
    assert "crypto map RB-outside 20 set ikev1 transform-set RB-OLD" in shown
    assert "crypto map RB-outside 20 set ikev2 ipsec-proposal RB-AES" in shown
    driver.rollback()
    assert same_text(driver.snapshot().parts["asa"], before.parts["asa"])
    driver.session.configure(
        [
            "no crypto ipsec ikev1 transform-set RB-OLD",
            "crypto ipsec ikev2 ipsec-proposal RB-AES",
            "no protocol esp encryption",
        ]
    )
    driver.session.leave_configuration()
    text = driver.snapshot().parts["asa"]
    assert "set peer 203.0.113.9" in text
    assert "set ikev1 transform-set" not in text
    assert "set ikev2 ipsec-proposal" not in text


_IKEV1 = """\
crypto ipsec ikev1 transform-set RB-OLD esp-aes-256 esp-sha-hmac
crypto map RB-outside 20 set ikev1 transform-set RB-OLD
"""


def test_an_access_list_of_an_interface_is_kept_and_one_that_is_not_there_is_not_bound(boot_with: BootWith) -> None:
    driver = opened(boot_with("access-group SOMEBODY-ELSE in interface outside\n"))
    kept, unbound = driver.session.configure(
        ["clear configure access-list SOMEBODY-ELSE", "access-group NOT-THERE in interface inside"]
    )
    assert "being used" in kept
    assert "does not exist" in unbound
    driver.session.leave_configuration()


class TestAPairThatFailsOver:
    """The unit that was active is the standby unit, which warns, takes what is typed, and loses it."""

    @pytest.fixture
    def firewall(self, boot: Boot) -> Firewall:
        return boot(failover={"unit": "primary", "state": "active"})

    def test_before_the_push_nothing_is_sent(self, firewall: Firewall) -> None:
        driver = opened(firewall)
        before = driver.snapshot()
        assert driver.plan(entry(), before)
        driver.arm("run-1", 120)
        (firewall.disk / "unit").write_text("standby")
        with pytest.raises(DriverError, match="standby unit"):
            driver.push()
        assert "RB-" not in before.parts["asa"]
        (firewall.disk / "unit").write_text("active")
        driver.rollback()
        assert same_text(driver.snapshot().parts["asa"], before.parts["asa"])

    def test_before_the_confirmation_nothing_is_saved(self, firewall: Firewall) -> None:
        driver = opened(firewall)
        before = driver.snapshot()
        arm_and_push(driver, entry(), seconds=120)
        (firewall.disk / "unit").write_text("standby")
        with pytest.raises(DriverError, match="standby unit"):
            driver.confirm()
        assert "RB-" not in (firewall.disk / "startup-config").read_text()
        (firewall.disk / "unit").write_text("active")
        driver.rollback()
        assert same_text(driver.snapshot().parts["asa"], before.parts["asa"])
