"""What the sections of a candidate say of config.xml together."""

from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.ownership import BGP, IPSEC, LISTS, Path, package_of
from routebook.platforms.pfsense.tree import ConfigError, Element, parse_fragment, without_empty_entries


def together(sections: Sequence[Section], package: str) -> Element:
    """What sections of one part say together, of BGP for the package that is installed."""
    wanted = Element("pfsense")
    for section in sections:
        _collect(wanted, _fragment(section), section)
    if any(section.part == BGP for section in sections):
        _one_package(wanted, package)
    return wanted


def _fragment(section: Section) -> Element:
    try:
        return parse_fragment(section.text)
    except ConfigError as error:
        raise CandidateError(f"section {section.name}: {error}") from error


def _collect(wanted: Element, fragment: Element, section: Section) -> None:
    """Add a section's elements to those of the sections before it."""
    for top in fragment.children:
        if top.tag != ("ipsec" if section.part == IPSEC else "installedpackages"):
            raise CandidateError(f"section {section.name}: <{top.tag}> is not of the part {section.part!r}")
        for child in top.children:
            if section.part == IPSEC:
                without_empty_entries(child)
                wanted.made(top.tag).children.append(child)
            elif package_of(child.tag):
                for inner in child.children:
                    without_empty_entries(inner)
                wanted.made(top.tag, child.tag).children.extend(child.children)
            else:
                raise CandidateError(f"section {section.name}: <{child.tag}> is of neither BGP package")


def _one_package(wanted: Element, package: str) -> None:
    """Keep what is for the package that is installed; a candidate may have both."""
    packages = wanted.find("installedpackages")
    if packages is None:
        return
    meant = {package_of(child.tag) for child in packages.children if child.children}
    packages.children = [child for child in packages.children if package_of(child.tag) == package]
    if meant and package not in meant:
        names = {"openbgpd": "OpenBGPD", "frr": "FRR"}
        installed = f"it has the {names[package]} package" if package else "no package that routes BGP is installed"
        raise CandidateError(
            f"the candidate is for the {' and '.join(sorted(names[name] for name in meant))} package, and {installed}; "
            "nothing was changed"
        )


def settings_of(wanted: Element) -> Iterator[tuple[Path, Element]]:
    """Each setting that is in no list of entries: below <ipsec>, or in the first <config> of a package's element."""
    for top in wanted.children:
        for child in top.children:
            path: Path = (top.tag, child.tag)
            if top.tag == "ipsec" and not any(known[:2] == path for known in LISTS):
                yield path, child
            elif top.tag == "installedpackages":
                for inner in child.children:
                    below = (*path, inner.tag)
                    if below in LISTS:
                        continue
                    if inner.tag != "config":
                        raise CandidateError(f"{'/'.join(below)} is nothing that the driver can set")
                    for setting in inner.children:
                        yield (*below, setting.tag), setting
