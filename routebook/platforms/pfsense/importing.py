"""Reads a pfSense's config.xml into the inventory's words, and says what a first plan would do to it."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_interface

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.importing.found import BadInputError, Compared, FoundHost, Importer, SourceFile
from routebook.intent.problem import Mark
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.changes import shown_edits
from routebook.platforms.pfsense.difference import Edit, difference
from routebook.platforms.pfsense.imported_bgp import NETWORK_ROWS, SETTINGS, Bgp, differing
from routebook.platforms.pfsense.imported_lines import read_lines
from routebook.platforms.pfsense.imported_tunnels import read_tunnels
from routebook.platforms.pfsense.kept import tunnel_of
from routebook.platforms.pfsense.meaning import (
    AS_PATH_LISTS,
    COMMUNITY_LISTS,
    NEIGHBORS,
    PREFIX_LISTS,
    ROUTE_MAPS,
    meaning,
    network,
)
from routebook.platforms.pfsense.ownership import WHOLE, Path
from routebook.platforms.pfsense.tree import ConfigError, Element, Lines, parse, placed
from routebook.platforms.pfsense.tunnel_meaning import phase1

_ENCRYPTED = "---- BEGIN config.xml ----"
_ROOT = re.compile(r"<(?P<tag>[A-Za-z][\w.-]*)[\s>/]")
_CALLED = re.compile(r"config.*\.xml")
_PLAIN = "take it again from Diagnostics / Backup & Restore, all areas, without encryption, or copy /cf/conf/config.xml"


def recognises(path: str, text: str) -> bool:
    """Whether a text is a config.xml, whole, in part or encrypted; its outermost element is <pfsense>."""
    head = text[:4096]
    return "<pfsense>" in head or _ENCRYPTED in head or bool(_CALLED.fullmatch(posixpath.basename(path)))


def read(host: str, files: Sequence[SourceFile]) -> FoundHost:
    """What a host's config.xml says. Raises BadInputError."""
    if len(files) > 1:
        raise BadInputError(
            Mark(files[1].name, 1), f"is a second config.xml beside {files[0].name}", "give one of them"
        )
    file = files[0]
    root, lines = _parsed(file)
    found = FoundHost(host, "pfsense", (SourceFile(file.name, WHOLE, file.text),))
    found.data["bgp_package"] = package_of(root)
    if found.data["bgp_package"] == "":
        del found.data["bgp_package"]
    _interfaces(root, found)
    bgp = Bgp(found, file.name, root, lines)
    if "bgp_package" in found.data:
        bgp.read()
        bgp.finish()
    owners = bgp.owners | read_tunnels(found, file.name, root, lines)
    found.lines += read_lines(file.name, file.text, root, lines, owners)
    for each in found.lines:
        if each.owner:
            found.marks.setdefault(each.owner, Mark(file.name, each.number))
    return found


def _parsed(file: SourceFile) -> tuple[Element, dict[int, Lines]]:
    """The tree of a file. Raises BadInputError for what is no whole config.xml."""
    if _ENCRYPTED in file.text[:4096]:
        raise BadInputError(Mark(file.name, 1), "is an encrypted backup", _PLAIN)
    if not file.text.strip():
        raise BadInputError(Mark(file.name, 1), "is empty", _PLAIN)
    begins = _ROOT.search(re.sub(r"<!--.*?-->|<\?.*?\?>", "", file.text, flags=re.DOTALL))
    if begins is not None and begins["tag"].lower() != "pfsense":
        raise BadInputError(
            Mark(file.name, 1),
            f"begins with <{begins['tag']}>, not with <pfsense>: it is one area of a backup, or of another product",
            _PLAIN,
        )
    try:
        root, lines = placed(file.text)
    except ConfigError as error:
        found = re.match(r"line (\d+): (.*)", str(error))
        number, what = (int(found[1]), found[2]) if found else (1, str(error))
        half = "" if "</pfsense>" in file.text else ": half of the file is missing"
        raise BadInputError(Mark(file.name, number), f"is no whole config.xml, {what}{half}", _PLAIN) from error
    return root, lines


def package_of(root: Element) -> str:
    """The BGP package that is installed; of one that is gone, the settings may be there still."""
    packages = root.find("installedpackages") or Element("installedpackages")
    names = {entry.value("name").lower() for entry in packages.all("package")}
    return next((each for each in ("frr", "openbgpd") if each in names), "")


def _interfaces(root: Element, found: FoundHost) -> None:
    """The interfaces with the addresses that are written there; others get theirs from somebody else."""
    for entry in (root.find("interfaces") or Element("interfaces")).children:
        if not entry.has("enable") and entry.tag != "wan":
            continue
        for address, bits in (("ipaddr", "subnet"), ("ipaddrv6", "subnetv6")):
            try:
                interface = ip_interface(f"{entry.value(address)}/{entry.value(bits)}")
            except ValueError:
                continue
            found.interfaces.setdefault(entry.tag, []).append(interface)


def compare(sections: Sequence[Section], parts: Mapping[str, str]) -> Compared:
    """What the driver would do to a host with this config.xml, in memory, and what it would write otherwise."""
    running = parse(parts[WHOLE])
    package = package_of(running)
    bgp = [section for section in sections if section.part != "bgp" or package]
    try:
        delta = difference(running, bgp, package, record=True)
    except CandidateError as error:
        return Compared(str(error), refused=True)
    if not delta:
        return Compared()
    return Compared(
        shown_edits(delta.edits), unlike=dict(filter(None, (_unlike(running, each) for each in delta.edits)))
    )


_KINDS: Mapping[Path, str] = {
    COMMUNITY_LISTS: "bgp community-list {listtype} {name}",
    AS_PATH_LISTS: "bgp as-path access-list {name}",
    ROUTE_MAPS: "route-map {name}",
    NEIGHBORS: "neighbor {peer}",
}


def _unlike(running: Element, edit: Edit) -> tuple[str, str] | None:
    """The object that an edit is of, and what of it would be written otherwise."""
    if edit.path == manifest.PATH:
        return None  # it comes with other edits alone
    entry = (edit.new or edit.old)[0]
    if edit.path == NETWORK_ROWS:
        old, new = ([network(edit.path, row) for row in rows] for rows in (edit.old, edit.new))
        wrong = next(iter(set(old) ^ set(new)), "")
        return f"network {wrong}", f"the network {wrong} would come or go"
    if not edit.identity:
        if edit.path[-1].startswith("redistribute"):
            source = "static" if edit.path[-1].endswith("static") else "connected"
            return f"redistribute {source}", f"<{edit.path[-1]}> would be {entry.text}"
        return SETTINGS, f"<{edit.path[-1]}> would be {entry.text if edit.new else 'taken away'}"
    if edit.path == ("ipsec", "phase1"):
        return _unlike_tunnel(running, edit)
    if edit.path == PREFIX_LISTS:
        key = f"{'ipv6' if entry.value('iptype').lower() == 'ipv6' else 'ip'} prefix-list {entry.value('name')}"
    elif edit.path in _KINDS:
        key = _KINDS[edit.path].format(**{child.tag: child.text for child in entry.children if child.tag != "row"})
    else:
        return None
    there = _there(running, edit, entry)
    if there is None or not edit.new:
        return key, "it would come or go"
    return key, differing(meaning(edit.path, there), meaning(edit.path, entry))


def _unlike_tunnel(running: Element, edit: Edit) -> tuple[str, str] | None:
    """What of a tunnel would be written otherwise: of its phase 1, or else of a phase 2."""
    if not edit.new:
        return None
    entry = edit.new[0]
    there = [each for each in manifest.entries(running, edit.path) if tunnel_of(each) == tunnel_of(entry)]
    if len(there) != 1:
        return None
    old, new = phase1(there[0], running), phase1(entry, running)
    key = f"tunnel con{there[0].value('ikeid')}"
    wrong = [each for each in sorted(old.keys() | new.keys()) if old.get(each) != new.get(each)]
    if not wrong:
        return key, "its phase 2 entries would be others"
    if wrong[0] == "pre-shared-key":
        return key, "its key would be another"
    return key, f"{wrong[0]} is {old.get(wrong[0], 'not there')}, and Routebook writes {new.get(wrong[0], 'nothing')}"


def _there(running: Element, edit: Edit, entry: Element) -> Element | None:
    if edit.old:
        return edit.old[0]
    holder = running.find(*edit.path[:-1])
    alike = [
        each
        for each in (holder.all(edit.path[-1]) if holder else ())
        if edit.path == NEIGHBORS and each.value("peer") == entry.value("peer")
    ]
    return alike[0] if alike else None


IMPORTER = Importer(what="a config.xml of pfSense", recognises=recognises, read=read, compare=compare)
