"""What is rendered for strongSwan brings the tunnel up, and either end may die: the other or itself recovers it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from routebook.intent.load import load
from routebook.intent.model import HostIntent, TunnelChild
from routebook.intent.tunnel_pairing import mirrored
from routebook.platforms.strongswan.names import StrongSwanEnd
from routebook.project.render import render_host
from routebook.project.secrets import Secrets
from tests.lab.drivers.hosts import LinuxHost, link
from tests.lab.waiting import wait_for

PROJECT = Path(__file__).resolve().parents[3]
NETWORK = load(PROJECT)
TUNNEL = "no-edge1--ch-edge1"


def one_tunnel(name: str) -> HostIntent:
    """The host of the example with the tunnel between the two edges alone."""
    host = NETWORK.hosts[name]
    return replace(host, tunnels=tuple(each for each in host.tunnels if each.name == TUNNEL))


def install(host: LinuxHost, intent: HostIntent, secrets: Secrets) -> None:
    for section in render_host(intent, PROJECT / "templates", secrets, ("connections", "secrets")).sections:
        host.write(section.part, section.text, section.mode)


def join(left: LinuxHost, right: LinuxHost) -> None:
    """The link of the tunnel, and the addresses behind it: charon installs no route to what has no local address."""
    link(left, right, "wan0", ["198.51.100.31/24"], ["198.51.100.41/24"])
    for host in (left, right):
        addresses = [a for i in NETWORK.interfaces(host.name) if i.loopback or i.name == "lan0" for a in i.addresses]
        inner = one_tunnel(host.name).tunnels[0].local_inner
        host.sh("\n".join(f"ip addr add {a} dev lo" for a in [*addresses, f"{inner}/32"]))


def child_is_up(host: LinuxHost) -> bool:
    return "INSTALLED" in host.shell.run("swanctl --list-sas").stdout


def spis(host: LinuxHost) -> set[str]:
    lines = host.shell.run("swanctl --list-sas").stdout.splitlines()
    return {line.split()[1].rstrip(",") for line in lines if line.split()[:1] in (["in"], ["out"])}


@pytest.fixture
def pair(tmp_path: Path, secrets: Secrets) -> Iterator[tuple[LinuxHost, LinuxHost]]:
    """Both ends of a tunnel, joined by the link it runs over, with their rendered configuration."""
    left, right = (LinuxHost(name, tmp_path / name) for name in ("no-edge1", "ch-edge1"))
    try:
        join(left, right)
        for host in (right, left):  # the second end answers: it must know the tunnel before the first one starts it
            install(host, one_tunnel(host.name), secrets)
            host.start_strongswan()
        yield left, right
    finally:
        for host in (left, right):
            host.stop()


def both_up(left: LinuxHost, right: LinuxHost) -> bool:
    return child_is_up(left) and child_is_up(right) and spis(left) == spis(right) and len(spis(left)) == 2


def test_the_tunnel_comes_up_by_itself_with_one_child_and_recovers_from_the_death_of_either_end(
    pair: tuple[LinuxHost, LinuxHost],
) -> None:
    left, right = pair
    wait_for(lambda: both_up(left, right), 20, "the tunnel")
    for host in (right, left):
        before = spis(host)
        # Away while it starts, as a host that boots: one that answers before it has loaded its connections
        # refuses the other end, which then gives up until traffic or a person starts the tunnel.
        host.sh("ip link set wan0 down")
        host.sh("kill -KILL $(cat /run/charon.pid); rm -f /run/charon.vici /var/run/charon.vici")
        host.start_strongswan()
        host.sh("ip link set wan0 up")

        def renewed(before: set[str] = before) -> bool:
            return both_up(left, right) and not before & spis(left)

        wait_for(renewed, 60, f"the tunnel after {host.name} died")


def test_the_initiator_never_gives_up_on_a_responder_that_is_away(tmp_path: Path, secrets: Secrets) -> None:
    left, right = (LinuxHost(name, tmp_path / name) for name in ("no-edge1", "ch-edge1"))
    try:
        join(left, right)
        install(left, one_tunnel("no-edge1"), secrets)
        left.start_strongswan()
        # one keying try is given up after 2 retransmissions in this host's strongswan.conf
        wait_for(lambda: "giving up after" in left.sh("cat /var/log/charon.log"), 30, "the end of the first try")
        install(right, one_tunnel("ch-edge1"), secrets)
        right.start_strongswan()
        wait_for(lambda: both_up(left, right), 40, "the tunnel")
    finally:
        for host in (left, right):
            host.stop()


def routed(host: HostIntent) -> HostIntent:
    """The host's intent with its tunnels in mode `route`."""
    any_to_any = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    tunnels = tuple(
        replace(
            tunnel,
            mode="route",
            mark=77,
            local_selectors=any_to_any,
            remote_selectors=any_to_any,
            ike_rekey=7200,
            child_rekey=1800,
        )
        for tunnel in host.tunnels
    )
    return replace(host, tunnels=tunnels)


@pytest.mark.parametrize("carrier", ["mark", "if_id"])
def test_charon_loads_a_route_based_tunnel(carrier: str, tmp_path: Path, secrets: Secrets) -> None:
    host = LinuxHost("no-edge1", tmp_path / "host")
    try:
        host.start_strongswan()
        intent = routed(one_tunnel("no-edge1"))
        if carrier == "if_id":
            tunnel = replace(intent.tunnels[0], mark=None, if_id=77)
            intent = replace(intent, tunnels=(tunnel,))
        install(host, intent, secrets)
        loaded = host.shell.run("swanctl --load-all --noprompt")
        assert (loaded.status, loaded.stderr) == (0, "")
        shown = host.sh("swanctl --list-conns")
        assert "local:  0.0.0.0/0 ::/0" in shown
        assert "remote: 0.0.0.0/0 ::/0" in shown
        assert "7200s" in shown
        assert "1800s" in shown
    finally:
        host.stop()


def signed(names: tuple[str, ...]) -> tuple[str, dict[str, tuple[str, str]]]:
    """A certificate authority, and for each name its certificate and key, all PEM."""
    now = datetime.now(UTC)

    def make(name: str, key: EllipticCurvePrivateKey, issuer: str, by: EllipticCurvePrivateKey, ca: bool) -> str:
        subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(by, SHA256())
        )
        return certificate.public_bytes(Encoding.PEM).decode()

    root = generate_private_key(SECP256R1())
    ends = {}
    for name in names:
        key = generate_private_key(SECP256R1())
        text = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
        ends[name] = (make(name, key, "root", root, False), text)
    return make("root", root, "root", root, True), ends


def test_a_tunnel_of_two_children_comes_up_with_certificates(tmp_path: Path, secrets: Secrets) -> None:
    names = ("no-edge1", "ch-edge1")
    root, ends = signed(names)
    left, right = (LinuxHost(name, tmp_path / name) for name in names)
    children = [
        TunnelChild(name=name, local_selectors=(ip_network(near),), remote_selectors=(ip_network(far),))
        for name, near, far in (("lan", "10.3.0.0/16", "10.4.0.0/16"), ("inside", "10.255.3.0/24", "10.255.4.0/24"))
    ]
    try:
        join(left, right)
        for host, other in ((right, left), (left, right)):
            certificate, key = ends[host.name]
            for part, text in (("x509", certificate), ("x509ca", root), ("private", key)):
                host.sh(f"mkdir -p /etc/swanctl/{part}")
                host.write(f"/etc/swanctl/{part}/{'root' if part == 'x509ca' else host.name}.pem", text, 0o600)
            tunnel = replace(
                one_tunnel(host.name).tunnels[0],
                psk=None,
                local_id=f"CN={host.name}",
                remote_id=f"CN={other.name}",
                children=tuple(children if host is left else map(mirrored, children)),
                device=StrongSwanEnd(connection=TUNNEL, child=TUNNEL, certificate=f"{host.name}.pem", ca="root.pem"),
            )
            install(host, replace(one_tunnel(host.name), tunnels=(tunnel,)), secrets)
            host.start_strongswan()

        def both() -> bool:
            shown = [host.shell.run("swanctl --list-sas").stdout for host in (left, right)]
            return all(f"{child.name}: #" in text for text in shown for child in children) and all(
                text.count("INSTALLED") == 2 for text in shown
            )

        wait_for(both, 30, "both children")
        assert "CN=no-edge1" in right.sh("swanctl --list-sas")
    finally:
        for host in (left, right):
            host.stop()
