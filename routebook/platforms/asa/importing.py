"""Knows an ASA's configuration when it sees one: it is not imported, and says so instead of being taken for another."""

import re

from routebook.importing.found import Importer

_BEGINS = re.compile(r"(?m)^(: Saved$|: Serial Number:|ASA Version \d|: Hardware: +ASA)")


def recognises(path: str, text: str) -> bool:
    """Whether a text is what `show running-config` or `more system:running-config` prints, by its first lines."""
    del path
    return bool(_BEGINS.search(text[:4096]))


IMPORTER = Importer(what="a configuration of an ASA", recognises=recognises)
