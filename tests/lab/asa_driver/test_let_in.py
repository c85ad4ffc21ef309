"""A lab ASA is asked by `packet-tracer` what it would let in, and asking changes nothing."""

from ipaddress import ip_address

from routebook.device.packet_filter import PASSES, UNKNOWN, Flow
from tests.lab.asa_driver.changes import Boot, files, opened

PEER, OUTSIDE = ip_address("203.0.113.9"), ip_address("198.51.100.1")
IKE, ESP = Flow("udp", PEER, OUTSIDE, 500), Flow("esp", PEER, OUTSIDE)
BGP = Flow("tcp", PEER, OUTSIDE, 179)


def test_an_access_list_of_the_control_plane_is_named_with_the_line_to_write(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    assert driver.let_in([IKE, ESP]) == [PASSES, PASSES]
    assert driver.let_in([BGP]) == [UNKNOWN], "nothing listens yet: that is no filter"
    driver.session.configure(
        ["access-list BOX extended deny udp any any eq isakmp", "access-group BOX in interface outside control-plane"]
    )
    driver.session.leave_configuration()
    before = driver.snapshot()
    refused, esp = driver.let_in([IKE, ESP])
    assert esp == PASSES
    assert refused.passes is False
    assert "access-group BOX in interface outside control-plane" in refused.by
    assert driver.snapshot() == before
    assert files(firewall) == []
    # The line that is named is one that the device takes, and lets the packets in.
    driver.session.configure([refused.rule])
    driver.session.leave_configuration()
    assert driver.let_in([IKE]) == [PASSES]
    assert driver.let_in([Flow("udp", ip_address("203.0.113.10"), OUTSIDE, 500)])[0].passes is False
