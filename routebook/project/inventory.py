"""Nornir on a project's inventory: the hosts with their intent, login secrets resolved when they are needed."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from threading import Lock
from typing import Any

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.plugins.connections import CONNECTIONS_PLUGIN_PATH, ConnectionPlugin, ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner

from routebook.intent.model import REFERENCE, HostIntent, SecretRef
from routebook.intent.network import Network
from routebook.intent.platform import platform
from routebook.project.connection import CONNECTION, DeviceConnection
from routebook.project.device_identity import Identities
from routebook.project.kept_intent import ReadIntent, read_intent
from routebook.project.limit import choose
from routebook.project.pins import Pin
from routebook.project.plugins import SPELLINGS
from routebook.project.secrets import Secrets

INTENT = "intent"  # the key of a host's data under which its HostIntent is
WORKERS = 50  # threads mostly wait for the network; 300 hosts need no more (measured)

_IMPORTING = Lock()


class IntentHost(Host):
    """A Nornir host with its intent, whose login secrets are references until they are asked for."""

    __slots__ = ("identities", "project", "secrets")

    def __init__(self, *args: Any, project: Path, secrets: Secrets, **keywords: Any) -> None:
        self.project = project
        self.secrets = secrets
        self.identities: Identities | None = None  # who judges whether a device is this host
        super().__init__(*args, **keywords)

    @property
    def intent(self) -> HostIntent:
        """Everything that the host is meant to be."""
        intent = self.data[INTENT]
        if not isinstance(intent, HostIntent):
            raise TypeError(f"{self.name}: data[{INTENT!r}] is no HostIntent")
        return intent

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        return self._resolved(value) if name == "password" else value

    def get_connection_parameters(self, connection: str | None = None) -> ConnectionOptions:
        """Nornir's parameters, with secrets in place of references and files found from the project's folder.

        A login is written once, where NAPALM looks for it: Routebook's own connection has `napalm`'s parameters, and
        those of other plugins follow from them and from the platform, so that these work as they are.

        Raises SecretError.
        """
        options = super().get_connection_parameters("napalm" if connection == CONNECTION else connection)
        if connection is not None and connection in SPELLINGS:
            options = self._spelled_for(connection, options)
        return ConnectionOptions(
            hostname=options.hostname,
            port=options.port,
            username=options.username,
            password=self._resolved(options.password),
            platform=options.platform,
            extras=self._resolved(options.extras),
        )

    def _spelled_for(self, connection: str, options: ConnectionOptions) -> ConnectionOptions:
        """The plugin's word for the platform, and the login of `napalm`'s options, unless it has its own."""
        napalm = self._resolved(super().get_connection_parameters("napalm").extras or {})
        word, extras = SPELLINGS[connection](platform(options.platform or ""), napalm)
        return ConnectionOptions(
            hostname=options.hostname,
            port=options.port or (napalm.get("optional_args") or {}).get("port"),
            username=options.username,
            password=options.password,
            platform=word or options.platform,
            extras=extras | (options.extras or {}),
        )

    def open_connection(self, connection: str, *args: Any, **keywords: Any) -> ConnectionPlugin:
        """Open a connection as Nornir does, importing only its plugin, and one thread at a time: drivers that share
        modules and are imported at once deadlock.
        """
        with _IMPORTING:
            if connection == CONNECTION:
                ConnectionPluginRegister.available.setdefault(CONNECTION, DeviceConnection)
            elif connection not in ConnectionPluginRegister.available:
                for entry_point in entry_points(group=CONNECTIONS_PLUGIN_PATH, name=connection):
                    ConnectionPluginRegister.register(connection, entry_point.load())
        return super().open_connection(connection, *args, **keywords)

    def _resolved(self, value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            if len(value) == 1 and REFERENCE.issuperset(value):
                return self.secrets.resolve(SecretRef(**value))
            return {name: self._resolved(item, name) for name, item in value.items()}
        if isinstance(value, str) and key.endswith("_file"):
            return str(self.project / Path(value).expanduser())
        return [self._resolved(item) for item in value] if isinstance(value, list) else value


class RoutebookInventory:
    """Nornir's inventory plugin: SimpleInventory's files of a project, with `host.data["intent"]` for each host.

    Raises IntentError when the project's inventory is refused.
    """

    def __init__(self, project: str | Path = ".", secrets: Secrets | None = None) -> None:
        self.project = Path(project).expanduser().resolve()
        self.secrets = secrets or Secrets(self.project)
        self.network: Network | None = None

    def load(self) -> Inventory:
        """Read the files and build Nornir's objects."""
        found = read_intent(self.project)
        self.network = found.network
        return _to_nornir(found, self.secrets)


def _to_nornir(found: ReadIntent, secrets: Secrets) -> Inventory:
    """Nornir's inventory of what was read."""
    network = found.network
    secrets.places = network.secret_places()
    defaults = Defaults(**_attributes(found.defaults))
    groups = Groups(
        {name: Group(name, **_attributes(entry), defaults=defaults) for name, entry in found.groups.items()}
    )
    for name, entry in found.groups.items():
        groups[name].groups = ParentGroups([groups[group] for group in entry.get("groups") or ()])
    hosts = Hosts()
    for name, entry in found.hosts.items():
        host = IntentHost(name, **_attributes(entry), defaults=defaults, project=network.project, secrets=secrets)
        host.groups = ParentGroups([groups[group] for group in entry.get("groups") or ()])
        host.data[INTENT] = network.hosts[name]
        hosts[name] = host
    return Inventory(hosts=hosts, groups=groups, defaults=defaults)


def _attributes(entry: Mapping[str, Any]) -> dict[str, Any]:
    options = {
        name: ConnectionOptions(**{key: (option or {}).get(key) for key in ConnectionOptions.schema()})
        for name, option in (entry.get("connection_options") or {}).items()
    }
    plain = {key: entry.get(key) for key in ("hostname", "port", "username", "password", "platform")}
    return {**plain, "data": entry.get("data") or {}, "connection_options": options}


def nornir_for(
    project: Path,
    limit: str = "",
    secrets: Secrets | None = None,
    workers: int = WORKERS,
    pins: Mapping[str, Pin] | None = None,
) -> Nornir:
    """Nornir on a project, built directly: InitNornir would import every installed connection plugin (0.6 s).

    `limit` chooses hosts as `--limit` does; `pins` are who their devices were at the last confirmed run. A connection's
    plugin is imported when one is opened. Raises IntentError, and RefusedError for a limit that chooses no host.
    """
    return nornir_of(RoutebookInventory(project, secrets), limit, workers, pins)


def nornir_of(
    project: RoutebookInventory, limit: str = "", workers: int = WORKERS, pins: Mapping[str, Pin] | None = None
) -> Nornir:
    """As `nornir_for`, on an inventory whose network its caller wants as well."""
    inventory = project.load()
    identities = Identities({name: host.data[INTENT] for name, host in inventory.hosts.items()}, pins or {})
    for host in inventory.hosts.values():
        if isinstance(host, IntentHost):
            host.identities = identities
    if limit:
        chosen = choose(limit, {name: host.data[INTENT] for name, host in inventory.hosts.items()})
        inventory.hosts = Hosts({name: host for name, host in inventory.hosts.items() if name in chosen})
    return Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=workers), config=Config())
