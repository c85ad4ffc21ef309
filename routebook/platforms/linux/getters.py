"""NAPALM's getters that need nothing but Linux: facts, interfaces, addresses, ping."""

import json
import re
from collections.abc import Sequence
from ipaddress import ip_address
from shlex import quote
from typing import Any

from routebook.device.errors import DriverError
from routebook.device.values import Answer, Echo, Reply
from routebook.transport.shell import Result, Shell

_FACTS = r"""
cut -d ' ' -f 1 /proc/uptime
hostname
hostname -f 2>/dev/null || hostname
{ . /etc/os-release && echo "$PRETTY_NAME"; } 2>/dev/null || uname -sr
uname -m
cat /sys/class/dmi/id/product_serial 2>/dev/null | head -n 1 || true
echo
echo "--"
VTYSH_HISTFILE=/dev/null vtysh -c 'show version' 2>/dev/null | head -n 1
swanctl --version 2>/dev/null | head -n 1
echo "--"
ip -j link show
"""

_SPEEDS = r"""
ip -j link show
for device in /sys/class/net/*; do
    echo "${device##*/} $(cat "$device/speed" 2>/dev/null || echo -1)"
done
"""


def facts(shell: Shell) -> Answer:
    """NAPALM's get_facts. `os_version` names the routing daemons' versions, for they are what is configured."""
    head, daemons, links = _answer(shell.run(_FACTS), "facts").split("--\n", 2)
    lines = [line.strip() for line in head.splitlines()] + [""] * 6
    versions = [" ".join(line.split()[:2]) for line in daemons.splitlines() if line.startswith(("FRR", "strongSwan"))]
    return {
        "uptime": float(lines[0]),
        "vendor": "Linux",
        "model": lines[4],
        "hostname": lines[1],
        "fqdn": lines[2],
        "os_version": ", ".join([*versions, lines[3]]),
        "serial_number": lines[5],
        "interface_list": [link["ifname"] for link in json.loads(links)],
    }


def interfaces(shell: Shell) -> Answer:
    """NAPALM's get_interfaces. Speed is in Mbit/s, -1.0 where the device has none."""
    answer = _answer(shell.run(_SPEEDS), "interfaces")
    links, end = json.JSONDecoder().raw_decode(answer)
    speeds = dict(line.split() for line in answer[end:].splitlines() if len(line.split()) == 2)
    return {
        link["ifname"]: {
            "is_up": "LOWER_UP" in link["flags"],
            "is_enabled": "UP" in link["flags"],
            "description": link.get("ifalias", ""),
            "last_flapped": -1.0,
            "speed": float(speeds.get(link["ifname"], -1)),
            "mtu": int(link["mtu"]),
            "mac_address": link.get("address", "").upper() if link.get("link_type") == "ether" else "",
        }
        for link in links
    }


def addresses(shell: Shell) -> Answer:
    """NAPALM's get_interfaces_ip."""
    found: dict[str, Any] = {}
    for link in json.loads(_answer(shell.run("ip -j addr show"), "addresses")):
        for address in link.get("addr_info", []):
            family = {"inet": "ipv4", "inet6": "ipv6"}.get(address["family"])
            if family:
                inner = found.setdefault(link["ifname"], {}).setdefault(family, {})
                inner[address["local"]] = {"prefix_length": address["prefixlen"]}
    return found


def ping(shell: Shell, echo: Echo) -> Answer:
    """NAPALM's ping; times are in milliseconds."""
    if refused := refused_destination(echo):
        return {"error": refused}
    return parse_ping(shell.run(ping_command(echo), timeout=echo.longest), echo.count)


def refused_destination(echo: Echo) -> str:
    """Why an echo's destination is none; empty for one that may stand in a command."""
    destination = echo.destination
    if not re.fullmatch(r"[\w.:%-]+", destination) or destination.startswith("-"):
        return f"{destination!r} is neither an address nor a name"
    return ""


def ping_command(echo: Echo) -> str:
    """iputils' ping. `-M do` forbids fragments, here too."""
    arguments = f"-n -c {int(echo.count)} -W {int(echo.timeout)} -s {int(echo.size)} -t {int(echo.ttl)} -i 0.2"
    if echo.whole:
        arguments += " -M do"
    if echo.source:
        arguments += f" -I {quote(echo.source)}"
    prefix = f"ip vrf exec {quote(echo.vrf)} " if echo.vrf else ""
    return f"{prefix}ping {arguments} -- {quote(echo.destination)}"


def probe(shell: Shell, echoes: Sequence[Echo], commands: Sequence[str]) -> list[Reply]:
    """What becomes of echo requests that `commands` send, all at once and in one script, without a file."""
    # Each command's output is numbered; sed writes it at its end, in one piece as it is short.
    script = "\n".join(f"{{ {command} 2>&1; }} | sed 's/^/{number}:/' &" for number, command in enumerate(commands))
    result = shell.run(f"{script}\nwait\n", timeout=max(echo.longest for echo in echoes), asked="echo requests")
    lines = [line.partition(":") for line in result.stdout.splitlines()]
    return [
        parse_reply("\n".join(text for key, _, text in lines if key == str(number)), echo)
        for number, echo in enumerate(echoes)
    ]


# iputils' ping says `message too long, mtu=972`, `Frag needed and DF set (mtu = 972)`, `Packet too big: mtu=1280`;
# FreeBSD's says `frag needed and DF set (MTU 972)`.
_MTU = re.compile(r"(?i)(?:message too long|frag needed and DF set|packet too big)\D{1,20}?mtu\s*=?\s*(\d{2,5})")


def parse_reply(text: str, echo: Echo) -> Reply:
    """What the whole output of one ping says."""
    answer = parse_ping(Result(text, "", 0), echo.count)
    mtus = [int(mtu) for mtu in _MTU.findall(text)]
    if "success" not in answer:
        return Reply(error=str(answer["error"])[:200])
    found = answer["success"]
    return Reply(max(echo.count, found["probes_sent"]), len(found["results"]), mtu=min(mtus, default=0))


def parse_ping(result: Result, count: int) -> Answer:
    """The output of iputils' ping, or FreeBSD's, as NAPALM's ping gives it."""
    summary = re.search(r"(\d+) packets transmitted, (\d+) (?:packets )?received", result.stdout)
    if summary is None:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        return {"error": said[-1] if said else f"ping ended with exit status {result.status}"}
    answers = re.findall(r"bytes from (\S+?):? .*time=([\d.]+) ms", result.stdout)
    times = re.search(r"min/avg/max(?:/mdev|/stddev)? = ([\d.]+)/([\d.]+)/([\d.]+)(?:/([\d.]+))?", result.stdout)
    low, average, high, deviation = (float(value or 0) for value in times.groups()) if times else (0.0, 0.0, 0.0, 0.0)
    sent, received = int(summary[1]), int(summary[2])
    return {
        "success": {
            "probes_sent": sent,
            "packet_loss": max(count, sent) - received,
            "rtt_min": low,
            "rtt_avg": average,
            "rtt_max": high,
            "rtt_stddev": deviation,
            "results": [{"ip_address": _address(who), "rtt": float(time)} for who, time in answers],
        }
    }


def _address(text: str) -> str:
    try:
        return str(ip_address(text.rstrip(":").partition("%")[0]))
    except ValueError:
        return text.rstrip(":")


def _answer(result: Result, what: str) -> str:
    if result.status:
        raise DriverError(f"the {what} cannot be read: {result.stderr.strip() or f'exit status {result.status}'}")
    return result.stdout
