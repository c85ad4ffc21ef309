"""Two strongSwan hosts with a tunnel, as the templates render it: the left end starts it, the right end answers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from routebook.device.candidate import Candidate, Section
from routebook.device.state import ChildSa
from routebook.platforms.strongswan.driver import StrongSwanDriver
from routebook.platforms.strongswan.state import read_ike_sas
from tests.lab.drivers.hosts import OPERATOR, Account, LinuxHost, link, manage
from tests.lab.waiting import wait_for

CONNECTIONS = "/etc/swanctl/conf.d/routebook.conf"
SECRETS = "/etc/swanctl/conf.d/routebook-secrets.conf"
PSK = "the-first-key-0123456789"
NAME = "left--right"


@dataclass(frozen=True)
class Tunnel:
    """One end's configuration."""

    local: str
    remote: str
    local_ts: str
    remote_ts: str
    initiator: bool
    name: str = NAME
    psk: str = PSK
    ike: str = "aes256gcm16-prfsha256-modp2048"
    esp: str = "aes256gcm16-modp2048"
    local_id: str = ""
    remote_id: str = ""
    key_for: str = ""  # whom the secret is for, if not the two ends
    start_action: str = ""
    ike_lines: str = ""
    child_lines: str = ""

    def connection(self) -> str:
        """The connection's section."""
        actions = "start_action = start\n        close_action = start" if self.initiator else ""
        if self.start_action:
            actions = f"start_action = {self.start_action}"
        return f"""  {self.name} {{
    version = 2
    mobike = no
    local_addrs = {self.local}
    remote_addrs = {self.remote}
    proposals = {self.ike}
    {"keyingtries = 0" if self.initiator else ""}
    {self.ike_lines}
    local {{
      auth = psk
      id = {self.local_id or self.local}
    }}
    remote {{
      auth = psk
      id = {self.remote_id or self.remote}
    }}
    children {{
      {self.name} {{
        local_ts = {self.local_ts}
        remote_ts = {self.remote_ts}
        esp_proposals = {self.esp}
        {actions}
        {self.child_lines}
      }}
    }}
  }}
"""

    def secret(self) -> str:
        """The shared secret's section."""
        return f"""  ike-{self.name} {{
    id-local = {self.key_for or self.local_id or self.local}
    id-remote = {self.key_for or self.remote_id or self.remote}
    secret = "{self.psk}"
  }}
"""


def candidate(*tunnels: Tunnel) -> Candidate:
    """What the templates would make of the tunnels."""
    connections = "connections {\n" + "".join(tunnel.connection() for tunnel in tunnels) + "}\n"
    secrets = "secrets {\n" + "".join(tunnel.secret() for tunnel in tunnels) + "}\n"
    return Candidate(
        (
            Section("connections", CONNECTIONS, connections, (CONNECTIONS,)),
            Section("secrets", SECRETS, secrets, (SECRETS,)),
        )
    )


LEFT = Tunnel("198.51.100.1", "198.51.100.2", "10.1.0.0/24", "10.2.0.0/24", initiator=True)
RIGHT = Tunnel("198.51.100.2", "198.51.100.1", "10.2.0.0/24", "10.1.0.0/24", initiator=False)


def etc_files(host: LinuxHost) -> dict[str, tuple[bytes, int]]:
    """Every file below /etc/swanctl: content and mode."""
    root = host.folder / "etc/swanctl"
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode)
        for path in root.rglob("*")
        if path.is_file()
    }


def children(host: LinuxHost) -> list[ChildSa]:
    """The host's installed children."""
    return [child for sa in read_ike_sas(host.shell) for child in sa.children if child.up]


def spis(host: LinuxHost) -> set[str]:
    """The host's installed SAs."""
    return {spi for child in children(host) for spi in (child.spi_in, child.spi_out)}


@dataclass
class Pair:
    """Both hosts, and how to reach them."""

    left: LinuxHost
    right: LinuxHost
    addresses: dict[str, str]
    key: Path
    known_hosts: Path
    opened: list[StrongSwanDriver] = field(default_factory=list)

    def driver(self, host: LinuxHost, account: Account = OPERATOR, **arguments: object) -> StrongSwanDriver:
        """An open driver for a host."""
        options = {"key_file": str(self.key), "known_hosts_file": str(self.known_hosts), **arguments}
        driver = StrongSwanDriver(self.addresses[host.name], account.name, "", timeout=10, optional_args=options)
        driver.open()
        self.opened.append(driver)
        return driver

    def close(self) -> None:
        """Close every driver."""
        for driver in self.opened:
            driver.close()
        self.opened.clear()

    def tunnel_up(self) -> bool:
        """Whether both ends have the same, single, installed child."""
        left, right = children(self.left), children(self.right)
        return (
            len(left) == 1
            and len(right) == 1
            and (left[0].spi_in, left[0].spi_out) == (right[0].spi_out, right[0].spi_in)
        )

    def wait_up(self, seconds: float = 15) -> None:
        """Wait for the tunnel."""
        wait_for(self.tunnel_up, seconds, "the tunnel with equal SPIs at both ends")


def make_pair(
    folder: Path, key: Path, wan: Sequence[Sequence[str]], inner: Sequence[Sequence[str]], **options: Any
) -> Pair:
    """Two hosts with these addresses on a common link and on their loopbacks, and with sshd; no charon runs yet.

    Who calls stops the hosts. They end with the calling thread.
    """
    hosts = [LinuxHost(name, folder / name, [Path(f"{key}.pub").read_text()], **options) for name in ("left", "right")]
    link(hosts[0], hosts[1], "wan0", wan[0], wan[1])
    for host, addresses in zip(hosts, inner, strict=True):
        host.sh("\n".join(f"ip addr add {address} dev lo nodad" for address in addresses))
        host.start_sshd()
    known_hosts = folder / "known_hosts"
    reached = {host.name: manage(host) for host in hosts}
    known_hosts.write_text("".join(f"{reached[host.name]} {host.host_key}\n" for host in hosts))
    left, right = hosts
    return Pair(left, right, reached, key, known_hosts)


def together(drivers: list[StrongSwanDriver], step: Callable[[StrongSwanDriver], object]) -> None:
    """Run a step on all hosts at once, as the engine does."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(step, drivers))


def transact(drivers: list[StrongSwanDriver], candidates: list[Candidate], run_id: str, seconds: int = 60) -> None:
    """Snapshot, plan, arm, push and activate on both hosts, as the engine does it."""
    with ThreadPoolExecutor() as pool:
        changes = pool.map(lambda driver, wanted: driver.plan(wanted, driver.snapshot()), drivers, candidates)
        drivers = [driver for driver, change in zip(drivers, changes, strict=True) if change]
    together(drivers, lambda driver: driver.arm(run_id, seconds))
    together(drivers, lambda driver: driver.push())
    together(drivers, lambda driver: driver.activate())
