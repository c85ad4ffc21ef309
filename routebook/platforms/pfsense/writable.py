"""What pfSense can write into config.xml so that it reads the same again.

Up to CE 2.8 it writes every text by htmlentities() without ENT_XML1 (etc/inc/xmlparse.inc, dump_xml_config_sub): a
letter beyond ASCII becomes an entity that XML does not have, so the file cannot be read any more, and the system puts
a backup in its place. Only in CDATA, which it uses for some tags, nothing reads the entity too early. It takes tabs and
line ends off both ends of a text, and entities out of it once more than it puts them in (cData).
"""

from collections.abc import Iterable

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.tree import Element, decode

# The beginnings of tags whose text is CDATA in every release: is_cdata_entity() of 2.7.0.
_CDATA = (
    "auth_pass", "auth_prompt", "auth_user", "certca", "certname", "city", "common_name", "descr", "detail", "email",
    "encryption_password", "ldap_attr", "ldap_authcn", "ldap_basedn", "ldap_basedomain", "ldap_bind", "ldapbinddn",
    "ldapbindpass", "ldap_extended_query", "ldap_filter", "ldap_pass", "ldap_user", "login_banner", "organization",
    "password", "rangedescr", "state", "text", "username", "varusersusername", "varuserspassword",
)  # fmt: skip


def flaw(tag: str, text: str) -> str:
    """Why pfSense would not read this text again as it is; empty where it would. Never says the text."""
    if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
        return "has a control character, which XML does not have"
    if text != text.strip("\t\n\r"):
        return "begins or ends with a tab or a line end, which pfSense takes off"
    if decode(text) != text:
        return "has something like `&lt;` in it, which pfSense reads as one character"
    if not text.isascii() and not tag.startswith(_CDATA):
        return "has a letter beyond ASCII, which pfSense writes there in a way that it cannot read"
    return ""


def refuse_unwritable(elements: Iterable[Element]) -> None:
    """Raise CandidateError for the first text that config.xml would not keep."""
    for element in elements:
        for inner in element.walk():
            if not inner.children and (reason := flaw(inner.tag, inner.text)):
                within = "" if inner is element else f" of {_name(element)}"
                raise CandidateError(f"<{inner.tag}>{within} {reason}; nothing was changed")


def _name(element: Element) -> str:
    return f"<{element.tag}> {element.value('descr')}".rstrip()
