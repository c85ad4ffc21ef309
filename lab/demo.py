"""`make demo`: six scenes on a lab of its own, three of which Routebook takes back."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab.control import Lab
from lab.links import link_down, link_up
from routebook.cli import output
from routebook.cli.init import make_project

PROJECT = Path.cwd() / ".routebook" / "demo"
CONFIRM_TIMEOUT = 20


def main() -> None:
    """Play all scenes; exits with 1 as soon as one does not end as it should."""
    begun = time.monotonic()
    lab = Lab(PROJECT)
    if PROJECT.exists():
        lab.down()
        shutil.rmtree(PROJECT)
    make_project(PROJECT)
    try:
        scene(
            "A lab: three firewalls, four route reflectors and six edges on five sites, with what is around them, "
            "and nothing configured yet"
        )
        routebook("lab", "up")
        scene("1. What would be sent? Nothing is changed by asking.")
        routebook("plan", "deploy", "--limit", "no-edge2", expect=2)
        scene("2. Bring everything to intent, from nothing: fourteen tunnels, 50 sessions")
        routebook("run", "deploy", "--yes")
        scene("3. The same again sends nothing")
        routebook("run", "deploy", "--yes")
        scene("4. A new filter for an ASA, and a typo for two Linux hosts: transit-no has AS 64496, not 64469")
        with_edited("inventory/network.yaml", r"asn: 64496", "asn: 64469", typo_in_a_peer_as)
        scene("5. A pre-shared key is changed at one end of a tunnel only, on the pfSense")
        with_new_key("secrets/home-fw1--no-edge1.psk", key_at_one_end)
        scene(
            f"6. ch-edge2 loses its management after the push, and undoes the change by itself in {CONFIRM_TIMEOUT} s"
        )
        with_edited("inventory/policy.yaml", "local_preference: 200", "local_preference: 210", lambda: cut_off(lab))
        scene("Everything is as it was after scene 2")
        routebook("verify", "--wait", "30")
        routebook("runs")
        output.text(f"\nreports: {PROJECT / '.routebook' / 'runs'}\n{time.monotonic() - begun:.0f} s in all")
    finally:
        lab.down()


def typo_in_a_peer_as() -> None:
    """The sessions do not come up, both numbers are named, and every host is rolled back, the ASA as well."""
    with_edited(
        "inventory/policy.yaml", "10.1.0.0/16 ge 24 le 32", "10.1.0.0/16 ge 24 le 28",
        lambda: routebook("run", "bgp", "--yes", expect=3),
    )  # fmt: skip


def key_at_one_end() -> None:
    """The tunnel does not come up with the new key, and the old one is put back."""
    routebook("run", "tunnels", "--yes", "--limit", "home-fw1", "--accept", "one-end", expect=3)


def cut_off(lab: Lab) -> None:
    """Lose ch-edge2 after the push. The link comes back only after the device has undone the change."""
    lost = threading.Event()

    def on_line(line: str) -> None:
        if re.search(r"post-checks.*watching", line) and not lost.is_set():
            lost.set()
            output.text("        (the management link of ch-edge2 is cut)", style="yellow")
            link_down(lab, "ch-edge2")
            timer = threading.Timer(CONFIRM_TIMEOUT + 8, mend)
            timer.daemon = True
            timer.start()

    def mend() -> None:
        output.text("        (the management link of ch-edge2 is back)", style="yellow")
        link_up(lab, "ch-edge2")

    routebook("run", "bgp", "--yes", "--confirm-timeout", str(CONFIRM_TIMEOUT), expect=3, on_line=on_line)


def routebook(*arguments: str, expect: int = 0, on_line: Callable[[str], None] | None = None) -> None:
    """Run a command of Routebook as an operator would, show what it prints, and insist on its exit code."""
    output.text(f"$ routebook {' '.join(arguments)}", style="bold")
    with subprocess.Popen(
        [sys.executable, "-m", "routebook", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.text(line)
            if on_line is not None:
                on_line(line)
    output.text(f"exit code {process.returncode}")
    if process.returncode != expect:
        raise SystemExit(f"demo: expected exit code {expect}")


def with_edited(name: str, pattern: str, replacement: str, play: Callable[[], None]) -> None:
    """Play with one thing changed in a file of the project, and put the file back."""
    path = PROJECT / name
    original = path.read_text()
    edited = re.sub(pattern, replacement, original, count=1)
    if edited == original:
        raise SystemExit(f"demo: {pattern!r} is not in {name}")
    path.write_text(edited)
    try:
        play()
    finally:
        path.write_text(original)


def with_new_key(name: str, play: Callable[[], None]) -> None:
    """Play with another pre-shared key, and put the old one back."""
    path = PROJECT / name
    original = path.read_text()
    path.write_text("another-key-of-the-same-tunnel\n")
    try:
        play()
    finally:
        path.write_text(original)


def scene(title: str) -> None:
    """Announce a scene."""
    output.text(f"\n=== {title}", style="bold cyan")


if __name__ == "__main__":
    main()
