"""Proves an inventory before it is written: loaded as any other, rendered, and compared with what was read."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from routebook.importing.accepting import unfit
from routebook.importing.found import Compared, FoundHost, Importer
from routebook.importing.inventory import INTERFACE, Draft, draft
from routebook.importing.pairing import Finding, Pairing, Thing
from routebook.importing.tunnels import Tunnels, give_addresses, pair_tunnels
from routebook.intent.load import load
from routebook.intent.model import HostIntent, SecretRef
from routebook.intent.network import Network
from routebook.intent.problem import IntentError, Mark, Problem, Problems
from routebook.intent.source import LocatedDict, locate, read_text
from routebook.project.render import render_host

_ROUNDS = 60
_EVERYTHING = ("0.0.0.0/0 le 32", "::/0 le 128")
_LEAK = re.compile(
    r"lets (?:(?P<prefix>\S+/(?P<own>\d+))(?: of /(?P<ge>\d+) to /(?P<le>\d+))?|(?P<all>everything)) leave to "
    r"(?P<sessions>[^:]+): to a provider, a peer"
)
_NO_TEMPLATES = "/nonexistent"  # each platform's own are taken


@dataclass(slots=True)
class Proved:
    """An inventory that can be loaded, what was left out of it and why, and what each host's first plan would do."""

    hosts: Mapping[str, FoundHost]
    draft: Draft
    network: Network
    rejected: dict[Thing, str]
    findings: list[Finding]
    missing: list[Finding]
    compared: dict[str, Compared] = field(default_factory=dict)


class UnwritableError(ValueError):
    """The inventory that would be written is refused as a whole; `problems` say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class _Known:
    """Gives the secrets that were read."""

    def __init__(self, secrets: Mapping[SecretRef, str]) -> None:
        self.secrets = secrets

    def resolve(self, reference: SecretRef) -> str:
        """The secret."""
        return self.secrets[reference]


def prove(hosts: Mapping[str, FoundHost], importers: Mapping[str, Importer], templates: Path) -> Proved:
    """Work out the inventory of these hosts, leaving out what cannot be written. Raises UnwritableError."""
    more: dict[Thing, str] = {}
    give_addresses(hosts)
    for _ in range(_ROUNDS):
        proved = _loaded(hosts, more)
        _compare(proved, importers, templates)
        unlike = {
            (name, key): f"Routebook would write it otherwise: {why}"
            for name, each in proved.compared.items()
            for key, why in each.unlike.items()
            if (name, key) not in more
        }
        if not unlike and not (unlike := _kept_otherwise(proved, more)):
            break
        more |= unlike
    return proved


def _kept_otherwise(proved: Proved, more: Mapping[Thing, str]) -> dict[Thing, str]:
    """The objects with lines that are kept as they stand, on hosts whose first plan is not empty with them."""
    return {
        (host.name, line.owner): f"with `{line.text}` kept as it stands, its first plan would not be empty"
        for host in proved.hosts.values()
        if proved.compared.get(host.name, Compared()).difference
        for line in host.lines
        if line.kept and (host.name, line.owner) not in more
    }


def _compare(proved: Proved, importers: Mapping[str, Importer], templates: Path) -> None:
    """What each host's first plan would do."""
    secrets = _Known(proved.draft.references())
    for host in proved.hosts.values():
        compare = importers[host.platform].compare
        if compare is not None:
            candidate = render_host(proved.network.hosts[host.name], templates, secrets)
            proved.compared[host.name] = compare(candidate.sections, {file.part: file.text for file in host.files})


def _loaded(hosts: Mapping[str, FoundHost], unlike: Mapping[Thing, str]) -> Proved:
    """What remains when everything that `check` would refuse is left out."""
    more: dict[Thing, str] = dict(unlike)
    leaks: dict[str, set[str]] = {}
    for _ in range(_ROUNDS):
        rejected = unfit(hosts, more)
        pairing = Pairing(hosts, rejected, set(hosts)).work_out()
        tunnels = pair_tunnels(hosts, rejected, pairing)
        findings, missing = [*pairing.findings, *tunnels.findings], [*pairing.missing, *tunnels.missing]
        for finding in (*findings, *missing):
            for thing in finding.things:
                rejected.setdefault(thing, f"{finding.message}")
        for pair in pairing.pairs:
            pair.leaks = sorted(leaks.get(pair.title, ()))
        if again := unfit(hosts, rejected).keys() - rejected.keys():  # what hangs together with what is left out now
            more |= {thing: unfit(hosts, rejected)[thing] for thing in again}
            continue
        written = draft(hosts, pairing, tunnels, rejected)
        with tempfile.TemporaryDirectory() as folder:
            texts = written.texts()
            _write(Path(folder) / "inventory", texts)
            try:
                network = load(Path(folder))
            except IntentError as error:
                problems = [each for each in error.problems if each.severity == "error"]
            else:
                return _folded(Proved(hosts, written, network, rejected, findings, missing), pairing, tunnels)
        accepted = [each for each in problems if _accept(each, leaks)]
        if accepted:
            continue
        blamed = _blamed(problems, written, texts)
        if not blamed.keys() - more.keys():
            raise UnwritableError(problems)
        more |= {thing: why for thing, why in blamed.items() if thing not in more}
        for host, key in blamed:
            if key.startswith(INTERFACE):
                hosts[host].interfaces.pop(key.removeprefix(INTERFACE), None)
    raise UnwritableError(problems)


def _accept(problem: Problem, leaks: dict[str, set[str]]) -> bool:
    """Accept by name what leaves already and is nobody's of ours; False where that is not the problem, or was done."""
    found = _LEAK.match(problem.message)
    if found is None:
        return False
    before = {name: set(prefixes) for name, prefixes in leaks.items()}
    ge = f" ge {found['ge']}" if found["ge"] not in (None, found["own"]) else ""
    le = f" le {found['le']}" if found["le"] else ""
    for name in found["sessions"].split(", "):
        leaks.setdefault(name, set()).update(_EVERYTHING if found["all"] else [f"{found['prefix']}{ge}{le}"])
    return leaks != before


def _folded(flat: Proved, pairing: Pairing, tunnels: Tunnels) -> Proved:
    """The same with what is alike written once, where that means the same."""
    written = draft(flat.hosts, pairing, tunnels, flat.rejected, folded=True)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "inventory", written.texts())
        try:
            network = load(Path(folder))
        except IntentError:
            return flat
    same = all(
        _shown(network.hosts[name], written) == _shown(flat.network.hosts[name], flat.draft) for name in flat.hosts
    )
    return replace(flat, draft=written, network=network) if same else flat


def _shown(host: HostIntent, written: Draft) -> list[str]:
    """What a host would be configured with."""
    rendered = render_host(host, Path(_NO_TEMPLATES), _Known(written.references()))
    return [section.text for section in rendered.sections]


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)


def _blamed(problems: Iterable[Problem], written: Draft, texts: Mapping[str, str]) -> dict[Thing, str]:
    """The objects that problems are about, by the lines at which these are reported."""
    trees = {f"inventory/{name}": read_text(text, f"inventory/{name}", Problems()) for name, text in texts.items()}
    places = sorted(
        (mark.file, mark.line, index, path)
        for index, path in enumerate(written.things)
        for mark in [_mark(trees, path)]
        if mark is not None
    )
    found: dict[Thing, str] = {}
    for problem in problems:
        before = [each for each in places if each[0] == problem.mark.file and each[1] <= problem.mark.line]
        if before:
            things = written.things[before[-1][3]]
            found |= dict.fromkeys(things, f"`routebook check` would refuse it: {problem.message}")
    return found


def _mark(trees: Mapping[str, LocatedDict | None], path: tuple[str | int, ...]) -> Mark | None:
    for tree in trees.values():
        if tree is not None and path[0] in tree:
            return locate(tree, path)
    return None
