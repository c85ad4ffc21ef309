"""The two gateways as real charons in network namespaces, changed by Routebook's own driver over SSH."""

import itertools
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec.structs import replace

from routebook.device.values import Change
from routebook.platforms.strongswan.state import read_ike_sas
from routebook.project.render import render_host
from tests.forecast.gateways import LEFT, RIGHT, TUNNELS, Gateways, start
from tests.forecast.known import TEMPLATES, Known
from tests.forecast.rows import Row, Stop
from tests.lab.drivers.tunnels import Pair, make_pair, together

TunnelOutcome: TypeAlias = Literal["new", "removed", "IKE SA", "child", "nothing", "down"]
"""What is another one than before: the IKE SA with its children, or a child alone; `down` is without any."""

_LONGEST = 20.0  # seconds that a tunnel may take to come up
_QUIET = 1.0


@dataclass(frozen=True, slots=True)
class Sas:
    """A tunnel's live SAs at the left end: SPIs of the IKE SAs, and of the children that are installed."""

    ike: frozenset[str]
    children: frozenset[str]


Tunnels = Mapping[str, Sas]


class Swans:
    """Both gateways, with every tunnel up."""

    def __init__(self, folder: Path) -> None:
        key = folder / "key"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        wan = [
            [f"{pair[side]}/{place.length}" for place in TUNNELS.values() for pair in (place.outer, place.spare)]
            for side in (0, 1)
        ]
        inner = [
            [
                f"{pair[side][1]}/{pair[side].prefixlen}"
                for place in TUNNELS.values()
                for pair in (place.inner, place.more)
            ]
            for side in (0, 1)
        ]
        self.pair: Pair = make_pair(folder, key, wan, inner)
        self.hosts = {LEFT: self.pair.left, RIGHT: self.pair.right}
        for host in self.hosts.values():
            host.start_strongswan()
        self.drivers = {name: self.pair.driver(host) for name, host in self.hosts.items()}
        self._numbers = itertools.count()
        self.world: Gateways = {name: replace(intent, tunnels=()) for name, intent in start().items()}
        self.last: Tunnels = {}
        self.change(start())
        self.at_rest()

    def step(self, before: str, stop: Stop) -> Row:
        """Change both ends at once, and see what happens to the tunnels."""
        reading = self.last
        planned = self.change(stop.world)
        effects = [effect for change in planned.values() for effect in change.effects]
        kinds = {
            name: tuple(sorted({effect.kind for effect in effects if effect.subject == name}))
            for name in sorted({effect.subject for effect in effects})
        }
        return Row(stop.change, before, stop.name, kinds, outcomes(reading, self.at_rest()))

    def go_home(self) -> None:
        """Bring both ends to the first world again."""
        if self.world != start():
            self.change(start())
            self.at_rest()
        assert self._complete(self.last), f"the tunnels are not up: {self.last}"

    def stop(self) -> None:
        """End every daemon."""
        self.pair.close()
        for host in self.hosts.values():
            host.stop()

    @property
    def release(self) -> str:
        """strongSwan's release."""
        return self.hosts[LEFT].sh("swanctl --version").split()[-1]

    def change(self, world: Gateways) -> Mapping[str, Change]:
        """Bring both ends to a world, as a run does it: push at both, activate at both, confirm."""
        with ThreadPoolExecutor() as pool:
            planned = dict(pool.map(lambda name: (name, self._plan(name, world)), self.drivers))
        drivers = [self.drivers[name] for name, change in planned.items() if change]
        run = f"forecast-{next(self._numbers)}"
        together(drivers, lambda driver: driver.arm(run, 60))
        together(drivers, lambda driver: driver.push())
        together(drivers, lambda driver: driver.activate())
        together(drivers, lambda driver: driver.confirm())
        together(drivers, lambda driver: driver.unlock(run))
        self.world = world
        return planned

    def _plan(self, name: str, world: Gateways) -> Change:
        driver = self.drivers[name]
        return driver.plan(render_host(world[name], TEMPLATES, Known()), driver.snapshot())

    def at_rest(self) -> Tunnels:
        """Both ends' SAs once every tunnel is up with the same SPIs at both and nothing has moved for a second."""
        end = time.monotonic() + _LONGEST
        before, since = self._read(), time.monotonic()
        while time.monotonic() < end:
            time.sleep(0.25)
            now = self._read()
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() > since + _QUIET and now == self._read(RIGHT) and self._complete(now):
                break
        self.last = before
        return before

    def _complete(self, found: Tunnels) -> bool:
        wanted = {each.name for each in self.world[LEFT].tunnels}
        return set(found) == wanted and all(len(each.children) == 2 and len(each.ike) == 1 for each in found.values())

    def _read(self, name: str = LEFT) -> Tunnels:
        found: dict[str, Sas] = {}
        for sa in read_ike_sas(self.hosts[name].shell):
            if sa.up:
                known = found.get(sa.name, Sas(frozenset(), frozenset()))
                spis = {spi for child in sa.children if child.up for spi in (child.spi_in, child.spi_out)}
                found[sa.name] = Sas(known.ike | {sa.spi_initiator}, known.children | spis)
        return found


def outcomes(before: Tunnels, after: Tunnels) -> Mapping[str, TunnelOutcome]:
    """What happened to every tunnel of one of the two readings."""
    return {name: _of(before.get(name), after.get(name)) for name in sorted({*before, *after})}


def _of(before: Sas | None, after: Sas | None) -> TunnelOutcome:
    if before is None:
        return "new"
    if after is None:
        return "removed"
    if not after.children:
        return "down"
    if before.ike != after.ike:
        return "IKE SA"
    return "nothing" if before.children == after.children else "child"
