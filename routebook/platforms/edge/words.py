"""How an edge's templates spell things: as FRR's and strongSwan's do."""

from routebook.intent.platform import Words
from routebook.platforms.frr import words as frr
from routebook.platforms.strongswan import words as strongswan

WORDS = Words(
    filters={**frr.WORDS.filters, **strongswan.WORDS.filters},
    encodings={**frr.WORDS.encodings, **strongswan.WORDS.encodings},
    adopted=frr.adopted,
    managed=frr.managed,
)
