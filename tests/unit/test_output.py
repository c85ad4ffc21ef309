"""Everything that reaches a terminal goes through one module, which makes it safe and never fails."""

import ast
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO
from xml.etree import ElementTree

import pytest

from routebook.cli import output
from routebook.redaction.redactor import OF_THIS_PROCESS
from routebook.report.layout import Block, Span, Table, Text, line, public
from tests.networks.example import CHECKOUT

EVIL = "a\x1b]0;owned\x07\x9b2J\u202eb\u200bc\x7f\ud800d\re [/x] [bold]f[/] \u2028"
"""Markup, escapes, what reorders and what is not seen."""

WRITERS = {
    "routebook/cli/help.py": "shows a text of its own, without anything else being imported",
    "routebook/cli/output.py": "it is the module",
    "routebook/platforms/asa/lab/__main__.py": "logs to the lab's starter, which keeps it in a file",
    "lab/boot.py": "speaks to the lab's starter over a pipe",
    "lab/init.py": "speaks to the lab's starter over a pipe",
    "lab/processes.py": "speaks to the lab's starter over a pipe",
    "lab/uml_holder.py": "speaks to the lab's starter over a pipe",
    "lab/uml_init.py": "writes to the console of the lab's own kernel",
}
"""Files that write somewhere, and why they may."""

NAMES = {"print", "input", "pprint"}
ATTRIBUTES = {
    ("click", "echo"), ("click", "secho"), ("click", "confirm"), ("click", "prompt"), ("click", "progressbar"),
    ("click", "echo_via_pager"), ("os", "write"), ("os", "writev"), ("sys", "stdout"), ("sys", "stderr"),
    ("sys", "__stdout__"), ("sys", "__stderr__"), ("warnings", "warn"), ("logging", "basicConfig"),
    ("logging", "StreamHandler"), ("traceback", "print_exc"), ("traceback", "print_exception"),
    ("traceback", "print_stack"), ("getpass", "getpass"),
}  # fmt: skip
MODULES = {module for module, _ in ATTRIBUTES}
"""Modules that may not be had under another name, under which this test would not find them."""
ASKED = {"isatty", "fileno", "flush", "encoding"}
"""What may be asked of a standard stream: nothing of it writes."""


def sources() -> Iterator[Path]:
    for folder in ("routebook", "custom_napalm", "tasks", "runbooks", "lab"):
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def writes(tree: ast.AST) -> Iterator[str]:
    asked = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ASKED}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in NAMES:
            yield f"{node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in asked:
            if (node.value.id, node.attr) in ATTRIBUTES:
                yield f"{node.lineno}: {node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for alias in node.names:
                if (module or alias.name).split(".")[0] in ("rich", "pprint"):
                    yield f"{node.lineno}: import of {module or alias.name}"
                if (module, alias.name) in ATTRIBUTES or (alias.asname and alias.name in MODULES):
                    yield f"{node.lineno}: import of {module}.{alias.name}"


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_nothing_else_writes_to_the_terminal(path: Path) -> None:
    name = str(path.relative_to(CHECKOUT))
    found = list(writes(ast.parse(path.read_text())))
    if name in WRITERS:
        assert found, f"{name} does not write any more"
    else:
        assert found == [], f"{name} writes past routebook/cli/output.py"


@pytest.mark.parametrize(
    "code",
    [
        "print(1)", "import click\nclick.echo(1)", "from click import echo", "import sys\nsys.stderr.write('x')",
        "import sys\nout = sys.stdout", "from sys import stdout", "from rich.console import Console", "import rich",
        "import os\nos.write(1, b'')", "import logging\nlogging.StreamHandler()", "import warnings\nwarnings.warn('x')",
        "import traceback\ntraceback.print_exc()", "import sys as other", "input('x')",
    ],
)  # fmt: skip
def test_what_writes_is_found(code: str) -> None:
    assert list(writes(ast.parse(code)))


def test_asking_a_stream_whether_it_is_a_terminal_is_no_writing() -> None:
    assert not list(writes(ast.parse("import sys\nsys.stdout.isatty()")))


class Screen(StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def written(blocks: Sequence[Block], monkeypatch: pytest.MonkeyPatch, *, columns: int | None = None) -> str:
    out = StringIO() if columns is None else Screen()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(columns or 80))
    monkeypatch.setenv("LINES", "50")
    output.show(blocks)
    return out.getvalue()


TABLE = Table(
    ("host", "state", "remarks"),
    (
        (public("no-edge1"), public("rolled back", "yellow"), "a sentence of many words, long enough for two lines"),
        (public("x"), public("confirmed"), ["one", "two"]),
    ),
)


def test_text_of_a_device_is_shown_and_never_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (None, 20, 200):
        told = written([line(EVIL), Text(EVIL), Table(("h",), ((EVIL,),))], monkeypatch, columns=columns)
        assert all(character == "\n" or character.isprintable() for character in told)
        if columns != 20:
            assert told.count("[/x] [bold]f[/]") == 3
            assert told.count(r"a\x1b]0;owned\x07\x9b2J\u202eb\u200bc\x7f\ud800d\x0de") == 3


def test_a_line_is_one_line_whatever_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = written([line(public("nl-fw1"), ": no\nno-edge1  confirmed")], monkeypatch)
    assert told == "nl-fw1: no no-edge1  confirmed\n"


def test_no_secret_is_shown_and_no_name_is_lost_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    OF_THIS_PROCESS.add("no-edge1")
    told = written([line(public("no-edge1"), " has no-edge1 as its key")], monkeypatch)
    assert told == "no-edge1 has <secret> as its key\n"


def test_what_is_asked_for_with_its_secrets_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    OF_THIS_PROCESS.add("hunter22")
    told = written([Text("key hunter22", reveal=True), Text("key hunter22")], monkeypatch)
    assert told == "key hunter22\nkey <secret>\n"


def test_piped_lines_are_whole_and_end_without_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "word " * 100
    told = written([line(long), TABLE, line("end", indent=2)], monkeypatch).split("\n")
    assert told[0] == long.rstrip()
    assert told[1:] == [
        "host      state        remarks",
        "no-edge1  rolled back  a sentence of many words, long enough for two lines",
        "x         confirmed    one",
        "                       two",
        "  end",
        "",
    ]


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 80])
def test_a_terminal_is_never_too_narrow(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    told = written([line("word " * 30, indent=2), TABLE, line("漢字" * 30)], monkeypatch, columns=columns)
    if columns >= 20:
        assert max(map(len, told.split("\n"))) <= columns
        assert "no-edge1" in told
    assert "".join(told.split()).count("word") == 31
    assert all(each == each.rstrip() for each in told.split("\n"))


def test_a_secret_at_the_end_of_a_line_is_not_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    OF_THIS_PROCESS.add("correct-horse-battery")
    told = written([line("some words before correct-horse-battery")], monkeypatch, columns=30)
    assert "corr" not in told
    assert "".join(told.split()) == "somewordsbefore<secret>"


def run_python(
    code: str, stdout: IO[str] | int = subprocess.PIPE, encoding: str = "utf-8", arguments: Sequence[str] = ()
) -> CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=CHECKOUT, encoding=encoding, env=os.environ | {"PYTHONIOENCODING": encoding},
        check=False, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_encoding_will_do(encoding: str) -> None:
    done = run_python(
        "from routebook.cli import output; output.take_over(debug=False)\n"
        "output.line('Zürich → ✓'); output.data({'ü': 'ü'})",
        encoding=encoding,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u2192 \u2713" in done.stdout
    assert r'"\u00fc"' in done.stdout


def test_a_reader_that_goes_away_changes_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    code = (
        "import sys; from routebook.cli import output; output.take_over(debug=False)\n"
        "for _ in range(9): output.line('x' * 9999); output.data([1])\n"
        "output.line('still here', err=True); sys.exit(4)"
    )
    done = run_python(code, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (4, "still here\n")


def test_closed_streams_change_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from routebook.cli import output; output.take_over(debug=False)\n"
        f"file = open({str(tmp_path / 'journal')!r}, 'w')\n"
        "output.line('x'); output.line('x', err=True); output.data(1); assert not output.can_ask(); sys.exit(3)"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code], cwd=CHECKOUT, check=False
    )
    assert done.returncode == 3
    assert (tmp_path / "journal").read_text() == "", "a file that was opened later is not taken for standard output"


def test_a_full_disk_is_told() -> None:
    code = "from routebook.cli import output; output.take_over(debug=False); output.line('x')"
    with Path("/dev/full").open("w") as full:
        done = run_python(code, stdout=full)
    assert (done.returncode, done.stderr) == (0, "routebook: standard output ends here: No space left on device\n")


@pytest.mark.parametrize("debug", [False, True])
def test_what_libraries_log_and_threads_raise_passes_the_gate(debug: bool) -> None:
    code = (
        "import logging, threading, warnings; from routebook.cli import output; "
        f"from routebook.redaction.redactor import OF_THIS_PROCESS; output.take_over(debug={debug})\n"
        "OF_THIS_PROCESS.add('hunter22')\n"
        "logging.getLogger('paramiko.transport').error('lost \\x1b[2J hunter22')\n"
        "warnings.warn('odd \\x1b[2J hunter22')\n"
        "def fail(): raise ValueError('bad \\x1b[2J [/x] hunter22')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()"
    )
    told = run_python(code).stderr
    assert "\x1b" not in told
    assert "hunter22" not in told.replace("fail(): raise", "")
    assert (r"paramiko.transport: lost \x1b[2J <secret>" in told) is debug
    assert (r"odd \x1b[2J <secret>" in told) is debug
    assert ("Traceback" in told) is debug
    assert r"ValueError: bad \x1b[2J [/x] <secret>" in told


def on_a_terminal(code: str, typed: bytes = b"", *arguments: str) -> tuple[str, int]:
    """What a program shows on a terminal of its own, and its exit code."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(CHECKOUT)
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])  # noqa: S606  without a shell
    os.write(terminal, typed)
    told = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not read:
            break
        told += read
    os.close(terminal)
    return told.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


AT_WORK = (
    "import sys; from routebook.cli import output; from routebook.cli.progress import Progress\n"
    "from routebook.run.events import Event\n"
    "output.take_over(debug=False)\n"
)


def test_the_live_display_shows_markup_as_text_and_leaves_nothing() -> None:
    told, code = on_a_terminal(
        AT_WORK + "with Progress() as progress:\n"
        "    progress(Event('push', 'on [bold]2[/] hosts'))\n"
        "    progress(Event('push', 'bad [/x] \\x1b]0;owned\\x07', 'nl-fw1', failed=True))\n"
        "sys.exit(4)"
    )
    assert code == 4
    assert "on [bold]2[/] hosts" in told
    assert r"bad [/x] \x1b]0;owned\x07" in told
    assert "\x1b]0" not in told


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"y\n", 7), (b"\n", 0), (b"maybe\nYES\n", 7), (b"n\n", 0), (b"\x04", 1)]
)
def test_a_question_is_whole_and_nothing_is_drawn_over_it(typed: bytes, answer: int) -> None:
    told, code = on_a_terminal(
        AT_WORK + "with Progress() as progress:\n"
        "    progress(Event('plan', 'reading'))\n"
        "    progress(Event('plan', 'read', 'nl-fw1'))\n"
        "    said = output.ask('Send [this] to \\x1b[2J 2 hosts?')\n"
        "sys.exit(7 if said else 0)",
        typed,
    )
    assert code == answer
    after = told.partition(r"Send [this] to \x1b[2J 2 hosts? [y/N]: ")[2]
    assert after, told
    assert "nl-fw1" not in after.partition("\n")[0]


def test_a_list_that_is_longer_than_the_terminal_is_cut() -> None:
    told, code = on_a_terminal(
        "import os; os.environ['LINES'] = '10'\n" + AT_WORK + "with Progress() as progress:\n"
        "    for number in range(99): progress(Event('push', 'sent', f'host{number:02}'))\n"
        "sys.exit(0)"
    )
    assert code == 0
    assert "host98" not in told


def test_a_span_is_free_text_unless_it_says_that_it_is_ours() -> None:
    assert not Span("x").public
    assert public("x").public


RUN = """
import sys, time
from pathlib import Path
from routebook.device.errors import DriverError
from routebook.cli import output
from routebook.cli.at_work import approval, carry_out
from routebook.cli.context import Context
from routebook.run import commands
from routebook.run.options import Options
from routebook.redaction.redactor import OF_THIS_PROCESS
from tests.unit.engine.world import world

clock = time.monotonic
time.monotonic = lambda: clock() + made.now

def fail():
    made.now += 30  # so that nobody waits
    raise DriverError("bad [/x] \\x1b]0;owned\\x07 \\u202e my-pre-shared-key")

project = Path(sys.argv[1])
output.take_over(debug=False)
OF_THIS_PROCESS.add("my-pre-shared-key")
with world(project) as made:
    made.wanted = {"no-edge1": "description my-pre-shared-key [bold] \\x1b[2J\\n"}
    made["no-edge1"].fails = {"push": fail, "rollback": fail}
    as_json = "--json" in sys.argv
    approve = approval(yes="--yes" in sys.argv, as_json=as_json)
    carry_out(
        Context(project, False), "", "", lambda running: commands.run(running, made.runbook(), None, approve),
        as_json=as_json, options=Options(confirm_timeout=10),
    )
"""
"""A run whose device fails with the worst of words at the push and at the rollback, and so needs attention."""


def reports_of(project: Path) -> str:
    [folder] = (project / ".routebook" / "runs").iterdir()
    files = {path.name: path.read_text() for path in folder.iterdir()}
    assert files.keys() == {"report.json", "report.md", "report.xml"}
    assert json.loads(files["report.json"])["outcome"] == "needs_attention"
    ElementTree.fromstring(files["report.xml"])  # noqa: S314  our own text
    return "".join(files.values())


def assert_fit(told: str) -> None:
    assert "my-pre-shared-key" not in told
    assert not set(told) & {"\x07", "\u202e"}
    assert "\x1b]0" not in told
    assert "\x1b[2J" not in told


def test_words_of_a_device_do_not_decide_how_a_run_ends_on_a_terminal(tmp_path: Path) -> None:
    told, code = on_a_terminal(RUN, b"y\n", str(tmp_path / "project"))
    assert code == 4, told
    assert r"bad [/x] \x1b]0;owned\x07 \u202e <secret>" in told.replace("\r\n", " ").replace("  ", " ")
    assert r"description <secret> [bold] \x1b[2J" in told
    assert "Traceback" not in told
    assert_fit(told)
    assert_fit(reports_of(tmp_path / "project"))


@pytest.mark.parametrize("format_", ["--yes", "--json"])
def test_words_of_a_device_do_not_decide_how_a_run_ends_in_a_pipe(tmp_path: Path, format_: str) -> None:
    done = run_python(RUN, arguments=(str(tmp_path / "project"), "--yes", format_))
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert_fit(done.stdout + done.stderr + reports_of(tmp_path / "project"))
    if format_ == "--json":
        assert json.loads(done.stdout)["outcome"] == "needs_attention"
    else:
        assert all(line == line.rstrip() for line in done.stdout.split("\n"))


def test_a_run_ends_as_it_does_when_nobody_reads_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = run_python(RUN, write, arguments=(str(tmp_path / "project"), "--yes"))
    os.close(write)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    reports_of(tmp_path / "project")


@pytest.mark.parametrize(
    ("command", "code", "says"), [("run", 4, "routebook recover"), ("plan", 1, "no device was changed")]
)
def test_an_error_of_our_own_is_a_sentence_and_the_right_exit_code(command: str, code: int, says: str) -> None:
    program = (
        "import sys; import routebook.run.runbook; from routebook.cli import main\n"
        "def load(*_): raise KeyError('\\x1b[2J')\n"
        "routebook.run.runbook.load = load; sys.argv[1:] = {arguments}; main()"
    )
    done = run_python(program.format(arguments=[command, "deploy"]))
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert r"KeyError: '\x1b[2J'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run_python(program.format(arguments=["--debug", command, "deploy"])).stderr


def test_a_display_that_cannot_be_drawn_decides_nothing() -> None:
    done = run_python(
        "import sys; from routebook.cli import output; from routebook.report.layout import line, Table\n"
        "output.take_over(debug=False)\n"
        "output.show([line('one'), Table(('a', 'b'), (('only one',),)), line(None)]); output.line('two'); sys.exit(3)"
    )
    assert done.returncode == 3
    assert "cannot be shown" in done.stderr
    assert "two" in done.stdout


@pytest.mark.parametrize("arguments", [["no-such\x1b[2J"], ["run", "--no-such\u202e"], ["--project", "/no\x1b[2J"]])
def test_a_wrong_command_line_is_told_without_obeying_it(arguments: list[str]) -> None:
    done = run_python(f"import sys; sys.argv[1:] = {arguments!r}; from routebook.cli import main; main()")
    assert done.returncode == 1
    assert "Usage: routebook" in done.stderr
    assert all(character == "\n" or character.isprintable() for character in done.stderr)


def subprocesses(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("subprocess.run", "subprocess.Popen"):
            yield node


@pytest.mark.parametrize("path", [path for path in sources() if "lab" not in path.parts], ids=lambda path: path.name)
def test_no_program_that_is_started_writes_to_the_terminal(path: Path) -> None:
    for call in subprocesses(ast.parse(path.read_text())):
        keywords = {keyword.arg for keyword in call.keywords}
        assert "capture_output" in keywords or {"stdout", "stderr"} <= keywords, f"line {call.lineno}"
