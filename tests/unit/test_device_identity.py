"""Whose device it is: what of that is refused, and what must not be, by what devices say of themselves alone."""

from collections.abc import Mapping
from ipaddress import IPv4Address, ip_interface
from pathlib import Path

import pytest
from msgspec.structs import replace

from routebook.device.values import DeviceIdentity
from routebook.errors import RefusedError
from routebook.intent.model import BgpHost, HostIntent, IdentityIntent, Interface
from routebook.platforms.asa import identity as asa
from routebook.platforms.linux import identity as linux
from routebook.platforms.pfsense import identity as pfsense
from routebook.project.device_identity import Meant, refusal
from routebook.project.pins import Pin, forget, pin, read_pins


def host(name: str, number: int, *, hostname: str = "", identity: IdentityIntent | None = None) -> HostIntent:
    return HostIntent(
        name=name,
        site="nl",
        platform="edge",
        hostname=hostname or f"192.0.2.{number}",
        identity=identity,
        interfaces=(Interface(name="lo", link=None, addresses=(ip_interface(f"10.255.0.{number}/32"),)),),
        bgp=BgpHost(asn=65550, router_id=IPv4Address(f"10.255.0.{number}"), neighbors=()),
    )


def refused(
    said: DeviceIdentity, *hosts: HostIntent, name: str = "edge1", pins: Mapping[str, Pin] | None = None
) -> str:
    known = {each.name: Meant.of(each) for each in hosts or (host("edge1", 1), host("edge2", 2))}
    return refusal(name, said, known, pins or {})


class TestSomebodyElse:
    """With nothing written and nothing pinned."""

    def test_who_has_the_name_of_another_host(self) -> None:
        said = refused(DeviceIdentity("edge2"))
        assert "edge1 (192.0.2.1) answers as edge2: its hostname is edge2; nothing was changed" in said
        assert "identity:" in said

    @pytest.mark.parametrize("name", ["EDGE2", "edge2.example.net", "Edge2.Example.NET."])
    def test_by_whatever_form_of_the_name(self, name: str) -> None:
        assert "answers as edge2" in refused(DeviceIdentity(name))

    def test_who_has_the_router_id_of_another_host(self) -> None:
        assert "its router ID is 10.255.0.2" in refused(DeviceIdentity(router_id="10.255.0.2"))

    def test_who_has_the_addresses_of_another_host(self) -> None:
        assert "it has the address 10.255.0.2" in refused(DeviceIdentity(addresses=("10.255.0.2", "192.0.2.9")))

    def test_who_is_reached_by_a_name_that_is_anothers(self) -> None:
        hosts = host("edge1", 1), host("edge2", 2, hostname="mgmt2.example.net")
        assert "answers as edge2" in refused(DeviceIdentity("mgmt2"), *hosts)

    def test_everything_that_differs_is_told(self) -> None:
        said = refused(DeviceIdentity("edge2", router_id="10.255.0.2", addresses=("10.255.0.2",)))
        assert "hostname is edge2; its router ID is 10.255.0.2; it has the address 10.255.0.2" in said

    def test_a_word_of_the_device_is_not_obeyed_by_a_terminal(self) -> None:
        said = refused(DeviceIdentity("\x1b[2Jedge9\n"), host("edge1", 1, identity=IdentityIntent(hostname="edge1")))
        assert "\x1b" not in said
        assert "\n" not in said


class TestRightCases:
    @pytest.mark.parametrize(
        "said",
        [
            DeviceIdentity(),
            DeviceIdentity("edge1"),
            DeviceIdentity("EDGE1"),
            DeviceIdentity("edge1.example.net"),
            DeviceIdentity("some-name-of-nobody"),
            DeviceIdentity("edge1", ("abcdef0123",), "10.255.0.1", ("10.255.0.1", "203.0.113.9")),
            DeviceIdentity(router_id="198.51.100.7"),  # chosen by the daemon itself, before there is a configuration
            DeviceIdentity(addresses=("10.255.0.1", "10.255.0.2")),  # an address that both have
        ],
        ids=range(8),
    )
    def test_are_not_refused(self, said: DeviceIdentity) -> None:
        assert refused(said) == ""

    def test_an_fqdn_in_the_inventory_and_a_short_name_on_the_device(self) -> None:
        hosts = host("edge1", 1, hostname="edge1.nl.example.net"), host("edge2", 2, hostname="edge2.nl.example.net")
        assert refused(DeviceIdentity("edge1"), *hosts) == ""

    def test_two_sites_whose_hosts_have_one_short_name(self) -> None:
        hosts = host("nl-edge", 1, hostname="edge.nl.example"), host("gr-edge", 2, hostname="edge.gr.example")
        assert refused(DeviceIdentity("edge.nl.example"), *hosts, name="nl-edge") == ""
        assert refused(DeviceIdentity("edge"), *hosts, name="nl-edge") == ""
        assert "answers as gr-edge" in refused(DeviceIdentity("edge.gr.example"), *hosts, name="nl-edge")

    @pytest.mark.parametrize("name", ["fw", "fw-ctx", "ctx"])
    def test_a_context_of_a_firewall_beside_the_firewall_itself(self, name: str) -> None:
        hosts = host(name, 1), host("fw-admin", 2)
        assert refused(DeviceIdentity("fw/ctx"), *hosts, name=name) == ""
        both = host("fw", 1), host("fw-ctx", 2)
        assert refused(DeviceIdentity("fw/ctx"), *both, name="fw-ctx") == ""

    def test_what_the_inventory_writes_down_stands_above_a_guess(self) -> None:
        hosts = host("edge1", 1, identity=IdentityIntent(router_id=IPv4Address("10.255.0.2"))), host("edge2", 2)
        assert refused(DeviceIdentity("edge1", router_id="10.255.0.2"), *hosts) == ""

    def test_a_pair_after_a_switch_over(self) -> None:
        both = DeviceIdentity("fw", ("JAD1", "JAD2"), pair=True)
        one = DeviceIdentity("fw", ("JAD2",), pair=True)
        hosts = (host("fw", 1),)
        assert refused(both, *hosts, name="fw", pins={"fw": Pin("fw", ("JAD1",))}) == ""
        assert refused(one, *hosts, name="fw", pins={"fw": Pin("fw", ("JAD1",))}) == "", (
            "a release that does not tell its mate's"
        )

    def test_a_device_that_was_renamed(self) -> None:
        assert refused(DeviceIdentity("new-name", ("a1b2c3",)), pins={"edge1": Pin("old-name", ("A1B2C3",))}) == ""

    def test_clones_of_one_image(self) -> None:
        pins = {name: Pin(name, ("same-id",)) for name in ("edge1", "edge2")}
        assert refused(DeviceIdentity("edge1", ("same-id",)), pins=pins) == ""


class TestPinned:
    def test_another_machine_under_the_same_name_is_refused_with_the_way_out(self) -> None:
        said = refused(DeviceIdentity("edge1", ("new-id",)), pins={"edge1": Pin("edge1", ("old-id",))})
        assert "answers as somebody else: its serial number or machine ID is new-id, and was old-id" in said
        assert "routebook identity --forget edge1" in said

    def test_devices_with_default_names_that_are_exchanged_are_told_apart(self) -> None:
        pins = {"edge1": Pin(serials=("id-1",)), "edge2": Pin(serials=("id-2",))}
        assert "which is edge2's" in refused(DeviceIdentity(serials=("id-2",)), pins=pins)

    def test_without_a_number_the_name_counts(self) -> None:
        assert "its hostname is other, and was mine" in refused(DeviceIdentity("other"), pins={"edge1": Pin("mine")})

    def test_what_the_inventory_says_of_a_replaced_device_stands_above_what_was_pinned(self) -> None:
        hosts = (host("edge1", 1, identity=IdentityIntent(serial="NEW1")),)
        assert refused(DeviceIdentity("edge1", ("NEW1",)), *hosts, pins={"edge1": Pin("edge1", ("OLD1",))}) == ""


class TestWritten:
    @pytest.mark.parametrize(
        ("written", "said", "reason"),
        [
            (IdentityIntent(hostname="a"), DeviceIdentity("b"), "its hostname is b, and the inventory says a"),
            (IdentityIntent(hostname="a"), DeviceIdentity(), "has no hostname of its own, and the inventory says a"),
            (
                IdentityIntent(serial="AB12"),
                DeviceIdentity(serials=("CD34",)),
                "serial number is CD34, and the inventory says",
            ),
            (IdentityIntent(serial="AB12"), DeviceIdentity(), "it has no serial number, and the inventory says AB12"),
            (
                IdentityIntent(router_id=IPv4Address("10.0.0.1")),
                DeviceIdentity(router_id="10.0.0.2"),
                "router ID is 10.0.0.2, and the inv",
            ),
        ],
    )
    def test_what_differs_is_refused(self, written: IdentityIntent, said: DeviceIdentity, reason: str) -> None:
        hosts = (replace(host("edge1", 1), identity=written),)
        assert reason in refused(said, *hosts)
        assert "correct `identity` of edge1" in refused(said, *hosts)

    def test_what_is_the_same_is_not(self) -> None:
        written = IdentityIntent(hostname="A.example", serial="ab12", router_id=IPv4Address("10.0.0.1"))
        hosts = (replace(host("edge1", 1), identity=written),)
        assert refused(DeviceIdentity("a", ("AB12",), "10.0.0.1"), *hosts) == ""
        assert refused(DeviceIdentity("a", ("AB12",)), *hosts) == "", "BGP does not run there yet"


class TestWhatDevicesSay:
    def test_a_linux_host(self) -> None:
        said = "hostname edge1\nserial 0123456789abcdef0123456789abcdef\n1: lo    inet 127.0.0.1/8 scope host lo\n"
        said += "2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever\n"
        said += "2: eth0    inet6 fe80::1/64 scope link\n"
        found = linux.parse(said)
        assert found == DeviceIdentity("edge1", ("0123456789abcdef0123456789abcdef",), addresses=("192.0.2.1",))

    def test_a_pfsense(self) -> None:
        said = "hostname fw.home.arpa\nserial 0a1b2c3d4e5f\nserial To be filled by O.E.M.\nem0: flags=8843<UP>\n"
        said += "\tinet 192.0.2.1 netmask 0xffffff00\n\tinet6 fe80::1%em0 prefixlen 64\n"
        assert pfsense.parse(said) == DeviceIdentity("fw.home.arpa", ("0a1b2c3d4e5f",), addresses=("192.0.2.1",))

    @pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "debian", "ubuntu"])
    def test_a_name_that_every_new_linux_host_has_is_none(self, name: str) -> None:
        assert linux.parse(f"hostname {name}\n").hostname == ""

    def test_a_name_that_every_new_pfsense_has_is_none(self) -> None:
        assert pfsense.parse("hostname pfSense.home.arpa\nserial 0\nserial \n") == DeviceIdentity()

    @pytest.mark.parametrize(
        "said", ["", "\0\x1b[2J", "hostname\n", "hostname a b\nserial\n", "hostname \udcff\nx x inet garbage\n"]
    )
    def test_what_makes_no_sense_says_nothing(self, said: str) -> None:
        assert linux.parse(said) == DeviceIdentity() == pfsense.parse(said)

    def test_an_asa_a_pair_and_a_context(self) -> None:
        class Session:
            options = type("Options", (), {"context": ""})

            def __init__(self, name: str, pair: str = "") -> None:
                self.version = (
                    f"Cisco Adaptive Security Appliance Software Version 9.16(4)\n\n{name} up 3 hours 2 mins\n{pair}\n"
                    "Hardware:   ASAv, 2048 MB RAM\nSerial Number: JAD1\n"
                )

            def show(self, command: str) -> str:
                return self.version if command == "show version" else "Serial Number: Ours JAD1, Mate JAD2\n"

            def read_as(self, _: str, parser: object, said: str) -> object:
                return parser(said, {})  # type: ignore[operator]

        def read(session: object) -> DeviceIdentity:
            return asa.read(session)  # type: ignore[arg-type]

        assert read(Session("fw1")) == DeviceIdentity("fw1", ("JAD1",))
        assert read(Session("ciscoasa")).hostname == ""
        pair = read(Session("fw1", "failover cluster up 9 hours"))
        assert (pair.serials, pair.pair) == (("JAD1", "JAD2"), True)
        context = Session("fw1")
        context.options = type("Options", (), {"context": "ctx"})
        assert read(context).hostname == "fw1/ctx"


class TestPins:
    def test_are_kept_and_forgotten(self, tmp_path: Path) -> None:
        file = tmp_path / "state" / "identities.json"
        assert read_pins(file) == {}
        pin(file, {"edge1": DeviceIdentity("edge1", ("id-1",)), "fw": DeviceIdentity("fw", ("JAD1",), pair=True)})
        pin(file, {"fw": DeviceIdentity("fw", ("JAD2",), pair=True)})
        assert read_pins(file) == {"edge1": Pin("edge1", ("id-1",)), "fw": Pin("fw", ("JAD2", "JAD1"))}
        assert file.stat().st_mode & 0o777 == 0o600
        assert forget(file, ["edge1", "nobody"]) == ["edge1"]
        assert list(read_pins(file)) == ["fw"]

    @pytest.mark.parametrize("text", ["", "[", '{"a": 1}', '{"a": {"serials": "x"}}', "[" * 100_000, "\xff"])
    def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "identities.json"
        file.write_text(text, encoding="latin-1")
        file.chmod(0o600)
        with pytest.raises(RefusedError, match="is not what Routebook writes there"):
            read_pins(file)
