"""What a run brings to a device: rendered sections and what they own. Free of NAPALM, whose import takes 0.7 s."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

_MOST_NAMES = 40  # in a warning


@dataclass(frozen=True, slots=True)
class Section:
    """A rendered part of the intended configuration and what of the device it owns.

    `part` is the configuration it belongs to: a word of the platform's for a running configuration, an absolute path
    for a file. `owns` are shell patterns over the first line of a top-level block or over file paths: what
    matches and is not in `text` goes away. `outer / inner` owns blocks inside a block that others use
    too, as `bfd / profile RB-*` does. `releases` are objects, by the names that a host's `adopt` takes, that stay on
    the device as they are and are nobody's of ours any more. `text` contains secrets.
    """

    name: str
    part: str
    text: str = field(repr=False)
    owns: tuple[str, ...]
    mode: int = 0o600
    releases: frozenset[str] = frozenset()


class Candidate(Struct, frozen=True):
    """The sections that a run brings to a host; what no section owns is left alone."""

    sections: tuple[Section, ...]


def released(names: Iterable[str]) -> str:
    """A plan's warning of what is ours and is given out of hand by this change."""
    return f"released, and left on the device as it is: {', '.join(sorted(names))}"


def taken_over(names: Iterable[str]) -> str:
    """A plan's warning of what somebody else has made, and is as the inventory has it, which adopts it."""
    found = sorted(names)
    more = [f"and {len(found) - _MOST_NAMES} more"] if len(found) > _MOST_NAMES else []
    return f"taken over as it is on the device: {', '.join([*found[:_MOST_NAMES], *more])}"


def left_alone(name: str) -> str:
    """A plan's warning of an object that patterns of ownership match and that the record on the device has not."""
    return f"{name} is called as ours are and is not in the record of what is ours on this device: it is left alone"
