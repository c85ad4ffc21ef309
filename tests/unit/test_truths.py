"""Every test that a page of truths about a device names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "platforms").glob("*-truths.md"))
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_tests_that_hold_a_truth_exist(page: Path) -> None:
    named = _TEST.findall(page.read_text())
    assert named
    missing = [
        (file, test)
        for file, test in named
        if not (ROOT / file).is_file() or (test and test not in functions(ROOT / file))
    ]
    assert missing == []
