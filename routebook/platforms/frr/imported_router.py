"""Reads a `router bgp` of FRR into the inventory's words: its neighbors, what it originates, its own settings."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from routebook.device.naming import is_address
from routebook.importing.found import NO_ROUTER_ID, FoundGroup, FoundHost, FoundSession
from routebook.intent.extra import OWN, ExtraRule
from routebook.intent.model import Family
from routebook.intent.problem import Mark
from routebook.platforms.frr.imported_groups import join, unlike_a_group
from routebook.platforms.frr.meaning import default_families
from routebook.platforms.frr.settings import setting

_FAMILIES: dict[str, Family] = {
    "address-family ipv4 unicast": "ipv4-unicast",
    "address-family ipv6 unicast": "ipv6-unicast",
}
_NO_WORD = "the inventory has no word for this"
# Lines of a neighbor in a family, the option that each one is, its value; a policy that it names is of this kind.
_IN_FAMILY: tuple[tuple[re.Pattern[str], str, Callable[[re.Match[str]], Any], str], ...] = tuple(
    (re.compile(pattern), option, value, kind)
    for pattern, option, value, kind in (
        (r"addpath-tx-all-paths", "addpath_tx_all", lambda _: True, ""),
        (r"route-reflector-client", "route_reflector_client", lambda _: True, ""),
        (r"next-hop-self( force)?", "next_hop_self", lambda found: "force" if found[1] else True, ""),
        (r"soft-reconfiguration inbound", "soft_reconfiguration", lambda _: True, ""),
        (r"allowas-in(?: (\d+|origin))?", "allowas_in", lambda found: _count(found[1]), ""),
        (r"as-override", "as_override", lambda _: True, ""),
        (r"route-server-client", "route_server_client", lambda _: True, ""),
        (r"default-originate(?: route-map (\S+))?", "default_originate", lambda found: found[1] or True, "route_maps"),
        (r"remove-private-AS( all)?( replace-AS)?", "remove_private_as", lambda found: _private(found), ""),
        (r"weight (\d+)", "weight", lambda found: int(found[1]), ""),
        (r"maximum-prefix-out (\d+)", "max_prefix_out", lambda found: int(found[1]), ""),
        (r"filter-list (\S+) in", "as_path_list_in", lambda found: found[1], "as_path_lists"),
        (r"filter-list (\S+) out", "as_path_list_out", lambda found: found[1], "as_path_lists"),
        (r"prefix-list (\S+) in", "prefix_list_in", lambda found: found[1], "prefix_lists"),
        (r"prefix-list (\S+) out", "prefix_list_out", lambda found: found[1], "prefix_lists"),
        (r"route-map (\S+) in", "import", lambda found: found[1], "route_maps"),
        (r"route-map (\S+) out", "export", lambda found: found[1], "route_maps"),
    )
)
_MAXIMUM = re.compile(
    r"maximum-prefix (?P<most>\d+)(?: (?P<threshold>\d+))?(?P<warns> warning-only)?(?: restart (?P<restart>\d+))?"
)
_COMMUNITIES = ("standard", "extended", "large")
_FLAGS = ("addpath_tx_all", "route_reflector_client", "next_hop_self", "soft_reconfiguration")
"""Options that the inventory has for all families of a session at once."""

# Options of a router, with and without `no`.
_SWITCHES = {
    "bgp log-neighbor-changes": "log_neighbor_changes",
    "bgp deterministic-med": "deterministic_med",
    "bgp always-compare-med": "always_compare_med",
    "bgp bestpath compare-routerid": "compare_routerid",
    "bgp bestpath as-path multipath-relax": "multipath_relax",
    "bgp ebgp-requires-policy": "ebgp_requires_policy",
}
_OPTIONS = (
    (re.compile(r"bgp default local-preference (\d+)"), "default_local_preference"),
    (re.compile(r"bgp listen limit (\d+)"), "listen_limit"),
    (re.compile(r"bgp cluster-id ([0-9.]+)"), "cluster_id"),
    (re.compile(r"bgp graceful-restart restart-time (\d+)"), "restart_time"),
    (re.compile(r"bgp graceful-restart stalepath-time (\d+)"), "stalepath_time"),
)
_TIMERS = re.compile(r"timers bgp ([1-9]\d*) (\d+)")
_RANGE = re.compile(r"bgp listen range (\S+) peer-group (\S+)")
_PATHS = re.compile(r"maximum-paths (?P<ibgp>ibgp )?(?P<number>\d+)")
_AGGREGATE = re.compile(
    r"aggregate-address (?P<prefix>\S+)(?P<set> as-set)?(?P<only> summary-only)?(?: route-map (?P<map>\S+))?"
)
_REDISTRIBUTE = re.compile(
    r"redistribute (?P<source>connected|static|kernel|ospf|ospf6|isis|rip|ripng)"
    r"(?P<rest>(?: (?:metric \d+|route-map \S+))*)"
)

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


def _count(text: str | None) -> bool | int | str:
    return True if text is None else int(text) if text.isdigit() else text


def _private(found: re.Match[str]) -> bool | str:
    words = [word for word, said in (("all", found[1]), ("replace", found[2])) if said]
    return "-".join(words) or True


def _by_word(session: FoundSession, word: str) -> None:
    session.as_word = session.own["remote_as"] = word
    session.remote_as = None


def _local_as(session: FoundSession, found: re.Match[str]) -> None:
    session.own["local_as"] = int(found[1])
    if found[2]:
        session.own["local_as_no_prepend"] = True
    if found[3]:
        session.own["local_as_replace_as"] = True


def _valued(option: str, value: Callable[[re.Match[str]], Any]) -> _Set:
    def put(session: FoundSession, found: re.Match[str]) -> None:
        session.own[option] = value(found)

    return put


def _number(found: re.Match[str]) -> int:
    return int(found[1])


# A neighbor's own lines, without `neighbor X`.
_LINES: tuple[tuple[re.Pattern[str], _Set], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"remote-as (\d+)", lambda session, found: setattr(session, "remote_as", int(found[1]))),
        (r"remote-as (internal|external|auto)", lambda session, found: _by_word(session, found[1])),
        (r"description (.+)", lambda session, found: setattr(session, "description", found[1])),
        (r"password (.+)", lambda session, found: setattr(session, "password", found[1])),
        (r"update-source ([0-9a-fA-F:.]+)", lambda session, found: setattr(session, "local", ip_address(found[1]))),
        (r"update-source ([^\s:]*[^\s:.0-9][^\s:]*)", lambda session, found: setattr(session, "source", found[1])),
        (r"shutdown", _own("shutdown")),
        (r"passive", _own("passive")),
        (r"bfd", lambda session, _: session.shared.setdefault("bfd", True)),
        (r"bfd profile (\S+)", _profile),
        (r"ebgp-multihop (\d+)", _shared("multihop", _number)),
        (r"ttl-security hops (\d+)", _shared("ttl_security", _number)),
        (r"timers (\d+) (\d+)", _timers),
        (r"timers connect (\d+)", _shared("connect_retry", _number)),
        (r"local-as (\d+)( no-prepend)?( replace-as)?", _local_as),
        (r"disable-connected-check", _own("disable_connected_check")),
        (r"capability extended-nexthop", _own("extended_nexthop")),
        (r"graceful-restart", _valued("graceful_restart", lambda _: True)),
        (r"graceful-restart-helper", _valued("graceful_restart", lambda _: "helper")),
        (r"graceful-restart-disable", _valued("graceful_restart", lambda _: False)),
        (r"advertisement-interval (\d+)", _valued("advertisement_interval", _number)),
    )
)


@dataclass(slots=True)
class Router:
    """One `router bgp`, line by line."""

    host: FoundHost
    line: str
    sessions: dict[str, FoundSession] = field(default_factory=dict)
    groups: dict[str, FoundGroup] = field(default_factory=dict)
    _member_of: dict[str, str] = field(default_factory=dict)
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
        if words[:2] == ["no", "neighbor"] and len(words) > 3:
            return f"neighbor {words[2]}", _NO_WORD
        if found := _RANGE.fullmatch(line):
            self._group(found[2], mark).ranges.append(ip_network(found[1], strict=False))
            return f"neighbor {found[2]}", ""
        if words[0] == "neighbor" and words[2:] == ["peer-group"]:
            self._group(words[1], mark)
            return f"neighbor {words[1]}", ""
        if words[0] == "neighbor" and len(words) > 2:
            return f"neighbor {words[1]}", self._of_neighbor(words[1], " ".join(words[2:]), mark)
        if words[:2] == ["bgp", "router-id"] and len(words) == 3:
            self.host.router_id = words[2]
        elif line == "bgp graceful-shutdown":
            self.host.graceful_shutdown = True
        elif found := _TIMERS.fullmatch(line):
            timers = {"keepalive": int(found[1]), "hold_time": int(found[2])}
            self.host.speaker[f"{self.line} / {line}"] = "", timers
        elif option := _option(line):
            self.host.speaker[f"{self.line} / {line}"] = option
        elif line not in ("no bgp default ipv4-unicast", "no bgp network import-check"):
            return f"{self.line} / {line}", _NO_WORD
        self.host.names[f"{self.line} / {line}"] = (setting(line),)
        self.host.options.append(f"{self.line} / {line}")
        return f"{self.line} / {line}", ""

    def keep(self, line: str, path: tuple[str, ...], key: str, judge: ExtraRule) -> bool:
        """Keep a line as it stands where it can be: of a neighbor, or of the router or one of its families itself."""
        family = _FAMILIES.get(path[1]) if len(path) > 1 else None
        if len(path) > 1 and family is None:
            return False
        positive = line.removeprefix("no ")
        place = family or OWN
        if not positive.startswith("neighbor "):
            if judge("family" if family else "router", line) is not None:
                return False
            self.host.speaker[key] = ("extra", {place: [line]})
            self.host.options.append(key)
            self.host.names[key] = (setting(line),)
            return True
        _, name, rest = positive.split(" ", 2)
        text = rest if positive == line else f"no {rest}"
        session = self.sessions.get(name)
        if session is None or judge("neighbor family" if family else "neighbor", text) is not None:
            return False
        if family:
            self._in_family.setdefault(name, set()).add(family)
        session.own.setdefault("extra", {}).setdefault(place, []).append(text)
        return True

    def _session(self, name: str, mark: Mark) -> FoundSession | None:
        if name not in self.sessions and is_address(name):
            self.sessions[name] = FoundSession(f"neighbor {name}", mark, ip_address(name), 0)
        return self.groups[name].session if name in self.groups else self.sessions.get(name)

    def _group(self, name: str, mark: Mark) -> FoundGroup:
        key = f"neighbor {name}"
        session = FoundSession(key, mark, ip_address("0.0.0.0"), 0)
        return self.groups.setdefault(name, FoundGroup(key, name, mark, session))

    def _of_neighbor(self, name: str, rest: str, mark: Mark) -> str:
        session = self._session(name, mark)
        if session is None:
            return "a neighbor is known by its address in the inventory"
        words = rest.split()
        if words[0] == "peer-group" and len(words) == 2 and name not in self.groups:
            self._member_of[name] = words[1]
            return ""
        for pattern, put in _LINES:
            if found := pattern.fullmatch(rest):
                put(session, found)
                return ""
        return _NO_WORD

    def _of_family(self, line: str, context: str, mark: Mark) -> tuple[str, str]:
        family = _FAMILIES.get(context)
        words = line.removeprefix("no ").split()
        if words[0] == "neighbor" and len(words) > 2 and family is None:
            return f"neighbor {words[1]}", f"it carries {context.removeprefix('address-family ')}, {_NO_WORD}"
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
        if found := _AGGREGATE.fullmatch(line):
            key = f"aggregate-address {found['prefix']}"
            self.host.aggregates.append(_aggregate(key, found))
            return key, ""
        if found := _PATHS.fullmatch(line):
            option = "maximum_paths_ibgp" if found["ibgp"] else "maximum_paths"
            key = f"{self.line} / {context} / {line}"
            self.host.speaker[key] = (option, {family: int(found["number"])})
            self.host.options.append(key)
            self.host.names[key] = (setting(line),)
            return key, ""
        return f"{self.line} / {context} / {line}", _NO_WORD

    def _neighbor_family(self, name: str, line: str, family: Family, mark: Mark) -> str:
        session = self._session(name, mark)
        if session is None:
            return "a neighbor is known by its address in the inventory"
        rest = " ".join(line.removeprefix("no ").split()[2:])
        if rest == "activate":
            self._active.setdefault(family, {})[name] = not line.startswith("no ")
            return ""
        options = session.families.setdefault(family, {})
        self._in_family.setdefault(name, set()).add(family)
        if line.startswith("no "):
            return _withheld(options, rest)
        if rest == "attribute-unchanged next-hop":  # which FRR adds to a route server's client
            return "" if options.get("route_server_client") else _NO_WORD
        if found := _MAXIMUM.fullmatch(rest):
            return _limited(options, found)
        for pattern, option, value, kind in _IN_FAMILY:
            if found := pattern.fullmatch(rest):
                options[option] = value(found)
                if kind and found[1]:
                    session.uses.add((kind, found[1]))
                return ""
        return _NO_WORD

    def finish(self) -> None:
        """Give the host its sessions, each with the families that it carries."""
        if self.host.networks and "no bgp network import-check" not in self._lines:
            self.host.speaker[self.line] = ("network_import_check", True)
        if "no bgp default ipv4-unicast" not in self._lines:
            self.host.speaker[f"{self.line} / activity"] = ("default_ipv4_unicast", True)
        self.host.router_id = self.host.router_id or NO_ROUTER_ID
        default = {_FAMILIES[line] for line in default_families(self._lines) if line in _FAMILIES}
        for name, group in self.groups.items():
            self._carry(name, group.session, default)
            self.host.groups.append(group)
        for name, session in self.sessions.items():
            its = self.groups.get(self._member_of.get(name, ""))
            if name in self._member_of and its is None:
                self._bad(session, f"its peer-group {self._member_of[name]} is nowhere")
            self._carry(name, session, default if its is None else set(its.session.families))
            for why in join(session, its) if its is not None else ():
                self._bad(session, why)
            if not session.families:
                self._bad(session, "it carries neither IPv4 nor IPv6 unicast")
            if session.remote_as == 0:
                self._bad(session, "it has no remote-as")
            self.host.sessions.append(session)
        for group in self.groups.values():
            for why in unlike_a_group(group):
                self._bad(group.session, why)
            self.host.together.append(frozenset({group.key, *group.members}))

    def _carry(self, name: str, session: FoundSession, default: set[Family]) -> None:
        """Give a session the families that it carries, and what it says in all of them at once."""
        carried = {family for family in _FAMILIES.values() if self._active.get(family, {}).get(name, family in default)}
        if silent := sorted(self._in_family.get(name, set()) - carried):
            self._bad(session, f"it has settings for {silent[0]}, which it does not carry")
        session.families = {
            family: session.families.get(family, {}) for family in _FAMILIES.values() if family in carried
        }
        for flag in _FLAGS:
            said = [options.pop(flag, False) for options in session.families.values()]
            if len(set(said)) > 1:
                self._bad(session, f"its families differ in {flag}")
            elif any(said):
                session.own[flag] = said[0]

    def _bad(self, session: FoundSession, why: str) -> None:
        self.host.bad.setdefault(session.key, f"{session.mark}: {why}")


def _option(line: str) -> tuple[str, Any] | None:
    """The option of a router that a line is, and its value."""
    positive = line.removeprefix("no ")
    if positive in _SWITCHES:
        return _SWITCHES[positive], positive == line
    if line in ("bgp graceful-restart", "bgp graceful-restart-disable"):
        return "graceful_restart", line == "bgp graceful-restart"
    for pattern, option in _OPTIONS:
        if found := pattern.fullmatch(line):
            return option, int(found[1]) if found[1].isdigit() else found[1]
    return None


def _withheld(options: dict[str, Any], rest: str) -> str:
    """Take a kind of communities away from what is sent."""
    words = rest.split()
    if words[0] != "send-community" or len(words) > 2:
        return _NO_WORD
    kind = words[1] if len(words) > 1 else "standard"
    sent = options.get("send_community", list(_COMMUNITIES))
    left = [each for each in sent if kind != "all" and each != kind] if isinstance(sent, list) else []
    options["send_community"] = left or "none"
    return ""


def _limited(options: dict[str, Any], found: re.Match[str]) -> str:
    options["max_prefix"] = int(found["most"])
    if found["threshold"]:
        options["max_prefix_threshold"] = int(found["threshold"])
    if found["warns"]:
        options["max_prefix_warning_only"] = True
    if found["restart"]:
        options["max_prefix_restart"] = int(found["restart"])
    return ""


def _aggregate(key: str, found: re.Match[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"key": key, "prefixes": [found["prefix"]]}
    if found["only"]:
        said["summary_only"] = True
    if found["set"]:
        said["as_set"] = True
    if found["map"]:
        said["route_map"] = found["map"]
    return said


def _redistributed(key: str, family: Family, found: re.Match[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"key": key, "from": found["source"], "families": [family]}
    words = found["rest"].split()
    for option, value in zip(words[::2], words[1::2], strict=True):
        said["metric" if option == "metric" else "route_map"] = int(value) if option == "metric" else value
    return said
