"""How lines are written for which the inventory has no word: as they stand, a secret in one of them by reference."""

from typing import Annotated

from pydantic import AfterValidator, Strict

from routebook.intent.fields import Secret
from routebook.intent.part import Input

SECRET = "{secret}"  # noqa: S105  where in a line its secret goes
_LONGEST = 400


def _line(value: str) -> str:
    if not value.isprintable() or value != " ".join(value.split()) or not 0 < len(value) <= _LONGEST:
        raise ValueError(
            f"should be one line of 1 to {_LONGEST} printable characters, with single spaces, not indented"
        )
    return value


Line = Annotated[str, Strict(), AfterValidator(_line)]


class ExtraLineInput(Input):
    """A line with a secret, of which `{secret}` in the line has the place."""

    line: Line
    secret: Secret


ExtraLines = tuple[Line | ExtraLineInput, ...]
