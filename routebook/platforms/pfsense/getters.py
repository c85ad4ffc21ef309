"""NAPALM's getters of a pfSense: facts, interfaces, addresses, ping."""

import re
from ipaddress import ip_address, ip_interface
from shlex import quote
from typing import Any

from routebook.device.values import Answer, Echo
from routebook.platforms.linux.getters import parse_ping, refused_destination
from routebook.platforms.pfsense.tree import Element
from routebook.transport.shell import Shell

# ifconfig(8) of FreeBSD: an interface's line, and those below it.
_INTERFACE = re.compile(r"(?P<name>[\w.]+): flags=[0-9a-f]+<(?P<flags>[\w,]*)>.*?\bmtu (?P<mtu>\d+)")
_ADDRESS = re.compile(r"\s+inet (?P<address>[\d.]+)(?: --> \S+)? +netmask (?P<mask>0x[0-9a-f]{8}|[\d.]+)")
_ADDRESS6 = re.compile(r"\s+inet6 (?P<address>[0-9a-f:.]+)(?:%\S+)?(?: --> \S+)? +prefixlen (?P<length>\d+)")
_SPEED = re.compile(r"(?<!\d)(?P<number>\d{1,6}(?:\.\d{1,3})?)(?P<unit>G?)base", re.IGNORECASE)

Json = dict[str, Any]


def facts(answer: Json, root: Element) -> Answer:
    """NAPALM's get_facts, from the program's answer and the configuration."""
    packages = {"openbgpd": "OpenBGPD", "frr": "FRR"}
    name = root.value("system", "hostname") or str(answer["hostname"])
    domain = root.value("system", "domain")
    return {
        "uptime": float(answer["uptime"]),
        "vendor": "Netgate",
        "model": str(answer["product"] or answer["machine"]),
        "hostname": name,
        "fqdn": f"{name}.{domain}" if domain else name,
        "os_version": ", ".join(
            ["pfSense " + str(answer["release"]), *(packages[package] for package in answer["packages"])]
        ),
        "serial_number": str(answer["serial"]),
        "interface_list": [name for name, _ in _blocks(str(answer["interfaces"]))],
    }


def interfaces(text: str, root: Element) -> Answer:
    """NAPALM's get_interfaces, from `ifconfig -a`. Speed is in Mbit/s, -1.0 where the device shows none."""
    named = {
        entry.value("if"): entry.value("descr") or entry.tag
        for entry in (root.find("interfaces") or Element("interfaces")).children
    }
    return {name: _interface(lines, named.get(name, "")) for name, lines in _blocks(text)}


def _interface(lines: list[str], assigned: str) -> Answer:
    head = _INTERFACE.match(lines[0])
    flags = head["flags"].split(",") if head else []
    found: Json = {line.strip().partition(" ")[0].rstrip(":"): line.strip().partition(" ")[2] for line in lines[1:]}
    speed = _SPEED.search(str(found.get("media", "")))
    status = found.get("status", "active" if "RUNNING" in flags else "")
    return {
        "is_up": "UP" in flags and str(status) in ("active", "associated"),
        "is_enabled": "UP" in flags,
        "description": str(found.get("description", "")) or assigned,
        "last_flapped": -1.0,
        "speed": float(speed["number"]) * (1000 if speed["unit"].upper() == "G" else 1) if speed else -1.0,
        "mtu": int(head["mtu"]) if head else 0,
        "mac_address": str(found.get("ether", "")).split(" ")[0].upper(),
    }


def addresses(text: str) -> Answer:
    """NAPALM's get_interfaces_ip, from `ifconfig -a`."""
    found: dict[str, Any] = {}
    for name, lines in _blocks(text):
        for line in lines[1:]:
            if (four := _ADDRESS.match(line)) is not None:
                mask = four["mask"]
                bits = (
                    int(mask, 16).bit_count()
                    if mask.startswith("0x")
                    else ip_interface(f"0.0.0.0/{mask}").network.prefixlen
                )
                found.setdefault(name, {}).setdefault("ipv4", {})[four["address"]] = {"prefix_length": bits}
            elif (six := _ADDRESS6.match(line)) is not None:
                address = str(ip_address(six["address"]))
                found.setdefault(name, {}).setdefault("ipv6", {})[address] = {"prefix_length": int(six["length"])}
    return found


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    """Each interface's name and lines."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if (head := _INTERFACE.match(line)) is not None:
            found.append((head["name"], [line]))
        elif found and line.strip():
            found[-1][1].append(line)
    return found


def ping(shell: Shell, echo: Echo) -> Answer:
    """NAPALM's ping by FreeBSD's ping(8), from an address; times are in milliseconds."""
    if refused := refused_destination(echo):
        return {"error": refused}
    if echo.source and not re.fullmatch(r"[0-9A-Fa-f.:]+", echo.source):
        return {"error": f"{echo.source!r} is no address; a pfSense's ping takes its source by address"}
    return parse_ping(shell.run(ping_command(echo), timeout=echo.longest), echo.count)


def ping_command(echo: Echo) -> str:
    """FreeBSD's ping(8): `-D` forbids fragments, `-S` is the source, `-W` in milliseconds."""
    arguments = f"-n -c {int(echo.count)} -W {int(echo.timeout) * 1000} -s {int(echo.size)} -m {int(echo.ttl)} -i 0.2"
    arguments += " -D" if echo.whole else ""
    arguments += f" -S {quote(echo.source)}" if echo.source else ""
    return f"/sbin/ping {arguments} {quote(echo.destination)}"
