"""Puts the ends together: which sessions of two hosts are one, who is at the other end of the rest, over which link."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any

from msgspec import Struct

from routebook.importing.found import NO_ROUTER_ID, FoundHost, FoundSession
from routebook.importing.names import as_name, free
from routebook.intent.model import ANY_AS, IPAddress, IPInterface
from routebook.intent.problem import Mark

Thing = tuple[str, str]
"""An object of a host: the host's name and the object's key."""

_SOURCE = "update_source"
_OTHERWISE = (("internal", False), ("external", True))  # a word for the other end's AS, and whether it is our own

LOOPBACKS = ("lo", "dummy", "loopback")


class Finding(Struct, frozen=True):
    """What is wrong with what was read, or has to be filled in by a person; `things` are left out for it."""

    mark: Mark
    message: str
    fix: str = ""
    things: tuple[Thing, ...] = ()


@dataclass(slots=True)
class Pair:
    """A session as it will be written: `sides` are the options of each end that is ours, by its name."""

    ends: tuple[str, str]
    shared: dict[str, Any]
    sides: dict[str, dict[str, Any]]
    things: frozenset[Thing]
    addresses: dict[str, IPAddress]
    external: bool
    loopback: bool
    password: str = field(default="", repr=False)
    name: str = ""
    leaks: list[str] = field(default_factory=list)  # what leaves there and is not ours to announce

    @property
    def title(self) -> str:
        """What the session is called."""
        return self.name or "--".join(self.ends)


@dataclass(slots=True)
class FoundPeer:
    """A speaker that is not ours, and where its addresses are."""

    name: str
    asn: int
    internal: bool
    addresses: dict[IPInterface, tuple[str, str]] = field(default_factory=dict)  # with our host and its interface


@dataclass(slots=True)
class Pairing:
    """The sessions of all hosts, each once."""

    hosts: Mapping[str, FoundHost]
    rejected: Mapping[Thing, str]
    taken: set[str]  # names that peers cannot have
    pairs: list[Pair] = field(default_factory=list)
    peers: dict[str, FoundPeer] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    missing: list[Finding] = field(default_factory=list)
    owners: dict[IPAddress, str] = field(default_factory=dict)
    loopbacks: dict[str, set[IPAddress]] = field(default_factory=dict)

    def work_out(self) -> "Pairing":
        """Every session of every host."""
        self._find_sources()
        self._find_addresses()
        seen: set[Thing] = set()
        for host in self.hosts.values():
            for session in host.sessions:
                thing = (host.name, session.key)
                if thing in seen or thing in self.rejected:
                    continue
                owner = self.owners.get(session.remote)
                if owner is not None and owner != host.name:
                    other = self._other_end(host, session, self.hosts[owner])
                    if other is not None:
                        seen |= {thing, (owner, other.key)}
                        if (owner, other.key) not in self.rejected:
                            self._between(host, session, self.hosts[owner], other)
                        else:
                            why = self.rejected[owner, other.key]
                            self._leave(host, session, f"its other end is left out: {why}", finding=False)
                        continue
                    self._one_ended(host, session, owner)
                elif owner == host.name:
                    self._leave(host, session, f"{session.remote} is its own address")
                else:
                    self._outside(host, session)
        self._name_twins()
        return self

    def _find_sources(self) -> None:
        """Put a loopback's address in the place of its name, and what is said of a source beside what a link says."""
        for host in self.hosts.values():
            for session in host.sessions:
                if session.source:
                    if _SOURCE not in session.inherited:
                        session.own[_SOURCE] = session.source
                    if is_loopback(session.source):
                        session.local = _first(host, session)
                elif session.local is not None and any(a.ip == session.local for _, a in _on_link(host, session)):
                    session.local = None
                    if _SOURCE not in session.inherited:
                        session.own[_SOURCE] = "address"

    def _find_addresses(self) -> None:
        for host in self.hosts.values():
            self.loopbacks[host.name] = set()
            for interface, addresses in host.interfaces.items():
                for address in addresses:
                    self.owners.setdefault(address.ip, host.name)
                    if is_loopback(interface):
                        self.loopbacks[host.name].add(address.ip)
        remotes = {session.remote for host in self.hosts.values() for session in host.sessions}
        for host in self.hosts.values():
            own = [session.local for session in host.sessions if session.local is not None]
            known = host.router_id not in ("", NO_ROUTER_ID)
            if known and ip_interface(host.router_id).ip in remotes:
                own.append(ip_interface(host.router_id).ip)  # what the others call it by
            for source in own:
                if self.owners.setdefault(source, host.name) == host.name and not _has(host, source):
                    host.interfaces.setdefault("lo", []).append(ip_interface(source))
                    self.loopbacks[host.name].add(source)

    def _other_end(self, host: FoundHost, session: FoundSession, other: FoundHost) -> FoundSession | None:
        mine = {address for address, owner in self.owners.items() if owner == host.name}
        found = [each for each in other.sessions if each.remote in mine]
        here = session.local or next((a.ip for _, a in _on_link(host, session)), None)
        return next((each for each in found if each.remote == here), found[0] if len(found) == 1 else None)

    def _between(self, host: FoundHost, first: FoundSession, other: FoundHost, second: FoundSession) -> None:
        things = frozenset({(host.name, first.key), (other.name, second.key)})
        for wrong in self._disagreements(host, first, other, second):
            self.findings.append(
                Finding(
                    first.mark, f"{host.name} – {other.name}: {wrong}", "correct one of them", tuple(sorted(things))
                )
            )
            return
        local, remote = second.remote, first.remote
        loopback = first.local is not None or second.local is not None
        if loopback and not (local in self.loopbacks[host.name] and remote in self.loopbacks[other.name]):
            self._leave_both(things, "it is between addresses of which one is on no loopback, and says its source")
            return
        if not loopback and not any(remote in a.network for i, a in _on_link(host, first) if a.ip == local):
            self._leave_both(things, f"{local} and {remote} are not on one link, and it says no source")
            return
        sides = {host.name: _side(first, other.name), other.name: _side(second, host.name)}
        external = host.asn != other.asn
        shared = _said_here(first, second)
        self.pairs.append(
            Pair(
                (host.name, other.name), shared | _families(first), sides, things,
                {host.name: local, other.name: remote}, external, loopback,
                "" if "password" in first.inherited or "password" in second.inherited else first.password,
            )
        )  # fmt: skip

    def _disagreements(
        self, host: FoundHost, first: FoundSession, other: FoundHost, second: FoundSession
    ) -> Iterator[str]:
        """What two ends say differently of what they share, with where."""
        for me, mine, peer, its in ((host, first, other, second), (other, second, host, first)):
            shown = {**its.inherited, **its.own}.get("local_as", peer.asn)
            if (mine.as_word, me.asn == shown) in _OTHERWISE:
                yield f"{me.name} says remote-as {mine.as_word} ({mine.mark}) of {peer.name}, which is AS {shown}"
            if mine.remote_as is not None and mine.remote_as != shown:
                there = f"which is AS {shown} ({its.mark})"
                yield f"{me.name} expects AS {mine.remote_as} ({mine.mark}) of {peer.name}, {there}"
        if first.password != second.password:
            yield f"they have different passwords ({first.mark} and {second.mark})"
        if set(first.families) != set(second.families):
            yield (
                f"one carries {', '.join(first.families) or 'nothing'} ({first.mark}), the other "
                f"{', '.join(second.families) or 'nothing'} ({second.mark})"
            )
        for option in sorted(first.shared.keys() | second.shared.keys()):
            one, two = first.shared.get(option), second.shared.get(option)
            silent = (one is None and option in host.unsaid) or (two is None and option in other.unsaid)
            if one != two and not silent:
                word = option.replace("_", " ")
                here, there = f"at {host.name} ({first.mark})", f"at {other.name} ({second.mark})"
                yield f"{word} is {_said(one)} {here} and {_said(two)} {there}"

    def _outside(self, host: FoundHost, session: FoundSession) -> None:
        asn = session.remote_as if session.remote_as is not None else host.asn
        asn = ANY_AS if session.as_word == "external" else asn
        places = _on_link(host, session)
        thing = (host.name, session.key)
        if session.as_word == "auto":
            why = f"{host.name}: nothing says in which AS {session.remote} is"
            self.missing.append(Finding(session.mark, why, "import the other end, too", (thing,)))
            return
        if session.source and session.local is None and not places:
            why = f"it is from {session.source}, which has no address on the link to it"
            self._leave(host, session, why, finding=False)
            return
        if session.local is not None:
            if session.local not in self.loopbacks[host.name]:
                self._leave(host, session, f"it says a source, {session.local}, which is on no loopback", finding=False)
                return
            place, where = ip_interface(session.remote), ("", "lo")
        elif not places:
            self.missing.append(
                Finding(
                    session.mark,
                    f"the address that {host.name} has on the link to {session.remote} is in no file",
                    "put what `ip -o address show` prints there beside the files, as ip-address.txt",
                    (thing,),
                )
            )
            return
        else:
            interface, mine = places[0]
            place, where = ip_interface(f"{session.remote}/{mine.network.prefixlen}"), (host.name, interface)
        peer = self._peer(host, session, asn or ANY_AS)
        peer.addresses.setdefault(place, where)
        mine_ip = session.local or places[0][1].ip
        self.pairs.append(
            Pair(
                (host.name, peer.name), _said_here(session) | _families(session),
                {host.name: _side(session, peer.name)}, frozenset({thing}),
                {host.name: mine_ip, peer.name: session.remote},
                asn != host.asn, session.local is not None,
                "" if "password" in session.inherited else session.password,
            )
        )  # fmt: skip

    def _peer(self, host: FoundHost, session: FoundSession, asn: int) -> FoundPeer:
        for peer in self.peers.values():
            if peer.asn == asn and any(a.ip == session.remote for a in peer.addresses):
                return peer
        name = as_name(session.description) or (f"as{asn}" if asn else "external")
        if name in self.peers and self.peers[name].asn == asn and session.description:
            return self.peers[name]
        name = free(name, self.taken | self.peers.keys())
        self.peers[name] = FoundPeer(name, asn, asn == host.asn)
        return self.peers[name]

    def _one_ended(self, host: FoundHost, session: FoundSession, owner: str) -> None:
        self.findings.append(
            Finding(
                session.mark,
                f"{host.name} has a session with {session.remote}, which is {owner}, and {owner} has none back",
                f"configure it at {owner}, or take it away at {host.name}",
                ((host.name, session.key),),
            )
        )

    def _leave(self, host: FoundHost, session: FoundSession, why: str, *, finding: bool = True) -> None:
        kept = self.findings if finding else self.missing
        kept.append(
            Finding(session.mark, f"{host.name}: session with {session.remote}: {why}", "", ((host.name, session.key),))
        )

    def _leave_both(self, things: Iterable[Thing], why: str) -> None:
        for host, key in sorted(things):
            found = self.hosts[host]
            self._leave(found, next(each for each in found.sessions if each.key == key), why, finding=False)

    def _name_twins(self) -> None:
        """A second session of a pair needs a name."""
        taken: set[str] = set()
        for pair in self.pairs:
            usual = "--".join(pair.ends)
            again = "--".join(reversed(pair.ends))
            if usual in taken or again in taken:
                version = next(iter(pair.addresses.values())).version
                pair.name = free(f"{pair.ends[0]}-{pair.ends[1]}-v{version}", taken)
            taken.add(pair.title)


def is_loopback(interface: str) -> bool:
    """Whether an interface is one that is on no link."""
    return interface.lower().rstrip("0123456789") in LOOPBACKS


def _has(host: FoundHost, address: IPAddress) -> bool:
    return any(each.ip == address for addresses in host.interfaces.values() for each in addresses)


def _first(host: FoundHost, session: FoundSession) -> IPAddress | None:
    """The address that a session has from the interface that it names."""
    addresses = [each.ip for each in host.interfaces.get(session.source, ()) if not each.ip.is_loopback]
    return next((each for each in addresses if each.version == session.remote.version), None)


def _on_link(host: FoundHost, session: FoundSession) -> list[tuple[str, IPInterface]]:
    """The interfaces of a host by which a session's other end is on a link of its own, with its address there."""
    remote = session.remote
    return [
        (interface, address)
        for interface, addresses in host.interfaces.items()
        for address in addresses
        if address.version == remote.version and not is_loopback(interface) and remote in address.network
        and address.ip != remote
        and session.source in ("", interface) and address.ip == (session.local or address.ip)
    ]  # fmt: skip


def _said_here(*ends: FoundSession) -> dict[str, Any]:
    """What is to be said of a session: what no end's group says."""
    said = {option: value for end in reversed(ends) for option, value in end.shared.items()}
    return {option: value for option, value in said.items() if not any(option in e.inherited for e in ends)}


def _side(session: FoundSession, peer: str = "") -> dict[str, Any]:
    """What an end says for itself: a value that all families share once, others by family."""
    side = options_of(session)
    if session.description != peer:
        side["description"] = session.description or "none"
    return side


def options_of(session: FoundSession) -> dict[str, Any]:
    """What an end says beside its description."""
    side: dict[str, Any] = dict(session.own)
    options = dict.fromkeys(option for options in session.families.values() for option in options)
    for option in options:
        values = {family: said[option] for family, said in session.families.items() if option in said}
        first = next(iter(values.values()))
        same = len(values) == len(session.families) and all(value == first for value in values.values())
        side[option] = first if same else values
    return side


def _families(session: FoundSession) -> dict[str, Any]:
    families = sorted(session.families)
    usual = ["ipv4-unicast"] if session.remote.version == 4 else ["ipv6-unicast"]
    return {} if families == usual else {"families": families}


def _said(value: object) -> str:
    return "not said" if value is None else str(value)
