"""What a release hides or spells in its own way is no difference: neither in the plan nor when it is read back."""

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.config import apply, difference, parse, restoration, typed

NEW = "ASA Version 9.16(4)\n"
OLD = "ASA Version 9.12(4)\n"


def sent(running: str, candidate: str, *owns: str) -> list[str]:
    return typed(difference(parse(running), [Section("s", "asa", candidate, owns)]).commands).splitlines()


ENTRY = """\
crypto map M 15 match address RB-A
crypto map M 15 set pfs{}
crypto map M 15 set peer 203.0.113.1
"""
PROFILE = """\
crypto ipsec profile RB-P
 set ikev2 ipsec-proposal RB-T
 set pfs{}
"""


@pytest.mark.parametrize("text", [ENTRY, PROFILE])
def test_the_default_group_is_hidden_and_which_one_it_is_depends_on_the_release(text: str) -> None:
    hidden, own = text.format(" "), ("crypto *",)
    assert sent(NEW + hidden, text.format(" group14"), *own) == []
    assert sent(hidden, text.format(" group14"), *own) == []  # a text without a release is a new one's
    assert sent(OLD + hidden, text.format(" group2"), *own) == []
    assert sent(OLD + text.format(" group14"), hidden, *own) != []
    assert any("group14" in line for line in sent(OLD + hidden, text.format(" group14"), *own))
    assert any("group19" in line for line in sent(NEW + hidden, text.format(" group19"), *own))


POLICY = """\
crypto ikev2 policy 64000
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
 lifetime seconds {}
"""
BGP = """\
router bgp 65550
 address-family ipv4 unicast
  neighbor 10.0.0.9 remote-as 64496
  neighbor 10.0.0.9 activate
{}
"""
AEAD = "crypto ipsec ikev2 ipsec-proposal RB-G\n protocol esp encryption aes-gcm-256\n{}"
GROUP = "tunnel-group 203.0.113.1 ipsec-attributes\n{} ikev2 local-authentication pre-shared-key x\n"


@pytest.mark.parametrize(
    ("shown", "rendered", "owns"),
    [
        (POLICY.replace(" lifetime seconds {}\n", ""), POLICY.format(86400), "crypto *"),
        (PROFILE.format(" "), PROFILE.format("") + " set security-association lifetime seconds 28800\n", "crypto *"),
        (ENTRY.format(" "), ENTRY.format("") + "crypto map M 15 set security-association lifetime kilobytes 4608000\n",
         "crypto *"),
        (BGP.format(""), BGP.format("  neighbor 10.0.0.9 timers 60 180"), "router *"),
        (BGP.format("  neighbor 10.0.0.9 timers 10 30 0"), BGP.format("  neighbor 10.0.0.9 timers 10 30"), "router *"),
        (BGP.format("  neighbor 10.0.0.9 maximum-prefix 100 75"), BGP.format("  neighbor 10.0.0.9 maximum-prefix 100"),
         "router *"),
        (BGP.format("  neighbor 10.0.0.9 ebgp-multihop 255"), BGP.format("  neighbor 10.0.0.9 ebgp-multihop"),
         "router *"),
        (BGP.format("  neighbor 10.0.0.9 send-community standard"), BGP.format("  neighbor 10.0.0.9 send-community"),
         "router *"),
        (BGP.format("  network 10.0.0.0"), BGP.format("  network 10.0.0.0 mask 255.0.0.0"), "router *"),
        (AEAD.format(""), AEAD.format(" protocol esp integrity null\n"), "crypto *"),
        (GROUP.format(" isakmp keepalive threshold 20 retry 2\n"), GROUP.format(" isakmp keepalive threshold 20\n"),
         "tunnel-group *"),
        (GROUP.format(""), GROUP.format(" isakmp keepalive threshold 10 retry 2\n"), "tunnel-group *"),
        ("ipv6 route RB-1 2001:DB8:0:1::/64 2001:DB8::1\n", "ipv6 route RB-1 2001:db8:0:1::/64 2001:db8::1 1\n",
         "ipv6 route *"),
        ("ipv6 prefix-list RB-6 seq 5 permit 2001:DB8::/32\n", "ipv6 prefix-list RB-6 seq 5 permit 2001:db8::/32\n",
         "ipv6 prefix-list *"),
        ("access-list RB-A extended permit tcp any4 host 10.0.0.1 eq https\n",
         "access-list RB-A extended permit tcp 0.0.0.0 0.0.0.0 10.0.0.1 255.255.255.255 eq 443\n", "access-list *"),
        ("access-list RB-A extended permit udp any6 host 2001:db8::1 range snmp snmptrap log 3 interval 300\n",
         "access-list RB-A extended permit udp ::/0 2001:DB8::1/128 range 161 162 log errors interval 300\n",
         "access-list *"),
        ("access-list RB-A extended permit icmp6 any6 any6 echo\n",
         "access-list RB-A extended permit 58 any6 any6 128\n", "access-list *"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_thing_are_no_difference_from_either_side(shown: str, rendered: str, owns: str) -> None:
    assert sent(NEW + shown, rendered, owns) == []
    assert sent(NEW + rendered, shown, owns) == []
    assert not restoration(parse(NEW + shown), parse(NEW + rendered))


def test_a_value_that_is_not_the_default_is_sent_and_so_is_the_way_back_to_it() -> None:
    own = "crypto *"
    assert sent(NEW + POLICY.format(3600), POLICY.format(86400), own)[-1:] == ["lifetime seconds 86400"]
    hidden = POLICY.replace(" lifetime seconds {}\n", "")
    before = parse(NEW + hidden)
    delta = difference(before, [Section("s", "asa", POLICY.format(3600), (own,))])
    assert typed(delta.commands).splitlines()[-1:] == ["lifetime seconds 3600"]
    assert str(apply(apply(before, delta.commands), delta.undo)) == NEW + hidden
    # For all tunnels of the device another lifetime is configured: then the default has to be said.
    everyone = "crypto ipsec security-association lifetime seconds 3600\n"
    wanted = PROFILE.format(" group14") + " set security-association lifetime seconds 28800\n"
    assert sent(NEW + everyone + PROFILE.format(" group14"), wanted, "crypto ipsec profile *") != []


def test_what_is_new_is_said_in_full_although_a_release_will_hide_it() -> None:
    assert "lifetime seconds 86400" in sent(NEW, POLICY.format(86400), "crypto *")
    assert "set pfs group14" in sent(NEW, PROFILE.format(" group14"), "crypto *")


def test_names_stand_for_addresses() -> None:
    names = "names\nname 203.0.113.1 Fujitsu-SydAX\nname 10.0.0.0 LAN-A\n"
    shown = ENTRY.format("").replace("203.0.113.1", "Fujitsu-SydAX")
    assert sent(NEW + names + shown, ENTRY.format(""), "crypto map *") == []
    listed = "access-list RB-A extended permit ip LAN-A 255.0.0.0 any4\n"
    assert sent(NEW + names + listed, listed.replace("LAN-A", "10.0.0.0"), "access-list *") == []
    without = names.replace("names\n", "no names\n")
    assert sent(NEW + without + shown, ENTRY.format(""), "crypto map *") != []


def test_text_and_secrets_are_compared_as_they_are() -> None:
    text = "tunnel-group 203.0.113.1 ipsec-attributes\n ikev2 local-authentication pre-shared-key {}\n"
    assert sent(NEW + text.format("2001:DB8::1"), text.format("2001:db8::1"), "tunnel-group *") != []
    described = BGP.format("  neighbor 10.0.0.9 description {}")
    assert sent(NEW + described.format("timers 60 180"), described.format("timers"), "router *") != []
