"""Run the files once more in which tests of the last run failed, whole: tests of a file may build on each other."""

import json
import sys
from pathlib import Path

import pytest

FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(*folders: str) -> int:
    """Pytest's exit code; 5, no tests, where none below the folders failed: the run broke for another reason."""
    failed = json.loads(FAILED.read_text()) if FAILED.exists() else {}
    files = sorted({test.partition("::")[0] for test in failed if test.startswith(folders)})
    if not files:
        return pytest.ExitCode.NO_TESTS_COLLECTED
    sys.stderr.write(f"once more, with nothing beside: {' '.join(files)}\n")
    return pytest.main(files)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
