"""Parameters of a runbook are what they are declared to be, or refused with what was meant."""

import pytest

from routebook.errors import RefusedError
from routebook.run.parameters import Kind, Parameter, Value, values


def one(kind: Kind, text: str, **more: tuple[str, ...]) -> Value:
    return values([Parameter("it", kind, "what", None, **more)], [f"it={text}"], {})["it"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "a=b", "a=b"),
        ("integer", "-3", -3),
        ("duration", "90", 90),
        ("duration", "90s", 90),
        ("duration", "5m", 300),
        ("duration", "2h", 7200),
    ],
)
def test_a_value_is_of_its_kind(kind: Kind, text: str, value: Value) -> None:
    assert one(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "3.5"), ("integer", "٣x"), ("duration", "-5"), ("duration", "5d"), ("host", "none")]
)
def test_what_is_not_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(RefusedError, match="--set it"):
        one(kind, text)


def test_a_choice_is_one_of_its_words() -> None:
    assert one("choice", "soft", choices=("soft", "hard")) == "soft"
    with pytest.raises(RefusedError, match="did you mean 'soft'"):
        one("choice", "sotf", choices=("soft", "hard"))


def test_a_default_stands_where_nothing_is_given() -> None:
    assert values([Parameter("wait", "duration", "how long", 30)], [], {}) == {"wait": 30}
