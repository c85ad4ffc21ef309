"""Options that are written at several places, from general to special: the last one that says a thing wins."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from routebook.intent.fields import NO_POLICY
from routebook.intent.model import Family, SecretRef
from routebook.intent.part import Input
from routebook.intent.problem import Mark


class Layers:
    """What is in force for one end of a session or tunnel, and where it was written."""

    def __init__(
        self,
        layers: Iterable[Input],
        only: frozenset[str] | None = None,
        part: Callable[[Input], frozenset[str] | None] = lambda _: None,
    ) -> None:
        """`only` are the options that may be taken from all layers, `part` those of one; None for all."""
        self._owners: dict[str, Input] = {}  # which layer says an option last
        self.free: dict[str, Any] = {}  # the operator's own keys
        for layer in layers:
            self.free |= layer.free
            for option in (*layer.model_fields_set, *layer.own):
                of_layer = part(layer)
                if (only is None or option in only) and (of_layer is None or option in of_layer):
                    self._owners[option] = layer

    def owner(self, option: str) -> Input | None:
        """The layer that says an option last."""
        return self._owners.get(option)

    def without(self, options: Collection[str]) -> "Layers":
        """The same without what is in force for some options."""
        found = Layers(())
        found.free = self.free
        found._owners = {option: owner for option, owner in self._owners.items() if option not in options}
        return found

    def get(self, option: str, default: Any = None) -> Any:
        """The value in force, or `default` where nothing is written."""
        owner = self.owner(option)
        if owner is None:
            return default
        return owner.own[option] if option in owner.own else getattr(owner, option)

    def by_family(self, option: str, family: Family, default: Any = None) -> Any:
        """The value in force for an address family, of an option that may be written by family."""
        value = self.get(option, default)
        found = value.get(family, default) if isinstance(value, Mapping) else value
        return default if found == NO_POLICY else found

    def mark(self, option: str, fallback: Mark, *path: str | int) -> Mark:
        """Where the value in force, or what is at `path` in it, is written."""
        owner = self.owner(option)
        if owner is None:
            return fallback
        known = type(owner).model_fields.get(option)
        return owner.mark((known.alias if known else None) or option, *path)


def named_within(value: Any, name: str) -> Any:
    """A value of the operator's own, with the references to secrets in it for one session or tunnel."""
    if isinstance(value, SecretRef):
        return named(value, name)
    if isinstance(value, Mapping):
        return {key: named_within(each, name) for key, each in value.items()}
    return [named_within(each, name) for each in value] if isinstance(value, list) else value


def references(value: Any) -> Iterator[SecretRef]:
    """The references to secrets in a value of the operator's own."""
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from references(each)


def named(secret: SecretRef | None, name: str) -> SecretRef | None:
    """The reference with `{name}` replaced: one line of defaults names a secret for each session or tunnel.

    In an environment variable's name the name stands in capitals, with underscores.
    """
    if secret is None:
        return None
    return SecretRef(
        env=secret.env and secret.env.replace("{name}", name.upper().replace("-", "_")),
        file=secret.file and secret.file.replace("{name}", name),
        command=secret.command and secret.command.replace("{name}", name),
    )
