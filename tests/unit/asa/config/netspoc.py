"""Cases of Netspoc-Approve's own tests, rebuilt as inputs of our difference: a device, what is wanted, its commands.

Its format: github.com/hknutzen/Netspoc-Approve, go/testdata/*.t. Nothing of its text is kept here: the folder is named
when the tests run.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from routebook.device.candidate import Section
from routebook.platforms.asa.config import Block, Config, Device, apply, canonical, difference, parse
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.redaction import MaskedSecretError
from routebook.platforms.asa.config.references import defines, uses
from tests.unit.asa.config.strict_device import StrictDevice

FILES = ("asa_acl.t", "asa_parse.t", "asa_ipv6.t")
_FIELD = re.compile(r"=([A-Z]+)=(.*)")
_TEMPLATE = re.compile(r"\[\[(\S+)\]\]")
# It gives what it makes a name of its own; ours are those of the intent.
_OWN_NAME = re.compile(r"-DRC-\d+")
_OPENS = re.compile(
    r"object-group |object network |group-policy \S+ attributes|tunnel-group \S+ \S+-attributes|webvpn$|interface "
    r"|crypto ca certificate map |crypto ipsec ikev2 ipsec-proposal |username \S+ attributes|ldap attribute-map "
    r"|aaa-server \S+ .*host "
)
_TOP = re.compile(
    r"(?:no )?(?:access-list|access-group|object-group|group-policy|tunnel-group|tunnel-group-map|crypto|route"
    r"|ipv6 route|ip local|ipv6 local|webvpn|username|interface|clear configure|aaa-server|ldap attribute-map|sysopt)\b"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A device's configuration, what is wanted of it, and the commands that Netspoc-Approve sends."""

    name: str
    device: str
    wanted: str
    commands: tuple[str, ...]


def cases(folder: Path) -> Iterator[Case]:
    """Those that have all three, and do not merge several files, which is a work of its own."""
    for file in FILES:
        for fields in _read(folder / file):
            if {"DEVICE", "NETSPOC", "OUTPUT"} - set(fields) or "ERROR" in fields:
                continue
            wanted, output = fields["NETSPOC"], fields["OUTPUT"]
            if sum(line.startswith("--") for line in wanted) > 1:
                continue
            sent = [] if output[:1] == ["NONE"] else [part.strip() for line in output for part in line.split("\\N")]
            yield Case(
                fields["TITLE"][0],
                _text([] if fields["DEVICE"][:1] == ["NONE"] else fields["DEVICE"]),
                _text(line for line in wanted if not line.startswith("--") and line != "NONE"),
                tuple(_OWN_NAME.sub("", line) for line in sent if line and not line.startswith("#")),
            )


def _read(path: Path) -> Iterator[dict[str, list[str]]]:
    templates: dict[str, list[str]] = {}
    fields: dict[str, list[str]] = {}
    into: list[str] | None = None
    for line in path.read_text().splitlines():
        if (found := _FIELD.fullmatch(line)) is None:
            if into is not None:
                into += templates[named[1]] if (named := _TEMPLATE.fullmatch(line)) else [line]
            continue
        kind, value = found.groups()
        if kind == "TITLE":
            if fields:
                yield fields
            fields = {}
        if kind == "TEMPL":
            into = templates[value] = []
        elif kind == "END":
            into = None
        else:
            named = _TEMPLATE.fullmatch(value)
            into = fields[kind] = list(templates[named[1]]) if named else [value] if value else []
    yield fields


def _text(lines: Iterable[str]) -> str:
    kept = [line.rstrip() for line in lines]
    return _OWN_NAME.sub("", "".join(f"{line}\n" for line in kept if line and not line.startswith("#")))


def verdict(case: Case) -> str:
    """How our difference does: `commands` (the same ones), `effect` (the same outcome), `other`, or `refused`.

    Every answer that is no refusal has to lead to what is wanted, by commands that a device which guards its references
    takes one by one, and back again by the undo: AssertionError otherwise.
    """
    running = parse(_completed(case))
    section = Section("all", "asa", case.wanted, _owned(running, case))
    try:
        delta = difference(running, [section])
    except MaskedSecretError:
        return "refused"
    if delta.problems:
        return "refused"
    after = _one_by_one(running, delta.commands, case.name)
    assert not difference(after, [section]), case.name
    assert canonical(apply(after, delta.undo)) == canonical(running), case.name
    if _sent(line for block in delta.commands for line in block.typed()) == _sent(case.commands):
        return "commands"
    try:
        theirs = difference(_carried_out(running, case.commands), [section])
    except MaskedSecretError:
        return "other"
    return "other" if theirs or theirs.problems else "effect"


def _one_by_one(running: Config, blocks: Iterable[Block], name: str) -> Config:
    """The configuration after commands that a device takes which loses nothing that is used.

    But for the only line of a map's entry that is given anew in the next one, within one exchange.
    """
    device = StrictDevice(running)
    steps = [(block.path, line) for block in blocks for line in block.lines]
    for (path, line), (_, following) in zip(steps, [*steps, ((), "")][1:], strict=True):
        answer = device.enter(path, line)
        if answer and following.split()[:4] == line.split()[1:5] and line.startswith("no crypto "):
            device = StrictDevice(apply(device.config, [Block(path, (line,))]))
        else:
            assert not answer, (name, line, answer)
    return device.config


def _completed(case: Case) -> str:
    """The device with the interfaces and trustpoints that a fragment of a configuration takes for granted."""
    running, wanted = parse(case.device), parse(case.wanted)
    nodes = (*running.commands, *wanted.commands)
    known = {name for node in nodes for name in defines(node)}
    used = {name for node in nodes for line in node.lines() for name in uses(node.line, line)}
    added = ""
    for number, (kind, name) in enumerate(sorted(used - known)):
        if kind == "nameif":
            added += f"interface Ethernet9/{number}\n nameif {name}\n"
        elif kind == "trustpoint":
            added += f"crypto ca trustpoint {name}\n enrollment terminal\n"
    return "".join(f"{line}\n" for line in _once(case.device.splitlines())) + added


def _once(lines: Iterable[str]) -> Iterator[str]:
    """An ASA does not have an entry of an access list twice, which one of the cases has."""
    entries: set[str] = set()
    for line in lines:
        if line not in entries:
            yield line
        if line.startswith("access-list ") and " remark " not in line:
            entries.add(line)


def _owned(running: Config, case: Case) -> tuple[str, ...]:
    """Patterns for what the case is about: what is wanted, and what Netspoc-Approve takes away."""
    there, wanted = objects(running.nodes), objects(parse(case.wanted).nodes)
    said = set(case.commands)
    lines: dict[str, None] = {}
    for key, nodes in {**there, **wanted}.items():
        gone = any(f"no {node.line}" in said for node in nodes) or any(
            line.startswith("clear configure ") and line.split()[-1] in key for line in said
        )
        if key in wanted or gone:
            lines |= dict.fromkeys(node.line for node in (*there.get(key, ()), *wanted.get(key, ())))
    return tuple(re.sub(r"([*?[])", r"[\1]", line) for line in lines)


def _sent(lines: Iterable[str]) -> list[str]:
    """Commands without line numbers, without what only opens or leaves a mode, in any order."""
    plain = (re.sub(r"(access-list \S+) line \d+", r"\1", " ".join(line.split())) for line in lines)
    return sorted(re.sub(r"^((?:no )?route .*) 1$", r"\1", line) for line in plain if not _modal(line))


def _modal(line: str) -> bool:
    return line in ("exit", "webvpn") or (_OPENS.match(line) is not None and not line.startswith("no "))


def _carried_out(running: Config, commands: Sequence[str]) -> Config:
    """The configuration after its commands; what is not of the top level belongs to the mode that was entered last."""
    device = Device(running)
    mode: tuple[str, ...] = ()
    for raw in commands:
        line = raw.strip()
        if line == "exit":
            mode = ()
        elif mode and not _TOP.match(line):
            device.enter(mode, line)
        else:
            mode = (line,) if _OPENS.match(line) else ()
            device.enter((), line)
    return device.config
