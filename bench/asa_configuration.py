"""A firewall's configuration as one finds it in production: any length, everything in it, and our part among it."""

from random import Random

from routebook.device.candidate import Section

OWNS = (
    "access-list RB-*",
    "prefix-list RB-*",
    "route-map RB-*",
    "crypto ipsec ikev2 ipsec-proposal RB-*",
    "crypto ipsec profile RB-*",
    "group-policy RB-*",
    "crypto ikev2 policy 10",
    "interface Tunnel* where tunnel protection ipsec profile RB-*",
    "tunnel-group * where default-group-policy RB-*",
    "route RB-* *",
    "router bgp 65550",
)

_HEAD = """\
: Saved

:
: Serial Number: 9A1234567890
: Hardware:   ASAv, 8192 MB RAM, CPU Xeon E5 series 2300 MHz, 1 CPU (4 cores)
:
ASA Version 9.16(4)
!
hostname nl-fw1
enable password $sha512$5000$q0x5cU2gk8yU9yVQ==$mWzJ3mS0n7Y8tQ== pbkdf2
service-module 0 keepalive-timeout 4
xlate per-session deny tcp any4 any4
xlate per-session deny udp any4 any4 eq domain
names
name 192.0.2.77 printer
no mac-address auto
ip local pool VPN-POOL 10.99.0.1-10.99.0.200 mask 255.255.255.0

!
"""
_MIDDLE = """\
pager lines 24
logging enable
logging timestamp
logging buffered informational
logging host inside 10.1.0.20
no logging message 106015
mtu outside 1500
mtu inside 1500
failover
failover lan unit primary
failover key f@1lover#key
icmp unreachable rate-limit 1 burst-size 1
no asdm history enable
arp timeout 14400
no arp permit-nonconnected
"""
_SERVICES = """\
timeout xlate 3:00:00
timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 sctp 0:02:00 icmp 0:00:02
aaa-server TACACS+ protocol tacacs+
 reactivation-mode timed
aaa-server TACACS+ (inside) host 10.1.0.5
 key T4c#cs key
user-identity default-domain LOCAL
aaa authentication ssh console TACACS+ LOCAL
http server enable
http 10.1.0.0 255.255.0.0 inside
snmp-server host inside 10.1.0.6 community c0mmun1ty version 2c
no snmp-server location
no snmp-server contact
sysopt connection tcpmss 1350
"""
_TAIL = """\
telnet timeout 5
ssh stricthostkeycheck
ssh 10.1.0.0 255.255.0.0 inside
ssh timeout 30
console timeout 0
dhcpd auto_config outside
!
threat-detection basic-threat
no threat-detection statistics tcp-intercept
dynamic-access-policy-record DfltAccessPolicy
"""
_END = """\
!
class-map inspection_default
 match default-inspection-traffic
!
!
policy-map type inspect dns preset_dns_map
 parameters
  message-length maximum client auto
  message-length maximum 512
policy-map global_policy
 class inspection_default
  inspect dns preset_dns_map
  inspect ftp
  inspect icmp error
!
service-policy global_policy global
prompt hostname context
no call-home reporting anonymous
Cryptochecksum:717c63b6e9e5367d33a69f4281ee7d33
: end
"""


def configuration(lines: int, tunnels: int = 4, *, seed: int = 1, access_lists_only: bool = False) -> str:
    """A running configuration of `lines` lines in the device's order, with `tunnels` of ours in it.

    The same arguments give the same text. `access_lists_only` fills it up with access-list lines alone.
    """
    share = 0 if access_lists_only else lines // 12
    text = _configuration(share, 60, tunnels, seed)
    return _configuration(share, 60 + max(lines - text.count("\n"), 0), tunnels, seed)


def _configuration(share: int, entries: int, tunnels: int, seed: int) -> str:
    """`share` lines of each kind of foreign configuration, `entries` lines of access lists."""
    random = Random(seed)  # noqa: S311  the same every time
    policy, vpn, bgp = _ours(tunnels)
    peers = max(share // 6, 1)
    return "".join(
        (
            _HEAD,
            _interfaces(),
            vpn["interfaces"],
            _banner(),
            _objects(random, share),
            _groups(random, share),
            _access_lists(random, entries),
            policy,
            _MIDDLE,
            _translations(random, share // 2),
            "access-group ACL-0 in interface outside\n",
            bgp,
            _routes(random, share // 2),
            _SERVICES,
            vpn["ipsec"],
            _crypto_map(peers),
            _certificate(random, share),
            vpn["ike"],
            "crypto ikev2 enable outside\n",
            _TAIL,
            vpn["groups"],
            _tunnel_groups(random, peers),
            _END,
        )
    )


def sections(tunnels: int = 4) -> tuple[Section, ...]:
    """What is rendered for this firewall: the same as is in `configuration` with as many tunnels."""
    policy, vpn, bgp = _ours(tunnels)
    return (
        Section("policy", "asa", policy + bgp.split("router bgp")[0], OWNS),
        Section("vpn", "asa", "".join(vpn.values()), OWNS),
        Section("bgp", "asa", "router bgp" + bgp.split("router bgp")[1], OWNS),
    )


def _ours(tunnels: int) -> tuple[str, dict[str, str], str]:
    policy = "access-list RB-MATCH standard permit 10.1.0.0 255.255.0.0\n"
    interfaces = groups = neighbors = ""
    for number in range(1, tunnels + 1):
        peer, inner = f"203.0.113.{number}", f"10.255.200.{2 * number}"
        interfaces += (
            f"interface Tunnel{number}\n nameif RB-vti{number}\n"
            f" ip address 10.255.200.{2 * number + 1} 255.255.255.254\n"
            f" tunnel source interface outside\n tunnel destination {peer}\n tunnel mode ipsec ipv4\n"
            " tunnel protection ipsec profile RB-PROFILE\n!\n"
        )
        groups += (
            f"tunnel-group {peer} type ipsec-l2l\ntunnel-group {peer} general-attributes\n"
            f" default-group-policy RB-POLICY\ntunnel-group {peer} ipsec-attributes\n"
            f" ikev2 remote-authentication pre-shared-key key#{number} of ours*\n"
            f" ikev2 local-authentication pre-shared-key key#{number} of ours*\n"
        )
        neighbors += (
            f"  neighbor {inner} remote-as 65550\n  neighbor {inner} description tunnel {number}\n"
            f"  neighbor {inner} timers 10 30\n  neighbor {inner} activate\n"
            f"  neighbor {inner} prefix-list RB-IN in\n  neighbor {inner} route-map RB-OUT out\n"
        )
    bgp = (
        "prefix-list RB-IN seq 5 permit 10.0.0.0/8 le 24\n!\nroute-map RB-OUT permit 10\n"
        " match ip address RB-MATCH\n set local-preference 200\n\n!\nrouter bgp 65550\n bgp log-neighbor-changes\n"
        " bgp router-id 10.255.1.1\n address-family ipv4 unicast\n"
        f"{neighbors}  network 10.1.0.0 mask 255.255.0.0\n  no auto-summary\n  no synchronization\n"
        " exit-address-family\n!\n"
    )
    vpn = {
        "interfaces": interfaces,
        "ipsec": "crypto ipsec ikev2 ipsec-proposal RB-PROPOSAL\n protocol esp encryption aes-gcm-256\n"
        " protocol esp integrity null\ncrypto ipsec profile RB-PROFILE\n set ikev2 ipsec-proposal RB-PROPOSAL\n"
        " set pfs group14\ncrypto ipsec security-association pmtu-aging infinite\n",
        "ike": "crypto ikev2 policy 10\n encryption aes-gcm-256\n integrity null\n group 14\n prf sha256\n"
        " lifetime seconds 86400\n",
        "groups": "group-policy RB-POLICY internal\ngroup-policy RB-POLICY attributes\n vpn-tunnel-protocol ikev2\n"
        + groups,
    }
    return policy, vpn, bgp


def _interfaces() -> str:
    names = ("outside 0", "inside 100", "dmz 50")
    text = "".join(
        f"interface GigabitEthernet0/{number}\n nameif {name.split()[0]}\n security-level {name.split()[1]}\n"
        f" ip address 10.{number}.0.1 255.255.0.0 standby 10.{number}.0.2\n!\n"
        for number, name in enumerate(names)
    )
    return text + "interface GigabitEthernet0/3\n shutdown\n no nameif\n no security-level\n no ip address\n!\n"


def _banner() -> str:
    stars = "banner motd " + "*" * 60 + "\n"
    return stars + "banner motd\nbanner motd      Authorized   use only.\nbanner motd\n" + stars


def _objects(random: Random, lines: int) -> str:
    return "".join(
        f"object network host-{number}\n host 10.{random.randrange(256)}.{random.randrange(256)}.{number % 256}\n"
        for number in range(max(lines // 2, 2))
    )


def _groups(random: Random, lines: int) -> str:
    text = ""
    for number in range(max(lines // 8, 1)):
        text += f"object-group network group-{number}\n description  Group   {number}\n network-object object host-0\n"
        text += "".join(f" network-object 10.{random.randrange(256)}.{n}.0 255.255.255.0\n" for n in range(4))
        text += f" group-object group-{number - 1}\n" if number else ""
    return text


def _access_lists(random: Random, lines: int) -> str:
    text = []
    for number in range(lines):
        name = f"ACL-{number // 10_000}"
        if number % 25 == 0:
            text.append(f"access-list {name} remark --- block {random.randrange(5)} ---\n")
        else:
            source = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            port = random.randrange(65535)
            text.append(f"access-list {name} extended permit tcp host {source} object-group group-0 eq {port}\n")
    return "".join(text)


def _translations(random: Random, lines: int) -> str:
    text = "nat (inside,outside) source static host-0 host-0 destination static host-1 host-1 no-proxy-arp\n!\n"
    for number in range(lines // 2):
        text += f"object network host-{number}\n nat (inside,outside) static 198.51.100.{random.randrange(256)}\n"
    return text + "!\nnat (inside,outside) after-auto source dynamic any interface\n"


def _routes(random: Random, lines: int) -> str:
    text = "route outside 0.0.0.0 0.0.0.0 10.0.0.254 1\n"
    for number in range(lines):
        gateway = f"10.1.0.{random.randrange(2, 250)}"
        text += f"route inside 10.{100 + (number >> 8)}.{number & 255}.0 255.255.255.0 {gateway} 1\n"
    return text


def _crypto_map(peers: int) -> str:
    text = "crypto ipsec ikev1 transform-set AES-SHA esp-aes-256 esp-sha-hmac\n"
    for number in range(1, peers + 1):
        entry = f"crypto map outside_map {number}"
        text += f"{entry} match address ACL-0\n{entry} set peer 192.0.2.{number % 256}\n{entry} set pfs group14\n"
        text += f"{entry} set ikev1 transform-set AES-SHA\n"
    return text + "crypto map outside_map interface outside\n"


def _certificate(random: Random, lines: int) -> str:
    words = ("".join(f" {random.randrange(1 << 32):08x}" for _ in range(8))[1:] for _ in range(max(lines // 4, 4)))
    body = "".join(f"    {line}\n" for line in words)
    return (
        "crypto ca trustpoint TP\n enrollment self\n subject-name CN=nl-fw1\n crl configure\n"
        f"crypto ca certificate chain TP\n certificate 5f3a2b11\n{body}    05003021\n  quit\n"
    )


def _tunnel_groups(random: Random, peers: int) -> str:
    text = "group-policy DfltGrpPolicy attributes\n vpn-tunnel-protocol ikev1 ikev2 l2tp-ipsec\n"
    text += "username admin password $sha512$5000$aaaa==$bbbb== pbkdf2 privilege 15\n"
    for number in range(1, peers + 1):
        group = f"tunnel-group 192.0.2.{number}"
        text += f"{group} type ipsec-l2l\n{group} ipsec-attributes\n"
        text += f" ikev2 remote-authentication pre-shared-key {random.randrange(1 << 60):x}#\n"
    return text
