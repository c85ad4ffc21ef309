"""config.xml as a tree: read strictly, compared by what it means to pfSense, not by its bytes."""

import hashlib
import html.entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

# pfSense encodes what it writes by PHP's htmlentities() and decodes what it reads a second time, CDATA included
# (etc/inc/xmlparse.inc): the entities are HTML 4.01's, of which XML itself knows five.
_ENTITY = re.compile(r"&(?:#(?P<number>[0-9]{1,8})|#[xX](?P<hex>[0-9a-fA-F]{1,8})|(?P<name>\w{1,32}));")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DEEPEST = 64  # elements in each other; pfSense's own have less than ten


# The tags that may stand several times (listtags() in etc/inc/xmlparse.inc of 2.7.0 to 2.9, together). An entry with
# nothing in it is read as none, and not written (endElement and dump_xml_config_sub there).
LISTS_OF_ALL_RELEASES = frozenset((
    "acls", "alias", "aliasurl", "allowedip", "allowedhostname", "authserver", "bridged", "build_port_path", "ca",
    "cacert", "cert", "crl", "clone", "config", "container", "columnitem", "checkipservice", "depends_on_package",
    "disk", "dnsserver", "dnsupdate", "domainoverrides", "dyndns", "earlyshellcmd", "element",
    "encryption-algorithm-option", "field", "fieldname", "gateway_item", "gateway_group", "gif", "gre", "group",
    "hash-algorithm-option", "hosts", "ifgroupentry", "igmpentry", "interface_array", "item", "key", "lagg",
    "laggroup", "lbaction", "lbpool", "l7rules", "lbprotocol", "member", "menu", "tab", "mobilekey", "mobilegroup",
    "monitor_type", "mount", "npt", "ntpserver", "onetoone", "openvpn-server", "openvpn-client", "openvpn-csc",
    "option", "package", "passthrumac", "phase1", "phase2", "ppp", "pppoe", "priv", "proxyarpnet", "pool",
    "qinqentry", "queue", "pages", "pipe", "radnsserver", "roll", "route", "row", "rrddatafile", "rule", "schedule",
    "service", "servernat", "servers", "sshkeyfile", "serversdisabled", "shellcmd", "staticmap", "subqueue", "switch",
    "swport", "timerange", "tunnel", "user", "vip", "virtual_server", "vlan", "vlangroup", "voucherdbfile", "vxlan",
    "wgpeer", "winsserver", "wolentry", "widget", "xmldatafile",
))  # fmt: skip


class ConfigError(ValueError):
    """The text is no configuration of pfSense; the message says where."""


@dataclass(slots=True)
class Element:
    """A tag with either text or children. Secrets are among the texts."""

    tag: str
    text: str = field(default="", repr=False)
    children: list["Element"] = field(default_factory=list, repr=False)

    def all(self, tag: str) -> list["Element"]:
        """The children with a tag, in their order."""
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> "Element | None":
        """The first child with a tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def value(self, *path: str) -> str:
        """The text below, through the first child of each name; empty where there is none."""
        found = self.find(*path)
        return "" if found is None else found.text

    def find(self, *path: str) -> "Element | None":
        """The element below, through the first child of each name."""
        found: Element | None = self
        for tag in path:
            if found is None:
                return None
            found = found.first(tag)
        return found

    def made(self, *path: str) -> "Element":
        """The element below, made where it is missing."""
        found = self
        for tag in path:
            inner = found.first(tag)
            if inner is None:
                inner = Element(tag)
                found.children.append(inner)
            found = inner
        return found

    def has(self, tag: str) -> bool:
        """Whether there is such a child, which is how pfSense keeps "yes"."""
        return self.first(tag) is not None

    def walk(self) -> Iterator["Element"]:
        """This element and all below."""
        yield self
        for child in self.children:
            yield from child.walk()

    def copy(self) -> "Element":
        """A copy that can be changed."""
        return Element(self.tag, self.text, [child.copy() for child in self.children])


Canonical = tuple[str, "str | tuple[Canonical, ...]"]


def canonical(element: Element) -> Canonical:
    """What an element means: siblings of different names in any order, those of one name in theirs."""
    if not element.children:
        return element.tag, element.text
    # Sorting is stable, so that a list keeps its order.
    return element.tag, tuple(canonical(child) for child in sorted(element.children, key=lambda child: child.tag))


def equal(one: Element, other: Element) -> bool:
    """Whether two elements mean the same."""
    return canonical(one) == canonical(other)


def fingerprint(root: Element) -> str:
    """Changes with the configuration's meaning, and not with the revision's time, author and description."""
    steady = Element(root.tag, root.text, [said for child in root.children if (said := _said(child)) is not None])
    return hashlib.sha256(repr(canonical(steady)).encode("utf-8", "surrogatepass")).hexdigest()


def _said(top: Element) -> Element | None:
    """An element below the root without what says nothing: the revision, and IPsec or a package without settings."""
    if top.tag == "revision" or (top.tag == "ipsec" and not top.children):
        return None
    if top.tag == "installedpackages":
        return Element(top.tag, "", [child for child in top.children if child.children or not _routes(child.tag)])
    return top


def _routes(tag: str) -> bool:
    return tag.startswith(("frr", "openbgpd"))


def parse(text: str) -> Element:
    """config.xml as a tree. Raises ConfigError.

    Entries of lists with nothing in them are left out, as pfSense does.
    """
    root = _read(text)
    if root.tag != "pfsense":
        raise ConfigError(f"config.xml begins with <{root.tag}>, not <pfsense>")
    without_empty_entries(root)
    return root


def without_empty_entries(element: Element) -> None:
    """Take away the entries of lists below that have nothing in them, from the innermost on, as pfSense does."""
    for child in element.children:
        without_empty_entries(child)
    element.children = [
        child for child in element.children if child.children or child.text or child.tag not in LISTS_OF_ALL_RELEASES
    ]


Lines = tuple[int, int]
"""The first and the last line of an element."""


def placed(text: str) -> tuple[Element, dict[int, Lines]]:
    """config.xml as a tree, whatever its outermost element is, and the lines of each element by its `id()`.

    Entries of lists with nothing in them are there. Raises ConfigError.
    """
    lines: dict[int, Lines] = {}
    return _read(text, lines), lines


def parse_fragment(text: str) -> Element:
    """Elements of config.xml without the one around all, as if they were below it. Raises ConfigError."""
    # On one line with the first element, so that a message has the fragment's own line.
    return _read(f"<pfsense>{text.strip()}\n</pfsense>")


def _read(text: str, lines: dict[int, Lines] | None = None) -> Element:
    parser = expat.ParserCreate("utf-8")
    holder = Element("")
    open_elements = [holder]
    texts: list[list[str]] = [[]]

    def start(tag: str, _: dict[str, str]) -> None:
        if len(open_elements) > _DEEPEST:
            raise ConfigError(f"line {parser.CurrentLineNumber}: more than {_DEEPEST} elements are in each other")
        element = Element(tag.lower())
        open_elements[-1].children.append(element)
        open_elements.append(element)
        texts.append([])
        if lines is not None:
            lines[id(element)] = (parser.CurrentLineNumber, parser.CurrentLineNumber)

    def end(_: str) -> None:
        element, pieces = open_elements.pop(), texts.pop()
        if lines is not None:
            lines[id(element)] = (lines[id(element)][0], parser.CurrentLineNumber)
        if not element.children:
            text = "".join(pieces).strip("\t\n\r")
            element.text = decode(text) if text.strip(" ") else ""  # cData: nothing begins with spaces alone

    def doctype(*_: object) -> None:
        raise ConfigError("a document type declaration has no place in config.xml")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: texts[-1].append(data)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(_without_html(text).encode("utf-8", "surrogateescape"), True)
    except expat.ExpatError as error:
        raise ConfigError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    return holder.children[0]


def _without_html(text: str) -> str:
    """The text with HTML's entities, which XML does not know, as characters."""
    if "&" not in text:
        return text
    pieces: list[str] = []
    at = 0
    while at < len(text):
        begin = text.find("<![CDATA[", at)
        end = -1 if begin < 0 else text.find("]]>", begin)
        if end < 0:
            begin = end = len(text)  # without an end it is no such section, which the parser reports
        pieces += [_ENTITY.sub(_outside_cdata, text[at:begin]), text[begin:end]]
        at = end
    return "".join(pieces)


def _outside_cdata(match: re.Match[str]) -> str:
    return match.group() if match["name"] is None or match["name"] in _XML_ENTITIES else decode(match.group())


def decode(text: str) -> str:
    """A text with HTML 4.01's entities decoded, as PHP's html_entity_decode() does."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    if match["name"] is not None:
        point = html.entities.name2codepoint.get(match["name"])
        return match.group() if point is None else chr(point)
    number = int(match["number"]) if match["number"] is not None else int(match["hex"], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else match.group()


Value = str | list[tuple[str, "Value"]]


def as_value(element: Element) -> Value:
    """An element's contents as the program on the device takes them: text, or pairs of tag and value in order."""
    if not element.children:
        return element.text
    return [(child.tag, as_value(child)) for child in element.children]


def lines(element: Element, indent: str = "") -> Iterator[str]:
    """An element for people: one line a tag, in a steady order, secrets included."""
    if not element.children:
        # One line whatever is in it, and blanks at its end are part of it.
        text = element.text.replace("\r", "\u240d").replace("\n", "\u2424")
        yield f"{indent}{element.tag} {text}" if text else f"{indent}{element.tag}"
        return
    yield f"{indent}{element.tag}"
    for child in sorted(element.children, key=lambda child: child.tag):
        yield from lines(child, indent + "  ")
