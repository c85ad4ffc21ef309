"""A managed pfSense of the lab as a node: its settings, and the config.xml that it begins with."""

import json
import sys
from pathlib import Path
from typing import Any

from lab import carried
from lab.host import Access, firewall_network
from lab.node import Device, File, Node, Service
from lab.routing import routes
from lab.topology import MANAGEMENT, MANAGEMENT_DEVICE, Host, Topology
from routebook.platforms.pfsense.lab import config_xml
from routebook.platforms.pfsense.lab.config_xml import ConfiguredInterface

SETTINGS = "/etc/pfsense/settings.json"
CONFIG = "/etc/pfsense/config.xml"
HOST_KEY = "/etc/pfsense/host_key"
_OWN = ("/", "/tmp", "/var/tmp", "/run", "/root", "/home", "/etc", "/var")  # noqa: S108
_CHECKOUT = Path(__file__).resolve().parents[4]


def node(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool, **changed: Any) -> Node:
    """The node of a pfSense. `changed` are settings (see `settings`) that are not as the host would have them.

    Its interfaces are called wan, lan, opt1 and so on in the intent, as config.xml calls them.
    """
    linked = [each for each in host.interfaces if each.link is not None]
    lines = firewall_network(host, topology)
    wanted = settings(host, topology, access, esp_in_kernel) | changed
    tree = config_xml.base(host.name, configured(host), package=str(wanted["package"]))
    return Node(
        name=host.name,
        kind="host",
        devices=(
            Device(MANAGEMENT_DEVICE, MANAGEMENT),
            *(Device(interface.name, str(interface.link)) for interface in linked),
        ),
        network=(*lines, *routes(host, topology, esp_in_kernel=esp_in_kernel)),
        files={
            "/etc/hostname": File(host.name + "\n"),
            HOST_KEY: File(access.host_key, 0o600),
            CONFIG: File(config_xml.render(tree), 0o600),
            SETTINGS: File(json.dumps(wanted, indent=1), 0o600),
        },
        services=(
            Service(
                "pfsense",
                (*python(), "-m", "routebook.platforms.pfsense.lab", SETTINGS),
                ready=(f"tcp:{host.management}:22",),
            ),
        ),
        visible=tuple(in_sight()),
    )


def importable() -> list[str]:
    """Where this Python imports from, this project's folder first. Not what every machine has its own of: a script's
    folder is on its path, too, and that may be /tmp.
    """
    folders = [each for each in sys.path if each and Path(each).is_dir()]
    return [str(_CHECKOUT), *(each for each in folders if str(Path(each).resolve()) not in _OWN)]


def python() -> tuple[str, ...]:
    """What runs this Python with all that it can import, where /usr/bin/python3 is hidden, too."""
    return ("/usr/bin/env", f"PYTHONPATH={':'.join(importable())}", str(Path(sys.executable).resolve()))


def in_sight() -> list[str]:
    """The folders of Python and of this project that a root of its own would hide."""
    folders = {Path(each).resolve() for each in (sys.prefix, sys.base_prefix, *importable())}
    outside = {each for each in folders if not each.is_relative_to("/usr")}
    return sorted(str(each) for each in outside if not outside & set(each.parents))


def configured(host: Host) -> list[ConfiguredInterface]:
    """The interfaces as config.xml has them. In the lab each one's device is called as the interface itself."""
    return [
        ConfiguredInterface(each.name, each.name, each.name.upper(), tuple(each.addresses))
        for each in host.interfaces
        if each.link is not None
    ]


def settings(host: Host, topology: Topology, access: Access, esp_in_kernel: bool) -> dict[str, Any]:
    """The settings of a host's lab pfSense. The lab's accounts are its users; the operator's are root's and admin's."""
    tunnels: dict[str, Any] = {}
    for tunnel in host.tunnels:
        local, remote = carried.sites(host, tunnel, topology)
        ends = f"{tunnel.local_address}-{tunnel.remote_address}"
        tunnels[ends] = {"local": list(map(str, local)), "remote": list(map(str, remote))}
    sudoers = {"operator": "ALL=(ALL:ALL) NOPASSWD: ALL", "nosudo": "", "pwsudo": "ALL=(ALL:ALL) ALL"}
    # As the inventory writes it, 2.8.1, or as the system does, 2.8.1-RELEASE.
    release = {"version": host.release if "-" in host.release else f"{host.release}-RELEASE"} if host.release else {}
    return {
        **release,
        "config": CONFIG,
        "root": {
            "password_hash": access.password_hashes["operator"],
            "authorized_key": access.authorized_key,
        },
        "users": {
            name: {
                "password_hash": access.password_hashes[name],
                "authorized_key": access.authorized_key,
                "sudoers": line,
            }
            for name, line in sudoers.items()
        },
        "listen": str(host.management),
        "port": 22,
        "host_key": HOST_KEY,
        "name": host.name,
        "package": host.bgp_package or "frr",
        "data_plane": "kernel" if esp_in_kernel else "user",
        "tunnels": tunnels,
        "interfaces_ignored": [MANAGEMENT_DEVICE],
        "visible": in_sight(),
    }
