"""strongSwan on a Linux host: the files below /etc/swanctl, what charon has loaded of them, and the SAs."""

import base64
import dataclasses
import fnmatch
import hashlib
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address
from shlex import quote

from msgspec.structs import replace

from routebook.device.candidate import Section, released, taken_over
from routebook.device.causes import Cause
from routebook.device.errors import CandidateError, DriverError
from routebook.device.merging import TakenBack
from routebook.device.values import Change, Snapshot
from routebook.platforms.linux import files
from routebook.platforms.linux.component import Component, ComponentChange, Meanwhile
from routebook.platforms.linux.device_scripts import BUSY, GONE, OURS_ALONE, ROOT
from routebook.platforms.strongswan import device_scripts as scripts
from routebook.platforms.strongswan.beside import beside
from routebook.platforms.strongswan.changes import Kind, Release, TunnelChange, compare, effects
from routebook.platforms.strongswan.check import check_file, real_names, staged
from routebook.platforms.strongswan.explain import explain
from routebook.platforms.strongswan.hand_made import hand_made
from routebook.platforms.strongswan.meaning import same_meaning
from routebook.platforms.strongswan.reader import SwanctlDaemon
from routebook.platforms.strongswan.redaction import REDACTED, diffs, redact
from routebook.platforms.strongswan.releasing import WORD, files_of, given_up
from routebook.platforms.strongswan.restarting import restart_tunnel
from routebook.platforms.strongswan.settings import SettingsError
from routebook.platforms.strongswan.taking_back import taken_back
from routebook.platforms.strongswan.tree import FOLDER, MAIN, Tree, build, only_includes
from routebook.platforms.strongswan.values import misread
from routebook.transport.shell import Shell

_OWNER = "root root"
_NOT_LOADED = "in the files, but not loaded by charon: connection {}"

# A path is one below the folder.
_ENTRY = re.compile(r"([0-7]{3,4}|gone) ([\w.$-]+) ([\w.$-]+) (\S*) ((?!\.\.?/|/)(?:(?!/\.\.?/|//)[^\x00-\x1f\x7f])+)")
_RELEASE = re.compile(r"release ([0-9]{1,4})\.([0-9]{1,4})")
_NOT_READ = 66

# Every *.conf as "MODE OWNER GROUP BASE64 PATH", and what a link says as "link BASE64 PATH" before it. Dot-files are
# nobody's configuration: an include cannot reach them. Links to folders are followed, as charon's include does.
# Where a run's change is loaded and not yet confirmed, its files are the running ones.
_READ = f"""{files.FUNCTIONS}
command -v swanctl >/dev/null || echo "no swanctl"
[ ! -d {FOLDER} ] || (cd {FOLDER} && find -L . -name '.?*' -prune -o -type f -name '*.conf' -print) | sort |
    while read -r file; do (
        file=${{file#./}}
        files_open "{FOLDER}/$file" || exit {_NOT_READ}
        [ -z "$files_link" ] || echo "link $(printf %s "$files_link" | base64 | tr -d '\\n') $file"
        echo "${{files_attributes%% -> *}} $(base64 <&8 | tr -d '\\n') $file"
    ) || exit {_NOT_READ}; done || exit {_NOT_READ}
{OURS_ALONE}for run in {ROOT}/*/swanctl.pushed; do
    [ -e "$run" ] || continue
    echo "pushed"
    while read -r mode owner group _ _ _ path; do
        if [ "$mode" = gone ]; then echo "gone - - - $path"; continue; fi
        echo "$mode $owner $group $(base64 <"${{run%.pushed}}.new/$path" | tr -d '\\n') $path"
    done <"${{run%.pushed}}.files"
done
if names=$(swanctl --list-conns 2>/dev/null); then
    echo "loaded"
    echo "$names" | sed -n 's/^\\([^ \t].*\\): [^ ]*, .*$/loaded \\1/p'
    swanctl --version --daemon 2>/dev/null | sed -n 's/^strongSwan \\([0-9]*\\.[0-9]*\\).*/release \\1/p'
fi
"""


@dataclasses.dataclass(frozen=True, slots=True)
class SwanctlChange(ComponentChange):
    """A change of files, and all files as they are with it."""

    target: Snapshot = dataclasses.field(kw_only=True, repr=False)


class SwanctlComponent(SwanctlDaemon, Component):
    """strongSwan, as swanctl loads it."""

    name = "strongswan"
    bundle_owns = (f"{FOLDER}/*",)

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        # The connections that charon had loaded at the last reading; None if it did not answer.
        self._loaded: frozenset[str] | None = None
        self._release: Release = (0, 0)

    def handles(self, part: str) -> bool:
        """Whether a part is a file below /etc/swanctl."""
        return part.startswith(f"{FOLDER}/")

    def snapshot(self) -> Snapshot:
        """The files that are loaded: those below /etc/swanctl, or a pushed change's that is not confirmed yet."""
        return self._read()[0]

    def startup(self) -> Snapshot:
        """The files below /etc/swanctl, whatever is loaded."""
        return self._read()[1]

    def _read(self) -> tuple[Snapshot, Snapshot]:
        result = self.shell.run(_READ, asked=f"a request for {FOLDER}")
        if result.status:
            said = result.stderr.strip() or f"exit status {result.status}"
            raise DriverError(f"{FOLDER} cannot be read: {said}; nothing was changed")
        links: dict[str, str] = {}
        parts: dict[str, str] = {}
        attributes: dict[str, str] = {}
        startup: Snapshot | None = None
        self._loaded, self._release = None, (0, 0)
        for line in result.stdout.splitlines():
            if line == "no swanctl":
                raise DriverError("strongSwan's swanctl is not installed")
            if line == "pushed":
                startup = _snapshot(parts, attributes)
                continue
            if line.startswith("loaded"):
                self._loaded = (self._loaded or frozenset()) | ({line[7:]} - {""})
                continue
            if found := _RELEASE.fullmatch(line):
                self._release = (int(found[1]), int(found[2]))
                continue
            if line.startswith("link "):
                _, link, path = line.split(" ", 2)
                links[f"{FOLDER}/{path}"] = f" -> {base64.b64decode(link).decode('utf-8', 'surrogateescape')}"
                continue
            found = _ENTRY.fullmatch(line)
            if found is None:
                raise DriverError(f"{FOLDER} is listed in a form that is not known: {line[:80]!r}")
            mode, owner, group, content, path = found.groups()
            path = f"{FOLDER}/{path}"
            if mode == "gone":
                parts.pop(path, None)
                attributes.pop(path, None)
                continue
            try:
                parts[path] = base64.b64decode(content, validate=True).decode("utf-8", "surrogateescape")
            except ValueError as error:
                raise DriverError(f"{path} came in a form that is not known") from error
            attributes[path] = f"{int(mode, 8):04o} {owner} {group}{links.get(path, '')}"
        running = _snapshot(parts, attributes)
        return running, startup or running

    def plan(self, sections: Sequence[Section], snapshot: Snapshot) -> ComponentChange:
        """The change to the files that `sections` own. Raises CandidateError on what charon could not load."""
        parts, attributes = dict(snapshot.parts), dict(snapshot.attributes)
        owns = [pattern for section in sections for pattern in section.owns]
        written = {section.part for section in sections if section.text.strip()}
        own = {section.part for section in sections}
        taken = [path for path in parts if path not in own and any(fnmatch.fnmatchcase(path, each) for each in owns)]
        let_go, taken = self._let_go(sections, snapshot, taken)
        for path in list(parts):
            if path == MAIN and path in taken:
                parts[path] = only_includes(parts[path])
            elif path in taken or (path in own and path not in written):
                del parts[path], attributes[path]
        for section in sections:
            if section.part in written:
                if REDACTED in section.text:
                    raise CandidateError(f"{section.part}: the text is a redacted one, its secrets are missing")
                parts[section.part] = section.text
                if not files.link_of(snapshot.attributes.get(section.part, "")):
                    attributes[section.part] = f"{section.mode:04o} {_OWNER}"
        if let_go:
            made = files_of(let_go, _tree(snapshot), parts)
            parts |= made
            attributes |= dict.fromkeys(made, f"0600 {_OWNER}")
        target = _snapshot(parts, attributes)
        self._check(target, snapshot, written)
        if let_go and set(files_of(let_go, _tree(snapshot), {})) - set(_tree(target).reached):
            raise CandidateError(f"{MAIN} does not include conf.d/*.conf, where {let_go[0]} would be released into")
        if taken and same_meaning(_tree(snapshot), _tree(target)):
            # What was taken over stays as it was written until something changes.
            found, said = _nothing(snapshot), self._taken_over(taken, snapshot)
        else:
            found = self._change(target, snapshot, written)
            said = released(f"{WORD}{name}" for name in let_go) if let_go else ""
        others = tuple(beside(_tree(target), sections, self._loaded or ()))
        warnings = (*found.change.warnings, *filter(None, [said]))
        return dataclasses.replace(found, change=replace(found.change, warnings=warnings, beside=others))

    def _let_go(self, sections: Sequence[Section], snapshot: Snapshot, taken: list[str]) -> tuple[list[str], list[str]]:
        """The connections that are given out of hand and have to leave our files, and the files that are taken over.

        A file that was taken over and of which all is given up stays as it is.
        """
        if not any(section.releases for section in sections):
            return [], taken
        tree = _tree(snapshot, "is on the device like this, and must be repaired first")
        ours = {section.part for section in sections}
        names = given_up(sections, tree, {*ours, *taken})
        whole = {
            path
            for path in taken
            if {name for name, origins in tree.origins.items() if path in origins} <= set(names) and path != MAIN
        }
        return [name for name in names if not set(tree.origins[name]) & whole], [p for p in taken if p not in whole]

    def _taken_over(self, taken: Sequence[str], snapshot: Snapshot) -> str:
        """A warning of what stands in files that are taken over."""
        origins = _tree(snapshot).origins
        return taken_over(f"{WORD}{name}" for name, files in origins.items() if set(files) & set(taken))

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> ComponentChange:
        """The change that makes the files exactly those of `target`."""
        attributes = {
            path: _in_place(value, snapshot.attributes.get(path, value)) for path, value in target.attributes.items()
        }
        return self._change(_snapshot(target.parts, attributes), snapshot, set(target.parts))

    def taken_back(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Snapshot, TakenBack]:
        """The files without an earlier change."""
        parts, attributes, found = taken_back(before, made, now)
        return _snapshot(parts, attributes), found

    def _check(self, target: Snapshot, snapshot: Snapshot, written: set[str]) -> None:
        """Refuse what charon would take and do something else with."""
        tree = _tree(target)
        for path in sorted(written):
            if path not in tree.reached:
                raise CandidateError(f"{path} would not be read: {MAIN} includes no file of that name")
        for connection, origins in tree.origins.items():
            ours = [file for file in origins if file in written]
            foreign = [file for file in origins if file not in written and file in snapshot.parts]
            if ours and foreign:
                raise CandidateError(f"connection {connection!r} of {ours[0]} is defined in {foreign[0]} too")
            for sentence in misread(connection, tree.connections.get(connection, {})) if ours else ():
                raise CandidateError(sentence)

    def _change(self, target: Snapshot, snapshot: Snapshot, ours: Collection[str]) -> ComponentChange:
        same = target.parts == snapshot.parts and _same_attributes(target, snapshot)
        try:
            former = _tree(snapshot, "is on the device like this, and must be repaired first")
        except CandidateError:
            if same:
                return _nothing(snapshot)
            raise
        unloaded = self._unloaded(former, ours)
        if same and not unloaded:
            return _nothing(snapshot)
        old, new = former.without(unloaded), _tree(target)
        changes = compare(old, new, self._release)
        paths = _changed_files(target, snapshot)
        change = Change(
            diff="\n".join(filter(None, [_diff(target, snapshot), *map(_NOT_LOADED.format, unloaded)])),
            commands=_commands(paths, target, changes),
            undo=_commands(paths, snapshot, _opposite(changes)),
            effects=effects(changes, old, new),
            fingerprint=snapshot.fingerprint,
            warnings=tuple(hand_made(new, ours, {each.connection for each in changes if each.kind != "removed"})),
        )
        return SwanctlChange(
            change=change,
            target=target,
            uploads=_uploads(paths, target, snapshot, former, new, changes) | {"swanctl.check": check_file(old, new)},
            revert=scripts.revert(changes),
            persist=scripts.PERSIST,
            room=_room(paths, target),
        )

    def _unloaded(self, tree: Tree, ours: Collection[str]) -> list[str]:
        """Connections of our files that charon does not have."""
        if self._loaded is None:
            return []
        named = {name for name, origins in tree.origins.items() if any(file in ours for file in origins)}
        return sorted(named - self._loaded)

    def live_uploads(self, change: ComponentChange) -> Mapping[str, str]:
        """The SAs at the moment of arming: what reverting brings up again. Raises DriverError without a charon."""
        if not change.change:
            return {}
        result = self.shell.run(scripts.LIST_SAS)
        if result.status or "connecting to" in result.stderr:
            raise DriverError("charon does not answer: is strongSwan running? Nothing was changed")
        return {"swanctl.before": result.stdout}

    def push(self, change: ComponentChange, folder: str) -> None:
        """Let charon check the changed connections under throw-away names, then load the staged files."""
        if not change.change:
            return
        result = self.shell.run(f"setsid /bin/sh {quote(folder)}/swanctl.push {quote(folder)}", timeout=90)
        said = redact(real_names(_complaint(result.stdout + result.stderr)))
        if result.status == scripts.REJECTED:
            raise CandidateError(f"charon rejects the candidate: {said}", line=said, changed=False)
        if result.status == scripts.NO_DAEMON:
            raise DriverError("charon does not answer: is strongSwan running?")
        if result.status == scripts.NOT_STAGED:
            raise DriverError(f"{FOLDER} cannot be written: {said}; nothing was changed by this")
        if result.status in (GONE, BUSY):
            raise DriverError("the change is not armed any more: its timer has fired, and undoes or has undone it")
        if result.status:
            raise CandidateError(f"charon did not load the candidate: {said}", line=said, changed=True)

    def activate(self, change: ComponentChange, folder: str) -> None:
        """Close the SAs that do not fit, start those that this end starts. A peer that does not answer is no error."""
        if change.change:
            self.shell.run(f"setsid /bin/sh {quote(folder)}/swanctl.activate {quote(folder)}", timeout=60)

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Initiate connections without an IKE SA, and children that their IKE SA lacks; both have the same name.

        A peer that refused only the child, for example while it was starting, leaves an IKE SA that nobody uses.
        """
        for name in map(quote, names):
            start = f"swanctl --initiate --ike {name} --child {name} --timeout 1 >/dev/null 2>&1"
            self.shell.run(f"case $(swanctl --list-sas --ike {name}) in *reqid*|*CONNECTING*) ;; *) {start} ;; esac")

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA of a connection and initiate its children."""
        restart_tunnel(self.shell, connection, children)

    def claims(self, subject: str) -> bool:
        """Whether `subject` is a connection's name; BGP's are addresses."""
        try:
            ip_address(subject)
        except ValueError:
            return True
        return False

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """What charon's log says of a connection that does not come up."""
        return explain(self.shell, subject, seconds) if self.claims(subject) else []

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs in the files."""
        return _diff(after, before)

    def meanwhile(
        self, change: ComponentChange | None, folder: str, before: Snapshot | None, now: Snapshot
    ) -> Meanwhile | None:
        """Reverting touches no file but those that were pushed; what somebody has written into those cannot be kept."""
        if not isinstance(change, SwanctlChange) or before is None:
            return None
        if self.shell.run(f"[ -e {quote(folder)}/swanctl.pushed ]").status:
            return None
        others = _changed_files(now, change.target)
        if not others:
            return None
        differences = _diff(now, change.target)
        if set(others) & set(_changed_files(change.target, before)):
            return Meanwhile(differences, None)
        parts = {path: text for path, text in before.parts.items() if path not in others}
        attributes = {path: text for path, text in before.attributes.items() if path not in others}
        parts |= {path: now.parts[path] for path in others if path in now.parts}
        attributes |= {path: now.attributes[path] for path in others if path in now.attributes}
        return Meanwhile(differences, _snapshot(parts, attributes))

    def redact(self, text: str) -> str:
        """The text with every secret replaced."""
        return redact(text)


def _nothing(snapshot: Snapshot) -> ComponentChange:
    return ComponentChange(Change("", (), (), (), snapshot.fingerprint), {}, "")


def _tree(snapshot: Snapshot, addition: str = "") -> Tree:
    try:
        return build(snapshot.parts)
    except SettingsError as error:
        raise CandidateError(redact(f"{error}{f'; it {addition}' if addition else ''}"), line=str(error)) from error


def _snapshot(parts: Mapping[str, str], attributes: Mapping[str, str]) -> Snapshot:
    try:
        meaning = build(parts).fingerprint
    except SettingsError:
        meaning = hashlib.sha256(repr(sorted(parts.items())).encode("utf-8", "surrogateescape")).hexdigest()
    modes = sorted(f"{path} {value}" for path, value in attributes.items())
    fingerprint = hashlib.sha256("\n".join([meaning, *modes]).encode("utf-8", "surrogateescape")).hexdigest()
    return Snapshot(dict(parts), dict(attributes), fingerprint)


def _in_place(wanted: str, found: str) -> str:
    """Earlier attributes of a file, at the place where it is now: a link that is there stays, and is not made."""
    link = files.link_of(found)
    return f"{files.plain(wanted)} -> {link}" if link else files.plain(wanted)


def _room(paths: Sequence[str], target: Snapshot) -> dict[str, int]:
    """Bytes that persisting writes into each folder, with some to spare for what a file system rounds up."""
    room: dict[str, int] = {}
    for path in paths:
        folder = posixpath.dirname(files.real_path(path, target.attributes.get(path, "")))
        room[folder] = room.get(folder, 0) + len(target.parts.get(path, "").encode("utf-8", "surrogateescape")) + 4096
    return room


def _same_attributes(target: Snapshot, snapshot: Snapshot) -> bool:
    return all(snapshot.attributes.get(path) == value for path, value in target.attributes.items())


def _changed_files(target: Snapshot, snapshot: Snapshot) -> list[str]:
    return sorted(
        path
        for path in target.parts.keys() | snapshot.parts.keys()
        if target.parts.get(path) != snapshot.parts.get(path)
        or target.attributes.get(path, "") != snapshot.attributes.get(path, "")
    )


def _diff(target: Snapshot, snapshot: Snapshot) -> str:
    lines = [diffs(snapshot.parts, target.parts)]
    lines += [
        f"mode of {path}: {snapshot.attributes[path]} -> {value}"
        for path, value in sorted(target.attributes.items())
        if snapshot.attributes.get(path, value) != value
    ]
    return "\n".join(line for line in lines if line)


def _commands(paths: Sequence[str], target: Snapshot, changes: Sequence[TunnelChange]) -> tuple[str, ...]:
    """What will happen, in the words of an operator who would do it by hand."""
    commands = []
    for path in paths:
        if path in target.parts:
            commands.append(f"write {path} ({len(target.parts[path].encode())} bytes, {target.attributes[path]})")
        else:
            commands.append(f"remove {path}")
    commands.append("swanctl --load-all")
    for change in changes:
        if change.kind in ("removed", "ike"):
            commands.append(f"swanctl --terminate --ike {quote(change.connection)}")
        ike = quote(change.connection)
        commands += [f"swanctl --terminate --ike {ike} --child {quote(child)}" for child in change.ended]
        commands += [f"swanctl --initiate --ike {ike} --child {quote(up.name)}" for up in change.wanted]
    return tuple(commands)


def _opposite(changes: Sequence[TunnelChange]) -> list[TunnelChange]:
    kinds: dict[Kind, Kind] = {"new": "removed", "removed": "new"}
    return [
        TunnelChange(change.connection, kinds.get(change.kind, change.kind), change.ended, change.wanted, change.reason)
        for change in changes
    ]


def _uploads(
    paths: Sequence[str], target: Snapshot, snapshot: Snapshot, old: Tree, new: Tree, changes: Sequence[TunnelChange]
) -> dict[str, str]:
    uploads = {f"swanctl/{posixpath.relpath(path, FOLDER)}": staged(path, text) for path, text in target.parts.items()}
    lines = []
    for path in paths:
        name = posixpath.relpath(path, FOLDER)
        if path in target.parts:
            uploads[f"swanctl.new/{name}"] = target.parts[path]
        if path in snapshot.parts:
            uploads[f"swanctl.old/{name}"] = snapshot.parts[path]
        after, before = (which.attributes.get(path, "gone - -") for which in (target, snapshot))
        lines.append(f"{files.plain(after)} {files.plain(before)} {name}\n")
        if link := files.link_of(before) or files.link_of(after):
            uploads[f"swanctl.links/{name}"] = link
    uploads["swanctl.files"] = "".join(lines)
    uploads["swanctl.expected"] = _names(new)
    uploads["swanctl.former"] = _names(old)
    uploads["swanctl.push"] = scripts.PUSH
    uploads["swanctl.activate"] = scripts.activate(changes)
    return uploads


def _names(tree: Tree) -> str:
    # Sorted as sort(1) sorts in the C locale.
    return "".join(f"{name}\n" for name in sorted(tree.connections, key=str.encode))


def _complaint(text: str) -> str:
    """The lines that say what is wrong, in the words of charon."""
    wrong = [
        line.strip()
        for line in text.splitlines()
        if not line.startswith(("plugin ", "loaded ", "no ", "unloaded ")) and line.strip()
    ]
    return "; ".join(wrong) or "without a reason"
