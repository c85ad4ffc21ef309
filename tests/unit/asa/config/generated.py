"""Configurations made at random: our part of a firewall in two versions, and somebody else's around it."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from routebook.device.candidate import Section

OWNS = (
    "object network RB-*",
    "object-group network RB-*",
    "access-list RB-*",
    "prefix-list RB-*",
    "route-map RB-*",
    "crypto ipsec ikev2 ipsec-proposal RB-*",
    "crypto ipsec profile RB-*",
    "group-policy RB-*",
    "crypto ikev2 policy 7*",
    "crypto map outside_map 7* *",
    "interface Tunnel* where tunnel protection ipsec profile RB-*",
    "tunnel-group * where default-group-policy RB-*",
    "route RB-* *",
    "nat (inside,outside) source static RB-*",
    "router bgp *",
)
SECRETS = ("s3cret", "ends-in-hash#", "*star* and blank", "!bang", "a  b", "*****x", 'quo"te')
NUMBERS = st.integers(1, 3)
COIN = st.booleans()


@dataclass(frozen=True)
class Ours:
    """One version of what is rendered for a firewall; references are always to what it has itself."""

    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def sections(self) -> tuple[Section, ...]:
        return (Section("all", "asa", self.text, OWNS),)


@st.composite
def ours(draw: st.DrawFn) -> Ours:
    """Versions drawn from small pools, so that two of them share, change, lack and reorder things."""
    lines: list[str] = []
    objects = draw(st.sets(NUMBERS))
    for number in sorted(objects):
        value = draw(st.sampled_from(["host 10.0.0.9", "subnet 10.0.0.0 255.255.255.0", "subnet 10.1.0.0 255.255.0.0"]))
        lines += [f"object network RB-o{number}", f" {value}"]
    groups: list[int] = []
    for number in sorted(draw(st.sets(NUMBERS))):
        members = [f" network-object object RB-o{o}" for o in sorted(draw(st.sets(st.sampled_from(sorted(objects)))))] \
            if objects else []  # fmt: skip
        members += [f" network-object host 192.0.2.{n}" for n in sorted(draw(st.sets(NUMBERS, min_size=1)))]
        if bool(groups) and draw(COIN):
            members.append(f" group-object RB-g{draw(st.sampled_from(groups))}")
        lines += [f"object-group network RB-g{number}", *members]
        groups.append(number)
    lists = sorted(draw(st.sets(NUMBERS)))
    for number in lists:
        lines += draw(access_list(f"RB-a{number}", groups, sorted(objects)))
    prefix_lists = sorted(draw(st.sets(NUMBERS)))
    for number in prefix_lists:
        for seq in sorted(draw(st.sets(st.sampled_from([5, 10, 15]), min_size=1))):
            prefix = draw(st.sampled_from(["10.0.0.0/8 le 24", "10.1.0.0/16", "0.0.0.0/0"]))
            lines.append(f"prefix-list RB-p{number} seq {seq} {draw(st.sampled_from(['permit', 'deny']))} {prefix}")
    route_maps = sorted(draw(st.sets(NUMBERS)))
    for number in route_maps:
        for seq in sorted(draw(st.sets(st.sampled_from([10, 20]), min_size=1))):
            lines.append(f"route-map RB-r{number} {draw(st.sampled_from(['permit', 'deny']))} {seq}")
            if bool(prefix_lists) and draw(COIN):
                lines.append(f" match ip address prefix-list RB-p{draw(st.sampled_from(prefix_lists))}")
            lines += draw(
                some([" set local-preference 200", " set metric 5", " set local-preference 150"], "set local")
            )
    proposals = sorted(draw(st.sets(NUMBERS)))
    for number in proposals:
        lines += [
            f"crypto ipsec ikev2 ipsec-proposal RB-t{number}",
            f" protocol esp encryption {draw(st.sampled_from(['aes-gcm-256', 'aes-256']))}",
            f" protocol esp integrity {draw(st.sampled_from(['null', 'sha-256']))}",
        ]
    profiles = sorted(draw(st.sets(NUMBERS))) if proposals else []
    for number in profiles:
        lines += [
            f"crypto ipsec profile RB-f{number}",
            f" set ikev2 ipsec-proposal RB-t{draw(st.sampled_from(proposals))}",
        ]
        lines += draw(
            some([" set pfs group14", " set pfs group21", " set security-association lifetime seconds 3600"], "set pfs")
        )
    for number in sorted(draw(st.sets(st.integers(70, 72)))):
        lines += [f"crypto ikev2 policy {number}", f" encryption {draw(st.sampled_from(['aes-256', 'aes-gcm-256']))}",
                  f" group {draw(st.sampled_from([14, 19]))}", " lifetime seconds 86400"]  # fmt: skip
    policies = sorted(draw(st.sets(NUMBERS)))
    for number in policies:
        protocol = draw(st.sampled_from(["ikev2", "ikev1 ikev2"]))
        lines += [f"group-policy RB-gp{number} internal", f"group-policy RB-gp{number} attributes",
                  f" vpn-tunnel-protocol {protocol}"]  # fmt: skip
    tunnels = sorted(draw(st.sets(NUMBERS))) if profiles else []
    nameifs = []
    for number in tunnels:
        nameif = f"RB-vti{draw(st.sampled_from([number, number + 10]))}"
        nameifs.append(nameif)
        lines += [
            f"interface Tunnel{number}", f" nameif {nameif}",
            f" ip address 10.255.200.{draw(st.sampled_from([number * 4, number * 4 + 100]))} 255.255.255.254",
            " tunnel source interface outside", f" tunnel destination 203.0.113.{draw(NUMBERS)}",
            " tunnel mode ipsec ipv4", f" tunnel protection ipsec profile RB-f{draw(st.sampled_from(profiles))}",
        ]  # fmt: skip
    for peer in sorted(draw(st.sets(NUMBERS))) if policies else []:
        group = f"tunnel-group 203.0.113.{peer}"
        kind = draw(st.sampled_from(["ipsec-l2l", "ipsec-l2l", "remote-access"]))
        lines += [f"{group} type {kind}", f"{group} general-attributes"]
        lines.append(f" default-group-policy RB-gp{draw(st.sampled_from(policies))}")
        if draw(COIN):
            keys = [
                f" ikev2 {end}-authentication pre-shared-key {draw(st.sampled_from(SECRETS))}"
                for end in ("remote", "local")
            ]
            lines += [f"{group} ipsec-attributes", *keys]
    for seq in sorted(draw(st.sets(st.integers(70, 72)))) if lists and proposals else []:
        entry = f"crypto map outside_map {seq}"
        lines += [f"{entry} match address RB-a{draw(st.sampled_from(lists))}",
                  f"{entry} set peer 203.0.113.{draw(NUMBERS)}",
                  f"{entry} set ikev2 ipsec-proposal RB-t{draw(st.sampled_from(proposals))}"]  # fmt: skip
    if len(objects) > 1:
        pairs = draw(st.lists(st.sampled_from(sorted(objects)), unique=True))
        lines += [f"nat (inside,outside) source static RB-o{o} RB-o{o} no-proxy-arp" for o in pairs]
    for nameif in nameifs:
        if draw(COIN):
            gateway, metric = draw(NUMBERS), draw(st.sampled_from(["", " 1", " 9"]))
            lines.append(f"route {nameif} 10.9.0.0 255.255.0.0 10.255.200.{gateway}{metric}")
    if draw(COIN):
        lines += draw(router(prefix_lists, route_maps))
    return Ours(lines)


@st.composite
def access_list(draw: st.DrawFn, name: str, groups: list[int], objects: list[int]) -> list[str]:
    entries = [f"extended permit ip host 10.0.0.{n} any4" for n in range(1, 7)]
    entries += [f"extended deny tcp any4 object-group RB-g{g} eq https" for g in groups]
    entries += [f"extended permit udp object RB-o{o} any4" for o in objects]
    remarks = ["remark same words", "remark other words", "remark  - with  blanks"]
    chosen = draw(st.lists(st.sampled_from(entries), unique=True, min_size=1))
    for remark in draw(st.lists(st.sampled_from(remarks), max_size=4)):
        chosen.insert(draw(st.integers(0, len(chosen))), remark)
    return [f"access-list {name} {entry}" for entry in chosen]


@st.composite
def some(draw: st.DrawFn, lines: list[str], single: str) -> list[str]:
    """A few of the lines, at most one of those that set the same."""
    chosen = draw(st.lists(st.sampled_from(lines), unique=True))
    alike = [line for line in chosen if line.strip().startswith(single)]
    return [line for line in chosen if line not in alike[1:]]


@st.composite
def router(draw: st.DrawFn, prefix_lists: list[int], route_maps: list[int]) -> list[str]:
    lines = [f"router bgp {draw(st.sampled_from([65550, 65550, 64512]))}", f" bgp router-id 10.255.1.{draw(NUMBERS)}"]
    lines.append(" bgp log-neighbor-changes")
    families = draw(st.sampled_from([["ipv4 unicast"], ["ipv4 unicast", "ipv6 unicast"]]))
    for family in families:
        lines.append(f" address-family {family}")
        for number in sorted(draw(st.sets(NUMBERS))):
            peer = f"  neighbor 10.1.0.{number * 7}"
            lines.append(f"{peer} remote-as {draw(st.sampled_from([64520, 4200000001]))}")
            if draw(COIN):
                lines += [f"{peer} password {draw(st.sampled_from(SECRETS))}"]
            if draw(COIN):
                lines += [f"{peer} timers {draw(st.sampled_from(['10 30', '5 15']))}"]
            if bool(prefix_lists) and draw(COIN):
                lines.append(f"{peer} prefix-list RB-p{draw(st.sampled_from(prefix_lists))} in")
            if bool(route_maps) and draw(COIN):
                lines.append(f"{peer} route-map RB-r{draw(st.sampled_from(route_maps))} out")
            if draw(COIN):
                lines += [f"{peer} next-hop-self"]
            lines.append(f"{peer} activate")
        networks = draw(st.sets(NUMBERS)) if family == "ipv4 unicast" else set()
        for number in sorted(networks):
            by = f" route-map RB-r{draw(st.sampled_from(route_maps))}" if bool(route_maps) and draw(COIN) else ""
            lines.append(f"  network 10.{number}.0.0 mask 255.255.0.0{by}")
        if draw(COIN):
            lines += [f"  maximum-paths {draw(st.sampled_from([2, 4]))}"]
        if draw(COIN):
            lines += ["  no auto-summary"]
        lines.append(" exit-address-family")
    return lines


FOREIGN = """\
: Saved

:
: Serial Number: 9AXXXXXXXXX
ASA Version 9.16(4)
!
hostname fw1
enable password $sha512$5000$abc==$def== pbkdf2
names
name 192.0.2.77 printer
no mac-address auto
ip local pool VPN-POOL 10.99.0.1-10.99.0.200 mask 255.255.255.0

!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0 standby 198.51.100.2
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.0.0
!
interface GigabitEthernet0/2
 shutdown
 no nameif
 no security-level
 no ip address
!
banner motd ****************************************
banner motd
banner motd         Keep    out.
banner motd
banner motd ****************************************
boot system disk0:/asa9-16-4-smp-k8.bin
boot system disk0:/asa9-12-4-smp-k8.bin
object network web
 host 10.1.0.80
object network web2
 subnet 10.1.2.0 255.255.255.0
object-group network servers
 description all  of them
 network-object object web
 network-object 10.1.3.0 255.255.255.0
object-group service tcp-stuff tcp
 port-object eq www
access-list outside_in remark web
access-list outside_in extended permit tcp any4 object-group servers eq https
access-list outside_in remark web
access-list outside_in extended deny ip any4 any4 log
access-list split standard permit 10.1.0.0 255.255.0.0
access-list theirs extended permit ip 10.1.0.0 255.255.0.0 10.77.0.0 255.255.0.0
pager lines 24
mtu outside 1500
nat (inside,outside) source static servers servers destination static web2 web2
!
object network web
 nat (inside,outside) static 198.51.100.80
!
nat (inside,outside) after-auto source dynamic any interface
access-group outside_in in interface outside
!
prefix-list THEIRS seq 5 permit 10.0.0.0/8
!
route-map THEIRS permit 10
 match ip address prefix-list THEIRS

!
route-map THEIRS deny 20

!
route outside 0.0.0.0 0.0.0.0 198.51.100.254 1
aaa-server TACACS+ protocol tacacs+
aaa-server TACACS+ (inside) host 10.1.0.5
 key T4cacs#key
snmp-server host inside 10.1.0.6 community c0mmunity version 2c
no snmp-server location
crypto ipsec ikev2 ipsec-proposal THEIRS
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ipsec security-association pmtu-aging infinite
crypto map outside_map 10 match address theirs
crypto map outside_map 10 set peer 192.0.2.10
crypto map outside_map 10 set ikev2 ipsec-proposal THEIRS
crypto map outside_map interface outside
crypto ca trustpoint TP
 enrollment self
crypto ca certificate chain TP
 certificate 5f3a2b11
    308202c0 308201a8 a0030201 0202045f 3a2b1130 0d06092a 864886f7 0d01010b
    308202c0 308201a8 a0030201 0202045f 3a2b1130 0d06092a 864886f7 0d01010b
    05003021
  quit
crypto ikev2 policy 1
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
 lifetime seconds 86400
crypto ikev2 enable outside
telnet timeout 5
group-policy DfltGrpPolicy attributes
 vpn-tunnel-protocol ikev1 ikev2 l2tp-ipsec
username admin password $sha512$5000$xyz==$uvw== pbkdf2 privilege 15
tunnel-group 192.0.2.10 type ipsec-l2l
tunnel-group 192.0.2.10 ipsec-attributes
 ikev2 remote-authentication pre-shared-key their#key
 ikev2 local-authentication pre-shared-key their#key
!
class-map inspection_default
 match default-inspection-traffic
!
!
policy-map global_policy
 class inspection_default
  inspect ftp
  inspect sip
!
service-policy global_policy global
prompt hostname context
Cryptochecksum:717c63b6e9e5367d33a69f4281ee7d33
: end
"""
