"""Which objects can be written: those with a word for every line, and with nothing left out that they refer to."""

from collections import Counter
from collections.abc import Iterable, Mapping

from routebook.importing.found import FoundHost, FoundPolicy
from routebook.importing.pairing import Thing
from routebook.redaction.gate import as_json


def unfit(hosts: Mapping[str, FoundHost], more: Mapping[Thing, str]) -> dict[Thing, str]:
    """What cannot be written, each with why: by itself, by what it refers to, or as another host's has its name."""
    found: dict[Thing, str] = dict(more)
    for host in hosts.values():
        for key, why in host.bad.items():
            found.setdefault((host.name, key), why)
    for thing, why in (*_other_content(hosts, found), *_other_caches(hosts)):
        found.setdefault(thing, why)
    for host in hosts.values():
        _keep_together(host, found)
        _follow(host, found)
    return found


def _other_content(hosts: Mapping[str, FoundHost], found: Mapping[Thing, str]) -> Iterable[tuple[Thing, str]]:
    """Objects of one name of which hosts have several: the content of most of them has the name."""
    contents: dict[tuple[str, str], dict[str, list[tuple[str, FoundPolicy]]]] = {}
    for host in hosts.values():
        for kind_and_name, policy in host.policies.items():
            if (host.name, policy.key) not in found:
                contents.setdefault(kind_and_name, {}).setdefault(as_json(policy.value), []).append((host.name, policy))
    for named, by_content in contents.items():
        name = named[1]
        counted = Counter({text: len(those) for text, those in by_content.items()})
        best = counted.most_common(1)[0][0]
        owner, first = by_content[best][0]
        for text, those in by_content.items():
            if text != best:
                for host_name, policy in those:
                    yield (
                        (host_name, policy.key),
                        f"{name} of {host_name} ({policy.mark}) is another one than {name} of {owner} ({first.mark}), "
                        "and a name of the inventory means one thing: rename one of them on its host",
                    )


def _other_caches(hosts: Mapping[str, FoundHost]) -> Iterable[tuple[Thing, str]]:
    """The RPKI caches of hosts that ask others than most: an inventory has one list of them."""
    asking = {host.name: as_json(host.caches) for host in hosts.values() if host.caches}
    usual = Counter(asking.values()).most_common(1)
    for name, caches in asking.items():
        if caches != usual[0][0]:
            for key in hosts[name].options:
                if key.startswith("rpki"):
                    yield (name, key), "other hosts ask other RPKI caches, and an inventory has one list of them"


def _keep_together(host: FoundHost, found: dict[Thing, str]) -> None:
    changed = True
    while changed:
        changed = False
        for group in host.together:
            out = [key for key in sorted(group) if (host.name, key) in found]
            for key in sorted(group - set(out)) if out else ():
                found[host.name, key] = f"it goes along with what is left out: {found[host.name, out[0]]}"
                changed = True


def _follow(host: FoundHost, found: dict[Thing, str]) -> None:
    """What refers to something that is left out, or is nowhere, is left out, too."""
    changed = True
    while changed:
        changed = False
        users: list[tuple[str, Iterable[tuple[str, str]]]] = [
            *((policy.key, policy.uses) for policy in host.policies.values()),
            *((session.key, session.uses) for session in host.sessions),
            *((group.key, group.session.uses) for group in host.groups),
            *(
                (each["key"], [("route_maps", each["route_map"])])
                for each in (*host.redistribute, *host.aggregates)
                if "route_map" in each
            ),
        ]
        for key, uses in users:
            if (host.name, key) in found:
                continue
            if why := next(filter(None, (_lacking(host, use, found) for use in sorted(uses))), ""):
                found[host.name, key] = why
                changed = True


def _lacking(host: FoundHost, use: tuple[str, str], found: Mapping[Thing, str]) -> str:
    """Why a policy that something refers to is not there; nothing where it is."""
    kind, name = use
    what = f"it refers to the {kind.replace('_', ' ').removesuffix('s')} {name}, which is"
    policy = host.policies.get(use)
    if policy is None:
        return f"{what} nowhere"
    thing = (host.name, policy.key)
    return f"{what} left out: {found[thing]}" if thing in found else ""


def used(host: FoundHost, keys: Iterable[str], maps: Iterable[str]) -> set[tuple[str, str]]:
    """The policies that the sessions with these keys and these route maps need, directly or through others."""
    wanted = {("route_maps", name) for name in maps}
    chosen = set(keys)
    for session in (*host.sessions, *(group.session for group in host.groups)):
        if session.key in chosen:
            wanted |= session.uses
    ahead = list(wanted)
    while ahead:
        policy = host.policies.get(ahead.pop())
        for use in policy.uses if policy is not None else ():
            if use not in wanted:
                wanted.add(use)
                ahead.append(use)
    return wanted
