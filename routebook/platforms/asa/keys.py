"""The keys of an inventory that only an ASA has."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from routebook.intent.fields import Count, matching
from routebook.intent.part import Input

_NAMEIF = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,47}")  # 48 characters: command reference of ASA
Nameif = Annotated[
    str, BeforeValidator(matching(_NAMEIF, "is no name on an ASA: a letter, then letters, digits and . _ -"))
]


class InterfaceKeys(Input):
    """The keys of an ASA's interface: its name in the configuration, and the crypto map that is on it."""

    nameif: Nameif | None = None
    crypto_map: Nameif | None = None


class TunnelKeys(Input):
    """The keys of an ASA's end of a tunnel: the number of its interface or crypto map entry, and its name."""

    number: Count | None = None
    nameif: Nameif | None = None
