"""Keys of the inventory that only one platform knows: validated as it says, refused where another platform is."""

from typing import Any

from routebook.intent.part import Input
from routebook.intent.platform import Platform, platform
from routebook.intent.problem import Problems
from routebook.intent.read import validate
from routebook.intent.registry import Part, owners


def own_keys(
    part: Input, kind: Part, its: Platform | None, what: str, problems: Problems, *, alone: bool = False
) -> dict[str, Any]:
    """The values of the keys that a host's platform has of its own. What is wrong with them is reported.

    With no platform nothing is known of them, and nothing said. What is written for a host `alone` must be of its own.
    """
    if not part.own or its is None:
        return {}
    model = its.rules.keys.get(kind)
    mine = [key for key in part.own if model is not None and key in model.model_fields]
    foreign = [key for key in part.own if key not in mine]
    if foreign and kind == "interface":
        name = owners(kind)[foreign[0]].name
        owner = platform(name)
        if owner is not None:
            keys = " and ".join(owner.rules.keys[kind].model_fields)
            problems.error(part.mark(), f"{what}: {keys} are of {owner.called}'s interfaces", "remove them")
    elif foreign and alone:
        owner = platform(owners(kind)[foreign[0]].name)
        if owner is not None:
            problems.error(
                part.mark(foreign[0]), f"{what} is {its.called}: {foreign[0]} is a key of {owner.called}", "remove it"
            )
    found = validate(model, part.written(mine), problems, what) if model is not None and mine else None
    return {key: getattr(found, key) for key in mine} if found is not None else {}
