"""A session of ours in a `router bgp` in which somebody else has live ones, on real FRR: theirs notice nothing."""

from collections.abc import Iterator

import pytest

from routebook.platforms.frr import manifest
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.tree import lines_of, parse
from tests.lab.frr.triangle import INSIDE, INSIDE_PEER, OUTSIDE, OUTSIDE_PEER, Triangle, configured
from tests.lab.waiting import wait_for

OWNS = ("ipv6 prefix-list *", "route-map *", f"router bgp {'[0-9]' * 5} / *")
NONE = ""

BY_HAND = f"""ipv6 prefix-list THEIRS seq 5 permit ::/0 le 128
route-map THEIR-OUT permit 10
 match ipv6 address prefix-list THEIRS
exit
router bgp 65550
 bgp router-id 10.255.0.1
 bgp log-neighbor-changes
 neighbor INNER peer-group
 neighbor INNER remote-as 65550
 neighbor INNER timers connect 1
 neighbor {INSIDE} peer-group INNER
 neighbor 10.0.0.6 remote-as 64499
 bgp listen range 10.9.0.0/16 peer-group INNER
 address-family ipv4 unicast
  network 203.0.113.0/24
  aggregate-address 203.0.112.0/20
  redistribute connected
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:77::/48
  neighbor INNER activate
  neighbor INNER route-map THEIR-OUT out
 exit-address-family
exit
"""
OURS = f"""route-map CUSTOMER permit 10
exit
router bgp 65550
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor {OUTSIDE} remote-as 64496
 neighbor {OUTSIDE} description transit
 neighbor {OUTSIDE} timers connect 1
 address-family ipv6 unicast
  network 2001:db8:8e20::/48
  neighbor {OUTSIDE} activate
  neighbor {OUTSIDE} route-map CUSTOMER in
  neighbor {OUTSIDE} route-map CUSTOMER out
 exit-address-family
exit
"""


@pytest.fixture
def shared(three: Triangle) -> Iterator[Triangle]:
    """The edge as a person configured it, with a live session to the one inside."""
    configured(three.inside, INSIDE_PEER)
    configured(three.outside, OUTSIDE_PEER)
    three.load(BY_HAND)
    three.reaches(INSIDE, lambda session: session.established, 40)
    yield three
    three.load("no router bgp 65550\nno route-map THEIR-OUT\nno ipv6 prefix-list THEIRS")


def test_a_session_is_added_rolled_back_and_removed_and_nothing_of_theirs_is_touched(shared: Triangle) -> None:
    theirs, text = lines_of(parse(shared.running())), shared.running()
    before = shared.sessions()[INSIDE].established_count

    def untouched() -> None:
        now = shared.sessions()[INSIDE]
        assert (now.established, now.established_count) == (True, before)
        assert theirs <= lines_of(parse(shared.running()))

    planned = shared.plan(OURS, OWNS)
    said = " ".join(planned.change.warnings)
    for name in ("neighbor INNER", f"neighbor {INSIDE}", "network 203.0.113.0/24", "route-map THEIR-OUT"):
        assert name in said
    assert not [effect for effect in planned.change.effects if effect.kind == "session-reset"]
    folder = shared.push(planned)
    shared.reaches(OUTSIDE, lambda session: session.established, 40)
    untouched()
    assert shared.plan(OURS, OWNS).change.commands == ()

    assert shared.revert(folder).status == 0
    assert shared.running() == text
    untouched()

    shared.apply(OURS, OWNS)
    shared.reaches(OUTSIDE, lambda session: session.established, 40)
    assert f"router bgp 65550 / neighbor {OUTSIDE}" in manifest.read(parse(shared.running()))["frr"]
    shared.apply(NONE, OWNS)
    wait_for(lambda: OUTSIDE not in shared.sessions(), 10, "our session gone")
    untouched()
    now = shared.running()
    assert manifest.read(parse(now)) == {"frr": frozenset()}  # which says that nothing is ours any more
    left = "".join(line for line in now.splitlines(keepends=True) if not line.startswith("access-list ROUTEBOOK-"))
    assert lines_of(explicit(parse(left))) == lines_of(explicit(parse(text)))
