"""A network of as many hosts as wanted, and states of it, without a file or a device."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from routebook.device.state import BgpSession, BgpState
from routebook.device.values import State
from routebook.intent.model import BgpHost, HostIntent, Neighbor

ASN = 65550
PER_SITE = 10


def address(number: int) -> IPv4Address:
    return IPv4Address(0x0AFF0000 + number)


def intents(count: int) -> dict[str, HostIntent]:
    """Sites of ten hosts; in each the first two reflect for the others, and those of all sites are a ring."""
    neighbors: dict[int, list[Neighbor]] = {number: [] for number in range(count)}
    for number in range(count):
        site = number // PER_SITE
        if number % PER_SITE > 1:
            _join(neighbors, number, site * PER_SITE)
            _join(neighbors, number, site * PER_SITE + 1)
        elif (beyond := (site + 1) * PER_SITE + number % PER_SITE) < count:
            _join(neighbors, number, beyond)
    return {
        name(number): HostIntent(
            name=name(number),
            site=f"site{number // PER_SITE}",
            platform="edge",
            bgp=BgpHost(asn=ASN, router_id=address(number), neighbors=tuple(neighbors[number])),
        )
        for number in range(count)
    }


def name(number: int) -> str:
    return f"s{number // PER_SITE}-host{number % PER_SITE}"


def _join(neighbors: dict[int, list[Neighbor]], one: int, other: int) -> None:
    for here, there in ((one, other), (other, one)):
        neighbors[here].append(
            Neighbor(
                session=f"{name(one)}-{name(other)}",
                peer=name(there),
                peer_host=name(there),
                address=address(there),
                local_address=address(here),
                update_source=True,
                local_as=ASN,
                remote_as=ASN,
                description=name(there),
                families=(),
            )
        )


def states(
    hosts: Mapping[str, HostIntent], uptime: int = 900, down: frozenset[str] = frozenset(), text: str = ""
) -> dict[str, State]:
    """All sessions Established for `uptime` seconds, but for those with a host that is `down`."""

    def session(host: str, neighbor: Neighbor) -> BgpSession:
        lost = bool({host, neighbor.peer} & down)
        state = BgpState.IDLE if lost else BgpState.ESTABLISHED
        return BgpSession(
            neighbor.address, state, ASN, ASN, uptime=None if lost else uptime, description=text, last_error=text
        )

    return {
        host: State(bgp=tuple(session(host, neighbor) for neighbor in intent.neighbors), ike=None)
        for host, intent in hosts.items()
    }
