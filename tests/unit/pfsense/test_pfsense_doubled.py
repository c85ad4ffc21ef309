"""What somebody made by hand is not doubled: the plan refuses it and says how to adopt it, by name."""

import pytest

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.adoption import adopted
from routebook.platforms.pfsense.difference import Delta, difference
from routebook.platforms.pfsense.hand_made import hand_made, refuse_doubled
from routebook.platforms.pfsense.tree import parse

GATEWAY = "198.51.100.1"


def phase1(descr: str, gateway: str = GATEWAY, more: str = "", ikeid: str = "") -> str:
    return (
        f"<phase1><descr>{descr}</descr><ikeid>{ikeid}</ikeid><remote-gateway>{gateway}</remote-gateway>"
        f"<iketype>ikev2</iketype>{more}</phase1>"
    )


def vti(descr: str, address: str = "10.255.0.0", ikeid: str = "", more: str = "", reqid: str = "") -> str:
    return (
        f"<phase2><descr>{descr}</descr><ikeid>{ikeid}</ikeid><reqid>{reqid}</reqid><mode>vti</mode>"
        f"<localid><type>network</type><address>{address}</address><netbits>31</netbits></localid>{more}</phase2>"
    )


def neighbor(package: str, descr: str, address: str) -> str:
    tag = {"frr": "peer", "openbgpd": "neighbor"}[package]
    return (
        f"<installedpackages><{package}neighbors><config><descr>{descr}</descr><{tag}>{address}</{tag}></config>"
        f"</{package}neighbors></installedpackages>"
    ).replace("frrneighbors", "frrbgpneighbors")


def to(running: str, text: str, *owns: str, part: str = "ipsec", package: str = "") -> Delta:
    section = Section(part, part, text, owns)
    return difference(parse(f"<pfsense>{running}</pfsense>"), [section], package)


def tunnels(running: str, *written: str, owns: tuple[str, ...] = ()) -> Delta:
    own = ("ipsec/phase1 where descr RB *", "ipsec/phase2 where descr RB *", *owns)
    return to(f"<ipsec>{running}</ipsec>", f"<ipsec>{''.join(written)}</ipsec>", *own)


def refused(delta: Delta) -> str:
    with pytest.raises(CandidateError) as raised:
        refuse_doubled(delta.after, delta.edits)
    return str(raised.value)


def test_a_phase_1_to_the_gateway_of_a_hand_made_one_is_refused_with_how_to_adopt_it() -> None:
    hand = phase1("office", ikeid="7") + vti("office 1", "10.9.0.0", ikeid="7")
    said = refused(tunnels(hand, phase1("RB gr-home")))
    assert said.startswith("phase 1 office (ikeid 7) is somebody else's and has the remote gateway of RB gr-home")
    assert "`adopt: [phase1 office, phase2 office 1]` into the host's data" in said
    assert said.endswith("nothing was changed")
    ours = phase1("RB gr-home") + vti("RB gr-home 1", "10.9.0.0")
    taken = [adopted(name, "ipsec", ours) for name in ("phase1 office", "phase2 office 1", "neighbor office")]
    assert taken == [("ipsec/phase1 where descr office",), ("ipsec/phase2 where descr office 1",), ()]
    delta = tunnels(hand, ours, owns=(*taken[0], *taken[1]))
    refuse_doubled(delta.after, delta.edits)
    assert [entry.value("descr") for entry in delta.after.made("ipsec").all("phase1")] == ["RB gr-home"]


@pytest.mark.parametrize(
    ("hand", "ours"),
    [
        (phase1("office", "198.51.100.9"), phase1("RB a")),
        (phase1("office", more="<disabled></disabled>"), phase1("RB a")),
        (phase1("office"), phase1("RB a", more="<disabled></disabled>")),
        (phase1("mobile", "0.0.0.0"), phase1("RB a", "0.0.0.0")),
        (
            phase1("office", more="<gw_duplicates></gw_duplicates>"),
            phase1("RB a", more="<gw_duplicates></gw_duplicates>"),
        ),
    ],
    ids=["another gateway", "disabled there", "disabled here", "mobile clients", "both allow it"],
)
def test_what_pfsense_itself_takes_is_not_refused(hand: str, ours: str) -> None:
    delta = tunnels(hand, ours)
    refuse_doubled(delta.after, delta.edits)
    assert list(hand_made(delta.after, delta.after, delta.edits)) == []


def test_the_same_gateway_in_another_spelling_is_the_same() -> None:
    delta = tunnels(phase1("office", "2001:DB8:0::1"), phase1("RB a", "2001:db8::1"))
    assert "is somebody else's" in refused(delta)


def test_one_that_allows_it_alone_is_refused() -> None:
    assert refused(tunnels(phase1("office"), phase1("RB a", more="<gw_duplicates></gw_duplicates>")))


def test_what_was_doubled_before_is_named_and_does_not_hold_a_change_up() -> None:
    delta = tunnels(
        phase1("office", ikeid="1") + phase1("RB a", ikeid="2"), phase1("RB a", more="<lifetime>5</lifetime>")
    )
    refuse_doubled(delta.after, delta.edits)
    (said,) = hand_made(delta.after, delta.after, delta.edits)
    assert said.startswith("phase 1 office (ikeid 1) has the remote gateway of RB a")
    moved = tunnels(phase1("office", ikeid="1") + phase1("RB a", "198.51.100.9", ikeid="2"), phase1("RB a"))
    assert "is somebody else's" in refused(moved)


def test_a_network_inside_of_a_hand_made_vti_is_refused() -> None:
    hand = phase1("office", "198.51.100.9", ikeid="1") + vti("office 1", "10.255.0.1", ikeid="1")
    said = refused(tunnels(hand, phase1("RB a"), vti("RB a 1")))
    assert said.startswith("phase 2 office 1 is somebody else's and has 10.255.0.0/31 inside, as RB a 1")
    other = tunnels(hand, phase1("RB a"), vti("RB a 1", "10.255.0.2"))
    refuse_doubled(other.after, other.edits)


@pytest.mark.parametrize("package", ["frr", "openbgpd"])
def test_a_neighbor_with_the_address_of_a_hand_made_one_is_refused(package: str) -> None:
    path = f"installedpackages/{'frrbgp' if package == 'frr' else package}neighbors/config"
    own = f"{path} where descr RB *"
    running, wanted = neighbor(package, "upstream", "192.0.2.1"), neighbor(package, "RB isp", "192.0.2.1")
    said = refused(to(running, wanted, own, part="bgp", package=package))
    assert said.startswith("neighbor upstream is somebody else's and has the address of RB isp, 192.0.2.1")
    assert "`adopt: [neighbor upstream]`" in said
    assert f"{path} where descr upstream" in adopted("neighbor upstream", "bgp", wanted)
    for delta in (
        to(running, wanted, own, f"{path} where descr upstream", part="bgp", package=package),
        to(running, neighbor(package, "RB isp", "192.0.2.2"), own, part="bgp", package=package),
    ):
        refuse_doubled(delta.after, delta.edits)


def test_what_nothing_of_ours_would_replace_is_not_adopted() -> None:
    assert adopted("phase1 office", "ipsec", "") == ()
    assert adopted("phase1 office", "bgp", phase1("RB a")) == ()
    assert adopted("interface Tunnel10", "ipsec", phase1("RB a")) == ()
    assert adopted("phase1 of*", "ipsec", phase1("RB a")) == ("ipsec/phase1 where descr of[*]",)


def test_an_entry_without_a_description_cannot_be_adopted_and_that_is_said() -> None:
    said = refused(tunnels(phase1(""), phase1("RB a")))
    assert "phase 1 without a description" in said
    assert "Give it a description there" in said


def test_an_assigned_interface_of_a_tunnel_that_comes_or_goes_is_named() -> None:
    assigned = "<interfaces><opt1><if>ipsec1</if></opt1></interfaces>"
    ours = phase1("RB a", ikeid="3") + vti("RB a 1", ikeid="3", reqid="1")
    gone = to(f"{assigned}<ipsec>{ours}</ipsec>", "", "ipsec/phase1 where descr RB *", "ipsec/phase2 where descr RB *")
    before = parse(f"<pfsense>{assigned}<ipsec>{ours}</ipsec></pfsense>")
    (said,) = hand_made(before, gone.after, gone.edits)
    assert said.startswith("interface opt1 is assigned to ipsec1, which goes away with RB a")
    (said,) = hand_made(gone.after, before, ())
    assert said.startswith("interface opt1 is assigned to ipsec1 already, which becomes that of RB a")
