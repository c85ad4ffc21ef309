"""`routebook import` as an operator runs it: what is written, what is not, and the exit codes."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.networks.example import CHECKOUT
from tests.unit.importing.read import EDGE, mate
from tests.unit.importing.test_frr_files import RECORD


def routebook(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "routebook", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in (("edge1", EDGE), ("edge2", mate())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "frr.conf").write_text(text)
    return tmp_path


HOSTS = ("edge1=edge1", "edge2=edge2/frr.conf")


def test_a_project_is_made_that_check_accepts_and_a_second_import_does_not_write_over_it(files: Path) -> None:
    done = routebook(files, "import", "net", *HOSTS, "--report", "report.md")
    assert (done.returncode, done.stdout.count("its first plan is empty")) == (0, 2), done.stderr
    secret = files / "net/secrets/edge1--transit-no.password"
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("s3cr3t-password\n", 0o600)
    assert "s3cr3t" not in done.stdout + done.stderr + (files / "report.md").read_text()
    assert "| edge1 | frr |" in (files / "report.md").read_text()
    checked = routebook(files / "net", "check")
    assert (checked.returncode, "0 errors, 0 warnings" in checked.stderr) == (0, True)
    before = (files / "net/inventory/bgp.yaml").read_text()
    (files / "edge1/frr.conf").write_text(EDGE.replace("1000", "2000"))
    again = routebook(files, "import", "net", *HOSTS)
    assert (again.returncode, "has an inventory; nothing was written" in again.stderr) == (1, True)
    assert (files / "net/inventory/bgp.yaml").read_text() == before
    assert routebook(files, "import", "net", *HOSTS, "--force").returncode == 0
    assert (files / "net/inventory/bgp.yaml").read_text() != before
    assert (files / "net/inventory.1/bgp.yaml").read_text() == before


def test_every_reason_is_on_a_line_of_its_own(files: Path) -> None:
    done = routebook(files, "import", "net", "a=nowhere", "b=absent", "edge1=edge1")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "routebook",
        "absent",
        "nothing was written",
    ]


def test_nothing_is_written_while_a_first_plan_is_not_empty_unless_it_is_asked_for(files: Path) -> None:
    (files / "edge1/frr.conf").write_text(EDGE.replace(" no bgp def", " neighbor UP peer-group\n no bgp def") + RECORD)
    done = routebook(files, "import", "net", *HOSTS, "--json")
    assert (done.returncode, (files / "net").exists()) == (1, False)
    assert "the first plan of edge1 is not empty; nothing was written" in done.stderr
    hosts = json.loads(done.stdout)["hosts"]
    assert {name: host["first_plan"]["empty"] for name, host in hosts.items()} == {"edge1": False, "edge2": True}
    assert all(sum(host["counts"].values()) == len(host["lines"]) for host in hosts.values())
    assert routebook(files, "import", "net", *HOSTS, "--partial", "--without-secrets").returncode == 2
    assert (files / "net/inventory/bgp.yaml").exists()
    assert list((files / "net/secrets").iterdir()) == []


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (("edge1",), "'edge1' is not HOST=PATH"),
        (("edge1=edge1", "edge1=edge2"), "the host edge1 is named twice"),
        (("edge1=nowhere",), "nowhere:1: is no file and no folder"),
    ],
)
def test_a_wrong_command_line_is_a_sentence(files: Path, hosts: tuple[str, ...], said: str) -> None:
    done = routebook(files, "import", "net", *hosts)
    assert (done.returncode, said in done.stderr, (files / "net").exists()) == (1, True, False), done.stderr
