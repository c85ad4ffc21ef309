"""How swanctl.conf takes a key."""

import base64

from routebook.intent.platform import Words


def encoded(value: str) -> str:
    """A key in base64, with the mark that swanctl.conf has for it (strongSwan's swanctl.conf(5), `secrets`)."""
    return "0s" + base64.b64encode(value.encode()).decode()


WORDS = Words(
    encodings={"base64": encoded},
)
