"""Which pre-shared keys charon takes for a connection."""

from typing import Any

from routebook.platforms.strongswan.tree import Section, Tree


def _words(value: Any) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else []


def keys_of(connection: Section, tree: Tree) -> frozenset[str]:
    """The pre-shared keys that charon would take for a connection: those with the best match.

    Matching the other end counts more than matching this one (credential_manager.c, get_shared), and a key that
    only this end owns is taken for lack of a better one (mem_cred.c, shared_filter). A key without owners matches all.
    """
    if not any(_auth(section) == "psk" for section in _ends(connection, "").values()):
        return frozenset()
    here = _identities(connection, "local")
    there = _identities(connection, "remote")
    best: tuple[int, int] = (0, 0)
    keys: set[str] = set()
    for name, secret in tree.secrets.items():
        if not name.startswith("ike"):
            continue
        owners = {value for key, value in secret.items() if key.startswith("id") and isinstance(value, str)}
        match = (_match(owners, there), _match(owners, here))
        if match > best:
            best, keys = match, set()
        if match == best and any(match):
            keys.add(str(secret.get("secret", "")))
    return frozenset(keys)


def _match(owners: set[str], identities: set[str]) -> int:
    if owners & identities:
        return 2
    return 1 if not owners or "%any" in owners else 0


def _ends(connection: Section, which: str) -> dict[str, Section]:
    return {
        name: section
        for name, section in connection.items()
        if isinstance(section, dict) and name != "children" and name.startswith(which)
    }


def _auth(section: Section) -> str:
    return str(section.get("auth", "pubkey"))


def _identities(connection: Section, which: str) -> set[str]:
    """Under what one end is known: its identity, or its addresses if it has none."""
    named = {section["id"] for section in _ends(connection, which).values() if isinstance(section.get("id"), str)}
    return named or set(_words(connection.get(f"{which}_addrs")))
