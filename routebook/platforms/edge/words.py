"""How an edge's templates spell things: as FRR's and strongSwan's do."""

from collections.abc import Sequence

from routebook.intent.platform import Words
from routebook.platforms.frr import words as frr
from routebook.platforms.strongswan import words as strongswan


def _adopted(name: str, part: str, text: str) -> Sequence[str]:
    return (*frr.adopted(name, part, text), *strongswan.adopted(name, part, text))


def _objects(part: str, text: str) -> Sequence[str]:
    return (*frr.objects(part, text), *strongswan.objects(part, text))


WORDS = Words(
    filters={**frr.WORDS.filters, **strongswan.WORDS.filters},
    encodings={**frr.WORDS.encodings, **strongswan.WORDS.encodings},
    adopted=_adopted,
    objects=_objects,
    managed=frr.managed,
)
