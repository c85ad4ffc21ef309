"""Whose each line of a config.xml is: the lines of an element are its object's, or of the part of pfSense it is in."""

from collections.abc import Iterator, Mapping

from routebook.importing.found import ReadLine
from routebook.platforms.pfsense.redaction import redacted_lines
from routebook.platforms.pfsense.tree import Element, Lines

FRAME = "the frame of config.xml"
_COMMENT, _SEVERAL = "comments and blank lines", "several things on one line"

_TOP = {
    "system": "the system and its users", "interfaces": "interfaces", "filter": "firewall rules", "nat": "NAT",
    "dhcpd": "DHCP", "dhcpdv6": "DHCP", "dhcpbackend": "DHCP", "dhcrelay": "DHCP", "dhcrelay6": "DHCP", "kea": "DHCP",
    "ipsec": "IPsec", "openvpn": "OpenVPN", "l2tp": "L2TP and PPPoE servers", "pppoes": "L2TP and PPPoE servers",
    "cert": "certificates", "ca": "certificates", "crl": "certificates", "aliases": "aliases",
    "gateways": "gateways and static routes", "staticroutes": "gateways and static routes", "unbound": "DNS",
    "dnsmasq": "DNS", "dyndnses": "DNS", "dnsupdates": "DNS", "virtualip": "virtual addresses", "vlans": "interfaces",
    "ppps": "interfaces", "bridges": "interfaces", "gifs": "interfaces", "gres": "interfaces", "laggs": "interfaces",
    "wireless": "interfaces", "ifgroups": "interfaces", "hasync": "high availability", "shaper": "traffic shaping",
    "dnshaper": "traffic shaping", "snmpd": "SNMP", "syslog": "logs", "cron": "cron", "rrd": "graphs",
    "captiveportal": "captive portals", "voucher": "captive portals", "ntpd": "NTP", "notifications": "notifications",
    "revision": "the history", "widgets": "the web interface", "theme": "the web interface",
    "installedpackages": "packages",
}  # fmt: skip
_PACKAGES = {
    "frrbgp": "BGP of the FRR package", "frrbgpneighbors": "BGP of the FRR package",
    "frrbgpadvanced": "BGP of the FRR package", "frrglobalprefixes": "prefix lists of the FRR package",
    "frrglobalroutemaps": "route maps of the FRR package", "frrbgpcommunities": "lists of BGP of the FRR package",
    "frrbgpaspaths": "lists of BGP of the FRR package", "frrglobalacls": "access lists of the FRR package",
    "frrglobalraw": "raw configurations of the FRR package", "routebook": "Routebook's record of what is its own",
}  # fmt: skip
_SHOWN = frozenset(
    {"interfaces", "IPsec", "the FRR package", *(its for tag, its in _PACKAGES.items() if tag != "frrglobalraw")}
)


def whose(path: tuple[str, ...]) -> str:
    """Whose an element is that is no object, by the tags from below the outermost one."""
    if not path:
        return FRAME
    if path[0] != "installedpackages" or len(path) < 2:
        return _TOP.get(path[0], "other settings")
    tag = path[1]
    if tag in _PACKAGES:
        return _PACKAGES[tag]
    return "the FRR package" if tag.startswith("frr") else "OpenBGPD" if tag.startswith("openbgpd") else "packages"


def read_lines(
    file: str, text: str, root: Element, lines: Mapping[int, Lines], owners: Mapping[int, str]
) -> Iterator[ReadLine]:
    """Every line of a file; `lines` and `owners` are those of elements, by their `id()`.

    What is not of interfaces, IPsec or FRR is shown by its tags alone: nobody knows all packages' secrets.
    """
    labels: dict[int, set[tuple[str, str]]] = {}
    tags: dict[int, list[str]] = {}
    for element, label, inside in _labelled(root, (), owners, ""):
        first, last = lines[id(element)]
        tags.setdefault(first, []).append(f"<{element.tag}>")
        if last != first:
            tags.setdefault(last, []).append(f"</{element.tag}>")
        for number in (first, last) if inside else range(first, last + 1):
            labels.setdefault(number, set()).add(label)
    for number, shown in enumerate(redacted_lines(text, [root]), 1):
        owner, its = _one(labels.get(number, set()))
        yield ReadLine(file, number, shown if its in _SHOWN else "".join(tags.get(number, ())), owner, its)


def _labelled(
    element: Element, path: tuple[str, ...], owners: Mapping[int, str], owner: str
) -> Iterator[tuple[Element, tuple[str, str], bool]]:
    """Each element with its object and whose it is, and whether others are in it."""
    owner = owners.get(id(element), owner)
    yield element, (owner, whose(path)), bool(element.children)
    for child in element.children:
        yield from _labelled(child, (*path, child.tag), owners, owner)


def _one(labels: set[tuple[str, str]]) -> tuple[str, str]:
    """The one object that a line is of, whatever frames are there as well; nothing where it is of several."""
    if not labels:
        return "", _COMMENT
    objects = {label for label in labels if label[0]}
    if len(objects) == 1:
        others = {its for owner, its in labels if not owner} - {FRAME, next(iter(objects))[1]}
        return next(iter(objects)) if not others else ("", _SEVERAL)
    if objects:
        return "", _SEVERAL
    parts = {its for _, its in labels if its != FRAME}
    return "", parts.pop() if len(parts) == 1 else _SEVERAL if parts else FRAME
