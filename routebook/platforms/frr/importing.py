"""Reads FRR's configuration files into the inventory's words, and says what a first plan would do to them."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_interface

from routebook.device.candidate import Section
from routebook.device.errors import DriverError
from routebook.device.values import Snapshot
from routebook.importing.found import BadInputError, Compared, FoundHost, Importer, ReadLine, SourceFile
from routebook.intent.problem import Mark
from routebook.platforms.frr.extra_lines import judge
from routebook.platforms.frr.imported_policy import Policies, key_of
from routebook.platforms.frr.imported_router import Router
from routebook.platforms.frr.meaning import canonical_line, without_any
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.spelled_out import spelled_out
from routebook.platforms.frr.tree import Placed, placed
from routebook.platforms.frr.whose import DEFAULT, whose

PART = "frr"
_MAIN = "frr.conf"
_DAEMONS = re.compile(
    r"(zebra|bgpd|bfdd|staticd|ospfd|ospf6d|isisd|ripd|ripngd|pimd|pim6d|ldpd|nhrpd|eigrpd|babeld|sharpd|pbrd|vrrpd"
    r"|fabricd|pathd|mgmtd)\.conf"
)
_MASKED = re.compile(r"(\*{3,}|<(secret|redacted|removed)>|x{5,}|\$[0-9]\$\S*)", re.IGNORECASE)
_HEADER = re.compile(r"(frr version \S|frr defaults \S|Building configuration|Current configuration:|router bgp \d)")
_WITH_BFD = re.compile(r"(neighbor \S+ bfd) profile \S+")
_SEQ = re.compile(
    r"(?P<head>(?:ip|ipv6) prefix-list \S+|bgp (?:\S*community-list (?:standard|expanded)|as-path access-list) \S+)"
    r" (?P<rest>(?:permit|deny) .*)"
)


def recognises(path: str, text: str) -> bool:
    """Whether a file is one of FRR's: by its name, or by what FRR begins with."""
    name = posixpath.basename(path)
    return name == _MAIN or bool(_DAEMONS.fullmatch(name)) or any(map(_HEADER.match, text.splitlines()[:40]))


def read(host: str, files: Sequence[SourceFile]) -> FoundHost:
    """What the files of a host say. Raises BadInputError."""
    used = _used(files)
    found = FoundHost(host, PART, (SourceFile("running configuration", PART, running(files)),))
    _refuse_contradictions(used)
    policies, routers = Policies(), dict[str, Router]()
    for file in files:
        if file not in used:
            found.lines += [
                ReadLine(
                    file.name, each.number, redact(each.line), whose="a file that FRR does not read beside frr.conf"
                )
                for each in placed(spelled_out(file.text))
            ]
            continue
        _refuse_half(file)
        found.lines += _lines(file, found, policies, routers)
    for router in routers.values():
        router.finish()
    found.names |= _names(found, policies)
    for each in policies.finish():
        other = found.policies.setdefault((each.kind, each.name), each)
        if other is not each:
            for one in (each, other):
                found.bad.setdefault(one.key, f"{one.mark}: two lists of {host} are called {one.name}")
    return found


def _names(host: FoundHost, policies: Policies) -> dict[str, tuple[str, ...]]:
    """What the host's `adopt` calls the objects."""
    names: dict[str, tuple[str, ...]] = {
        key: (key,) for key in (*policies.found, *(session.key for session in host.sessions))
    }
    for group in host.groups:
        names[group.key] = (group.key, *(f"bgp listen range {each}" for each in group.ranges))
    names |= {key: (key,) for key in host.networks.values()}
    names |= {each["key"]: (f"redistribute {each['from']}",) for each in host.redistribute}
    names |= {each["key"]: (each["key"],) for each in host.aggregates}
    return names


def _used(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files that FRR reads: a daemon reads none of its own where frr.conf is (vty_read_config in lib/vty.c)."""
    whole = [file for file in files if not _DAEMONS.fullmatch(posixpath.basename(file.name))]
    return whole or list(files)


def _refuse_contradictions(files: Sequence[SourceFile]) -> None:
    """Refuse two files of which each says something else of one thing."""
    if len(files) < 2:
        return
    said: dict[tuple[tuple[str, ...], str], tuple[str, Mark]] = {}
    for file in files:
        for each in placed(spelled_out(file.text)):
            if each.kind != "line":
                continue
            name = "router bgp" if re.fullmatch(r"router bgp \d+", each.line) else setting(each.line)
            mark = Mark(file.name, each.number)
            line, first = said.setdefault((each.path, name), (each.line, mark))
            if line != each.line and first.file != file.name and name != each.line and name not in ("hostname",):
                raise BadInputError(
                    mark,
                    f"`{redact(each.line)}` contradicts `{redact(line)}` at {first}",
                    "leave the file out that the host does not use",
                )


def _refuse_half(file: SourceFile) -> None:
    """Refuse a file that ends before it is over."""
    everything = list(placed(spelled_out(file.text)))
    if not any(each.kind == "line" for each in everything):
        raise BadInputError(
            Mark(file.name, 1), "has no line of configuration", "give the file that the host boots with"
        )
    last = everything[-1]
    written = any(each.line.startswith("frr version ") for each in everything)  # by FRR, which closes contexts
    shown = next((each for each in everything if each.line == "Current configuration:"), None)
    cut = ""
    if shown is not None and not any(each.line == "end" for each in everything[shown.number :]):
        cut = "begins as `show running-config` does, and has no `end`"
    elif not file.text.endswith("\n") and last.kind == "line" and not _understood(last):
        cut = f"ends within a line: `{redact(last.line)}`"
    else:
        content = [each for each in everything if each.kind != "noise"]
        inside = content[-1].path if content and content[-1].kind == "line" else ()
        if written and len(inside) > 1 and inside[-1].startswith("address-family "):
            cut = f"ends inside `{inside[-1]}`"
    if cut:
        raise BadInputError(Mark(file.name, last.number), f"{cut}: half of the file is missing", "copy it once more")


def _understood(each: Placed) -> bool:
    return bool(whose(each)) and (not each.path or len(each.line.split()) > 1)


def _lines(file: SourceFile, host: FoundHost, policies: Policies, routers: dict[str, Router]) -> Iterator[ReadLine]:
    numbers: dict[str, int] = {}
    written = file.text.splitlines()
    for each in placed(spelled_out(file.text)):
        mark = Mark(file.name, each.number)
        line = without_any(canonical_line(_with_number(each.line, numbers))) if each.kind == "line" else each.line
        owner, why = _owner(each, line, mark, host, policies, routers)
        kept = bool(owner and why) and _kept(each, line, owner, routers, policies)
        why = "" if kept else why
        if why and owner:
            host.bad.setdefault(owner, f"{mark}: `{redact(each.line)}`: {why}")
        if owner:
            host.marks.setdefault(owner, mark)
        its = whose(each)
        yield ReadLine(
            file.name, each.number, redact(" ".join(written[each.number - 1].split())), owner, its, why,
            wrong=not owner and not its, line=line, path=tuple(map(canonical_line, each.path)), kept=kept,
        )  # fmt: skip


def _kept(each: Placed, line: str, owner: str, routers: Mapping[str, Router], policies: Policies) -> bool:
    """Whether a line for which there is no word is kept as it stands, in the object that it is of."""
    if not each.path:
        return False
    if each.path[0] in routers:
        return routers[each.path[0]].keep(line, each.path, owner, judge)
    return judge("route map", line) is None and policies.keep(owner, line, each.path)


def _with_number(line: str, numbers: dict[str, int]) -> str:
    """An entry with the number that FRR gives it: the next multiple of five (prefix_new_seq_get in lib/plist.c)."""
    if found := _SEQ.fullmatch(line):
        number = numbers.get(found["head"], 0)
        numbers[found["head"]] = number = (number // 5 + 1) * 5
        return f"{found['head']} seq {number} {found['rest']}"
    words = line.split()
    if "seq" in words[2:5] and words[words.index("seq") + 1 :][:1] and words[words.index("seq") + 1].isdigit():
        head = " ".join(words[: words.index("seq")])
        numbers[head] = max(numbers.get(head, 0), int(words[words.index("seq") + 1]))
    return line


def _owner(
    each: Placed, line: str, mark: Mark, host: FoundHost, policies: Policies, routers: dict[str, Router]
) -> tuple[str, str]:
    """The object that a line is of, and why it has no place in the inventory."""
    if each.kind == "noise":
        return "", ""
    if each.kind == "exit":
        return (_context(each.path) if each.path else ""), ""
    if whose(each) == DEFAULT:
        return "", ""
    outer = each.path[0] if each.path else each.line
    if re.fullmatch(r"router bgp \d+", outer):
        router = routers.setdefault(outer, Router(host, outer))
        if not each.path:
            if host.asn is not None and host.asn != int(outer.split()[2]):
                raise BadInputError(mark, f"`{outer}` is a second one beside AS {host.asn}", "give one speaker a host")
            host.asn = int(outer.split()[2])
            host.options.append(outer)
            return outer, ""
        if each.line.startswith("neighbor ") and " password " in each.line and _MASKED.fullmatch(each.line.split()[-1]):
            host.masked = host.masked or BadInputError(
                mark,
                "the password is masked",
                "read it where it is in clear: `vtysh -c 'show running-config'` as root on the host, or "
                "/etc/frr/frr.conf; or leave secrets out: --without-secrets",
            )
        return router.take(line, each.path, mark)
    if outer == "rpki":
        return _rpki(each, line, host)
    if outer.startswith("interface ") and each.path:
        _address(each.line, outer.split()[1], host)
        return "", ""
    key = key_of(line, each.path)
    return (key, policies.take(key, line, each.path, mark)) if key else ("", "")


def _context(path: tuple[str, ...]) -> str:
    """The object whose context is left."""
    if path[0].startswith("router bgp "):
        return path[0] if re.fullmatch(r"router bgp \d+", path[0]) else ""
    return "rpki" if path[0] == "rpki" else key_of(path[-1], path[:-1])


def _rpki(each: Placed, line: str, host: FoundHost) -> tuple[str, str]:
    if not each.path:
        host.options.append("rpki")
        return "rpki", ""
    if len(each.path) > 1:
        return f"rpki / {each.path[1]}", "the inventory has no word for this"
    found = re.fullmatch(r"rpki cache (?:tcp )?([0-9a-f:.]+) (\d+) preference (\d+)", line)
    if found is None:
        return f"rpki / {line}", "the inventory has no word for this"
    host.caches.append({"address": found[1], "port": int(found[2]), "preference": int(found[3])})
    key = f"rpki / {setting(line)}"
    host.options.append(key)
    host.names[key] = (setting(line),)
    return key, ""


def _address(line: str, interface: str, host: FoundHost) -> None:
    words = line.split()
    if words[:2] in (["ip", "address"], ["ipv6", "address"]) and len(words) > 2:
        try:
            host.interfaces.setdefault(interface, []).append(ip_interface(words[2]))
        except ValueError:
            return


def _implied(lines: Collection[str], line: str) -> str:
    """The line that FRR shows beside another one, where it is not there (`neighbor_bfd_profile` in bgpd/bgp_bfd.c)."""
    found = _WITH_BFD.fullmatch(line)
    return found[1] if found and found[1] not in lines else ""


def running(files: Sequence[SourceFile]) -> str:
    """The files as one running configuration, without what FRR would not show of it."""
    lines: list[str] = []
    for file in _used(files):
        numbers: dict[str, int] = {}
        said = {each.line for each in placed(spelled_out(file.text))}
        for each in placed(spelled_out(file.text)):
            if each.kind == "line" and whose(each) != DEFAULT:
                if implied := _implied(said, each.line):
                    lines.append(" " * len(each.path) + implied)
                lines.append(" " * len(each.path) + _with_number(each.line, numbers))
            elif each.line.startswith("frr version"):
                lines.append(each.line)
        lines.append("!")
    return "\n".join(lines) + "\n"


def compare(sections: Sequence[Section], parts: Mapping[str, str]) -> Compared:
    """What the driver would do to a host with these parts, in memory."""
    from routebook.platforms.frr.candidate import target
    from routebook.platforms.frr.component import FrrChange, FrrComponent
    from routebook.platforms.frr.meaning import explicit
    from routebook.platforms.frr.tree import lines_of, parse
    from routebook.transport.deaf import DeafShell

    text = parts.get(PART, "")
    try:
        change = FrrComponent(DeafShell(), asks=False).plan(sections, Snapshot({PART: text}))
    except DriverError as error:
        return Compared(redact(str(error)), refused=True)
    if not change.change or not isinstance(change, FrrChange):
        return Compared(warnings=change.change.warnings)
    tree = parse(text)
    after = target(tree, change.candidate)
    taken = lines_of(explicit(tree)) - lines_of(explicit(after))
    return Compared(change.change.diff, taken, warnings=change.change.warnings)


IMPORTER = Importer(what="a configuration of FRR", recognises=recognises, read=read, compare=compare)
