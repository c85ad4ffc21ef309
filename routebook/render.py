"""Renders a host's intent, by the project's templates, into the sections that Routebook owns on that host."""

import base64
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from custom_napalm.contract import Candidate, Section
from routebook.errors import RefusedError
from routebook.intent.ciphers import keywords
from routebook.intent.model import CommunityList, HostIntent, Neighbor, NeighborFamily, PrefixList, SecretRef
from routebook.intent.problem import nearest
from routebook.secrets import SecretError

_MAX_MD5_KEY = 80  # bytes, TCP_MD5SIG_MAXKEYLEN of Linux
_NUMBER = "<number>"  # in an ownership pattern: a number and nothing after it
_MAX_DIGITS = 10  # of a 32-bit number


class RenderError(RefusedError):
    """A template, or what is declared beside it, does not work. The message has host, file, line and reason."""


class Resolver(Protocol):
    """What gives a secret for a reference: `routebook.secrets.Secrets`, or `Placeholders`."""

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


@dataclass(frozen=True, slots=True)
class SectionTemplate:
    """A section of a platform: its template, relative to the templates' folder, and what it owns."""

    name: str
    template: str
    part: str
    owns: tuple[str, ...]
    mode: int


def section_templates(templates: Path, platform: str) -> tuple[SectionTemplate, ...]:
    """The sections of a platform in their order, as templates/<platform>/ownership.yaml declares them.

    Raises RenderError when the declaration or one of the templates is missing or wrong.
    """
    found: dict[str, SectionTemplate] = {}
    for section in _declared(templates, platform, ()):
        if section.name in found:
            first = found[section.name].template
            raise RenderError(
                f"platform {platform}: two sections are named {section.name!r}: {first} and {section.template}"
            )
        found[section.name] = section
    return tuple(found.values())


def _declared(templates: Path, platform: str, above: tuple[str, ...]) -> Iterator[SectionTemplate]:
    path = templates / platform / "ownership.yaml"
    if platform in above:
        raise RenderError(f"{path}: `use` goes round in a circle: {' uses '.join((*above, platform))}")
    try:
        ownership = _OwnershipInput.model_validate(yaml.safe_load(path.read_text()) or {})
    except OSError as error:
        raise RenderError(
            f"platform {platform}: {path}: {error.strerror}; it declares what its templates own"
        ) from error
    except (yaml.YAMLError, ValidationError) as error:
        raise RenderError(f"{path}: {' '.join(str(error).split())}") from error
    for name, section in ownership.sections.items():
        template = f"{platform}/{name}.j2"
        if not (templates / template).is_file():
            raise RenderError(f"{path} declares section {name!r}, but there is no template {templates / template}")
        owns = tuple(pattern for declared in section.owns for pattern in _expand(declared))
        yield SectionTemplate(name, template, section.part, owns, int(section.mode, 8))
    for other in ownership.use:
        yield from _declared(templates, other, (*above, platform))


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
    and SecretError when a secret cannot be had.
    """
    declared = section_templates(templates, intent.platform)
    if sections is not None:
        _check_names(sections, declared, templates)
    environment = _environment(templates, secrets)
    return Candidate(
        tuple(
            Section(
                name=section.name,
                part=section.part,
                text=_render(environment, section.template, intent, templates),
                owns=section.owns,
                mode=section.mode,
            )
            for section in declared
            if sections is None or section.name in sections
        )
    )


def _check_names(wanted: Collection[str], declared: Iterable[SectionTemplate], templates: Path) -> None:
    """A section that the host's platform lacks is no error, one that no platform has is."""
    known = {section.name for section in declared}
    if set(wanted) <= known:
        return
    for path in templates.glob("*/ownership.yaml"):
        known |= {section.name for section in section_templates(templates, path.parent.name)}
    for name in wanted:
        if name not in known:
            raise RenderError(f"no platform has a section {name!r}; {nearest(name, known)}")


def _environment(templates: Path, secrets: Resolver) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  router configuration is not HTML
    )
    environment.filters.update(keywords=keywords, named=_named, carrying=_carrying, secret=_secret_filter(secrets))
    return environment


def _render(environment: Environment, template: str, intent: HostIntent, templates: Path) -> str:
    try:
        return environment.get_template(template).render(host=intent)
    except TemplateSyntaxError as error:
        raise RenderError(
            f"{intent.name}: {templates / (error.name or template)}:{error.lineno}: {error.message}"
        ) from None
    except SecretError as error:
        raise SecretError(f"{intent.name}: {error}") from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        place = _place(error.__traceback__, templates) or str(templates / template)
        raise RenderError(f"{intent.name}: {place}: {error}") from error


def _place(traceback: TracebackType | None, templates: Path) -> str:
    """The innermost template and line of a traceback: Jinja gives its frames the templates' names and lines."""
    place = ""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if Path(name).is_relative_to(templates):
            place = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _named(items: Iterable[PrefixList | CommunityList], name: str) -> PrefixList | CommunityList:
    """The object of that name, of which a template asks the kind."""
    for item in items:
        if item.name == name:
            return item
    raise LookupError(f"the host's intent has no {name}")


def _carrying(neighbors: Iterable[Neighbor], family: str) -> list[tuple[Neighbor, NeighborFamily]]:
    """The neighbors that carry an address family, each with what it says of it."""
    return [(neighbor, each) for neighbor in neighbors for each in neighbor.families if each.family == family]


def _secret_filter(secrets: Resolver) -> Callable[[SecretRef, str], str]:
    """The filter `secret`: a secret's text as one word of a line, or as swanctl's base64."""
    encodings: Mapping[str, Callable[[str, SecretRef], str]] = {"word": _word, "base64": _base64}

    def secret(reference: SecretRef, encoding: str) -> str:
        value = secrets.resolve(reference)
        return value if isinstance(value, _Placeholder) else encodings[encoding](value, reference)

    return secret


def _word(value: str, reference: SecretRef) -> str:
    if any(character.isspace() for character in value):
        raise SecretError(f"{reference} has a space in it, which a password in FRR cannot have")
    if len(value.encode()) > _MAX_MD5_KEY:
        raise SecretError(f"{reference} is longer than {_MAX_MD5_KEY} bytes, the limit of TCP MD5")
    return value


def _base64(value: str, reference: SecretRef) -> str:  # noqa: ARG001
    return "0s" + base64.b64encode(value.encode()).decode()
