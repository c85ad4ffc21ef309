"""Two tunnels of an ASA to one peer have the same selectors, and each has its own age and bytes all the same."""

from ipaddress import ip_address

from routebook.platforms.asa.show.ikev2 import Ikev2Child, Ikev2Sa
from routebook.platforms.asa.show.ipsec import EspSa, Flow
from routebook.platforms.asa.show.sessiondb import Part, Session
from routebook.platforms.asa.state import ike_sas

PEER = ip_address("198.51.100.31")
ANY = ("0.0.0.0/0",)


def flow(number: int, local: str, left: int) -> Flow:
    def esp(spi: int) -> EspSa:
        return EspSa(spi, transform="esp-aes-256 esp-sha-256-hmac", settings=("L2L", "VTI", "IKEv2"), remaining=left)

    return Flow(
        interface=f"wan{number}-if",
        map_tag=f"__vti-crypto-map-Tunnel{number}-0-{number}",
        sequence=65280,
        local_address=ip_address(local),
        local_selector=ANY[0],
        remote_selector=ANY[0],
        peer=PEER,
        inbound=[esp(10 + number)],
        outbound=[esp(20 + number)],
    )


def sa(number: int, local: str) -> Ikev2Sa:
    return Ikev2Sa(
        tunnel_id=number,
        local_address=ip_address(local),
        remote_address=PEER,
        status="READY",
        initiator=True,
        session_status="UP-ACTIVE",
        encryption="AES-CBC",
        key_size="256",
        integrity="SHA256",
        dh_group="14",
        lifetime=86400,
        active=100 * number,
        children=[Ikev2Child(ANY, ANY, spi_in=10 + number, spi_out=20 + number)],
    )


def session(left: int, received: int) -> Session:
    fields = {
        "Local Addr": "0.0.0.0/0.0.0.0/0/0",
        "Remote Addr": "0.0.0.0/0.0.0.0/0/0",
        "Rekey Int (T)": "28800 Seconds",
        "Rekey Left(T)": f"{left} Seconds",
        "Bytes Tx": "1",
        "Bytes Rx": str(received),
    }
    return Session({"Connection": str(PEER), "IP Addr": str(PEER), "Duration": "0h:01m:00s"}, [Part("IPsec", fields)])


def test_what_is_left_of_their_lives_tells_them_apart() -> None:
    addresses = {1: "192.0.2.1", 2: "203.0.113.1"}
    # The counters are read a moment after the SAs.
    found = ike_sas(
        [sa(number, local) for number, local in addresses.items()],
        (),
        [flow(1, addresses[1], 28000), flow(2, addresses[2], 20000)],
        [session(19998, 222), session(27999, 111)],
    )
    children = {str(each.local_address): each.children[0] for each in found}
    assert {local: (child.name, child.installed, child.bytes_in) for local, child in children.items()} == {
        "192.0.2.1": ("wan1-if", 801, 111),
        "203.0.113.1": ("wan2-if", 8802, 222),
    }
    assert {each.name for each in found} == {str(PEER)}
