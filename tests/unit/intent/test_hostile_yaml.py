"""Inventory files that are made to hang or to break the parser are refused with their line."""

import os
import time

import pytest

from routebook.intent.problem import Problem
from tests.networks.project import Project

LIMIT = 10.0  # seconds of CPU that no such file may take


def problems(project: Project, name: str, text: str) -> list[Problem]:
    (project.folder / "inventory" / f"{name}.yaml").write_text(text)
    begun = time.process_time()
    found = project.problems()
    assert time.process_time() - begun < LIMIT
    return [problem for problem in found if problem.mark.file == f"inventory/{name}.yaml"]


def told(found: list[Problem], line: int, message: str) -> bool:
    return any(problem.mark.line == line and message in problem.message for problem in found)


def bomb(joint: str) -> str:
    lines = ["x-a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x-a{n}: &a{n} {joint.format(before=f'*a{n - 1}')}" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


def test_aliases_that_stand_for_millions_of_values(project: Project) -> None:
    text = bomb("[{before}, {before}, {before}, {before}, {before}, {before}, {before}, {before}, {before}]")
    assert told(problems(project, "bomb", text), 5, "is repeated by aliases into more than")


def test_mappings_that_inherit_millions_of_keys(project: Project) -> None:
    keys = ", ".join(f"k{n}: 1" for n in range(2000))
    text = f"x-base: &base {{{keys}}}\n" + "".join(f"x-{n}: {{<<: *base}}\n" for n in range(500))
    assert any("is repeated by aliases" in problem.message for problem in problems(project, "merge", text))


def test_some_aliases_are_in_order(project: Project) -> None:
    text = "x-base: &base {a: 1}\n" + "".join(f"x-{n}: {{<<: *base, own: *base}}\n" for n in range(1000))
    assert problems(project, "mine", text) == [
        problem for problem in project.problems() if problem.mark.file == "inventory/mine.yaml"
    ]
    assert not any("repeated" in problem.message for problem in project.problems())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x-a: 1\nx-b: " + "[" * 200_000 + "]" * 200_000, 2),
        ("x-a: 1\nx-b: " + "[" * 200_000, 2),
        ("x-b: " + "{a: " * 100_000, 1),
        ("".join(" " * n + "a:\n" for n in range(3000)), 51),
        ("x-b:\n" + "- " * 3000 + "a\n", 2),
    ],
    ids=["brackets", "open brackets", "braces", "indented", "dashes"],
)
def test_nesting_that_would_break_the_parser(project: Project, text: str, line: int) -> None:
    assert told(problems(project, "deep", text), line, "is nested more than 50 deep")


def test_a_file_that_is_none(project: Project) -> None:
    os.mkfifo(project.folder / "inventory" / "pipe.yaml")
    assert any("is not a regular file" in problem.message for problem in project.problems())


def test_a_file_without_end(project: Project) -> None:
    with (project.folder / "inventory" / "huge.yaml").open("wb") as file:
        file.truncate(1 << 33)
    assert any("has more than 16 MiB" in problem.message for problem in project.problems())


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing any more\n"])
def test_an_emptied_file_is_no_network_without_sessions(project: Project, text: str) -> None:
    assert told(problems(project, "bgp", text), 1, "says nothing")


def test_a_file_that_is_empty_on_purpose(project: Project) -> None:
    assert problems(project, "later", "{}\n") == []
