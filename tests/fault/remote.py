"""A bench in a process and a network of its own: it takes its lab down when whoever started it has gone away."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fault.cases import Case
from tests.fault.network import Releases
from tests.fault.trial import Bench, Result
from tests.networks.example import CHECKOUT, environment


class RemoteBench:
    """Cases go in, results come out. `private` gives it a network of its own; without, it uses this process's."""

    def __init__(self, folder: Path, seed: int, releases: Releases, *, private: bool = True) -> None:
        argv = [sys.executable, "-m", "tests.fault.remote", str(folder), str(seed), releases.asa, releases.pfsense]
        self._process = subprocess.Popen(
            ["lab/private", *argv] if private else argv,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=CHECKOUT,
            start_new_session=True,
        )  # fmt: skip

    def prepare(self) -> None:
        """Bring the lab up, which the first case would do otherwise."""
        assert self._ask("prepare") == "prepared\n"

    def carry_out(self, case: Case) -> Result:
        """Carry out a case. A bench that has ended gives an error."""
        line = self._ask(json.dumps(vars(case)))
        return Result.from_json(json.loads(line)) if line else Result(case, "error", ["the bench has ended"])

    def _ask(self, line: str) -> str:
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return ""

    def close(self) -> None:
        """Take the lab down."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


def main() -> None:
    """One lab, in this network: cases from standard input, results to standard output."""
    folder, seed, *releases = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    bench = Bench(Path(folder), int(seed), Releases(*releases))
    try:
        for line in sys.stdin:
            if line == "prepare\n":
                bench.prepare()
                out.write("prepared\n")
            else:
                out.write(json.dumps(bench.carry_out(Case(**json.loads(line))).to_json()) + "\n")
            out.flush()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
