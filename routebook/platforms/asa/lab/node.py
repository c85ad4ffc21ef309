"""A managed ASA of the lab as a node: FRR, charon, and the command line in front of them on its management address."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from lab.carried import sites
from lab.host import FRR, Access, firewall_network, frr_files
from lab.node import Device, File, Node, Service
from lab.routing import internet, site_loopbacks, sysctls
from lab.strongswan import CHARON, PLUGINS
from lab.topology import MANAGEMENT, MANAGEMENT_DEVICE, Host, Topology
from routebook.intent.model import IPAddress

SETTINGS = "/etc/asa/settings.json"
STARTUP = "/etc/asa/startup-config"
STATE = "/home/asa"
_CHECKOUT = Path(__file__).resolve().parents[4]


def node(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool) -> Node:
    """The node of an ASA. Its interfaces' names in the intent are its `nameif`s."""
    linked = [each for each in host.interfaces if each.link is not None]
    lines = firewall_network(host, topology)
    if not esp_in_kernel:
        lines += [f"address add {address}/32 dev lo" for address in _inside(host, topology)]
    ipsec = "kernel-netlink" if esp_in_kernel else "kernel-libipsec kernel-netlink"
    files = frr_files(host.name, "") | {
        "/etc/hostname": File(host.name + "\n"),
        "/etc/hosts": File("127.0.0.1\tlocalhost\n"),
        "/etc/pam.d/frr": File("auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"),
        "/etc/asa/host_key": File(access.host_key, 0o600),
        STARTUP: File(startup(host, topology), 0o600),
        SETTINGS: File(json.dumps(settings(host, topology, access, esp_in_kernel), indent=1), 0o600),
        "/etc/strongswan.conf": File(
            f"charon {{\n  load = {PLUGINS.format(ipsec=ipsec)}\n  install_virtual_ip = no\n"
            f"  install_routes = {'no' if esp_in_kernel else 'yes'}\n"
            f"  interfaces_ignore = {MANAGEMENT_DEVICE}\n"
            "  filelog {\n    charon {\n      path = /var/log/charon.log\n      append = yes\n      flush_line = yes\n"
            "      time_format = %Y-%m-%dT%H:%M:%S\n      ike_name = yes\n"
            "      default = 1\n    }\n  }\n}\ninclude strongswan.d/swanctl.conf\n"
        ),
    }
    python = ("/usr/bin/env", f"PYTHONPATH={_CHECKOUT}", sys.executable)
    return Node(
        name=host.name,
        kind="host",
        devices=(
            Device(MANAGEMENT_DEVICE, MANAGEMENT),
            *(Device(interface.name, str(interface.link)) for interface in linked),
        ),
        network=(*lines, *internet(host, topology)),
        sysctls=sysctls(host, topology),
        files=files,
        folders={"/run/frr": "755 frr frr", "/var/log/frr": "750 frr adm", STATE: "700 root root"},
        services=(
            FRR,
            CHARON,
            Service(
                "asa", (*python, "-m", "routebook.platforms.asa.lab", SETTINGS), ready=(f"tcp:{host.management}:22",)
            ),
        ),
        visible=tuple(_hidden({sys.prefix, sys.base_prefix, str(_CHECKOUT)})),
    )


def _hidden(paths: Iterable[str]) -> list[str]:
    """The folders that a node's own file systems could hide."""
    return sorted(path for path in paths if not Path(path).is_relative_to("/usr"))


def hardware(host: Host) -> dict[str, str]:
    """The device's name of each interface, by the name in the intent."""
    linked = [each.name for each in host.interfaces if each.link is not None]
    return {name: f"GigabitEthernet0/{number}" for number, name in enumerate(linked)}


def settings(host: Host, topology: Topology, access: Access, esp_in_kernel: bool) -> dict[str, object]:
    """The settings of a host's lab ASA."""
    names = hardware(host)
    tunnels: dict[str, dict[str, object]] = {}
    for tunnel in host.tunnels:
        local, remote = sites(host, tunnel, topology)
        tunnels[f"{tunnel.local_address}-{tunnel.remote_address}"] = {
            "local": [str(each) for each in local],
            "remote": [str(each) for each in remote],
            "initiate": tunnel.initiator,
        }
    return {
        "state": STATE,
        "listen": str(host.management),
        "port": 22,
        "host_key": "/etc/asa/host_key",
        "startup": STARTUP,
        "name": host.name,
        "interfaces": {hard: name for name, hard in names.items()} | {"Management0/0": MANAGEMENT_DEVICE},
        "users": {"operator": access.password_hashes["operator"]},
        "authorized_keys": {"operator": access.authorized_key},
        "tunnels": tunnels,
        "data_plane": "kernel" if esp_in_kernel else "user",
        **({"version": host.release} if host.release else {}),
    }


def startup(host: Host, topology: Topology) -> str:
    """The configuration of a host before Routebook comes: its interfaces, the routes of its site, and what somebody
    else configured.
    """
    management = host.management
    lines = [f"hostname {host.name}", "names", "!"]
    outside = {tunnel.local_address for tunnel in host.tunnels}
    for name, hard in hardware(host).items():
        interface = next(each for each in host.interfaces if each.name == name)
        level = 0 if any(address.ip in outside for address in interface.addresses) else 100
        lines += [f"interface {hard}", f" nameif {name}", f" security-level {level}"]
        for address in interface.addresses:
            if address.version == 4:
                lines.append(f" ip address {address.ip} {address.netmask}")
        lines += [f" ipv6 address {each.with_prefixlen}" for each in interface.addresses if each.version == 6]
        lines.append("!")
    lines += [
        "interface Management0/0",
        " management-only",
        " nameif management",
        " security-level 100",
        f" ip address {management} 255.255.255.0" if management.version == 4 else f" ipv6 address {management}/64",
        "!",
        "access-list HAND-MADE remark Made by hand, not by Routebook",
        "access-list HAND-MADE extended deny ip host 203.0.113.9 any",
        "pager lines 24",
        "mtu management 1500",
        *(f"mtu {name} 1500" for name in hardware(host)),
        "prefix-list HAND-MADE seq 10 permit 203.0.113.0/24",
        "route-map HAND-MADE permit 10",
        " match ip address prefix-list HAND-MADE",
        "",
        "!",
        *_routes(host, topology),
        "aaa authentication ssh console LOCAL",
        "aaa authentication enable console LOCAL",
        "aaa authorization exec LOCAL auto-enable",
        "snmp-server location Made by hand, not by Routebook",
        *(f"crypto ikev2 enable {name}" for name in hardware(host)
          if any(a.ip in outside for each in host.interfaces if each.name == name for a in each.addresses)),
        "ssh 0.0.0.0 0.0.0.0 management",
        "no call-home reporting anonymous",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _inside(host: Host, topology: Topology) -> set[IPAddress]:
    """An address in each of the prefixes that tunnels carry for the site, where the host has none of its own: in user
    space charon carries nothing for a prefix in which it finds no address.
    """
    carried = {prefix for tunnel in host.tunnels for prefix in sites(host, tunnel, topology)[0]}
    own = [address.ip for interface in host.interfaces for address in interface.addresses]
    return {prefix[1] for prefix in carried if not any(address in prefix for address in own)}


def _routes(host: Host, topology: Topology) -> list[str]:
    """Static routes: to what is behind the firewall, and to nowhere for its site's prefixes, so that BGP may originate
    them whatever is up.
    """
    lines = [
        f"route null0 {prefix.network_address} {prefix.netmask} 1"
        for prefix in topology.sites.get(host.site, ())
        if prefix.version == 4
    ]
    for loopback, via in site_loopbacks(host, topology):
        name = next(i.name for i in host.interfaces if any(via in address.network for address in i.addresses))
        if loopback.version == 4:
            lines.append(f"route {name} {loopback} 255.255.255.255 {via} 1")
    return lines
