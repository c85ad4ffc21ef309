"""A project as a command works on it: its hosts with their intent, its journal, its reports, its secrets."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from nornir.core import Nornir

from routebook.errors import RefusedError
from routebook.intent.model import HostIntent, IPNetwork
from routebook.intent.network import Network
from routebook.project.inventory import RoutebookInventory, nornir_of
from routebook.project.limit import choose
from routebook.project.pins import read_pins
from routebook.project.secrets import Secrets
from routebook.project.state_folder import StateFolder, state_folder
from routebook.run.journal import Journal

Selectors = tuple[tuple[IPNetwork, ...], tuple[IPNetwork, ...]]
"""What a tunnel carries: local and remote networks."""
MOST_PREFIXES = 64
Narrowing = Callable[[Network], Mapping[tuple[str, str], Selectors]]
"""Gives what tunnels of a network carry where that is less than it says, by host and tunnel."""


class Workspace(Struct, frozen=True):
    """A project and the hosts that a command works on.

    `observed` are these hosts and the far ends of their sessions and tunnels, which are read and never changed.
    `judged` are the intents that the network is compared with: those of the project, but for what its lab narrows.
    """

    project: Path
    nornir: Nornir
    intents: Mapping[str, HostIntent]
    judged: Mapping[str, HostIntent]
    hosts: tuple[str, ...]
    observed: tuple[str, ...]
    secrets: Secrets
    state: StateFolder

    @property
    def prefixes(self) -> tuple[IPNetwork, ...]:
        """What our hosts originate, up to so many: the prefixes whose best paths are asked for, one by one."""
        own = {network for intent in self.intents.values() for network in intent.networks}
        return tuple(sorted(own, key=lambda network: (network.version, network)))[:MOST_PREFIXES]

    def close(self) -> None:
        """Close every connection."""
        self.nornir.close_connections(on_good=True, on_failed=True)


def open_workspace(
    project: Path,
    limit: str,
    hosts: str,
    state: StateFolder | None = None,
    narrowing: Narrowing = lambda _: {},
    named: Collection[str] | None = None,
) -> Workspace:
    """The project with the hosts that both filters choose, and its state, in `.routebook` unless `state` is given.

    `narrowing` gives what tunnels negotiate, by host and tunnel, where the network that is contacted is the project's
    lab and that lab carries less than the intent. With `named`, of these hosts alone; then all of them must still be
    there unless `limit` chooses among them. Raises RefusedError, and IntentError for its inventory.
    """
    secrets, state = Secrets(project), state or state_folder(project)
    pins = read_pins(state.identities)
    inventory = RoutebookInventory(project, secrets)
    nornir = nornir_of(inventory, pins=pins)
    narrowed = narrowing(inventory.network) if inventory.network is not None else {}
    intents: dict[str, HostIntent] = {name: host.data["intent"] for name, host in nornir.inventory.hosts.items()}
    chosen = choose(limit, intents) & choose(hosts, intents)
    if named is not None:
        gone = sorted(set(named) - intents.keys())
        if gone and not limit:
            raise RefusedError(
                f"{', '.join(gone)}, which that run changed, {'is' if len(gone) == 1 else 'are'} not in the inventory "
                "any more: put it back, or choose the others with --limit. Nothing was changed."
            )
        chosen &= set(named)
        if not chosen:
            raise RefusedError(f"--limit {limit!r} leaves none of the hosts that the run changed: {', '.join(named)}")
    if not chosen:
        raise RefusedError(f"--limit {limit!r} leaves none of the runbook's hosts ({hosts!r})")
    return Workspace(
        project=project,
        nornir=nornir,
        intents=intents,
        judged={name: _negotiated(intent, narrowed) for name, intent in intents.items()},
        hosts=tuple(sorted(chosen)),
        observed=tuple(sorted(chosen | {end for name in chosen for end in far_ends(intents[name])})),
        secrets=secrets,
        state=state,
    )


def _negotiated(intent: HostIntent, narrowed: Mapping[tuple[str, str], Selectors]) -> HostIntent:
    tunnels = []
    for tunnel in intent.tunnels:
        local, remote = narrowed.get((intent.name, tunnel.name), (tunnel.local_selectors, tunnel.remote_selectors))
        tunnels.append(replace(tunnel, local_selectors=local, remote_selectors=remote))
    return replace(intent, tunnels=tuple(tunnels))


def far_ends(intent: HostIntent) -> set[str]:
    """The hosts of ours at the other ends of a host's sessions and tunnels."""
    sessions = {neighbor.peer_host for neighbor in intent.neighbors}
    return {host for host in sessions | {tunnel.peer_host for tunnel in intent.tunnels} if host is not None}


def open_journal(state: StateFolder, *, make: bool = True) -> Journal:
    """The project's journal. Raises RefusedError if it cannot be used, as `StateFolder.open` does for its folder."""
    return Journal(state.open(make=make).journal)
