"""Libraries that other libraries import and no command uses are loaded when something of them is used after all.

They were an eighth of the CPU time of a command that looks at one host.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

UNUSED = frozenset(
    {
        "invoke",  # Paramiko's, for `Match exec` in its own reader of ssh_config
        "ruamel.yaml",  # Nornir's, for a configuration file
    }
)


class LazyFinder:
    """Finds these libraries as `import` does, and leaves them empty until an attribute is asked for."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module's place, with a loader that waits; None for every other module."""
        spec = PathFinder.find_spec(name, path, target) if name in UNUSED else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def begin() -> None:
    """Import these lazily from here on, in this process."""
    if LazyFinder not in sys.meta_path:
        sys.meta_path.insert(0, LazyFinder)
