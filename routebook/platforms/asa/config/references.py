"""Names that a configuration uses: what the device must know before they are used, and must not lose while they are."""

import re
from collections.abc import Iterable, Iterator, Sequence

from routebook.platforms.asa.config.objects import Key, Objects
from routebook.platforms.asa.config.redaction import redact
from routebook.platforms.asa.config.tree import NAME, Node, words

Name = tuple[str, str]
"""A kind and a name."""

# Lines that define a name; the pattern is over the top-level line.
_DEFINED = (
    ("access-list", re.compile(r"access-list (\S+) ")),
    ("prefix-list", re.compile(r"(?:ipv6 )?prefix-list (\S+) ")),
    ("route-map", re.compile(r"route-map (\S+) ")),
    ("community-list", re.compile(r"community-list (?:(?:standard|expanded) )?(\S+) ")),
    ("as-path", re.compile(r"as-path access-list (\S+) ")),
    ("object", re.compile(r"object (?:network|service) (\S+)$")),
    ("object-group", re.compile(r"object-group \S+ (\S+)")),
    ("ipsec-proposal", re.compile(r"crypto ipsec ikev2 ipsec-proposal (\S+)$")),
    ("transform-set", re.compile(r"crypto ipsec ikev1 transform-set (\S+) ")),
    ("ipsec profile", re.compile(r"crypto ipsec profile (\S+)$")),
    ("dynamic-map", re.compile(r"crypto dynamic-map (\S+) ")),
    ("trustpoint", re.compile(r"crypto ca trustpoint (\S+)$")),
    ("group-policy", re.compile(rf"group-policy ({NAME}) ")),
    ("tunnel-group", re.compile(rf"tunnel-group ({NAME}) ")),
    ("local pool", re.compile(r"ip local pool (\S+) ")),
    ("time-range", re.compile(r"time-range (\S+)$")),
    ("crypto map", re.compile(r"crypto map (\S+) \d+ ")),
)
_NAMEIF = re.compile(r"nameif (\S+)")

# Lines that use names, by the first word of the top-level line around them: outer line, line, and the kind of name.
_USED: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "access-list": (
        ("object-group", re.compile(r" object-group (\S+)")),
        ("object", re.compile(r" object (\S+)")),
        ("time-range", re.compile(r" time-range (\S+)")),
    ),
    "object-group": (
        ("object-group", re.compile(r"^group-object (\S+)")),
        ("object", re.compile(r"-object object (\S+)")),
    ),
    "access-group": (
        ("access-list", re.compile(r"^access-group (\S+)")),
        ("nameif", re.compile(r" interface (\S+)")),
    ),
    "crypto": (
        ("access-list", re.compile(r"^crypto (?:dynamic-)?map \S+ \d+ match address (\S+)")),
        ("ipsec-proposal", re.compile(r"set ikev2 ipsec-proposal (.+)")),
        ("transform-set", re.compile(r"set ikev1 transform-set (.+)")),
        ("dynamic-map", re.compile(r" ipsec-isakmp dynamic (\S+)")),
        ("trustpoint", re.compile(r"set trustpoint (\S+)")),
        ("nameif", re.compile(r"^crypto (?:map \S+ interface|ikev[12] enable) (\S+)")),
    ),
    "interface": (
        ("nameif", re.compile(r"^tunnel source interface (\S+)")),
        ("ipsec profile", re.compile(r"^tunnel protection ipsec profile (\S+)")),
    ),
    "tunnel-group": (
        ("group-policy", re.compile(rf"^default-group-policy ({NAME})")),
        ("trustpoint", re.compile(r"^(?:ikev1 trust-point|trust-point|ikev2 local-authentication certificate) (\S+)")),
    ),
    "tunnel-group-map": (("tunnel-group", re.compile(rf"^tunnel-group-map (?:default-group|\S+ \d+) ({NAME})")),),
    "group-policy": (
        ("access-list", re.compile(r"^(?:vpn-filter|split-tunnel-network-list) value (\S+)")),
        ("local pool", re.compile(r"^address-pools value (\S+)")),
    ),
    "route-map": (
        ("prefix-list", re.compile(r"^match (?:ip|ipv6) (?:address|next-hop|route-source) prefix-list (.+)")),
        ("access-list", re.compile(r"^match (?:ip|ipv6) (?:address|next-hop|route-source) (?!prefix-list)(.+)")),
        ("as-path", re.compile(r"^match as-path (.+)")),
        ("community-list", re.compile(r"^match community (.+?)(?: exact-match)?$")),
    ),
    "router": (
        ("prefix-list", re.compile(r"^neighbor \S+ prefix-list (\S+)")),
        ("route-map", re.compile(r"^neighbor \S+ (?:route-map|default-originate route-map) (\S+)")),
        ("route-map", re.compile(r"^(?:network|redistribute|aggregate-address) .*route-map (\S+)")),
        ("access-list", re.compile(r"^neighbor \S+ distribute-list (\S+)")),
        ("as-path", re.compile(r"^neighbor \S+ filter-list (\S+)")),
    ),
    "route": (("nameif", re.compile(r"^route (\S+)")),),
}
_REMARK = re.compile(r"access-list \S+ remark ")
# Defined by every device.
_BUILT_IN = frozenset({("group-policy", "DfltGrpPolicy"), ("nameif", "null0"), ("nameif", "Null0")})


def defines(node: Node) -> Iterator[Name]:
    """The names that a top-level line with what is below it defines."""
    for kind, pattern in _DEFINED:
        if found := pattern.match(node.line):
            yield kind, found[1]
    if node.line.startswith("interface "):
        yield from (("nameif", found[1]) for child in node.commands if (found := _NAMEIF.match(child.line)))


def uses(first: str, line: str) -> Iterator[Name]:
    """The names that a line uses; `first` is the top-level line that it is in, or itself."""
    if _REMARK.match(line):
        return
    for kind, pattern in _USED.get(first.split(" ", 1)[0], ()):
        for found in pattern.finditer(line):
            # A few lines take several names; elsewhere the rest of the line is something else.
            for word in words(found[1]):
                yield kind, word


def problems(
    old: Objects, new: Objects, different: Iterable[tuple[Key, Sequence[Node], Sequence[Node]]]
) -> tuple[str, ...]:
    """One sentence for each name that the change would leave used and undefined."""
    pairs = list(different)
    lost = {name for _, before, _ in pairs for node in before for name in defines(node)}
    fresh = {name for _, _, after in pairs for node in after for name in _used_in(node)}
    suspect = lost | fresh
    if not suspect:
        return ()
    known = {name for nodes in new.values() for node in nodes for name in defines(node)} | _BUILT_IN
    missing = suspect - known
    was = {name for nodes in old.values() for node in nodes for name in defines(node)}
    found = [*_other_types(old, new), *_other_pools(pairs, new)]
    for nodes in new.values() if missing else ():
        for node in nodes:
            for line in node.lines():
                for name in uses(node.line, line):
                    if name in missing:
                        state = "would no longer be" if name in was else "is not"
                        where = f"`{redact(line)}`" + (f" in `{node.line}`" if line != node.line else "")
                        found.append(f"{name[0]} {name[1]} {state} defined and is used by {where}")
    return tuple(dict.fromkeys(found))


_POLICIES = frozenset({"prefix-list", "route-map", "community-list", "as-path"})


def still_used(old: Objects, due: Objects) -> Objects:
    """What is due, with the policies of ours that go and that somebody else's, which stay, refer to: left to them."""
    kept = dict(due)
    while True:
        used = {name for nodes in kept.values() for node in nodes for name in _used_in(node) if name[0] in _POLICIES}
        more = {
            key: nodes
            for key, nodes in old.items()
            if key not in kept and any(name in used for node in nodes for name in defines(node))
        }
        if not more:
            return kept
        kept |= more


_TYPED = re.compile(r"object-group \S+ \S+.*|object \S+ \S+")


def _other_types(old: Objects, new: Objects) -> Iterator[str]:
    """A sentence for each object or group that keeps its name and changes its type, which no command does.

    While it is used it can neither go nor be made anew: Netspoc-Approve takes another name, too
    (go/testdata/asa_acl.t, "Modify type of object-group").
    """
    before = {_name_of(line): line for line in _typed(old)}
    for line in _typed(new):
        other = before.get(_name_of(line))
        if other is not None and other != line:
            yield f"`{other}` cannot become `{line}` under its name: give it another one"


def _other_pools(pairs: Iterable[tuple[Key, Sequence[Node], Sequence[Node]]], new: Objects) -> Iterator[str]:
    """A sentence for each address pool that would change while a group policy uses it: the old one cannot go first."""
    changed = {
        name
        for _, before, after in pairs
        for node in after
        for name in defines(node)
        if before and after and name[0] == "local pool"
    }
    used = {name for nodes in new.values() for node in nodes for name in _used_in(node)} if changed else set()
    for _, name in sorted(changed & used):
        yield f"`ip local pool {name}` cannot change while it is used: give the new one another name"


def _typed(found: Objects) -> Iterator[str]:
    return (node.line for nodes in found.values() for node in nodes if _TYPED.fullmatch(node.line))


def _name_of(line: str) -> tuple[str, str]:
    words = line.split()
    return words[0], words[2]


def _used_in(node: Node) -> Iterator[Name]:
    for line in node.lines():
        yield from uses(node.line, line)
