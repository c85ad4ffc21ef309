"""`python -m bench.healthy`: how often a healthy network is called anything else, by `verify` and by `verify --watch`.

So many verifications of the example in a row, then a watch of so many minutes. Every finding that is not ok and every
event of the watch is printed; exit code 1 where there is one.
"""

import argparse
import collections
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.cpu import ENVIRONMENT, deployed

ROUTEBOOK = (sys.executable, "-m", "routebook")
EVERY = 5  # seconds between two looks of the watch


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m bench.healthy", description=__doc__)
    parser.add_argument("--verifications", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=20, help="of the watch (default 20)")
    chosen = parser.parse_args()
    with deployed(lambda _: None) as project:
        verified = verifications(project, chosen.verifications)
        said = watched(project, chosen.minutes * 60)
    for text, times in [*verified.items(), *said.items()]:
        print(f"{times} times: {text}")
    print(f"{chosen.verifications} verifications, {sum(verified.values())} findings that are not ok")
    print(f"{chosen.minutes:g} minutes watched, {sum(said.values())} events")
    return 1 if verified or said else 0


def verifications(project: Path, count: int) -> collections.Counter[str]:
    """What so many verifications in a row said besides ok."""
    found: collections.Counter[str] = collections.Counter()
    for _ in range(count):
        done = subprocess.run(
            [*ROUTEBOOK, "verify", "--json"], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        findings = json.loads(done.stdout)["findings"]
        if not findings:
            raise RuntimeError(f"a verification without findings: {done.stderr[-500:]}")
        found.update(
            f"{each['host']} {each['check']} {each['subject']}: {each['status']}: {each['cause'] or each['evidence']}"
            for each in findings
            if each["status"] != "ok"
        )
        if done.returncode:
            found[f"exit code {done.returncode}: {done.stderr.strip()[-200:]}"] += 1
    return found


def watched(project: Path, seconds: float) -> collections.Counter[str]:
    """The events of a watch."""
    argv = [*ROUTEBOOK, "verify", "--watch", "--every", str(EVERY)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=project, env=ENVIRONMENT, text=True, stdout=pipe, stderr=pipe) as watching:
        time.sleep(seconds)
        watching.send_signal(signal.SIGINT)
        output, errors = watching.communicate(timeout=60)
    if watching.returncode or not errors.startswith("watching "):
        raise RuntimeError(f"the watch ended with exit code {watching.returncode}: {errors[-500:]}")
    return collections.Counter(line.partition("  ")[2] for line in output.splitlines())


if __name__ == "__main__":
    sys.exit(main())
