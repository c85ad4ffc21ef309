"""swanctl files are read as strongSwan reads them, and what it would silently drop is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.platforms.strongswan.settings import Block, Setting, SettingsError, parse, quoted


def values(text: str) -> dict[str, str]:
    return {".".join((*path, setting.key)): setting.value for path, setting in parse(text, "f").settings()}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a = 1\n", {"a": "1"}),
        ("a=1", {"a": "1"}),
        ("a =\nb = 2\n", {"a": "", "b": "2"}),
        ("a = one two   three # comment\n", {"a": "one two three"}),
        ('a = "one # two" # three\n', {"a": "one # two"}),
        (r'a = "say \"hi\"\n"', {"a": 'say "hi"\n'}),
        ("s { a = 1 }\n", {"s.a": "1"}),
        ("s\n{\n a = 1\n}\n", {"s.a": "1"}),
        ("s { t { a = 1\n } u { } }\n", {"s.t.a": "1"}),
        ("s : base, other {\n a = 1\n}\n", {"s.a": "1"}),
        ("id = C=CH, O=strongSwan\n", {"id": "C=CH, O=strongSwan"}),
        ("# s {\n", {}),
        ("\r\n a = 1\r\n", {"a": "1"}),
        ("a = x{1\n", {"a": "x{1"}),
        ("include = yes\n", {"include": "yes"}),
    ],
)
def test_values(text: str, wanted: dict[str, str]) -> None:
    assert values(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\n b {\n", "f:2: section 'b' is never closed"),
        ("a {\n}\n}\n", "f:3: a closing brace without an opening one"),
        ("a {\n b\n}\n", "f:2: 'b' is followed neither by = nor by an opening brace"),
        ('a {\n b = "x\n}\n', "f:2: a quoted string is never closed"),
        ('"a" = 1\n', "f:1: unexpected '\"'"),
        ("= 1\n", "f:1: unexpected '='"),
    ],
)
def test_errors_name_the_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, "f")
    assert str(caught.value) == message


def test_an_include_is_known_with_its_place() -> None:
    text = "s {\n  include conf.d/*.conf # theirs\n}\n"
    include = next(parse(text, "f").includes())
    assert include.pattern == text[include.start : include.end] == "conf.d/*.conf"


def test_a_setting_knows_where_its_value_is() -> None:
    text = 'a = "one" two # three\n'
    setting = parse(text, "f").items[0]
    assert isinstance(setting, Setting)
    assert text[setting.start : setting.end] == '"one" two'


printable = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(printable)
def test_a_quoted_value_is_read_back(value: str) -> None:
    assert values(f"a = {quoted(value)}\n") == {"a": value}


@given(st.text(alphabet='abc {}="#\n:,\\', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse(text, "f"), Block)
    except SettingsError as error:
        assert str(error).startswith("f:")
