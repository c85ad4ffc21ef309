"""Lab pfSenses for tests, by themselves: the real system in namespaces of its own, without the lab's other hosts."""

import json
import subprocess
from collections.abc import Mapping
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from routebook.platforms.pfsense.lab import config_xml
from routebook.platforms.pfsense.lab.config_xml import ConfiguredInterface
from routebook.platforms.pfsense.lab.node import in_sight, python
from tests.lab.waiting import wait_for

PATH = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
INTERFACES = (
    ConfiguredInterface("wan", "eth0", "WAN", (ip_interface("192.0.2.1/24"),), gateway="192.0.2.254"),
    ConfiguredInterface("lan", "eth1", "LAN", (ip_interface("10.1.0.1/24"),)),
)
START = """
set -e
ip link set lo up
for number in 0 1; do
    ip link add eth$number type veth peer name plug$number
    ip link set eth$number up
    ip link set plug$number up
done
exec "$@"
"""
# The answer comes after this line: what a program printed before it is not part of it.
ANSWER = "\n--answer--\n"


class Unit:
    """One running lab pfSense."""

    def __init__(self, folder: Path, *, tree: Mapping[str, Any] | None = None, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        package = settings.setdefault("package", "openbgpd")
        tree = tree if tree is not None else config_xml.base("fw", INTERFACES, package=package)
        (folder / "config.xml").write_text(config_xml.render(tree))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
        path = folder / "settings.json"
        path.write_text(
            json.dumps(
                {
                    "config": str(folder / "config.xml"), "host_key": str(folder / "key"), "name": "fw",
                    "root": {"password_hash": "*"}, "apply_delay": 0,
                    "visible": in_sight(), **settings,
                }
            )
        )  # fmt: skip
        self.log = folder / "log"
        with self.log.open("w") as log:
            self._holder = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork",
                 "--kill-child", "--mount-proc", "--propagation", "private", "sh", "-c", START, "sh",
                 *python(), "-m", "routebook.platforms.pfsense.lab", str(path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        wait_for(lambda: bool(children.read_text().split()), 10, "the first process")
        self.pid = int(children.read_text().split()[0])
        wait_for(self.listens, 60, "the system")

    def listens(self) -> bool:
        """Whether sshd does, which comes last."""
        assert self._holder.poll() is None, self.log.read_text()
        shown = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "ss", "-ltn"], capture_output=True, text=True, check=False
        )
        return ":22 " in shown.stdout

    def _inside(self, argv: list[str], stdin: str) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "-t", str(self.pid), "-n", "-u", "-i", "-m", "-p", "--root", "--wd"]
        return subprocess.run(
            [*enter, "env", "-i", f"PATH={PATH}", "HOME=/root", *argv],
            input=stdin, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def run(self, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a shell script as root."""
        return self._inside(["/bin/sh", "-c", script], stdin)

    def sh(self, script: str, stdin: str = "") -> str:
        """What a script prints; AssertionError where it fails."""
        done = self.run(script, stdin)
        assert done.returncode == 0, f"{script}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def php(self, program: str, include: str = "config.inc") -> subprocess.CompletedProcess[str]:
        """Run a PHP program given on standard input, as a program over SSH does."""
        return self._inside(["/usr/local/bin/php"], f"<?php\nrequire_once('{include}');\n{program}\n")

    def value(self, program: str, include: str = "config.inc") -> Any:
        """What a PHP program returns."""
        body = f"$answer = (function () {{ global $config; {program} }})();"
        done = self.php(f"{body}\necho '{ANSWER}' . json_encode($answer);", include)
        assert ANSWER.strip() in done.stdout, f"{program}: exit {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout.partition(ANSWER)[2])

    def stop(self) -> None:
        """End it; its namespaces and mounts go with it."""
        self._holder.kill()
        self._holder.wait(10)
