"""What ASA's releases do differently is no surprise to a transaction: defaults, order, remarks, one crypto map."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from routebook.device.candidate import Candidate, Section
from routebook.device.errors import CandidateError
from routebook.platforms.asa.names import read_release
from routebook.platforms.asa.transaction import same_text
from tests.lab.asa_driver.changes import OURS, OWNS, arm_and_push, candidate, opened
from tests.lab.asa_driver.firewall import STARTUP, Firewall

OWNED = (
    *OWNS, "crypto ikev2 policy 640[0-9][0-9]", "group-policy RB-*", "access-list RB-*",
    "crypto map * where crypto map * match address RB-*", "crypto map RB-* interface *",
)  # fmt: skip
# With values that are defaults of some release, in the words of templates/asa.
ENTRY = """\
crypto ikev2 policy 64000
 encryption aes-256
 integrity sha256
 group {group}
 prf sha256
 lifetime seconds 86400
crypto ipsec ikev2 ipsec-proposal RB-AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
group-policy RB-IKEV2 internal
group-policy RB-IKEV2 attributes
 vpn-tunnel-protocol ikev2
access-list RB-oslo extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0
crypto map {map} 20 match address RB-oslo
crypto map {map} 20 set pfs group{group}
crypto map {map} 20 set peer 203.0.113.20
crypto map {map} 20 set ikev2 ipsec-proposal RB-AES
crypto map {map} interface outside
"""
BEHIND = """\
tunnel-group 203.0.113.99 type ipsec-l2l
tunnel-group 203.0.113.99 ipsec-attributes
 ikev2 local-authentication pre-shared-key somebody
access-list LAST extended permit ip any any
prefix-list AAA seq 5 permit 10.9.0.0/16
route-map AAA permit 10
 match ip address prefix-list AAA
!
"""


@pytest.fixture(scope="module")
def booted(asa_release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Firewall]]:
    """A lab ASA of each release with this startup configuration; one that an earlier test has left is not shared."""
    running: list[Firewall] = []

    def start(startup: str = STARTUP) -> Firewall:
        folder: Path = tmp_path_factory.mktemp("release")
        (folder / "own").write_text(startup)
        running.append(Firewall(folder, {"version": asa_release, "startup": str(folder / "own")}))
        running[-1].boot()
        return running[-1]

    yield start
    for each in running:
        each.stop()


def wanted(text: str) -> Candidate:
    return Candidate((Section("asa", "asa", text.replace("{key}", "ours"), OWNED),))


@pytest.mark.parametrize("group", ["14", "19"])
def test_defaults_that_a_release_hides_are_read_back_and_no_difference(
    booted: Callable[..., Firewall], group: str
) -> None:
    firewall = booted()
    driver = opened(firewall)
    text = OURS.replace("group14", f"group{group}").replace(
        "  neighbor 10.255.200.1 activate\n",
        "  neighbor 10.255.200.1 timers 60 180\n  neighbor 10.255.200.1 activate\n"
        "  neighbor 10.255.200.1 maximum-prefix 100 75\n",
    ) + ENTRY.format(map="RB-outside", group=group)
    arm_and_push(driver, wanted(text))
    shown = driver.snapshot().parts["asa"]
    assert "timers 60 180" not in shown
    hidden = read_release(firewall.settings["version"]).numbers >= (9, 13)
    assert ("set pfs group14" in shown) == (group == "14" and not hidden)
    driver.confirm()
    driver.unlock("run-1")
    assert not driver.plan(wanted(text), driver.snapshot())


def test_a_removal_that_is_rolled_back_ends_well_with_somebody_elses_behind_it(booted: Callable[..., Firewall]) -> None:
    driver = opened(booted())
    arm_and_push(driver, candidate())
    driver.confirm()
    driver.unlock("run-1")
    driver.session.configure(BEHIND.splitlines())
    driver.session.leave_configuration()
    before = driver.snapshot()
    arm_and_push(driver, candidate(text=""), "run-2")
    driver.rollback()
    after = driver.snapshot()
    assert after.fingerprint == before.fingerprint
    assert same_text(after.parts["asa"], before.parts["asa"])
    # What was made again is printed behind what somebody else has made meanwhile: nothing places it.
    assert after.parts["asa"].index("tunnel-group 203.0.113.9 ") > after.parts["asa"].index(
        "tunnel-group 203.0.113.99 "
    )
    assert driver.pending() is None


def test_an_entry_of_somebody_elses_crypto_map_comes_and_goes_with_all_remarks(booted: Callable[..., Firewall]) -> None:
    theirs = (
        "access-list THEIRS extended permit ip any host 10.8.0.1\ncrypto map outside_map 10 match address THEIRS\n"
        "crypto map outside_map 10 set peer 203.0.113.77\ncrypto map outside_map interface outside\n"
    )
    driver = opened(booted(STARTUP + theirs))
    before = driver.snapshot()
    with pytest.raises(CandidateError, match="`crypto_map: outside_map` at the interface outside"):
        driver.plan(wanted(ENTRY.format(map="RB-outside", group="14")), before)
    with pytest.raises(CandidateError, match=r"write another `number:` at the tunnel's end \(11 is free\)"):
        driver.plan(wanted(ENTRY.format(map="outside_map", group="14").replace(" 20 ", " 10 ")), before)
    arm_and_push(driver, wanted(ENTRY.format(map="outside_map", group="14")))
    driver.confirm()
    driver.unlock("run-1")
    arm_and_push(driver, wanted(""), "run-2")
    assert "crypto map outside_map interface outside" in driver.snapshot().parts["asa"]
    driver.rollback()
    arm_and_push(driver, wanted(""), "run-3")
    driver.confirm()
    driver.unlock("run-3")
    after = driver.snapshot()
    assert "crypto map outside_map interface outside" in after.parts["asa"]
    assert "outside_map 20" not in after.parts["asa"]
    there, left = before.parts["asa"].splitlines(), after.parts["asa"].splitlines()
    assert set(left[6:-2]) - set(there) == {"access-list ROUTEBOOK remark asa:"}, "the record of nothing"
    assert set(there[6:-2]) <= set(left)
