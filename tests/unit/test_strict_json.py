"""JSON that somebody else may have written is read in bounded time and room, and means one thing only."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.project.strict_json import loads, read_file

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_plain_json_is_read_as_it_is(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no JSON"),
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b'[{"b": {"a": 1, "a": 1}}]', "'a' twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "1e999 is too large"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b"9" * 10_000, "too long"),
        (b'"\xff"', "no UTF-8"),
        (b'{"a": 1} more', "no JSON"),
    ],
)
def test_what_two_readers_could_take_for_different_things_is_a_sentence(text: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        loads(text)


@given(st.binary(max_size=100) | st.text(alphabet='{}[]",:1eN-\\u ', max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_a_sentence(content: bytes) -> None:
    try:
        loads(content)
    except ValueError as error:
        assert str(error)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("[1]")
    assert read_file(path, 3) == [1]
    with pytest.raises(ValueError, match="more than 2 bytes"):
        read_file(path, 2)


def test_what_never_ends_or_never_begins_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises((ValueError, OSError)):
            read_file(path)
