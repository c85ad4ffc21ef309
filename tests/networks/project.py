"""The networks that tests work on: each is a folder here with the files of an inventory, and is asked for by its name.

two_edges: two edges of two sites, a tunnel between them, and an outside peer
every_word: two routers whose inventory has every word of policy and of sessions in it, and an outside peer
every_relation: what `two_edges` becomes with a provider, a peer, a route server and a customer
two_asas: two ASAs, an edge and an outside peer, with tunnels of both modes and sessions of both families
asa_tunnels: two ASAs and an edge without sites behind them, for real charon and bgpd
asa_and_edge: an ASA and an edge with a tunnel between them, and a BGP speaker behind the ASA
two_providers: the same two with a second provider each and no speaker: every tunnel has a session, the first one's wins
home: a pfSense with two Kubernetes nodes behind it, and tunnels of both modes to two edges
four_edges: four edges at two sites, with two tunnels between them, each the other's redundancy
two_legs: two tunnels from one host to two hosts of one site, any to any, which only a kernel with VTI keeps apart
every_platform: a host of every platform around one edge
on_loopback: a host of every driver, each behind a port of this machine
"""

import shutil
from pathlib import Path

from routebook.intent.load import load
from routebook.intent.network import Network
from routebook.intent.problem import IntentError, Problem
from tests.networks.example import CHECKOUT

NETWORKS = Path(__file__).parent
OPENBGPD_SESSION = "      home-fw1: {import: RB-PREFER, max_prefix: 100}\n"
FRR_SESSION = "      home-fw1: {import: RB-IN, export: RB-OUT, prefix_list_in: RB-SITES, max_prefix: 100}\n"


def make_project(folder: Path, network: str) -> Path:
    """A network's project in a new folder, with the example's defaults, templates, tasks and runbooks."""
    Project(folder, network)
    shutil.copy(CHECKOUT / "inventory/defaults.yaml", folder / "inventory")
    for name in ("templates", "tasks", "runbooks"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Project:
    """A project in a folder, whose files a test changes."""

    def __init__(self, folder: Path, network: str = "two_edges") -> None:
        self.folder = folder
        (folder / "inventory").mkdir(parents=True, exist_ok=True)
        self.use(network)

    def use(self, network: str) -> None:
        """Put a network's files in the place of the project's own."""
        for path in NETWORKS.joinpath(network).iterdir():
            self.write(path.stem, path.read_text())

    def write(self, name: str, text: str) -> None:
        """Replace a file."""
        (self.folder / "inventory" / f"{name}.yaml").write_text(text)

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.folder / "inventory" / f"{name}.yaml").read_text()

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file that occurs once."""
        text = self.text(name)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}.yaml"
        self.write(name, text.replace(old, new))

    def line(self, name: str, piece: str) -> int:
        """The line on which a piece of a file that occurs once ends."""
        before, found, after = self.text(name).partition(piece)
        assert found and piece not in after, piece
        return (before + found.rstrip("\n")).count("\n") + 1

    def load(self) -> Network:
        """Its network."""
        return load(self.folder)

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with it, warnings included."""
        try:
            return self.load().warnings
        except IntentError as error:
            return error.problems


def asa_project(project: Project) -> Project:
    """The project with two ASAs in it."""
    project.use("two_asas")
    return project


def pfsense_project(project: Project, package: str = "frr") -> Project:
    """The project with a home in it, whose firewall has one of the two BGP packages."""
    project.use("home")
    if package == "openbgpd":
        project.change("hosts", "bgp_package: frr", "bgp_package: openbgpd")
        project.change("bgp", FRR_SESSION, OPENBGPD_SESSION)
    return project
