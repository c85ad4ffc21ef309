"""What makes live sessions and SAs use a change, and what a change does to them: read off its commands."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from msgspec import Struct

from routebook.device.naming import is_address
from routebook.device.prefixes import prefix_effects
from routebook.device.values import Effect, EffectKind
from routebook.platforms.asa.config import Block, Config
from routebook.platforms.asa.config.tree import NAME

_NEIGHBOR = re.compile(r"(no )?neighbor (\S+) (\S+)(?: (.*))?")
# What an established session takes up only when it starts again; an ASA does not restart it for these.
_HARD = frozenset(
    {"timers", "password", "local-as", "ebgp-multihop", "ttl-security", "disable-connected-check", "version"}
)
_SOFT = frozenset(
    {
        "route-map", "prefix-list", "filter-list", "distribute-list", "next-hop-self", "send-community", "weight",
        "default-originate", "remove-private-as", "advertise-map", "advertisement-interval", "maximum-prefix",
    }
)  # fmt: skip
# Lines of a router that concern no neighbor, and no prefix either.
_NO_ROUTES = re.compile(r"(no )?(timers |bgp (router-id|log-neighbor-changes|graceful-restart)|address-family|exit).*")
_POLICY = re.compile(
    r"(?:no )?(?:route-map|prefix-list|ipv6 prefix-list|access-list|as-path access-list"
    r"|community-list(?: standard| expanded)?) (\S+)"
)
_ORIGINATED = re.compile(r"(?:network|aggregate-address) (?P<address>\S+)(?: (?:mask )?(?P<mask>\d+\.\S+))?")
_PREFIX_LIST = re.compile(r"(?:ipv6 )?prefix-list (?P<name>\S+) seq \d+ (?P<entry>.*)")
_ACCESS_LIST = re.compile(r"(?:no |clear configure )?access-list (\S+)")
_TUNNEL_GROUP = re.compile(rf"(?:no |clear configure )?tunnel-group ({NAME})")
_CRYPTO_MAP = re.compile(r"(?:no )?crypto map (\S+) (\d+)(?: (.*))?")
_MAP_PEER = re.compile(r"crypto map (\S+) (\d+) set peer (.*)")
_MAP_ACL = re.compile(r"crypto map (\S+) (\d+) match address (\S+)")
_PROFILE = re.compile(r"(?:no )?crypto ipsec profile (\S+)")
_PROPOSAL = re.compile(r"(?:no )?crypto ipsec ikev[12] (?:ipsec-proposal|transform-set) (\S+)")
_INTERFACE = re.compile(r"(?:no )?interface (Tunnel\d+)")
_DESTINATION = re.compile(r"tunnel destination (\S+)")
_PROTECTION = re.compile(r"tunnel protection ipsec profile (\S+)")


@dataclass(slots=True)
class Activation:
    """Exec commands for after the push, in their order, and the forecast of what they and the push do."""

    commands: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    new_maps: list[tuple[str, str]] = field(default_factory=list)  # crypto map entries that need traffic to come up

    def _effect(self, kind: EffectKind, subject: str, reason: str) -> None:
        if all((effect.kind, effect.subject) != (kind, subject) for effect in self.effects):
            self.effects.append(Effect(kind, subject, reason))

    def _command(self, command: str) -> None:
        if command not in self.commands:
            self.commands.append(command)


def activation(before: Config, after: Config, commands: Iterable[Block]) -> Activation:
    """What `commands`, which turn `before` into `after`, take to count."""
    found = Activation()
    old, new = _Facts(before), _Facts(after)
    lines = [(block.path, line) for block in commands for line in block.lines]
    _sessions(found, lines, old, new)
    _tunnels(found, lines, old, new)
    found.effects += prefix_effects(
        _originated(before), _originated(after), _prefix_lists(before), _prefix_lists(after)
    )
    return found


def _originated(config: Config) -> set[str]:
    routers = (node for node in config.nodes if node.line.startswith("router bgp "))
    lines = (line for router in routers for child in router.commands for line in child.lines())
    return {_prefix(match) for line in lines if (match := _ORIGINATED.match(line))}


def _prefix(match: re.Match[str]) -> str:
    text = f"{match['address']}/{match['mask']}" if match["mask"] else match["address"]
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text


def _prefix_lists(config: Config) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in config.nodes:
        if match := _PREFIX_LIST.fullmatch(node.line):
            found.setdefault(match["name"], []).append(match["entry"])
    return found


def _sessions(found: Activation, lines: Sequence[tuple[tuple[str, ...], str]], old: "_Facts", new: "_Facts") -> None:
    policies: set[str] = set()
    changed: dict[str, set[str]] = {}
    announced: dict[str, None] = {}  # what changes for all neighbors
    for path, line in lines:
        policy = _POLICY.match(path[0] if path else line)
        if policy is not None:
            policies.add(policy[1])
        neighbor = _NEIGHBOR.fullmatch(line) if path and path[0].startswith("router bgp ") else None
        if neighbor is not None:
            changed.setdefault(neighbor[2], set()).add(neighbor[3])
        elif path and path[0].startswith("router bgp ") and not _NO_ROUTES.fullmatch(line):
            announced[f"`{line}`"] = None
    for peer in sorted(set(old.neighbors) - set(new.neighbors)):
        found._effect("session-removed", peer, "the neighbor is taken away")
    for peer in sorted(set(new.neighbors) - set(old.neighbors)):
        found._effect("session-new", peer, "the neighbor is new")
    for peer in sorted(set(old.neighbors) & set(new.neighbors)):
        words = changed.get(peer, set())
        used = policies & (old.uses.get(peer, set()) | new.uses.get(peer, set()))
        other = old.options(peer) ^ new.options(peer)
        other_words = {line.removeprefix("no ").split()[2] for _, line in other}
        reasons = [*sorted(other_words & (_SOFT | {"activate"})), *sorted(used), *announced]
        if reasons:
            found._effect("policy", peer, f"{', '.join(reasons)} changes")
        if old.neighbors[peer] != new.neighbors[peer]:
            found._effect("session-reset", peer, "its AS changes, so it is taken away and made anew")
        elif words & _HARD:
            found._effect("session-reset", peer, f"its {', '.join(sorted(words & _HARD))} counts from its next start")
            found._command(f"clear bgp {peer}")
        elif words & _SOFT or policies & new.uses.get(peer, set()):
            found._command(f"clear bgp {peer} soft")
        kept = sorted(other_words - _SOFT - {"activate", "description"})
        if kept and not other_words & {*_HARD, "remote-as"}:
            found._effect("session-changed", peer, f"its {', '.join(kept)} changes; it is not reset")


def _tunnels(found: Activation, lines: Sequence[tuple[tuple[str, ...], str]], old: "_Facts", new: "_Facts") -> None:
    touched: dict[str, str] = {}
    acls = {match[1] for path, line in lines if (match := _ACCESS_LIST.match(path[0] if path else line))}
    for path, line in lines:
        top = path[0] if path else line
        for peer, reason in _peers_of(top, line, old, new):
            touched.setdefault(peer, reason)
    for entry, acl in (*old.map_acls.items(), *new.map_acls.items()):
        if acl in acls:
            for peer in (*old.map_peers.get(entry, ()), *new.map_peers.get(entry, ())):
                touched.setdefault(peer, f"its selectors, access-list {acl}, change")
    for name, tunnel in new.tunnels.items():
        if name not in old.tunnels and tunnel.peer in old.peers:
            # Another tunnel to the same peer is left alone, so only the interface's name says which is meant.
            found._effect("tunnel-new", tunnel.nameif or tunnel.peer, "the tunnel is new")
        elif name not in old.tunnels:
            touched.setdefault(tunnel.peer, "the tunnel is new")
    for name, tunnel in old.tunnels.items():
        if name not in new.tunnels and tunnel.peer in new.peers:
            found._effect("tunnel-removed", tunnel.peer, f"its interface {name} is taken away")
        elif name not in new.tunnels:
            touched.setdefault(tunnel.peer, "the tunnel is taken away")
    for peer, reason in touched.items():
        if not is_address(peer):
            continue  # a tunnel group of another kind, or a name that only `names` could resolve
        if peer in old.peers and peer in new.peers:
            found._effect("tunnel-rekey", peer, reason)
        elif peer in new.peers:
            found._effect("tunnel-new", peer, "the tunnel is new")
        elif peer in old.peers:
            found._effect("tunnel-removed", peer, "the tunnel is taken away")
        if peer in old.peers:
            # SAs outlive the configuration that they were negotiated with; clearing IKE's clears their children.
            for version in old.versions:
                found._command(f"clear crypto {version} sa {peer}")
            found._command(f"clear crypto ipsec sa peer {peer}")
    found.new_maps = [entry for entry, peers in new.map_peers.items() if any(peer in touched for peer in peers)]


def _peers_of(top: str, line: str, old: "_Facts", new: "_Facts") -> Iterable[tuple[str, str]]:
    group = _TUNNEL_GROUP.match(top)
    if group is not None:
        yield group[1], "its tunnel-group changes"
    entry = _CRYPTO_MAP.match(top)
    if entry is not None:
        for facts in (old, new):
            for peer in facts.map_peers.get((entry[1], entry[2]), ()):
                yield peer, f"crypto map {entry[1]} {entry[2]} changes"
    for pattern, uses, what in (
        (_PROFILE, "profile", "IPsec profile"),
        (_PROPOSAL, "proposal", "IPsec proposal"),
        (_INTERFACE, "interface", "tunnel interface"),
    ):
        match = pattern.match(top)
        if match is not None and not line.startswith(("description ", "no description")):
            for facts, other in ((old, new), (new, old)):
                for peer in facts.users(uses, match[1], other):
                    yield peer, f"{what} {match[1]} changes"


class _Interface(Struct, frozen=True):
    """A tunnel interface."""

    peer: str
    profile: str
    nameif: str


class _Facts:
    """What of a configuration decides which lines concern which neighbor and which tunnel."""

    def __init__(self, config: Config) -> None:
        self.neighbors: dict[str, str] = {}
        self.uses: dict[str, set[str]] = {}
        self._options: dict[str, set[tuple[str, str]]] = {}
        self.map_peers: dict[tuple[str, str], tuple[str, ...]] = {}
        self.map_acls: dict[tuple[str, str], str] = {}
        self.versions: tuple[str, ...] = ()
        self._map_words: dict[tuple[str, str], set[str]] = {}
        self._profiles: dict[str, set[str]] = {}  # profile to proposals
        self.tunnels: dict[str, _Interface] = {}
        policy_uses: dict[str, set[str]] = {}
        groups = set()
        for node in config.nodes:
            line = node.line
            if line.startswith("router bgp "):
                self._bgp([(child.line, inner) for child in node.commands for inner in child.lines()])
            elif line.startswith("crypto map "):
                self._map(line)
            elif (profile := _PROFILE.match(line)) is not None:
                self._profiles[profile[1]] = {word for child in node.commands for word in child.line.split()}
            elif (interface := _INTERFACE.match(line)) is not None:
                self._interface(interface[1], [child.line for child in node.commands])
            elif line.startswith("route-map "):
                policy_uses.setdefault(line.split()[1], set()).update(
                    word for child in node.commands if child.line.startswith("match ") for word in child.line.split()
                )
            elif line.endswith(" type ipsec-l2l"):
                groups.add(line.split()[1])
            elif line.startswith("crypto ikev") and " enable " in line:
                version = line.split()[1]
                self.versions = tuple(dict.fromkeys((*self.versions, version)))
        for used in self.uses.values():
            for name in list(used):
                used |= policy_uses.get(name, set())
        self.peers = groups | {peer for peers in self.map_peers.values() for peer in peers}
        self.peers |= {tunnel.peer for tunnel in self.tunnels.values()}

    def options(self, peer: str) -> frozenset[tuple[str, str]]:
        """A neighbor's lines, each with the one that opens its context."""
        return frozenset(self._options.get(peer, ()))

    def _bgp(self, lines: Iterable[tuple[str, str]]) -> None:
        for context, line in lines:
            neighbor = _NEIGHBOR.fullmatch(line)
            if neighbor is None:
                continue
            self._options.setdefault(neighbor[2], set()).add((context, line))
            if neighbor[3] == "remote-as":
                self.neighbors[neighbor[2]] = neighbor[4]
            self.uses.setdefault(neighbor[2], set()).update((neighbor[4] or "").split()[:1])

    def _map(self, line: str) -> None:
        entry = _CRYPTO_MAP.match(line)
        if entry is None:
            return
        key = (entry[1], entry[2])
        self._map_words.setdefault(key, set()).update((entry[3] or "").split())
        if (peers := _MAP_PEER.fullmatch(line)) is not None:
            self.map_peers[key] = tuple(peers[3].split())
        elif (acl := _MAP_ACL.fullmatch(line)) is not None:
            self.map_acls[key] = acl[3]

    def _interface(self, name: str, lines: Sequence[str]) -> None:
        destination = next((match[1] for line in lines if (match := _DESTINATION.fullmatch(line))), "")
        profile = next((match[1] for line in lines if (match := _PROTECTION.match(line))), "")
        nameif = next((line.split()[1] for line in lines if line.startswith("nameif ")), "")
        if destination:
            self.tunnels[name] = _Interface(destination, profile, nameif)

    def users(self, kind: str, name: str, other: "_Facts") -> list[str]:
        """The peers whose tunnels use a profile, proposal or tunnel interface, here and in `other`.

        A tunnel interface that comes or goes uses nothing yet, or no more.
        """
        both = {key: tunnel for key, tunnel in self.tunnels.items() if key in other.tunnels}
        if kind == "interface":
            return [both[name].peer] if name in both else []
        profiles = {name} if kind == "profile" else {key for key, words in self._profiles.items() if name in words}
        peers = [tunnel.peer for tunnel in both.values() if tunnel.profile in profiles]
        if kind == "proposal":
            maps = [key for key, words in self._map_words.items() if name in words]
            peers += [peer for key in maps for peer in self.map_peers.get(key, ())]
        return peers
