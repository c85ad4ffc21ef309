"""Embedded Event Manager: applets whose timers really run and whose actions really are carried out.

Actions run in configuration mode at privilege level 15, with nobody to answer questions.
"""

import asyncio
import time
from dataclasses import dataclass, field

from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.daemons import Daemons
from routebook.platforms.asa.lab.device import SYSTEM, Device
from routebook.platforms.asa.lab.engine import Place
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.session import Session, command
from routebook.platforms.asa.lab.terminal import Silent


@dataclass(slots=True)
class Timer:
    """A running timer of an applet. `due` is in seconds of the event loop's clock; None when it has run out."""

    line: str
    handle: asyncio.TimerHandle | None
    due: float | None


@dataclass(slots=True)
class History:
    """What an applet has done."""

    hits: int = 0
    last: float = 0.0


@dataclass
class EventManager:
    """The applets of one device."""

    device: Device
    daemons: Daemons
    timers: dict[tuple[str, str], Timer] = field(default_factory=dict)
    history: dict[str, History] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def follow(self) -> None:
        """Start the timers that were configured, stop those that are gone. A run-out countdown stays run out."""
        loop = asyncio.get_running_loop()
        wanted = {
            (applet.words[3], event.words[2]): event.text
            for applet in self._applets() for event in applet.find("event", "timer")
        }  # fmt: skip
        for key in [key for key, timer in self.timers.items() if wanted.get(key) != timer.line]:
            handle = self.timers.pop(key).handle
            if handle is not None:
                handle.cancel()
        for key, text in wanted.items():
            if key not in self.timers:
                delay = _delay(text)
                handle = loop.call_later(delay, self._fire, *key)
                self.timers[key] = Timer(text, handle, loop.time() + delay)

    def _applets(self) -> list[Line]:
        return (
            []
            if self.device.multiple
            else self.device.spaces[SYSTEM].configuration.root.find("event", "manager", "applet")
        )

    def _fire(self, name: str, kind: str) -> None:
        timer = self.timers[name, kind]
        timer.handle, timer.due = None, None
        task = asyncio.get_running_loop().create_task(self.run(name))
        self._running.add(task)
        task.add_done_callback(lambda done: self._after(done, name, kind))

    def _after(self, task: asyncio.Task[None], name: str, kind: str) -> None:
        self._running.discard(task)
        timer = self.timers.get((name, kind))
        if timer is None or kind == "countdown" or timer.due is not None:
            return
        loop = asyncio.get_running_loop()
        delay = _delay(timer.line)
        timer.handle, timer.due = loop.call_later(delay, self._fire, name, kind), loop.time() + delay

    async def run(self, name: str) -> None:
        """Carry out an applet's actions, in the order of their numbers."""
        applet = next((each for each in self._applets() if each.words[3] == name), None)
        if applet is None:
            return
        history = self.history.setdefault(name, History())
        history.hits, history.last = history.hits + 1, time.time()
        io = Silent()
        session = Session(self.device, self.daemons, io, "eem", 15, SYSTEM, Place())
        actions = sorted(applet.find("action"), key=lambda line: int(line.words[1]))
        for action in actions:
            if session.place is None:
                session.place = Place()
            await session.execute(action.words[4].strip('"'))
        self._output(applet, io.shown)

    def _output(self, applet: Line, text: str) -> None:
        wanted = applet.first("output", "file")
        if wanted is None:
            return
        kind = wanted.words[2]
        if kind in ("append", "overwrite"):
            path = self.device.disk / wanted.words[3]
            with path.open("a" if kind == "append" else "w") as file:
                file.write(text)
        else:
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            (self.device.disk / f"eem-{applet.words[3]}-{stamp}.log").write_text(text)


def _delay(text: str) -> float:
    value = text.split()[-1]
    if ":" not in value:
        return float(value)
    hours, minutes, *seconds = (int(part) for part in value.split(":"))
    now = time.gmtime()
    wanted = hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
    return float((wanted - (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec)) % 86400 or 86400)


_managers: dict[int, EventManager] = {}


def attach(device: Device, daemons: Daemons) -> EventManager:
    """The event manager of a device."""
    return _managers.setdefault(id(device), EventManager(device, daemons))


@command("eem-run")
async def run_applet(session: Session, parsed: Parsed) -> str:
    """Run an applet that has the event `none`."""
    manager = _managers[id(session.device)]
    name = parsed.values[0]
    applet = next((each for each in manager._applets() if each.words[3] == name), None)
    if applet is None:
        return f"ERROR: applet {name} does not exist"
    if applet.first("event", "none") is None:
        return f"ERROR: applet {name} is not configured with event none"
    await manager.run(name)
    return ""


@command("show-eem")
async def show(session: Session, _: Parsed) -> str:
    """The applets, their timers and what they have done."""
    manager = _managers[id(session.device)]
    lines = []
    now = asyncio.get_running_loop().time()
    for applet in manager._applets():
        name = applet.words[3]
        history = manager.history.get(name, History())
        last = time.strftime("last %Y/%m/%d %H:%M:%S", time.gmtime(history.last)) if history.hits else "last never"
        lines.append(f"event manager applet {name}, hits {history.hits}, {last}")
        for event in applet.find("event", "timer"):
            timer = manager.timers.get((name, event.words[2]))
            left = f", {int(timer.due - now)} secs left" if timer is not None and timer.due is not None else ", expired"
            lines.append(f"    {event.text.removeprefix('event ')}{left}, hits {history.hits}, {last}")
        lines += [f"    {action.text}, hits {history.hits}, {last}" for action in applet.find("action")]
    return "\n".join(lines)
