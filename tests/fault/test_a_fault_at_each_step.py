"""Something breaks in the middle of a run: every host is as before or as intended, and Routebook says which.

These are a few of the faults of `make fault`.
"""

from collections.abc import Iterator

import pytest

from tests.fault.cases import Case, quick
from tests.fault.network import Releases
from tests.fault.remote import RemoteBench
from tests.lab.conftest import skip_unless_possible


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteBench]:
    """A lab with a host of every platform."""
    skip_unless_possible()
    started = RemoteBench(tmp_path_factory.mktemp("bench") / "lab", 1, Releases())
    started.prepare()
    yield started
    started.close()


@pytest.mark.parametrize("case", quick(), ids=str)
def test_every_host_is_old_or_new_and_nothing_is_left(bench: RemoteBench, case: Case) -> None:
    result = bench.carry_out(case)
    assert result.wrong == [], result.evidence
