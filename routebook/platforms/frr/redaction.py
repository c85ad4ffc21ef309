"""FRR configuration text without the values of its secrets."""

import re

SECRET = "<secret>"  # noqa: S105  what stands in a secret's place
CHANGED = "<secret, another value>"

# Each ends before the secret, which is the rest of the line (FRR takes a password to the end of the line).
_BEFORE_SECRET = re.compile(
    r"^(?P<before>.*?\b(?:neighbor \S+ password|(?:enable )?password(?: \d+)?|key-string"
    r"|message-digest-key \d+ md5|ip ospf authentication-key|ip rip authentication string"
    r"|isis password (?:clear|md5)|(?:area|domain)-password (?:clear|md5)|ip nhrp authentication"
    r"|ip eigrp authentication key)) (?P<secret>\S.*)$",
    re.MULTILINE,
)


def redact(text: str) -> str:
    """The text with every password and key replaced by `<secret>`."""
    return _BEFORE_SECRET.sub(lambda found: f"{found.group('before')} {SECRET}", text)


def changed(line: str) -> str:
    """A line with a secret in another one's place."""
    return _BEFORE_SECRET.sub(lambda found: f"{found.group('before')} {CHANGED}", line)


def secrets(text: str) -> frozenset[str]:
    """The secrets' values that stand in a configuration, for removing them from messages of the daemon."""
    return frozenset(found.group("secret").strip() for found in _BEFORE_SECRET.finditer(text))
