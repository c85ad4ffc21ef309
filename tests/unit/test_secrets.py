"""A secret is had from where its reference says, once, and appears in no text afterwards."""

import base64
import json
import os
import threading
from pathlib import Path

import pytest

from routebook.intent.load import load
from routebook.intent.model import SecretRef
from routebook.project.secret_files import secret_problems
from routebook.project.secrets import SecretError, Secrets
from routebook.redaction.redactor import OF_THIS_PROCESS, REDACTED, Redactor
from routebook.run.journal import HostState, Journal
from tests.networks.project import Project


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_a_file_is_relative_to_the_project_and_loses_its_last_newline(secrets: Secrets) -> None:
    write(secrets.project / "a.psk", "correct horse\n")
    assert secrets.resolve(SecretRef(file="a.psk")) == "correct horse"


def test_an_environment_variable(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "from the environment")
    assert secrets.resolve(SecretRef(env="A_SECRET")) == "from the environment"


def test_a_command_is_run_in_the_project_without_a_shell(secrets: Secrets) -> None:
    assert secrets.resolve(SecretRef(command="echo '$HOME; rm *' $(x)")) == "$HOME; rm * $(x)"
    assert secrets.resolve(SecretRef(command="pwd")) == str(secrets.project.resolve())


def test_a_secret_is_resolved_once_also_by_many_threads(secrets: Secrets) -> None:
    reference = SecretRef(command="sh -c 'echo run >>runs; echo value'")
    threads = [threading.Thread(target=secrets.resolve, args=(reference,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (secrets.project / "runs").read_text() == "run\n"


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o644, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused_with_the_remedy(secrets: Secrets, mode: int) -> None:
    write(secrets.project / "open", "hunter2", mode)
    with pytest.raises(SecretError, match=f"secret file open is open to others .mode {mode:04o}.; chmod 600 open"):
        secrets.resolve(SecretRef(file="open"))


def test_a_missing_file_says_how_to_make_one(secrets: Secrets) -> None:
    with pytest.raises(SecretError, match=r"secrets/x\.psk: No such file or directory; make one with: \(umask 077; "):
        secrets.resolve(SecretRef(file="secrets/x.psk"))


def test_a_folder_or_pipe_is_no_secret_and_does_not_block(secrets: Secrets) -> None:
    os.mkfifo(secrets.project / "pipe", 0o600)
    for name in ("pipe", "."):
        with pytest.raises(SecretError, match="not a regular file"):
            secrets.resolve(SecretRef(file=name))


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "empty"), (" \n", "empty"), ("two\nlines\n", "more than one line"), ("nul\0", "cannot be printed")],
)
def test_what_is_no_secret_is_refused_without_being_told(secrets: Secrets, content: str, says: str) -> None:
    write(secrets.project / "bad", content)
    with pytest.raises(SecretError, match=says) as caught:
        secrets.resolve(SecretRef(file="bad"))
    assert "two" not in str(caught.value)


def test_a_huge_file_is_refused(secrets: Secrets) -> None:
    write(secrets.project / "huge", "x" * 100_000)
    with pytest.raises(SecretError, match="more than 64 KiB"):
        secrets.resolve(SecretRef(file="huge"))


def test_an_unset_variable_is_named(secrets: Secrets) -> None:
    with pytest.raises(SecretError, match="environment variable NOT_SET_HERE is not set; export it"):
        secrets.resolve(SecretRef(env="NOT_SET_HERE"))


def test_a_command_that_fails_shows_its_complaint_and_not_its_output(secrets: Secrets) -> None:
    with pytest.raises(SecretError, match="status 3: no such entry") as caught:
        secrets.resolve(SecretRef(command="sh -c 'echo hunter2; echo no such entry >&2; exit 3'"))
    assert "hunter2" not in str(caught.value).partition("failed")[2]


def test_a_command_that_hangs_is_ended_and_its_output_is_in_no_traceback(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routebook.project.secrets._TIMEOUT", 0.2)
    with pytest.raises(SecretError, match="gave no answer") as caught:
        secrets.resolve(SecretRef(command="sh -c 'echo hunter2; exec sleep 60'"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("command", ["/no/such/program x", "echo 'unclosed"])
def test_a_command_that_cannot_run_says_so(secrets: Secrets, command: str) -> None:
    with pytest.raises(SecretError, match="secret command"):
        secrets.resolve(SecretRef(command=command))


def test_missing_tells_without_running_a_command(secrets: Secrets) -> None:
    assert secrets.missing(SecretRef(command="touch ran")) is None
    assert not (secrets.project / "ran").exists()
    assert "x.psk" in str(secrets.missing(SecretRef(file="x.psk")))


SECRET = "a\"b\\c'd e/ü"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_a_resolved_secret_is_scrubbed_in_every_spelling(text: str) -> None:
    redactor = Redactor()
    redactor.add(SECRET)
    scrubbed = redactor.scrub(f"before {text} after")
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert REDACTED in scrubbed
    assert text.strip("\"'") not in scrubbed


def test_a_secret_that_contains_another_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.add("abc")
    redactor.add("abcdef")
    assert redactor.scrub("x abcdef y abc") == f"x {REDACTED} y {REDACTED}"


def test_resolving_teaches_the_redactor(secrets: Secrets) -> None:
    write(secrets.project / "a", "hunter2")
    secrets.resolve(SecretRef(file="a"))
    assert secrets.redactor.scrub("hunter2") == REDACTED


@pytest.mark.parametrize(
    ("secret", "says"),
    [("7", "shorter than 6 characters"), ("12345", "shorter than 6 characters"),
     ("secret", "a name that everybody knows"), ("no-edge1", "a name that everybody knows"), ("123456", ""),
     ("a longer one", "")],
)  # fmt: skip
def test_check_refuses_a_secret_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, says: str
) -> None:
    Project(tmp_path, "four_edges")
    monkeypatch.setenv("PSK", secret)
    found = [problem for problem in secret_problems(load(tmp_path)) if problem.severity == "error"]
    assert bool(found) is bool(says)
    for problem in found:
        assert says in problem.message
        assert "openssl rand" in problem.fix
        assert secret not in problem.message.replace("secret of", "")


def test_the_journal_holds_no_secret_and_nothing_that_cannot_be_written_in_what_it_tells(tmp_path: Path) -> None:
    OF_THIS_PROCESS.add("hunter22")
    with Journal(tmp_path / "journal.db") as journal:
        run = journal.begin("deploy", ["edge1"])
        journal.record(run, ["edge1"], HostState.NEEDS_ATTENTION, "no \x1b[2J hunter22 \ud800")
        journal.finish(run, "needs_attention", "hunter22 \udfff")
        assert journal.run(run).message == rf"{REDACTED} \udfff"
        assert [detail for *_, detail in journal.events(run)][-1] == rf"no \x1b[2J {REDACTED} \ud800"
