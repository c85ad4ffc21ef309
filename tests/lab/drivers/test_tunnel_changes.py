"""A change to tunnels takes effect in the SAs, is undone with them, and leaves nothing behind."""

from dataclasses import replace
from typing import Any

import pytest

from routebook.platforms.strongswan.state import read_ike_sas
from tests.lab.drivers.tunnels import LEFT, NAME, RIGHT, Pair, candidate, children, etc_files, spis, together, transact
from tests.lab.waiting import wait_for


def test_planning_what_is_there_sends_nothing(tunnel: Pair) -> None:
    driver = tunnel.driver(tunnel.left)
    change = driver.plan(candidate(LEFT), driver.snapshot())
    assert not change
    assert change.diff == ""


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lifetime of the IKE SA": ({"ike_lines": "rekey_time = 5000s"}, {"ike_lines": "rekey_time = 5000s"}),
    "IKE proposal": ({"ike": "aes256-sha256-modp2048"},) * 2,
    "ESP proposal": ({"esp": "aes256-sha256-modp2048"},) * 2,
    "selectors": (
        {"local_ts": "10.1.0.0/25", "remote_ts": "10.2.0.0/25"},
        {"local_ts": "10.2.0.0/25", "remote_ts": "10.1.0.0/25"},
    ),
    "pre-shared key": ({"psk": "the-second-key-0123456789"},) * 2,
    "name": ({"name": "a--b"},) * 2,
}


@pytest.mark.parametrize("actions", ["start", "none", "trap"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_change_counts_only_with_fresh_sas_and_is_undone_with_them(tunnel: Pair, what: str, actions: str) -> None:
    first = [replace(LEFT, start_action=actions), replace(RIGHT, start_action="none")]
    drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
    transact(drivers, [candidate(end) for end in first], "setup")
    for driver in drivers:
        driver.confirm()
    if actions != "start":
        tunnel.left.sh(f"swanctl --initiate --child {NAME} || true")
    tunnel.wait_up()
    files, old = [etc_files(tunnel.left), etc_files(tunnel.right)], spis(tunnel.left)

    changed = [replace(end, **change) for end, change in zip(first, CHANGES[what], strict=True)]
    transact(drivers, [candidate(end) for end in changed], "change")
    if what == "name" and actions != "start":
        wait_for(lambda: not children(tunnel.left), 5, "the old SA's end")
    else:
        tunnel.wait_up()
        assert not spis(tunnel.left) & old
    together(drivers, lambda driver: driver.rollback())
    tunnel.wait_up()
    assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files
    assert {sa.name for sa in read_ike_sas(tunnel.left.shell)} == {NAME}
    for host in (tunnel.left, tunnel.right):
        assert host.sh("ls /run/routebook").split() == ["change.result", "setup.result"]


def test_the_ike_sa_stays_or_goes_with_its_child_as_the_plan_says_of_this_release(tunnel: Pair) -> None:
    driver, host = tunnel.driver(tunnel.left), tunnel.left
    (before,) = {sa.spi_initiator for sa in read_ike_sas(host.shell)}
    old, changed = spis(host), candidate(replace(LEFT, child_lines="rekey_time = 1700s"))
    kinds = {effect.kind for effect in driver.plan(changed, driver.snapshot()).effects}
    old_charon = host.sh("swanctl --version").split()[-1].startswith("5.")
    assert kinds == {"tunnel-rekey" if old_charon else "child-rekey"}
    transact([driver], [changed], "one-end")
    tunnel.wait_up()
    assert not spis(host) & old
    assert (before in {sa.spi_initiator for sa in read_ike_sas(host.shell)}) is (kinds == {"child-rekey"})
    driver.rollback()
