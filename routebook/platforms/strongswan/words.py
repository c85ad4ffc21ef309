"""How swanctl.conf takes a key and a name."""

import base64

from routebook.intent.platform import Words
from routebook.platforms.strongswan.names import end_of
from routebook.platforms.strongswan.settings import quoted


def encoded(value: str) -> str:
    """A key in base64, with the mark that swanctl.conf has for it (strongSwan's swanctl.conf(5), `secrets`)."""
    return "0s" + base64.b64encode(value.encode()).decode()


def text(value: str) -> str:
    """A value, in quotes where it has a blank, a comma or an equals sign, as a certificate's subject has."""
    return quoted(value) if set(value) & set(" ,=") else value


WORDS = Words(
    filters={"swanctl_end": end_of, "swanctl_text": text},
    encodings={"base64": encoded},
)
