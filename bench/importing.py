"""`python -m bench.importing`: CPU time and memory of an import, by how much there is to import.

A router of 30 sessions and 40 policies, and the same with more prefixes in its lists: what is asked is that the first
takes less than three seconds, and that ten times the lines take no more than ten times the memory.
"""

import json
import sys
import time
import tracemalloc
from pathlib import Path

from routebook.cli.import_project import importers
from routebook.importing.proof import prove
from routebook.importing.report import report_of
from routebook.importing.sources import read_texts

SESSIONS, POLICIES = 30, 40
LONG, LONGER = 1_000, 10_000  # lines
_HEAD = """\
frr version 8.4.4
frr defaults traditional
hostname edge1
!
interface eth0
 ip address 192.0.2.1/24
exit
!
"""


def configuration(lines: int = 0) -> str:
    """A router with its sessions and policies, and entries of prefix lists up to about so many lines."""
    text = _HEAD
    entries = max(5, lines // (POLICIES // 2))
    for number in range(POLICIES // 2):
        for entry in range(1, entries + 1):
            text += f"ip prefix-list LIST-{number} seq {5 * entry} permit 10.{entry // 256}.{entry % 256}.0/24\n"
    text += "!\nrouter bgp 64500\n bgp router-id 192.0.2.1\n no bgp default ipv4-unicast\n"
    for peer in range(SESSIONS):
        text += f" neighbor 192.0.2.{peer + 10} remote-as {64600 + peer}\n"
        text += f" neighbor 192.0.2.{peer + 10} description peer {peer}\n"
    text += " !\n address-family ipv4 unicast\n"
    for peer in range(SESSIONS):
        text += f"  neighbor 192.0.2.{peer + 10} activate\n"
        text += f"  neighbor 192.0.2.{peer + 10} route-map MAP-{peer % (POLICIES // 2)} in\n"
        text += f"  neighbor 192.0.2.{peer + 10} route-map MAP-{(peer + 1) % (POLICIES // 2)} out\n"
    text += " exit-address-family\nexit\n!\n"
    for number in range(POLICIES // 2):
        text += f"route-map MAP-{number} permit 10\n match ip address prefix-list LIST-{number}\nexit\n!\n"
    return f"{text}end\n"


def measured(text: str, *, memory: bool = False) -> dict[str, float]:
    """Seconds of CPU of an import up to its proof; with `memory` its largest use instead, in MiB."""
    known = importers()
    if memory:
        tracemalloc.start()
    begun = time.process_time()
    proved = prove({"edge1": read_texts("edge1", {"edge1/frr.conf": text}, known)}, known, Path("/nonexistent"))
    report = report_of(proved)
    if report.differing or report.sessions != SESSIONS:
        raise RuntimeError(f"{report.sessions} sessions, not empty: {report.differing}")
    seconds = time.process_time() - begun
    if not memory:
        return {"seconds of CPU": round(seconds, 2)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"MiB": round(peak / 2**20, 1)}


def figures(*, short: bool = False) -> dict[str, float]:
    """What is measured, by what it is of."""
    found: dict[str, float] = {}
    measured(configuration())  # compiled templates and imports are nobody's
    found["import of 30 sessions and 40 policies, seconds of CPU"] = measured(configuration())["seconds of CPU"]
    if short:
        return found
    texts = {lines: configuration(lines) for lines in (LONG, LONGER)}
    for lines, text in texts.items():
        found[f"import of {lines} lines, seconds of CPU"] = measured(text)["seconds of CPU"]
        found[f"import of {lines} lines, MiB"] = measured(text, memory=True)["MiB"]
    ratio = found[f"import of {LONGER} lines, MiB"] / found[f"import of {LONG} lines, MiB"]
    found["memory for ten times the lines, times"] = round(ratio, 1)
    return found


if __name__ == "__main__":
    json.dump(figures(), sys.stdout, indent=2)
    print()
