"""Reads a `router bgp` of an ASA into the inventory's words: its neighbors, and what it originates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from routebook.device.naming import is_address
from routebook.importing.found import NO_ROUTER_ID, FoundHost, FoundSession
from routebook.intent.model import Family, IPAddress, IPInterface
from routebook.intent.problem import Mark
from routebook.platforms.asa.config.contexts import context_of
from routebook.platforms.asa.config.redaction import MASKED
from routebook.platforms.asa.config.shared_router import name_of
from routebook.platforms.asa.imported_policy import NO_WORD

_FAMILIES: dict[str, Family] = {
    "address-family ipv4 unicast": "ipv4-unicast",
    "address-family ipv6 unicast": "ipv6-unicast",
}
_Put = Callable[[FoundSession, dict[str, Any], re.Match[str]], None]
"""Puts what a line says into the session, or among the options of its family."""


def _shared(option: str, value: Callable[[re.Match[str]], Any]) -> _Put:
    return lambda session, _, found: session.shared.update({option: value(found)})


def _own(option: str, value: Callable[[re.Match[str]], Any] = lambda _: True) -> _Put:
    return lambda session, _, found: session.own.update({option: value(found)})


def _in_family(option: str, value: Callable[[re.Match[str]], Any], kind: str = "") -> _Put:
    def put(session: FoundSession, options: dict[str, Any], found: re.Match[str]) -> None:
        options[option] = value(found)
        if kind and found[1]:
            session.uses.add((kind, found[1]))

    return put


def _nothing(session: FoundSession, options: dict[str, Any], found: re.Match[str]) -> None:
    """Take a line that says what holds anyway."""
    del session, options, found


def _first(found: re.Match[str]) -> str:
    return found[1]


def _number(found: re.Match[str]) -> int:
    return int(found[1])


def _timers(session: FoundSession, _: dict[str, Any], found: re.Match[str]) -> None:
    session.shared |= {"keepalive": int(found[1]), "hold_time": int(found[2])}


def _sent(session: FoundSession, options: dict[str, Any], found: re.Match[str]) -> None:
    del session
    kinds = {"both": ["standard", "extended"], "extended": ["extended"]}
    options["send_community"] = kinds.get(found[1] or "standard")


def _limit(session: FoundSession, options: dict[str, Any], found: re.Match[str]) -> None:
    del session
    options["max_prefix"] = int(found[1])
    if found[2] and found[2] != "75":
        options["max_prefix_threshold"] = int(found[2])
    if found[3]:
        options["max_prefix_warning_only"] = True
    if found[4]:
        options["max_prefix_restart"] = int(found[4])


def _local_as(session: FoundSession, _: dict[str, Any], found: re.Match[str]) -> None:
    session.own["local_as"] = int(found[1])
    if found[2]:
        session.own["local_as_no_prepend"] = True
    if found[3]:
        session.own["local_as_replace_as"] = True


# A neighbor's lines in a family, without `neighbor X`.
_LINES: tuple[tuple[re.Pattern[str], _Put], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"remote-as (\d+)", lambda session, _, found: setattr(session, "remote_as", int(found[1]))),
        (r"description (.+)", lambda session, _, found: setattr(session, "description", found[1].strip())),
        (r"password (\S+)", lambda session, _, found: setattr(session, "password", found[1])),
        (r"transport connection-mode passive", _own("passive")),
        (r"transport path-mtu-discovery disable|version 4|weight 0", _nothing),
        (r"ttl-security hops (\d+)", _shared("ttl_security", _number)),
        (r"ebgp-multihop(?: (\d+))?", _shared("multihop", lambda found: int(found[1] or 255))),
        (r"disable-connected-check", _own("disable_connected_check")),
        (r"local-as (\d+)( no-prepend)?( replace-as)?", _local_as),
        (r"fall-over bfd", _shared("bfd", lambda _: True)),
        (r"timers (\d+) (\d+)(?: 0)?", _timers),
        (r"shutdown", _own("shutdown")),
        (r"send-community(?: (standard|both|extended))?", _sent),
        (r"advertisement-interval (\d+)", _own("advertisement_interval", _number)),
        (r"next-hop-self", _in_family("next_hop_self", lambda _: True)),
        (r"soft-reconfiguration inbound", _in_family("soft_reconfiguration", lambda _: True)),
        (r"default-originate(?: route-map (\S+))?",
         _in_family("default_originate", lambda found: found[1] or True, "route_maps")),
        (r"remove-private-as", _in_family("remove_private_as", lambda _: True)),
        (r"weight (\d+)", _in_family("weight", _number)),
        (r"maximum-prefix (\d+)(?: (\d+))?( warning-only)?(?: restart (\d+))?", _limit),
        (r"filter-list (\d+) in", _in_family("as_path_list_in", _first, "as_path_lists")),
        (r"filter-list (\d+) out", _in_family("as_path_list_out", _first, "as_path_lists")),
        (r"prefix-list (\S+) in", _in_family("prefix_list_in", _first, "prefix_lists")),
        (r"prefix-list (\S+) out", _in_family("prefix_list_out", _first, "prefix_lists")),
        (r"route-map (\S+) in", _in_family("import", _first, "route_maps")),
        (r"route-map (\S+) out", _in_family("export", _first, "route_maps")),
    )
)  # fmt: skip
_FLAGS = ("next_hop_self", "soft_reconfiguration")
_NETWORK = re.compile(r"network (?P<prefix>\S+)(?: mask (?P<mask>\S+))?")
_REDISTRIBUTE = re.compile(
    r"redistribute (?P<source>connected|static)(?: metric (?P<metric>\d+))?(?: route-map (?P<map>\S+))?"
)


@dataclass(slots=True)
class Router:
    """One `router bgp`, line by line; `named` has the addresses of interfaces by their `nameif`."""

    host: FoundHost
    line: str
    named: Mapping[str, list[IPInterface]]
    sessions: dict[str, FoundSession] = field(default_factory=dict)
    _active: dict[str, set[Family]] = field(default_factory=dict)

    def take(self, line: str, family_line: str, mark: Mark) -> tuple[str, str]:
        """Take a line. The key of the object that it is of, and why the inventory has no word for it, or nothing."""
        family = _FAMILIES.get(family_line)
        if not family_line:
            return (self.line, "") if line in _FAMILIES else self._of_router(line)
        if family is None:
            return f"{self.line} / {family_line}", NO_WORD
        if line in context_of(family_line).implied:
            return self.line, ""
        key = name_of(line, family_line)
        words = line.split()
        if words[0] == "neighbor" and len(words) > 2:
            return key, self._of_neighbor(words[1], " ".join(words[2:]), family, mark)
        if found := _NETWORK.fullmatch(line):
            return key, self._network(found, key)
        if found := _REDISTRIBUTE.fullmatch(line):
            said: dict[str, Any] = {"key": key, "from": found["source"], "families": [family]}
            said |= {"metric": int(found["metric"])} if found["metric"] else {}
            self.host.redistribute.append(said | ({"route_map": found["map"]} if found["map"] else {}))
            self.host.names[key] = (f"redistribute {found['source']}",)
            return key, ""
        return f"{self.line} / {key}", NO_WORD

    def _of_router(self, line: str) -> tuple[str, str]:
        key = f"{self.line} / {name_of(line)}"
        words = line.split()
        if words[:2] == ["bgp", "router-id"] and len(words) == 3 and is_address(words[2]):
            self.host.router_id = words[2]
        elif line != "bgp log-neighbor-changes":
            return key, NO_WORD
        self.host.names[key] = (name_of(line),)
        self.host.options.append(key)
        return key, ""

    def _network(self, found: re.Match[str], key: str) -> str:
        prefix = found["prefix"]
        if found["mask"]:
            prefix = f"{prefix}/{found['mask']}"
        elif "/" not in prefix and is_address(prefix):
            first = int(prefix.partition(".")[0])
            prefix = f"{prefix}/{8 if first < 128 else 16 if first < 192 else 24}"
        try:
            self.host.networks[ip_network(prefix)] = key
        except ValueError:
            return NO_WORD
        self.host.names[key] = (key.rpartition(" / ")[2],)
        return ""

    def _of_neighbor(self, name: str, rest: str, family: Family, mark: Mark) -> str:
        if not is_address(name):
            return "a neighbor is known by its address in the inventory"
        session = self.sessions.setdefault(name, FoundSession(f"neighbor {name}", mark, ip_address(name), 0))
        if rest == "activate":
            self._active.setdefault(name, set()).add(family)
            return ""
        if rest.startswith("update-source "):
            return self._source(session, rest.split()[1])
        options = session.families.setdefault(family, {})
        if rest.startswith("password ") and MASKED.fullmatch(rest.split()[-1]):
            session.password = STANDS_FOR_MASKED
            return ""
        for pattern, put in _LINES:
            if found := pattern.fullmatch(rest):
                put(session, options, found)
                return ""
        return NO_WORD

    def _source(self, session: FoundSession, nameif: str) -> str:
        own: list[IPAddress] = [a.ip for a in self.named.get(nameif, ()) if a.version == session.remote.version]
        if len(own) != 1:
            return f"{nameif} has no address of its own in this file, or several"
        session.local = own[0]
        return ""

    def finish(self) -> None:
        """Give the host its sessions, each with the families that it carries."""
        self.host.router_id = self.host.router_id or NO_ROUTER_ID
        for name, session in self.sessions.items():
            carried = self._active.get(name, set())
            if silent := sorted(session.families.keys() - carried):
                self._bad(session, f"it has settings for {silent[0]}, which it does not carry")
            session.families = {family: session.families.get(family, {}) for family in sorted(carried)}
            if session.remote_as == 0:
                self._bad(session, "it has no remote-as")
            for options in session.families.values():
                options.setdefault("send_community", "none")
                if options["send_community"] is None:
                    del options["send_community"]
            for flag in _FLAGS:
                said = [options.pop(flag, False) for options in session.families.values()]
                if len(set(said)) > 1:
                    self._bad(session, f"its families differ in {flag}")
                elif any(said):
                    session.own[flag] = said[0]
            self.host.names[session.key] = (session.key,)
            self.host.sessions.append(session)

    def _bad(self, session: FoundSession, why: str) -> None:
        self.host.bad.setdefault(session.key, f"{session.mark}: {why}")


STANDS_FOR_MASKED = "masked"
"""What is compared in a masked secret's place where secrets are left out."""
