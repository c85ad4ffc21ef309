"""bgpd's answers that are not as expected are errors, never missing sessions."""

import pytest

from routebook.device.errors import DriverError
from routebook.platforms.frr.sessions import Bgp, family_name, read_bgp, sessions
from routebook.transport.shell import Result

NEIGHBOR = {
    "remoteAs": 64496, "localAs": 65550, "localRouterId": "10.0.0.1", "remoteRouterId": "10.0.0.9",
    "bgpState": "Idle", "connectionsEstablished": 0, "connectionsDropped": 0, "bgpTimerHoldTimeMsecs": 180000,
}  # fmt: skip


class Says:
    """A shell that gives one answer."""

    def __init__(self, stdout: str, status: int = 0, stderr: str = "") -> None:
        self.result = Result(stdout, stderr, status)

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del script, timeout, root, asked
        return self.result


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Says("", 1, "Exiting: failed to connect to any daemons.\n"), "failed to connect"),
        (Says(" zebra watchfrr\n", 0, "bgpd is not running\n"), "bgpd does not run"),
        (Says(" zebra staticd\n{\n}\n{\n}\n"), "bgpd does not run"),
        (Says(" zebra bgpd\n% Unknown command: show bgp vrf all summary json\n"), "not JSON"),
        (Says(" zebra bgpd\n{\n}\n"), "not JSON"),
    ],
)
def test_no_answer_is_an_error(answer: Says, message: str) -> None:
    with pytest.raises(DriverError, match=message):
        read_bgp(answer)


@pytest.mark.parametrize(
    "change", [{"bgpState": "Dreaming"}, {"remoteAs": None}, {"localRouterId": None, "bgpState": 3}]
)
def test_an_unknown_state_is_an_error(change: dict[str, object]) -> None:
    bgp = Bgp({}, {"default": {"vrfId": 0, "vrfName": "default", "192.0.2.1": NEIGHBOR | change}}, frozenset())
    with pytest.raises(DriverError, match="JSON is not as FRR"):
        sessions(bgp)


def test_no_bgp_at_all_is_no_session() -> None:
    assert sessions(read_bgp(Says(" zebra bgpd\n{\n}\n{\n}\nBuilding configuration...\n"))) == ()


def test_reasons_for_idle_are_told_apart() -> None:
    flags: tuple[dict[str, object], ...] = ({}, {"adminShutDown": True}, {"prefixesConfigExceedMax": True})
    found = [
        sessions(Bgp({}, {"default": {"192.0.2.1": NEIGHBOR | flag}}, frozenset()))[0].state.value for flag in flags
    ]
    assert found == ["Idle", "Idle (Admin)", "Idle (PfxCt)"]


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("ipv4Unicast", "ipv4-unicast"), ("ipv6LabeledUnicast", "ipv6-labeled-unicast"), ("l2VpnEvpn", "l2vpn-evpn")],
)
def test_families_have_one_name(spelled: str, name: str) -> None:
    assert family_name(spelled) == name


@pytest.mark.parametrize(
    ("reset", "sign"),
    [
        ("Waiting for NHT", "no route"),
        ("No path to specified Neighbor", "no route"),
        ("BFD down received", "bfd down"),
        ("Peer closed the session", ""),
    ],
)
def test_a_reset_says_what_became_of_the_path(reset: str, sign: str) -> None:
    found = sessions(Bgp({}, {"default": {"192.0.2.1": NEIGHBOR | {"lastResetDueTo": reset}}}, frozenset()))
    assert (found[0].last_reset, found[0].last_reset_sign) == (reset, sign)
