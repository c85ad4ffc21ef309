"""`python -m tests.fault`: inject faults on several labs at once, and print the table of what became of the hosts."""

import argparse
import itertools
import json
import os
import queue
import sys
import tempfile
import threading
import time
from fnmatch import fnmatch
from pathlib import Path

from tests.fault import table
from tests.fault.cases import Case, every, quick
from tests.fault.network import Releases
from tests.fault.remote import RemoteBench
from tests.fault.trial import Result


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="repeats what was random (default 1)")
    parser.add_argument("--labs", type=int, default=4, help="how many labs at once (default 4)")
    parser.add_argument(
        "--asa", default="9.12(4),9.20(3)", help="releases of the labs' ASAs, in turn (default 9.12(4),9.20(3))"
    )
    parser.add_argument("--pfsense", default="2.8.1", help="releases of the labs' pfSenses, in turn (default 2.8.1)")
    parser.add_argument("--minutes", type=float, default=55.0, help="begin no case after that (default 55)")
    parser.add_argument("--only", default="*", help="cases of which the description matches this pattern")
    parser.add_argument("--numbers", default="", help="cases with these numbers, separated by commas")
    parser.add_argument("--quick", action="store_true", help="the selection of `make test`")
    parser.add_argument("--random-kills", type=int, default=200, help="kills at random instants (default 200)")
    parser.add_argument("--go-on", action="store_true", help="with --out: leave out what was carried out there before")
    parser.add_argument("--out", type=Path, help="where results.jsonl goes and labs are (default: a new folder)")
    arguments = parser.parse_args()
    numbers = {int(number) for number in arguments.numbers.split(",") if number}
    chosen = [
        case
        for case in (quick() if arguments.quick else every(arguments.random_kills))
        if fnmatch(str(case), arguments.only) and (not numbers or case.number in numbers)
    ]
    out = arguments.out or Path(tempfile.mkdtemp(prefix="routebook-fault-"))
    if not arguments.go_on:
        (out / "results.jsonl").unlink(missing_ok=True)
    begun = time.monotonic()
    earlier = _earlier(out) if arguments.go_on else []
    done = {result.case.number for result in earlier}
    chosen = [case for case in chosen if case.number not in done]
    pairs = zip(itertools.cycle(arguments.asa.split(",")), itertools.cycle(arguments.pfsense.split(",")), strict=False)
    labs = [Releases(*pair) for pair in itertools.islice(pairs, min(arguments.labs, len(chosen)))]
    results = earlier + _all(chosen, arguments.seed, labs, 60 * arguments.minutes, out)
    wrong = [result for result in results if result.wrong]
    for result in wrong:
        print(f"\n{result.case} ({result.said}): {result.outcome}\n  " + "\n  ".join(result.wrong))
        print(result.evidence)
    print(f"\n{table.markdown(results)}\n")
    print(table.summary(results, time.monotonic() - begun, arguments.seed))
    return 1 if wrong else 0


def _earlier(out: Path) -> list[Result]:
    lines = (out / "results.jsonl").read_text().splitlines()
    return [Result.from_json(json.loads(line)) for line in lines]


def _all(cases: list[Case], seed: int, labs: list[Releases], seconds: float, out: Path) -> list[Result]:
    out.mkdir(parents=True, exist_ok=True)
    left: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        left.put(case)
    results: list[Result] = []
    until = time.monotonic() + seconds
    lock = threading.Lock()
    with (out / "results.jsonl").open("a") as log:

        def one_lab(number: int) -> None:
            bench = RemoteBench(out / f"lab{number}-{os.getpid()}", seed, labs[number])
            try:
                while time.monotonic() < until:
                    try:
                        case = left.get_nowait()
                    except queue.Empty:
                        break
                    result = bench.carry_out(case)
                    with lock:
                        results.append(result)
                        log.write(json.dumps(result.to_json()) + "\n")
                        log.flush()
                        _tell(result, len(results), len(cases))
            finally:
                bench.close()

        threads = [threading.Thread(target=one_lab, args=(number,)) for number in range(len(labs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return results


def _tell(result: Result, number: int, of: int) -> None:
    mark = "WRONG " + "; ".join(result.wrong)[:300] if result.wrong else ""
    print(f"{number}/{of} {result.seconds:5.1f} s  {result.case} ({result.said}): {result.outcome} {mark}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
