"""A configuration reduced to what it means: the same text for the same meaning, whenever it was read."""

from hashlib import sha256

from routebook.platforms.asa.config.changes import meaning
from routebook.platforms.asa.config.objects import ORDERED, objects
from routebook.platforms.asa.config.tree import Config


def canonical(config: Config) -> tuple[str, ...]:
    """One line of text for each object, secrets included, sorted; separators, header and checksum are left out."""
    found = []
    for key, nodes in objects(config.nodes).items():
        said = [node.line for node in nodes] if key[0] in ORDERED else meaning(nodes)
        found.append(f"{' '.join(key)}: {said!r}")
    return tuple(sorted(found))


def fingerprint(config: Config) -> str:
    """A digest that changes when, and only when, the configuration's meaning does."""
    return sha256("\n".join(canonical(config)).encode()).hexdigest()
