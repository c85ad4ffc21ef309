"""Edits of YAML files: they say what was meant, and every other line stays to the letter."""

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from routebook.project.yaml_text import EditError, append, put, remove
from tests.networks.example import CHECKOUT

INVENTORY = sorted((CHECKOUT / "inventory").glob("*.yaml"))


def changed(before: str, after: str) -> list[str]:
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in found if line[0] in "+-"]


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: {b: [1, 2]}  # x\n", ("a", "b"), 3, "a: {b: [1, 2, 3]}  # x\n"),
        ("a:\n  - 1\n\n# end\nb: 2\n", ("a",), 5, "a:\n  - 1\n  - 5\n\n# end\nb: 2\n"),
        ("a:\n- x: 1\n  y: 2\n", ("a",), {"x": 3}, "a:\n- x: 1\n  y: 2\n- {x: 3}\n"),
        ("a:\n", ("a", "b"), 1, "a: {b: [1]}\n"),
        ("--- \n# nothing\n{}\n", ("a",), 1, "--- \n# nothing\na: [1]\n"),
        ("a: |\n  text\n\nb: 1", ("c",), "no", "a: |\n  text\n\nb: 1\nc: ['no']\n"),
    ],
)
def test_a_value_more(before: str, path: tuple[str, ...], value: object, after: str) -> None:
    assert append(before, path, value) == after


def test_what_is_taken_out_takes_what_would_be_empty_along() -> None:
    assert remove("# c\na:\n  b:\n    - 1  # one\nz: 2\n", ("a", "b", 0)) == "# c\nz: 2\n"
    assert remove("# c\na: {b: [1]}\n", ("a", "b", 0)) == "# c\n{}\n"
    assert remove("a: [1, 2, 3]\n", ("a", 2)) == "a: [1, 2]\n"


def test_what_an_alias_stands_for_is_not_edited() -> None:
    with pytest.raises(EditError):
        put("a: &x {b: 1}\nc: *x\n", ("c", "b"), 2)


@pytest.mark.parametrize("path", INVENTORY, ids=lambda path: str(path.name))
def test_each_entry_of_an_inventory_can_be_taken_out_and_no_other_line_changes(path: Path) -> None:
    text = path.read_text()
    data = yaml.safe_load(text)
    for key, value in data.items():
        for inner in value if isinstance(value, dict) and len(value) > 1 else ():
            after = remove(text, (key, inner))
            assert {line[0] for line in changed(text, after)} <= {"-"}
            assert inner not in yaml.safe_load(after)[key]


@given(
    st.lists(st.sampled_from(["a", "b: c", "no", "#x", "1", "", "é", "x" * 80]), min_size=1, max_size=4),
    st.sampled_from(["d:\n  e: [f]\n", "d: {e: [f]}\n", "d:\n  e:\n    - f\n  g: 1  # h\n"]),
)
def test_any_text_comes_back_as_it_is(values: list[str], text: str) -> None:
    for each in values:
        text = append(text, ("d", "e"), each)
    assert yaml.safe_load(text)["d"]["e"] == ["f", *values]
