"""The forecast of sessions that reset, against real sessions that do or do not."""

import pytest

from routebook.platforms.frr.sessions import read_bgp
from tests.lab.frr.edge import put
from tests.lab.frr.triangle import (
    INSIDE,
    INTENT,
    OUTSIDE,
    OUTSIDE_PEER,
    OWNS,
    Triangle,
    configured,
    in_family,
    option,
    start_again,
    wait_up,
)
from tests.lab.quick import one_in
from tests.lab.waiting import wait_for

ROUTER_ID = " bgp router-id 10.255.0.1"
CANDIDATES = {
    "password": option(OUTSIDE, "password zz"),
    "remote-as": INTENT.replace("remote-as 64496", "remote-as 64469"),
    "description": INTENT.replace("description transit", "description something else"),
    "shutdown": option(OUTSIDE, "shutdown"),
    "update-source": option(OUTSIDE, "update-source out0"),
    "local-as": option(OUTSIDE, "local-as 64511"),
    "ttl-security": option(OUTSIDE, "ttl-security hops 1"),
    "ebgp-multihop": option(OUTSIDE, "ebgp-multihop 2"),
    "role": option(OUTSIDE, "local-role customer"),
    "passive": option(OUTSIDE, "passive"),
    "bfd": option(OUTSIDE, "bfd"),
    "timers": option(OUTSIDE, "timers 5 15"),
    "connect timer": INTENT.replace(f"{OUTSIDE} timers connect 1", f"{OUTSIDE} timers connect 2"),
    "addpath": in_family(OUTSIDE, "addpath-tx-all-paths"),
    "addpath inside": in_family(INSIDE, "addpath-tx-all-paths"),
    "reflector client": in_family(INSIDE, "route-reflector-client"),
    "next-hop-self": in_family(INSIDE, "next-hop-self"),
    "soft reconfiguration": in_family(OUTSIDE, "soft-reconfiguration inbound"),
    "max-prefix": in_family(OUTSIDE, "maximum-prefix 10"),
    "default route": in_family(OUTSIDE, "default-originate"),
    "best paths": put(
        INTENT,
        ROUTER_ID,
        " bgp always-compare-med",
        " bgp deterministic-med",
        " bgp bestpath as-path multipath-relax",
        " bgp bestpath compare-routerid",
    ),
    "a preference and a log": put(
        INTENT,
        ROUTER_ID,
        " bgp default local-preference 150",
        " bgp log-neighbor-changes",
        " no bgp ebgp-requires-policy",
    ),
    "several paths": put(INTENT, "  network 2001:db8:8e20::/48", "  maximum-paths 4", "  maximum-paths ibgp 2"),
    "an aggregate": put(INTENT, "  network 2001:db8:8e20::/48", "  aggregate-address 2001:db8:8e00::/40 as-set"),
    "routes of the kernel": put(
        INTENT, "  network 2001:db8:8e20::/48", "  redistribute kernel", "  redistribute ospf6"
    ),
    "a range": put(
        INTENT,
        ROUTER_ID,
        " neighbor LAN peer-group",
        " neighbor LAN remote-as external",
        " bgp listen limit 5",
        " bgp listen range 10.77.0.0/16 peer-group LAN",
    ),
    "a confederation": put(INTENT, ROUTER_ID, " bgp confederation identifier 64500"),
    "a confederation of others": put(
        INTENT, ROUTER_ID, " bgp confederation identifier 64500", " bgp confederation peers 64497"
    ),
    "AS path with our own": in_family(OUTSIDE, "allowas-in 2"),
    "another's AS replaced": in_family(OUTSIDE, "as-override"),
    "no private AS": in_family(OUTSIDE, "remove-private-AS all replace-AS"),
    "no communities sent": put(
        INTENT, f"  neighbor {OUTSIDE} route-map RB-M in", f"  no neighbor {OUTSIDE} send-community"
    ),
    "weight": in_family(OUTSIDE, "weight 10"),
    "route server client": in_family(OUTSIDE, "route-server-client", "attribute-unchanged next-hop"),
    "next-hop-self force": in_family(INSIDE, "next-hop-self force"),
    "a filter list": in_family(OUTSIDE, "filter-list RB-AS in"),
    "max-prefix, warning": in_family(OUTSIDE, "maximum-prefix 1 warning-only"),
    "max-prefix-out": in_family(OUTSIDE, "maximum-prefix-out 5"),
    "a default route by a map": in_family(OUTSIDE, "default-originate route-map RB-M"),
    "local-as, not prepended": option(OUTSIDE, "local-as 64511 no-prepend replace-as"),
    "no connected check": option(OUTSIDE, "disable-connected-check"),
    "extended next hop": option(OUTSIDE, "capability extended-nexthop"),
    "advertisement interval": option(OUTSIDE, "advertisement-interval 5"),
    "route-map": INTENT.replace(f"{OUTSIDE} route-map RB-M in", f"{OUTSIDE} route-map RB-N in"),
    "prefix-list": in_family(OUTSIDE, "prefix-list RB-ALL in"),
    "a family": put(INTENT, "  network 10.3.0.0/16", f"  neighbor {OUTSIDE} activate"),
    "one family less": INTENT.replace("unicast\n  network 2001:db8:8e20::/48\n  neighbor 10.0.0.2 activate", "unicast"),
    "router-id": INTENT.replace("router-id 10.255.0.1", "router-id 10.255.0.9"),
    "cluster-id": put(INTENT, ROUTER_ID, " bgp cluster-id 1.1.1.1"),
    "a network": put(INTENT, "  network 10.3.0.0/16", "  network 10.4.0.0/16"),
    "graceful-shutdown": put(INTENT, ROUTER_ID, " bgp graceful-shutdown"),
    "graceful-restart": put(INTENT, ROUTER_ID, " bgp graceful-restart"),
    "graceful-restart off": put(INTENT, ROUTER_ID, " bgp graceful-restart-disable"),
    "graceful-restart of one": option(OUTSIDE, "graceful-restart"),
    "a helper, as it is already": option(OUTSIDE, "graceful-restart-helper"),
    "graceful-restart off of one": option(INSIDE, "graceful-restart-disable"),
    "a restart time that nobody is told": put(INTENT, ROUTER_ID, " bgp graceful-restart restart-time 60"),
    "router timers": put(INTENT, ROUTER_ID, " timers bgp 10 30"),
    "another neighbor": put(INTENT, ROUTER_ID, " neighbor 10.0.0.6 remote-as 64499"),
    "a policy's content": INTENT.replace(
        "route-map RB-M permit 10", "route-map RB-M deny 5\nexit\nroute-map RB-M permit 10"
    ),
}


def drops(three: Triangle) -> dict[str, int]:
    found = read_bgp(three.host.shell).neighbors["default"]
    return {peer: found[peer]["connectionsDropped"] for peer in (INSIDE, OUTSIDE)}


RESTARTING = put(INTENT, ROUTER_ID, " bgp graceful-restart")
FROM_RESTARTING = {
    "another restart time": put(RESTARTING, ROUTER_ID, " bgp graceful-restart restart-time 60"),
    "one that is told nothing of it": option(OUTSIDE, "graceful-restart-helper", text=RESTARTING),
    "as the router": option(OUTSIDE, "graceful-restart", text=RESTARTING),
    "its own in place of the router's": option(OUTSIDE, "graceful-restart"),
    "no longer": INTENT,
}


def test_a_new_member_of_a_confederation_resets_the_sessions_with_it(three: Triangle) -> None:
    start_again(three)
    confederation = put(INTENT, ROUTER_ID, " bgp confederation identifier 64500", " bgp confederation peers 64497")
    configured(three, confederation)
    configured(three.outside, OUTSIDE_PEER.replace("remote-as 65550", "remote-as 64500"))
    wait_up(three)
    exactly_the_forecast_sessions_reset(three, confederation.replace("peers 64497", "peers 64496 64497"))


@pytest.mark.parametrize("name", one_in(4, CANDIDATES))
def test_exactly_the_forecast_sessions_reset(three: Triangle, name: str) -> None:
    start_again(three)
    exactly_the_forecast_sessions_reset(three, CANDIDATES[name])


@pytest.mark.parametrize("name", FROM_RESTARTING)
def test_exactly_the_forecast_sessions_reset_where_graceful_restart_is_on(three: Triangle, name: str) -> None:
    start_again(three)
    configured(three, RESTARTING)
    wait_up(three)
    exactly_the_forecast_sessions_reset(three, FROM_RESTARTING[name])


def exactly_the_forecast_sessions_reset(three: Triangle, candidate: str) -> None:
    before = drops(three)
    change = three.plan(candidate, OWNS)
    assert change.change
    folder = three.push(change)
    forecast = {effect.subject for effect in change.change.effects if effect.kind == "session-reset"}
    try:
        wait_for(lambda: {peer for peer in before if drops(three)[peer] > before[peer]} > forecast, 1, "another reset")
    except AssertionError:
        assert {peer for peer in before if drops(three)[peer] > before[peer]} == forecast
    else:
        raise AssertionError(f"forecast {forecast}, but {before} became {drops(three)}")
    assert three.revert(folder).status == 0
