"""Whether two trees of swanctl files mean the same to charon, whatever they are called and however they are written.

Defaults are those of swanctl.conf(5) (src/swanctl/swanctl.opt of strongSwan): an option that says its default says
nothing. A key is the same in base64, in hexadecimal and as text (`secrets` there).
"""

import base64
import binascii
import re
from ipaddress import ip_network
from typing import Any

from routebook.device.naming import is_address
from routebook.platforms.strongswan.keys import keys_of
from routebook.platforms.strongswan.tree import Section, Tree

_DEFAULTS = {
    "keyingtries": "1", "mobike": "yes", "encap": "no", "dpd_delay": "0", "reauth_time": "0", "start_action": "none",
    "close_action": "none", "dpd_action": "clear", "mode": "tunnel", "unique": "no", "fragmentation": "yes",
    "version": "0", "local_addrs": "%any", "remote_addrs": "%any",
    "send_cert": "ifasked", "aggressive": "no", "pull": "yes", "policies": "yes", "ipcomp": "no", "hostaccess": "no",
}  # fmt: skip
_LASTING = re.compile(r".*_time|dpd_(delay|timeout)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_IKE_REKEY, _CHILD_REKEY = 14400, 3600


def same_meaning(one: Tree, other: Tree) -> bool:
    """Whether charon would do the same with both."""
    return (
        {name: meaning(section) for name, section in one.connections.items()}
        == {name: meaning(section) for name, section in other.connections.items()}
        and all(keys(each, one) == keys(other.connections[name], other) for name, each in one.connections.items())
        and one.others == other.others
    )


def keys(connection: Section, tree: Tree) -> frozenset[bytes]:
    """The pre-shared keys that charon would take for a connection, as they are."""
    return frozenset(map(plain_key, keys_of(connection, tree)))


def plain_key(value: str) -> bytes:
    """A key without its encoding."""
    try:
        if value.startswith("0s"):
            return base64.b64decode(value[2:])
        if value.startswith("0x"):
            return bytes.fromhex(value[2:])
    except (ValueError, binascii.Error):
        pass
    return value.encode()


def meaning(connection: Section) -> Section:
    """A connection as charon loads it, and what a child protects by default, `dynamic`, as the outer address.

    It is that where there is no virtual one; charon compares the two as different.
    """
    found = loaded(connection)
    for child in (each for each in found.get("children", {}).values() if isinstance(each, dict)):
        for end in ("local", "remote"):
            address = str(found.get(f"{end}_addrs", ""))
            if is_address(address) and "vips" not in found and child.get(f"{end}_ts", "dynamic") == "dynamic":
                child[f"{end}_ts"] = str(ip_network(address))
    return found


def loaded(connection: Section) -> Section:
    """A connection with its defaults left out, durations in seconds, and sections that are alone without numbers."""
    return _plain(connection, _IKE_REKEY)


def seconds(value: str) -> int | None:
    """How long a duration of swanctl.conf is; None for what is none."""
    found = re.fullmatch(r"(\d+)([smhd]?)", value)
    return int(found[1]) * _SECONDS[found[2]] if found else None


def _plain(section: Section, rekey: int) -> Section:
    found: dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, dict):
            end = re.match(r"local|remote", name)
            alone = end is not None and sum(each.startswith(end[0]) for each in section) == 1 + (
                f"{end[0]}_addrs" in section
            )
            found[end[0] if end is not None and alone else name] = _plain(value, _CHILD_REKEY)
            continue
        lasts = seconds(value) if _LASTING.fullmatch(name) else None
        text = str(lasts) if lasts is not None else ",".join(word.strip() for word in value.split(","))
        usual = lasts == rekey and "reauth_time" not in section  # beside which the default is not to rekey
        if _DEFAULTS.get(name) != text and not (name == "rekey_time" and usual):
            found[name] = text
    return found
