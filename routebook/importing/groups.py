"""The groups of sessions, and the ranges from which sessions are taken, as the inventory says them."""

from collections.abc import Iterable, Mapping
from typing import Any

from routebook.importing.found import FoundGroup, FoundHost
from routebook.importing.names import as_name
from routebook.importing.pairing import Thing, options_of

Things = dict[tuple[str | int, ...], frozenset[Thing]]


def written_groups(
    hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str], things: Things, secrets: dict[str, str]
) -> tuple[dict[str, Any], set[Thing]]:
    """The entries of `peer_groups` and `listen`, and whose they are; passwords are added to `secrets`."""
    found: dict[str, list[dict[str, Any]]] = {"peer_groups": [], "listen": []}
    modelled: set[Thing] = set()
    for host in hosts.values():
        for group in used_groups(host, rejected):
            word = "listen" if group.ranges else "peer_groups"
            things["bgp", word, len(found[word])] = frozenset({(host.name, group.key)})
            modelled.add((host.name, group.key))
            found[word].append({"hosts": host.name, **_entry(host, group, secrets)})
    return {word: entries for word, entries in found.items() if entries}, modelled


def used_groups(host: FoundHost, rejected: Mapping[Thing, str]) -> Iterable[FoundGroup]:
    """The groups of a host that are written: those with members, or with ranges."""
    return [
        group for group in host.groups if (host.name, group.key) not in rejected and (group.members or group.ranges)
    ]


def _entry(host: FoundHost, group: FoundGroup, secrets: dict[str, str]) -> dict[str, Any]:
    session = group.session
    entry: dict[str, Any] = {"name": group.name}
    if group.ranges:
        entry["prefixes"] = [str(each) for each in group.ranges]
    if session.remote_as not in (0, None):
        entry["remote_as"] = session.remote_as
    if session.families:
        entry["families"] = sorted(session.families)
    entry |= session.shared | options_of(session)
    if session.source or session.local is not None:
        entry["update_source"] = session.source or str(session.local)
    if session.description:
        entry["description"] = session.description
    if session.password:
        path = f"secrets/{host.name}-{as_name(group.name) or 'group'}.password"
        secrets[path] = session.password
        entry["password"] = {"file": path}
    return entry
