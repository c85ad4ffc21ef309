"""Whether the value of a key of the inventory is a secret, by the key's name."""

import re
from collections.abc import Sequence


def set_of(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


# The last word of a key whose value is a secret; what follows it is cut off before: `password2`, `psk-old`.
_SECRET = set_of(
    "password passwd passphrase passcode passkey pwd pw psk secret token credential cred otp presharedkey sharedkey "
    "privatekey apikey authkey secretkey accesskey sessionkey keystring communitystring snmpcommunity"
)
# Words that are a secret only after another one that says of what: `tcp-key`, `snmp_community`, `enable-pass`.
_SECRET_OF = {
    "key": set_of(
        "pre preshared shared private api auth authentication authorization encryption encrypt md5 sha tcp ao bgp ospf "
        "isis eigrp ntp secret access session master ike ikev1 ikev2 ipsec vpn hmac wpa wifi radius tacacs snmp enable "
        "signing service admin psk tunnel peer neighbor"
    ),
    "community": set_of("snmp snmpv1 snmpv2 snmpv2c ro rw readonly readwrite read write trap"),
    "pass": set_of("admin user login root db enable ssh snmp auth priv my sudo radius tacacs vpn wifi ftp smtp"),
    "string": frozenset({"community", "key"}),
}
# MD5 is the key of a session (RFC 2385), unless it is the checksum of something.
_CHECKSUM_OF = set_of(
    "firmware image file iso config checksum package bundle download archive backup boot software release"
)
_QUALIFIERS = set_of(
    "old new current previous next primary secondary backup first second value text plain clear string raw default"
)
_BESIDE = set_of(
    "file env command path folder dir user username name id type comment description url host policy length days mode "
    "algorithm"
)
"""Keys that may stand below `passwords:` or the like, and hold none."""
_FUSED = re.compile(
    r"(?:password|passwd|passphrase|passcode|secret|psk|pwd|(?:access|api|auth|bearer)token|(?:root|admin|user|db)pw"
    r"|(?:api|auth|shared|private|secret|access|md5|enable|snmp|bgp|tcp|tacacs|radius)key)$"
)
_WORD = re.compile(r"(?i:md5|sha\d+|ikev[12]|snmpv[123]c?)|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def names_a_secret(path: Sequence[str]) -> bool:
    """Whether the last key of a path is one for a secret: `x-adminPassword`, `psk_old`, `x-snmp: {community: …}`."""
    *above, own = path
    if _ends_with_secret([*words_of(above[-1] if above else ""), *words_of(own)]):
        return True
    parent = words_of(above[-1])[-1:] if above else []
    return bool(parent) and own not in _BESIDE and (parent[0] in _SECRET or bool(_FUSED.search(parent[0])))


def _ends_with_secret(words: list[str]) -> bool:
    if not words:
        return False
    *before, last = words
    of = before[-1] if before else ""
    if last in _SECRET or _FUSED.search(last) or of in _SECRET_OF.get(last, ()):
        return True
    if last == "md5":
        return not _CHECKSUM_OF & {*before}
    return (last in _QUALIFIERS or last.isdigit()) and _ends_with_secret(before)


def words_of(key: str) -> list[str]:
    """The words of a key in any spelling, each in the singular: `x-snmp_communities`, `adminPassword`, `AUTH KEY`."""
    return [_singular(word.lower()) for word in _WORD.findall(key)]


def _singular(word: str) -> str:
    if word.endswith(("ss", "us", "cs")):  # address, radius, tacacs
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
