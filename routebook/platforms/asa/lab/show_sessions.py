"""`show vpn-sessiondb …` in the device's formats, with what charon says."""

import time
from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.processes import Message
from routebook.platforms.asa.lab.session import Session, command
from routebook.platforms.asa.lab.show_crypto import Sa, _cipher, _group, _networks, _of, sas

NONE = "INFO: There are presently no active sessions of the type specified"


def _duration(seconds: int) -> str:
    days = f"{seconds // 86400}d " if seconds >= 86400 else ""
    return f"{days}{seconds % 86400 // 3600}h:{seconds % 3600 // 60:02d}m:{seconds % 60:02d}s"


def _encryption(message: Message) -> str:
    cipher, size = _cipher(message)
    return {"AES-CBC": f"AES{size}", "AES-GCM": f"AES-GCM-{size}"}.get(cipher, cipher)


def _hashing(message: Message) -> str:
    return {"HMAC_SHA1_96": "SHA1", "HMAC_SHA2_256_128": "SHA256", "HMAC_SHA2_384_192": "SHA384",
            "HMAC_SHA2_512_256": "SHA512", "HMAC_MD5_96": "MD5"}.get(_of(message, "integ-alg", ""), "none")  # fmt: skip


def _prf(message: Message) -> str:
    return _of(message, "prf-alg", "").removeprefix("PRF_HMAC_").replace("SHA2_", "SHA")


@command("sessiondb", "sessiondb-detail")
async def l2l(session: Session, parsed: Parsed) -> str:
    """The LAN-to-LAN sessions."""
    wanted = parsed.values[-1] if parsed.values else ""
    found = [sa for sa in await sas(session) if sa.up and (not wanted or sa.connection.peer == wanted)]
    if not found:
        return NONE
    detail = parsed.rule.name == "sessiondb-detail"
    named = session.space.configuration.names()
    lines = ["", "Session Type: LAN-to-LAN" + (" Detailed" if detail else ""), ""]
    for sa in found:
        lines += _head(sa, detail, named)
        if detail:
            lines += _detail(sa, named)
    return "\n".join(lines)


def _pair(left: str, one: object, right: str, two: object) -> str:
    return f"{left:<13}: {one!s:<23}{right:<13}: {two}"


def _head(sa: Sa, detail: bool, named: Mapping[str, str]) -> Iterator[str]:
    version = f"IKEv{sa.connection.version}"
    sent = sum(int(_of(child, "bytes-out")) for child in sa.children)
    received = sum(int(_of(child, "bytes-in")) for child in sa.children)
    age = int(sa.text("established", "0"))
    counts = f"IPsec: ({len(sa.children)})"
    child = sa.children[0] if sa.children else sa.message
    peer = named.get(str(sa.connection.peer), sa.connection.peer)
    yield f"{'Connection':<13}: {peer}"
    yield _pair("Index", sa.text("uniqueid"), "IP Addr", peer)
    yield f"{'Protocol':<13}: {version} IPsec" + ("OverNatT" if sa.text("local-port") == "4500" else "")
    yield f"{'Encryption':<13}: {version}: (1){_encryption(sa.message)}  {counts}{_encryption(child)}"
    yield f"{'Hashing':<13}: {version}: (1){_hashing(sa.message)}  {counts}{_hashing(child)}"
    yield _pair("Bytes Tx", sent, "Bytes Rx", received)
    yield f"{'Login Time':<13}: {time.strftime('%H:%M:%S UTC %a %b %-d %Y', time.gmtime(time.time() - age))}"
    yield f"{'Duration':<13}: {_duration(age)}"
    if detail:
        yield from ("", f"{version} Tunnels: 1", f"IPsec Tunnels: {len(sa.children)}")
    yield ""


def _detail(sa: Sa, named: Mapping[str, str]) -> Iterator[str]:
    index = sa.text("uniqueid")
    age = int(sa.text("established", "0"))
    life = sa.connection.ike_lifetime
    yield f"IKEv{sa.connection.version}:"
    yield f"  {'Tunnel ID':<13}: {index}.1"
    yield "  " + _pair("UDP Src Port", sa.text("local-port", "500"), "UDP Dst Port", sa.text("remote-port", "500"))
    if sa.connection.version == 2:
        yield "  Rem Auth Mode: preSharedKeys"
        yield "  Loc Auth Mode: preSharedKeys"
    else:
        yield "  " + _pair("IKE Neg Mode", "Main", "Auth Mode", "preSharedKeys")
    yield "  " + _pair("Encryption", _encryption(sa.message), "Hashing", _hashing(sa.message))
    yield "  " + _pair("Rekey Int (T)", f"{life} Seconds", "Rekey Left(T)", f"{max(life - age, 0)} Seconds")
    if sa.connection.version == 2:
        yield "  " + _pair("PRF", _prf(sa.message), "D/H Group", _group(sa.message))
    else:
        yield f"  {'D/H Group':<13}: {_group(sa.message)}"
    yield f"  {'Filter Name':<13}: "
    yield ""
    for number, child in enumerate(sa.children, 2):
        yield from _child(sa, child, f"{index}.{number}", named)


def _address(child: Message, key: str, named: Mapping[str, str]) -> str:
    network = ip_network((_networks(child, key) or ["0.0.0.0/0"])[0])
    address = str(network.network_address)
    return f"{named.get(address, address)}/{network.netmask}/0/0"


def _child(sa: Sa, child: Message, number: str, named: Mapping[str, str]) -> Iterator[str]:
    life = sa.connection.lifetime
    yield "IPsec" + ("OverNatT:" if _of(child, "encap", "no") == "yes" else ":")
    yield f"  {'Tunnel ID':<13}: {number}"
    yield f"  {'Local Addr':<13}: {_address(child, 'local-ts', named)}"
    yield f"  {'Remote Addr':<13}: {_address(child, 'remote-ts', named)}"
    yield "  " + _pair("Encryption", _encryption(child), "Hashing", f"{_hashing(child):<23}")
    if sa.connection.pfs:
        yield "  " + _pair("Encapsulation", "Tunnel", "PFS Group", f"{sa.connection.pfs:<23}")
    else:
        yield f"  {'Encapsulation':<13}: {'Tunnel':<23}"
    left = f"{min(int(_of(child, 'life-time')), life)} Seconds"
    yield "  " + _pair("Rekey Int (T)", f"{life} Seconds", "Rekey Left(T)", f"{left:<23}")
    used = int(_of(child, "bytes-out")) // 1024
    yield "  " + _pair("Rekey Int (D)", "4608000 K-Bytes", "Rekey Left(D)", f"{f'{4608000 - used} K-Bytes':<23}")
    yield "  " + _pair("Idle Time Out", "30 Minutes", "Idle TO Left", f"{'30 Minutes':<23}")
    yield "  " + _pair("Bytes Tx", _of(child, "bytes-out"), "Bytes Rx", f"{_of(child, 'bytes-in'):<23}")
    yield "  " + _pair("Pkts Tx", _of(child, "packets-out"), "Pkts Rx", f"{_of(child, 'packets-in'):<23}")
    yield ""


@command("sessiondb-summary")
async def summary(session: Session, _: Parsed) -> str:
    """How many sessions of each type there are."""
    active = len([sa for sa in await sas(session) if sa.up])
    rule = "-" * 75
    return "\n".join(
        [rule, "VPN Session Summary", rule,
         "                               Active : Cumulative : Peak Concur : Inactive",
         "                             " + "-" * 46,
         f"Site-to-Site VPN             : {active:>6} : {active:>10} : {active:>11}",
         f"  IKEv2 IPsec                : {active:>6} : {active:>10} : {active:>11}", rule,
         f"Total Active and Inactive    : {active:>6}             Total Cumulative : {active:>6}", rule]
    )  # fmt: skip
