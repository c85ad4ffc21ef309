"""What an inventory must not ask of an edge: what it must not of strongSwan, and lines of either daemon elsewhere."""

from msgspec.structs import replace

from routebook.intent.extra import Place, Unfit
from routebook.platforms.frr import rules as frr
from routebook.platforms.strongswan import rules as strongswan


def check_extra(place: Place, line: str) -> Unfit | None:
    """Why an extra line cannot stand in a place; None where it can."""
    if place in ("tunnel", "child"):
        return strongswan.check_extra(place, line)
    return frr.check_extra(place, line)


RULES = replace(strongswan.RULES, check_extra=check_extra)
