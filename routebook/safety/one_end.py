"""Sessions and tunnels that a run would change at one end, while the intent changes them at the other one, too."""

from collections.abc import Collection, Mapping

from nornir.core import Nornir

from routebook.intent.model import HostIntent
from routebook.run.options import ONE_END
from routebook.run.planning import Goal, Plan, make_plan
from routebook.safety.impact import ON_TUNNELS, Touch, touches


def one_ended(
    nornir: Nornir, plan: Plan, intents: Mapping[str, HostIntent], hosts: Collection[str], goal: Goal
) -> list[str]:
    """What a run on `hosts` would take down for want of the other end: a sentence each.

    Only far ends of what the plan touches are read, and nothing is changed there. One that cannot be read, or that has
    the new key or proposal already, stands in nobody's way.
    """
    mine = {touch.key: touch for touch in touches(plan, intents) if _needs_both(touch)}
    beyond = {touch.far for touch in mine.values()} - {"", *hosts}
    if not beyond:
        return []
    theirs = touches(make_plan(nornir, beyond, goal), intents)
    return [
        _sentence(mine[touch.key], hosts)
        for touch in theirs
        if _needs_both(touch) and touch.key in mine and mine[touch.key].far == touch.host
    ]


def _needs_both(touch: Touch) -> bool:
    """Whether the session or tunnel is meant to be up afterwards."""
    return not touch.effect.kind.endswith("-removed")


def _sentence(touch: Touch, hosts: Collection[str]) -> str:
    what = "tunnel" if touch.effect.kind in ON_TUNNELS else "session"
    both = ",".join(sorted({*hosts, touch.far}))
    return (
        f"the {what} {touch.host} – {touch.far} changes at both ends, and {touch.far} is not part of this run: changed "
        f"at {touch.host} alone it would go down; write --limit {both}, or --accept {ONE_END}"
    )
