"""A verification as metrics, in OpenMetrics' text form: for node_exporter's textfile collector, or to be scraped.

Names, labels and units follow https://prometheus.io/docs/practices/naming: base units, and a state is 0 or 1. What was
not looked at has no sample, so that an alert on its absence can tell.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from routebook.checks.findings import SEVERITY, Finding
from routebook.checks.names import named_states
from routebook.device.state import IkeSa
from routebook.intent.model import HostIntent, Neighbor
from routebook.redaction.gate import one_line
from routebook.report.model import RunResult

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


class LastRun(Struct, frozen=True):
    """The newest run of a runbook: how it ended, and when; seconds since the epoch."""

    runbook: str
    outcome: str
    finished: float


class Known(Struct, frozen=True):
    """What a project knows besides a verification: its last runs, who holds what, and since when a baseline is kept."""

    runs: tuple[LastRun, ...] = ()
    held: tuple[tuple[str, str, float], ...] = ()  # run, runbook, and until when
    baseline: float = 0.0  # when it was written last; 0 where there is none


class _Verification:
    """Collects the metrics of one verification, as prometheus_client asks for them."""

    def __init__(self, result: RunResult, intents: Mapping[str, HostIntent], known: Known) -> None:
        self.result, self.intents, self.known = result, intents, known
        self.now = named_states(intents, result.now)

    def collect(self) -> Iterator["Metric"]:
        """Every family of metrics that has a sample."""
        yield from (family for family in self._families() if family.samples)

    def _families(self) -> Iterator["Metric"]:
        result, findings = self.result, self.result.findings
        yield _gauge("verify_success", "Whether all that was looked at is as intended", [((), result.good)])
        yield _gauge("verify_timestamp_seconds", "When it was looked at", [((), result.finished)])
        yield _gauge("verify_duration_seconds", "How long looking took", [((), result.duration)])
        counts = [((status,), sum(each.status == status for each in findings)) for status in SEVERITY]
        yield _gauge("findings", "Findings by their status", counts, "status")
        roots = [((status,), sum(e.status == status and not e.follows for e in findings)) for status in SEVERITY[:2]]
        yield _gauge("causes", "Findings that follow from no other, by their status", roots, "status")
        yield _gauge("host_readable", "Whether a host could be read", _of(findings, "host.contact"), "host")
        drift = [((f.host,), f.status != "ok") for f in findings if f.check == "config.drift"]
        yield _gauge("host_drifted", "Whether a host is not configured as intended", drift, "host")
        yield from self._sessions()
        yield from self._tunnels()
        caches = [
            ((host, f"{cache.host}:{cache.port}"), cache.connected)
            for host, state in self.now.items()
            for cache in state.rpki or ()
        ]
        yield _gauge("rpki_cache_connected", "Whether an RPKI cache is connected", caches, "host", "cache")
        yield from self._project()

    def _sessions(self) -> Iterator["Metric"]:
        ends = [(host, each) for host, intent in sorted(self.intents.items()) for each in intent.neighbors]
        up, age, received, sent = [], [], [], []
        for host, neighbor in ends:
            state = self.now.get(host)
            if state is None or state.bgp is None:
                continue
            found = next((each for each in state.bgp if each.peer == neighbor.address), None)
            labels = _session_labels(host, neighbor)
            up.append((labels, found is not None and found.established))
            if found is None or not found.established:
                continue
            age += [(labels, found.uptime)] if found.uptime is not None else []
            for family in found.families:
                received += [((*labels, family.name), family.received)] if family.received is not None else []
                sent += [((*labels, family.name), family.sent)] if family.sent is not None else []
        names = ("host", "peer", "address", "remote_as")
        yield _gauge("session_up", "Whether a session of the intent is Established", up, *names)
        yield _gauge("session_age_seconds", "For how long it is Established", age, *names)
        yield _gauge("session_prefixes_received", "Prefixes that were accepted", received, *names, "family")
        yield _gauge("session_prefixes_sent", "Prefixes that are advertised", sent, *names, "family")

    def _tunnels(self) -> Iterator["Metric"]:
        layers = []
        for host, intent in sorted(self.intents.items()):
            state = self.now.get(host)
            if state is None or state.ike is None:
                continue
            for tunnel in intent.tunnels:
                sas = [sa for sa in state.ike if sa.name == tunnel.name]
                layers.append(((host, tunnel.name, "ike"), any(sa.up for sa in sas)))
                layers.append(((host, tunnel.name, "child"), _carries(sas)))
        probed = [each for each in self.result.findings if each.check == "tunnel.traffic" and each.status != "unknown"]
        layers += [((each.host, each.subject, "traffic"), each.status == "ok") for each in probed]
        yield _gauge("tunnel_up", "Whether a layer of a tunnel is up", _once(layers), "host", "tunnel", "layer")

    def _project(self) -> Iterator["Metric"]:
        known = self.known
        when = [((run.runbook, run.outcome), run.finished) for run in known.runs]
        yield _gauge("run_timestamp_seconds", "When a runbook's last run ended, and how", when, "runbook", "outcome")
        held = [((run, runbook), until) for run, runbook, until in known.held]
        yield _gauge("lease_until_seconds", "Until when a run holds what it works on", held, "run", "runbook")
        written = [((), known.baseline)] if known.baseline else []
        yield _gauge("baseline_timestamp_seconds", "When what is normal was written down last", written)


def exposition(result: RunResult, intents: Mapping[str, HostIntent], known: Known) -> str:
    """All of it as OpenMetrics text."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Verification(result, intents, known))
    written: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return written.decode()


_Samples = Iterable[tuple[tuple[str, ...], float | bool]]


def _gauge(name: str, about: str, samples: _Samples, *labels: str) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"routebook_{name}", about, labels=labels)
    for values, value in samples:
        family.add_metric([one_line(each) for each in values], float(value))
    return family


def _of(findings: Iterable[Finding], check: str) -> list[tuple[tuple[str, ...], bool]]:
    return [((each.host,), each.status == "ok") for each in findings if each.check == check]


def _session_labels(host: str, neighbor: Neighbor) -> tuple[str, ...]:
    return host, neighbor.peer, str(neighbor.address), str(neighbor.remote_as or "any")


def _carries(sas: Iterable[IkeSa]) -> bool:
    return any(child.up for sa in sas for child in sa.children)


def _once(samples: Iterable[tuple[tuple[str, ...], bool]]) -> list[tuple[tuple[str, ...], bool]]:
    """Each series once; down where one says so: a tunnel is probed from both ends."""
    found: dict[tuple[str, ...], bool] = {}
    for labels, value in samples:
        found[labels] = found.get(labels, True) and value
    return list(found.items())
