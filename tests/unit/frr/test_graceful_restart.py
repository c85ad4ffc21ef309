"""Which sessions a change of graceful restart resets, by release: as bgpd's sources say, held on daemons too."""

import pytest

from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.tree import parse

A, B = "192.0.2.1", "192.0.2.2"
ROUTER = f"""router bgp 65550
 bgp router-id 10.0.0.1
 neighbor {A} remote-as 64496
 neighbor {B} remote-as 64497
exit
"""
OLD, MODE, TIME = (10, 1), (10, 3), (10, 7)
ON, OFF, LONGER = (
    " bgp graceful-restart\n",
    " bgp graceful-restart-disable\n",
    " bgp graceful-restart restart-time 240\n",
)
OWN, HELPS = f" neighbor {A} graceful-restart\n", f" neighbor {A} graceful-restart-helper\n"


def router(*lines: str) -> str:
    head, _, rest = ROUTER.partition(" neighbor")
    own = "".join(line for line in lines if line.startswith(" neighbor"))
    return head + "".join(line for line in lines if line not in own) + " neighbor" + rest.replace("exit", own + "exit")


@pytest.mark.parametrize(
    ("before", "after", "release", "reset"),
    [
        ((), (ON,), OLD, ()),
        ((), (ON,), MODE, (A, B)),
        ((), (OFF,), MODE, (A, B)),
        ((), (OWN,), OLD, ()),
        ((), (OWN,), MODE, (A,)),
        ((), (HELPS,), MODE, ()),  # what it does already
        ((HELPS,), (HELPS, ON), MODE, (B,)),
        ((ON,), (ON, OWN), MODE, ()),
        ((ON,), (OWN,), MODE, (A, B)),  # the router changes first
        ((OWN,), (ON,), MODE, (B,)),
        ((ON,), (ON, LONGER), MODE, ()),
        ((ON,), (ON, LONGER), TIME, (A, B)),
        ((ON, LONGER), (ON,), TIME, (A, B)),
        ((ON, HELPS), (ON, HELPS, LONGER), TIME, (B,)),
        ((), (LONGER,), TIME, ()),  # it is in no OPEN
        ((OWN,), (OWN, LONGER), TIME, (A,)),
        ((ON,), (ON, " bgp graceful-restart stalepath-time 200\n"), TIME, ()),
    ],
)
def test_resets_by_graceful_restart(
    before: tuple[str, ...], after: tuple[str, ...], release: tuple[int, int], reset: tuple[str, ...]
) -> None:
    effects = forecast(parse(router(*before)), parse(router(*after)), release)
    assert {each.subject for each in effects if each.kind == "session-reset"} == set(reset)
    later = "bgp graceful-restart takes effect when a session is next reset"
    assert any(each.reason == later for each in effects) == (release == OLD and ON in {*before} ^ {*after})


@pytest.mark.parametrize(
    ("before", "after", "release", "reset"),
    [
        ("", ON, OLD, ()),
        ("", ON, MODE, (A, B)),
        (ON, OFF, MODE, (A, B)),
        (ON, ON + LONGER, MODE, ()),
        (ON, ON + LONGER, TIME, (A, B)),
    ],
)
def test_lines_outside_of_any_router_hold_for_all_of_them(
    before: str, after: str, release: tuple[int, int], reset: tuple[str, ...]
) -> None:
    old, new = (parse(text.replace(" bgp", "bgp") + ROUTER) for text in (before, after))
    found = {each.subject for each in forecast(old, new, release) if each.kind == "session-reset"}
    assert found == set(reset)
