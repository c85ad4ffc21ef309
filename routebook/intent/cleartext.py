"""Finds secrets that stand in the inventory in clear text, wherever they are."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from routebook.intent.extra_schema import SECRET
from routebook.intent.problem import Mark, Problems
from routebook.intent.secret_names import names_a_secret, set_of, words_of
from routebook.intent.source import LocatedDict, LocatedList, Sources

_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----"
    r"|://[^/\s:@]*:[^/\s@]+@"  # a password in a URL
    r"|^\$(?:[1-9]|2[abxy]?|y|gy|7|8|9|14|sha1|argon2[id]{1,2})\$\S{4,}"  # crypt(5), and keys of routers
    r"|^0s[A-Za-z0-9+/]{12,}={0,2}$|^0x[0-9A-Fa-f]{16,}$"  # a secret with the mark of its encoding
    r"|^(?:gh[pousr]_|glpat-|xox[abp]-)[A-Za-z0-9_-]{16,}|^AKIA[0-9A-Z]{16}$|^eyJ[\w-]{8,}\.eyJ[\w-]{8,}"  # of services
    r"|\bsnmp-server community \S|\benable (?:secret|password) \S|\bneighbor \S+ password \S|\bpre-shared-key \S"
    r"|\b(?:password|secret|key) [05789] \S"  # commands with a secret in them
)
# Data that is as long and as random as a key, and public: said by a word of its key, or by how it begins.
_PUBLIC_WORD = set_of(
    "fingerprint sha sha1 sha256 sha512 hash checksum digest commit revision rev public pub pubkey cert certificate "
    "serial uuid guid id hostkey etag image firmware version"
)
_PUBLIC_VALUE = re.compile(r"AAAA[A-Z]|SHA256:|MD5:|[/.~]")
_HEXADECIMAL = re.compile(r"(?:0x)?(?:[0-9a-f]{32,}|[0-9A-F]{32,})")
_BASE64 = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9+/_-]{24,}={0,2}")
_RANDOM = 4.0  # bits a character: 24 of random base64 have 4.2 on average, words joined together 3.7


def find_clear_text(sources: Sources, problems: Problems) -> None:
    """Report each value that looks like a secret and is not a reference to one."""
    for tree, kind in (
        (sources.hosts, "hosts"),
        (sources.groups, "groups"),
        (sources.defaults, "defaults"),
        (sources.intent, "intent"),
    ):
        _search(tree, tree.mark, [], kind, problems)


def _search(value: object, mark: Mark, path: list[str], kind: str, problems: Problems) -> None:
    if isinstance(value, LocatedDict):
        for key, item in value.items():
            named = _named_beside(value) if key == "value" else str(key)
            _search(item, value.marks[key], [*path, named], kind, problems)
    elif isinstance(value, LocatedList):
        for item, place in zip(value, value.marks, strict=True):
            _search(item, place, path, kind, problems)
    elif path and value is not None and not isinstance(value, bool) and str(value):
        key = path[-1]
        if names_a_secret(path):
            owner = path[0] if kind in ("hosts", "groups") and len(path) > 1 else kind
            problems.error(
                mark,
                f"{key!r} holds a secret in clear text",
                f"write where it is, for example {key}: {{file: secrets/{owner}.{key}}}, and change the secret",
            )
        elif isinstance(value, str) and _is_secret(path, value):
            problems.error(
                mark,
                f"{key!r} contains a secret in clear text",
                f"keep it in a file and write a reference, for example {key}: {{file: secrets/{key}}}, "
                "and change the secret",
            )


def _named_beside(value: LocatedDict) -> str:
    """What `value` is the value of: `{name: password, value: …}`."""
    return next((str(value[key]) for key in ("name", "key") if isinstance(value.get(key), str)), "value")


def _is_secret(path: Sequence[str], value: str) -> bool:
    return bool(_SECRET_VALUE.search(value.replace(SECRET, ""))) or (_is_free(path) and _looks_random(path, value))


def _is_free(path: Sequence[str]) -> bool:
    """Whether a value is one that the schema leaves to the operator."""
    return any(key.startswith("x-") or key == "optional_args" for key in path)


def _looks_random(path: Sequence[str], value: str) -> bool:
    if _PUBLIC_WORD & {word for key in path[-2:] for word in words_of(key)} or _PUBLIC_VALUE.match(value):
        return False
    if _HEXADECIMAL.fullmatch(value):
        return True
    return bool(_BASE64.fullmatch(value)) and _bits(value) >= _RANDOM


def _bits(value: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
