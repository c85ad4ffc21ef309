"""`show version`, `show failover`, interfaces, routes and the like, in the device's formats."""

import json
import time
from typing import Any

from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.device import SYSTEM
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.processes import run, vtysh_json
from routebook.platforms.asa.lab.session import Session, command
from routebook.platforms.asa.lab.show_crypto import sas


def _since(seconds: float) -> str:
    whole = int(seconds)
    days, hours, minutes = whole // 86400, whole % 86400 // 3600, whole % 3600 // 60
    if days:
        return f"{days} day{'s' * (days != 1)} {hours} hour{'s' * (hours != 1)}"
    if hours:
        return f"{hours} hour{'s' * (hours != 1)} {minutes} min{'s' * (minutes != 1)}"
    return f"{minutes} min{'s' * (minutes != 1)} {whole % 60} sec{'s' * (whole % 60 != 1)}"


@command("version")
async def version(session: Session, _: Parsed) -> str:
    """What the device is."""
    settings, space = session.device.settings, session.space
    host = session.device.spaces[SYSTEM].option("hostname") or settings.name
    label = " <system>" if session.device.multiple and not space.name else " <context>" if space.name else ""
    up = _since(time.time() - session.device.started)
    image = settings.version.replace(".", "").replace("(", "-").replace(")", "")
    lines = [
        "", f"Cisco Adaptive Security Appliance Software Version {settings.version}{label} ",
        "SSP Operating System Version 2.10(1.162)", "Device Manager Version 7.18(1)", "",
        "Compiled on Tue 15-Feb-22 01:29 GMT by builders",
        f'System image file is "boot:/asa{image}-smp-k8.bin"',
        'Config file at boot was "startup-config"', "",
        f"{host} up {up}",
    ]  # fmt: skip
    if settings.failover is not None:
        lines.append(f"failover cluster up {up}")
    lines += ["", f"Hardware:   {settings.model}, 2048 MB RAM, CPU Xeon 5500 series 2294 MHz,", "Model Id:   ASAv10",
              "Internal ATA Compact Flash, 8192MB", "Slot 1: ATA Compact Flash, 8192MB",
              "BIOS Flash Firmware Hub @ 0x0, 0KB",
              "", ""]  # fmt: skip
    for number, interface in enumerate(settings.interfaces):
        lines.append(f"{number:>2}: Ext: {interface:<20}: address is 5254.0000.{number:04x}, irq {10 + number % 2}")
    lines += [
        "", "License mode: Smart Licensing", "ASAv Platform License State: Licensed", "",
        "Licensed features for this platform:", f"{'Maximum VLANs':<34}: 50             ",
        f"{'Failover':<34}: Active/Standby ", f"{'Encryption-DES':<34}: Enabled        ",
        f"{'Encryption-3DES-AES':<34}: Enabled        ", f"{'Other VPN Peers':<34}: 250            ",
        f"{'Total VPN Peers':<34}: 250            ", "", f"Serial Number: {settings.serial}", "",
        "Image type          : Release", "Key version         : A", "",
    ]  # fmt: skip
    if space.written.at:
        stamp = time.strftime("%H:%M:%S.000 UTC %a %b %-d %Y", time.gmtime(space.written.at))
        lines.append(f"Configuration last modified by {space.written.user} at {stamp}")
    else:
        lines.append("Configuration has not been modified since last system restart.")
    return "\n".join(lines)


@command("failover")
async def failover(session: Session, parsed: Parsed) -> str:
    """The failover pair."""
    ours = session.device.failover
    if ours is None:
        return (
            "Failover Off \nFailover unit Secondary\nFailover LAN Interface: not Configured\n"
            "Reconnect timeout 0:00:00\nUnit Poll frequency 1 seconds, holdtime 15 seconds\n"
            "Interface Poll frequency 5 seconds, holdtime 25 seconds\nInterface Policy 1\n"
            "Monitored Interfaces 0 of 61 maximum\nMAC Address Move Notification Interval not set"
        )
    unit, other = ours.unit.capitalize(), "Secondary" if ours.unit == "primary" else "Primary"
    state = "Active" if ours.state == "active" else "Standby Ready"
    mate = session.device.mate()
    if "state" in parsed.words:
        return (
            "\n               State          Last Failure Reason      Date/Time\n"
            f"This host  -   {unit}\n               {state:<15}None\n"
            f"Other host -   {other}\n               {mate:<15}None\n\n====Configuration State===\n"
            f"\t{'Sync Done' if mate != 'Sync Config' else 'Syncing'}\n====Communication State===\n\tMac set"
        )
    code = session.device.settings.version
    lines = [
        "Failover On ", f"Failover unit {unit}", f"Failover LAN Interface: {ours.link} (up)",
        "Reconnect timeout 0:00:00",
        "Unit Poll frequency 1 seconds, holdtime 15 seconds", "Interface Poll frequency 5 seconds, holdtime 25 seconds",
        "Interface Policy 1", "Monitored Interfaces 1 of 61 maximum", "MAC Address Move Notification Interval not set",
        f"Version: Ours {code}, Mate {code}", f"Serial Number: Ours {session.device.settings.serial}, Mate 9ALABMATE01",
        f"Last Failover at: {time.strftime('%H:%M:%S UTC %b %-d %Y', time.gmtime(session.device.started))}",
    ]  # fmt: skip
    for label, who, what, seconds in (
        ("This", unit, state, int(time.time() - session.device.started)),
        ("Other", other, mate, 0),
    ):
        lines += [f"\t{label} host: {who} - {what} ", f"\t\tActive time: {seconds} (sec)",
                  f"\t\tslot 0: {session.device.settings.model} hw/sw rev (/{code}) status (Up Sys)"]  # fmt: skip
        lines += [
            f"\t\t  Interface {name} ({address if label == 'This' else '0.0.0.0'}): Normal (Monitored)"
            for name, address in _named(session)
        ]
    lines += ["", "Stateful Failover Logical Update Statistics", f"\tLink : {ours.link} (up)",
              "\tStateful Obj \txmit       xerr       rcv        rerr      ",
              "\tGeneral\t\t22         0          6          0         "]  # fmt: skip
    return "\n".join(lines)


def _named(session: Session) -> list[tuple[str, str]]:
    found = []
    for interface in session.space.configuration.root.find("interface"):
        named, address = interface.first("nameif"), interface.first("ip", "address")
        if named is not None:
            found.append((named.words[1], address.values[0] if address is not None and address.values else "0.0.0.0"))
    return found


async def _link_states() -> dict[str, bool]:
    """Whether each interface of the namespace has a carrier."""
    shown: list[dict[str, Any]] = json.loads(await run("ip", "-json", "link", "show", check=False) or "[]")
    return {each["ifname"]: "LOWER_UP" in each["flags"] for each in shown}


async def _states(session: Session) -> list[tuple[Line, str, str]]:
    """Each interface with its status and its line protocol. A VTI's is that of its SA."""
    links = await _link_states() if session.daemons.enabled else {}
    up = {sa.connection.name for sa in await sas(session) if sa.children}
    found = []
    for interface in session.space.configuration.root.find("interface"):
        name = interface.words[1]
        if interface.first("shutdown") is not None:
            found.append((interface, "administratively down", "down"))
        elif name.startswith("Tunnel"):
            found.append((interface, "up" if name in up else "down", "up" if name in up else "down"))
        else:
            state = "up" if links.get(session.daemons.linux_name(name), not session.daemons.enabled) else "down"
            found.append((interface, state, state))
    return found


@command("interface-brief")
async def interface_brief(session: Session, _: Parsed) -> str:
    """All interfaces, a line each."""
    await session.daemons.settle()
    lines = ["Interface                  IP-Address      OK? Method Status                Protocol"]
    for interface, status, protocol in await _states(session):
        address = interface.first("ip", "address")
        shown = address.values[0] if address is not None and address.values else "unassigned"
        method = "manual" if address is not None else "unset "
        lines.append(f"{interface.words[1]:<26} {shown:<15} YES {method:<6} {status:<21} {protocol:<4}")
    return "\n".join(lines)


@command("interface")
async def interface_detail(session: Session, parsed: Parsed) -> str:
    """Interfaces with their counters."""
    await session.daemons.settle()
    wanted = parsed.values[0] if parsed.values else ""
    lines: list[str] = []
    for interface, status, protocol in await _states(session):
        if wanted and interface.words[1] != wanted:
            continue
        named, address = interface.first("nameif"), interface.first("ip", "address")
        called = named.words[1] if named is not None else ""
        lines.append(f'Interface {interface.words[1]} "{called}", is {status}, line protocol is {protocol}')
        if interface.words[1].startswith("Tunnel"):
            lines.append("  Hardware is Virtual Tunnel    MAC address N/A, MTU 1500")
        else:
            lines.append("  Hardware is net_vmxnet3, BW 10000 Mbps, DLY 10 usec")
        if address is not None and len(address.values) > 1:
            lines.append(f"\tIP address {address.values[0]}, subnet mask {address.values[1]}")
        for part in ("source", "destination", "protection"):
            option = interface.first("tunnel", part)
            if option is not None:
                lines.append(f"\t{option.text.capitalize()}")
    return "\n".join(lines)


@command("nameif")
async def nameif(session: Session, _: Parsed) -> str:
    """The names of the interfaces."""
    lines = ["Interface                Name                     Security"]
    for interface in session.space.configuration.root.find("interface"):
        named, level = interface.first("nameif"), interface.first("security-level")
        if named is not None:
            lines.append(
                f"{interface.words[1]:<24} {named.words[1]:<24} {level.words[1] if level is not None else '0':>3}"
            )
    return "\n".join(lines)


@command("ip-address")
async def ip_address(session: Session, _: Parsed) -> str:
    """The addresses."""
    rows = []
    for interface in session.space.configuration.root.find("interface"):
        named, address = interface.first("nameif"), interface.first("ip", "address")
        if named is not None and address is not None and len(address.values) > 1:
            rows.append(
                f"{interface.words[1]:<24} {named.words[1]:<22} {address.values[0]:<15} {address.values[1]:<15} manual"
            )
    head = "Interface                Name                   IP address      Subnet mask     Method "
    return "\n".join(["System IP Addresses:", head, *rows, "Current IP Addresses:", head, *rows])


_CODES = {"connected": "C", "static": "S", "bgp": "B", "kernel": "V", "local": "L"}


@command("route")
async def route(session: Session, parsed: Parsed) -> str:
    """The IPv4 routing table."""
    await session.daemons.settle()
    wanted = parsed.words[2] if len(parsed.words) > 2 else ""
    found = await vtysh_json("show ip route") if session.daemons.enabled else {}
    names = {linux: name for name, linux in session.daemons.devices().items()}
    lines = [
        "", "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP",
        "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area ",
        "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2",
        "       E1 - OSPF external type 1, E2 - OSPF external type 2, V - VPN",
        "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2",
        "       ia - IS-IS inter area, * - candidate default, U - per-user static route",
        "       o - ODR, P - periodic downloaded static route, + - replicated route",
        "       SI - Static InterVRF, BI - BGP InterVRF",
    ]  # fmt: skip
    default = next((each for each in found.get("0.0.0.0/0", []) if each.get("selected")), None)
    gateway = default["nexthops"][0].get("ip") if default is not None else None
    lines += [
        f"Gateway of last resort is {gateway} to network 0.0.0.0" if gateway else "Gateway of last resort is not set",
        "",
    ]
    for prefix, entries in found.items():
        for entry in entries:
            kind = entry.get("protocol", "")
            if not entry.get("selected") or (wanted and kind != wanted) or kind not in _CODES:
                continue
            lines += _route_lines(prefix, entry, names)
    return "\n".join(lines)


def _route_lines(prefix: str, entry: dict[str, Any], names: dict[str, str]) -> list[str]:
    network, _, length = prefix.partition("/")
    mask = ".".join(str((0xFFFFFFFF << (32 - int(length)) >> shift) & 255) for shift in (24, 16, 8, 0))
    code = _CODES[entry["protocol"]] + ("*" if prefix == "0.0.0.0/0" else "")
    lines = []
    for hop in entry.get("nexthops", []):
        name = names.get(hop.get("interfaceName", ""), hop.get("interfaceName", "Null0"))
        if entry["protocol"] == "connected":
            lines.append(f"{code:<9}{network} {mask} is directly connected, {name}")
        elif entry["protocol"] == "kernel":
            lines.append(f"{code:<9}{network} {mask} connected by VPN (advertised), {name}")
        elif hop.get("ip"):
            age = f", {entry.get('uptime', '00:00:00')}" if entry["protocol"] == "bgp" else f", {name}"
            lines.append(
                f"{code:<9}{network} {mask} [{entry.get('distance', 0)}/{entry.get('metric', 0)}] via {hop['ip']}{age}"
            )
    return lines


@command("route6")
async def route6(session: Session, _: Parsed) -> str:
    """The IPv6 routing table."""
    await session.daemons.settle()
    found = await vtysh_json("show ipv6 route") if session.daemons.enabled else {}
    lines = ["", f"IPv6 Routing Table - {len(found)} entries", "Codes: C - Connected, L - Local, S - Static, B - BGP"]
    for prefix, entries in found.items():
        for entry in entries:
            if entry.get("selected") and entry.get("protocol") in _CODES:
                hop = (entry.get("nexthops") or [{}])[0]
                lines.append(
                    f"{_CODES[entry['protocol']]:<4}{prefix} [{entry.get('distance', 0)}/{entry.get('metric', 0)}]"
                )
                lines.append(f"     via {hop.get('ip', '::')}, {hop.get('interfaceName', '')}")
    return "\n".join(lines)
