"""A platform of one folder: what Routebook does with a device of which no other file has heard."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from routebook.cli.context import Context
from routebook.cli.exporter import Page, Server, look
from routebook.cli.group import cli
from routebook.intent import registry
from routebook.intent.load import load
from routebook.intent.platform import platform, register
from routebook.intent.problem import IntentError
from routebook.intent.registry import REGISTERED
from tests.toy_platform.device import TABLE, Abacus
from tests.toy_platform.platform import PLATFORM

ROOT = Path(__file__).parents[2]
FOREIGN = "note made by hand"
HOSTS = """\
east:
  hostname: 192.0.2.1
  platform: abacus
  data:
    site: east
    router_id: 10.1.0.1
    interfaces:
      e0: {link: table, addresses: [198.51.100.1/24], rod: rod1}
west:
  hostname: 192.0.2.2
  platform: abacus
  data:
    site: west
    router_id: 10.2.0.1
    interfaces:
      e0: {link: table, addresses: [198.51.100.2/24], rod: rod7}
"""
INTENT = """\
network:
  asn: 65550
  sites:
    east: {prefixes: [10.1.0.0/16]}
    west: {prefixes: [10.2.0.0/16]}
  links: {table: {}}
bgp:
  sessions:
    - ends: [east, west]
  networks:
    - {hosts: east, prefixes: [10.1.0.0/16]}
    - {hosts: west, prefixes: [10.2.0.0/16]}
tunnels:
  list:
    - ends: [east, west]
      ike: [{encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}]
      esp: [{encryption: aes256gcm16, dh_group: modp2048}]
      psk: {file: secrets/wire.psk}
      west: {number: 40}
"""

SESSION = "  sessions:\n    - ends: [east, west]\n"
ADDRESSES = {"east": "192.0.2.1", "west": "192.0.2.2"}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project of two abaci. Only this platform is registered here, and by its own folder."""
    register(PLATFORM)
    folder = tmp_path / "project"
    for name in ("inventory", "secrets"):
        (folder / name).mkdir(parents=True)
    for name in ("tasks", "runbooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "inventory" / "hosts.yaml").write_text(HOSTS)
    (folder / "inventory" / "network.yaml").write_text(INTENT)
    (folder / "secrets" / "wire.psk").write_text("correct-horse-battery-staple\n")
    (folder / "secrets" / "wire.psk").chmod(0o600)
    (folder / "secrets").chmod(0o700)
    TABLE.abaci = {name: Abacus(name, address, [FOREIGN], [FOREIGN]) for name, address in ADDRESSES.items()}
    yield folder
    REGISTERED.pop(PLATFORM.name)


def routebook(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--project", str(project), *arguments])


def change(project: Path, old: str, new: str) -> None:
    for path in (project / "inventory").iterdir():
        text = path.read_text()
        if old in text:
            path.write_text(text.replace(old, new))
            return
    raise AssertionError(f"nobody says {old!r}")


def lines(host: str) -> list[str]:
    return TABLE.abaci[host].running


def test_check_takes_the_platforms_own_keys_and_names(project: Path) -> None:
    done = routebook(project, "check")
    assert done.exit_code == 0, done.output
    network = load(project)
    east, west = network.hosts["east"].tunnels[0], network.hosts["west"].tunnels[0]
    assert (east.connection, east.child_names) == ("wire 2", frozenset({"strand 2"}))
    assert (west.connection, west.child_names) == ("wire 40", frozenset({"strand 40"}))
    assert network.hosts["west"].interfaces[0].device_name == "rod7"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rod: rod7", "rod: shelf", "is no rod"),
        ("rod: rod7", "rot: rod7", "did you mean 'rod'?"),
        ("number: 40", "number: none", "number"),
        (SESSION, f"{SESSION}      password: {{env: X}}\n", "has no passwords"),
        (SESSION, f"{SESSION}      bfd: true\n", "is an abacus and has no BFD"),
    ],
)
def test_check_refuses_what_the_platform_does_with_file_and_line(
    project: Path, old: str, new: str, message: str
) -> None:
    change(project, old, new)
    with pytest.raises(IntentError) as caught:
        load(project)
    assert [problem for problem in caught.value.problems if message not in str(problem)] == []
    assert all(problem.mark.line > 1 for problem in caught.value.problems)


def test_render_spells_as_the_platform_does_and_names_its_secrets(project: Path) -> None:
    shown = json.loads(routebook(project, "render", "--host", "east", "--json").output)["hosts"]["east"]
    assert [each["section"] for each in shown] == ["wires", "sessions"]
    assert "wire 2 from 198.51.100.1 to 198.51.100.2 key <file secrets/wire.psk>" in shown[0]["text"]
    assert "via rod1" in shown[0]["text"]
    real = json.loads(routebook(project, "render", "--host", "east", "--json", "--show-secrets").output)
    assert "key c.o.r.r.e.c.t" in real["hosts"]["east"][0]["text"]


def test_the_projects_own_template_wins_over_the_platforms(project: Path) -> None:
    shutil.copytree(Path(__file__).with_name("templates"), project / "templates" / PLATFORM.name)
    (project / "templates" / PLATFORM.name / "sessions.j2").write_text("row 10.9.0.0/16\n")
    shown = json.loads(routebook(project, "render", "--host", "east", "--json").output)["hosts"]["east"]
    assert shown[1]["text"] == "row 10.9.0.0/16\n"


def test_plan_shows_what_is_sent_and_sends_nothing(project: Path) -> None:
    done = routebook(project, "plan", "deploy", "--json")
    assert done.exit_code == 2, done.output
    commands = json.loads(done.stdout)["hosts"]["east"]["commands"]
    assert [" ".join(command.split()[:4]) for command in commands] == [
        "slide in wire 2", "slide in bead 198.51.100.2", "slide in row 10.1.0.0/16",
    ]  # fmt: skip
    assert "c.o.r.r.e.c.t" not in done.output
    assert [each.sent for each in TABLE.abaci.values()] == [[], []]


def test_a_run_confirms_and_the_second_one_has_nothing_to_do(project: Path) -> None:
    done = routebook(project, "run", "deploy", "--yes", "--deadline", "1")
    assert done.exit_code == 0, done.output
    for name, abacus in TABLE.abaci.items():
        assert FOREIGN in abacus.running, name
        assert len(abacus.running) == 4
        assert abacus.kept == abacus.running
        assert (abacus.pending, abacus.lock) == (None, None)
    assert routebook(project, "verify", "verify").exit_code == 0
    assert routebook(project, "plan", "deploy").exit_code == 0


def test_verify_finds_what_is_not_as_intended(project: Path) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    TABLE.abaci["west"].running.remove("row 10.2.0.0/16")
    TABLE.abaci["west"].jammed = True
    done = routebook(project, "verify", "verify")
    assert done.exit_code == 3, done.output


def test_a_failed_check_rolls_both_back(project: Path) -> None:
    TABLE.abaci["west"].jams = True
    done = routebook(project, "run", "deploy", "--yes", "--deadline", "1")
    assert done.exit_code == 3, done.output
    for abacus in TABLE.abaci.values():
        assert (abacus.running, abacus.kept) == ([FOREIGN], [FOREIGN])
        assert "rollback" in abacus.sent
        assert (abacus.pending, abacus.lock) == (None, None)


def test_recover_undoes_a_run_that_died(project: Path) -> None:
    def die(step: str) -> None:
        if step == "push":
            raise SystemExit(137)

    TABLE.abaci["west"].dies = die
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.getpid", lambda: 2**22 + 1)
        routebook(project, "run", "deploy", "--yes")
    TABLE.abaci["west"].dies = lambda _: None
    assert len(lines("east")) == 4
    assert {each.pending.phase for each in TABLE.abaci.values() if each.pending is not None} == {"armed"}
    done = routebook(project, "recover")
    assert done.exit_code == 0, done.output
    for abacus in TABLE.abaci.values():
        assert abacus.running == [FOREIGN]
        assert (abacus.pending, abacus.lock) == (None, None)


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, str]:
    """A private key's file, and its recipient."""
    made = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", made], check=True, capture_output=True)
    return str(made), subprocess.run(["age-keygen", "-y", made], check=True, capture_output=True, text=True).stdout[:-1]


def backed_up(project: Path, *arguments: str) -> dict[str, bool]:
    done = routebook(project, "backup", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return {host: each["new"] for host, each in json.loads(done.stdout)["hosts"].items()}


def git(project: Path, *arguments: str) -> str:
    command = ["git", "-C", str(project / ".routebook" / "backups"), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode(errors="replace")


def test_a_backup_is_one_commit_a_change_by_who_made_it_and_has_no_secret(project: Path, key: tuple[str, str]) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1", "--reason", "because").exit_code == 0
    assert backed_up(project, "--recipient", key[1]) == {"east": True, "west": True}
    assert backed_up(project) == {"east": False, "west": False}
    TABLE.abaci["west"].running.append("note another")
    TABLE.abaci["west"].kept.append("note another")
    assert backed_up(project) == {"east": False, "west": True}
    subjects = git(project, "log", "--format=%s by %an", "--", "east", "west").splitlines()
    assert subjects[0] == "west: the configuration has changed by unknown"
    assert [each.partition(" by ")[0] for each in subjects[1:]] == ["west: first backup", "east: first backup"]
    assert "unknown" not in subjects[1]
    assert "Reason: because" in git(project, "log", "--format=%B", "--", "east")
    everything = git(project, "log", "-p", "--all", "--text")
    assert "row 10.1.0.0/16" in everything
    assert "c.o.r.r.e.c.t" not in everything
    assert "correct-horse" not in everything


def test_another_secret_alone_is_a_change_too(project: Path, key: tuple[str, str]) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    backed_up(project, "--recipient", key[1])
    for lines in (TABLE.abaci["east"].running, TABLE.abaci["east"].kept):
        lines[:] = [line.replace("c.o.r.r.e.c.t", "w.r.o.n.g") for line in lines]
    assert backed_up(project) == {"east": True, "west": False}
    assert git(project, "show", "--name-only", "--format=").split() == ["east/about.json", "east/snapshot.age"]


def test_emptied_devices_come_back_from_a_backup_in_one_transaction(project: Path, key: tuple[str, str]) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    before = {name: list(abacus.running) for name, abacus in TABLE.abaci.items()}
    backed_up(project, "--recipient", key[1])
    commit = git(project, "rev-parse", "HEAD").strip()
    for abacus in TABLE.abaci.values():
        abacus.running[:] = abacus.kept[:] = []
    backed_up(project)
    restore = ("restore", "east", "west", "--yes", "--identity", key[0], "--at", commit[:12])
    done = routebook(project, *restore)
    assert done.exit_code == 0, done.output
    assert {name: abacus.running for name, abacus in TABLE.abaci.items()} == before
    assert all(abacus.kept == abacus.running for abacus in TABLE.abaci.values())
    assert "correct" not in done.output
    again = routebook(project, *restore)
    assert again.exit_code == 0
    assert "as in the backup" in again.output


def test_a_restore_after_which_nothing_comes_up_is_rolled_back(project: Path, key: tuple[str, str]) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    backed_up(project, "--recipient", key[1])
    TABLE.abaci["west"].running[:] = TABLE.abaci["west"].kept[:] = [FOREIGN]
    TABLE.abaci["west"].jams = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("routebook.run.backup.DEADLINE", 1)
        done = routebook(project, "restore", "west", "--yes", "--identity", key[0])
    assert done.exit_code == 3, done.output
    assert TABLE.abaci["west"].running == [FOREIGN]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("east",), "name your key with --identity"),
        (("nobody",), "there is no backup of nobody"),
        (("east", "--at", "1999-01-01"), "no backup is as old as '1999-01-01'"),
        (("east", "--at", "feedbee"), "no backup is as old as 'feedbee', and no commit is called so"),
        (("e*", "--identity", "{key}"), "'e*' cannot be a folder of the backups"),
        (("east", "--identity", "{other}"), "age failed"),
        (("east", "--into", "elsewhere"), "there are no backups in"),
    ],
)
def test_what_cannot_be_restored_is_refused_before_anything_is_contacted(
    project: Path, key: tuple[str, str], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    backed_up(project, "--recipient", key[1])
    other = tmp_path / "other.txt"
    subprocess.run(["age-keygen", "-o", other], check=True, capture_output=True)
    sent = [list(abacus.sent) for abacus in TABLE.abaci.values()]
    done = routebook(project, "restore", "--yes", *(each.format(key=key[0], other=other) for each in arguments))
    assert done.exit_code == 1
    assert said in " ".join((str(done.exception) + done.output).split())
    assert [abacus.sent for abacus in TABLE.abaci.values()] == sent


def test_without_recipients_a_backup_is_readable_and_cannot_be_restored(project: Path) -> None:
    assert backed_up(project) == {"east": True, "west": True}
    done = routebook(project, "restore", "east", "--yes")
    assert "has no secrets, so that it cannot be restored" in str(done.exception)


def test_a_host_that_cannot_be_read_is_named_and_the_others_are_kept(project: Path, key: tuple[str, str]) -> None:
    del TABLE.abaci["west"]
    done = routebook(project, "backup", "--json", "--recipient", key[1])
    found = json.loads(done.stdout)["hosts"]
    assert done.exit_code == 1
    assert (found["east"]["new"], found["west"]["new"]) == (True, False)
    assert found["west"]["error"]


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_gpg_may_encrypt_instead(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    make = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "operator@example.net", "default", "default"]
    subprocess.run(make, check=True, capture_output=True)
    shown = subprocess.run(["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True).stdout
    fingerprint = next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:"))
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    backed_up(project, "--recipient", f"gpg:{fingerprint}")
    before = list(TABLE.abaci["east"].running)
    TABLE.abaci["east"].running[:] = TABLE.abaci["east"].kept[:] = []
    try:
        assert routebook(project, "restore", "east", "--yes").exit_code == 0
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)
    assert TABLE.abaci["east"].running == before


def samples(text: str) -> dict[tuple[str, str], float]:
    """The value of each series, by its name and the values of its labels, in the order of the labels' names."""
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {(s.name, " ".join(s.labels[n] for n in sorted(s.labels))): s.value for f in families for s in f.samples}


def test_a_verification_is_metrics_that_anybody_may_read(project: Path, tmp_path: Path) -> None:
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    file = tmp_path / "routebook.prom"
    assert routebook(project, "verify", "--metrics", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o644
    found = samples(file.read_text())
    assert found["routebook_verify_success", ""] == 1
    assert found["routebook_session_up", "198.51.100.2 east west 65550"] == 1
    layers = ("ike", "child", "traffic")
    assert [found["routebook_tunnel_up", f"east {layer} east--west"] for layer in layers] == [1, 1, 1]
    assert found["routebook_host_drifted", "west"] == 0
    assert ("routebook_run_timestamp_seconds", "confirmed deploy") in found
    assert "c.o.r.r.e.c.t" not in file.read_text()
    TABLE.abaci["west"].running.remove("row 10.2.0.0/16")
    TABLE.abaci["west"].jammed = True
    assert routebook(project, "verify", "--metrics", str(file)).exit_code == 3
    found = samples(file.read_text())
    assert found["routebook_verify_success", ""] == 0
    assert found["routebook_host_drifted", "west"] == 1
    assert found["routebook_session_up", "198.51.100.1 west east 65550"] == 0


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a webhook, and what it was told."""
    said: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/token-in-the-path", said
        server.shutdown()


def test_a_verdict_is_told_once_when_it_turns_and_once_when_it_is_good_again(
    project: Path, told: tuple[str, list[dict[str, Any]]]
) -> None:
    address, said = told
    assert routebook(project, "run", "deploy", "--yes", "--deadline", "1").exit_code == 0
    assert routebook(project, "verify", "--webhook", address).exit_code == 0
    assert said == []
    TABLE.abaci["west"].running.remove("row 10.2.0.0/16")
    for _ in range(2):
        assert routebook(project, "verify", "--webhook", address).exit_code == 3
    assert [each["good"] for each in said] == [False]
    assert "west config.drift west" in said[0]["text"]
    TABLE.abaci["west"].running.append("row 10.2.0.0/16")
    for _ in range(2):
        assert routebook(project, "verify", "--webhook", address).exit_code == 0
    assert [each["good"] for each in said] == [False, True]


def test_a_webhook_that_does_not_answer_is_told_the_next_time_and_never_named(
    project: Path, told: tuple[str, list[dict[str, Any]]]
) -> None:
    address, said = told
    assert routebook(project, "verify", "--webhook", "http://127.0.0.1:9/secret-token").exit_code == 3
    done = routebook(project, "verify", "--webhook", "http://127.0.0.1:9/secret-token")
    assert "nobody was told" in " ".join(done.output.split())
    assert "secret-token" not in done.output
    assert routebook(project, "verify", "--webhook", address).exit_code == 3
    assert [each["good"] for each in said] == [False]


def test_the_exporter_serves_the_newest_verification_and_says_why_there_is_none(project: Path) -> None:
    page = Page()
    with Server(("127.0.0.1", 0), page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"

        def scrape(path: str = "/metrics") -> tuple[int, str]:
            try:
                with urlopen(address + path) as answer:  # noqa: S310  our own
                    return answer.status, answer.read().decode()
            except HTTPError as error:
                return error.code, error.read().decode()

        def verify() -> None:
            look(Context(project, False), "verify", "", page, threading.Event(), config=True, probe=True, webhook=None)

        assert scrape() == (503, "no verification has ended yet\n")
        assert scrape("/") == (404, "see /metrics\n")
        verify()
        code, text = scrape()
        assert (code, samples(text)["routebook_verify_success", ""]) == (200, 0)
        change(project, "rod: rod7", "rod: shelf")
        verify()
        code, text = scrape()
        assert (code, "is no rod" in text) == (503, True)
        server.shutdown()


def test_an_installed_package_brings_its_platform_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "counting_frames-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: counting-frames\nVersion: 1\n")
    where = f"{PLATFORM.name} = tests.toy_platform.platform:PLATFORM"
    (package / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{where}\n")
    assert PLATFORM.name not in registry.known()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_plugged", registry._plugged.__wrapped__)
    monkeypatch.setattr(registry, "REGISTERED", {})
    assert PLATFORM.name in registry.known()
    assert platform(PLATFORM.name) is PLATFORM


def test_no_other_file_names_the_platform() -> None:
    name = PLATFORM.name
    assert platform(name) is None
    folders = [
        ROOT / each
        for each in (
            "routebook",
            "custom_napalm",
            "lab",
            "bench",
            "docs",
            "inventory",
            "templates",
            "tasks",
            "runbooks",
            "tests",
        )
    ]
    files = [
        ROOT / "pyproject.toml",
        ROOT / "README.md",
        ROOT / "Makefile",
        *(path for folder in folders for path in folder.rglob("*")),
    ]
    naming = [
        path
        for path in files
        if path.is_file()
        and Path(__file__).parent not in path.parents
        and path.suffix in ("", ".py", ".toml", ".yaml", ".j2", ".md")
        and name in path.read_text().lower()
    ]
    assert naming == []
