"""Reads what FRR's package has of BGP in config.xml into the inventory's words: sessions, policies, networks.

Lists and route maps are read as the lines that the package makes of them (frr_zebra.inc of net/pfSense-pkg-frr).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from routebook.device.naming import is_address
from routebook.importing.found import NO_ROUTER_ID, BadInputError, FoundHost, FoundSession
from routebook.intent.model import Family
from routebook.intent.problem import Mark
from routebook.platforms.frr.imported_policy import Policies
from routebook.platforms.frr.meaning import without_any
from routebook.platforms.pfsense.manifest import adopted_as
from routebook.platforms.pfsense.meaning import (
    AS_PATH_LISTS,
    COMMUNITY_LISTS,
    NEIGHBORS,
    NETWORKS,
    PREFIX_LISTS,
    ROUTE_MAPS,
    Meaning,
    meaning,
    network,
    prefix_rules,
    rows,
)
from routebook.platforms.pfsense.ownership import LISTS, Path
from routebook.platforms.pfsense.tree import Element, Lines

SETTINGS = "bgp"
"""The key of the settings that there are once only."""

_NO_WORD = "the inventory has no word for this on a pfSense"
_SPEAKER: Path = ("installedpackages", "frrbgp", "config")
_SET = ("enable", "asnum", "routerid", "nodefipv4unicast")
_MASKED = re.compile(r"(\*{3,}|x{5,}|<?(secret|redacted|removed)>?|&lt;.*&gt;)", re.IGNORECASE)
_FAMILIES: Mapping[int, Family] = {4: "ipv4-unicast", 6: "ipv6-unicast"}

_Take = Callable[[FoundSession, str], None]


def _option(option: str, value: Callable[[str], Any] = int) -> _Take:
    def take(session: FoundSession, text: str) -> None:
        session.shared[option] = value(text)

    return take


def _own(option: str) -> _Take:
    def take(session: FoundSession, _: str) -> None:
        session.own[option] = True

    return take


def _in_family(option: str, value: Callable[[str], Any] = str, kind: str = "") -> _Take:
    def take(session: FoundSession, text: str) -> None:
        for options in session.families.values():
            options[option] = value(text)
        if kind:
            session.uses.add((kind, text))

    return take


def _nothing(session: FoundSession, text: str) -> None:
    del session, text


# Fields of a neighbor, with the values that there is a word for.
_FIELDS: Mapping[str, tuple[str, _Take]] = {
    "peer": (r".*", _nothing),
    "asnum": (r"\d+", lambda session, text: setattr(session, "remote_as", int(text))),
    "password_type": (r"both-bidir", _nothing),
    "password": (r".+", lambda session, text: setattr(session, "password", text)),
    "timers_keepalive": (r"\d+", _option("keepalive")),
    "timers_holdtime": (r"\d+", _option("hold_time")),
    "timers_connect": (r"\d+", _option("connect_retry")),
    "ttlsecurityhops": (r"\d+", _option("ttl_security")),
    "ebgpmultihop": (r"\d+", _option("multihop")),
    "passive": (r"on", _own("passive")),
    "shutdown": (r"on", _own("shutdown")),
    "nexthopself": (r"enabled", _own("next_hop_self")),
    "softreconfigurationinbound": (r"on", _own("soft_reconfiguration")),
    "addpathtxallpaths": (r"on", _own("addpath_tx_all")),
    "routeclient_reflector": (r"on", _own("route_reflector_client")),
    "prefixfilter_in": (r".+", _in_family("prefix_list_in", kind="prefix_lists")),
    "prefixfilter_out": (r".+", _in_family("prefix_list_out", kind="prefix_lists")),
    "routemap_in": (r".+", _in_family("import", kind="route_maps")),
    "routemap_out": (r".+", _in_family("export", kind="route_maps")),
    "maximumprefix_num": (r"\d+", _in_family("max_prefix", int)),
}


@dataclass(slots=True)
class Bgp:
    """What a file says of BGP. `owners` are the keys of the objects by the `id()` of their elements."""

    host: FoundHost
    file: str
    root: Element
    lines: Mapping[int, Lines]
    owners: dict[int, str] = field(default_factory=dict)
    _policies: Policies = field(default_factory=Policies)

    def read(self) -> None:
        """Everything, into the host."""
        if self.host.data["bgp_package"] != "frr":
            self._openbgpd()
            return
        settings = self.root.find(*_SPEAKER) or Element("config")
        self._settings(settings)
        for row in settings.all("row"):
            self._network(row)
        self._redistributed(settings)
        self._lists()
        entries = self._entries(NEIGHBORS)
        twice = Counter(entry.value("peer") for entry in entries)
        for entry in entries:
            self._neighbor(entry, twice[entry.value("peer")] > 1, bool(settings.value("nodefipv4unicast")))
        if why := self._ignored(settings):
            for key in (*self.host.options, *(session.key for session in self.host.sessions)):
                self.host.bad[key] = why
            for key in (*self.host.networks.values(), *(each["key"] for each in self.host.redistribute)):
                self.host.bad[key] = why

    def _entries(self, path: Path) -> list[Element]:
        holder = self.root.find(*path[:-1])
        return [] if holder is None else [entry for entry in holder.all(path[-1]) if entry.children]

    def _mark(self, element: Element) -> Mark:
        return Mark(self.file, self.lines[id(element)][0])

    def _bad(self, key: str, element: Element, why: str) -> None:
        self.host.bad.setdefault(key, f"{self._mark(element)}: {why}")

    def _openbgpd(self) -> None:
        for entry in self._entries(("installedpackages", "openbgpdneighbors", "config")):
            key = f"neighbor {entry.value('neighbor')}"
            self.owners[id(entry)] = key
            self._bad(key, entry, "OpenBGPD has had no package since pfSense 2.5.0: move to FRR's, and import that")

    def _ignored(self, settings: Element) -> str:
        """Why nothing of BGP is in force, or what every host would have to be given that this one has not."""
        packages = self.root.find("installedpackages") or Element("installedpackages")
        if any(packages.value("frrglobalraw", "config", tag) for tag in ("frr", "bgpd")):
            return "FRR runs by a raw configuration there, beside which the package ignores all else"
        if not (packages.value("frr", "config", "enable") and settings.value("enable")):
            return "BGP is switched off there (Services / FRR)"
        if self.host.asn is None:
            return f"the AS number is {settings.value('asnum') or 'missing'}, and not written in digits"
        return ""

    def _settings(self, settings: Element) -> None:
        text = settings.value("asnum")
        self.host.asn = int(text) if text.isdigit() else None
        found = settings.value("routerid") or self.root.value("installedpackages", "frr", "config", "routerid")
        if re.fullmatch(r"\d+(\.\d+){3}", found):
            self.host.router_id = found
        elif not found and settings.children:
            self.host.router_id = NO_ROUTER_ID
        if settings.children:
            self.host.options.append(SETTINGS)
        package = self.root.find("installedpackages", "frr", "config")
        mine = [child for child in settings.children if child.tag in _SET]
        mine += [child for child in (package.children if package else ()) if child.tag == "enable"]
        self.owners |= {id(child): SETTINGS for child in mine}

    def _network(self, row: Element) -> None:
        path = (*_SPEAKER, "row")
        net = network(path, row)
        if not net:
            return
        key = f"network {net}"
        self.owners[id(row)] = key
        try:
            parsed = ip_network(net)
        except ValueError:
            self._bad(key, row, f"{net} is no prefix")
            return
        if self.host.networks.setdefault(parsed, key) != key or str(parsed) != net:
            self._bad(key, row, f"{net} is written otherwise by Routebook, {parsed}")
        if row.value("distributeroutemap") not in ("", "none") or len(row.children) > 2:
            self._bad(key, row, f"a network with a route map, or something else: {_NO_WORD}")

    def _redistributed(self, settings: Element) -> None:
        for source, tags in (
            ("connected", ("redistributeconnected", "redistributeconnectedsubnets")),
            ("static", ("redistributestatic",)),
        ):
            said = [child for child in settings.children if child.tag in tags and child.text not in ("", "no")]
            key = f"redistribute {source}"
            for child in said:
                self.owners[id(child)] = key
            if not said:
                continue
            text = said[0].text
            families = ["ipv4-unicast", "ipv6-unicast"] if text not in ("ipv4", "ipv6") else [f"{text}-unicast"]
            entry: dict[str, Any] = {"key": key, "from": source, "families": families}
            if text not in ("yes", "ipv4", "ipv6"):
                entry["route_map"] = text
            self.host.redistribute.append(entry)

    def _lists(self) -> None:
        for path, read in (
            (PREFIX_LISTS, _prefix_list), (COMMUNITY_LISTS, _community_list), (AS_PATH_LISTS, _as_path_list),
            (ROUTE_MAPS, _route_map),
        ):  # fmt: skip
            for entry in self._entries(path):
                self._list(path, entry, read(entry))

    def _list(self, path: Path, entry: Element, read: Iterator[tuple[str, ...]]) -> None:
        key = ""
        for line in read:
            *outer, text = line
            if not key:
                key = _key(outer[0] if outer else text)
                self.owners[id(entry)] = key
                self.host.names[key] = (adopted_as(path, entry),)
                twins = [each for each in self._entries(path) if each.value("name") == entry.value("name")]
                if len(LISTS[path]) == 1 and len(twins) > 1:
                    self._bad(key, entry, "there are two lists of that name")
            if why := self._policies.take(key, text, tuple(outer), self._mark(entry)):
                self._bad(key, entry, f"`{text}`: {why}")

    def finish(self) -> None:
        """Give the host its policies."""
        for each in self._policies.finish():
            other = self.host.policies.setdefault((each.kind, each.name), each)
            if other is not each:
                for one in (each, other):
                    self.host.bad.setdefault(one.key, f"{one.mark}: two lists are called {one.name}")

    def _neighbor(self, entry: Element, twice: bool, explicit: bool) -> None:
        peer = entry.value("peer")
        key = f"neighbor {peer}"
        self.owners[id(entry)] = key
        if not is_address(peer):
            self._bad(key, entry, "a group of neighbors, which the inventory has not")
            return
        session = FoundSession(key, self._mark(entry), ip_address(peer), 0, description=_described(entry))
        session.families[_FAMILIES[session.remote.version]] = {}
        self.host.names[key] = (key,)
        said = meaning(NEIGHBORS, entry)
        if why := next(filter(None, (_take(session, tag, value) for tag, value in sorted(said.items()))), ""):
            self._bad(key, entry, why)
        if twice:
            self._bad(key, entry, "there are two neighbors with this address")
        if session.remote_as == 0:
            self._bad(key, entry, "it has no AS number of its own")
        if ("keepalive" in session.shared) != ("hold_time" in session.shared):
            self._bad(key, entry, "it has a keepalive without a hold time")
        if session.remote.version == 6 and not explicit:
            self._bad(key, entry, "it carries IPv4, too, as IPv4 is active by itself there")
        if session.password and _MASKED.fullmatch(session.password):
            self.host.masked = self.host.masked or BadInputError(
                session.mark, "the password is masked", "take the backup from Diagnostics / Backup & Restore as it is"
            )
        self.host.sessions.append(session)


def _key(line: str) -> str:
    """What an object of FRR is called, by its first line."""
    words = line.split()
    return " ".join(words[: {"bgp": 4 if "community-list" in words[1] else 3, "ip": 3, "ipv6": 3}.get(words[0], 2)])


def _described(entry: Element) -> str:
    return entry.value("descr").removeprefix("RB ")


def _take(session: FoundSession, tag: str, value: object) -> str:
    """Take a field of a neighbor. Why there is no word for it, or nothing."""
    if not isinstance(value, str):
        return f"<{tag}>: {_NO_WORD}"
    pattern, take = _FIELDS.get(tag, ("", _nothing))
    if not pattern or re.fullmatch(pattern, value) is None:
        shown = "" if tag == "password" else f" {value}"
        return f"<{tag}>{shown}: {_NO_WORD}"
    take(session, value)
    return ""


def _prefix_list(entry: Element) -> Iterator[tuple[str, ...]]:
    head = f"{'ipv6' if entry.value('iptype').lower() == 'ipv6' else 'ip'} prefix-list {entry.value('name')}"
    for seq, action, prefix, ge, le in prefix_rules(entry):
        bounds = "".join(f" {word} {value}" for word, value in (("ge", ge), ("le", le)) if value)
        yield (without_any(f"{head} seq {seq} {action} {prefix}{bounds}"),)


def _community_list(entry: Element) -> Iterator[tuple[str, ...]]:
    head = f"bgp community-list {entry.value('listtype') or 'standard'} {entry.value('name')}"
    for number, row in enumerate(rows(entry), 1):
        yield (f"{head} seq {5 * number} {row.value('action')} {' '.join(row.value('community').split())}",)


def _as_path_list(entry: Element) -> Iterator[tuple[str, ...]]:
    head = f"bgp as-path access-list {entry.value('name')}"
    for number, row in enumerate(rows(entry), 1):
        yield (f"{head} seq {5 * number} {row.value('action')} {row.value('regex')}",)


def _route_map(entry: Element) -> Iterator[tuple[str, ...]]:
    head = f"route-map {entry.value('name')} {entry.value('action')} {entry.value('seq')}"
    if not re.fullmatch(r"route-map \S+ (permit|deny) \d+", head):
        return
    yield (head,)
    said = dict(meaning(ROUTE_MAPS, entry))
    for tag in ("name", "action", "seq"):
        said.pop(tag, None)
    for line in _lines_of_map(said):
        yield head, line
    yield from ((head, f"<{tag}>") for tag in sorted(said))


def _lines_of_map(said: dict[str, Any]) -> Iterator[str]:
    """The lines that there are words for; takes out of `said` what they say."""
    for tag, line in (("prefix_match", "match ip address prefix-list {}"),):
        if isinstance(said.get(tag), str):
            yield line.format(said.pop(tag))
    for action, value, words in (
        ("metric_action", "metric_value", {"set": "set metric {}"}),
        ("localpref_action", "localpref_value", {"set": "set local-preference {}"}),
        ("aspath_action", "aspath_value", {"setprepend": "set as-path prepend {}"}),
        ("aspath_action", "aspath_match", {"match": "match as-path {}"}),
        ("community_action", "community_match", {"match": "match community {}"}),
        ("community_action", "community_set", {"set": "set community {}"}),
    ):
        text = words.get(str(said.get(action)))
        if text is not None and isinstance(said.get(value), str):
            more = " additive" if value == "community_set" and said.pop("community_additive", "") else ""
            yield text.format(" ".join(str(said.pop(value)).split())) + more
            del said[action]


def differing(old: Meaning, new: Meaning) -> str:
    """What differs between an entry that is there and the one that Routebook would write."""
    tag = next(tag for tag in sorted(old.keys() | new.keys()) if old.get(tag) != new.get(tag))
    if "password" in tag or not all(isinstance(each.get(tag, ""), str) for each in (old, new)):
        return f"<{tag}> differs"
    return f"<{tag}> is {old.get(tag) or 'not there'}, and Routebook writes {new.get(tag) or 'nothing'}"


NETWORK_ROWS = next(path for path in NETWORKS if path[1] == "frrbgp")
