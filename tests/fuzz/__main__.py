"""`make fuzz`: malicious devices for as long as one likes, and every promise that they broke.

python -m tests.fuzz [--seed N] [--minutes N]
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.fuzz.devices import devices
from tests.fuzz.trial import carry_out, make_project, trials


def main() -> int:
    """The number of trials that broke a promise, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--only", type=int, help="the number of one trial of the seed")
    given = parser.parse_args()
    end = time.monotonic() + 60 * given.minutes
    broken = done = 0
    with tempfile.TemporaryDirectory() as name, devices(Path(name)) as made:
        project = make_project(Path(name), made)
        for trial in trials(given.seed, 100_000):
            if given.only is not None and trial.number != given.only:
                continue
            if time.monotonic() > end:
                break
            ended = carry_out(trial, project, made, given.seed, seconds=240)
            done += 1
            kinds = " ".join(f"{host}={kind}" for host, kind in trial.kinds.items())
            how = f"{trial.number:>5} {trial.command:<7}{trial.through:<9}{ended.code:>3} {ended.seconds:5.1f} s"
            print(f"{how} {ended.memory // 1024} MiB {kinds}", flush=True)
            for sentence in ended.wrong:
                broken += 1
                print(f"      BROKEN: {sentence}", flush=True)
    print(f"seed {given.seed}: {done} trials, {broken} broken promises")
    return min(broken, 1)


if __name__ == "__main__":
    raise SystemExit(main())
