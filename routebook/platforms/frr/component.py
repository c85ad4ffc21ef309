"""FRR on a Linux host: snapshot, plan, push, revert and persist its configuration, proving each by reading back."""

import dataclasses
import posixpath
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from hashlib import sha256
from ipaddress import ip_address
from typing import ClassVar

from msgspec.structs import replace

from routebook.device.candidate import Section, released, taken_over
from routebook.device.causes import Cause
from routebook.device.errors import CandidateError, DriverError
from routebook.device.merging import TakenBack
from routebook.device.values import Change, Snapshot
from routebook.platforms.frr import manifest, revert, vtysh
from routebook.platforms.frr.candidate import Wanted, missing, target, wanted
from routebook.platforms.frr.command import render_commands
from routebook.platforms.frr.defaults import release, without_defaults
from routebook.platforms.frr.diagnosis import clear_session, explain, retry_sessions
from routebook.platforms.frr.difference import commands
from routebook.platforms.frr.effects import Received, forecast, limits_changed
from routebook.platforms.frr.foreign import beside, beside_others
from routebook.platforms.frr.idempotence import unstable_lines
from routebook.platforms.frr.meaning import fingerprint, same
from routebook.platforms.frr.merge import kept, shown_as, typed_since
from routebook.platforms.frr.order import order_commands
from routebook.platforms.frr.present import diff
from routebook.platforms.frr.reader import FrrDaemon
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.references import undefined_policies
from routebook.platforms.frr.refresh import policy_delay, refresh_script
from routebook.platforms.frr.sessions import read_bgp_sessions
from routebook.platforms.frr.spelling import spelled_for
from routebook.platforms.frr.taking_back import taken_back
from routebook.platforms.frr.tree import Tree, parse, render
from routebook.platforms.frr.vtysh import BOOT_FILE, FOLDER, FRR_CONF
from routebook.platforms.linux import files
from routebook.platforms.linux.component import Component, ComponentChange, Meanwhile
from routebook.transport.shell import Shell

PART = "frr"
_ROUTER_ID = re.compile(r"^router bgp \d+\n(?: .*\n)*? bgp router-id ([0-9.]+)$", re.MULTILINE)
_WROTE_ITSELF = (
    "hostname ",
    "domainname ",
    "frr ",
    "service integrated-vtysh-config",
    "no service integrated-vtysh-config",
    "no ip forwarding",
    "no ipv6 forwarding",
)

_NEW_FILE = "640 frr frr"
_MOST_REASONS = 3  # lines that a message quotes; the rest follow from them, mostly


@dataclass(frozen=True, slots=True)
class FrrChange(ComponentChange):
    """A change of FRR, the candidate to prove it by, and the commands that make live sessions use it."""

    candidate: Wanted = field(kw_only=True)
    refresh: str = field(default="", kw_only=True)


class FrrComponent(FrrDaemon, Component):
    """FRR's configuration, changed by commands of our own computation and checked by FRR."""

    name: ClassVar[str] = PART

    def __init__(self, shell: Shell, *, asks: bool = True) -> None:
        super().__init__(shell)
        self.asks = asks  # whether there is a bgpd that can be asked what a forecast needs
        self._daemons = frozenset({"zebra", "bgpd", "bfdd"})
        self._integrated = True

    def snapshot(self) -> Snapshot:
        """Read the running configuration and the files that FRR boots with."""
        reading = vtysh.read(self.shell)
        self.router_id = configured[1] if (configured := _ROUTER_ID.search(reading.running)) is not None else ""
        self._daemons, self._integrated = reading.daemons - {"watchfrr"}, reading.integrated
        return _snapshot({PART: reading.running, **reading.boot}, reading.attributes)

    def startup(self) -> Snapshot:
        """What FRR would come back with after a restart."""
        found = self.snapshot()
        return Snapshot({**found.parts, PART: _boot(found) or ""}, found.attributes, found.fingerprint)

    def handles(self, part: str) -> bool:
        """Whether a part is the running configuration or a file that it boots with."""
        return part == PART or BOOT_FILE.fullmatch(part) is not None

    def plan(self, sections: Sequence[Section], snapshot: Snapshot) -> FrrChange:
        """Compute what brings FRR to the sections, and let FRR's parser check them."""
        running = parse(snapshot.parts[PART])
        mine = [
            dataclasses.replace(section, text=spelled_for(snapshot.parts[PART], section.text))
            for section in sections
            if section.part == PART
        ]
        mine = [manifest.by_line(section, running) for section in mine]
        candidate = wanted(mine)
        candidate = replace(candidate, tree=without_defaults(candidate.tree, running))
        unstable = unstable_lines(candidate.owned_part(candidate.tree), running, release(snapshot.parts[PART]))
        if unstable:
            first = unstable[0]
            more = f" (and {len(unstable) - 1} more such lines)" if len(unstable) > 1 else ""
            raise CandidateError(
                f"`{redact(first.line)}` would differ from what FRR shows on every run: {first.fix}{more}; "
                "nothing was changed",
                line=redact(first.line),
            )
        candidate, others = beside_others(candidate, mine, running)
        let_go = manifest.released(candidate, mine, running)
        if let_go or not same(target(running, candidate), running):
            candidate = manifest.with_record(candidate, mine, running)
        change = self._change(candidate, running, target(running, candidate), snapshot, {})
        if change.change:
            vtysh.check(self.shell, "\n".join(section.text for section in mine))
        taken = manifest.taken_over(candidate, mine, running)
        said = [*([released(let_go)] if let_go else ()), *([taken_over(taken)] if taken else ())]
        warnings = (*change.change.warnings, *others, *said)
        foreign = tuple(beside(candidate.foreign, mine))
        return dataclasses.replace(change, change=replace(change.change, warnings=warnings, beside=foreign))

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> FrrChange:
        """Compute what brings all of FRR's configuration, frr.conf included, to an earlier snapshot."""
        running = parse(snapshot.parts[PART])
        earlier = parse(spelled_for(snapshot.parts[PART], target.parts[PART]))
        due = tuple(block for block in earlier if not _volatile(block.line))
        kept = tuple(block for block in running if _volatile(block.line))
        whole = (*kept, *due)
        boot = {path: target.parts[path] for path in self._boot_files(snapshot) if path in target.parts}
        return self._change(Wanted(whole, ("*",)), running, whole, snapshot, boot)

    def _boot_files(self, snapshot: Snapshot) -> list[str]:
        """The files that FRR boots with, or will after the first confirmation where there is nothing yet.

        Where frr.conf is, a daemon reads no file of its own, whatever vtysh.conf says (vty_read_config in lib/vty.c).
        """
        if FRR_CONF in snapshot.parts or not (_boot(snapshot) or not self._integrated):
            return [FRR_CONF]
        return [f"{FOLDER}/{daemon}.conf" for daemon in sorted(self._daemons)]

    def taken_back(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Snapshot, TakenBack]:
        """What runs without an earlier change. frr.conf gets its earlier text only where nothing was changed since."""
        old, new, running = (parse(snapshot.parts[PART]) for snapshot in (before, made, now))
        tree, found = taken_back(old, new, running)
        parts = {PART: render(tree)}
        if running == new and now.parts.get(FRR_CONF) == made.parts.get(FRR_CONF) and FRR_CONF in before.parts:
            parts[FRR_CONF] = before.parts[FRR_CONF]
        return Snapshot(parts), found

    def push(self, change: ComponentChange, folder: str) -> None:
        """Load the commands and read back. Raises CandidateError naming the lines that FRR did not take."""
        change = _frr(change)
        if not change.uploads.get(revert.PUSH):
            return
        result = self.shell.run(revert.push_script(folder), timeout=300)
        if result.status == 75:
            raise DriverError("FRR's part of this change was pushed or reverted before; nothing was changed by this")
        complaints = vtysh.complaints(result, change.uploads[revert.PUSH])
        lacking, surplus = self._settled(change.candidate, f"{folder}/{revert.PUSHED}")
        if not lacking and not surplus:
            return
        detail = [f"FRR did not take `{complaint.line}`: {complaint.words}" for complaint in complaints]
        if not detail:
            detail = [f"missing afterwards: `{redact(line)}`" for line in lacking]
            detail += [f"still there: `{redact(line)}`" for line in surplus]
        reasons = list(dict.fromkeys(detail))
        if len(reasons) > _MOST_REASONS:
            reasons = [*reasons[:_MOST_REASONS], f"and {len(reasons) - _MOST_REASONS} more"]
        line = complaints[0].line if complaints else redact((lacking or surplus)[0].rpartition(" / ")[2])
        raise CandidateError(
            "; ".join(reasons) + "; the running configuration is in between and must be rolled back",
            line=line,
            changed=True,
        )

    def activate(self, change: ComponentChange, folder: str) -> None:
        """Have Established sessions apply lists whose content changed: the one thing bgpd does not do by itself."""
        del folder
        if script := _frr(change).refresh:
            self.shell.run(f"{vtysh.NO_HISTORY}\n{script}")

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let sessions that wait in Idle, Connect or Active try again now."""
        retry_sessions(self.shell, peers)

    def clear_session(self, peer: str) -> None:
        """Reset a session."""
        clear_session(self.shell, peer)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """Why the session with an address does not come up; nothing about what is no address."""
        try:
            ip_address(subject)
        except ValueError:
            return []
        return explain(self.shell, subject, seconds)

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs in what runs."""
        return diff(parse(before.parts.get(PART, "")), parse(after.parts.get(PART, "")))

    def meanwhile(
        self, change: ComponentChange | None, folder: str, before: Snapshot | None, now: Snapshot
    ) -> Meanwhile | None:
        """What was typed since, beside the copies that the device keeps; by the commands that undo ours it stays."""
        if change is not None and not change.uploads.get(revert.PUSH):
            return None
        old, new = (self._kept_file(f"{folder}/{name}") for name in (revert.RUNNING, revert.PUSHED))
        if not old or not new:
            return None
        trees = [parse(text) for text in (old, new, now.parts[PART])]
        if (sides := typed_since(*trees)) is None:
            return None
        differences, merged = diff(*sides), kept(*trees)
        if merged is None:
            return Meanwhile(differences, None)
        running = shown_as(old, merged)
        if self.shell.run(revert.keep_script(folder, running)).status:
            return Meanwhile(differences, None)
        # Nothing is written into the files before the confirmation.
        return Meanwhile(differences, _with(before or now, running))

    def _kept_file(self, path: str) -> str:
        return self.shell.run(f"cat {path} 2>/dev/null || true").stdout

    def forget(self, folder: str) -> None:
        """Restore the whole snapshot after all."""
        self.shell.run(revert.forget_script(folder))

    def redact(self, text: str) -> str:
        """The text without passwords and keys."""
        return redact(text)

    def _settled(self, candidate: Wanted, copy: str) -> tuple[list[str], list[str]]:
        """What differs from the candidate once FRR has come to rest: daemons apply a moment after vtysh returns.

        The file `copy` gets what was read last, for the confirmation to compare with.
        """
        deadline = time.monotonic() + 2
        while True:
            lacking, surplus = missing(parse(vtysh.read_running(self.shell, copy)), candidate)
            if not (lacking or surplus) or time.monotonic() > deadline:
                return lacking, surplus

    def _change(
        self, candidate: Wanted, before: Tree, after: Tree, snapshot: Snapshot, boot: Mapping[str, str]
    ) -> FrrChange:
        """The change between two configurations, shown without secrets and sent with them."""
        has = release(snapshot.parts[PART])
        push, undo = render_commands(commands(before, after, has)), render_commands(commands(after, before, has))
        paths = self._boot_files(snapshot)
        differing = [path for path, text in boot.items() if text != snapshot.parts.get(path)]
        effects = forecast(before, after, has, self._received(before, after))
        change = Change(
            diff=diff(before, after)
            + "".join(_boot_diff(path, snapshot.parts.get(path), boot[path]) for path in differing),
            commands=(*redact(push).splitlines(), *(f"! {path} gets its earlier text" for path in differing)),
            undo=tuple(redact(undo).splitlines()),
            effects=effects,
            fingerprint=snapshot.fingerprint,
            warnings=tuple(_warnings(before, after, snapshot)) if push else (),
            takes=policy_delay(after) if any(each.kind == "policy" for each in effects) else 0.0,
        )
        if not push and not differing:
            return FrrChange(change, {}, revert.NOTHING_TO_REVERT, candidate=candidate)
        self._check_boot(paths)
        for opener, daemon in (("router bgp ", "bgpd"), ("bfd", "bfdd")):
            if daemon not in self._daemons and any(block.line.startswith(opener) for block in candidate.tree):
                raise DriverError(f"{daemon} does not run: enable it in /etc/frr/daemons; nothing was changed")
        order, tidy = order_commands(before, after)
        attributes = {path: snapshot.attributes.get(path, _NEW_FILE) for path in paths}
        uploads = {
            revert.PUSH: push,
            revert.UNDO: undo,
            revert.ORDER: order,
            revert.TIDY: tidy,
            revert.RUNNING: snapshot.parts[PART],
            revert.DAEMONS: " ".join(sorted(self._daemons)) + "\n",
            revert.BOOT_FILES: "".join(f"{_name(path)} {value}\n" for path, value in attributes.items()),
        }
        uploads |= {revert.BOOT_BEFORE + _name(path): snapshot.parts[path] for path in paths if path in snapshot.parts}
        uploads |= {revert.BOOT_AFTER + _name(path): text for path, text in boot.items()}
        refresh = refresh_script(before, after)
        return FrrChange(
            change,
            uploads,
            revert.revert_fragment(refresh),
            revert.persist_fragment([_name(path) for path in boot], per_daemon=FRR_CONF not in paths),
            {
                posixpath.dirname(files.real_path(path, attributes[path])): 2 * len(render(after)) + 4096 * len(paths)
                for path in paths
            },
            candidate=candidate,
            refresh=refresh,
        )

    def _received(self, before: Tree, after: Tree) -> Received:
        """How many prefixes are there of each neighbor, where a forecast needs it."""
        if not self.asks or not limits_changed(before, after):
            return {}
        return {
            (str(session.peer), f"address-family {family.name.replace('-', ' ')}"): family.received or 0
            for session in read_bgp_sessions(self.shell)
            for family in session.families
            if session.vrf == "default"
        }

    def _check_boot(self, paths: Sequence[str]) -> None:
        """Refuse where confirming could not save to what FRR boots with, or `write` would save elsewhere."""
        if paths == [FRR_CONF] and not self._integrated:
            raise DriverError(
                f"FRR boots with {FRR_CONF}, and {FOLDER}/vtysh.conf says `no service integrated-vtysh-config`, so "
                f"that `write` saves to files which are not read: take that line out, or remove {FRR_CONF}; nothing "
                "was changed"
            )
        if FRR_CONF not in paths and "mgmtd" in self._daemons:
            raise DriverError(
                f"there is no {FRR_CONF}, and which of the daemons' own files mgmtd reads is not known here: write one "
                "with `vtysh -w` and set `service integrated-vtysh-config`; nothing was changed"
            )


def _boot(snapshot: Snapshot) -> str | None:
    """What FRR boots with, the daemons' files one after the other; None where there is nothing to boot with."""
    texts = [text for part, text in sorted(snapshot.parts.items()) if BOOT_FILE.fullmatch(part)]
    return "\n".join(texts) if any(text.strip() for text in texts) else None


def _name(path: str) -> str:
    return posixpath.basename(path)


def _boot_diff(path: str, before: str | None, after: str) -> str:
    """What an earlier text of a file that FRR boots with changes in it."""
    names = ("/dev/null" if before is None else path, path)
    lines = unified_diff(redact(before or "").splitlines(), redact(after).splitlines(), *names, lineterm="", n=0)
    return "".join(f"{line}\n" for line in lines) or f"--- {path}\n+++ {path} (a secret or blanks)\n"


def _snapshot(parts: Mapping[str, str], attributes: Mapping[str, str]) -> Snapshot:
    boot = [text for part, text in parts.items() if part != PART]
    meanings = [fingerprint(parse(text)) for text in (parts[PART], *boot)]
    links = [files.link_of(found) for found in attributes.values()]
    return Snapshot(parts, attributes, sha256(" ".join(filter(None, [*meanings, *links])).encode()).hexdigest())


def _with(snapshot: Snapshot, running: str) -> Snapshot:
    """A snapshot in which something else runs."""
    return _snapshot({**snapshot.parts, PART: running}, snapshot.attributes)


def _frr(change: ComponentChange) -> FrrChange:
    """The component's own kind of change; the driver hands back what `plan` returned."""
    if not isinstance(change, FrrChange):
        raise TypeError("a change of FRR comes from FrrComponent.plan or plan_restore")
    return change


def _volatile(line: str) -> bool:
    """Lines that FRR writes by itself and that no earlier snapshot may bring back."""
    return line.removeprefix("no ").startswith(("hostname ", "domainname ", "frr ", "service integrated-vtysh-config"))


def _warnings(before: Tree, after: Tree, snapshot: Snapshot) -> Iterable[str]:
    known = set(undefined_policies(before))
    yield from (sentence for sentence in undefined_policies(after) if sentence not in known)
    boot = _boot(snapshot)
    named = FRR_CONF if FRR_CONF in snapshot.parts else "the daemons' own files"
    if boot is None:
        yield f"there is no {FRR_CONF}: FRR comes back without configuration after a restart, until this is confirmed"
    elif not same(_written(parse(boot)), _written(before)):
        yield (
            f"{named} and the running configuration differed before this change: confirming it also saves "
            "what somebody changed and did not save"
        )


def _written(tree: Tree) -> Tree:
    """A configuration without the lines that FRR adds when it writes one."""
    return tuple(block for block in tree if not block.line.startswith(_WROTE_ITSELF))
