"""Parts of the inventory that know where they are written, and refuse keys that they do not know."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from routebook.intent.fields import Word
from routebook.intent.model import REFERENCE, SecretRef
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.registry import Part, owners
from routebook.intent.source import LocatedDict, LocatedList, locate

_FREE = "x-"
_MESH = re.compile(r"(\S+)\s+[x×]\s+(\S+)")


class Input(BaseModel):
    """A part of the inventory. Unknown keys are reported to the Problems that are the validation's context.

    Keys that begin with `x-` are the operator's own and mean nothing here: they are kept in `free`. A class with a
    `part` may also have keys that only a platform knows: they are kept as they are written, in `own`, until it is clear
    of which platform it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    part: ClassVar[Part | None] = None
    _tree: LocatedDict | None = PrivateAttr(default=None)
    _own: dict[str, Any] = PrivateAttr(default_factory=dict)
    _free: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def known(cls) -> set[str]:
        """The keys that this part may have."""
        return {info.alias or name for name, info in cls.model_fields.items()}

    @classmethod
    def arrange(cls, data: LocatedDict) -> LocatedDict:
        """What is validated for what was written."""
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _known_keys_only(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(data, LocatedDict):
            return handler(data)
        arranged = cls.arrange(data)
        unknown = [key for key in arranged if key not in cls.model_fields and key not in cls.known()]
        platforms = owners(cls.part) if cls.part and unknown else {}
        if isinstance(info.context, Problems):
            for key in unknown:
                if key not in platforms and not key.startswith("x-"):
                    fix = nearest(key, {*cls.known(), *platforms})
                    if not fix.startswith("did you mean"):
                        fix += f"; a key of your own begins with x-: x-{key}"
                    info.context.error(data.marks[key], f"unknown key {key!r}", fix)
        # `key:` with nothing after it is what is left when somebody comments out what was below.
        empty = [key for key, value in arranged.items() if value is None]
        result = handler(arranged.without([*unknown, *empty]) if unknown or empty else arranged)
        result._tree = data
        result._own = {key: arranged[key] for key in unknown if key in platforms and arranged[key] is not None}
        result._free = {
            key.removeprefix(_FREE): plain(arranged[key])
            for key in unknown
            if key.startswith(_FREE) and arranged[key] is not None
        }
        return result

    @property
    def free(self) -> dict[str, Any]:
        """The operator's own keys, without the `x-` that they begin with; references to secrets are `SecretRef`s."""
        return self._free

    @property
    def own(self) -> dict[str, Any]:
        """The keys that only a platform knows, as they are written."""
        return self._own

    def written(self, keys: Iterable[str]) -> LocatedDict:
        """What is written of these keys, with its places."""
        found = LocatedDict(self.mark())
        for key in keys:
            found.put(key, self._own[key], self.mark(key))
        return found

    def mark(self, *path: str | int) -> Mark:
        """Where this part, or what is at `path` in it, is written."""
        return locate(self._tree, path)

    def given(self) -> dict[str, Any]:
        """The fields that are written, by name; the others have their defaults."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def plain(value: Any) -> Any:
    """A value of the operator's own as templates have it; a mapping that is a reference to a secret becomes one."""
    if isinstance(value, LocatedDict):
        if len(value) == 1 and value.keys() <= REFERENCE and all(isinstance(each, str) for each in value.values()):
            return SecretRef(**value)
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, LocatedList) else value


class TwoEnded(Input):
    """A declaration in which each end's own options stand under the end's name."""

    @classmethod
    def names(cls, data: LocatedDict) -> list[str]:
        """The words that may head one end's options."""
        ends = data.get("ends")
        mesh = _MESH.fullmatch(str(data.get("mesh", "")).strip())
        return [str(end) for end in ends] if isinstance(ends, list) else list(mesh.groups()) if mesh else []

    @classmethod
    def known(cls) -> set[str]:
        """The keys that this part may have besides the ends' names."""
        return super().known() - {"sides"}

    @classmethod
    def arrange(cls, data: LocatedDict) -> LocatedDict:
        """The ends' options, gathered under `sides`."""
        names = [name for name in cls.names(data) if name in data and name not in cls.known()]
        sides = LocatedDict(data.mark)
        for name in names:
            if name not in sides:
                sides.put(name, data[name], data.marks[name])
        arranged = data.without([*names, "sides"] if "sides" not in data else names)
        if "sides" not in data:
            arranged.put("sides", sides, data.mark)
        return arranged


class Mesh(Input):
    """Sessions or tunnels between all of one kind and all of another."""

    mesh: Word

    @property
    def words(self) -> tuple[str, str] | None:
        """The two selections, or None where there are not two."""
        found = _MESH.fullmatch(self.mesh.strip())
        return (found[1], found[2]) if found else None
