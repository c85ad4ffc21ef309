"""Renders a host's intent, by the project's templates, into the sections that Routebook owns on that host."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import yaml
from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.bccache import Bucket, FileSystemBytecodeCache
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from routebook.device.candidate import Candidate, Section
from routebook.errors import RefusedError
from routebook.intent import platform as registry
from routebook.intent.ciphers import keywords
from routebook.intent.extra import lines_in
from routebook.intent.extra_schema import SECRET
from routebook.intent.fields import community_order
from routebook.intent.model import CommunityList, ExtraLine, HostIntent, Neighbor, NeighborFamily, PrefixList, SecretRef
from routebook.intent.network import Network
from routebook.intent.platform import UnfitValueError
from routebook.intent.problem import Mark, Problem, nearest
from routebook.intent.source import SAFE_LOADER
from routebook.project.cache import cache_folder, trim
from routebook.project.secrets import SecretError, Secrets, UnfitSecretError

_NUMBER = "<number>"  # in an ownership pattern: a number and nothing after it
_MAX_DIGITS = 10  # of a 32-bit number
_RESOLVER = "_resolver"  # in a template's context: what the filter `secret` asks
_COMPILED_KEPT = 200  # templates, of several projects
_ENCODINGS = "_encodings"  # and how it spells what it is given


class RenderError(RefusedError):
    """A template, or what is declared beside it, does not work: why, where, and for which host (empty for all)."""

    def __init__(self, reason: str, place: Mark, host: str = "") -> None:
        self.reason, self.place, self.host = reason, place, host
        super().__init__(f"{host}: {place}: {reason}" if host else f"{place}: {reason}")


class Resolver(Protocol):
    """What gives a secret for a reference: `routebook.project.secrets.Secrets`, or `Placeholders`."""

    def resolve(self, reference: SecretRef) -> str:
        """The secret, or what stands for it."""
        ...


class _Placeholder(str):
    """Text that stands for a secret and is not one."""

    __slots__ = ()


class Placeholders:
    """Stands for secrets where a configuration is only shown: nothing is resolved, so nothing can leak."""

    def resolve(self, reference: SecretRef) -> str:
        """A text that says where the secret would come from."""
        return _Placeholder(f"<{reference}>")


class _SectionInput(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str
    owns: tuple[str, ...]
    mode: str = Field(default="0600", pattern="^0[0-7]{3}$")


class _OwnershipInput(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sections: dict[str, _SectionInput] = Field(default_factory=dict)
    use: tuple[str, ...] = ()


class SectionTemplate(Struct, frozen=True):
    """A section of a platform: its template, relative to the templates' folder, and what it owns."""

    name: str
    template: str
    part: str
    owns: tuple[str, ...]
    mode: int


def templates_of(templates: Path, name: str) -> Path:
    """The templates of a platform: the project's folder of its name where there is one, else those that it ships."""
    own = templates / name
    its = None if own.is_dir() else registry.platform(name)
    return its.templates if its is not None and its.templates is not None else own


class _Loader(BaseLoader):
    """Finds PLATFORM/NAME.j2 among the project's templates and the platforms' own."""

    def __init__(self, templates: Path) -> None:
        self.templates = templates

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template and where it is."""
        platform, _, name = template.partition("/")
        folder = templates_of(self.templates, platform) if name else self.templates
        try:
            return FileSystemLoader(folder).get_source(environment, name or template)
        except TemplateNotFound:
            raise TemplateNotFound(template) from None


def section_templates(templates: Path, platform: str) -> tuple[SectionTemplate, ...]:
    """The sections of a platform in their order, as templates/<platform>/ownership.yaml declares them.

    Raises RenderError when the declaration or one of the templates is missing or wrong.
    """
    found: dict[str, SectionTemplate] = {}
    for section in _declared(templates, platform, ()):
        if section.name in found:
            first = found[section.name].template
            raise RenderError(f"sections {first} and {section.template} have one name", _ownership(platform))
        found[section.name] = section
    return tuple(found.values())


def _declared(templates: Path, platform: str, above: tuple[str, ...]) -> Iterator[SectionTemplate]:
    place = _ownership(platform)
    if platform in above:
        raise RenderError(f"`use` goes round in a circle: {' uses '.join((*above, platform))}", place)
    folder = templates_of(templates, platform)
    try:
        written = (folder / "ownership.yaml").read_text()
        ownership = _OwnershipInput.model_validate(yaml.load(written, SAFE_LOADER) or {})  # noqa: S506  it is safe
    except OSError as error:
        raise RenderError(f"{error.strerror}; it declares what the templates of {platform} own", place) from error
    except (yaml.YAMLError, ValidationError) as error:
        raise RenderError(" ".join(str(error).split()), place) from error
    for name, section in ownership.sections.items():
        template = f"{platform}/{name}.j2"
        if not (folder / f"{name}.j2").is_file():
            raise RenderError(f"declares section {name!r}, but there is no templates/{template}", place)
        owns = tuple(pattern for declared in section.owns for pattern in _expand(declared))
        yield SectionTemplate(name, template, section.part, owns, int(section.mode, 8))
    for other in ownership.use:
        yield from _declared(templates, other, (*above, platform))


def _ownership(platform: str) -> Mark:
    return Mark(f"templates/{platform}/ownership.yaml", 1)


def _expand(pattern: str) -> Iterator[str]:
    """Shell patterns cannot say "digits only": one pattern for each number of digits can."""
    if _NUMBER not in pattern:
        yield pattern
        return
    for digits in range(1, _MAX_DIGITS + 1):
        yield pattern.replace(_NUMBER, "[0-9]" * digits)


def render_host(
    intent: HostIntent, templates: Path, secrets: Resolver, sections: Collection[str] | None = None
) -> Candidate:
    """The host's candidate: all sections of its platform, or those of the named ones that it has.

    A section of which nothing is intended is rendered empty: what it owns then goes away. Raises RenderError,
    and SecretError when a secret cannot be read.
    """
    declared = section_templates(templates, intent.platform)
    if sections is not None:
        _check_names(sections, declared, templates)
    found = []
    for section in declared:
        if sections is None or section.name in sections:
            variables = {"host": intent, _RESOLVER: secrets}
            text = render_template(templates, section.template, variables, intent.name, intent.platform)
            owns = (*section.owns, *_adopted(intent, section.part, text))
            _check_released(intent, section.part, text)
            releases = frozenset(intent.release)
            found.append(Section(section.name, section.part, text, owns, section.mode, releases))
    if sections is None:
        _check_extra(intent, found)
    return Candidate(tuple(found))


def _check_extra(intent: HostIntent, sections: Iterable[Section]) -> None:
    """Refuse templates, as those of an earlier version, that leave lines of the inventory out without a word."""
    text = "".join(section.text for section in sections)
    for each in lines_in(intent):
        if each.text.removeprefix("no ").partition(SECRET)[0] not in text:
            raise RenderError(f"the extra line `{each.text}` is in none of its sections", _ownership(intent.platform))


def _check_released(intent: HostIntent, part: str, text: str) -> None:
    """Refuse what the inventory says and lets go of at the same time."""
    if not intent.release:
        return
    if both := sorted({*intent.release} & {*objects_of(intent.platform, part, text)}):
        raise RenderError(
            f"the inventory has {both[0]} of {intent.name}, and `release` in its data gives it out of hand: take it "
            "out of one of them",
            Mark("inventory/hosts.yaml", 1),
        )


def objects_of(platform: str, part: str, text: str) -> Sequence[str]:
    """The names of what a section's text makes, as a host's `adopt` and `release` take them."""
    own = registry.platform(platform)
    return own.words.objects(part, text) if own is not None and own.words.objects is not None else ()


def _adopted(intent: HostIntent, part: str, text: str) -> Iterator[str]:
    """Patterns for the objects that the inventory adopts by name, of those that a section renders or of their kinds."""
    own = registry.platform(intent.platform)
    lines = [line for line in text.splitlines() if line[:1].strip()]
    if intent.manage == "all" and own is not None and own.words.managed is not None:
        yield from own.words.managed(part, text)
    for name in intent.adopt:
        if own is not None and own.words.adopted is not None:
            yield from own.words.adopted(name, part, text)
        elif any(line == name or line.startswith(f"{name} ") for line in lines):
            plain = re.sub(r"([*?[])", r"[\1]", name)
            yield from (plain, f"{plain} *")


def _check_names(wanted: Collection[str], declared: Iterable[SectionTemplate], templates: Path) -> None:
    """A section that the host's platform lacks is no error, one that no platform has is."""
    known = {section.name for section in declared}
    if set(wanted) <= known:
        return
    for platform in sorted(
        {path.parent.name for path in templates.glob("*/ownership.yaml")} | set(registry.for_hosts())
    ):
        if (templates_of(templates, platform) / "ownership.yaml").is_file():
            known |= {section.name for section in section_templates(templates, platform)}
    for name in wanted:
        if name not in known:
            raise RenderError(f"no platform has a section {name!r}; {nearest(name, known)}", Mark("templates", 1))


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, which take a third of the CPU time of a command that renders. To keep none is no error."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a compiled template, if there is one of the same text."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
            trim(Path(self.directory), self.pattern % "*", _COMPILED_KEPT)


def _compiled(*, xml: bool) -> _Compiled | None:
    """What this user keeps of them."""
    folder = cache_folder()
    return _Compiled(str(folder), f"{'xml' if xml else 'text'}_%s.cache") if folder is not None else None


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which need not look into each value of the intent: those cannot be changed."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may see an attribute."""
        values = _VALUES.get(type(obj))
        if values is None:
            values = _VALUES[type(obj)] = _values(type(obj))
        return attr in values or super().is_safe_attribute(obj, attr, value)


_VALUES: dict[type, frozenset[str]] = {}


def _values(kind: Any) -> frozenset[str]:
    """The fields and properties of a frozen struct; nothing of other types."""
    if not (issubclass(kind, Struct) and kind.__struct_config__.frozen):
        return frozenset()
    derived = (name for name in dir(kind) if isinstance(getattr(kind, name), property))
    return frozenset(name for name in (*kind.__struct_fields__, *derived) if not name.startswith("_"))


@lru_cache(maxsize=16)
def _environment(templates: Path, name: str) -> Environment:
    """Jinja's environment of a folder for a platform; compiling its templates takes longer than rendering a host."""
    its = registry.platform(name)
    environment = _Sandbox(
        loader=_Loader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=its is not None and its.xml,
        bytecode_cache=_compiled(xml=its is not None and its.xml),
    )
    environment.filters.update(
        keywords=keywords,
        named=_named,
        carrying=_carrying,
        by_value=_by_value,
        secret=_secret,
        extra=_extra,
        **(its.words.filters if its is not None else {}),
    )
    environment.globals[_ENCODINGS] = its.words.encodings if its is not None else {}
    return environment


def render_template(
    templates: Path, template: str, variables: Mapping[str, object], subject: str, platform_name: str
) -> str:
    """What a template, relative to its folder, gives for a host or a cluster of a platform.

    Raises RenderError and SecretError.
    """
    try:
        return _environment(templates, platform_name).get_template(template).render(variables)
    except TemplateSyntaxError as error:
        place = Mark(f"templates/{error.name or template}", error.lineno)
        raise RenderError(str(error.message), place, subject) from None
    except UnfitSecretError as error:
        resolver = variables.get(_RESOLVER)
        mark = resolver.places.get(error.reference) if isinstance(resolver, Secrets) else None
        said = f"{subject}: {mark}: " if mark else f"{subject}: "
        raise UnfitSecretError(error.reference, error.what, said) from None
    except SecretError as error:
        raise SecretError(f"{subject}: {error.message}", error.fix) from None
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        place = _place(error.__traceback__, templates, platform_name) or Mark(f"templates/{template}", 1)
        raise RenderError(str(error), place, subject) from error


def _place(traceback: TracebackType | None, templates: Path, platform: str) -> Mark | None:
    """The innermost template and line of a traceback: Jinja gives its frames the templates' files and lines."""
    place = None
    shipped = templates_of(templates, platform)
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.is_relative_to(templates):
            place = Mark(f"templates/{file.relative_to(templates)}", traceback.tb_lineno)
        elif file.is_relative_to(shipped):
            place = Mark(f"templates/{platform}/{file.relative_to(shipped)}", traceback.tb_lineno)
        traceback = traceback.tb_next
    return place


class _AtHand:
    """Resolves the secrets that can be read without running a command; others, and `unfit` ones, are placeholders."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.unfit: set[SecretRef] = set()

    def resolve(self, reference: SecretRef) -> str:
        """The secret, or what stands for it."""
        if reference.command or reference in self.unfit or self.secrets.missing(reference):
            return Placeholders().resolve(reference)
        return self.secrets.resolve(reference)


def check_rendering(network: Network, templates: Path) -> list[Problem]:
    """What is wrong with the templates of the network's platforms, each thing once, and with the secrets at hand.

    A secret is wrong that the platform of one of its ends cannot take. Runs no command.
    """
    uses = {use.reference: use for use in network.secret_uses}
    at_hand = _AtHand(Secrets(network.project))
    found: dict[Problem, None] = {}
    for name, intent in network.hosts.items():
        while (error := _unfit(intent, templates, at_hand)) is not None:
            if isinstance(error, RenderError):
                found.setdefault(Problem(error.place, error.reason, "correct the template"))
            if isinstance(error, RenderError) or error.reference in at_hand.unfit:
                break
            at_hand.unfit.add(error.reference)
            use = uses[error.reference]
            found.setdefault(Problem(use.mark, f"{use.purpose}: {name}: {error.reference} {error.what}", error.fix))
    return list(found)


def _unfit(intent: HostIntent, templates: Path, secrets: Resolver) -> UnfitSecretError | RenderError | None:
    try:
        render_host(intent, templates, secrets)
    except UnfitSecretError as error:
        return error
    except (RenderError, SecretError):
        pass  # what a template says of a secret may have it in it
    else:
        return None
    try:
        render_host(intent, templates, Placeholders())
    except RenderError as error:
        return error
    return None  # secrets that cannot be had are reported by themselves


def _named(items: Iterable[PrefixList | CommunityList], name: str) -> PrefixList | CommunityList:
    """The object of that name, of which a template asks the kind."""
    for item in items:
        if item.name == name:
            return item
    raise LookupError(f"the host's intent has no {name}")


def _by_value(communities: Iterable[str]) -> list[str]:
    """Communities, each once, in the order of their values."""
    return sorted(set(communities), key=community_order)


def _carrying(neighbors: Iterable[Neighbor], family: str) -> list[tuple[Neighbor, NeighborFamily]]:
    """The neighbors that carry an address family, each with what it says of it."""
    return [(neighbor, each) for neighbor in neighbors for each in neighbor.families if each.family == family]


@pass_context
def _secret(context: Context, reference: SecretRef, encoding: str) -> str:
    """The filter `secret`: a secret's text in one of the encodings of the platform whose template it is."""
    value: str = context[_RESOLVER].resolve(reference)
    if isinstance(value, _Placeholder):
        return value
    try:
        return context[_ENCODINGS][encoding](value)  # type: ignore[no-any-return]  # Jinja's contexts know no types
    except UnfitValueError as error:
        raise UnfitSecretError(reference, str(error)) from None


@pass_context
def _extra(context: Context, lines: Iterable[ExtraLine], head: str = "") -> list[str]:
    """The filter `extra`: lines as they are sent, each after what its object begins with."""
    found = []
    for each in lines:
        text = each.text
        if each.secret is not None:
            text = text.replace(SECRET, _secret(context, each.secret, "word"))
        positive = text.removeprefix("no ")
        found.append(f"{'no ' if positive != text else ''}{head} {positive}" if head else text)
    return found
