"""The three routers as real FRRs in network namespaces, brought to an intent by Routebook's own driver."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from routebook.device.state import BgpState
from routebook.device.typed import decode
from routebook.device.values import Change, Effect
from routebook.intent.model import HostIntent, IPAddress
from routebook.platforms.frr.component import FrrChange
from routebook.platforms.frr.diagnosis import retry_sessions
from routebook.platforms.frr.sessions import Bgp, sessions
from routebook.project.render import render_host
from tests.forecast.happened import Reading, Readings, happened
from tests.forecast.known import TEMPLATES, Known
from tests.forecast.routers import EDGE, INSIDE, LENGTH, OUTSIDE, SESSIONS, World, bgp, session_of, start
from tests.forecast.rows import Row, Stop
from tests.lab.drivers.hosts import LinuxHost, link
from tests.lab.frr.edge import Edge
from tests.lab.waiting import wait_for

# A route map that changes is applied after five seconds by default; what happens then is the same.
_BY_HAND = """
bgp route-map delay-timer 1
ip route 10.77.0.0/24 blackhole
ipv6 route 2001:db8:77::/48 blackhole
"""
_READ = "vtysh -d bgpd -c 'show bgp vrf all summary json' -c 'show bgp vrf all neighbors json'"
_FORECAST = ("session-reset", "session-new", "session-removed", "session-changed", "policy")
_QUIET = 0.4  # seconds without a change of any count


class Star:
    """The routers, all with the world that they begin with and every session up."""

    def __init__(self, folder: Path) -> None:
        # A host ends with the thread that began it: this one.
        hosts = {name: LinuxHost(name, folder / name) for name in (EDGE, INSIDE, OUTSIDE)}
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: host.start_frr(), hosts.values()))
        self.routers = {name: Edge(host) for name, host in hosts.items()}
        for far, interface in ((INSIDE, "in0"), (OUTSIDE, "out0")):
            places = [each for each in SESSIONS.values() if each.far == far]
            ends = [
                [f"{address}/{LENGTH[address.version]}{_unless_asked(address)}" for address in addresses]
                for addresses in (
                    [address for place in places for address in (place.local, place.spare[0])],
                    [address for place in places for address in (place.remote, place.spare[1])],
                )
            ]
            link(self.routers[EDGE].host, self.routers[far].host, interface, *ends)
        self.routers[EDGE].load(_BY_HAND)
        self.world = start()
        self.last: Readings = {}
        for name in (INSIDE, OUTSIDE, EDGE):
            self._bring(name, self.world[name])
        wait_for(lambda: self._all_up(seconds=3), 60, "every session")
        self.at_rest(least=5, most=20)

    def step(self, before: str, stop: Stop) -> Row:
        """Change the edge, see what happens, then let the other ends follow."""
        reading = self.read()
        planned = self.change_edge(stop.world)
        outcome = happened(reading, self.at_rest(least=3.0 if stop.slow else 1.3))
        self.follow(stop.world)
        return Row(
            stop.change,
            before,
            stop.name,
            forecast_of(planned.effects),
            {session_of(peer): each for peer, each in outcome.items()},
            {session_of(peer): each.received for peer, each in reading.items()},
        )

    def go_home(self) -> None:
        """Bring every router to the first world again."""
        if self.world != start():
            self.change_edge(start())
            self.follow(start())
        wait_for(lambda: self._all_up(seconds=3), 120, "every session")

    def stop(self) -> None:
        """End every daemon."""
        for router in self.routers.values():
            router.host.stop()

    @property
    def release(self) -> str:
        """FRR's release, as its configuration says it."""
        return next(
            line.split()[2] for line in self.routers[EDGE].running().splitlines() if line.startswith("frr version")
        )

    def change_edge(self, world: World) -> Change:
        """Bring the edge alone to a world: plan, push and activate."""
        return self._bring(EDGE, world[EDGE])

    def follow(self, world: World, seconds: float = 10) -> Readings:
        """Bring the others to a world, let every session come up again that can, and wait until nothing moves."""
        behind = [name for name in (INSIDE, OUTSIDE) if world[name] != self.world[name]]
        for name in behind:
            self._bring(name, world[name])
        self.world = world
        if not behind and not self._waiting(self.last):
            return self.last
        deadline = time.monotonic() + seconds
        patience = 1.0
        while not self._all_up(seconds=patience) and time.monotonic() < deadline:
            patience = 2.5
        return self.at_rest(least=1, most=10)

    def at_rest(self, least: float = 0, most: float = 6) -> Readings:
        """What bgpd says once nothing has moved for a while; `least` and `most` are seconds."""
        end = time.monotonic() + most
        time.sleep(least)
        now = self.read()
        while time.monotonic() < end:
            time.sleep(_QUIET)
            before, now = now, self.read()
            if before == now:
                break
        self.last = now
        return now

    def read(self) -> Readings:
        """Every session of the edge."""
        said = self.routers[EDGE].host.shell.run(_READ).stdout
        summaries, rest = decode(said)
        neighbors, _ = decode(rest)
        assert isinstance(summaries, dict) and isinstance(neighbors, dict)
        found = Bgp(summaries, neighbors, frozenset())
        raw = found.neighbors.get("default", {})
        return {
            str(each.peer): Reading(
                each.established,
                raw[str(each.peer)]["connectionsDropped"],
                each.established_count,
                _counts(raw[str(each.peer)])
                | {f"{one.name} received": one.received or 0 for one in each.families}
                | {f"{one.name} sent": one.sent or 0 for one in each.families},
                each.state is BgpState.IDLE_PREFIX_LIMIT,
            )
            for each in sessions(found)
        }

    def _bring(self, name: str, intent: HostIntent) -> Change:
        router = self.routers[name]
        found = router.component.plan(render_host(intent, TEMPLATES, Known()).sections, router.snapshot())
        if found.change:
            self._push(router, found)
        return found.change

    @staticmethod
    def _push(router: Edge, change: FrrChange) -> None:
        folder = router.push(change)
        router.component.activate(change, folder)
        router.host.sh(f"rm -r {folder}")

    def _waiting(self, found: Readings) -> set[str]:
        down = {str(each.address) for each in bgp(self.world[EDGE]).neighbors if each.shutdown}
        return {peer for peer, reading in found.items() if not reading.established} - down

    def _all_up(self, seconds: float) -> bool:
        """Whether every session that can comes up in time; those that wait are asked to try again after that."""
        deadline = time.monotonic() + seconds
        while self._waiting(self.read()):
            if time.monotonic() > deadline:
                for name, router in self.routers.items():
                    names = [str(each.address) for each in bgp(self.world[name]).neighbors]
                    retry_sessions(router.host.shell, names)
                return False
            time.sleep(0.4)
        return True


def _unless_asked(address: IPAddress) -> str:
    """What keeps Linux from taking an address of IPv6 for its own connections: there the newest is the first choice."""
    spare = address in [each for place in SESSIONS.values() for each in place.spare]
    return " preferred_lft 0" if spare and address.version == 6 else ""


def _counts(raw: Mapping[str, Any]) -> dict[str, int]:
    messages = raw.get("messageStats", {})
    names = ("updatesSent", "updatesRecv", "routeRefreshSent", "routeRefreshRecv")
    return {name: int(messages.get(name, 0)) for name in names}


def forecast_of(effects: Iterable[Effect]) -> dict[str, tuple[str, ...]]:
    """The kinds of effect on each session."""
    found: dict[str, list[str]] = {}
    for effect in effects:
        if effect.kind in _FORECAST:
            found.setdefault(session_of(effect.subject), []).append(effect.kind)
    return {name: tuple(sorted(kinds)) for name, kinds in sorted(found.items())}
