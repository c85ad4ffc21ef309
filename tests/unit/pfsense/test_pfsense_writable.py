"""A text that config.xml would not keep is refused before it is sent, and never said."""

import pytest

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.tree import Element, parse_fragment
from routebook.platforms.pfsense.writable import flaw, refuse_unwritable


@pytest.mark.parametrize(
    ("tag", "text", "why"),
    [
        ("pre-shared-key", "Zürich", "beyond ASCII"),
        ("myid_data", "Zürich", "beyond ASCII"),
        ("pre-shared-key", "a&lt;b", "like `&lt;`"),
        ("descr", "a&eacute;b", "like `&lt;`"),
        ("descr", "a\tb\t", "tab"),
        ("descr", "a\x07b", "control character"),
    ],
)
def test_what_is_read_otherwise_than_it_was_written_is_a_flaw(tag: str, text: str, why: str) -> None:
    assert why in flaw(tag, text)


@pytest.mark.parametrize(
    ("tag", "text"),
    [("descr", "Zürich"), ("password", "Zürich"), ("pre-shared-key", "a & b <c> \"d\" 'e' &amp"), ("name", "")],
)
def test_what_is_kept_is_none(tag: str, text: str) -> None:
    assert flaw(tag, text) == ""


def test_the_entry_is_named_and_its_secret_is_not() -> None:
    entry = parse_fragment("<phase1><descr>RB x</descr><pre-shared-key>geheim-ü</pre-shared-key></phase1>").children
    with pytest.raises(CandidateError, match="<pre-shared-key> of <phase1> RB x has a letter") as caught:
        refuse_unwritable(entry)
    assert "geheim" not in str(caught.value)
    refuse_unwritable([Element("descr", "Zürich")])
