"""What is wrong beneath sessions, or with the network as a whole, is found by one verification, by its cause."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import edited, failures
from tests.lab.waiting import wait_for

HOST, PEER, ADDRESS = "no-edge1", "2001:db8:f001::1", "2001:db8:f001::31"
FAKETIME = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")


def verified(lab: RunningLab, code: int = 3) -> dict[str, Any]:
    done = lab.routebook("verify", "--no-config", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@contextmanager
def clock(lab: RunningLab, host: str, seconds: int) -> Iterator[None]:
    """A clock that is so far ahead for date(1), by which it is read: a namespace has no time of day of its own.

    Of time_namespaces(7) only those since the boot are. The other programs are left alone: sshd would end.
    """
    program = f'#!/bin/sh\nLD_PRELOAD={FAKETIME} FAKETIME={seconds:+} exec /root/date.real "$@"\n'
    made = lab.exec(host, "cp /usr/bin/date /root/date.real && cat >/root/date && chmod 755 /root/date", stdin=program)
    assert made.returncode == 0, made.stderr
    devices.on(lab, host, "mount --bind /root/date /usr/bin/date")
    try:
        yield
    finally:
        devices.on(lab, host, "umount /usr/bin/date && rm /root/date /root/date.real")


def test_an_address_of_the_inventory_that_a_host_lacks_is_the_cause(deployed: RunningLab) -> None:
    def established() -> bool:
        return bool(devices.neighbors(deployed, HOST)[PEER]["bgpState"] == "Established")

    devices.on(deployed, HOST, f"ip -6 addr del {ADDRESS}/64 dev peer0; vtysh -c 'clear bgp {PEER}'")
    try:
        found = failures(verified(deployed))
    finally:
        devices.on(deployed, HOST, f"ip -6 addr add {ADDRESS}/64 dev peer0 nodad; vtysh -c 'clear bgp {PEER}'")
        wait_for(established, 60, "the session")
    [root] = [each for each in found if "follows" not in each]
    assert (root["host"], root["check"], root["subject"]) == (HOST, "bgp.session", PEER)
    assert root["cause"] == f"{HOST} does not have the address {ADDRESS}, which the inventory says that it has"


@pytest.mark.skipif(not FAKETIME, reason="needs faketime")
@pytest.mark.parametrize(("seconds", "status"), [(40, "warning"), (-400, "failed")])
def test_a_clock_that_is_wrong_is_named_with_by_how_much(deployed: RunningLab, seconds: int, status: str) -> None:
    with clock(deployed, HOST, seconds):
        result = verified(deployed, code=3 if status == "failed" else 0)
    [found] = [each for each in result["findings"] if each["check"] == "host.clock" and each["status"] != "ok"]
    assert (found["host"], found["status"]) == (HOST, status)
    off = int(found["cause"].partition(" is ")[2].split()[0])
    assert abs(off - abs(seconds)) <= 3
    assert ("ahead of" if seconds > 0 else "behind") in found["cause"]


def test_draining_every_edge_at_once_is_refused_before_any_host_is_asked_and_all_but_one_is_not(
    deployed: RunningLab,
) -> None:
    empty = r"graceful_shutdown: \[\]"
    for command in ("check", "plan deploy", "run deploy --yes", "verify"):
        with edited(deployed, "inventory/bgp.yaml", empty, 'graceful_shutdown: ["no", ch]'):
            done = deployed.routebook(*command.split())
        assert done.returncode == 1, command
        assert "every host with a session to another network is being drained" in done.stdout + done.stderr
    with edited(deployed, "inventory/bgp.yaml", empty, 'graceful_shutdown: ["no", ch-edge1]'):
        verified(deployed, code=0)
