"""`python -m tests.fault`: inject faults on several labs at once, and print the table of what became of the hosts."""

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from fnmatch import fnmatch
from pathlib import Path

from tests.fault import table
from tests.fault.cases import Case, every, quick
from tests.fault.trial import Bench, Result
from tests.lab.project import CHECKOUT, environment


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="repeats what was random (default 1)")
    parser.add_argument("--labs", type=int, default=4, help="how many labs at once (default 4)")
    parser.add_argument("--minutes", type=float, default=55.0, help="begin no case after that (default 55)")
    parser.add_argument("--only", default="*", help="cases of which the description matches this pattern")
    parser.add_argument("--numbers", default="", help="cases with these numbers, separated by commas")
    parser.add_argument("--quick", action="store_true", help="the selection of `make test`")
    parser.add_argument("--random-kills", type=int, default=100, help="kills at random instants (default 100)")
    parser.add_argument(
        "--out", type=Path, default=Path(tempfile.gettempdir()) / "routebook-fault", help="where results go"
    )
    parser.add_argument("--bench", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bench:
        _work(arguments.bench, arguments.seed)
        return 0
    numbers = {int(number) for number in arguments.numbers.split(",") if number}
    chosen = [
        case
        for case in (quick() if arguments.quick else every(arguments.random_kills))
        if fnmatch(str(case), arguments.only) and (not numbers or case.number in numbers)
    ]
    begun = time.monotonic()
    results = _all(chosen, arguments.seed, min(arguments.labs, len(chosen)), 60 * arguments.minutes, arguments.out)
    wrong = [result for result in results if result.wrong]
    for result in wrong:
        print(f"\n{result.case} ({result.said}): {result.outcome}\n  " + "\n  ".join(result.wrong))  # noqa: T201
        print(result.evidence)  # noqa: T201
    print(f"\n{table.markdown(results)}\n")  # noqa: T201
    print(table.summary(results, time.monotonic() - begun, arguments.seed))  # noqa: T201
    return 1 if wrong else 0


def _all(cases: list[Case], seed: int, labs: int, seconds: float, out: Path) -> list[Result]:
    out.mkdir(parents=True, exist_ok=True)
    left: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        left.put(case)
    results: list[Result] = []
    until = time.monotonic() + seconds
    lock = threading.Lock()
    with (out / "results.jsonl").open("w") as log:

        def one_lab(number: int) -> None:
            with subprocess.Popen(
                ["lab/private", sys.executable, "-m", "tests.fault", "--seed", str(seed),
                 "--bench", str(out / f"lab{number}-{os.getpid()}")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=CHECKOUT,
            ) as bench:  # fmt: skip
                assert bench.stdin is not None and bench.stdout is not None
                while time.monotonic() < until:
                    try:
                        case = left.get_nowait()
                    except queue.Empty:
                        break
                    bench.stdin.write(json.dumps(vars(case)) + "\n")
                    bench.stdin.flush()
                    line = bench.stdout.readline()
                    if not line:
                        line = json.dumps(Result(case, "error", ["the lab's process has ended"]).to_json())
                    with lock:
                        results.append(Result.from_json(json.loads(line)))
                        log.write(line.rstrip("\n") + "\n")
                        log.flush()
                        _tell(results[-1], len(results), len(cases))
                bench.stdin.close()

        threads = [threading.Thread(target=one_lab, args=(number,)) for number in range(labs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return results


def _tell(result: Result, number: int, of: int) -> None:
    mark = "WRONG " + "; ".join(result.wrong)[:300] if result.wrong else ""
    print(f"{number}/{of} {result.seconds:5.1f} s  {result.case} ({result.said}): {result.outcome} {mark}", flush=True)  # noqa: T201


def _work(folder: Path, seed: int) -> None:
    """One lab, in this network: cases from standard input, results to standard output."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    bench = Bench(folder, seed)
    try:
        for line in sys.stdin:
            result = bench.carry_out(Case(**json.loads(line)))
            print(json.dumps(result.to_json()), file=out, flush=True)  # noqa: T201
    finally:
        bench.close()


if __name__ == "__main__":
    sys.exit(main())
