"""Reads a `router bgp` of FRR into the inventory's words: its neighbors, what it originates, its own settings."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from routebook.device.naming import is_address
from routebook.importing.found import FoundHost, FoundSession
from routebook.intent.model import Family
from routebook.intent.problem import Mark
from routebook.platforms.frr.meaning import default_families
from routebook.platforms.frr.settings import setting

_FAMILIES: dict[str, Family] = {
    "address-family ipv4 unicast": "ipv4-unicast",
    "address-family ipv6 unicast": "ipv6-unicast",
}
_NO_WORD = "the inventory has no word for this"
_FLAGS = {
    "addpath-tx-all-paths": "addpath_tx_all",
    "route-reflector-client": "route_reflector_client",
    "next-hop-self": "next_hop_self",
    "soft-reconfiguration inbound": "soft_reconfiguration",
}
_POLICY = re.compile(r"(?P<option>prefix-list|route-map) (?P<name>\S+) (?P<way>in|out)")
_OPTIONS = {
    ("prefix-list", "in"): ("prefix_list_in", "prefix_lists"),
    ("prefix-list", "out"): ("prefix_list_out", "prefix_lists"),
    ("route-map", "in"): ("import", "route_maps"),
    ("route-map", "out"): ("export", "route_maps"),
}
_REDISTRIBUTE = re.compile(r"redistribute (?P<source>connected|static)(?P<rest>(?: (?:metric \d+|route-map \S+))*)")

_Set = Callable[[FoundSession, re.Match[str]], None]


def _shared(option: str, value: Callable[[re.Match[str]], Any]) -> _Set:
    def put(session: FoundSession, found: re.Match[str]) -> None:
        session.shared[option] = value(found)

    return put


def _own(option: str) -> _Set:
    def put(session: FoundSession, _: re.Match[str]) -> None:
        session.own[option] = True

    return put


def _profile(session: FoundSession, found: re.Match[str]) -> None:
    session.shared["bfd"] = found[1]
    session.uses.add(("bfd_profiles", found[1]))


def _timers(session: FoundSession, found: re.Match[str]) -> None:
    session.shared |= {"keepalive": int(found[1]), "hold_time": int(found[2])}


def _number(found: re.Match[str]) -> int:
    return int(found[1])


# A neighbor's own lines, without `neighbor X`.
_LINES: tuple[tuple[re.Pattern[str], _Set], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"remote-as (\d+)", lambda session, found: setattr(session, "remote_as", int(found[1]))),
        (r"description (.+)", lambda session, found: setattr(session, "description", found[1])),
        (r"password (.+)", lambda session, found: setattr(session, "password", found[1])),
        (r"update-source ([0-9a-fA-F:.]+)", lambda session, found: setattr(session, "local", ip_address(found[1]))),
        (r"shutdown", _own("shutdown")),
        (r"passive", _own("passive")),
        (r"bfd", lambda session, _: session.shared.setdefault("bfd", True)),
        (r"bfd profile (\S+)", _profile),
        (r"ebgp-multihop (\d+)", _shared("multihop", _number)),
        (r"ttl-security hops (\d+)", _shared("ttl_security", _number)),
        (r"timers (\d+) (\d+)", _timers),
        (r"timers connect (\d+)", _shared("connect_retry", _number)),
    )
)


@dataclass(slots=True)
class Router:
    """One `router bgp`, line by line."""

    host: FoundHost
    line: str
    sessions: dict[str, FoundSession] = field(default_factory=dict)
    _active: dict[Family, dict[str, bool]] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)  # of no family
    _in_family: dict[str, set[Family]] = field(default_factory=dict)

    def take(self, line: str, path: tuple[str, ...], mark: Mark) -> tuple[str, str]:
        """Take a line. The key of the object that it is of, and why the inventory has no word for it, or nothing."""
        if len(path) > 1:
            return self._of_family(line, path[1], mark)
        self._lines.append(line)
        words = line.split()
        if line in _FAMILIES:
            return self.line, ""
        if words[0] == "neighbor" and len(words) > 2:
            return f"neighbor {words[1]}", self._of_neighbor(words[1], " ".join(words[2:]), mark)
        if words[:2] == ["bgp", "router-id"] and len(words) == 3:
            self.host.router_id = words[2]
        elif line == "bgp graceful-shutdown":
            self.host.graceful_shutdown = True
        elif line not in ("no bgp default ipv4-unicast", "no bgp network import-check"):
            return f"{self.line} / {line}", _NO_WORD
        self.host.names[f"{self.line} / {line}"] = (setting(line),)
        self.host.options.append(f"{self.line} / {line}")
        return f"{self.line} / {line}", ""

    def _session(self, name: str, mark: Mark) -> FoundSession | None:
        if name not in self.sessions and is_address(name):
            self.sessions[name] = FoundSession(f"neighbor {name}", mark, ip_address(name), 0)
        return self.sessions.get(name)

    def _of_neighbor(self, name: str, rest: str, mark: Mark) -> str:
        session = self._session(name, mark)
        if session is None:
            return "a neighbor is known by its address in the inventory, and peer-groups are not"
        for pattern, put in _LINES:
            if found := pattern.fullmatch(rest):
                put(session, found)
                return ""
        return _NO_WORD

    def _of_family(self, line: str, context: str, mark: Mark) -> tuple[str, str]:
        family = _FAMILIES.get(context)
        words = line.removeprefix("no ").split()
        if family is None:
            return f"{self.line} / {context}", _NO_WORD
        if words[0] == "neighbor" and len(words) > 2:
            return f"neighbor {words[1]}", self._neighbor_family(words[1], line, family, mark)
        if words[0] == "network" and len(words) == 2 and not line.startswith("no "):
            self.host.networks[ip_network(words[1], strict=False)] = f"network {words[1]}"
            return f"network {words[1]}", ""
        if found := _REDISTRIBUTE.fullmatch(line):
            key = f"redistribute {found['source']} {family}"
            self.host.redistribute.append(_redistributed(key, family, found))
            return key, ""
        return f"{self.line} / {context} / {line}", _NO_WORD

    def _neighbor_family(self, name: str, line: str, family: Family, mark: Mark) -> str:
        session = self._session(name, mark)
        if session is None:
            return "a neighbor is known by its address in the inventory, and peer-groups are not"
        rest = " ".join(line.removeprefix("no ").split()[2:])
        if rest == "activate":
            self._active.setdefault(family, {})[name] = not line.startswith("no ")
            return ""
        if line.startswith("no "):
            return _NO_WORD
        self._in_family.setdefault(name, set()).add(family)
        options = session.families.setdefault(family, {})
        if rest in _FLAGS:
            options[_FLAGS[rest]] = True
        elif found := _POLICY.fullmatch(rest):
            option, kind = _OPTIONS[found["option"], found["way"]]
            options[option] = found["name"]
            session.uses.add((kind, found["name"]))
        elif found := re.fullmatch(r"maximum-prefix (\d+)", rest):
            options["max_prefix"] = int(found[1])
        else:
            return _NO_WORD
        return ""

    def finish(self) -> None:
        """Give the host its sessions, each with the families that it carries."""
        if lacking := self._missing_options():
            keys = [*(session.key for session in self.sessions.values()), *self.host.networks.values()]
            for key in [*self.host.options, *keys, *(each["key"] for each in self.host.redistribute)]:
                self.host.bad.setdefault(key, f"`{self.line}` has no {lacking}, which Routebook would add")
        default = {_FAMILIES[line] for line in default_families(self._lines) if line in _FAMILIES}
        for name, session in self.sessions.items():
            carried = {
                family for family in _FAMILIES.values() if self._active.get(family, {}).get(name, family in default)
            }
            if silent := sorted(self._in_family.get(name, set()) - carried):
                self._bad(session, f"it has settings for {silent[0]}, which it does not carry")
            session.families = {
                family: session.families.get(family, {}) for family in _FAMILIES.values() if family in carried
            }
            if not carried:
                self._bad(session, "it carries neither IPv4 nor IPv6 unicast")
            if session.remote_as == 0:
                self._bad(session, "it has no remote-as")
            if not session.description:
                self._bad(session, "it has no description, and Routebook writes one")
            for flag in _FLAGS.values():
                said = [options.pop(flag, False) for options in session.families.values()]
                if len(set(said)) > 1:
                    self._bad(session, f"its families differ in {flag}")
                elif any(said):
                    session.own[flag] = True
            self.host.sessions.append(session)

    def _missing_options(self) -> str:
        """What Routebook would add to the router itself: then nothing of it is taken over."""
        written = ["no bgp default ipv4-unicast", *(["no bgp network import-check"] if self.host.networks else [])]
        lacking = [line for line in written if line not in self._lines]
        if not self.host.router_id:
            lacking.insert(0, "bgp router-id …")
        return " and ".join(f"`{line}`" for line in lacking)

    def _bad(self, session: FoundSession, why: str) -> None:
        self.host.bad.setdefault(session.key, f"{session.mark}: {why}")


def _redistributed(key: str, family: Family, found: re.Match[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"key": key, "from": found["source"], "families": [family]}
    words = found["rest"].split()
    for option, value in zip(words[::2], words[1::2], strict=True):
        said["metric" if option == "metric" else "route_map"] = int(value) if option == "metric" else value
    return said
