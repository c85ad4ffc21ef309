"""A managed host of the lab as a node: accounts, sshd, and the base configuration of its FRR and strongSwan.

The base configuration is that of a real host before Routebook comes: nothing of BGP and no tunnels, but things
that somebody else made and that must stay as they are.
"""

from collections.abc import Collection
from ipaddress import ip_interface
from pathlib import Path

from msgspec import Struct

from lab import releases
from lab.carried import device_name
from lab.node import Device, File, Node, Service, User
from lab.routing import routes, sysctls
from lab.strongswan import CHARON, check_tunnels, strongswan_files, tunnel_device
from lab.topology import MANAGEMENT, MANAGEMENT_DEVICE, Host, Topology
from routebook.errors import RefusedError
from routebook.intent.model import IPInterface
from routebook.intent.platform import platform
from routebook.intent.registry import known, load


class Access(Struct, frozen=True):
    """Who may log in: the operator's public key, the hash of each account's password, the host's private key."""

    authorized_key: str
    password_hashes: dict[str, str]
    host_key: str


def node(host: Host, topology: Topology, access: Access, *, esp_in_kernel: bool) -> Node:
    """The node of a managed host, as its platform plays it. Raises RefusedError for what the lab cannot play."""
    its = platform(host.platform)
    if its is None or its.lab is None:
        played = [name for name in known() if (each := platform(name)) is not None and each.lab is not None]
        raise RefusedError(
            f"{host.name} is of platform {host.platform}; the lab can run hosts of platform {', '.join(played)}"
        )
    made: Node = load(its.lab.node)(host, topology, access, esp_in_kernel=esp_in_kernel)
    return made


def linux_node(
    host: Host, topology: Topology, access: Access, daemons: Collection[str], *, esp_in_kernel: bool
) -> Node:
    """The node of a Linux host with these daemons, "frr" and "strongswan". Raises RefusedError."""
    root = str(releases.root(host.daemons, host.name)) if host.daemons else ""
    files = _ssh_files(host, access, root) | _name_files(host, topology)
    services = [
        Service(
            "sshd",
            ("/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config"),
            ready=(f"tcp:{host.management}:22",),
        )
    ]
    if "frr" in daemons:
        files |= frr_files(host.name, _frr_base(host))
        services.append(FRR)
    if "strongswan" in daemons:
        check_tunnels(host, topology, esp_in_kernel=esp_in_kernel)
        files |= strongswan_files(host, esp_in_kernel)
        services.append(CHARON)
    linked = [interface for interface in host.interfaces if interface.link is not None]
    return Node(
        name=host.name,
        kind="host",
        devices=(
            Device(MANAGEMENT_DEVICE, MANAGEMENT),
            *(Device(interface.name, str(interface.link)) for interface in linked),
        ),
        network=tuple(_network(host, topology, esp_in_kernel)),
        files=files,
        sysctls=sysctls(host, topology) | (_trusting(host, topology) if esp_in_kernel else {}),
        folders={"/run/sshd": "755 root root", **FRR_FOLDERS} if "frr" in daemons else {"/run/sshd": "755 root root"},
        services=tuple(services),
        root=root,
        users=(
            User(
                "operator",
                1001,
                access.password_hashes["operator"],
                access.authorized_key,
                "ALL=(ALL:ALL) NOPASSWD: ALL",
            ),
            User("nosudo", 1002, access.password_hashes["nosudo"], access.authorized_key),
            User("pwsudo", 1003, access.password_hashes["pwsudo"], access.authorized_key, "ALL=(ALL:ALL) ALL"),
        ),
    )


def add_address(address: IPInterface, device: str) -> str:
    """The line for `ip -batch` that gives a device an address that can be used at once."""
    return f"address add {address.with_prefixlen} dev {device}{' nodad' if address.version == 6 else ''}"


def management(host: Host, topology: Topology) -> list[str]:
    """The lines for `ip -batch` that bring loopback and management link up."""
    length = 24 if host.management.version == 4 else 64
    lines = [
        "link set lo up",
        f"link set {MANAGEMENT_DEVICE} up",
        add_address(ip_interface(f"{host.management}/{length}"), MANAGEMENT_DEVICE),
    ]
    if host.management not in topology.operator.network:
        lines.append(f"route add {topology.operator.ip} dev {MANAGEMENT_DEVICE}")
    return lines


def firewall_network(host: Host, topology: Topology) -> list[str]:
    """The lines for a firewall: management, then its interfaces; addresses of loopbacks are all on `lo`."""
    lines = management(host, topology)
    for interface in host.interfaces:
        if interface.link is not None:
            lines.append(f"link set {interface.name} up")
        if interface.link is not None or interface.loopback:
            device = interface.name if interface.link is not None else "lo"
            lines += [add_address(address, device) for address in interface.addresses]
    return lines


def _network(host: Host, topology: Topology, esp_in_kernel: bool) -> list[str]:
    lines = management(host, topology)
    for interface in host.interfaces:
        if interface.link is not None:
            lines.append(f"link set {interface.name} up")
        elif interface.name != "lo":
            lines += [f"link add {interface.name} type dummy", f"link set {interface.name} up"]
        lines += [add_address(address, interface.name) for address in interface.addresses]
    for tunnel in host.tunnels:
        if esp_in_kernel and tunnel.mode == "route":
            lines += tunnel_device(tunnel)
        elif tunnel.local_inner is not None:
            lines.append(add_address(ip_interface(tunnel.local_inner), "lo"))
    return lines + routes(host, topology, esp_in_kernel=esp_in_kernel)


def _trusting(host: Host, topology: Topology) -> dict[str, str]:
    """Let traffic come in in clear from the site's own LAN that would otherwise have to come out of a tunnel: a
    host with a tunnel gets the other site's packets from its neighbor's tunnel, too.
    """
    trusted = [
        each.name for each in host.interfaces if each.link is not None and topology.links[each.link] == host.site
    ]
    trusted += [device_name(tunnel) for tunnel in host.tunnels if tunnel.mode == "route"]
    return {f"{family}/conf/{device}/disable_policy": "1" for device in trusted for family in ("ipv4", "ipv6")}


def _name_files(host: Host, topology: Topology) -> dict[str, File]:
    names = "".join(f"{other.management}\t{other.name}\n" for other in topology.hosts)
    return {
        "/etc/hostname": File(host.name + "\n"),
        "/etc/hosts": File(f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n{names}"),
        "/etc/nsswitch.conf": File("passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n"),
        "/etc/resolv.conf": File(""),
    }


def _ssh_files(host: Host, access: Access, root: str) -> dict[str, File]:
    pam = (
        "auth required pam_unix.so\naccount required pam_unix.so\n"
        "session required pam_permit.so\npassword required pam_deny.so\n"
    )
    return {
        "/etc/ssh/ssh_host_ed25519_key": File(access.host_key, 0o600),
        "/etc/ssh/sshd_config": File(
            f"ListenAddress {host.management}\n"
            "HostKey /etc/ssh/ssh_host_ed25519_key\n"
            "PermitRootLogin no\n"
            "PasswordAuthentication yes\n"
            "UsePAM yes\n"
            "PrintMotd no\n"
            "UseDNS no\n" + ("PerSourcePenalties no\n" if sshd_penalises(root) else "") + "AcceptEnv LANG LC_*\n"
            # Tests log in wrongly on purpose, and go on.
            "Subsystem sftp internal-sftp\n"
        ),
        "/etc/pam.d/sshd": File(pam),
        "/etc/pam.d/sudo": File(pam),
        "/etc/pam.d/su": File("auth sufficient pam_rootok.so\n" + pam),
        "/etc/pam.d/other": File("auth required pam_deny.so\naccount required pam_deny.so\n"),
    }


def sshd_penalises(root: str) -> bool:
    """Whether this OpenSSH (9.8 and later) shuts out addresses that failed to log in."""
    return b"persourcepenalties" in Path(f"{root}/usr/sbin/sshd").read_bytes()


# The daemons first, then what watches them: left to itself, watchfrr starts them by a script of several hundred
# processes, which takes seconds where processes are slow to start.
START_FRR = """
. /etc/frr/daemons
for daemon in zebra mgmtd bgpd staticd bfdd; do
  eval "options=\\$${daemon}_options"
  program=/usr/lib/frr/$daemon
  if [ -x $program ]; then $program -d -F traditional $options; fi
done
vtysh -b
exec /usr/lib/frr/frrinit.sh start
"""

FRR = Service(
    "frr",
    ("sh", "-c", START_FRR),
    restart=False,
    ready=("/run/frr/watchfrr.started", "/run/frr/bgpd.vty", "/run/frr/zebra.vty", "/run/frr/bfdd.vty"),
)


FRR_FOLDERS = {"/etc/frr": "755 frr frr", "/run/frr": "755 frr frr", "/var/log/frr": "750 frr adm"}


def frr_files(name: str, configuration: str) -> dict[str, File]:
    """What FRR needs to start with a configuration."""
    return {
        "/etc/pam.d/frr": File("auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"),
        "/etc/frr/daemons": File(
            "bgpd=yes\nbfdd=yes\n"
            "vtysh_enable=yes\n"
            'zebra_options="  -A 127.0.0.1 -s 90000000"\n'
            'bgpd_options="   -A 127.0.0.1 -M rpki"\n'
            'staticd_options="-A 127.0.0.1"\n'
            'bfdd_options="   -A 127.0.0.1"\n',
            0o640, "frr", "frr",
        ),
        "/etc/frr/vtysh.conf": File("service integrated-vtysh-config\n", 0o640, "frr", "frrvty"),
        "/etc/frr/frr.conf": File(
            "frr defaults traditional\n"
            f"hostname {name}\n"
            "log file /var/log/frr/frr.log informational\n"
            "log syslog informational\n"
            "log timestamp precision 3\n"
            "service integrated-vtysh-config\n"
            "!\n" + configuration, 0o640, "frr", "frr",
        ),
    }  # fmt: skip


def _frr_base(host: Host) -> str:
    first = next((interface.name for interface in host.interfaces if interface.link is not None), "lo")
    return (
        "ip route 203.0.113.0/24 blackhole\n"
        "!\n"
        f"interface {first}\n"
        " description Made by hand, not by Routebook\n"
        "exit\n"
        "!\n"
        "ip prefix-list HAND-MADE seq 10 permit 203.0.113.0/24\n"
        "!\n"
        "route-map HAND-MADE permit 10\n"
        " match ip address prefix-list HAND-MADE\n"
        "exit\n"
        "!\n"
    )
