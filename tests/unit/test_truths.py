"""Every test that a page of truths about a device names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "platforms").glob("*-truths.md"))
_TEST = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)*)`")


def names_in(path: Path) -> set[str]:
    """What a file's tests are called, and the classes that they are in, as pytest names them."""
    found = {""}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(f"::{node.name}")
            inner = node.body if isinstance(node, ast.ClassDef) else []
            found |= {f"::{node.name}::{each.name}" for each in inner if isinstance(each, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_tests_that_hold_a_truth_exist(page: Path) -> None:
    named = _TEST.findall(page.read_text())
    assert named
    missing = [(file, test) for file, test in named if not (ROOT / file).is_file() or test not in names_in(ROOT / file)]
    assert missing == []
