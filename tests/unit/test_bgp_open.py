"""The AS of an OPEN that was refused is read out of what a device shows of it."""

from routebook.device.bgp_open import as_of_open, refused_as

# `show bgp neighbors` of FRR 8.4 after an OPEN of BIRD's: AS 64496 in both places.
SHOWN = """  Last reset 00:00:10,  Notification sent (OPEN Message Error/Bad Peer AS)
  Message received that caused BGP to send a NOTIFICATION:
    FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF
    00350104 FBF000F0 CB007101 18021601
    04000200 01020040 02007841 040000FB
    F0460047 00
  External BGP neighbor may be up to 1 hops away.
"""


def test_the_as_of_the_open_is_found_among_other_lines() -> None:
    assert refused_as(SHOWN) == 64496
    assert refused_as("  Last reset never\n") is None


def test_a_number_of_32_bits_is_in_the_capability() -> None:
    assert (
        refused_as(SHOWN.replace("0104 FBF0", "0104 5BA0").replace("040000FB\n    F046", "0400010E\n    2E46"))
        == 0x10E2E
    )


def test_what_is_no_whole_open_says_nothing() -> None:
    assert as_of_open(b"\xff" * 18 + b"\x02" + b"\x00" * 20) is None
    assert as_of_open(b"\xff" * 20) is None
    cut = bytes.fromhex("ff" * 16 + "0035" + "01" + "04" + "fbf0" + "00f0" + "cb007101" + "18" + "0216" + "41")
    assert as_of_open(cut) == 64496
    assert refused_as("Message received that caused BGP to send a Notification: FFF") is None
