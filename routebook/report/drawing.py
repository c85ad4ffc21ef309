"""The network as SVG, with words for who does not see it, and as Mermaid text."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from routebook.redaction.gate import clean, one_line, visible
from routebook.report.placing import HEIGHT, TITLE, WIDTH, Placed
from routebook.report.topology import WORDS, Link, Node, Topology, Verdict, worst

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_LINES = 3000
"""Beyond so many lines, those that are up are left out of a picture."""


class Line(Struct, frozen=True):
    """One link in a picture: its path, how it is, a mark where it is not as before, and its words."""

    path: str
    kind: str
    verdict: str
    mark: str
    at: tuple[float, float]
    title: str


def environment() -> "Environment":
    """The templates of the reports. Everything that is put into one is clean and escaped, whoever wrote the template.

    `own` is for names and words of our own intent, which no secret erases.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup, escape

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Markup | int | float) else clean(str(value))

    made = Environment(
        loader=PackageLoader("routebook.report"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["own"] = lambda value: Markup(escape(visible(str(value))))  # noqa: S704  escaped
    made.filters["line"] = one_line
    return made


def svg(
    topology: Topology,
    place: Placed,
    title: str,
    verdicts: Mapping[Link, Verdict],
) -> str:
    """A picture as an SVG document, with the verdict on each link where there is one."""
    lines = [_line(link, place, verdicts.get(link)) for link in topology.links]
    if len(lines) > MOST_LINES:
        lines = [line for line in lines if line.verdict not in ("intended", "up")]
    template = environment().get_template("topology.svg.j2")
    return template.render(
        nodes=topology.nodes,
        lines=lines,
        place=place,
        title=title,
        described=described(topology, verdicts),
        node_width=WIDTH,
        node_height=HEIGHT,
        box_title=TITLE,
    )


def described(topology: Topology, verdicts: Mapping[Link, Verdict]) -> str:
    """The picture in a sentence or two."""
    ours = sum(node.ours for node in topology.nodes)
    kinds = {kind: sum(part.kind == kind for part in topology.parts) for kind in ("session", "tunnel")}
    text = f"{_counted(ours, 'host')}, {len(topology.nodes) - ours} outside, "
    text += f"{_counted(kinds['session'], 'session')}, {_counted(kinds['tunnel'], 'tunnel')}."
    wrong = [link for link in topology.links if verdicts.get(link) not in (None, "up")]
    if wrong:
        named = [f"{link.kind} {' – '.join(link.between)}: {WORDS[verdicts[link]]}" for link in wrong[:20]]
        more = [f"and {len(wrong) - 20} more"] if len(wrong) > 20 else []
        text += f" {'; '.join([*named, *more])}."
    return text


def of_links(topology: Topology, verdict: Callable[[Any], Verdict]) -> dict[Link, Verdict]:
    """The worst verdict on what each link has in it."""
    return {link: worst({verdict(part) for part in link.parts}) for link in topology.links}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _line(link: Link, place: Placed, verdict: Verdict | None) -> Line:
    (x1, y1), (x2, y2) = (place.at[name] for name in link.between)
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
    # Bent to one side, tunnels to the other: lines between the same two, and through a third node, stay apart.
    bend = min(length * 0.13, 60.0) * (1 if link.kind == "session" else -1)
    mx, my = (x1 + x2) / 2 - (y2 - y1) / length * bend, (y1 + y2) / 2 + (x2 - x1) / length * bend
    path = f"M{x1:.0f} {y1:.0f}Q{mx:.0f} {my:.0f} {x2:.0f} {y2:.0f}"
    middle = ((x1 + x2) / 4 + mx / 2, (y1 + y2) / 4 + my / 2)
    many = f" ({len(link.parts)})" if len(link.parts) > 1 else ""
    title = f"{link.kind}{many} {' – '.join(link.between)}" + (f": {WORDS[verdict]}" if verdict else "")
    mark = "" if verdict in (None, "up") else WORDS[verdict]
    return Line(path, link.kind, verdict or "intended", mark, middle, title)


def mermaid(topology: Topology, verdicts: Mapping[Link, Verdict]) -> str:
    """The network as a Mermaid flowchart: sites as subgraphs, sessions as lines, tunnels as thick ones."""
    ids = {node.name: f"n{number}" for number, node in enumerate(topology.nodes)}
    lines = ["flowchart TB"]
    for number, site in enumerate(sorted({node.site for node in topology.nodes if node.ours})):
        lines.append(f'  subgraph s{number}["{_quoted(site)}"]')
        lines += [f"    {_box(ids, node)}" for node in topology.nodes if node.ours and node.site == site]
        lines.append("  end")
    lines += [f"  {_box(ids, node)}" for node in topology.nodes if not node.ours]
    for link in topology.links:
        verdict = verdicts.get(link)
        many = f" x{len(link.parts)}" if len(link.parts) > 1 else ""
        label = f"{link.kind}{many}" + (f", {WORDS[verdict]}" if verdict else "")
        arrow = {"session": "---", "tunnel": "==="}[link.kind]
        lines.append(f'  {ids[link.between[0]]} {arrow}|"{_quoted(label)}"| {ids[link.between[1]]}')
    return "\n".join(lines) + "\n"


def _box(ids: Mapping[str, str], node: Node) -> str:
    shape = ('["', '"]') if node.ours else ('(["', '"])')
    return f"{ids[node.name]}{shape[0]}{_quoted(node.name)}<br>{_quoted(node.detail)}{shape[1]}"


def _quoted(text: str) -> str:
    """Text in Mermaid's quotes: what could mean something there, or to the HTML that it makes, is an entity code."""
    return re.sub(r"[^\w .,:/()–-]", lambda match: f"#{ord(match[0])};", " ".join(visible(text).split()))
