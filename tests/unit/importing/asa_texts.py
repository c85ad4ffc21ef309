"""Configurations of ASAs, as `more system:running-config` prints them, each with a construct of its own."""

HEAD = """\
: Saved
: Serial Number: 9AXXXXXXXXX
: Hardware:   ASAv, 2048 MB RAM, CPU Xeon E5 series 2900 MHz
ASA Version 9.16(4)
!
hostname fw1
names
!
"""
INTERFACES = """\
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.2 255.255.255.252
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.0.1.1 255.255.255.0
 ipv6 address 2001:db8:1::1/64
!
interface GigabitEthernet0/2
 shutdown
 no nameif
 no security-level
 no ip address
!
interface Loopback1
 nameif LOOP
 ip address 10.255.1.1 255.255.255.255
!
"""
REST = """\
object network WEB
 host 10.0.1.10
access-list outside_in extended permit tcp any object WEB eq www
access-list outside_in remark the end
access-group outside_in in interface outside
"""
POLICY = """\
prefix-list OWN seq 5 permit 203.0.113.0/24
prefix-list FROM-TRANSIT seq 5 deny 203.0.113.0/24 le 32
prefix-list FROM-TRANSIT seq 10 permit 0.0.0.0/0 le 24
ipv6 prefix-list OWN6 seq 5 permit 2001:db8::/32
as-path access-list 10 permit ^64496_
community-list standard CUSTOMERS permit 64500:100
community-list expanded WIDE permit 64500:1..
!
route-map TO-TRANSIT permit 10
 match ip address prefix-list OWN
 set community 64500:1 no-export additive
 set as-path prepend 64500 64500
!
route-map TO-TRANSIT deny 20
!
route-map FROM-TRANSIT permit 10
 match community CUSTOMERS
 match as-path 10
 set local-preference 150
 set weight 7
!
"""
ROUTER = """\
router bgp 64500
 bgp log-neighbor-changes
 bgp router-id 10.255.1.1
 bgp graceful-restart
 address-family ipv4 unicast
  neighbor 198.51.100.1 remote-as 64496
  neighbor 198.51.100.1 description Transit NO
  neighbor 198.51.100.1 ttl-security hops 1
  neighbor 198.51.100.1 password s3cr3t-password
  neighbor 198.51.100.1 timers 10 30
  neighbor 198.51.100.1 activate
  neighbor 198.51.100.1 send-community
  neighbor 198.51.100.1 maximum-prefix 1000 80 restart 5
  neighbor 198.51.100.1 prefix-list FROM-TRANSIT in
  neighbor 198.51.100.1 route-map FROM-TRANSIT in
  neighbor 198.51.100.1 route-map TO-TRANSIT out
  neighbor 10.0.1.2 remote-as 64500
  neighbor 10.0.1.2 transport path-mtu-discovery disable
  neighbor 10.0.1.2 activate
  neighbor 10.0.1.2 next-hop-self
  neighbor 10.0.1.2 soft-reconfiguration inbound
  neighbor 10.0.1.2 weight 5
  neighbor 10.0.1.9 remote-as 64499
  neighbor 10.0.1.9 ha-mode graceful-restart
  neighbor 10.0.1.9 activate
  network 203.0.113.0
  network 10.3.0.0 mask 255.255.0.0
  redistribute connected metric 5 route-map TO-TRANSIT
  aggregate-address 203.0.0.0 255.255.0.0 summary-only
  no auto-summary
  no synchronization
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8:1::2 remote-as 64500
  neighbor 2001:db8:1::2 description inside6
  neighbor 2001:db8:1::2 activate
  neighbor 2001:db8:1::2 send-community both
  network 2001:db8::/32
  no synchronization
 exit-address-family
!
bgp-community new-format
"""
TAIL = """\
route outside 0.0.0.0 0.0.0.0 198.51.100.1 1
timeout xlate 3:00:00
ssh 10.0.1.0 255.255.255.0 inside
username admin password $sha512$5000$abc== pbkdf2 privilege 15
Cryptochecksum:0123456789abcdef0123456789abcdef
: end
"""
WHOLE = HEAD + INTERFACES + REST + POLICY + ROUTER + TAIL
