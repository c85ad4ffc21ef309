"""No command imports what it does not use: NAPALM, netmiko, SSH, the code of a platform that no host is of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEVER = {"napalm", "nornir_napalm", "netmiko", "nornir_netmiko", "custom_napalm", "scrapli", "asyncssh", "numpy"}
DEVICES = {"paramiko", "nornir", "sqlite3"}
DRIVERS = {f"routebook.platforms.{name}.driver" for name in ("asa", "edge", "frr", "pfsense", "strongswan", "linux")}


def imported(*arguments: str) -> set[str]:
    """The modules in a process that has carried out a command."""
    code = (
        "import json, os, sys\n"
        "from routebook.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    os.write(2, b'\\n' + json.dumps(sorted(sys.modules)).encode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["--help"], {"click", "rich", "pydantic", "yaml", "jinja2", *DEVICES}),
        (["verify", "--help"], {"rich", "pydantic", "yaml", "jinja2", *DEVICES}),
        (["check"], {*DEVICES}),
        (["render", "no-edge1", "--section", "bgp"], {"paramiko", "sqlite3"}),
        (["secrets"], {"paramiko", "sqlite3"}),
    ],
)
def test_a_command_without_devices(arguments: list[str], unused: set[str]) -> None:
    assert imported(*arguments) & (NEVER | DRIVERS | unused) == set()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that no other process drives anything out of."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.usefixtures("cache")
def test_checking_what_was_checked_before_reads_no_inventory() -> None:
    anew, kept = imported("check"), imported("check")
    assert "routebook.intent.schema" in anew
    assert kept & {"routebook.intent.schema", "routebook.intent.load", "rich", *DEVICES} == set()


@pytest.mark.usefixtures("cache")
def test_opening_a_project_for_devices_imports_no_driver_until_one_is_opened() -> None:
    code = (
        "import json, sys; from pathlib import Path\n"
        "from routebook.cli import lazily\nlazily.begin()\n"
        "from routebook.run.runbook import load\nfrom routebook.run.workspace import open_workspace\n"
        "import routebook.cli.at_work, routebook.run.verification\n"
        "open_workspace(Path(), '', ''); load(Path(), 'verify')\n"
        "from routebook.project.connection import driver_of\n"
        "before = sorted(sys.modules); driver_of('frr'); print(json.dumps([before, sorted(sys.modules)]))"
    )
    for _ in range(2):  # the second finds the intent kept
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    before, after = map(set, json.loads(done.stdout))
    assert before & (NEVER | DRIVERS | {"paramiko", "jinja2", "yaml", "pydantic"}) == set()
    assert (
        before & {f"routebook.{name}" for name in ("run.planning", "run.drift", "report.junit", "device.contract")}
        == set()
    )
    assert "paramiko" in after
    assert after & {"invoke.collection", "ruamel.yaml.main", "asyncio"} == set()
    assert after & (NEVER | DRIVERS) == {"routebook.platforms.frr.driver", "routebook.platforms.linux.driver"}


@pytest.mark.parametrize("platform", ["asa", "edge", "frr", "pfsense", "strongswan"])
def test_what_reads_a_platform_imports_nothing_that_compares_or_changes_its_configuration(platform: str) -> None:
    code = (
        "import json, sys\nfrom routebook.project.connection import driver_of\n"
        f"driver_of({platform!r}, reads=True); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    changing = {
        name
        for name in loaded
        if name.startswith("routebook.platforms.")
        and name.rpartition(".")[2] in {"component", "transaction", "planning", "difference", "effects", "deadman"}
    }
    assert changing == loaded & {"routebook.device.contract", "routebook.platforms.asa.config"} == set()
    assert loaded & (NEVER | DRIVERS | {"sqlite3", "jinja2", "nornir_utils"}) == set()


def test_what_is_left_empty_is_there_when_it_is_used() -> None:
    code = (
        "import sys\nfrom routebook.cli import lazily\nlazily.begin()\nimport invoke, ruamel.yaml\n"
        "assert not {'invoke.collection', 'ruamel.yaml.main'} & sys.modules.keys()\n"
        "print(invoke.run('echo run', hide=True).ok, ruamel.yaml.YAML(typ='safe').load('a: 1'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True {'a': 1}\n"
