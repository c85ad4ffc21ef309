"""Where the nodes of the network are in a picture: near whom they have to do with, sites as boxes, nothing overlaps."""

import math
import random
from collections.abc import Mapping, Sequence

from msgspec import Struct

from routebook.report.topology import Node, Topology

WIDTH, HEIGHT = 132.0, 38.0  # of a node
GAP = 34.0  # between nodes
MARGIN = 22.0  # in a site's box, around its hosts
TITLE = 24.0  # the height of a box's title
APART = 74.0  # between sites


class Box(Struct, frozen=True):
    """A site with its hosts; all lengths in the picture's own units."""

    site: str
    x: float
    y: float
    width: float
    height: float


class Placed(Struct, frozen=True):
    """A picture: the middle of each node by its name, the box of each site, and the size of it all."""

    at: Mapping[str, tuple[float, float]]
    boxes: tuple[Box, ...]
    width: float
    height: float


class _Cell(Struct, frozen=True):
    """A site's hosts, and below them who is outside: in lines, each of nodes."""

    site: str
    ours: Sequence[Sequence[Node]]
    outside: Sequence[Sequence[Node]]

    @property
    def width(self) -> float:
        most = max((len(line) for line in (*self.ours, *self.outside)), default=1)
        return most * WIDTH + (most - 1) * GAP + 2 * MARGIN

    @property
    def box(self) -> float:
        return TITLE + len(self.ours) * (HEIGHT + GAP) - GAP + 2 * MARGIN if self.ours else 0.0

    @property
    def height(self) -> float:
        return self.box + len(self.outside) * (HEIGHT + GAP) + (GAP if self.outside else 0.0)


def placed(topology: Topology) -> Placed:
    """A picture of the network, the same for the same network.

    A force-directed layout (Fruchterman and Reingold, by igraph) says who is near whom. The sites, and in each the
    hosts, are then put in lines in that order, so that boxes and labels do not overlap.
    """
    near = _near(topology)
    cells = [_cell(site, topology, near) for site in sorted({node.site for node in topology.nodes})]
    centres = {cell.site: _centre(cell, near) for cell in cells}
    wide = max(math.sqrt(sum((c.width + APART) * (c.height + APART) for c in cells) * 1.5), 600.0) if cells else 600.0
    rows: list[list[_Cell]] = []
    room = 0.0
    for cell in sorted(cells, key=lambda cell: centres[cell.site][1]):
        if not rows or room + cell.width > wide:
            rows.append([])
            room = 0.0
        rows[-1].append(cell)
        room += cell.width + APART
    widths = [sum(cell.width + APART for cell in row) - APART for row in rows]
    whole = max(widths, default=0.0)
    at: dict[str, tuple[float, float]] = {}
    boxes: list[Box] = []
    y = APART / 2
    for row, width in zip(rows, widths, strict=True):
        x = APART / 2 + (whole - width) / 2
        for cell in sorted(row, key=lambda cell: centres[cell.site][0]):
            at |= _in_cell(cell, x, y)
            if cell.ours:
                boxes.append(Box(cell.site, x, y, cell.width, cell.box))
            x += cell.width + APART
        y += max(cell.height for cell in row) + APART
    return Placed(at, tuple(boxes), whole + APART, max(y - APART / 2, APART))


def _near(topology: Topology) -> dict[str, tuple[float, float]]:
    import igraph  # for who wants a picture

    names = [node.name for node in topology.nodes]
    number = {name: index for index, name in enumerate(names)}
    sites = {site: len(names) + index for index, site in enumerate(sorted({node.site for node in topology.nodes}))}
    edges = [(number[one], number[other]) for one, other in sorted({link.between for link in topology.links})]
    weights = [1.0] * len(edges) + [3.0] * len(names)
    edges += [(number[node.name], sites[node.site]) for node in topology.nodes]  # what a site's nodes have in common
    graph = igraph.Graph(n=len(names) + len(sites), edges=edges)  # type: ignore[no-untyped-call]
    igraph.set_random_number_generator(random.Random(1))  # noqa: S311  for a picture that is the same every time
    found = graph.layout_fruchterman_reingold(weights=weights, niter=500)
    return {name: (float(found[index][0]), float(found[index][1])) for name, index in number.items()}


def _cell(site: str, topology: Topology, near: Mapping[str, tuple[float, float]]) -> _Cell:
    here = [node for node in topology.nodes if node.site == site]
    ours, outside = ([node for node in here if node.ours is kind] for kind in (True, False))
    most = max(2, math.ceil(math.sqrt(len(ours))), math.ceil(math.sqrt(len(outside) * 1.5)))
    return _Cell(site, _lines(ours, most, near), _lines(outside, most, near))


def _lines(nodes: Sequence[Node], most: int, near: Mapping[str, tuple[float, float]]) -> list[list[Node]]:
    """The nodes in as few lines as have room for them, those that are alike in length."""
    count = math.ceil(len(nodes) / most)
    down = sorted(nodes, key=lambda node: (near[node.name][1], node.name))
    sizes = [len(nodes) // count + (number < len(nodes) % count) for number in range(count)]
    lines = [down[sum(sizes[:number]) :][:size] for number, size in enumerate(sizes)]
    return [sorted(line, key=lambda node: near[node.name][0]) for line in lines]


def _centre(cell: _Cell, near: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    places = [near[node.name] for line in (*cell.ours, *cell.outside) for node in line]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _in_cell(cell: _Cell, x: float, y: float) -> dict[str, tuple[float, float]]:
    found = {}
    top = y + TITLE + MARGIN
    for lines, below in ((cell.ours, cell.box + y + GAP), (cell.outside, 0.0)):
        for line in lines:
            width = len(line) * WIDTH + (len(line) - 1) * GAP
            left = x + (cell.width - width) / 2 + WIDTH / 2
            for number, node in enumerate(line):
                found[node.name] = (left + number * (WIDTH + GAP), top + HEIGHT / 2)
            top += HEIGHT + GAP
        top = max(top, below) if cell.ours else y
    return found
