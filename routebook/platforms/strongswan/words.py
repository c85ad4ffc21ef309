"""How swanctl.conf takes a key and a name."""

import base64
from collections.abc import Sequence

from routebook.intent.platform import Words
from routebook.platforms.strongswan.names import end_of
from routebook.platforms.strongswan.settings import quoted
from routebook.platforms.strongswan.tree import MAIN, build

FOLDER = "/etc/swanctl"
CONNECTIONS = f"{FOLDER}/conf.d/routebook.conf"


def encoded(value: str) -> str:
    """A key in base64, with the mark that swanctl.conf has for it (strongSwan's swanctl.conf(5), `secrets`)."""
    return "0s" + base64.b64encode(value.encode()).decode()


def text(value: str) -> str:
    """A value, in quotes where it has a blank, a comma or an equals sign, as a certificate's subject has."""
    return quoted(value) if set(value) & set(" ,=") else value


def adopted(name: str, part: str, text: str) -> Sequence[str]:
    """A file below /etc/swanctl that is taken over as a whole: what is in it then stands in Routebook's own."""
    del text
    return (name,) if part == CONNECTIONS and name.startswith(f"{FOLDER}/") else ()


def objects(part: str, text: str) -> Sequence[str]:
    """The tunnels of a section, each as `connection NAME`."""
    return [f"connection {name}" for name in build({MAIN: text}).connections] if part == CONNECTIONS else ()


WORDS = Words(
    filters={"swanctl_end": end_of, "swanctl_text": text},
    encodings={"base64": encoded},
    adopted=adopted,
    objects=objects,
)
