"""The commands that turn one configuration into another: as few as FRR allows, in an order in which each one holds.

Definitions (lists, profiles, route maps) come before what refers to them and go after it.
"""

import re
from collections.abc import Collection, Mapping

from routebook.platforms.frr.command import Command
from routebook.platforms.frr.defaults import beginning
from routebook.platforms.frr.router import router_commands
from routebook.platforms.frr.settings import negation, replaceable, setting
from routebook.platforms.frr.transition import transition
from routebook.platforms.frr.tree import Block, Tree, opens_context

# Which top-level lines refer to which: what is defined earlier is referred to later.
_PHASES = (
    re.compile(r"(vrf|interface) "),
    re.compile(
        r"((ip|ipv6) prefix-list|((ip|ipv6|mac) )?access-list|bgp \S*community-list|bgp as-path|bgp community alias) "
    ),
    re.compile(r"(key chain|nexthop-group) |bfd$|rpki"),
    re.compile(r"route-map "),
    re.compile(r"(ip|ipv6) route |pbr-map |segment-routing|router (?!bgp )"),
    re.compile(r"router bgp \d+$"),
    re.compile(r"router bgp "),
)

# Lists of lines that are also one object: taking back the object takes back all of them.
_OBJECT = re.compile(
    r"(?P<object>(?:ip|ipv6) prefix-list \S+|(?:ipv6 |mac )?access-list \S+|bgp as-path access-list \S+"
    r"|bgp (?:large-|ext)?community-list (?:standard|expanded) \S+|route-map \S+)(?: .*)?"
)

KEPT_CONTEXT = re.compile(r"interface .*|line vty|rpki( vrf .*)?|address-family .*")
"""Contexts that cannot be taken back as a whole: their lines are."""


def commands(before: Tree, after: Tree, release: tuple[int, int] = (0, 0)) -> tuple[Command, ...]:
    """The commands that bring an FRR of this release from `before` to `after`; none when both mean the same."""
    step = transition(before, after)
    old = {block.line: block for block in step.before}
    new = {block.line: block for block in step.after}
    define: dict[int, list[Command]] = {phase: [] for phase in range(-1, len(_PHASES))}
    withdraw: dict[int, list[Command]] = {phase: [] for phase in range(-1, len(_PHASES))}

    surviving_objects = {object_of(line) for line in new} - {None}
    settings = {setting(line) for line in new if line not in old}
    renumbered = _renumbered(old, new)
    objects_gone: set[str] = set()
    for line, block in old.items():
        if line in new:
            continue
        phase, name = _phase(line), object_of(line)
        if _is_context(block):
            replaced = replaced_by(line, new)
            if name is not None and name not in surviving_objects:
                objects_gone.add(name)
            elif replaced:
                continue  # a route-map entry whose action changes: FRR changes it in place
            elif KEPT_CONTEXT.fullmatch(line):
                withdraw[phase] += edit((line,), block.children, ())
            elif line.startswith("router bgp "):
                define[5 - (phase > 5)] += [Command((), negation(line))]  # VRFs' instances go first
            else:
                withdraw[phase].append(Command((), negation(line)))
        elif name is not None and name not in surviving_objects:
            objects_gone.add(name)
        elif setting(line) not in settings or name in renumbered:
            # Within a surviving list the old entry goes first.
            (define if name else withdraw)[phase].append(Command((), negation(line)))
    for name in sorted(objects_gone):
        place = define if _other_kind(name) in surviving_objects else withdraw
        place[_phase(name + " ")].append(Command((), f"no {name}"))

    for line, block in new.items():
        phase = _phase(line)
        if line.startswith("router bgp "):
            first = beginning(block, after, release) if line not in old else []
            define[phase] += router_commands(old.get(line), block, first)
        elif _is_context(block):
            known = old.get(line) or replaced_by(line, old)
            early, late = _edit_context(block, known)
            define[phase] += early
            withdraw[phase] += late
        elif line not in old:
            define[phase].append(Command((), line))
    ordered = [command for phase in sorted(define) for command in define[phase]]
    return tuple(ordered + [command for phase in sorted(withdraw, reverse=True) for command in withdraw[phase]])


def edit(path: tuple[str, ...], before: Tree, after: Tree) -> list[Command]:
    """The commands inside one context, where FRR cares for no order: take back, then set, then inner contexts."""
    old = {block.line: block for block in before}
    new = {block.line: block for block in after}
    values = {setting(line) for line in new if line not in old and not opens_context(line, path[-1])}
    taken, given = [], []
    for line, block in old.items():
        replaced = not opens_context(line, path[-1]) and replaceable(line) and setting(line) in values
        if line not in new and not replaced:
            if KEPT_CONTEXT.fullmatch(line):
                taken += edit((*path, line), block.children, ())
            else:
                taken.append(Command(path, negation(line)))
    for line, block in new.items():
        if line not in old:
            given.append(Command(path, line))
        given += edit((*path, line), old[line].children if line in old else (), block.children)
    return taken + given


def _edit_context(block: Block, known: Block | None) -> tuple[list[Command], list[Command]]:
    """What to do in a context of the top level, and what to leave until nothing refers to it any more."""
    path = (block.line,)
    if known is None or known.line != block.line:
        opening = [Command((), block.line)]
        return opening + edit(path, known.children if known else (), block.children), []
    steps = edit(path, known.children, block.children)
    if block.line != "bfd":
        return steps, []
    late = [step for step in steps if step.line.startswith(("no profile ", "no peer "))]
    return [step for step in steps if step not in late], late


def replaced_by(line: str, others: Mapping[str, Block]) -> Block | None:
    """The route-map entry of the same number whose action is the other one."""
    words = line.split()
    if words[0] != "route-map" or len(words) != 4:
        return None
    action = "deny" if words[2] == "permit" else "permit"
    return others.get(f"route-map {words[1]} {action} {words[3]}")


def _renumbered(old: Collection[str], new: Collection[str]) -> set[str | None]:
    """Lists in which an entry moves to another number: FRR ignores it while the old one is there."""
    taken = {(object_of(line), _entry(line)) for line in old if line not in new}
    return {object_of(line) for line in new if line not in old and (object_of(line), _entry(line)) in taken}


def _entry(line: str) -> str:
    """What an entry of a list says, whatever its number."""
    return re.sub(r" seq \d+ ", " ", line)


def _phase(line: str) -> int:
    line = line.removeprefix("no ")
    return next((index for index, pattern in enumerate(_PHASES) if pattern.match(line)), -1)


def object_of(line: str) -> str | None:
    """The object that a line of the top level is of, as `route-map RB-IN`; None for what is none."""
    found = _OBJECT.fullmatch(line)
    return found.group("object") if found else None


def _other_kind(name: str) -> str | None:
    """The list of the other kind, of which bgpd has none beside one of the same name (bgp_clist.c)."""
    words = name.split()
    other = {"standard": "expanded", "expanded": "standard"}.get(words[2]) if words[2:] else None
    return " ".join([*words[:2], other, *words[3:]]) if other and words[0] == "bgp" else None


def _is_context(block: Block) -> bool:
    return bool(block.children) or opens_context(block.line, None)
