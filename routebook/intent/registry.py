"""Finds the object that describes a platform: in the platform's own folder, or where a plug-in says.

Nothing is imported before somebody asks for it by name, so a project pays for the platforms that it uses.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

Part = Literal["interface", "tunnel end", "peer"]  # of the inventory, in which a platform may have keys of its own

GROUP = "routebook.platforms"  # of entry points: each names a platform and where its object is
_FOLDER = Path(__file__).resolve().parents[1] / "platforms"


class Registered(Protocol):
    """What is known of every platform without knowing what it is for."""

    @property
    def name(self) -> str:
        """What an inventory calls it."""
        ...

    @property
    def rules(self) -> Any:
        """Its rules, of which `keys` are those that it has of its own, by where in the inventory they may stand."""
        ...


REGISTERED: dict[str, Registered] = {}  # those that were asked for


def find(name: str) -> Registered | None:
    """The object of a platform; None when there is none of that name."""
    if name not in REGISTERED:
        if name in shipped():
            REGISTERED[name] = import_module(f"{GROUP}.{name}.platform").PLATFORM
        elif name in (plugged := _plugged()):
            REGISTERED[name] = plugged[name].load()
    return REGISTERED.get(name)


def known() -> tuple[str, ...]:
    """The names of all platforms, whether they were asked for or not."""
    return tuple(sorted({*REGISTERED, *shipped(), *_plugged()}))


def owners(part: Part) -> dict[str, Registered]:
    """The keys that platforms have of their own in a part of the inventory. It imports all of them."""
    found = (find(name) for name in known())
    return {
        key: each
        for each in found
        if each is not None and part in each.rules.keys
        for key in each.rules.keys[part].model_fields
    }


@cache
def load(where: str) -> Any:
    """What a platform names by "module:object", imported when it is asked for."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


@cache
def shipped() -> frozenset[str]:
    """The names of those in routebook/platforms."""
    return frozenset(path.parent.name for path in _FOLDER.glob("*/platform.py"))


@cache
def _plugged() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
