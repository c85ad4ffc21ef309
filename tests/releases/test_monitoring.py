"""The alerting rules and the dashboard on a real Prometheus, which Debian's package brings."""

import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from routebook.cli.context import Context
from routebook.cli.exporter import Page, Server, look
from tests.lab.waiting import wait_for
from tests.toy_platform.device import TABLE
from tests.toy_platform.test_toy_platform import project, routebook

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "docs" / "monitoring"
assert project  # a fixture


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `prometheus` and `promtool`: the machine's, or those of the package without installing it."""
    if found := shutil.which("promtool"):
        return Path(found).parent
    folder = tmp_path_factory.mktemp("prometheus")
    got = subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, check=False)
    packages = list(folder.glob("*.deb"))
    if got.returncode or not packages:
        pytest.skip("apt has no package prometheus here")
    subprocess.run(["dpkg", "-x", packages[0], folder / "root"], check=True)
    return folder / "root/usr/bin"


def test_each_alert_fires_by_its_cause_and_resolves(prometheus: Path, tmp_path: Path) -> None:
    for path in (MONITORING / "alerts.yml", Path(__file__).with_name("alerts_test.yml")):
        shutil.copy(path, tmp_path)
    command = [str(prometheus / "promtool"), "test", "rules", "alerts_test.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = set(re.findall(r"alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    played = (tmp_path / "alerts_test.yml").read_text()
    assert {name for name in names if f"alertname: {name}\n        exp_alerts:" not in played} == set()


@pytest.fixture
def scraped(prometheus: Path, project: Path, tmp_path: Path) -> Iterator[tuple[str, "Watched"]]:
    """The address of a Prometheus that scrapes an exporter every second, with rules that wait no longer than that."""
    rules = re.sub(r"for: \d+m", "for: 1s", (MONITORING / "alerts.yml").read_text())
    (tmp_path / "alerts.yml").write_text(rules)
    page = Page()
    with Server(("127.0.0.1", 0), page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        jobs = [{"job_name": "routebook", "static_configs": [{"targets": [f"127.0.0.1:{server.server_address[1]}"]}]}]
        every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config = {"global": every, "rule_files": ["alerts.yml"], "scrape_configs": jobs}
        (tmp_path / "prometheus.yml").write_text(json.dumps(config))
        port = _free_port()
        daemon = subprocess.Popen(
            [
                prometheus / "prometheus", f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}", Watched(project, page)
        finally:
            daemon.terminate()
            daemon.wait(20)
            server.shutdown()


class Watched:
    """A project that is verified again and again, and what is made of it."""

    def __init__(self, folder: Path, page: Page) -> None:
        self.folder, self.page = folder, page

    def verify(self) -> None:
        nobody = threading.Event()
        look(Context(self.folder, False), "verify", "", self.page, nobody, config=True, probe=True, webhook=None)


def test_alerts_fire_and_resolve_and_the_dashboard_has_its_data(scraped: tuple[str, Watched]) -> None:
    address, watched = scraped
    assert routebook(watched.folder, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    watched.verify()
    wait_for(lambda: scrapes(address), 60, "the first scrape")
    assert firing(address) == set()
    TABLE.abaci["west"].running.remove("row 10.2.0.0/16")
    TABLE.abaci["west"].jammed = True
    watched.verify()
    expected = {"RoutebookNotAsIntended", "RoutebookDrift", "RoutebookSessionDown"}
    wait_for(lambda: expected <= firing(address), 60, "the alerts")
    TABLE.abaci["west"].running.append("row 10.2.0.0/16")
    TABLE.abaci["west"].jammed = False
    watched.verify()
    wait_for(lambda: firing(address) == set(), 60, "their end")
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    empty = [query for query in queries if not answered(address, query)]
    assert [query for query in empty if "rpki" not in query and "== 1" not in query] == []


def scrapes(address: str) -> bool:
    """Whether Prometheus is there, and has scraped a verification."""
    try:
        return bool(answered(address, "routebook_verify_success == 1"))
    except OSError:
        return False


def answered(address: str, query: str) -> list[dict[str, Any]]:
    """What a query gives now; a mistake in it is an error."""
    with urlopen(f"{address}/api/v1/query?{urlencode({'query': query})}", timeout=10) as answer:  # noqa: S310  our own
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def firing(address: str) -> set[str]:
    """The alerts that fire now."""
    return {each["metric"]["alertname"] for each in answered(address, 'ALERTS{alertstate="firing"}')}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
