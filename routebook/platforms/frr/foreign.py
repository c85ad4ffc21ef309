"""What of a configuration is somebody else's: said in a plan, and not taken from under them."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from routebook.device.candidate import Section
from routebook.device.naming import parsed
from routebook.device.values import Beside
from routebook.platforms.frr import manifest
from routebook.platforms.frr.candidate import Wanted, target
from routebook.platforms.frr.owned_objects import called
from routebook.platforms.frr.policies import kind_and_name
from routebook.platforms.frr.references import defined, uses
from routebook.platforms.frr.shared_router import fitted, left_out
from routebook.platforms.frr.tree import Tree

_MOST_NAMES = 40  # of one kind, in a warning


def beside_others(candidate: Wanted, sections: Sequence[Section], running: Tree) -> tuple[Wanted, list[str]]:
    """The candidate as it is among what somebody else has there, and a plan's warnings of that.

    Raises CandidateError where the two are in each other's way.
    """
    fits = replace(candidate, tree=fitted(candidate.tree, running, manifest.shared(candidate, sections, running)))
    fits = replace(fits, foreign=manifest.foreign(fits, sections, running))
    used = in_use(fits, running)
    fits = replace(fits, foreign=fits.foreign | used.keys())
    return fits, [*left_out(candidate.tree, fits.tree), *said(fits.foreign, used)]


def beside(foreign: Iterable[str], sections: Sequence[Section]) -> Iterator[Beside]:
    """What is somebody else's, each with the section that may own its kind; not sessions, which bgpd lists itself."""
    owners = [(section.name, Wanted((), section.owns)) for section in sections]
    for name in sorted(foreign):
        if not _session(name):
            section = next((section for section, owner in owners if owner.names(name)), "")
            yield Beside(section, name)


def _session(name: str) -> bool:
    router, _, own = name.partition(" / ")
    return router.startswith("router bgp ") and own.startswith("neighbor ") and parsed(own.split()[-1]) is not None


def in_use(candidate: Wanted, running: Tree) -> dict[str, str]:
    """The objects of ours that are no longer wanted and that somebody else's refer to, each with who does.

    Without them FRR would discard every prefix there, without a word.
    """
    names = {key: called(block.line) for block in running if (key := kind_and_name(block.line)) is not None}
    found: dict[str, str] = {}
    while True:
        held = replace(candidate, foreign=candidate.foreign | found.keys())
        due = defined(target(running, held))
        more = {
            names[use.kind, use.name]: use.where
            for use in uses(held.foreign_part(running))
            if (use.kind, use.name) in names and (use.kind, use.name) not in due
        }
        if not more.keys() - found.keys():
            return found
        found.update(more)


def said(foreign: Collection[str], used: dict[str, str]) -> Iterator[str]:
    """A plan's warnings of what is left alone: what nobody recorded, by where it is, and what others still use."""
    places: dict[str, list[str]] = {}
    for name in sorted(foreign - used.keys()):
        outer, _, inner = name.partition(" / ")
        places.setdefault(outer if inner else "", []).append(inner or name)
    for place, names in places.items():
        more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
        where = f"in `{place}` " if place else ""
        yield f"somebody else's {where}and left alone: {', '.join([*names[:_MOST_NAMES], *more])}"
    for name, user in sorted(used.items()):
        yield f"{name} is not needed any more, and {user}, which is somebody else's, uses it: it is left to them"
