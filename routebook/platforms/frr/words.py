"""How FRR's configuration takes a password."""

from routebook.intent.fields import TCP_MD5_KEY
from routebook.intent.platform import UnfitValueError, Words


def word(value: str) -> str:
    """A password of TCP MD5 as one word of a line."""
    if any(character.isspace() for character in value):
        raise UnfitValueError("has a space in it, which a password in FRR cannot have")
    if len(value.encode()) > TCP_MD5_KEY:
        raise UnfitValueError(f"is longer than {TCP_MD5_KEY} bytes, the limit of TCP MD5")
    return value


WORDS = Words(
    encodings={"word": word},
)
