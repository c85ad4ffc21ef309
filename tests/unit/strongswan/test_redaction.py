"""No secret of a swanctl file is ever shown, and a changed one is still seen to change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.platforms.strongswan.redaction import diff, redact
from routebook.platforms.strongswan.settings import quoted


def secrets(value: str) -> str:
    return f"secrets {{\n  ike-1 {{\n    id = a\n    secret = {value}\n  }}\n}}\n"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=6, max_size=40))
def test_any_secret_disappears(value: str) -> None:
    assert redact(secrets(quoted(value))) == secrets("<redacted>")


@pytest.mark.parametrize("value", ['"with } brace"', "0sAAAA", '"two\n lines"', "several words", '"a" "b"'])
def test_secrets_of_every_form(value: str) -> None:
    assert redact(secrets(value)) == secrets("<redacted>")


def test_on_one_line_with_braces() -> None:
    text = "secrets { ike { secret = abc } private { secret = def\n pin = 1234 } }\n"
    assert redact(text) == (
        "secrets { ike { secret = <redacted> } private { secret = <redacted>\n pin = <redacted> } }\n"
    )


def test_even_in_a_text_that_cannot_be_read() -> None:
    assert redact("secrets {\n secret = abc def # x\n") == "secrets {\n secret = <redacted>\n"


def test_a_changed_secret_is_a_difference() -> None:
    shown = diff("/f", secrets("old-value"), secrets("new-value"))
    assert "-    secret = <redacted>" in shown
    assert "+    secret = <redacted, another value>" in shown
    assert "value>" in shown
    assert "old-value" not in shown
    assert "new-value" not in shown


def test_an_unchanged_secret_is_none() -> None:
    shown = diff("/f", secrets("same") + "a = 1\n", secrets("same") + "a = 2\n")
    assert "another value" not in shown
    assert "+a = 2" in shown
