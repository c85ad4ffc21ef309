"""The command line behaves as the device's does: modes, abbreviations, errors, filters, pager, long lines."""

from collections.abc import Iterator

import pytest

from tests.lab.asa.units import ENABLE, Console, Unit

INVALID = "ERROR: % Invalid input detected at '^' marker."


@pytest.fixture
def console(unit: Unit) -> Iterator[Console]:
    console = unit.console()
    yield console
    console.close()


def test_prompts_follow_privilege_and_mode(unit: Unit) -> None:
    console = Console(unit.address)
    assert console.greeting.endswith("\r\n\rfw> ")
    console.enable()
    assert console.type("conf t\n").endswith("\r\n\rfw(config)# ")
    assert console.type("int g0/1\n").endswith("\rfw(config-if)# ")
    assert console.type("route-map X permit 10\n").endswith("\rfw(config-route-map)# ")
    assert console.type("exit\n").endswith("\rfw(config)# ")
    assert console.type("no route-map X\n").endswith("\rfw(config)# ")
    assert console.type("\x1a").endswith("\rfw# ")
    assert console.type("disable\n").endswith("\rfw> ")
    assert INVALID in console.type("configure terminal\n")
    console.close()


def test_a_wrong_enable_password_is_refused_three_times(unit: Unit) -> None:
    console = Console(unit.address)
    console.type("enable\n", "Password: $")
    for _ in range(2):
        assert "Invalid password" in console.type("wrong\n", "Password: $")
    shown = console.type("wrong\n")
    assert "Access denied." in shown
    assert shown.endswith("> ")
    console.close()


def test_login_gives_the_privilege_of_the_user(unit: Unit) -> None:
    console = Console(unit.address)
    console.type("login\n", "Username: $")
    console.type("admin\n", "Password: $")
    assert console.type("correct-horse\n").endswith("fw# ")
    assert "Username : admin" in console.send("show curpriv")
    console.close()


def test_syntax_errors_are_the_devices(console: Console) -> None:
    assert console.send("show cry ipsec") == "ERROR: % Incomplete command"
    assert console.send("cl") == "ERROR: % Incomplete command"
    assert console.send("sh cl|x foo").endswith(INVALID)
    assert console.send("co") == 'ERROR: % Ambiguous command:  "co"'
    shown = console.type("show nonsense\n").replace("\r", "").split("\n")
    assert shown[1] == " " * len("fw# show ") + "^"
    assert shown[2] == INVALID
    console.send("configure terminal")
    shown = console.type("tunnel-group 192.0.2.9 type nonsense\n").replace("\r", "").split("\n")
    assert shown[1] == " " * len("fw(config)# tunnel-group 192.0.2.9 type ") + "^"
    assert console.send("no") == "ERROR: % Incomplete command"
    assert console.send("interface GigabitEthernet7/7").endswith(INVALID)
    console.send("end")


def test_question_mark_lists_words_and_keeps_the_line(console: Console) -> None:
    assert "\r\n  failover\r\n" in console.type("show failov?", "\rfw# show failov$")
    console.type("\x15\n")
    assert "  <cr>" in console.type("show version ?", "\rfw# show version $")
    console.type("\x15\n")


def test_filters_choose_lines(console: Console) -> None:
    assert console.send("show running-config | include ^hostname") == "hostname fw"
    assert console.send("show run | i nameif").splitlines() == [" nameif outside", " nameif inside"]
    assert console.send("show run | grep -v .") == ""
    assert console.send("show run | begin ^username").splitlines()[0].startswith("username admin password *****")
    assert "nameif" not in console.send("show run interface | exclude nameif")


def test_the_pager_stops_after_a_page_and_takes_space_return_and_q(console: Console) -> None:
    console.send("terminal pager 10")
    first = console.type("show running-config\n", "<--- More --->$")
    assert first.count("\r\n") == 10
    one = console.type("\n", "<--- More --->$")
    assert one.startswith("\r" + " " * 14 + "\r")
    assert one.count("\r\n") == 1
    assert console.type(" ", "<--- More --->$").count("\r\n") == 9
    assert console.type("q").endswith("fw# ")
    console.send("terminal pager 0")
    assert "More" not in console.send("show running-config")


def test_lines_longer_than_the_terminal_are_shown_with_a_dollar_and_taken_whole(console: Console) -> None:
    console.send("configure terminal")
    remark = "access-list LONG remark " + "0123456789" * 9
    shown = console.type(remark + "\n")
    assert "\b" in shown
    assert "$" in shown
    assert remark not in shown.replace("\b", "")
    assert console.send("show running-config access-list LONG") == remark
    console.send("terminal width 511")
    assert remark in console.type("no " + remark + "\n")
    console.send("terminal width 80")
    console.send("end")
    assert "terminal width" not in console.send("show running-config")


def test_show_masks_secrets_and_more_does_not(console: Console) -> None:
    console.configure("tunnel-group 192.0.2.7 type ipsec-l2l\ntunnel-group 192.0.2.7 ipsec-attributes\n"
                      " ikev2 local-authentication pre-shared-key s3cret-with-#")  # fmt: skip
    assert "s3cret" not in console.send("show running-config")
    assert " ikev2 local-authentication pre-shared-key *****" in console.send(
        "show running-config tunnel-group 192.0.2.7"
    )
    assert " ikev2 local-authentication pre-shared-key s3cret-with-#" in console.send("more system:running-config")
    assert ENABLE not in console.send("more system:running-config")
    console.configure("clear configure tunnel-group 192.0.2.7")


def test_a_tunnel_typed_and_removed_leaves_the_configuration_byte_equal(console: Console) -> None:
    before = console.send("more system:running-config")
    said = console.configure("""
        crypto ipsec ikev2 ipsec-proposal P
         protocol esp encryption aes-gcm-256
         protocol esp integrity null
        crypto ipsec profile PR
         set ikev2 ipsec-proposal P
        interface Tunnel7
         nameif vti7
         ip address 10.9.9.1 255.255.255.252
         tunnel source interface outside
         tunnel destination 192.0.2.7
         tunnel mode ipsec ipv4
         tunnel protection ipsec profile PR
        router bgp 65000
         address-family ipv4 unicast
          neighbor 10.9.9.2 remote-as 65001
          neighbor 10.9.9.2 activate
    """)
    assert said == []
    shown = console.send("show running-config router bgp").splitlines()
    assert shown == [
        "router bgp 65000", " bgp log-neighbor-changes", " address-family ipv4 unicast",
        "  neighbor 10.9.9.2 remote-as 65001", "  neighbor 10.9.9.2 activate", "  no auto-summary",
        "  no synchronization", " exit-address-family", "!",
    ]  # fmt: skip
    assert "mtu vti7 1500" in console.send("show running-config mtu")
    assert console.configure("no crypto ipsec profile PR") != []
    said = console.configure("no router bgp 65000\nno interface Tunnel7\nno crypto ipsec profile PR\n"
                             "no crypto ipsec ikev2 ipsec-proposal P")  # fmt: skip
    assert said == []
    assert console.send("more system:running-config") == before


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("no access-list NONE extended permit ip any any", "Specified access-list does not exist"),
        ("access-list A extended permit ip object-group NONE any", "ERROR: specified object group <NONE> not found"),
        ("router bgp 65001\naddress-family ipv4\nneighbor 10.0.0.9 activate",
         "% Specify remote-as or peer-group commands first"),
        ("crypto map M 10 set peer 192.0.2.8", "WARNING: The crypto map entry is incomplete!"),
        ("crypto map M interface nowhere", INVALID),
        ("tunnel-group NAME type ipsec-l2l",
         "WARNING: For IKEv1, L2L tunnel-groups that have names which are not an IP"),
        ("object-group network G\nnetwork-object host 10.0.0.1\naccess-list A permit ip object-group G any\n"
         "no object-group network G", "Removing object-group (G) not allowed, it is being used."),
        ("route outside 10.77.0.0 255.255.0.0 192.0.2.9\nroute outside 10.77.0.0 255.255.0.0 192.0.2.9",
         "WARNING: Route already exists"),
    ],
)  # fmt: skip
def test_configuration_is_refused_and_warned_of_in_the_devices_words(console: Console, lines: str, answer: str) -> None:
    said = console.configure(lines)
    console.configure("""
        clear configure access-list A
        clear configure object-group
        clear configure router bgp
        clear configure tunnel-group NAME
        clear configure crypto map M
        no route outside 10.77.0.0 255.255.0.0 192.0.2.9
    """)
    assert any(answer in each for each in said), said


def test_access_list_lines_are_inserted_where_they_say(console: Console) -> None:
    console.configure("""
        access-list L permit ip host 10.0.0.1 any
        access-list L permit ip host 10.0.0.3 any
        access-list L line 2 extended permit ip host 10.0.0.2 any
        access-list L line 1 remark first
    """)
    shown = console.send("show running-config access-list L").splitlines()
    console.configure("clear configure access-list L")
    assert [line.split(" ", 2)[2] for line in shown] == [
        "remark first", *(f"extended permit ip host 10.0.0.{number} any" for number in (1, 2, 3)),
    ]  # fmt: skip
