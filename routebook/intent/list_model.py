"""Lists whose entries are texts: communities, and expressions that communities or AS paths match."""

from typing import Literal

from msgspec import Struct


class ListRule(Struct, frozen=True, kw_only=True):
    """One entry of a list that is no prefix list: communities, or an expression that they or an AS path match."""

    seq: int
    action: Literal["permit", "deny"]
    text: str


class AsPathList(Struct, frozen=True, kw_only=True):
    """A list of expressions that AS paths match."""

    name: str
    rules: tuple[ListRule, ...]
