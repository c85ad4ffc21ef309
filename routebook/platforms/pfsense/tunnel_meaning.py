"""What a phase 1 and its phase 2 entries mean to charon, whatever the web interface has written beside.

From etc/inc/ipsec.inc of pfSense: ipsec_find_id(), ipsec_get_rekey_time(), ipsec_idinfo_to_cidr() and
ipsec_setup_tunnels(). Who begins, and what an end does when the other one closes the tunnel (`startaction`,
`closeaction`, `keepalive`, `pinghost`, `responderonly`), is left out: a tunnel that somebody has made keeps it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_interface

from routebook.platforms.pfsense.tree import Element

Meaning = Mapping[str, object]
"""By what a field is called, what it says."""

_SILENT_1 = frozenset(
    {
        "ikeid", "descr", "mode", "private-key", "certref", "caref", "pkcs11certref", "pkcs11pin", "startaction",
        "closeaction", "responderonly", "encryption", "prfselect_enable", "lifetime", "rekey_time", "myid_type",
        "myid_data", "peerid_type", "peerid_data", "dpd_delay", "dpd_maxfail", "dpd_enable",
    }
)  # fmt: skip
_SILENT_2 = frozenset(
    {
        "ikeid", "uniqid", "reqid", "descr", "keepalive", "pinghost", "lifetime", "rekey_time", "localid", "remoteid",
        "encryption-algorithm-option", "hash-algorithm-option",
    }
)  # fmt: skip
# What says as little as no field.
_USUAL = {"nat_traversal": "on", "mobike": "off", "reauth_time": "0", "rand_time": "0", "pfsgroup": "0"}
_MARKS = frozenset({"disabled", "mobile", "splitconn", "gw_duplicates"})  # which say something by being there
_LIFETIMES = (14400, 3600)  # seconds, of a phase 1 and a phase 2 without one
_FINE = 10  # seconds: the lifetime that follows from when an SA is negotiated anew is known to one


def phase1(entry: Element, root: Element) -> Meaning:
    """What a phase 1 says; of what has several fields, under a name of its own."""
    found = _fields(entry, _SILENT_1)
    for name, tag, of_address in (("local id", "myid", "myaddress"), ("remote id", "peerid", "peeraddress")):
        kind, data = entry.value(f"{tag}_type"), entry.value(f"{tag}_data")
        if kind == of_address:
            kind, data = "address", outer(entry, root) if tag == "myid" else entry.value("remote-gateway")
        found[name] = (kind, data)
    chosen = entry.has("prfselect_enable")
    found["encryption"] = tuple(_suite(item, chosen) for item in (entry.first("encryption") or Element("")).all("item"))
    found |= _life(entry, _LIFETIMES[0])
    if entry.value("dpd_delay") and entry.value("dpd_maxfail"):
        found["dead peer detection"] = (entry.value("dpd_delay"), entry.value("dpd_maxfail"))
    return found


def outer(entry: Element, root: Element) -> str:
    """The address at which a phase 1 ends; empty where config.xml does not say it."""
    interface = root.find("interfaces", entry.value("interface")) or Element("")
    address = interface.value("ipaddrv6" if entry.value("protocol") == "inet6" else "ipaddr")
    return address if address[:1].isdigit() or ":" in address else ""


def _suite(item: Element, chosen: bool) -> tuple[str, ...]:
    cipher = item.first("encryption-algorithm") or Element("")
    digest = item.value("hash-algorithm")
    prf = item.value("prf-algorithm") if chosen and item.value("prf-algorithm") else digest
    of_aead = "" if "gcm" in cipher.value("name") else digest
    return cipher.value("name"), cipher.value("keylen"), of_aead, prf, item.value("dhgroup")


def phase2(entry: Element, root: Element) -> Meaning:
    """What a phase 2 says."""
    found = _fields(entry, _SILENT_2)
    for tag in ("localid", "remoteid"):
        found[tag] = selector(entry.first(tag) or Element(""), root, entry.value("mode"))
    ciphers = entry.all("encryption-algorithm-option")
    found["ciphers"] = tuple(sorted((each.value("name"), each.value("keylen")) for each in ciphers))
    if not all("gcm" in each.value("name") for each in ciphers):
        found["hashes"] = tuple(sorted(each.text for each in entry.all("hash-algorithm-option")))
    return found | _life(entry, _LIFETIMES[1])


def selector(half: Element, root: Element, mode: str) -> str:
    """The network, or the inner address of a routed tunnel, that an end of a phase 2 has; else its type."""
    kind = half.value("type")
    address, bits = half.value("address"), half.value("netbits")
    if kind not in ("network", "address"):
        interface = root.find("interfaces", kind) or Element("")
        six = mode == "tunnel6"
        address = interface.value("ipaddrv6" if six else "ipaddr")
        bits = interface.value("subnetv6" if six else "subnet")
    try:
        parsed = ip_interface(f"{address}/{bits}" if bits else address)
    except ValueError:
        return f"{kind} {address}".strip()
    return str(parsed) if mode == "vti" else str(parsed.network)


def _fields(entry: Element, silent: Iterable[str]) -> dict[str, object]:
    said: dict[str, object] = {
        child.tag: child.text.strip() if not child.children else "several fields"
        for child in entry.children
        if child.tag not in silent and (child.children or child.text) and _USUAL.get(child.tag) != child.text
    }
    return said | {child.tag: "on" for child in entry.children if child.tag in _MARKS}


def _life(entry: Element, usual: int) -> dict[str, object]:
    lifetime = int(text) if (text := entry.value("lifetime")).isdigit() and int(text) else 0
    rekey = entry.value("rekey_time") or str(int(lifetime * 0.9) or usual)
    return {"negotiated anew": rekey, "lifetime": lifetime // _FINE}


def same(one: tuple[Element, Sequence[Element]], other: tuple[Element, Sequence[Element]], root: Element) -> bool:
    """Whether two tunnels mean the same; the order of their phase 2 entries does not matter."""
    if phase1(one[0], root) != phase1(other[0], root):
        return False
    inner = [Counter(repr(sorted(phase2(entry, root).items())) for entry in each[1]) for each in (one, other)]
    return inner[0] == inner[1]
