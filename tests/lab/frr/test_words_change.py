"""Each word of the inventory through its values on a real bgpd: one after the other is reached, and undone."""

import pytest

from tests.lab.frr.edge import INTENT, Edge, put
from tests.lab.quick import one_in

TRANSIT, INNER = "neighbor 2001:db8:f001::1", "neighbor 10.255.3.3"
OF_NEIGHBOR = {
    "local-as": ("local-as 64500", "local-as 64501 no-prepend", "local-as 64501 no-prepend replace-as"),
    "disable-connected-check": ("disable-connected-check",),
    "extended-nexthop": ("capability extended-nexthop",),
    "graceful-restart": ("graceful-restart", "graceful-restart-helper", "graceful-restart-disable"),
    "advertisement-interval": ("advertisement-interval 5", "advertisement-interval 0"),
}
OF_FAMILY = {
    "allowas-in": ("allowas-in", "allowas-in 5", "allowas-in origin"),
    "default-originate": (
        "default-originate",
        "default-originate route-map RB-OUT",
        "default-originate route-map RB-IN",
    ),
    "remove-private-AS": (
        "remove-private-AS",
        "remove-private-AS all",
        "remove-private-AS replace-AS",
        "remove-private-AS all replace-AS",
    ),
    "maximum-prefix": ("maximum-prefix 9 80", "maximum-prefix 9 warning-only", "maximum-prefix 9 80 restart 5"),
    "maximum-prefix-out": ("maximum-prefix-out 9", "maximum-prefix-out 10"),
    "weight": ("weight 10", "weight 0"),
    "route-server-client": (f"route-server-client\n  {TRANSIT} attribute-unchanged next-hop",),
    "as-override": ("as-override",),
    "next-hop-self": ("next-hop-self", "next-hop-self force"),
    "filter-list": ("filter-list RB-TRANSIT in", "filter-list RB-TRANSIT out"),
}
IN_ENTRY = {
    "preference": ("set local-preference 5", "set local-preference +10", "set local-preference -10"),
    "metric": ("set metric 5", "set metric +10", "set metric -10"),
    "community": ("set community none", "set community 65000:1", "set community 65000:1 additive"),
    "comm-list": ("set comm-list RB-GSHUT delete", "set large-comm-list RB-OURS delete"),
    "next-hop": ("set ip next-hop 192.0.2.1", "set ip next-hop peer-address", "set ip next-hop unchanged"),
    "next-hop of IPv6": (
        "set ipv6 next-hop global 2001:db8::1",
        "set ipv6 next-hop peer-address",
        "set ipv6 next-hop prefer-global",
    ),
    "exclude": ("set as-path exclude 64500", "set as-path exclude 64501 64502"),
    "src": ("set src 10.255.3.1",),
    "tag": ("set tag 5", "set tag 6"),
    "weight": ("set weight 5", "set weight 6"),
    "origin": ("set origin igp", "set origin incomplete"),
    "call": ("call RB-IN",),
    "on-match": ("on-match next", "on-match goto 90", "on-match goto 95"),
    "description": ("description one text", "description another"),
    "matches": ("match metric 5", "match tag 5", "match origin igp", "match local-preference 5"),
    "match community": ("match community RB-GSHUT", "match community RB-GSHUT exact-match"),
    "match next-hop": ("match ipv6 next-hop prefix-list RB-OWN6", "match ip next-hop prefix-list RB-OWN4"),
    "match protocol": ("match source-protocol static", "match source-protocol kernel"),
    "match as-path": ("match as-path RB-TRANSIT",),
}


def goes_through(edge: Edge, texts: list[str]) -> None:
    for candidate in [*texts, INTENT, *texts[::-1], INTENT]:
        before = edge.running()
        change = edge.plan(candidate)
        if not change.change:
            continue
        folder = edge.push(change)
        assert edge.plan(candidate).change.commands == ()
        assert edge.revert(folder).status == 0
        assert edge.running() == before
        edge.apply(candidate)


@pytest.mark.parametrize("name", one_in(4, OF_NEIGHBOR))
def test_an_option_of_a_neighbor(edge: Edge, name: str) -> None:
    goes_through(
        edge, [put(INTENT, f" {TRANSIT} description transit-no", f" {TRANSIT} {line}") for line in OF_NEIGHBOR[name]]
    )


@pytest.mark.parametrize("name", one_in(4, OF_FAMILY))
def test_an_option_in_a_family(edge: Edge, name: str) -> None:
    plain = INTENT.replace(f"  {TRANSIT} maximum-prefix 1000\n", "") if name == "maximum-prefix" else INTENT
    goes_through(
        edge, [put(plain, f"  {TRANSIT} route-map RB-IN in", f"  {TRANSIT} {line}") for line in OF_FAMILY[name]]
    )


@pytest.mark.parametrize("name", one_in(4, IN_ENTRY))
def test_a_line_of_an_entry(edge: Edge, name: str) -> None:
    goes_through(edge, [put(INTENT, "route-map RB-OUT permit 10", f" {line}") for line in IN_ENTRY[name]])
