"""strongSwan of the lab's hosts: its base configuration, and the devices of route-based tunnels.

With ESP in user space (charon's kernel-libipsec) all tunnels of a host share one TUN device and are chosen by
their selectors; with ESP in the kernel a route-based tunnel has a VTI device of its own, whose key is its mark.
"""

import itertools

from lab.carried import device_name, selectors
from lab.node import File, Service
from lab.topology import MANAGEMENT_DEVICE, Host, Topology
from routebook.errors import RefusedError
from routebook.intent.model import Tunnel

# The one of strongSwan's two daemons that needs no starter; Debian 13 does not install both.
CHARON_PROGRAM = "/usr/sbin/charon-systemd"

# A copy, because AppArmor's profile for the installed program, where one is loaded, is for that path alone, and
# allows neither the log nor anything else that is special in the lab.
CHARON = Service(
    "charon",
    ("sh", "-c", f"cp {CHARON_PROGRAM} /run/lab/charon && echo $$ >/run/charon.pid && exec /run/lab/charon"),
    ready=("/run/charon.vici",),
    post=("/usr/sbin/swanctl", "--load-all", "--noprompt"),
)

PLUGINS = (
    "random nonce openssl aes sha1 sha2 md5 hmac kdf gcm cmac ctr ccm chapoly curve25519 gmp pem pkcs1 pkcs8 x509 "
    "pubkey constraints {ipsec} socket-default vici updown counters"
)


def check_tunnels(host: Host, topology: Topology, *, esp_in_kernel: bool) -> None:
    """Refuse tunnels that the data plane cannot carry. Raises RefusedError."""
    if esp_in_kernel:
        for tunnel in host.tunnels:
            if tunnel.if_id is not None:
                raise RefusedError(
                    f"{host.name}: tunnel {tunnel.name} is carried by an XFRM interface, which user-mode Linux "
                    "does not have; write device: vti"
                )
        return
    remote = {each.name: selectors(host, each, topology, esp_in_kernel=False)[1] for each in host.tunnels}
    for first, second in itertools.combinations(host.tunnels, 2):
        for one, other in itertools.product(remote[first.name], remote[second.name]):
            if one.version == other.version and one.overlaps(other):
                raise RefusedError(
                    f"{host.name}: tunnels {first.name} and {second.name} both lead to {max(one, other, key=_length)}; "
                    "with ESP in user space they cannot be distinguished: routebook lab up --kernel uml"
                )


def _length(prefix: object) -> int:
    return int(getattr(prefix, "prefixlen", 0))


def tunnel_device(tunnel: Tunnel) -> list[str]:
    """Lines for `ip -batch` that make the device of a route-based tunnel, with its inner addresses."""
    device = device_name(tunnel)
    kind = "vti" if tunnel.local_address is None or tunnel.local_address.version == 4 else "vti6"
    lines = [
        f"link add {device} type {kind} local {tunnel.local_address or 'any'} remote {tunnel.remote_address or 'any'} "
        f"key {tunnel.mark}",
        f"link set {device} up mtu 1400",
    ]
    if tunnel.local_inner is not None and tunnel.remote_inner is not None:
        nodad = " nodad" if tunnel.local_inner.version == 6 else ""
        lines.append(f"address add {tunnel.local_inner} peer {tunnel.remote_inner} dev {device}{nodad}")
    return lines


def strongswan_files(host: Host, esp_in_kernel: bool) -> dict[str, File]:
    """What charon needs to start, and a connection that somebody made by hand."""
    ipsec = "kernel-netlink" if esp_in_kernel else "kernel-libipsec kernel-netlink"
    # A route to everything by way of one tunnel is not what route-based tunnels are for.
    no_routes = "  install_routes = no\n" if esp_in_kernel and any(t.mode == "route" for t in host.tunnels) else ""
    # A trap for anything would otherwise come with a route that takes IKE's own packets into the TUN device.
    anything = "" if esp_in_kernel else "  plugins {\n    kernel-libipsec {\n      allow_peer_ts = yes\n    }\n  }\n"
    return {
        "/etc/strongswan.conf": File(
            "charon {\n"
            f"  load = {PLUGINS.format(ipsec=ipsec)}\n"
            "  # The main table: FRR's nexthop tracking does not look at strongSwan's own table 220.\n"
            "  routing_table = 254\n"
            "  routing_table_prio = 32765\n"
            f"{no_routes}"
            f"{anything}"
            "  install_virtual_ip = no\n"
            "  # IKE stays on the data links; MOBIKE would otherwise move tunnels to the management network.\n"
            f"  interfaces_ignore = {MANAGEMENT_DEVICE}\n"
            "  filelog {\n"
            "    charon {\n"
            "      path = /var/log/charon.log\n"
            "      time_format = %Y-%m-%dT%H:%M:%S\n"
            "      time_add_ms = yes\n"
            "      ike_name = yes\n"
            "      append = yes\n"
            "      flush_line = yes\n"
            "      default = 1\n"
            "    }\n"
            "  }\n"
            "}\n"
            "include strongswan.d/swanctl.conf\n"
        ),
        "/etc/swanctl/conf.d/hand-made.conf": File(
            "connections {\n"
            "  hand-made {\n"
            "    remote_addrs = 203.0.113.9\n"
            "    local { auth = psk\n id = hand-made }\n"
            "    remote { auth = psk\n id = elsewhere }\n"
            "    children { hand-made { remote_ts = 203.0.113.128/25 } }\n"
            "  }\n"
            "}\n"
            "secrets {\n"
            "  ike-hand-made {\n"
            "    id = elsewhere\n"
            '    secret = "not for Routebook to touch"\n'
            "  }\n"
            "}\n",
            0o600,
        ),
    }
