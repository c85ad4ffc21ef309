"""Imports configurations from texts, as `routebook import` does, without a process of its own."""

from collections.abc import Mapping
from pathlib import Path

from routebook.cli.import_project import importers
from routebook.importing.found import FoundHost
from routebook.importing.proof import Proved, prove
from routebook.importing.report import Report, report_of
from routebook.importing.sources import read_host

IMPORTERS = importers()

EDGE = """\
frr version 8.4.4
frr defaults traditional
hostname edge1
log syslog informational
!
interface eth0
 ip address 198.51.100.1/30
exit
!
interface eth1
 ip address 10.0.0.1/24
exit
!
interface lo
 ip address 10.255.0.1/32
exit
!
ip prefix-list OWN seq 5 permit 203.0.113.0/24
ip prefix-list FROM-TRANSIT seq 5 deny 203.0.113.0/24 le 32
ip prefix-list FROM-TRANSIT seq 10 permit any
ip route 203.0.113.0/24 blackhole
!
router bgp 64500
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor 10.255.0.2 remote-as 64500
 neighbor 10.255.0.2 description edge2
 neighbor 10.255.0.2 update-source 10.255.0.1
 neighbor 198.51.100.2 remote-as 64496
 neighbor 198.51.100.2 description Transit NO
 neighbor 198.51.100.2 password s3cr3t-password
 !
 address-family ipv4 unicast
  network 203.0.113.0/24
  neighbor 10.255.0.2 activate
  neighbor 10.255.0.2 next-hop-self
  neighbor 198.51.100.2 activate
  neighbor 198.51.100.2 maximum-prefix 1000
  neighbor 198.51.100.2 prefix-list FROM-TRANSIT in
  neighbor 198.51.100.2 route-map TO-TRANSIT out
 exit-address-family
exit
!
route-map TO-TRANSIT permit 10
 match ip address prefix-list OWN
exit
!
router ospf
 network 10.0.0.0/8 area 0
exit
!
"""
_EXCHANGED = (
    ("hostname edge1", "hostname edge2"),
    ("10.255.0.1", "10.255.0.X"), ("10.255.0.2", "10.255.0.1"), ("10.255.0.X", "10.255.0.2"),
    ("description edge2", "description edge1"), ("10.0.0.1/24", "10.0.0.2/24"),
    ("198.51.100.1/30", "198.51.100.5/30"), ("198.51.100.2 ", "198.51.100.6 "),
)  # fmt: skip


def mate() -> str:
    """The other edge's configuration."""
    text = EDGE
    for old, new in _EXCHANGED:
        text = text.replace(old, new)
    return text


def read(folder: Path, texts: Mapping[str, str], *, masked: bool = False) -> dict[str, FoundHost]:
    """What the hosts' frr.conf say, or other files where the host's name goes on with one."""
    hosts = {}
    for name, text in texts.items():
        host, _, file = name.partition("/")
        path = folder / host
        path.mkdir(exist_ok=True)
        (path / (file or "frr.conf")).write_bytes(text.encode())
    for host in dict.fromkeys(name.partition("/")[0] for name in texts):
        hosts[host] = read_host(host, folder / host, IMPORTERS, masked=masked)
    return hosts


def imported(folder: Path, texts: Mapping[str, str], *, masked: bool = False) -> Proved:
    """The inventory of these hosts."""
    return prove(read(folder, texts, masked=masked), IMPORTERS, Path("/nonexistent"))


def reported(folder: Path, texts: Mapping[str, str], *, masked: bool = False) -> Report:
    """The report on these hosts."""
    return report_of(imported(folder, texts, masked=masked))
