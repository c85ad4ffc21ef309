"""OpenBGPD's routes in the kernel: the daemon puts them there itself on FreeBSD, and cannot on Linux."""

import json
import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

EVERY = 3.0  # seconds between looks
_CONFIGURATION = Path("/var/etc/openbgpd/bgpd.conf")
_SOCKET = Path("/run/openbgpd/bgpd.sock.0")
_IP = "/usr/local/libexec/ip"


def follow() -> None:
    """Bring the kernel's routes in line with those that bgpd has chosen, none if it does not run."""
    wanted = _chosen() if _SOCKET.is_socket() and _updates_fib() else {}
    if wanted is None:
        return
    present = _present()
    gone = [f"route delete {prefix} proto bgp" for prefix in present if prefix not in wanted]
    # A next hop that cannot be reached yet is no error: it is tried again at the next look.
    new = [
        f"route replace {prefix} via {hop} proto bgp" for prefix, hop in wanted.items() if present.get(prefix) != hop
    ]
    if gone or new:
        _run([_IP, "-force", "-batch", "-"], "\n".join(gone + new) + "\n")


def _chosen() -> dict[str, str] | None:
    """Prefix to next hop of the best routes of others; None while bgpd does not answer."""
    answer = _json(["/usr/local/sbin/bgpctl", "-j", "show", "rib", "selected"])
    if answer is None:
        return None
    return {
        str(ip_network(each["prefix"])): each["exit_nexthop"]
        for each in answer.get("rib", [])
        if not ip_address(each["exit_nexthop"]).is_unspecified
    }


def _present() -> dict[str, str]:
    found = {}
    for family in ("-4", "-6"):
        for route in _json([_IP, family, "-json", "route", "show", "proto", "bgp"]) or []:
            # A host's route is shown without its length.
            found[str(ip_network(route["dst"]))] = str(route.get("gateway", ""))
    return found


def _updates_fib() -> bool:
    try:
        return not re.search(r"^fib-update no$", _CONFIGURATION.read_text(), re.MULTILINE)
    except OSError:
        return False


def _json(argv: list[str]) -> Any:
    """What a program answers; None where it fails or says nothing."""
    done = _run(argv)
    if done is None or done.returncode or not done.stdout.strip():
        return None
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return None


def _run(argv: list[str], stdin: str = "") -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return None
