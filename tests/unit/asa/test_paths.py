"""Best paths and BFD sessions as an ASA shows them: in the forms of the IOS family, with other addresses.

`show bgp`: Cisco document 118050, "Specific eBGP Route Detail", and outputs of IOS; `show bfd neighbors`: published
outputs of IOS 15 and IOS XE.
"""

from ipaddress import ip_address, ip_network

import pytest

from routebook.device.state import BfdPeer, Route
from routebook.platforms.asa.show.paths import parse_bfd, parse_route, question

PREFIX = ip_network("10.180.10.0/24")
ENTRY = """BGP routing table entry for 10.180.10.0/24, version 5
Paths: (1 available, best #1, table default)
  Not advertised to any peer
  200
    192.168.10.2 from 192.168.10.2 (203.0.113.2)
      Origin IGP, metric 0, localpref 100, valid, external, best
"""
TWO = """BGP routing table entry for 10.180.10.0/24, version 690
Paths: (2 available, best #2, table default)
  Advertised to update-groups:
     1          2
  65001 65002, (received & used)
    10.1.1.1 from 10.1.1.1 (10.1.1.1)
      Origin IGP, localpref 100, valid, external
  65003
    10.2.2.2 (metric 20) from 10.9.9.9 (192.168.1.1)
      Origin incomplete, metric 100, localpref 200, valid, internal, best
      Originator: 10.2.2.2, Cluster list: 10.9.9.9
      rx pathid: 0, tx pathid: 0x0
"""
LOCAL = """BGP routing table entry for 10.180.10.0/24, version 2
Paths: (1 available, best #1, table default)
  Advertised to update-groups:
     1
  Local
    0.0.0.0 from 0.0.0.0 (10.255.1.1)
      Origin IGP, metric 0, localpref 100, weight 32768, valid, sourced, local, best
"""
INACCESSIBLE = """BGP routing table entry for 10.180.10.0/24, version 0
Paths: (1 available, no best path)
  Not advertised to any peer
  200
    192.168.99.2 (inaccessible) from 192.168.10.2 (203.0.113.2)
      Origin IGP, metric 0, localpref 100, valid, internal
"""


@pytest.mark.parametrize(
    ("text", "route"),
    [
        (ENTRY, Route(PREFIX, "192.168.10.2", "192.168.10.2", "200")),
        (TWO, Route(PREFIX, "10.2.2.2", "10.9.9.9", "65003")),
        (LOCAL, Route(PREFIX, "0.0.0.0", "0.0.0.0", "")),
        (INACCESSIBLE, Route(PREFIX, "192.168.99.2", "192.168.10.2", "200", reachable=False)),
        ("% Network not in table", Route(PREFIX)),
        (ENTRY.replace("10.180.10.0/24", "10.180.0.0/16"), Route(PREFIX)),
        # A form that is not known, or that is cut off, says nothing.
        ("", None),
        ("ERROR: % Invalid input detected at '^' marker.", None),
        (ENTRY.rpartition("      Origin")[0], None),
        (ENTRY.replace("Paths:", "Wege:"), None),
    ],
)
def test_the_best_path_of_an_entry(text: str, route: Route | None) -> None:
    assert parse_route(text, PREFIX) == route


def test_the_question_is_of_one_prefix_by_its_mask() -> None:
    assert question(PREFIX) == "show bgp 10.180.10.0 255.255.255.0"


BFD = """
IPv4 Sessions
NeighAddr                              LD/RD         RH/RS     State     Int
10.1.1.2                                1/1          Up        Up        outside
10.1.2.2                             4097/0          Down      Down      inside
10.1.3.2                                3/0          Down      AdminDown inside
"""


def test_bfd_sessions_and_their_states() -> None:
    assert parse_bfd(BFD) == (
        BfdPeer(ip_address("10.1.1.2"), "up"),
        BfdPeer(ip_address("10.1.2.2"), "down"),
        BfdPeer(ip_address("10.1.3.2"), "shutdown"),
    )


def test_nothing_is_no_session_and_what_is_not_known_is_no_answer() -> None:
    assert parse_bfd("\n") == ()
    assert parse_bfd(BFD + "something else\n") is None
