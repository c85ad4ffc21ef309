"""A ruleset of nftables in its JSON form (libnftables-json(5)), and what becomes in it of a packet to the host.

A rule is understood as far as it goes by addresses, ports, protocols, interfaces and the state of a connection. What
else a rule goes by may be or not be, and what a rule does that is not understood may let the packet in or not.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from msgspec import Struct

from routebook.device.packet_filter import Flow
from routebook.device.typed import Fields, decode, items
from routebook.platforms.linux.chains import Action, Chains, Outcome, Step, base

_PORTS = {"isakmp": 500, "ipsec-nat-t": 4500, "bgp": 179}
_NUMBERS = {"tcp": 6, "udp": 17, "esp": 50}
# What a rule may do besides deciding. A mark that `mangle` sets is not understood where a later rule goes by it.
_SILENT = frozenset({"counter", "log", "comment", "notrack", "ct helper", "mangle", "meter", "set", "xt comment"})
_ENDS: Mapping[str, Action] = {"accept": "accept", "drop": "drop", "reject": "drop", "return": "return"}
_HOOKS = ("prerouting", "input")
_FAMILIES = {4: ("ip", "inet"), 6: ("ip6", "inet")}
Value = str | int | None
"""What a packet has; None where that is not known."""


class Place(Struct, frozen=True):
    """A chain: its table's family, the table and its own name, as commands of nft name it."""

    family: str
    table: str
    chain: str

    def __str__(self) -> str:
        return f"{self.family} {self.table} {self.chain}"


class Base(Struct, frozen=True):
    """A chain at a hook."""

    place: Place
    hook: str
    kind: str
    priority: int
    policy: str


class Rule(Struct, frozen=True):
    """A rule: its chain, its number there, and what it consists of."""

    place: Place
    handle: int
    parts: tuple[Fields, ...]

    @property
    def text(self) -> str:
        """What an operator finds it by."""
        return f"rule {self.handle} of chain {self.place}"


class Ruleset(Struct, frozen=True):
    """Chains at hooks in the order in which a packet meets them, every rule, and the named sets."""

    bases: tuple[Base, ...]
    rules: tuple[Rule, ...]
    sets: Mapping[tuple[str, str, str], object]

    @property
    def tables(self) -> frozenset[tuple[str, str]]:
        """Family and name of the tables that have a rule."""
        return frozenset((rule.place.family, rule.place.table) for rule in self.rules)

    def without(self, tables: frozenset[tuple[str, str]]) -> "Ruleset":
        """The ruleset without these tables."""
        return Ruleset(
            tuple(each for each in self.bases if (each.place.family, each.place.table) not in tables),
            tuple(each for each in self.rules if (each.place.family, each.place.table) not in tables),
            self.sets,
        )


def read(text: str) -> Ruleset:
    """What `nft -j list ruleset` prints. Raises ValueError."""
    bases, rules, sets = [], [], {}
    for entry in Fields(decode(text)[0], "the ruleset").objects("nftables"):
        if "chain" in entry:
            chain = entry.fields("chain")
            if "hook" in chain:
                place = Place(chain.text("family"), chain.text("table"), chain.text("name"))
                kind, policy = chain.text("type", "filter"), chain.text("policy", "accept")
                bases.append(Base(place, chain.text("hook"), kind, chain.number("prio", 0), policy))
        elif "rule" in entry:
            rule = entry.fields("rule")
            place = Place(rule.text("family"), rule.text("table"), rule.text("chain"))
            rules.append(Rule(place, rule.number("handle", 0), tuple(rule.objects("expr"))))
        elif "set" in entry or "map" in entry:
            found = entry.fields("set" if "set" in entry else "map")
            key = (found.text("family"), found.text("table"), found.text("name"))
            sets[key] = found.value("elem") if "elem" in found else []
    bases.sort(key=lambda each: (_HOOKS.index(each.hook) if each.hook in _HOOKS else -1, each.priority))
    return Ruleset(tuple(bases), tuple(rules), sets)


def outcomes(ruleset: Ruleset, flow: Flow, interface: str) -> list[tuple[Base, Outcome]]:
    """What each chain that a packet to the host meets makes of it; `interface` is empty where that is not known.

    A packet has to come through all of them. Chains of the other kinds, that translate addresses and mark packets, may
    drop it as well.
    """
    found = []
    for each in ruleset.bases:
        met = each.hook in _HOOKS and each.place.family in _FAMILIES[flow.destination.version]
        early = each.hook in ("ingress", "egress") or each.place.family == "netdev"
        if not met and not (early and each.hook == "ingress"):
            continue
        chains = _judged(ruleset, each.place, flow, "" if early else interface)
        found.append((each, base(chains, each.place.chain, each.policy, f"the policy of chain {each.place}")))
    return found


def rule_for(place: Place, flow: Flow, before: int = 0) -> str:
    """The command that lets a flow in, at the end of a chain or before one of its rules."""
    family = "ip6" if flow.destination.version == 6 else "ip"
    words = [f"{family} saddr {flow.source}", f"{family} daddr {flow.destination}"]
    words.append(f"{flow.protocol} dport {flow.port}" if flow.port else "meta l4proto esp")
    where = f"insert rule {place} position {before}" if before else f"add rule {place}"
    return f"nft {where} {' '.join(words)} accept"


def decided_by(text: str) -> tuple[Place, int] | None:
    """The chain and the number of a rule by its text; None of what is no rule."""
    words = text.split()
    if len(words) != 7 or words[:1] != ["rule"]:
        return None
    return Place(*words[4:]), int(words[1])


def _judged(ruleset: Ruleset, place: Place, flow: Flow, interface: str) -> Chains:
    """The chains of a table with what each of their rules does to a flow."""
    chains: dict[str, list[Step]] = {place.chain: []}
    for rule in ruleset.rules:
        if (rule.place.family, rule.place.table) == (place.family, place.table):
            steps = chains.setdefault(rule.place.chain, [])
            steps += _Packet(ruleset, rule, flow, interface).steps()
    for steps in list(chains.values()):
        for step in steps:
            if step.action in ("jump", "goto"):
                chains.setdefault(step.target, [])
    return chains


class _Packet:
    """A flow's packet before one rule."""

    def __init__(self, ruleset: Ruleset, rule: Rule, flow: Flow, interface: str) -> None:
        self._ruleset, self._rule, self._flow, self._interface = ruleset, rule, flow, interface

    def steps(self) -> list[Step]:
        """What the rule does, statement by statement: one that does not match ends it."""
        matches: bool | None = True
        text = self._rule.text
        for part in self._rule.parts:
            kind = next(iter(part), "")
            if kind == "match":
                found = self._matches(part.fields("match"))
                if found is False:
                    return []
                matches = None if found is None else matches
            elif kind in _ENDS:
                return [Step(matches, _ENDS[kind], text=text)]
            elif kind in ("jump", "goto"):
                return [Step(matches, "jump" if kind == "jump" else "goto", part.fields(kind).text("target"), text)]
            elif kind == "vmap":
                return self._verdicts(part.fields("vmap"), matches)
            elif kind in ("limit", "quota", "ct count"):
                matches = None
            elif kind not in _SILENT:
                return [Step(matches, "unknown", text=text)]
        return []

    def _verdicts(self, vmap: Fields, matches: bool | None) -> list[Step]:
        value = self._value(vmap.value("key"))
        if value is False:
            return []
        steps = []
        for key, verdict in self._pairs(vmap.value("data")):
            found = _is(value, key, self)
            if found is False:
                continue
            both = None if found is None or matches is None else True
            decided = Fields(verdict, "a verdict")
            kind = next(iter(decided), "")
            if kind in ("jump", "goto"):
                target = decided.fields(kind).text("target")
                steps.append(Step(both, "jump" if kind == "jump" else "goto", target, self._rule.text))
            elif kind in _ENDS:
                steps.append(Step(both, _ENDS[kind], text=self._rule.text))
        return steps

    def _pairs(self, data: object) -> list[tuple[object, object]]:
        found = self.elements(data)
        return [(pair[0], pair[1]) for each in found if len(pair := items(each, "a pair")) == 2]

    def elements(self, data: object) -> list[object]:
        """What a set consists of, be it a list, one without a name, or the name of one."""
        if isinstance(data, str) and data.startswith("@"):
            key = (self._rule.place.family, self._rule.place.table, data[1:])
            return self.elements(self._ruleset.sets.get(key, []))
        if isinstance(data, dict) and "set" in data:
            return self.elements(data["set"])
        return data if isinstance(data, list) else [data]

    def _matches(self, match: Fields) -> bool | None:
        left, right, how = match.value("left"), match.value("right"), match.text("op", "==")
        value = self._value(left)
        if value is False:
            return False  # of another protocol
        if value is None or how not in ("==", "!=", "in"):
            return None
        found = _is(value, right, self)
        if found is None:
            return None
        return not found if how == "!=" else found

    def _value(self, expression: object) -> Value:
        """What the packet has there; None where that is not known, and False of a protocol that it is not of."""
        if not isinstance(expression, dict):
            return None
        found = Fields(expression, "an expression")
        if "payload" in found and isinstance(found.value("payload"), dict):
            payload = found.fields("payload")
            return self._payload(payload.text("protocol", ""), payload.text("field", ""))
        if "meta" in found:
            return self._meta(found.fields("meta").text("key"))
        if "ct" in found and found.fields("ct").text("key") == "state":
            return "established" if self._flow.answer else "new"
        if "fib" in found:
            fib = found.fields("fib")
            kind = (fib.text("result", ""), tuple(items(fib.value("flags"), "flags")) if "flags" in fib else ())
            return "local" if kind == ("type", ("daddr",)) else None
        return None

    def _payload(self, protocol: str, field: str) -> Value:
        flow = self._flow
        if protocol in ("ip", "ip6"):
            if (protocol == "ip6") != (flow.destination.version == 6):
                return False
            if field in ("protocol", "nexthdr"):
                return flow.protocol
            return {"saddr": str(flow.source), "daddr": str(flow.destination)}.get(field)
        if protocol == "th" and not flow.port:
            return False
        if protocol not in ("th", flow.protocol):
            return False if protocol in ("tcp", "udp", "esp", "ah", "icmp", "icmpv6", "sctp", "dccp") else None
        if field == "flags" and not flow.answer:
            return "syn"
        return {"dport": flow.port or None, "sport": flow.source_port or None}.get(field)

    def _meta(self, key: str) -> Value:
        flow = self._flow
        if key in ("secpath", "ipsec"):
            return None if flow.inside else 0
        return {
            "l4proto": flow.protocol,
            "protocol": "ip6" if flow.destination.version == 6 else "ip",
            "nfproto": "ipv6" if flow.destination.version == 6 else "ipv4",
            "pkttype": "host",
            "iif": self._interface or None,
            "iifname": self._interface or None,
        }.get(key)


def _is(value: Value, wanted: object, packet: _Packet) -> bool | None:
    """Whether a value is what is wanted, or one of that."""
    if value is None:
        return None
    if isinstance(wanted, list) or (isinstance(wanted, str) and wanted.startswith("@")):
        found = [_is(value, each, packet) for each in packet.elements(wanted)]
        return True if True in found else None if None in found else False
    if isinstance(wanted, dict):
        return _within(value, wanted, packet)
    if isinstance(wanted, bool):
        return bool(value) is wanted
    if isinstance(wanted, str) and isinstance(value, str) and wanted.endswith("*"):
        return value.startswith(wanted[:-1])
    return _number(value) == _number(wanted)


def _within(value: str | int, wanted: Mapping[str, object], packet: _Packet) -> bool | None:
    if "set" in wanted:
        return _is(value, packet.elements(wanted), packet)
    if "elem" in wanted:
        return _is(value, Fields(wanted["elem"], "an element").value("val"), packet)
    if "prefix" in wanted:
        prefix = Fields(wanted["prefix"], "a prefix")
        network = ip_network(f"{prefix.text('addr')}/{prefix.number('len')}", strict=False)
        address = ip_address(str(value))
        return address.version == network.version and address in network
    if "range" in wanted:
        low, high = items(wanted["range"], "a range")
        if isinstance(_number(value), int):
            numbers = (_number(low), _number(value), _number(high))
            return numbers[0] <= numbers[1] <= numbers[2] if all(isinstance(n, int) for n in numbers) else None  # type: ignore[operator]
        bounds = [ip_address(str(each)) for each in (low, value, high)]
        return bounds[0] <= bounds[1] <= bounds[2] if len({each.version for each in bounds}) == 1 else False  # type: ignore[operator]
    return None


def _number(value: object) -> object:
    """A port or protocol by its number, an address in one spelling."""
    if isinstance(value, bool) or not isinstance(value, str):
        return value
    if value in _PORTS or value in _NUMBERS:
        return {**_PORTS, **_NUMBERS}[value]
    if value.isdigit():
        return int(value)
    try:
        return str(ip_address(value))
    except ValueError:
        return value
