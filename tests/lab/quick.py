"""A quick selection of a matrix that takes minutes."""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(count: int, names: Iterable[str]) -> list[Any]:
    """Parameters of which every `count`-th runs in `make test`, and all in `make test-slow`."""
    return [
        name if number % count == 0 else pytest.param(name, marks=pytest.mark.slow) for number, name in enumerate(names)
    ]
