"""The commands that contact no device, as an operator runs them."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.networks.project import Project

ROOT = Path(__file__).resolve().parents[2]
ENDS = ("no-edge1", "ch-edge1")


def routebook(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PSK", None)
    return subprocess.run(
        [sys.executable, "-m", "routebook", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `routebook init` makes it."""
    folder = tmp_path_factory.mktemp("init") / "project"
    done = routebook("init", str(folder), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_init_makes_a_project_that_check_accepts(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == {
        "inventory", "templates", "tasks", "runbooks", "secrets", ".gitignore",
    }  # fmt: skip
    assert {"secrets/", ".routebook/"} <= set((made / ".gitignore").read_text().splitlines())
    assert stat.S_IMODE((made / "secrets").stat().st_mode) == 0o700
    done = routebook("check", cwd=made / "inventory")
    assert (done.returncode, "0 errors, 1 warning" in done.stderr) == (0, True), done.stderr


def test_init_refuses_a_folder_with_something_in_it(project: Project) -> None:
    done = routebook("init", str(project.folder), cwd=ROOT)
    assert (done.returncode, "is not empty; nothing was written" in done.stderr) == (1, True)
    assert not (project.folder / "templates").exists()


def test_check_warns_once_of_all_secrets_that_are_not_there_and_names_the_remedy(made: Path) -> None:
    [line] = [line for line in routebook("check", cwd=made).stdout.splitlines() if "secret" in line]
    assert line.startswith("inventory/tunnels.yaml:23: warning: 25 secrets are missing: secrets/")
    assert "and 21 more; make them all with `routebook secrets make`" in line


def test_secrets_make_makes_what_is_missing_and_leaves_the_rest(made: Path, tmp_path: Path) -> None:
    project = tmp_path / "mine"
    shutil.copytree(made, project)
    own = project / "secrets" / "no-edge1--ch-edge1.psk"
    own.write_text("a-key-of-mine-that-stays\n")
    own.chmod(0o600)
    assert routebook("secrets", "check", cwd=project).returncode == 1
    done = routebook("secrets", "make", cwd=project)
    assert (done.returncode, done.stderr) == (0, "made 24 secrets\n"), done
    files = [path for path in (project / "secrets").iterdir() if path != own]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {len(path.read_text()) for path in files} == {65}
    assert len({path.read_text() for path in files}) == 24
    assert own.read_text() == "a-key-of-mine-that-stays\n"
    assert not any(path.read_text().strip() in done.stdout + done.stderr for path in files)
    done = routebook("check", cwd=project)
    assert (done.returncode, "0 errors, 0 warnings" in done.stderr) == (0, True), done
    assert routebook("secrets", "check", cwd=project).returncode == 0
    assert "made 0 secrets" in routebook("secrets", "make", cwd=project).stderr


@pytest.mark.parametrize(("content", "says"), [("", "gives an empty secret"), ("a\nb\n", "more than one line")])
def test_a_secret_that_is_there_and_unfit_is_an_error(made: Path, tmp_path: Path, content: str, says: str) -> None:
    project = tmp_path / "mine"
    shutil.copytree(made, project)
    bad = project / "secrets" / "no-edge1--ch-edge1.psk"
    bad.write_text(content)
    bad.chmod(0o600)
    done = routebook("check", cwd=project)
    assert (done.returncode, says in done.stdout, "1 error, " in done.stderr) == (1, True, True), done


def test_a_secret_that_the_platform_of_an_end_cannot_take_is_an_error_where_it_is_asked_for(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(made, folder)
    assert routebook("secrets", "make", cwd=folder).returncode == 0
    (folder / "secrets/no-edge1--transit-no.password").write_text("two words\n")
    done = routebook("check", cwd=folder)
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "which a password in FRR cannot have" in line)
    assert re.match(r"inventory/bgp\.yaml:\d+: session no-edge1--transit-no: no-edge1: ", line), line
    assert line.endswith("make another one, for both ends")
    assert "two words" not in done.stdout + done.stderr

    rendered = routebook("render", "--host", "no-edge1", "--section", "bgp", "--show-secrets", cwd=folder)
    assert rendered.returncode == 1
    assert re.search(
        r"no-edge1: inventory/bgp\.yaml:\d+: file secrets/no-edge1--transit-no\.password has a space in it",
        rendered.stderr,
    )


def test_render_says_what_it_was_given(made: Path) -> None:
    done = routebook("render", "--host", "no-edg1", cwd=made)
    assert (done.returncode, "--host 'no-edg1': unknown host 'no-edg1'" in done.stderr) == (1, True), done.stderr


def test_check_prints_every_problem_and_exits_1(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    project.change("tunnels", "psk: {env: PSK}", "psk: hunter2")
    done = routebook("check", cwd=project.folder)
    assert done.returncode == 1
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
        "inventory/bgp.yaml:7",
        "inventory/tunnels.yaml:9",
    ]
    assert "2 errors" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_check_as_json_is_alone_on_standard_output(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    done = routebook("check", "--json", cwd=project.folder)
    [problem] = json.loads(done.stdout)["problems"]
    assert problem == {
        "file": "inventory/bgp.yaml",
        "line": 7,
        "severity": "error",
        "message": "unknown route map 'RB-INN'",
        "fix": "did you mean 'RB-IN'?",
    }
    assert done.stderr == ""


def test_check_finds_errors_in_templates(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(made), str(folder)], check=True)
    (folder / "templates/frr/rpki.j2").write_text("\n{{ host.nothing }}\n")
    done = routebook("check", cwd=folder)
    assert done.returncode == 1
    assert "templates/frr/rpki.j2:2: " in done.stdout


def test_other_commands_refuse_a_wrong_inventory_in_the_same_words(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    done = routebook("render", cwd=project.folder)
    assert done.returncode == 1
    assert "inventory/bgp.yaml:7: unknown route map 'RB-INN'; did you mean 'RB-IN'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_the_way_in_is_named(tmp_path: Path) -> None:
    done = routebook("check", cwd=tmp_path)
    assert (done.returncode, "routebook init DIR" in done.stderr) == (1, True)


def test_render_prints_no_secret_and_needs_none(made: Path) -> None:
    done = routebook("render", "--host", "no-edge1", cwd=made)
    assert done.returncode == 0
    assert "password <file secrets/no-edge1--transit-no.password>" in done.stdout
    assert "# no-edge2" not in done.stdout


def test_render_limits_hosts_and_sections(made: Path) -> None:
    done = routebook("render", "--limit", "site=ch&!ch-edge3", "--section", "rpki", "--json", cwd=made)
    hosts = json.loads(done.stdout)["hosts"]
    assert {name: [section["section"] for section in sections] for name, sections in hosts.items()} == {
        "ch-edge1": ["rpki"],
        "ch-edge2": ["rpki"],
    }


def test_render_refuses_an_unknown_host_with_the_nearest(made: Path) -> None:
    done = routebook("render", "--host", "no-egde1", cwd=made)
    assert (done.returncode, "did you mean 'no-edge1'?" in done.stderr) == (1, True)


def test_render_out_writes_secrets_readable_by_the_owner_alone(made: Path, tmp_path: Path) -> None:
    keys = [
        made / f"secrets/{name}.psk"
        for name in ("no-edge1--ch-edge1", *(f"{fw}--{end}" for fw in ("nl-fw1", "gr-fw1", "home-fw1") for end in ENDS))
    ]
    for psk in keys:
        psk.touch(mode=0o600)
        psk.write_text("hunter2")
    out = tmp_path / "out"
    limit = (*(word for end in ENDS for word in ("--host", end)), "--section", "secrets")
    done = routebook("render", *limit, "--out", str(out), cwd=made)
    for psk in keys:
        psk.unlink()
    assert done.returncode == 0, done.stderr
    files = sorted(path for path in out.rglob("*") if path.is_file())
    assert [str(path.relative_to(out)) for path in files] == ["ch-edge1/secrets", "no-edge1/secrets"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert all("secret = 0saHVudGVyMg==" in path.read_text() for path in files)


def test_render_out_without_the_secret_says_which_is_missing_and_writes_nothing(made: Path, tmp_path: Path) -> None:
    done = routebook("render", "--out", str(tmp_path / "out"), cwd=made)
    assert (done.returncode, "nl-fw1: secret file secrets/" in done.stderr) == (1, True)
    assert not (tmp_path / "out").exists()


def test_render_writes_a_clusters_manifests_for_kubectl(project: Project, tmp_path: Path) -> None:
    project.change("network", "    asn: 64496\n", "    asn: 64496\n    cilium: {cluster: west, release: '1.18'}\n")
    shutil.copytree(ROOT / "templates", project.folder / "templates")
    shown = routebook("render", "--cluster", "west", "--section", "bgp", cwd=project.folder)
    assert shown.returncode == 0, shown.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(shown.stdout) if document]
    assert kinds == ["CiliumBGPClusterConfig", "CiliumBGPPeerConfig", "CiliumBGPAdvertisement"]
    done = routebook("render", "--cluster", "west", "--out", str(tmp_path / "out"), cwd=project.folder)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out" / "west").iterdir()) == ["bgp.yaml", "peering-policy.yaml"]
    assert done.stderr.endswith(
        "wrote bgp, peering-policy of west to {}; apply one of them\n".format(tmp_path / "out" / "west")
    )
    project.change("network", "release: '1.18'", "release: '1.20'")
    done = routebook("render", "--cluster", "west", "--out", str(tmp_path / "new"), cwd=project.folder)
    assert done.stderr.endswith(f"wrote bgp of west to {tmp_path / 'new' / 'west'}\n")
    done = routebook("render", "--cluster", "west", "--section", "peering-policy", cwd=project.folder)
    assert (done.returncode, "1.19 removed CiliumBGPPeeringPolicy; render `bgp`" in done.stderr) == (1, True)


def test_render_refuses_a_cluster_that_does_not_exist_with_the_nearest_one(project: Project) -> None:
    project.change("network", "    asn: 64496\n", "    asn: 64496\n    cilium: {cluster: west}\n")
    done = routebook("render", "--cluster", "wets", cwd=project.folder)
    assert (done.returncode, "did you mean 'west'?" in done.stderr) == (1, True)
