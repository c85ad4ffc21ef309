"""The config.xml of a firewall before Routebook comes: its interfaces, and what somebody else configured.

Also one that is far larger, for tests that have to show that nothing of it is lost.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any
from xml.sax.saxutils import escape

from msgspec import Struct

_CDATA = ("descr", "detail", "username", "text", "password", "organization", "city")
Tree = Mapping[str, Any]


class ConfiguredInterface(Struct, frozen=True):
    """An interface: its internal name (wan, lan, opt1 …), device, description and addresses."""

    name: str
    device: str
    description: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...] = ()
    gateway: str = ""


def render(tree: Tree) -> str:
    """The file as the system itself writes it: a list is a tag that stands several times, "" an empty tag."""
    return f'<?xml version="1.0"?>\n<pfsense>\n{_children(tree, 1)}</pfsense>\n'


def _children(tree: Tree, indent: int) -> str:
    lines = ""
    for name, value in tree.items():
        for each in value if isinstance(value, list) else [value]:
            lines += _element(name, each, indent)
    return lines


def _element(name: str, value: Any, indent: int) -> str:
    tabs = "\t" * indent
    if isinstance(value, Mapping) and value:
        return f"{tabs}<{name}>\n{_children(value, indent + 1)}{tabs}</{name}>\n"
    text = escape(str(value)) if value else ""
    if text and name.startswith(_CDATA):
        text = f"<![CDATA[{text}]]>"
    return f"{tabs}<{name}>{text}</{name}>\n"


def base(
    name: str, interfaces: Sequence[ConfiguredInterface], *, version: str = "23.0", package: str = "openbgpd"
) -> dict[str, Any]:
    """The configuration of a firewall whose IPsec and BGP hold nothing of ours."""
    tree: dict[str, Any] = {
        "version": version,
        "lastchange": "",
        "system": {
            "optimization": "normal",
            "hostname": name,
            "domain": "home.arpa",
            "timezone": "Etc/UTC",
            "dnsserver": "",  # a list without entries, as every factory default of the last years has one
            "group": [
                {"name": "all", "description": "All Users", "scope": "system", "gid": "1998"},
                {"name": "admins", "description": "System Administrators", "scope": "system", "gid": "1999",
                 "member": ["0"], "priv": ["page-all"]},
            ],
            "user": [
                {"name": "admin", "descr": "System Administrator", "scope": "system", "groupname": "admins",
                 "bcrypt-hash": "$2y$10$lablablablablablablablu", "uid": "0", "priv": ["user-shell-access"]},
                {"name": "operator", "descr": "Made by hand, not by Routebook", "scope": "user",
                 "bcrypt-hash": "$2y$10$lablablablablablablablu", "uid": "2000", "priv": ["user-shell-access"]},
            ],
            "nextuid": "2001",
            "nextgid": "2000",
            "ssh": {"enable": "enabled"},
            "webgui": {"protocol": "https", "loginautocomplete": ""},
        },
        "interfaces": {each.name: _interface(each) for each in interfaces},
        "gateways": {
            "gateway_item": [
                {"interface": each.name, "gateway": each.gateway, "name": f"{each.name.upper()}_GW", "weight": "1",
                 "ipprotocol": "inet", "descr": f"Interface {each.name} Gateway"}
                for each in interfaces if each.gateway
            ],
        },
        "filter": {
            "rule": [
                {"type": "pass", "ipprotocol": "inet", "descr": "Default allow LAN to any rule", "interface": "lan",
                 "tracker": "0100000101", "source": {"network": "lan"}, "destination": {"any": ""}},
                {"type": "pass", "interface": "wan", "ipprotocol": "inet46", "protocol": "udp", "descr": "IKE & NAT-T",
                 "source": {"any": ""}, "destination": {"network": "wanip", "port": "500"}},
                {"type": "pass", "interface": "enc0", "ipprotocol": "inet", "protocol": "tcp",
                 "descr": "BGP over tunnels",
                 "source": {"any": ""}, "destination": {"network": "(self)", "port": "179"}},
                {"type": "block", "disabled": "", "interface": "wan", "ipprotocol": "inet", "log": "",
                 "descr": 'Made by hand: "do not <touch>"', "source": {"address": "203.0.113.9"},
                 "destination": {"any": ""}},
            ],
            "separator": {"wan": ""},
        },
        "ipsec": {
            "logging": {"ike": "2"},
            "phase1": [_hand_made_phase1()],
            "phase2": [_hand_made_phase2()],
        },
        "aliases": {"alias": [{"name": "made_by_hand", "type": "network", "address": "203.0.113.0/24 198.51.100.0/24",
                               "descr": "Made by hand, not by Routebook", "detail": "first||second"}]},
        "cron": {"item": [{"minute": "1", "hour": "3", "mday": "*", "month": "*", "wday": "*", "who": "root",
                           "command": "/usr/bin/nice -n20 /etc/rc.update_bogons.sh"}]},
        "revision": {"time": "1700000000", "description": "admin@192.168.1.100 (Local Database): made by hand",
                     "username": "admin@192.168.1.100 (Local Database)"},
        "installedpackages": {"package": [], "menu": []},
    }  # fmt: skip
    if package:
        tree["installedpackages"] |= _package(package)
    return tree


def large(name: str, interfaces: Sequence[ConfiguredInterface], *, lines: int = 20_000) -> dict[str, Any]:
    """The same with foreign entries of many kinds, so that the file has at least so many lines."""
    tree = base(name, interfaces)
    number = 0
    while render(tree).count("\n") < lines:
        for _ in range(100):
            number += 1
            _add_foreign(tree, number)
    return tree


def _add_foreign(tree: dict[str, Any], number: int) -> None:
    address = f"203.0.{number // 250 % 250}.{number % 250}"
    tree["filter"]["rule"].append(
        {"id": "", "tracker": str(1_600_000_000 + number), "type": "pass", "interface": "lan", "ipprotocol": "inet",
         "tag": "", "statetype": "keep state", "protocol": "tcp", "source": {"address": address},
         "destination": {"any": "", "port": str(1 + number % 60_000)}, "descr": f'Rule {number}: A&B <"c"> é ok',
         "updated": {"time": str(1_600_000_000 + number), "username": "admin@192.0.2.1 (Local Database)"}}
    )  # fmt: skip
    tree["aliases"]["alias"].append(
        {"name": f"alias_{number}", "type": "host", "address": address, "descr": f"Alias {number}", "detail": "x||y"}
    )
    if number % 5 == 0:
        tree.setdefault("staticroutes", {}).setdefault("route", []).append(
            {"network": f"10.{number // 250 % 250}.{number % 250}.0/24", "gateway": "WAN_GW", "descr": "",
             "disabled": ""}
        )  # fmt: skip


def _interface(each: ConfiguredInterface) -> dict[str, Any]:
    entry: dict[str, Any] = {"enable": "", "if": each.device, "descr": each.description}
    for address in each.addresses:
        six = "v6" if address.version == 6 else ""
        entry.setdefault(f"ipaddr{six}", str(address.ip))
        entry.setdefault(f"subnet{six}", str(address.network.prefixlen))
    if each.gateway:
        entry["gateway"] = f"{each.name.upper()}_GW"
    return entry


def _hand_made_phase1() -> dict[str, Any]:
    return {
        "ikeid": "7", "iketype": "ikev2", "interface": "wan", "remote-gateway": "203.0.113.77", "protocol": "inet",
        "myid_type": "myaddress", "myid_data": "", "peerid_type": "peeraddress", "peerid_data": "",
        "encryption": {"item": [{"encryption-algorithm": {"name": "aes", "keylen": "256"},
                                 "hash-algorithm": "sha256", "dhgroup": "14"}]},
        "lifetime": "28800", "pre-shared-key": "not for Routebook to touch", "private-key": "", "certref": "",
        "caref": "", "authentication_method": "pre_shared_key", "descr": "Made by hand, not by Routebook",
        "nat_traversal": "on", "mobike": "off", "startaction": "none", "dpd_delay": "10", "dpd_maxfail": "5",
    }  # fmt: skip


def _hand_made_phase2() -> dict[str, Any]:
    return {
        "ikeid": "7", "uniqid": "5f0000000077", "mode": "tunnel", "reqid": "7",
        "localid": {"type": "lan"},
        "remoteid": {"type": "network", "address": "203.0.113.128", "netbits": "25"},
        "protocol": "esp", "encryption-algorithm-option": [{"name": "aes", "keylen": "256"}],
        "hash-algorithm-option": ["hmac_sha256"], "pfsgroup": "14", "lifetime": "3600",
        "descr": "Made by hand, not by Routebook",
    }  # fmt: skip


def _package(package: str) -> dict[str, Any]:
    entry = {"name": package, "descr": "", "website": "", "version": "1.0", "configurationfile": f"{package}.xml",
             "internal_name": package, "include_file": f"/usr/local/pkg/{package}.inc"}  # fmt: skip
    return {"package": [entry]}
