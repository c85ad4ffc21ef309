"""Knows a pfSense's config.xml when it sees one: it is not imported, and says so."""

from routebook.importing.found import Importer


def recognises(path: str, text: str) -> bool:
    """Whether a text is a config.xml, whose outermost element is <pfsense>."""
    del path
    return "<pfsense>" in text[:4096]


IMPORTER = Importer(what="a config.xml of pfSense", recognises=recognises)
