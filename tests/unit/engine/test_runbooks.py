"""Runbooks are found by name, and each says what it is for."""

from pathlib import Path

import pytest

from routebook.errors import RefusedError
from routebook.run import runbook

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", runbook.names(PROJECT))
def test_every_runbook_of_the_example_can_be_run(name: str) -> None:
    found = runbook.load(PROJECT, name)
    assert found.name == name
    assert found.summary.endswith(".")
    assert found.checks or found.steps


def test_a_runbook_of_two_words_is_typed_with_a_dash() -> None:
    assert "add-node" in runbook.names(PROJECT)
    with pytest.raises(RefusedError, match="did you mean 'add-node'"):
        runbook.load(PROJECT, "add-nodes")
