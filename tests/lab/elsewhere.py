"""A network and mount namespace like a machine of its own, for labs beside the session's."""

import json
import subprocess
import sys
import time
from pathlib import Path

from lab.control import Lab
from tests.networks.example import copy_project, environment


class Elsewhere:
    """A network and mount namespace like a machine of its own, and projects on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
             "ip link set lo up && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == "ready\n"

    def close(self) -> None:
        for project in self.folder.iterdir():
            self.routebook(project, "lab", "down")
        with self.holder:
            assert self.holder.stdin is not None
            self.holder.stdin.close()

    def project(self, name: str = "project") -> Path:
        return copy_project(self.folder / name)

    def command(self, *argv: str) -> list[str]:
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--mount", *argv]

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*argv), capture_output=True, text=True, check=False, cwd=cwd, env=environment(),
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def routebook(self, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("--wdns=" + str(project), sys.executable, "-m", "routebook", *arguments)

    def programs(self, project: Path) -> dict[str, set[str]]:
        shown = self.routebook(project, "lab", "status", "--json")
        assert shown.returncode == 0, shown.stderr
        return {node["name"]: set(node["programs"]) for node in json.loads(shown.stdout)["nodes"]}

    def on(self, project: Path, host: str, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a shell script as root on a host of the project's lab."""
        inside = Lab(project).command(host, ["sh", "-c", script])
        return subprocess.run(self.command(*inside), input=stdin, capture_output=True, text=True, check=False)

    def configure_by_hand(self, project: Path, hosts: list[str], initiators: dict[str, list[str]]) -> None:
        """Load what the intent renders into the daemons, as a person would: everywhere, then start the tunnels."""
        out = project / "rendered"
        assert self.routebook(project, "render", "--out", str(out)).returncode == 0
        for host in hosts:
            sections = {path.name: path.read_text() for path in (out / host).iterdir()}
            frr = "".join(sections[name] for name in ("policy", "bfd", "rpki", "bgp"))
            done = self.on(project, host, "cat >/run/by-hand.conf && vtysh -f /run/by-hand.conf", frr)
            assert done.returncode == 0, done.stdout + done.stderr
            for name in ("connections", "secrets"):
                assert (
                    self.on(project, host, f"cat >/etc/swanctl/conf.d/by-hand-{name}.conf", sections[name]).returncode
                    == 0
                )
            assert self.on(project, host, "swanctl --load-all").returncode == 0
        for host, tunnels in initiators.items():
            for tunnel in tunnels:
                self.wait_for(
                    project, host, f"swanctl --initiate --child {tunnel} || swanctl --list-sas | grep INSTALLED", 60
                )

    def wait_for(self, project: Path, host: str, condition: str, seconds: float) -> None:
        """Wait until a shell condition holds on a host."""
        end = time.monotonic() + seconds
        while (done := self.on(project, host, condition)).returncode != 0:
            assert time.monotonic() < end, f"{host}: not within {seconds} s: {condition}\n{done.stdout}{done.stderr}"
            time.sleep(0.2)
