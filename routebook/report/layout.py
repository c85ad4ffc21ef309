"""What is to be shown, as data: lines and tables of text with styles. `routebook.cli.output` writes it."""

from collections.abc import Sequence

from msgspec import Struct


class Span(Struct, frozen=True):
    """Text in one style (words of rich: "bold", "dim", "red" …).

    `public` is for words of our own intent and vocabulary, such as a host's name or a state: no secret is looked for
    in them. Everything else may come from anywhere, and is left as plain `str` or as a Span that is not public.
    """

    text: str
    style: str = ""
    public: bool = False


Part = str | Span
"""Plain text has no style and is not public."""


def public(text: str, style: str = "") -> Span:
    """A word of our own, shown even if a secret happens to equal it."""
    return Span(text, style, public=True)


class Line(Struct, frozen=True):
    """One line. On a terminal that is too narrow it goes on below, `indent` columns to the right."""

    parts: tuple[Part, ...]
    indent: int = 0


class Text(Struct, frozen=True):
    """Several lines exactly as they are, such as a configuration: each `indent` columns to the right, none wrapped."""

    text: str
    indent: int = 0
    style: str = ""
    reveal: bool = False  # with secrets, as the operator asked for them


class Table(Struct, frozen=True):
    """Aligned columns under a header; a cell is a part, or several that go below each other.

    The last column is the one with sentences: it is wrapped, or put below the others where a terminal is narrow.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Part | Sequence[Part], ...], ...]


Block = Line | Text | Table


def line(*parts: Part, indent: int = 0) -> Line:
    """A line of these parts."""
    return Line(parts, indent)
