"""Reads the tunnels of config.xml, each a phase 1 with its phase 2 entries, into the inventory's words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_interface, ip_network

from routebook.importing.found import BadInputError, FoundHost, FoundTunnel
from routebook.intent.problem import Mark
from routebook.platforms.pfsense import tunnel_meaning
from routebook.platforms.pfsense.tree import Element, Lines
from routebook.platforms.pfsense.words import CIPHERS, GROUPS

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_]|-(?!-))*(?<![-_])(--[A-Za-z0-9]([A-Za-z0-9_]|-(?!-))*(?<![-_]))?")
_MASKED = re.compile(r"(\*{3,}|x{5,}|<?(secret|redacted|removed)>?)", re.IGNORECASE)
_CIPHERS = {spelt: name for name, spelt in CIPHERS.items()}
_GROUPS = {str(number): name for name, number in GROUPS.items()}
_IDS = frozenset({"address", "fqdn", "user_fqdn"})
_KNOWN_1 = frozenset(
    {
        "iketype", "interface", "protocol", "remote-gateway", "authentication_method", "pre-shared-key", "local id",
        "remote id", "encryption", "negotiated anew", "lifetime", "dead peer detection",
    }
)  # fmt: skip
_KNOWN_2 = frozenset(
    {"mode", "localid", "remoteid", "protocol", "ciphers", "hashes", "pfsgroup", "negotiated anew", "lifetime"}
)
_USUAL_REKEY = (25920, 3240)  # seconds: nine tenths of the lifetimes that the web interface offers
_DPD_FAILURES = "5"


class _UnfitError(ValueError):
    """Why a tunnel has no place in an inventory."""


def read_tunnels(host: FoundHost, file: str, root: Element, lines: Mapping[int, Lines]) -> dict[int, str]:
    """Give the host its tunnels. The keys of those by the `id()` of their elements."""
    ipsec = root.find("ipsec") or Element("ipsec")
    owners: dict[int, str] = {}
    names = Counter(entry.value("descr") for entry in ipsec.all("phase1"))
    for entry in ipsec.all("phase1"):
        if not entry.children:
            continue
        inner = [each for each in ipsec.all("phase2") if each.value("ikeid") == entry.value("ikeid")]
        key = f"tunnel con{entry.value('ikeid')}"
        mark = Mark(file, lines[id(entry)][0])
        owners |= {id(each): key for each in (entry, *inner)}
        try:
            if names[entry.value("descr")] > 1:
                raise _UnfitError("two phase 1 entries have its description")
            tunnel = _tunnel(key, mark, entry, inner, root)
        except _UnfitError as error:
            host.bad[key] = f"{mark}: {error}"
            host.other_ends |= {entry.value("remote-gateway"), entry.value("peerid_data")} - {""}
            continue
        if _MASKED.fullmatch(tunnel.psk):
            host.masked = host.masked or BadInputError(
                mark, "the pre-shared key is masked", "take the backup from Diagnostics / Backup & Restore as it is"
            )
        host.tunnels.append(tunnel)
        host.names[key] = (f"phase1 {entry.value('descr')}",)
    return owners


def _tunnel(key: str, mark: Mark, entry: Element, inner: Sequence[Element], root: Element) -> FoundTunnel:
    name = entry.value("descr").removeprefix("RB ")
    if _NAME.fullmatch(name) is None:
        raise _UnfitError(
            f"its description ({name or 'none'}) is no name: make it one word of letters, digits, dashes and _, by "
            "which the two ends of a tunnel know each other"
        )
    said = tunnel_meaning.phase1(entry, root)
    _refuse_unknown(said, _KNOWN_1)
    if said.get("iketype") != "ikev2" or said.get("authentication_method") != "pre_shared_key":
        raise _UnfitError("it has not IKEv2 with a pre-shared key")
    local = tunnel_meaning.outer(entry, root)
    if not local:
        raise _UnfitError(f"the address of its interface ({entry.value('interface')}) is not in config.xml")
    if not inner or any(each.has("disabled") for each in inner):
        raise _UnfitError("it has no phase 2, or one that is disabled")
    try:
        remote = ip_address(entry.value("remote-gateway"))
    except ValueError:
        raise _UnfitError(f"its remote gateway ({entry.value('remote-gateway')}) is no address") from None
    halves = [tunnel_meaning.phase2(each, root) for each in inner]
    for half in halves:
        _refuse_unknown(half, _KNOWN_2)
    ids = (_identity(said["local id"]), _identity(said["remote id"]))
    found = FoundTunnel(key, mark, name, ip_address(local), remote, ids, {}, psk=entry.value("pre-shared-key").strip())
    if not found.psk or not found.psk.isprintable():
        raise _UnfitError("it has no pre-shared key, or one with characters that cannot be printed")
    found.starts = entry.value("startaction") in ("start", "") and not entry.has("responderonly")
    found.options |= {"ike": _ike(entry, said), "esp": _esp(halves[0])}
    _protected(found, inner[0].value("mode"), halves)
    for option, half, usual in (("ike_rekey", said, _USUAL_REKEY[0]), ("child_rekey", halves[0], _USUAL_REKEY[1])):
        if int(str(half["negotiated anew"])) != usual:
            found.options[option] = int(str(half["negotiated anew"]))
    if "dead peer detection" in said:
        delay, failures = entry.value("dpd_delay"), entry.value("dpd_maxfail")
        if failures != _DPD_FAILURES or not delay.isdigit():
            raise _UnfitError(f"its dead peer detection fails after {failures}, and not {_DPD_FAILURES}")
        found.options["dpd_delay"] = int(delay)
    return found


def _refuse_unknown(said: tunnel_meaning.Meaning, known: frozenset[str]) -> None:
    if more := sorted(said.keys() - known):
        raise _UnfitError(f"the inventory has no word for <{more[0]}> on a pfSense")


def _identity(said: object) -> str:
    kind, data = said if isinstance(said, tuple) else ("", "")
    if kind not in _IDS or not data:
        raise _UnfitError(f"an identity of the type {kind or 'none'}, for which the inventory has no word")
    return str(data)


def _group(text: str) -> str:
    if text not in _GROUPS:
        raise _UnfitError(f"the DH group {text or 'none'} is none of an inventory's")
    return _GROUPS[text]


def _cipher(name: str, bits: str) -> str:
    found = _CIPHERS.get((name, int(bits))) if bits.isdigit() else None
    if found is None:
        raise _UnfitError(f"the cipher {name} {bits} is none of an inventory's".replace("  ", " "))
    return found


def _ike(entry: Element, said: tunnel_meaning.Meaning) -> list[dict[str, str]]:
    found = []
    suites = said["encryption"]
    for suite in suites if isinstance(suites, tuple) else ():
        name, bits, digest, prf, group = suite
        each = {"encryption": _cipher(name, bits)}
        each |= {"integrity": digest} if digest else {}
        each |= {"prf": f"prf{prf}"} if prf and prf != digest else {}
        found.append(each | {"dh_group": _group(group)})
    if not found:
        raise _UnfitError(f"phase 1 {entry.value('descr')} has no cipher")
    return found


def _esp(half: tunnel_meaning.Meaning) -> list[dict[str, str]]:
    group = _group(str(half.get("pfsgroup", "")))
    ciphers, hashes = half["ciphers"], half.get("hashes", ())
    found: list[dict[str, str]] = []
    for name, bits in ciphers if isinstance(ciphers, tuple) else ():
        each = {"encryption": _cipher(name, bits)}
        if "gcm" in name:
            found.append(each | {"dh_group": group})
        elif isinstance(hashes, tuple):
            found += [each | {"integrity": str(one).removeprefix("hmac_"), "dh_group": group} for one in hashes]
    if not found:
        raise _UnfitError("its phase 2 has no cipher, or no hash")
    return found


def _protected(found: FoundTunnel, mode: str, halves: Sequence[tunnel_meaning.Meaning]) -> None:
    """What the tunnel protects, or its inner addresses."""
    pairs = [(str(half["localid"]), str(half["remoteid"])) for half in halves]
    try:
        if mode == "vti":
            local, remote = ip_interface(pairs[0][0]), ip_interface(pairs[0][1])
            if len(pairs) > 1 or local.network.prefixlen != 31 or remote.ip not in local.network:
                raise _UnfitError("its inner addresses are not the two of one /31")
            found.options |= {"mode": "route", "inner": str(local.network)}
            found.children = {found.name: (("0.0.0.0/0",), ("0.0.0.0/0",))}
            return
        for pair in pairs:
            for each in pair:
                ip_network(each)
    except ValueError as error:
        if isinstance(error, _UnfitError):
            raise
        raise _UnfitError("what it protects is no network that config.xml says") from None
    found.children = {
        found.name: (tuple(dict.fromkeys(p[0] for p in pairs)), tuple(dict.fromkeys(p[1] for p in pairs)))
    }
