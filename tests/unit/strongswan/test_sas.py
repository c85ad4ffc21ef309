"""What swanctl prints of SAs is read completely, or refused."""

import pytest

from routebook.device.errors import DriverError
from routebook.platforms.strongswan.state import parse_list_sas

# Printed by swanctl 5.9.8 on a host of the lab.
PRINTED = """list-sa event {
  left--right {
    uniqueid = 1
    version = 2
    state = ESTABLISHED
    local-host = 198.51.100.1
    local-port = 4500
    local-id = left
    remote-host = 198.51.100.2
    remote-port = 4500
    remote-id = C=CH, O=strong Swan, CN=right state=DELETING
    initiator = yes
    initiator-spi = 4baa23ee0a9798eb
    responder-spi = 0d82b91ed724d2d5
    nat-remote = yes
    nat-any = yes
    encr-alg = AES_GCM_16
    encr-keysize = 256
    prf-alg = PRF_HMAC_SHA2_256
    dh-group = MODP_2048
    established = 8
    rekey-time = 13369
    tasks-queued = [
      CHILD_CREATE
    ]
    child-sas {
      left--right-1 {
        name = left--right
        uniqueid = 1
        reqid = 1
        state = INSTALLED
        mode = TUNNEL
        protocol = ESP
        encap = yes
        spi-in = 7dabb7a4
        spi-out = d9793ace
        encr-alg = AES_CBC
        encr-keysize = 256
        integ-alg = HMAC_SHA2_256_128
        bytes-in = 84
        packets-in = 1
        bytes-out = 168
        packets-out = 2
        rekey-time = 3438
        life-time = 3952
        install-time = 8
        local-ts = [
          10.1.0.0/24
          2001:db8::/64
        ]
        remote-ts = [
          10.2.0.0/24
        ]
      }
    }
  }
}
list-sa event {
  other {
    uniqueid = 2
    version = 2
    state = CONNECTING
    local-host = %any
    local-id = %any
    remote-host = 198.51.100.9
    remote-id = %any
    initiator = yes
    initiator-spi = 1baa23ee0a9798eb
    responder-spi = 0000000000000000
    tasks-active = [
      IKE_INIT
    ]
    child-sas {
    }
  }
}
list-sas reply {
}
"""


def test_sas_and_children_are_read() -> None:
    first, second = parse_list_sas(PRINTED)
    assert first.up
    assert first.remote_id == "C=CH, O=strong Swan, CN=right state=DELETING"
    assert (first.encryption, first.integrity, first.dh_group) == ("AES_GCM_16-256", "", "MODP_2048")
    (child,) = first.children
    assert child.up
    assert (child.name, child.spi_in, child.spi_out) == ("left--right", "7dabb7a4", "d9793ace")
    assert child.local_selectors == ("10.1.0.0/24", "2001:db8::/64")
    assert (child.bytes_in, child.packets_out, child.installed) == (84, 2, 8)
    assert (child.encryption, child.integrity) == ("AES_CBC-256", "HMAC_SHA2_256_128")
    assert (second.state, second.up, second.children) == ("CONNECTING", False, ())


def test_no_sas_are_no_sas() -> None:
    assert parse_list_sas("list-sas reply {\n}\n") == ()


@pytest.mark.parametrize("cut", [0, 1, 12, 40, 70, len(PRINTED.splitlines()) - 1])
def test_a_truncated_answer_is_an_error(cut: int) -> None:
    lines = PRINTED.splitlines()
    with pytest.raises(DriverError):
        parse_list_sas("\n".join(lines[:cut]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("list-sa event {", "list-something event {"),
        ("    uniqueid = 1\n", "    uniqueid = 1\n  surprise\n"),
        ("established = 8", "established = eight"),
        ("        state = INSTALLED\n", ""),
        ("    child-sas {\n      left", "    child-sas = none\n      left"),
    ],
)
def test_unknown_text_is_an_error(old: str, new: str) -> None:
    with pytest.raises(DriverError):
        parse_list_sas(PRINTED.replace(old, new, 1))
