"""Compares the inventory with files that hosts are configured with, by their drivers, and contacts no device."""

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from routebook.importing.found import BadInputError, Importer
from routebook.importing.refused import ImportRefusedError
from routebook.importing.sources import read_host
from routebook.intent.network import Network
from routebook.intent.problem import nearest
from routebook.project.render import Resolver, render_host


class Against(Struct, frozen=True):
    """What a host's plan would change in its files, without secrets; empty where nothing is to change."""

    difference: str
    warnings: tuple[str, ...] = ()


def against_files(
    network: Network,
    files: Mapping[str, str],
    importers: Mapping[str, Importer],
    secrets: Resolver,
    sections: Collection[str] | None = None,
) -> dict[str, Against]:
    """The difference of each host named in `files`, which has the folder or file of its configuration.

    Raises ImportRefusedError, with every reason at once.
    """
    found: dict[str, Against] = {}
    bad: list[str] = []
    for name, where in files.items():
        intent = network.hosts.get(name)
        if intent is None:
            bad.append(f"{where}: the inventory has no host {name!r}; {nearest(name, network.hosts)}")
            continue
        try:
            read = read_host(name, Path(where), importers)
        except BadInputError as error:
            bad.append(str(error))
            continue
        compare = importers[read.platform].compare
        mine = importers[intent.platform].parts if intent.platform in importers else ()
        if compare is None or read.platform not in (intent.platform, *mine):
            what = importers[read.platform].what
            bad.append(f"{where}: is {what}, and the inventory says that {name} is of the platform {intent.platform}")
            continue
        candidate = render_host(intent, network.project / "templates", secrets, sections)
        compared = compare(candidate.sections, {file.part: file.text for file in read.files})
        if compared.refused:
            bad.append(f"{name}: {compared.difference}")
        warnings = compared.warnings
        if read.platform != intent.platform:
            left = ", ".join(each for each in mine if each != read.platform)
            warnings = (*warnings, f"{where} has nothing of {left}: that is not compared")
        found[name] = Against(compared.difference, warnings)
    if bad:
        raise ImportRefusedError(bad)
    return found
