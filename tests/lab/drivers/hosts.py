"""Linux hosts for the driver tests: real sshd, sudo, FRR and strongSwan in namespaces of their own."""

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import releases
from lab.host import sshd_penalises
from routebook.device.errors import LostContactError
from routebook.transport.shell import Result
from tests.lab.waiting import wait_for, wait_reachable

# Each host has the daemons of this release, or of this machine: `make releases` runs tests on every one.
RELEASE = os.environ.get("ROUTEBOOK_LINUX_RELEASE", "")

# Where a host has a release of its own: that is its whole file system, and only its own folder of this machine's.
ENTER_RELEASE = """
set -e
mount --bind {root} {root}
mount -t proc proc {root}/proc
for place in dev sys; do mount --rbind /$place {root}/$place; done
for place in tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs {root}/$place; done
mkdir -p {root}{folder} {root}/tmp/machine
mount --bind {folder} {root}{folder}
cd {root}
pivot_root . tmp/machine
cd /
umount -l /tmp/machine
mount -o remount,bind,ro /
"""
OF_THE_MACHINE = ("passwd", "group", "shadow", "nsswitch.conf", "pam.d")  # which packages' scripts make

# Process 1 of a host: makes its file systems, then only reaps. Killing it ends every process and mount in there.
SETUP = """
set -e
ip link set lo up
hostname {name}
mount --bind {folder}/etc /etc
for kept in {keep}; do mkdir -p {folder}/kept$kept; mount --bind $kept {folder}/kept$kept; done
for place in /run /var/log /home /root /var/lib/strongswan /var/lib/frr; do
    mkdir -p $place && mount -t tmpfs -o mode=755 tmpfs $place
done
for kept in {keep}; do mkdir -p $kept; mount --bind {folder}/kept$kept $kept; done
mkdir -p /run/sshd /run/frr /run/lock /var/log/frr /run/user
ln -s /run {folder}/run-is-mounted
chown frr:frr /run/frr /var/log/frr
while :; do sleep 3600 & wait; done
"""

SSHD = """
Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
PasswordAuthentication yes
PubkeyAuthentication yes
AllowTcpForwarding yes
LogLevel VERBOSE
Subsystem sftp internal-sftp
"""

STRONGSWAN = """
charon-systemd {
    load_modular = yes
    install_virtual_ip = no
    plugins { include strongswan.d/charon/*.conf }
    filelog {
        main { path = /var/log/charon.log
               time_format = %Y-%m-%dT%H:%M:%S
               flush_line = yes
               default = 1 }
    }
    retransmit_tries = 2
    retransmit_timeout = 1.0
}
swanctl { load = pem pkcs1 x509 revocation constraints pubkey random }
"""

_numbers = itertools.count()


@dataclass(frozen=True)
class Account:
    """A login of a test host. `sudoers` is what stands after the name in /etc/sudoers; empty for none."""

    name: str
    password: str
    sudoers: str


OPERATOR = Account("operator", "correct horse", "ALL=(ALL:ALL) NOPASSWD: ALL")
CAREFUL = Account("careful", "sudo needs me", "ALL=(ALL:ALL) ALL")
NOBODY = Account("visitor", "no rights here", "")


class LinuxHost:
    """One host. `folder` is private to it; `ssh_keys` are authorized for every account and for root.

    `keep` are folders of this machine that the host sees although it has its own /root, /home and /run; then its
    daemons are this machine's, whatever `release` says.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        ssh_keys: Iterable[str] = (),
        keep: Collection[str] = (),
        release: str = RELEASE,
    ) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.root = releases.root(release, name) if release and not keep else Path("/")
        self.keys = list(ssh_keys)
        self._copy_etc()
        namespaces = ["--net", "--uts", "--ipc", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        setup = SETUP.format(name=name, folder=folder, keep=" ".join(keep))
        if self.root != Path("/"):
            assert str(folder).startswith("/tmp/"), f"a host of another release has its folder below /tmp, not {folder}"
            setup = ENTER_RELEASE.format(root=self.root, folder=folder) + setup
        self._holder = subprocess.Popen(
            # A test run that dies takes its hosts with it.
            ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "--propagation", "private", "sh", "-c", setup],
            stdin=subprocess.DEVNULL,
        )
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        wait_for(lambda: bool(children.read_text().split()), 5, "the host's first process")
        self.pid = int(children.read_text().split()[0])
        wait_for(lambda: (folder / "run-is-mounted").is_symlink(), 10, "the host's file systems")
        wait_for(lambda: self.shell.run("test -d /run/user && test -d /var/log/frr").status == 0, 5, "its folders")
        self._homes()

    @property
    def shell(self) -> "NamespaceShell":
        """A root shell on the host that needs no network."""
        return NamespaceShell(self.pid)

    def sh(self, script: str, *, check: bool = True) -> str:
        """What a script prints, as root; AssertionError with its errors if it fails and `check`."""
        result = self.shell.run(script)
        assert not check or result.status == 0, f"{self.name}: exit {result.status}: {result.stdout}{result.stderr}"
        return result.stdout

    def _copy_etc(self) -> None:
        etc = self.folder / "etc"
        subprocess.run(["cp", "-a", str(self.root / "etc"), str(etc)], check=True)
        if self.root != Path("/"):
            shutil.rmtree(etc / "pam.d")
            subprocess.run(["cp", "-a", *(f"/etc/{name}" for name in OF_THE_MACHINE), str(etc)], check=True)
            shutil.copy2(self.root / "etc/pam.d/frr", etc / "pam.d/frr")
            shutil.chown(etc / "frr", "frr", "frr")
        penalises = sshd_penalises(str(self.root).rstrip("/"))  # tests log in wrongly on purpose, and go on
        (etc / "ssh/sshd_config").write_text(SSHD + ("PerSourcePenalties no\n" if penalises else ""))
        for path in (etc / "ssh").glob("ssh_host_*"):
            path.unlink()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(etc / "ssh/ssh_host_ed25519_key")], check=True
        )
        (etc / "strongswan.conf").write_text(STRONGSWAN)
        plugin = etc / "strongswan.d/charon/kernel-libipsec.conf"
        plugin.write_text("kernel-libipsec { load = 100 }\n")
        (etc / "sudoers").write_text(
            'Defaults env_reset, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"\nroot ALL=(ALL:ALL) ALL\n'
        )
        shutil.rmtree(etc / "sudoers.d", ignore_errors=True)
        daemons = (etc / "frr/daemons").read_text().replace("bgpd=no", "bgpd=yes").replace("bfdd=no", "bfdd=yes")
        (etc / "frr/daemons").write_text(
            re.sub(r"(?m)^bgpd_options=.*$", 'bgpd_options="-A 127.0.0.1 -M rpki"', daemons)
        )
        (etc / "frr/frr.conf").write_text(
            f"hostname {self.name}\nlog syslog informational\nservice integrated-vtysh-config\n"
        )
        for path in (etc / "frr").iterdir():
            shutil.chown(path, "frr", "frr")
            path.chmod(0o640)
        for number, account in enumerate((OPERATOR, CAREFUL, NOBODY)):
            self._add(etc, account, 3000 + number)

    @staticmethod
    def _add(etc: Path, account: Account, uid: int) -> None:
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=account.password, text=True, capture_output=True, check=True
        ).stdout.strip()
        for file, line in (
            ("passwd", f"{account.name}:x:{uid}:{uid}::/home/{account.name}:/bin/bash"),
            ("group", f"{account.name}-users:x:{uid}:"),
            ("shadow", f"{account.name}:{hashed}:19000:0:99999:7:::"),
            ("sudoers", f"{account.name} {account.sudoers}"),
        ):
            if file != "sudoers" or account.sudoers:
                with (etc / file).open("a") as out:
                    out.write(line + "\n")

    def _homes(self) -> None:
        keys = "\n".join(self.keys)
        for home, owner in (("/root", "0"), *((f"/home/{a.name}", a.name) for a in (OPERATOR, CAREFUL, NOBODY))):
            authorized = f"{home}/.ssh/authorized_keys"
            self.sh(f"mkdir -p {home}/.ssh\ncat >{authorized} <<'EOF'\n{keys}\nEOF")
            self.sh(f"chown -R {owner} {home}; chmod 700 {home} {home}/.ssh")

    @property
    def host_key(self) -> str:
        """The public host key, as type and base64."""
        return " ".join((self.folder / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])

    def start_sshd(self) -> None:
        """Start sshd and wait until it listens."""
        self.sh("/usr/sbin/sshd")
        wait_for(lambda: ":22 " in self.sh("ss -ltn"), 5, "sshd")

    def start_strongswan(self) -> None:
        """Start charon with ESP in user space, and load /etc/swanctl."""
        self.sh("setsid /usr/sbin/charon-systemd >/var/log/charon.out 2>&1 9>&- </dev/null & echo $! >/run/charon.pid")
        wait_for(lambda: self.shell.run("swanctl --stats").status == 0, 20, "charon")
        self.sh("swanctl --load-all --noprompt")

    def stop_strongswan(self) -> None:
        """Stop charon."""
        self.sh("kill $(cat /run/charon.pid); while kill -0 $(cat /run/charon.pid) 2>/dev/null; do :; done")

    def start_frr(self) -> None:
        """Start FRR's daemons and wait for them."""
        self.sh("/usr/lib/frr/frrinit.sh start >/dev/null 2>&1")
        wanted = {"zebra", "bgpd", "staticd", "bfdd", "watchfrr"}
        wait_for(lambda: wanted <= set(self.shell.run("vtysh -c 'show daemons'").stdout.split()), 20, "FRR's daemons")

    def vtysh(self, *commands: str) -> str:
        """What vtysh prints."""
        return self.sh("vtysh " + " ".join(f"-c '{command}'" for command in commands))

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file below the host's /etc."""
        assert path.startswith("/etc/")
        target = self.folder / path.lstrip("/")
        target.write_text(text)
        target.chmod(mode)

    def read(self, path: str) -> str:
        """A file below the host's /etc."""
        return (self.folder / path.lstrip("/")).read_text()

    def stop(self) -> None:
        """End every process of the host; its namespaces and mounts go with them."""
        self._holder.kill()
        self._holder.wait(10)


class NamespaceShell:
    """The `Shell` protocol on a local namespace: what SSH and sudo are on a real host."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        """Run a script as root in the host's namespaces."""
        del root, asked
        command = ["nsenter", "-t", str(self.pid), "-n", "-u", "-i", "-m", "-p", "sh", "-s"]
        try:
            done = subprocess.run(
                command,
                input="{\n" + script + "\n} </dev/null\n",
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LostContactError(f"no answer within {timeout} s") from error
        return Result(done.stdout, done.stderr, done.returncode)


def link(
    left: LinuxHost, right: LinuxHost, name: str, left_addresses: Iterable[str], right_addresses: Iterable[str]
) -> None:
    """Join two hosts by a veth pair that is called `name` on both."""
    subprocess.run(
        ["nsenter", "-t", str(left.pid), "-n", "ip", "link", "add", name, "netns", str(left.pid),
         "type", "veth", "peer", "name", name, "netns", str(right.pid)],
        check=True,
    )  # fmt: skip
    for host, addresses in ((left, left_addresses), (right, right_addresses)):
        lines = [f"ip addr add {address} dev {name} nodad" for address in addresses]
        host.sh("\n".join([*lines, f"ip link set {name} up"]))


def manage(host: LinuxHost) -> str:
    """Join a host to this process's own network; its address there."""
    number = next(_numbers)
    block = (os.getpid() * 8 + number) % 0x7FFF
    net = f"198.{18 + (block >> 14)}.{(block >> 6) & 255}.{(block << 2) & 255}".rsplit(".", 1)
    base, low = net[0], int(net[1])
    device = f"rb{os.getpid() % 100000}x{number}"
    subprocess.run(
        ["ip", "link", "add", device, "type", "veth", "peer", "name", "mgmt0", "netns", str(host.pid)], check=True
    )
    subprocess.run(["ip", "addr", "add", f"{base}.{low + 1}/30", "dev", device], check=True)
    subprocess.run(["ip", "link", "set", device, "up"], check=True)
    host.sh(f"ip addr add {base}.{low + 2}/30 dev mgmt0; ip link set mgmt0 up")
    return f"{base}.{low + 2}"


@contextmanager
def cut_off(host: LinuxHost, address: str) -> Iterator[None]:
    """The host's management link is down, and answers again afterwards."""
    host.sh("ip link set mgmt0 down")
    try:
        yield
    finally:
        host.sh("ip link set mgmt0 up")
        wait_reachable(address)


def can_make_hosts() -> bool:
    """Whether this user may make namespaces and the daemons are installed."""
    needed = ("/usr/sbin/sshd", "/usr/sbin/charon-systemd", "/usr/lib/frr/frrinit.sh")
    return os.geteuid() == 0 and all(Path(path).exists() for path in needed)
