"""Who stands outside, as nodes: BGP speakers (BIRD, OpenBGPD, GoBGP, FRR) and RPKI caches (StayRTR).

Their retries are short, so that a session comes up soon after the host's end is ready.
"""

import json
from collections.abc import Callable, Iterable

from lab import releases
from lab.host import FRR, FRR_FOLDERS, add_address, frr_files
from lab.node import Device, File, Node, Service
from lab.topology import Cache, Peer, PeerSession, Topology
from routebook.errors import RefusedError
from routebook.intent.model import IPNetwork

RETRY = 2  # seconds


def peer_node(peer: Peer) -> Node:
    """The node of an outside BGP speaker."""
    render = SPEAKERS.get(peer.speaker)
    if render is None:
        raise RefusedError(f"peer {peer.name} has the speaker {peer.speaker}; the lab knows {', '.join(SPEAKERS)}")
    files, services, folders = render(peer)
    lines = ["link set lo up"]
    for interface in peer.interfaces:
        if interface.link is not None:
            lines.append(f"link set {interface.name} up")
        lines += [add_address(address, interface.name) for address in interface.addresses]
    return Node(
        name=peer.name,
        kind="peer",
        devices=tuple(Device(each.name, each.link) for each in peer.interfaces if each.link is not None),
        network=tuple(lines),
        files=files | {"/etc/hosts": File("127.0.0.1\tlocalhost\n")},
        folders=folders,
        services=services,
        root=_root(peer),
    )


def cache_node(cache: Cache, topology: Topology) -> Node:
    """The node of an RPKI cache, with a ROA for nearly everything that is announced (see `roas`)."""
    ip, port = cache.address.ip, cache.port
    bind = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    return Node(
        name=cache.name,
        kind="cache",
        devices=(Device("eth0", cache.link),),
        network=("link set lo up", "link set eth0 up", add_address(cache.address, "eth0")),
        files={"/etc/stayrtr/roas.json": File(json.dumps({"metadata": {}, "roas": roas(topology.peers)}, indent=1))},
        services=(
            Service(
                "stayrtr",
                ("/usr/bin/stayrtr", "-bind", bind, "-cache", "/etc/stayrtr/roas.json", "-checktime=false",
                 "-refresh", "60", "-export.path", "", "-metrics.addr", ""),
                ready=(f"tcp:{ip}:{port}",),
            ),
        ),
        root=_root(cache),
    )  # fmt: skip


def _root(outside: Peer | Cache) -> str:
    return str(releases.root(outside.daemons, outside.name)) if outside.daemons else ""


def roas(peers: Iterable[Peer]) -> list[dict[str, object]]:
    """A ROA for each announced prefix, but of every peer with four prefixes or more the last one is invalid
    (its ROA names AS 64511) and the last but one is not found.
    """
    found = {}
    for peer in peers:
        for number, prefix in enumerate(reversed(peer.announced)):
            asn = peer.asn
            if len(peer.announced) >= 4 and number < 2:
                if number == 1:
                    continue
                asn = 64511
            found[prefix, asn] = {"prefix": str(prefix), "maxLength": prefix.prefixlen, "asn": f"AS{asn}", "ta": "lab"}
    return list(found.values())


Rendered = tuple[dict[str, File], tuple[Service, ...], dict[str, str]]


def _bird(peer: Peer) -> Rendered:
    lines = [
        'log "/var/log/bird.log" all;',
        f"router id {peer.router_id};",
        "protocol device { scan time 5; }",
    ]
    for version in (4, 6):
        routes = "".join(f"  route {prefix} blackhole;\n" for prefix in _of(peer, version))
        lines.append(f"protocol static announced{version} {{\n  ipv{version};\n{routes}}}")
    for session in peer.sessions:
        channels = "".join(
            f"  ipv{version} {{ import all; export where source = RTS_STATIC; }};\n" for version in _versions(session)
        )
        lines.append(
            f"protocol bgp '{session.name}' {{\n"
            f"  local {session.local_address} as {peer.asn};\n"
            f"  neighbor {session.remote_address} as {session.remote_as};\n"
            + (f"  multihop {session.hops};\n" if session.hops > 1 else "  direct;\n")
            + ("  ttl security on;\n" if session.ttl_security else "")
            + ("  bfd on;\n" if session.bfd else "")
            + (f"  password {_quoted(session.password)};\n" if session.password else "")
            + f"  connect delay time 1;\n  connect retry time {RETRY};\n"
            f"  error wait time 1, {RETRY};\n  error forget time 10;\n{channels}}}"
        )
    if any(session.bfd for session in peer.sessions):
        lines.append("protocol bfd { }")
    service = Service("bird", ("/usr/sbin/bird", "-f", "-c", "/etc/bird/bird.conf"), ready=("/run/bird/bird.ctl",))
    return {"/etc/bird/bird.conf": File("\n".join(lines) + "\n", 0o600)}, (service,), {"/run/bird": "755 root root"}


# OpenBGPD on Linux signs no connection that it accepts (its listening socket gets no MD5 keys, 7.7), so it has to
# open the session itself, and it tries that every two minutes, which cannot be configured.
OPENBGPD_RETRY = f"""
while sleep {RETRY}; do
  bgpctl -n show | while read -r neighbor _ _ _ _ _ state; do
    case $state in Idle|Connect|Active) bgpctl neighbor "$neighbor" down; bgpctl neighbor "$neighbor" up ;; esac
  done >/dev/null
done
"""


def _openbgpd(peer: Peer) -> Rendered:
    lines = [f"AS {peer.asn}", f"router-id {peer.router_id}", "fib-update no"]
    lines += [f"network {prefix}" for prefix in peer.announced]
    for session in peer.sessions:
        versions = _versions(session)
        lines.append(
            f"neighbor {session.remote_address} {{\n"
            f'  descr "{session.name}"\n'
            f"  remote-as {session.remote_as}\n"
            f"  local-address {session.local_address}\n"
            + "".join(f"  announce IPv{v} {'unicast' if v in versions else 'none'}\n" for v in (4, 6))
            + (f"  multihop {session.hops}\n" if session.hops > 1 else "")
            + ("  ttl-security yes\n" if session.ttl_security else "")
            + (f"  tcp md5sig password {_quoted(session.password)}\n" if session.password else "")
            + "}"
        )
    lines += ["allow from any", "allow to any"]
    services = (
        Service("bgpd", ("/usr/sbin/bgpd", "-d", "-f", "/etc/bgpd.conf"), ready=("tcp:127.0.0.1:179",)),
        Service("bgpd-retry", ("sh", "-c", OPENBGPD_RETRY)),
    )
    # Debian's bgpd keeps its control socket there, and its unprivileged parts in a chroot there.
    folders = {"/run/openbgpd": "755 root root"}
    return {"/etc/bgpd.conf": File("\n".join(lines) + "\n", 0o600)}, services, folders


def _gobgp(peer: Peer) -> Rendered:
    lines = [
        "[global.config]",
        f"as = {peer.asn}",
        f'router-id = "{peer.router_id}"',
    ]
    for session in peer.sessions:
        lines += [
            "[[neighbors]]",
            "[neighbors.config]",
            f'neighbor-address = "{session.remote_address}"',
            f"peer-as = {session.remote_as}",
            f'description = "{session.name}"',
        ]
        if session.password:
            lines.append(f"auth-password = {_quoted(session.password)}")
        lines += ["[neighbors.timers.config]", f"connect-retry = {RETRY}", f"idle-hold-time-after-reset = {RETRY}"]
        lines += ["[neighbors.transport.config]", f'local-address = "{session.local_address}"']
        if session.hops > 1:
            lines += ["[neighbors.ebgp-multihop.config]", "enabled = true", f"multihop-ttl = {session.hops}"]
        if session.ttl_security:
            lines += ["[neighbors.ttl-security.config]", "enabled = true", "ttl-min = 255"]
        for family in session.families:
            lines += ["[[neighbors.afi-safis]]", "[neighbors.afi-safis.config]", f'afi-safi-name = "{family}"']
    nexthops = {session.local_address.version: session.local_address for session in peer.sessions}
    adds = "".join(
        f"gobgp global rib add -a ipv{prefix.version} {prefix} nexthop {nexthops[prefix.version]}\n"
        for prefix in peer.announced
        if prefix.version in nexthops
    )
    service = Service(
        "gobgpd",
        ("/usr/bin/gobgpd", "-f", "/etc/gobgpd.conf", "-t", "toml", "--log-plain", "--api-hosts", "127.0.0.1:50051"),
        ready=("tcp:127.0.0.1:50051",),
        post=("sh", "/etc/gobgpd.announce"),
    )
    files = {"/etc/gobgpd.conf": File("\n".join(lines) + "\n", 0o600), "/etc/gobgpd.announce": File(adds)}
    return files, (service,), {}


def _frr(peer: Peer) -> Rendered:
    lines = [
        f"router bgp {peer.asn}",
        f" bgp router-id {peer.router_id}",
        " no bgp default ipv4-unicast",
        " no bgp ebgp-requires-policy",
        " no bgp network import-check",
    ]
    for session in peer.sessions:
        neighbor = f" neighbor {session.remote_address}"
        lines += [f"{neighbor} remote-as {session.remote_as}", f"{neighbor} timers connect {RETRY}"]
        if session.password:
            lines.append(f"{neighbor} password {session.password}")
        if session.hops > 1:
            lines += [f"{neighbor} ebgp-multihop {session.hops}", f"{neighbor} update-source {session.local_address}"]
        if session.ttl_security:
            lines.append(f"{neighbor} ttl-security hops 1")
        if session.bfd:
            lines.append(f"{neighbor} bfd")
    for version in (4, 6):
        lines.append(f" address-family ipv{version} unicast")
        lines += [f"  network {prefix}" for prefix in _of(peer, version)]
        lines += [f"  neighbor {each.remote_address} activate" for each in peer.sessions if version in _versions(each)]
        lines.append(" exit-address-family")
    lines.append("exit")
    return dict(frr_files(peer.name, "\n".join(lines) + "\n")), (FRR,), FRR_FOLDERS


SPEAKERS: dict[str, Callable[[Peer], Rendered]] = {
    "bird": _bird,
    "openbgpd": _openbgpd,
    "gobgp": _gobgp,
    "frr": _frr,
}


def _versions(session: PeerSession) -> list[int]:
    return [4 if family == "ipv4-unicast" else 6 for family in session.families]


def _of(peer: Peer, version: int) -> list[IPNetwork]:
    return [prefix for prefix in peer.announced if prefix.version == version]


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        raise RefusedError('a BGP password of an outside peer contains " or \\, which not every speaker can take')
    return f'"{text}"'
