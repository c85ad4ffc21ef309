"""Waiting for a condition instead of sleeping."""

import socket
import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float, what: str, every: float = 0.1) -> None:
    """Poll until the condition holds; AssertionError names what did not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(every)


def wait_reachable(address: str) -> None:
    """Wait until TCP port 22 answers; after a link was down, neighbor discovery takes its time."""

    def answers() -> bool:
        try:
            socket.create_connection((address, 22), timeout=1).close()
        except OSError:
            return False
        return True

    wait_for(answers, 15, f"{address} after its link came back")
