"""What is particular to ASA: its objects, its order, its secrets."""

import pytest

from bench.asa_configuration import configuration, sections
from routebook.device.candidate import Section
from routebook.platforms.asa.config import (
    EncryptedSecretsError,
    MaskedSecretError,
    apply,
    difference,
    fingerprint,
    parse,
    redact,
    restoration,
    typed,
)


def commands(running: str, candidate: str, *owns: str) -> list[str]:
    """The lines that are typed; the undo of each change is held to give the text back."""
    before = parse(running)
    delta = difference(before, [Section("s", "asa", candidate, owns)])
    assert str(apply(apply(before, delta.commands), delta.undo)) == running
    return typed(delta.commands).splitlines()


ROUTER = """\
router bgp 65550
 bgp router-id 10.0.0.1
 address-family ipv4 unicast
  neighbor 10.0.0.9 remote-as 64496
  neighbor 10.0.0.9 password s#cret
  neighbor 10.0.0.9 activate
  no auto-summary
  no synchronization
 exit-address-family
!
"""
GROUP = """\
tunnel-group 203.0.113.1 type ipsec-l2l
tunnel-group 203.0.113.1 ipsec-attributes
 ikev2 remote-authentication pre-shared-key one#
 ikev2 local-authentication pre-shared-key one#
"""


def test_another_remote_as_takes_the_neighbor_away_and_makes_it_whole() -> None:
    assert commands(ROUTER, ROUTER.replace("64496", "64497"), "router bgp *") == [
        "router bgp 65550",
        "address-family ipv4 unicast",
        "no neighbor 10.0.0.9 remote-as 64496",
        "neighbor 10.0.0.9 remote-as 64497",
        "neighbor 10.0.0.9 password s#cret",
        "neighbor 10.0.0.9 activate",
        "exit-address-family",
    ]


def test_lines_that_the_device_adds_by_itself_are_no_difference() -> None:
    bare = ROUTER.replace("  no auto-summary\n  no synchronization\n", "")
    assert commands(ROUTER, bare, "router bgp *") == []
    extra = ROUTER.replace("  no auto", "  neighbor 10.0.0.9 transport path-mtu-discovery disable\n  no auto")
    assert commands(extra, bare, "router bgp *") == []
    logged = ROUTER.replace(" address-family", " bgp log-neighbor-changes\n address-family", 1)
    assert commands(logged, bare, "router bgp *") == []
    assert commands(ROUTER, logged, "router bgp *") == ["router bgp 65550", "bgp log-neighbor-changes"]


def test_translations_in_an_order_that_no_device_shows_are_left_alone() -> None:
    line = "nat (inside,outside) {}source static A B\n"
    mixed = line.format("after-auto ") + line.format("") + line.format("after-auto ").replace("A B", "B A")
    assert commands(mixed, "", "nat (ours,outside) *") == []


def test_a_new_key_is_set_in_place_and_only_that() -> None:
    rotated = GROUP.replace("remote-authentication pre-shared-key one#", "remote-authentication pre-shared-key a *b# c")
    assert commands(GROUP, rotated, "tunnel-group *") == [
        "tunnel-group 203.0.113.1 ipsec-attributes",
        "ikev2 remote-authentication pre-shared-key a *b# c",
    ]


def test_a_tunnel_group_goes_as_a_whole_and_a_default_one_never_does() -> None:
    assert commands(GROUP, "", "tunnel-group *") == ["clear configure tunnel-group 203.0.113.1"]
    default = "tunnel-group DefaultL2LGroup ipsec-attributes\n ikev1 pre-shared-key abc\n"
    assert commands(default, "", "tunnel-group *") == ["no tunnel-group DefaultL2LGroup ipsec-attributes"]


def test_banner_lines_add_so_a_changed_banner_is_written_anew_and_a_longer_one_is_not() -> None:
    banner = "banner motd *****\nbanner motd\nbanner motd   Keep out\n"
    assert commands(banner, banner + "banner motd *****\n", "banner motd*") == ["banner motd *****"]
    assert commands(banner, banner.replace("out", "off"), "banner motd*") == [
        "no banner motd",
        "banner motd *****",
        "banner motd",
        "banner motd   Keep off",
    ]


def test_the_boot_image_that_is_tried_first_is_written_first() -> None:
    boot = "boot system disk0:/old.bin\n"
    assert commands(boot, "boot system disk0:/new.bin\n" + boot, "boot system *") == [
        "no boot system disk0:/old.bin",
        "boot system disk0:/new.bin",
        "boot system disk0:/old.bin",
    ]


def test_our_translations_come_before_those_of_others_which_stay_where_they_are() -> None:
    theirs = (
        "nat (inside,outside) source static a a\n!\nobject network web\n nat (inside,outside) static 192.0.2.1\n!\n"
        "nat (inside,outside) after-auto source dynamic any interface\n"
    )
    assert commands(theirs, "nat (inside,outside) source static RB-a RB-a\n", "nat * source static RB-*") == [
        "nat (inside,outside) 1 source static RB-a RB-a"
    ]


def test_the_order_of_making_and_taking_away_follows_the_references() -> None:
    ours = (
        "route RB-1 10.9.0.0 255.255.0.0 10.255.200.0\ninterface Tunnel1\n nameif RB-1\n"
        " tunnel protection ipsec profile RB-P\ncrypto map outside_map 70 match address RB-A\n"
        "crypto ipsec profile RB-P\n set ikev2 ipsec-proposal RB-T\n"
        "access-list RB-A extended permit ip any4 object-group RB-G\n"
        "crypto ipsec ikev2 ipsec-proposal RB-T\n protocol esp encryption aes-256\nobject-group network RB-G\n"
        " network-object object RB-O\nobject network RB-O\n host 10.0.0.1\n"
    )
    owns = ("*RB-*", "interface Tunnel*", "crypto map * 70 *")
    made = [line for line in commands("", ours, *owns) if line.startswith(("o", "a", "c", "i", "r"))]
    kinds = ["object network", "object-group", "access-list", "crypto ipsec ikev2", "crypto ipsec profile"]
    kinds += ["crypto map", "interface Tunnel1", "route"]
    assert [next(kind for kind in kinds if line.startswith(kind)) for line in made] == kinds
    running = str(apply(parse(""), difference(parse(""), [Section("s", "asa", ours, owns)]).commands))
    gone = typed(difference(parse(running), [Section("s", "asa", "", owns)]).commands).splitlines()
    assert gone == [
        "no route RB-1 10.9.0.0 255.255.0.0 10.255.200.0 1",
        "no interface Tunnel1",
        "no crypto map outside_map 70 match address RB-A",
        "no crypto ipsec profile RB-P",
        "no crypto ipsec ikev2 ipsec-proposal RB-T",
        "clear configure access-list RB-A",
        "no object-group network RB-G",
        "no object network RB-O",
    ]


def test_removing_what_others_still_use_is_told() -> None:
    running = "access-list RB-A extended permit ip any4 any4\ncrypto map outside_map 10 match address RB-A\n"
    delta = difference(parse(running), [Section("s", "asa", "", ("access-list RB-*",))])
    assert delta.problems == (
        "access-list RB-A would no longer be defined and is used by `crypto map outside_map 10 match address RB-A`",
    )
    six = ROUTER.replace("activate", "prefix-list SIX in") + "ipv6 prefix-list SIX seq 5 permit 2001:db8::/32\n"
    assert not difference(parse(ROUTER), [Section("s", "asa", six, ("router*", "ipv6 prefix-list SIX"))]).problems
    dangling = ROUTER.replace("activate", "prefix-list NONE in")
    lacking = difference(parse(ROUTER), [Section("s", "asa", dangling, ("router*",))])
    assert lacking.problems[0].startswith("prefix-list NONE is not defined and is used by `neighbor 10.0.0.9")


@pytest.mark.parametrize("mask", ["*****", "*", "********"])
def test_asterisks_for_a_secret_are_refused_on_either_side(mask: str) -> None:
    masked = GROUP.replace("one#", mask)
    section = [Section("s", "asa", GROUP, ("tunnel-group *",))]
    with pytest.raises(
        MaskedSecretError, match=r"The running configuration has asterisks.*tunnel-group 203\.0\.113\.1"
    ):
        difference(parse(masked), section)
    with pytest.raises(MaskedSecretError, match="The rendered configuration"):
        difference(parse(GROUP), [Section("s", "asa", masked, ("tunnel-group *",))])
    assert difference(parse(GROUP.replace("one#", "***** really")), section)


def test_keys_under_a_master_passphrase_are_not_compared_with_clear_text() -> None:
    running = GROUP.replace("one#", "8 f2sM0nZkq1Ue0jVt==")
    with pytest.raises(EncryptedSecretsError, match="master passphrase"):
        difference(parse(running), [Section("s", "asa", GROUP, ("tunnel-group *",))])
    assert not difference(parse(running), [Section("s", "asa", "", ("access-list RB-*",))])


def test_secrets_are_hidden_and_everything_around_them_is_not() -> None:
    text = (
        "enable password $sha512$x== pbkdf2\nusername a password hash encrypted privilege 15\n"
        "snmp-server host inside 10.0.0.1 community pub lic version 2c\n ikev1 pre-shared-key a #b *\n"
        "failover key k\nkey chain X\n key 1\n  key-string s\npassword encryption aes\n"
    )
    assert redact(text) == (
        "enable password <secret> pbkdf2\nusername a password <secret> encrypted privilege 15\n"
        "snmp-server host inside 10.0.0.1 community <secret> version 2c\n ikev1 pre-shared-key <secret>\n"
        "failover key <secret>\nkey chain X\n key 1\n  key-string <secret>\npassword encryption aes\n"
    )


def test_what_follows_a_certificate_or_a_delimited_banner_is_its_content() -> None:
    text = (
        "crypto ca certificate chain TP\n certificate 01ab\n    30820122 no router\n    30820122 no router\n  quit\n"
        "banner login ^C\nrouter bgp 1\n^C\nhostname x\n"
    )
    config = parse(text)
    assert str(config) == text
    assert [node.line for node in config.commands] == [
        "crypto ca certificate chain TP",
        "banner login ^C",
        "hostname x",
    ]
    assert fingerprint(config) != fingerprint(parse(text.replace("30820122 no router\n  quit", "30820123\n  quit")))
    moved = restoration(parse("hostname x\n"), config)
    assert fingerprint(apply(parse("hostname x\n"), moved.commands)) == fingerprint(config)


def test_a_fingerprint_is_of_the_meaning_and_not_of_when_it_was_read() -> None:
    text = configuration(300)
    same = text.replace("Cryptochecksum:717c", "Cryptochecksum:0000").replace(": Saved", ": Written by x at 01:00", 1)
    assert fingerprint(parse(same)) == fingerprint(parse(text.replace("\n", "\r\n"))) == fingerprint(parse(text))
    assert fingerprint(parse(text.replace("key#1 of", "key#2 of"))) != fingerprint(parse(text))
    lines = text.splitlines(keepends=True)
    place = next(index for index, line in enumerate(lines) if line.startswith("access-list ACL-0 extended"))
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    assert fingerprint(parse("".join(lines))) != fingerprint(parse(text))


def test_one_tunnel_and_one_neighbor_more_in_two_thousand_lines_send_their_lines_and_no_other() -> None:
    text = configuration(2_000)
    assert text.count("\n") == 2_000
    running = parse(text)
    assert not difference(running, sections(4))
    delta = difference(running, sections(5))
    assert not delta.problems
    assert typed(delta.commands).splitlines() == [
        "tunnel-group 203.0.113.5 type ipsec-l2l",
        "tunnel-group 203.0.113.5 general-attributes",
        "default-group-policy RB-POLICY",
        "tunnel-group 203.0.113.5 ipsec-attributes",
        "ikev2 remote-authentication pre-shared-key key#5 of ours*",
        "ikev2 local-authentication pre-shared-key key#5 of ours*",
        "interface Tunnel5",
        "nameif RB-vti5",
        "ip address 10.255.200.11 255.255.255.254",
        "tunnel source interface outside",
        "tunnel destination 203.0.113.5",
        "tunnel mode ipsec ipv4",
        "tunnel protection ipsec profile RB-PROFILE",
        "router bgp 65550",
        "address-family ipv4 unicast",
        "neighbor 10.255.200.10 remote-as 65550",
        "neighbor 10.255.200.10 description tunnel 5",
        "neighbor 10.255.200.10 timers 10 30",
        "neighbor 10.255.200.10 activate",
        "neighbor 10.255.200.10 prefix-list RB-IN in",
        "neighbor 10.255.200.10 route-map RB-OUT out",
        "exit-address-family",
    ]
    assert str(apply(apply(running, delta.commands), delta.undo)) == text


def test_what_is_rendered_beyond_what_is_owned_is_added() -> None:
    assert commands("hostname a\nntp server 10.0.0.1\n", "hostname b\nntp server 10.0.0.2\n") == [
        "hostname b",
        "ntp server 10.0.0.2",
    ]


def test_repeated_parents_and_context_headers_are_kept() -> None:
    text = (
        ": Saved\r\n:\r\nASA Version 9.8(2) <context>\r\n!\r\nhostname ctx-a\r\nobject network a\r\n host 10.0.0.1\r\n"
        "object network a\r\n nat (inside,outside) dynamic interface\r\n: end\r\n"
    )
    assert str(parse(text)) == text
    changed = "object network a\n host 10.0.0.2\n nat (inside,outside) dynamic interface\n"
    assert commands(text, changed, "object network a") == ["object network a", "host 10.0.0.2"]


def test_a_line_takes_the_place_of_its_opposite() -> None:
    # Netspoc-Approve, go/testdata/asa_parse.t, has interfaces that print `no nameif`.
    running = parse("interface Ethernet0/0\n no nameif\n no security-level\n no ip address\n!\n")
    named = apply(
        running, difference(running, [Section("s", "asa", "interface Ethernet0/0\n nameif dmz\n", ())]).commands
    )
    assert str(named) == "interface Ethernet0/0\n nameif dmz\n no security-level\n no ip address\n!\n"
    router = parse("router bgp 1\n no bgp log-neighbor-changes\n")
    logged = difference(router, [Section("s", "asa", "router bgp 1\n bgp log-neighbor-changes\n", ())])
    assert str(apply(router, logged.commands)) == "router bgp 1\n"


def test_a_name_with_a_blank_is_one_name() -> None:
    group = (
        'tunnel-group "Azure East" type ipsec-l2l\ntunnel-group "Azure East" general-attributes\n'
        ' default-group-policy "Azure East"\ntunnel-group "Azure East" ipsec-attributes\n'
        " ikev1 pre-shared-key one\n"
    )
    policy = 'group-policy "Azure East" internal\ngroup-policy "Azure East" attributes\n vpn-tunnel-protocol ikev2\n'
    owns = ("tunnel-group *", "group-policy *")
    assert commands(policy + group, "", *owns) == [
        'clear configure tunnel-group "Azure East"',
        'clear configure group-policy "Azure East"',
    ]
    assert commands(policy + group, policy + group.replace("key one", "key two"), *owns) == [
        'tunnel-group "Azure East" ipsec-attributes',
        "ikev1 pre-shared-key two",
    ]
    other = group.replace("Azure East", "Zurich  West")
    assert commands(
        policy + group + other.replace('policy "Zurich  West"', 'policy "Azure East"'), policy + group, *owns
    ) == ['clear configure tunnel-group "Zurich  West"']
    delta = difference(parse(policy + group), [Section("s", "asa", group, owns)])
    assert delta.problems == (
        'group-policy "Azure East" would no longer be defined and is used by `default-group-policy "Azure East"` in '
        '`tunnel-group "Azure East" general-attributes`',
    )


def test_what_a_remark_names_is_not_used() -> None:
    remark = "access-list A remark for object-group G\naccess-list A extended permit ip any4 any4\n"
    assert difference(parse(""), [Section("s", "asa", remark, ("access-list *",))]).problems == ()
