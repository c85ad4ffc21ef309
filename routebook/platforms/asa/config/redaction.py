"""Secrets in a configuration: finding them, hiding them, and distinguishing a real one from ASA's asterisks."""

import re
from collections.abc import Iterable

from routebook.platforms.asa.config.tree import Config, Node

SECRET = "<secret>"  # noqa: S105  what stands in a secret's place
CHANGED = "<secret, another value>"

# `show running-config` prints this many asterisks, older releases a single one.
MASKED = re.compile(r"\*+")

# Up to the secret; what remains of the line is the secret unless `after` says where it ends.
_SECRET = re.compile(
    r"^(?P<before>\s*(?:no )?(?:"
    r"ikev1 pre-shared-key|pre-shared-key|ikev2 (?:local|remote)-authentication pre-shared-key"
    r"|neighbor \S+ password|key|key-string|crypto isakmp key|isakmp key|failover (?:ipsec pre-shared-)?key"
    r"|enable password|passwd|password|username \S+ password|ldap-login-password|authentication-key"
    r"|snmp-server (?:host \S+ \S+ (?:.*?)?community|community)|snmp-server user \S+ \S+ v3 .*?auth \S+"
    r"|ospf (?:authentication-key|message-digest-key \d+ md5)|message-digest-key \d+ md5|eigrp authentication key"
    r"|ntp authentication-key \d+ (?:md5|sha\S*|cmac)|key config-key password-encryption"
    r"|vpdn username \S+ password|l2tp tunnel password|secondary-password|crypto ca authenticate-key"
    r"|serial-number password|web-agent-url .* password|group-url-key|radius-common-pw"
    r")) (?P<secret>\S.*?)(?P<after>(?: (?:encrypted|pbkdf2|nt-encrypted|mschap)(?: privilege \d+)?| privilege \d+"
    r"| version \S+(?: udp-port \d+)?| udp-port \d+| key-id \d+ .*| store-local)?\s*)$",
    re.MULTILINE,
)
# `key` and `password` open other commands too, whose operands are no secrets.
_NO_SECRET = re.compile(r"\s*(?:no )?(?:key (?:chain \S+|\d+)|password (?:encryption aes|-storage.*|storage.*))\s*$")

# Under a master passphrase secrets are printed as ciphertext of type 8.
_CIPHERTEXT = re.compile(r"8 [A-Za-z0-9+/]+={0,2}")


class MaskedSecretError(ValueError):
    """A configuration with asterisks where secrets are was given for comparison: it would change or hide them."""


def redact(text: str) -> str:
    """The text with every password, key and community replaced by `<secret>`."""
    return _SECRET.sub(_hide, text)


def changed(line: str) -> str:
    """A line with a secret in another one's place."""
    return redact(line).replace(SECRET, CHANGED)


def secrets(text: str) -> frozenset[str]:
    """The values of the secrets in a text, for taking them out of the device's messages."""
    return frozenset(found["secret"] for found in _found(text) if not MASKED.fullmatch(found["secret"]))


def refuse_masked(config: Config, what: str) -> None:
    """Raise MaskedSecretError when a secret of the configuration (named `what`) is only asterisks."""
    for node in config.commands:
        for line in node.lines():
            if "*" in line:
                _refuse_masked(line, node, what)


def masked(config: Config) -> str | None:
    """The first line of which a secret is only asterisks."""
    lines = (line for node in config.commands for line in node.lines() if "*" in line)
    return next((line for line in lines if any(MASKED.fullmatch(found["secret"]) for found in _found(line))), None)


def without_masks(text: str, instead: str) -> str:
    """The text with a word in the place of each secret that is only asterisks."""

    def given(found: re.Match[str]) -> str:
        if not MASKED.fullmatch(found["secret"]) or _NO_SECRET.match(found.group()):
            return found.group()
        return f"{found['before']} {instead}{found['after']}"

    return _SECRET.sub(given, text)


def encrypted(nodes: Iterable[Node]) -> bool:
    """Whether secrets are stored under a master passphrase, which nobody outside can compare with clear text."""
    return any(
        _CIPHERTEXT.fullmatch(found["secret"]) for node in nodes for line in node.lines() for found in _found(line)
    )


def _refuse_masked(line: str, node: Node, what: str) -> None:
    for found in _found(line):
        if MASKED.fullmatch(found["secret"]):
            place = f" in `{redact(node.line)}`" if line != node.line else ""
            raise MaskedSecretError(
                f"{what} has asterisks instead of a secret: `{redact(line)}`{place}. It was read with "
                "`show running-config`; `more system:running-config` shows secrets. Nothing was compared or changed."
            )


def _found(text: str) -> Iterable[re.Match[str]]:
    return (found for found in _SECRET.finditer(text) if not _NO_SECRET.match(found.group()))


def _hide(found: re.Match[str]) -> str:
    if _NO_SECRET.match(found.group()):
        return found.group()
    return f"{found['before']} {SECRET}{found['after']}"
