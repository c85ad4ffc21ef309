"""The language of `--limit`: which hosts a command works on."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from routebook.errors import RefusedError
from routebook.intent.model import HostIntent
from routebook.intent.problem import nearest

_GLOB = frozenset("*?[")

_ATTRIBUTES: Mapping[str, Callable[[HostIntent], tuple[str, ...]]] = {
    "name": lambda host: (host.name,),
    "site": lambda host: (host.site,),
    "group": lambda host: host.groups,
    "platform": lambda host: (host.platform,),
    "cluster": lambda host: tuple({neighbor.cluster for neighbor in host.bgp.neighbors} - {""}) if host.bgp else (),
}


def choose(limit: str, hosts: Mapping[str, HostIntent], option: str = "--limit") -> frozenset[str]:
    """The names of the hosts that an expression means; all of them for an empty one.

    `,` is or, `&` is and, `!` is not; `&` binds closer. A term is a host's name or a glob, or `site=`, `group=`,
    `platform=` or `cluster=` (of Kubernetes nodes that it has sessions with) with a name or a glob. Raises
    RefusedError, with the nearest name, when a term means nothing that exists, or when the expression leaves no
    host. `option` is what the expression was given as.
    """
    if not limit.strip():
        return frozenset(hosts)
    chosen: set[str] = set()
    for alternative in limit.split(","):
        of_this = set(hosts)
        for term in alternative.split("&"):
            of_this &= _term(term.strip(), hosts, f"{option} {limit!r}")
        chosen |= of_this
    if not chosen:
        raise RefusedError(f"{option} {limit!r} leaves no host of {', '.join(hosts)}")
    return frozenset(chosen)


def _term(term: str, hosts: Mapping[str, HostIntent], given: str) -> set[str]:
    if term.startswith("!"):
        return set(hosts) - _term(term[1:].strip(), hosts, given)
    attribute, equals, pattern = (word.strip() for word in term.partition("="))
    if not equals:
        attribute, pattern = "name", attribute
    if not pattern:
        raise RefusedError(f"{given} has an empty term; write for example no-edge1,site=ch&!ch-edge3")
    if attribute not in _ATTRIBUTES:
        raise RefusedError(f"{given}: unknown attribute {attribute!r}; {nearest(attribute, _ATTRIBUTES)}")
    values = _ATTRIBUTES[attribute]
    found = {name for name, host in hosts.items() if any(fnmatchcase(value, pattern) for value in values(host))}
    if not found:
        raise RefusedError(f"{given}: {_unknown(attribute, pattern, hosts)}")
    return found


def _unknown(attribute: str, pattern: str, hosts: Mapping[str, HostIntent]) -> str:
    what = "host" if attribute == "name" else attribute
    if _GLOB & set(pattern):
        return f"no {what} matches {pattern!r}"
    if attribute == "name":
        for other in ("group", "site", "platform"):
            if any(pattern in _ATTRIBUTES[other](host) for host in hosts.values()):
                return f"unknown host {pattern!r}; did you mean {other}={pattern}?"
    existing = {value for host in hosts.values() for value in _ATTRIBUTES[attribute](host)}
    return f"unknown {what} {pattern!r}; {nearest(pattern, existing)}"
