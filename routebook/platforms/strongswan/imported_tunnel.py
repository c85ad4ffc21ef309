"""Reads one connection of swanctl into the inventory's words."""

import re
from collections.abc import Collection
from ipaddress import ip_address, ip_network
from typing import Any

from routebook.importing.found import FoundTunnel
from routebook.intent.extra import Place
from routebook.intent.model import IPAddress
from routebook.intent.outer import place as place_of
from routebook.intent.problem import Mark
from routebook.platforms.strongswan.extra_lines import judge
from routebook.platforms.strongswan.meaning import meaning, seconds
from routebook.platforms.strongswan.names import ANSWERS, STARTS
from routebook.platforms.strongswan.settings import quoted
from routebook.platforms.strongswan.tree import Section, children

_IKE = {
    *("version", "local_addrs", "remote_addrs", "proposals", "dpd_delay", "rekey_time", "reauth_time", "keyingtries"),
    *("mobike", "encap", "local", "remote", "children"),
}
_CHILD = {
    *("local_ts", "remote_ts", "esp_proposals", "rekey_time", "mark_in", "mark_out", "if_id_in", "if_id_out"),
    *("start_action", "close_action", "dpd_action", "updown"),
}
_END = {"auth", "id", "certs", "cacerts"}
_GROUP = re.compile(r"(modp|ecp|curve|x25519|x448)\S*")
_ANY = ("0.0.0.0/0", "::/0")


class _UnfitError(ValueError):
    """Why a connection has no place in an inventory."""


def tunnel_of(key: str, mark: Mark, name: str, written: Section, psk: Collection[bytes]) -> FoundTunnel | str:
    """The tunnel that a connection is from this end, or why the inventory has no words for it."""
    try:
        return _tunnel(key, mark, name, meaning(written), psk)
    except _UnfitError as error:
        return str(error)


def known_by(written: Section) -> set[str]:
    """The addresses and identities by which its other end would know this end of a connection."""
    connection = meaning(written)
    local = connection.get("local")
    said = [connection.get("local_addrs"), local.get("id") if isinstance(local, dict) else None]
    return {word for text in said if isinstance(text, str) for word in text.split(",") if word}


def _tunnel(key: str, mark: Mark, name: str, connection: Section, psk: Collection[bytes]) -> FoundTunnel:
    kept = {"lines": _kept(connection, _IKE, "tunnel", "")}
    if connection.get("version", "2") != "2":
        raise _UnfitError(f"it is of IKEv{connection['version']}")
    local, remote = (connection.get(end) for end in ("local", "remote"))
    if not isinstance(local, dict) or not isinstance(remote, dict):
        raise _UnfitError("it has not one local and one remote section")
    _known(local, _END, "local.")
    _known(remote, _END, "remote.")
    inner = children(connection)
    if not inner:
        raise _UnfitError("it has no child")
    child = next(iter(inner.values()))
    for child_name, each in inner.items():
        kept["child"] = _kept(each, _CHILD, "child", f"{child_name}.")
        if {**each, **_selectors_of(child)} != child:
            raise _UnfitError("its children differ in more than what they protect")
    protected = {each: (_selectors(it, "local_ts"), _selectors(it, "remote_ts")) for each, it in inner.items()}
    own = _address(connection)
    theirs, names = _places(connection)
    anybody = "id" not in remote and remote.get("auth") == "psk" and theirs is not None
    ids = (_text(local, "id"), str(theirs) if anybody else _text(remote, "id"))
    found = FoundTunnel(key, mark, name, own, theirs, ids, protected, names)
    if anybody:
        found.any_id = found.own["accept_any_id"] = True
    found.options |= {
        "ike": [_suite(each, ike=True) for each in _words(connection, "proposals")],
        "esp": [_suite(each, ike=False) for each in _words(child, "esp_proposals")],
    }
    for option, place, word in (
        ("dpd_delay", connection, "dpd_delay"), ("ike_rekey", connection, "rekey_time"),
        ("child_rekey", child, "rekey_time"),
    ):  # fmt: skip
        if word in place:
            found.options[option] = seconds(str(place[word]))
    _device(found, child)
    _authenticated(found, local, remote, psk)
    _own(found, connection, child)
    if any(kept.values()):
        found.own["extra"] = {place: lines for place, lines in kept.items() if lines}
    return found


def _kept(section: Section, words: Collection[str], place: Place, path: str) -> list[str]:
    """The options of a section for which there is no word, as lines that are kept as they stand."""
    more = sorted(set(section) - set(words))
    lines = {key: f"{key} = {_written(section[key])}" for key in more if isinstance(section[key], str)}
    _known(section, {*words, *(key for key, line in lines.items() if judge(place, line) is None)}, path)
    return [lines[key] for key in more]


def _written(value: str) -> str:
    return value if re.fullmatch(r"[\w.:/%+-]+", value) else quoted(value)


def _known(section: Section, words: Collection[str], path: str) -> None:
    if more := sorted(set(section) - set(words)):
        raise _UnfitError(f"the inventory has no word for {path}{more[0]}")


def _text(section: Section, key: str) -> str:
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise _UnfitError(f"it says no {key}")
    return value


def _words(section: Section, key: str) -> list[str]:
    return [word for word in _text(section, key).split(",") if word]


def _address(connection: Section) -> IPAddress | None:
    """Its own address; None where charon takes whichever it has."""
    if "local_addrs" not in connection:
        return None
    text = _text(connection, "local_addrs")
    try:
        return ip_address(text)
    except ValueError:
        raise _UnfitError(f"local_addrs is {text}, and no single address") from None


def _places(connection: Section) -> tuple[IPAddress | None, tuple[str, ...]]:
    """Where the other end is: its one address, or else what it has one of."""
    if "remote_addrs" not in connection:
        return None, ()
    words = _words(connection, "remote_addrs")
    try:
        found = place_of([str(word) for word in words])
    except ValueError as error:
        raise _UnfitError(f"remote_addrs is {','.join(words)}: {error}") from None
    if isinstance(found, tuple) and found != tuple(words):
        raise _UnfitError(f"remote_addrs is {','.join(words)}, which Routebook would write as {','.join(found)}")
    return (None, found) if isinstance(found, tuple) else (found, ())


def _selectors(child: Section, key: str) -> tuple[str, ...]:
    found = []
    for word in _words(child, key):
        try:
            found.append(str(ip_network(word)))
        except ValueError:
            raise _UnfitError(f"{key} has {word}, which is no prefix alone") from None
    return tuple(found)


def _selectors_of(child: Section) -> Section:
    return {key: child[key] for key in ("local_ts", "remote_ts") if key in child}


def _suite(text: str, *, ike: bool) -> dict[str, str]:
    words = text.split("-")
    suite = {"encryption": words[0]}
    for word in words[1:]:
        part = "dh_group" if _GROUP.fullmatch(word) else "prf" if word.startswith("prf") else "integrity"
        if part in suite:
            raise _UnfitError(f"the proposal {text} has several of one kind")
        suite[part] = word
    if "dh_group" not in suite:
        raise _UnfitError(f"the proposal {text} has no DH group")
    order = ("encryption", "integrity", "prf", "dh_group") if ike else ("encryption", "integrity", "dh_group", "prf")
    return {part: suite[part] for part in order if part in suite}


def _device(found: FoundTunnel, child: Section) -> None:
    for device, word in (("vti", "mark"), ("xfrm", "if_id")):
        both = [child.get(f"{word}_{way}") for way in ("in", "out")]
        if both == [None, None]:
            continue
        if both[0] != both[1] or not str(both[0]).isdigit():
            raise _UnfitError(f"its {word}_in and {word}_out are not one number")
        if list(found.children.items()) != [(found.name, (_ANY, _ANY))]:
            raise _UnfitError(f"it has a {word}, and protects not anything to anything (0.0.0.0/0,::/0)")
        found.options |= {"mode": "route", "device": device, "key": int(str(both[0]))}


def _authenticated(found: FoundTunnel, local: Section, remote: Section, psk: Collection[bytes]) -> None:
    if (local.get("auth"), remote.get("auth")) == ("psk", "psk"):
        if len(psk) != 1:
            raise _UnfitError(f"it takes one of {len(psk)} keys" if psk else "there is no key for it")
        try:
            found.psk = next(iter(psk)).decode()
        except UnicodeDecodeError:
            raise _UnfitError("its key is no text") from None
        if not found.psk.isprintable() or found.psk != found.psk.strip():
            raise _UnfitError("its key has blanks around it or characters that cannot be printed")
    elif (local.get("auth"), remote.get("auth")) == ("pubkey", "pubkey") and "certs" in local:
        found.options["auth"] = "certificate"
        found.own["certificate"] = local["certs"]
        if "cacerts" in remote:
            found.own["ca"] = remote["cacerts"]
    else:
        raise _UnfitError("its ends authenticate neither both by a key nor both by certificates")


def _own(found: FoundTunnel, connection: Section, child: Section) -> None:
    """What this end alone says; that is written where it is not what Routebook writes by itself."""
    own: dict[str, Any] = found.own
    found.usual = (STARTS, ANSWERS)
    own |= {word: child.get(word, ANSWERS[word]) for word in ("start_action", "close_action", "dpd_action")}
    found.starts = "start" in str(own["start_action"])
    own["keyingtries"] = int(str(connection.get("keyingtries", ANSWERS["keyingtries"])))
    if connection.get("mobike") != "no":
        own["mobike"] = True
    if connection.get("encap") == "yes":
        own["encap"] = True
    if "version" not in connection:
        own["accept_ikev1"] = True
    if "reauth_time" in connection:
        own["reauth_time"] = seconds(str(connection["reauth_time"]))
    if "updown" in child:
        own["updown"] = child["updown"]
