"""Sessions and tunnels that a run would change at one end, while the intent changes them at the other end, too."""

from collections.abc import Collection, Iterable

from routebook.checks.names import ON_TUNNELS
from routebook.safety.accepted import ONE_END, Guard
from routebook.safety.impact import Impact


def far_ends(impacts: Iterable[Impact], hosts: Collection[str]) -> set[str]:
    """The hosts outside of the run at the other ends of what it changes and means to be up afterwards."""
    return {impact.far for impact in impacts if _stays(impact)} - {"", *hosts}


def one_ended(impacts: Iterable[Impact], far: Iterable[Impact], hosts: Collection[str]) -> list[Guard]:
    """What a run on `hosts` would take down for want of the other end: a guard each.

    `far` is what the same goal would do at the far ends. One of which nothing is known, or that has the new key or
    proposal already, stands in nobody's way.
    """
    near = {impact.key: impact for impact in impacts if _stays(impact)}
    return [
        Guard(ONE_END, _sentence(near[impact.key], hosts))
        for impact in far
        if _stays(impact) and impact.key in near and near[impact.key].far == impact.host
    ]


def _stays(impact: Impact) -> bool:
    """Whether the session or tunnel is meant to be up afterwards."""
    return not impact.effect.kind.endswith("-removed")


def _sentence(impact: Impact, hosts: Collection[str]) -> str:
    what = "tunnel" if impact.effect.kind in ON_TUNNELS else "session"
    both = ",".join(sorted({*hosts, impact.far}))
    return (
        f"the {what} {impact.host} – {impact.far} changes at both ends, and {impact.far} is not part of this run: "
        f"changed at {impact.host} alone it would go down; write --limit {both}"
    )
