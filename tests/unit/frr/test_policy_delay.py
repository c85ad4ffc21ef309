"""How long bgpd takes to use a changed policy: as its configuration says, and no run is called well before."""

import pytest

from routebook.platforms.frr.refresh import policy_delay
from routebook.platforms.frr.tree import parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 7.0),
        ("router bgp 65550\n neighbor 192.0.2.1 remote-as 64496\n", 7.0),
        ("bgp route-map delay-timer 30\nrouter bgp 65550\n", 32.0),
        ("router bgp 65550\n bgp route-map delay-timer 0\n", 2.0),
    ],
)
def test_a_changed_route_map_is_used_after_its_delay_timer_and_the_time_to_send(text: str, seconds: float) -> None:
    assert policy_delay(parse(text)) == seconds
