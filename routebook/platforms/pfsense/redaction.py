"""Showing config.xml without its secrets: by the names of the tags that hold one."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from routebook.platforms.pfsense.tree import Element

REDACTED = "<redacted>"
CHANGED = "<redacted, another value>"
_SHORT = 5  # characters: a value with more is looked for in other places, too

# Tags of pfSense itself and of packages. Rather one too many: a hidden value that is none costs little.
_SECRET = re.compile(
    r".*(?:password|passwd|passphrase|secret|bcrypt|sha512|md5-hash|nt-hash|apikey|api_key|token|privkey|private-?key)"
    r".*|pre-shared-key|.*psk|psk|md5sig(?:pass|key)|tcpsigpw|pwd|pin|pkcs11pin|prv|tls|shared_key|ldap_bindpw"
    r"|pre-?shared-?key\d?|radiuskey\d?|oinkcode|oinkmaster\w*|etpro_?code|otp_\w+|\w*seed|license\w*|\w+_key|hash"
    r"|\w*(?:authkey|domainkey|accountkey|streamkey)"
    r"|(?:ro|rw|snmp)community|.*_pass|pass|crypt.*|key|keydata|xmldata|wpa_.*|eap_.*"
)
# Texts of their own with secrets inside: raw configurations of packages, in base64.
_RAW = frozenset(
    {"rawconfig", "frr", "zebra", "bgpd", "ospfd", "ospf6d", "ripd", "bfdd", "custom_options", "customoptions"}
)
# What is a secret by its looks, whatever the tag is called: crypt(3)'s hashes, and private keys, in base64 or not.
_BY_LOOKS = re.compile(r"\$(?:2[abxy]?|[156]|y|argon2\w*|sha1|md5)\$\S|PRIVATE KEY-----")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{40,}")
_COMMENT = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(
    r"<(?P<tag>[\w.-]+)(?P<attributes>(?:\s[^<>]*)?)>(?P<text>(?:[^<]|<!\[CDATA\[.*?\]\]>)+)</(?P=tag)\s*>", re.DOTALL
)


def is_secret(tag: str) -> bool:
    """Whether a tag's text is hidden."""
    name = tag.lower()
    return name != "password_type" and (name in _RAW or _SECRET.fullmatch(name) is not None)


def redact(text: str) -> str:
    """XML with every secret's value replaced; works on what does not parse, too."""
    return _TAG.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    if not is_secret(match["tag"]) or not match["text"].strip():
        return match.group()
    return f"<{match['tag']}{match['attributes']}>{REDACTED.replace('<', '&lt;').replace('>', '&gt;')}</{match['tag']}>"


def redacted_lines(text: str, roots: Iterable[Element]) -> list[str]:
    """The lines of a config.xml without its secrets and comments, as many as there are: a value may have several."""
    hidden = sorted((value for value in secrets(roots) if len(value) > _SHORT), key=len, reverse=True)
    shown = _COMMENT.sub(lambda it: _ends(it.group()) if it.group().startswith("<!--") else it.group(), text)
    shown = _TAG.sub(_hidden_in_lines, shown)
    for value in hidden:
        shown = shown.replace(value, REDACTED + _ends(value)) if value in shown else shown
    return shown.split("\n")[: len(text.splitlines())]


def _ends(text: str) -> str:
    return "\n" * text.count("\n")


def _hidden_in_lines(match: re.Match[str]) -> str:
    text = match["text"]
    if not text.strip() or not (is_secret(match["tag"]) or _looks_secret(text)):
        return match.group()
    return f"<{match['tag']}>{REDACTED}</{match['tag']}>{_ends(match.group())}"


def _looks_secret(text: str) -> bool:
    if _BY_LOOKS.search(text):
        return True
    if not _BASE64.fullmatch(text.strip()):
        return False
    try:
        content = base64.b64decode(text, validate=False)
    except binascii.Error:
        return False
    return _BY_LOOKS.search(content.decode("latin-1")) is not None


def secrets(roots: Iterable[Element]) -> frozenset[str]:
    """The values that must not be in what is shown."""
    return frozenset(
        element.text
        for root in roots
        for element in root.walk()
        if element.text and (is_secret(element.tag) or _looks_secret(element.text))
    )


def scrub(text: str, hidden: Iterable[str]) -> str:
    """A device's own words without these values, which an error may repeat."""
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) > 3:
            text = text.replace(value, REDACTED)
    return text


Place = tuple[tuple[str, int], ...]
"""The tags around an element and its own, each with what distinguishes it from others of that tag."""

# What names an entry of a list, wherever in the list it is.
_NAMES = ("ikeid", "uniqid", "reqid", "neighbor", "peer", "name", "descr")


def shown(element: Element, other: Element | None = None) -> Element:
    """A copy fit to be shown. Against `other`, its earlier version, a secret that has changed is marked so."""
    known = None if other is None else dict(_secrets(other, ()))
    return _shown(element, known, ())


def _secrets(element: Element, place: Place) -> Iterator[tuple[Place, str]]:
    if element.text and is_secret(element.tag):
        yield place, element.text
    for child, below in _below(element, place):
        yield from _secrets(child, below)


def _shown(element: Element, known: Mapping[Place, str] | None, place: Place) -> Element:
    text = element.text
    if text and is_secret(element.tag):
        text = CHANGED if known is not None and known.get(place) != element.text else REDACTED
    return Element(element.tag, text, [_shown(child, known, below) for child, below in _below(element, place)])


def _below(element: Element, place: Place) -> Iterator[tuple[Element, Place]]:
    seen: Counter[str] = Counter()
    for child in element.children:
        name = next((value for tag in _NAMES if (value := child.value(tag))), "")
        key = f"{child.tag} {name}".strip()
        yield child, (*place, (key, seen[key]))
        seen[key] += 1
