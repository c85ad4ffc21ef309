"""What an inventory must not ask of FRR."""

from routebook.intent.extra import Place, Unfit
from routebook.intent.rules import Rules


def check_extra(place: Place, line: str) -> Unfit | None:
    """Why an extra line cannot stand in a place; None where it can."""
    from routebook.platforms.frr.extra_lines import judge

    return judge(place, line)


RULES = Rules(check_extra=check_extra)
