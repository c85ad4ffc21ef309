"""A hand-made tunnel between the ends of one that is declared is named in the plan, with where it is and what to do."""

from routebook.device.candidate import Section
from routebook.platforms.asa.config import parse as asa_parse
from routebook.platforms.asa.hand_made import hand_made as asa_hand_made
from routebook.platforms.strongswan.hand_made import hand_made as strongswan_hand_made
from routebook.platforms.strongswan.tree import FOLDER, MAIN, build

OURS, HAND = f"{FOLDER}/conf.d/routebook.conf", f"{FOLDER}/conf.d/hand.conf"


def connection(name: str, local: str, remote: str) -> str:
    ends = f"local_addrs = {local}\n" if local else ""
    return f"connections {{\n {name} {{\n {ends} remote_addrs = {remote}\n }}\n}}\n"


def strongswan(hand: str, changed: str = "gr-home") -> list[str]:
    files = {MAIN: "include conf.d/*.conf\n", OURS: connection("gr-home", "192.0.2.1", "198.51.100.1"), HAND: hand}
    return list(strongswan_hand_made(build(files), {OURS}, {changed}))


def test_strongswan_names_connection_and_file() -> None:
    (told,) = strongswan(connection("old-home", "192.0.2.1", "198.51.100.1"))
    assert told.startswith(f"connection old-home of {HAND} has the same two ends as gr-home")
    assert f"add {HAND} to `owns`" in told
    assert len(strongswan(connection("old-home", "", "198.51.100.1, vpn.example.net"))) == 1


def test_strongswan_says_nothing_of_other_ends_and_of_what_this_run_does_not_change() -> None:
    for local, remote in (("192.0.2.9", "198.51.100.1"), ("192.0.2.1", "198.51.100.9"), ("", "%any")):
        assert strongswan(connection("other", local, remote)) == []
    assert strongswan(connection("old-home", "192.0.2.1", "198.51.100.1"), changed="another") == []


ASA_HAND = """crypto map outside_map 10 match address hand
crypto map outside_map 10 set peer 198.51.100.1 198.51.100.2
interface Tunnel7
 tunnel source interface outside
 tunnel destination 198.51.100.1
 tunnel protection ipsec profile HAND
"""
ASA_OURS = """crypto map RB-MAP 20 match address RB-gr-home
crypto map RB-MAP 20 set peer 198.51.100.1
"""
OWNS = ("crypto map * where crypto map * match address RB-*",)


def asa(running: str, text: str) -> list[str]:
    return list(asa_hand_made(asa_parse(running), [Section("cryptomap", "asa", text, OWNS)]))


def test_an_asa_names_crypto_map_entries_and_tunnel_interfaces_of_the_same_peer() -> None:
    first, second = sorted(asa(ASA_HAND, ASA_OURS))
    assert first.startswith(
        "crypto map outside_map 10 is somebody else's and leads to 198.51.100.1, as crypto map RB-MAP"
    )
    assert "`crypto map outside_map 10 *`" in first
    assert second.startswith("interface Tunnel7 is somebody else's")
    assert asa(ASA_HAND, ASA_OURS.replace("198.51.100.1", "198.51.100.9")) == []


def test_an_asa_says_nothing_once_ours_is_there() -> None:
    assert asa(ASA_HAND + ASA_OURS, ASA_OURS) == []
