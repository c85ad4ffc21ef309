"""`show crypto …`, `show vpn-sessiondb …` and their `clear` in the device's formats, with what charon says."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from msgspec import Struct

from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.processes import Message, run
from routebook.platforms.asa.lab.session import Session, command
from routebook.platforms.asa.lab.swan import Connection

NO_IKE = {1: "There are no IKEv1 SAs", 2: "There are no IKEv2 SAs"}
_DH = {"MODP_768": "1", "MODP_1024": "2", "MODP_1536": "5", "MODP_2048": "14", "MODP_3072": "15", "MODP_4096": "16",
       "ECP_256": "19", "ECP_384": "20", "ECP_521": "21", "CURVE_25519": "31"}  # fmt: skip


class Sa(Struct, frozen=True):
    """One IKE SA with its connection and its installed CHILD SAs."""

    message: Message
    connection: Connection
    children: tuple[Message, ...]

    def text(self, key: str, default: str = "") -> str:
        """One of charon's values."""
        value = self.message.get(key, default)
        return value if isinstance(value, str) else default

    @property
    def up(self) -> bool:
        """Whether negotiation is done."""
        return self.text("state") in ("ESTABLISHED", "REKEYING", "REKEYED")


async def sas(session: Session, version: int = 0, peer: str = "") -> list[Sa]:
    """charon's SAs of configured tunnels."""
    await session.daemons.settle()
    if not session.daemons.enabled:
        return []
    known = {each.name: each for each in session.daemons.connections}
    found = []
    for message in await session.daemons.sas():
        connection = known.get(str(message["name"]))
        if connection is None or (version and connection.version != version) or (peer and connection.peer != peer):
            continue
        block = message.get("child-sas")
        children = [each for each in (block.values() if isinstance(block, dict) else ()) if isinstance(each, dict)]
        installed = tuple(each for each in children if each.get("state") in ("INSTALLED", "REKEYING", "REKEYED"))
        found.append(Sa(message, connection, installed))
    return found


def _of(message: Message, key: str, default: str = "0") -> str:
    value = message.get(key, default)
    return value if isinstance(value, str) else default


def _cipher(message: Message) -> tuple[str, str]:
    """Name and key size, as `show crypto ikev2 sa` prints them."""
    name, size = _of(message, "encr-alg", "NULL"), _of(message, "encr-keysize", "")
    shown = {"AES_CBC": "AES-CBC", "3DES_CBC": "3DES", "DES_CBC": "DES"}.get(name, "AES-GCM" if "GCM" in name else name)
    return shown, size if shown.startswith("AES") else ""


def _hash(message: Message) -> str:
    name = _of(message, "integ-alg", "")
    return {"": "N/A", "HMAC_SHA1_96": "SHA96", "HMAC_SHA2_256_128": "SHA256", "HMAC_SHA2_384_192": "SHA384",
            "HMAC_SHA2_512_256": "SHA512", "HMAC_MD5_96": "MD596"}.get(name, name)  # fmt: skip


def _group(message: Message) -> str:
    return _DH.get(_of(message, "dh-group", ""), "N/A")


@command("ikev2-sa")
async def ikev2(session: Session, parsed: Parsed) -> str:
    """The IKEv2 SAs."""
    return _ikev2(await sas(session, 2), "detail" in parsed.words)


def _ikev2(found: list[Sa], detail: bool) -> str:
    if not found:
        return NO_IKE[2]
    lines = ["", "IKEv2 SAs:"]
    for sa in found:
        status = "UP-ACTIVE" if sa.children else "UP-IDLE" if sa.up else "DOWN-NEGOTIATING"
        lines += [
            "",
            f"Session-id:{sa.text('uniqueid')}, Status:{status}, IKE count:1, CHILD count:{len(sa.children)}",
            "",
            "Tunnel-id Local                                               Remote"
            "                                                  Status         Role",
            f"{_tunnel_id(sa):>9} {_end(sa, 'local'):<52}{_end(sa, 'remote'):<52}{'READY' if sa.up else 'IN-NEG':>10}"
            f"    {'INITIATOR' if sa.text('initiator') == 'yes' else 'RESPONDER'}",
        ]
        if sa.up:
            lines += _ikev2_lines(sa, detail)
    return "\n".join(lines)


def _ikev2_lines(sa: Sa, detail: bool) -> Iterator[str]:
    cipher, size = _cipher(sa.message)
    keysize = f", keysize: {size}" if size else ""
    yield (f"      Encr: {cipher}{keysize}, Hash: {_hash(sa.message)}, DH Grp:{_group(sa.message)}, "
           "Auth sign: PSK, Auth verify: PSK")  # fmt: skip
    yield f"      Life/Active Time: {sa.connection.ike_lifetime}/{sa.text('established', '0')} sec"
    if detail:
        spis = sa.text("initiator-spi"), sa.text("responder-spi")
        mine, theirs = spis if sa.text("initiator") == "yes" else spis[::-1]
        yield f"      Session-id: {sa.text('uniqueid')}"
        yield "      Status Description: Negotiation done"
        yield f"      Local spi: {mine.upper():<22} Remote spi: {theirs.upper()}"
        yield f"      Local id: {sa.text('local-id')}"
        yield f"      Remote id: {sa.text('remote-id')}"
        for left, right in (("req mess id", 4), ("next mess id", 4), ("req queued", 4)):
            yield f"      {'Local ' + left + ': ' + str(right):<34}Remote {left}: {right}"
        yield f"      {'Local window: 1':<34}Remote window: 1"
        if sa.connection.keepalive:
            yield f"      DPD configured for {sa.connection.keepalive} seconds, retry 2"
        nat = "NAT-T is detected  outside" if sa.text("local-port") == "4500" else "NAT-T is not detected  "
        yield f"      {nat}"
    for child in sa.children:
        yield f"Child sa: local selector  {_selector(child, 'local-ts')}"
        yield f"          remote selector {_selector(child, 'remote-ts')}"
        yield f"          ESP spi in/out: {hex(int(_of(child, 'spi-in'), 16))}/{hex(int(_of(child, 'spi-out'), 16))}  "
        if detail:
            name, bits = _cipher(child)
            digest = _hash(child)
            yield "          AH spi in/out: 0x0/0x0  "
            yield "          CPI in/out: 0x0/0x0  "
            yield f"          Encr: {name}{f', keysize: {bits}' if bits else ''}, esp_hmac: {digest}"
            yield "          ah_hmac: None, comp: IPCOMP_NONE, mode tunnel"
    if detail:
        yield "Parent SA Extended Status:"
        yield "      Delete in progress: FALSE"
        yield "      Marked for delete: FALSE"


def _tunnel_id(sa: Sa) -> int:
    # Any number that stays with the SA: the device's are as arbitrary.
    return int(sa.text("initiator-spi", "1")[-8:] or "1", 16) % 100_000_000


def _end(sa: Sa, end: str) -> str:
    return f"{sa.text(end + '-host')}/{sa.text(end + '-port', '500')}"


def _networks(child: Message, key: str) -> list[str]:
    value = child.get(key)
    return [each.partition("[")[0] for each in value] if isinstance(value, list) else []


def _selector(child: Message, key: str) -> str:
    network = ip_network((_networks(child, key) or ["0.0.0.0/0"])[0])
    return f"{network[0]}/0 - {network[-1]}/65535"


@command("ikev1-sa")
async def ikev1(session: Session, parsed: Parsed) -> str:
    """The IKEv1 SAs."""
    return _ikev1(await sas(session, 1), "detail" in parsed.words)


def _ikev1(found: list[Sa], detail: bool) -> str:
    if not found:
        return NO_IKE[1]
    lines = [
        "", "IKEv1 SAs:", "",
        f"   Active SA: {len(found)}",
        "    Rekey SA: 0 (A tunnel will report 1 Active and 1 Rekey SA during rekey)",
        f"Total IKE SA: {len(found)}", "",
    ]  # fmt: skip
    for number, sa in enumerate(found, 1):
        role = "initiator" if sa.text("initiator") == "yes" else "responder"
        lines += [
            f"{number:<4}IKE Peer: {sa.connection.peer}",
            f"    Type    : L2L             Role    : {role} ",
            f"    Rekey   : no              State   : {'MM_ACTIVE' if sa.up else 'MM_WAIT_MSG2'} ",
        ]
        if detail and sa.up:
            cipher, size = _cipher(sa.message)
            name = "-".join([cipher.partition("-")[0].lower(), *([size] if size else [])])
            lines += [
                f"    Encrypt : {name:<16}Hash    : {_hash(sa.message).removesuffix('96'):<10}",
                f"    Auth    : preshared       Lifetime: {sa.connection.ike_lifetime}",
                f"    Lifetime Remaining: {max(sa.connection.ike_lifetime - int(sa.text('established', '0')), 0)}",
            ]
    return "\n".join(lines)


@command("isakmp-sa")
async def isakmp(session: Session, parsed: Parsed) -> str:
    """The SAs of both versions."""
    detail = "detail" in parsed.words
    return (
        _ikev1(await sas(session, 1), detail)
        + "\n"
        + ("" if await sas(session, 1) else "\n")
        + _ikev2(await sas(session, 2), detail)
    )


@command("ipsec-sa")
async def ipsec(session: Session, parsed: Parsed) -> str:
    """The IPsec SAs."""
    peer = parsed.values[0] if parsed.values else ""
    lines: list[str] = []
    last = ""
    named = {each.words[1]: each.first("nameif") for each in session.daemons.root.find("interface")}
    for sa in await sas(session, peer=peer):
        inner = named.get(sa.connection.name)
        interface = inner.words[1] if inner is not None else sa.connection.interface
        for child in sa.children:
            if interface != last:
                lines += ([""] if lines else []) + ([] if peer else [f"interface: {interface}"])
                last = interface
            if peer and not lines:
                lines.append(f"peer address: {peer}")
            lines += _ipsec(sa, child)
    if not lines:
        return f"There are no ipsec sas for peer {peer}" if peer else "\nThere are no ipsec sas"
    return "\n".join(lines)


def _ident(child: Message, key: str) -> str:
    network = IPv4Network((_networks(child, key) or ["0.0.0.0/0"])[0])
    return f"({network.network_address}/{network.netmask}/0/0)"


def _transform(child: Message) -> str:
    cipher, size = _cipher(child)
    if cipher == "AES-GCM":
        return f"esp-aes-gcm{'-' + size if size not in ('', '128') else ''} esp-null-hmac no compression"
    digest = {"SHA96": "sha", "SHA256": "sha-256", "SHA384": "sha-384", "SHA512": "sha-512", "MD596": "md5"}
    name = {"AES-CBC": f"aes{'-' + size if size not in ('', '128') else ''}", "3DES": "3des", "DES": "des"}
    return f"esp-{name.get(cipher, 'null')} esp-{digest.get(_hash(child), 'none')}-hmac no compression"


def _ipsec(sa: Sa, child: Message) -> Iterator[str]:
    connection = sa.connection
    sent, received = _of(child, "packets-out"), _of(child, "packets-in")
    yield f"    Crypto map tag: {connection.tag}, seq num: {connection.sequence}, local addr: {connection.local}"
    yield ""
    rule = next((each.access_list for each in connection.children if each.name == _of(child, "name", "")), "")
    if rule:
        yield f"      {rule}"
    yield f"      local ident (addr/mask/prot/port): {_ident(child, 'local-ts')}"
    yield f"      remote ident (addr/mask/prot/port): {_ident(child, 'remote-ts')}"
    yield f"      current_peer: {connection.peer}"
    yield ""
    yield ""
    yield f"      #pkts encaps: {sent}, #pkts encrypt: {sent}, #pkts digest: {sent}"
    yield f"      #pkts decaps: {received}, #pkts decrypt: {received}, #pkts verify: {received}"
    yield "      #pkts compressed: 0, #pkts decompressed: 0"
    yield f"      #pkts not compressed: {sent}, #pkts comp failed: 0, #pkts decomp failed: 0"
    yield "      #pre-frag successes: 0, #pre-frag failures: 0, #fragments created: 0"
    yield "      #PMTUs sent: 0, #PMTUs rcvd: 0, #decapsulated frgs needing reassembly: 0"
    yield "      #TFC rcvd: 0, #TFC sent: 0"
    yield "      #Valid ICMP Errors rcvd: 0, #Invalid ICMP Errors rcvd: 0"
    yield "      #send errors: 0, #recv errors: 0"
    yield ""
    ports = [sa.text(f"{end}-port", "500") for end in ("local", "remote")]
    yield (f"      local crypto endpt.: {connection.local}/{ports[0]}, "
           f"remote crypto endpt.: {connection.peer}/{ports[1]}")  # fmt: skip
    overhead = "63(44)" if ports[0] == "4500" else "55(36)"
    yield f"      path mtu 1500, ipsec overhead {overhead}, media mtu 1500"
    yield "      PMTU time remaining (sec): 0, DF policy: copy-df"
    yield "      ICMP error validation: disabled, TFC packets: disabled"
    yield f"      current outbound spi: {int(_of(child, 'spi-out'), 16):08X}"
    yield f"      current inbound spi : {int(_of(child, 'spi-in'), 16):08X}"
    for direction in ("in", "out"):
        yield ""
        yield from _spi(sa, child, direction)


def _spi(sa: Sa, child: Message, direction: str) -> Iterator[str]:
    spi = int(_of(child, f"spi-{direction}"), 16)
    encaps = " NAT-T-Encaps," if _of(child, "encap", "no") == "yes" else ""
    pfs = f" PFS Group {sa.connection.pfs}," if sa.connection.pfs else ""
    tag = f"{sa.connection.tag}"
    vti = " VTI," if sa.connection.name.startswith("Tunnel") else ""
    left = 4608000 - int(_of(child, f"bytes-{direction}")) // 1024
    kind = "outbound" if direction == "out" else "inbound"
    yield f"    {kind} esp sas:"
    yield f"      spi: 0x{spi:08X} ({spi})"
    yield "         SA State: active"
    yield f"         transform: {_transform(child)}"
    yield f"         in use settings ={{L2L, Tunnel, {encaps}{pfs} IKEv{sa.connection.version},{vti} }}"
    yield f"         slot: 0, conn_id: {_of(child, 'uniqueid')}, crypto-map: {tag}"
    yield f"         sa timing: remaining key lifetime (kB/sec): ({left}/{_of(child, 'life-time')})"
    yield f"         IV size: {8 if 'GCM' in _of(child, 'encr-alg', '') else 16} bytes"
    yield "         replay detection support: Y"
    yield "         Anti replay bitmap: "
    yield "          0x00000000 0x00000001" if direction == "out" else "          0xFFFFFFFF 0xFFFFFFFF"


@command("clear-ike", "clear-ipsec", "logoff")
async def clear(session: Session, parsed: Parsed) -> str:
    """Take SAs down; what is to be up comes up again."""
    peer = next((value for value in parsed.values if value[:1].isdigit() or ":" in value), "")
    found = await sas(session, peer=peer)
    option = "--child" if parsed.rule.name == "clear-ipsec" else "--ike"
    names = {sa.connection.name for sa in found} if option == "--ike" else {
        _of(child, "name", "") for sa in found for child in sa.children
    }  # fmt: skip
    for name in names:
        await run("swanctl", "--terminate", option, name, "--timeout", "2", check=False)
    if parsed.rule.name == "logoff":
        return f"INFO: Number of sessions from IP address logged off : {len(found)}"
    return ""
