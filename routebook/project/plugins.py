"""A host's login as Nornir's connection plugins of others spell it, from what the inventory says of `napalm`.

A login is written once. What the inventory says under a plugin's own name stands above what follows from it here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from routebook.intent.platform import Platform

Spelled = tuple[str | None, dict[str, Any]]
"""The plugin's word for the platform, and its extras."""


def netmiko(known: Platform | None, extras: Mapping[str, Any]) -> Spelled:
    """As nornir-netmiko has it. Host keys are checked, as everywhere."""
    login = extras.get("optional_args") or {}
    spelled: dict[str, Any] = {
        **(known.netmiko_extras if known else {}),
        "ssh_strict": True,
        "system_host_keys": True,
        "use_keys": True,
        "allow_agent": "key_file" not in login,
        **{name: login[name] for name in ("key_file", "passphrase", "ssh_config_file") if name in login},
    }
    if "known_hosts_file" in login:
        spelled |= {"alt_host_keys": True, "alt_key_file": login["known_hosts_file"]}
    if secret := login.get("enable_password") or login.get("secret"):
        spelled["secret"] = secret
    if "timeout" in extras:
        spelled["conn_timeout"] = extras["timeout"]
    return known.netmiko if known else None, spelled


def scrapli(known: Platform | None, extras: Mapping[str, Any]) -> Spelled:
    """As nornir-scrapli has it. Host keys are checked, as everywhere."""
    login = extras.get("optional_args") or {}
    names = {
        "key_file": "auth_private_key",
        "passphrase": "auth_private_key_passphrase",
        "known_hosts_file": "ssh_known_hosts_file",
        "ssh_config_file": "ssh_config_file",
        "enable_password": "auth_secondary",
    }
    spelled: dict[str, Any] = {
        "auth_strict_key": True,
        **{own: login[name] for name, own in names.items() if name in login},
    }
    if "timeout" in extras:
        spelled["timeout_socket"] = extras["timeout"]
    return known.scrapli if known else None, spelled


SPELLINGS: Mapping[str, Callable[[Platform | None, Mapping[str, Any]], Spelled]] = {
    "netmiko": netmiko,
    "scrapli": scrapli,
}
