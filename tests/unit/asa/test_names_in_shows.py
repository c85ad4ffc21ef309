"""Where `names` is on, an ASA shows names for addresses: looked up, or named in the error, and never zero bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from routebook.platforms.asa.options import read_asa_options
from routebook.platforms.asa.reading import read_ike
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import ikev1, ikev2, ipsec, sessiondb
from routebook.platforms.asa.show.text import UnknownNameError, UnknownOutputError
from tests.unit.asa.test_show_formats import IKEV2_DETAIL, IPSEC_VTI

NAMES = "name 203.0.113.9 Fujitsu-SydAX\nname 10.0.0.0 LAN-A description the office\n"
SESSIONS = """\
Session Type: LAN-to-LAN Detailed

Connection   : Fujitsu-SydAX
Index        : 7                      IP Addr      : Fujitsu-SydAX
Protocol     : IKEv2 IPsec
Encryption   : IKEv2: (1)AES-GCM-256  IPsec: (1)AES-GCM-256
Hashing      : IKEv2: (1)none  IPsec: (1)none
Bytes Tx     : 4000                   Bytes Rx     : 3900
Login Time   : 09:32:03 UTC Mon Aug 2 2021
Duration     : 1h:23m:32s
IKEv2 Tunnels: 1
IPsec Tunnels: 1

IKEv2:
  Tunnel ID    : 7.1
  UDP Src Port : 4500                   UDP Dst Port : 4500
  Rem Auth Mode: preSharedKeys
  Loc Auth Mode: preSharedKeys
  Encryption   : AES-GCM-256            Hashing      : none
  Rekey Int (T): 86400 Seconds          Rekey Left(T): 81388 Seconds
  PRF          : SHA512                 D/H Group    : 21

IPsec:
  Tunnel ID    : 7.2
  Local Addr   : LAN-A/255.0.0.0/0/0
  Remote Addr  : 0.0.0.0/0.0.0.0/0/0
  Encryption   : AES-GCM-256            Hashing      : none
  Encapsulation: Tunnel
  Rekey Int (T): 28800 Seconds          Rekey Left(T): 23788 Seconds
  Bytes Tx     : 4000                   Bytes Rx     : 3900
  Pkts Tx      : 40                     Pkts Rx      : 39
"""


@dataclass
class Answering(AsaSession):
    """A session with a device that answers from a table."""

    answers: dict[str, str] | None = None

    def run(self, command: str, *, timeout: float | None = None, replies: Mapping[str, str] | None = None) -> str:
        del timeout, replies
        return (self.answers or {})[command]


def device(sessions: str = SESSIONS, names: str = NAMES) -> AsaSession:
    local = IPSEC_VTI.replace(
        "local ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0", "local ident (addr/mask/prot/port): (LAN-A/255.0.0.0"
    )
    return Answering(
        read_asa_options("fw1", "admin", "", 1, {}),
        answers={
            ikev2.COMMAND: IKEV2_DETAIL.replace("203.0.113.9", "Fujitsu-SydAX")
            .replace("0.0.0.0/0 -", "LAN-A/0 -", 1)
            .replace("255.255.255.255/65535", "10.255.255.255/65535", 1),
            ikev1.COMMAND: "There are no IKEv1 SAs\n",
            ipsec.COMMAND: local.replace("203.0.113.9", "Fujitsu-SydAX"),
            sessiondb.COMMAND: sessions,
            "show names": names,
        },
    )


def test_names_are_looked_up_everywhere() -> None:
    (sa,) = read_ike(device())
    (child,) = sa.children
    assert sa.remote_address == ip_address("203.0.113.9")
    assert (child.bytes_out, child.bytes_in, child.installed) == (4000, 3900, 5012)
    assert child.local_selectors == ("10.0.0.0/8",)


@pytest.mark.parametrize("text", ["IP Addr      : Fujitsu-SydAX", "Local Addr   : LAN-A/"])
def test_a_name_that_nothing_explains_is_said(text: str) -> None:
    strange = SESSIONS.replace(text, text.replace("Fujitsu-SydAX", "obj-Sydney").replace("LAN-A", "obj-Sydney"))
    with pytest.raises(UnknownNameError, match="'obj-Sydney' stands for an address"):
        read_ike(device(strange))


@pytest.mark.parametrize(
    ("shown", "strange"),
    [
        ("LAN-A/255.0.0.0/0/0", "LAN-A/LAN-MASK/0/0"),
        ("Bytes Rx     : 3900\n  Pkts", "Bytes Rx     : many\n  Pkts"),
        ("Rekey Left(T): 23788 Seconds", "Rekey Left(T): soon"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_what(shown: str, strange: str) -> None:
    with pytest.raises(UnknownOutputError, match="show vpn-sessiondb detail l2l"):
        read_ike(device(SESSIONS.replace(shown, strange)))
