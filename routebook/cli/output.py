"""The one place that writes to the terminal: results, progress, questions, errors, warnings and logs of libraries.

Whatever is written passes the gate (`routebook.redaction.gate`) here, so nothing has to be made safe before. No markup
is read in any text. Where output is a file or a pipe, lines are as long as they are and end without blanks.

Writing never fails: a reader that has gone away, or a terminal that was closed, must not decide how a run ends.
"""

import contextlib
import errno
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

from routebook.redaction.gate import as_json, clean, one_line, visible
from routebook.report.layout import Block, Line, Part, Span, Table, Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text as RichText

GAP = 2
"""Blanks between two columns."""
NARROWEST = 24
"""Columns that a table's last column needs beside the others; with fewer it goes below them."""


def line(*parts: Part, err: bool = False, indent: int = 0) -> None:
    """Write one line; newlines in it are blanks."""
    show([Line(parts, indent)], err=err)


def text(content: str, *, err: bool = False, style: str = "", reveal: bool = False) -> None:
    """Write several lines as they are, such as a configuration. With `reveal`, secrets are shown: who asked may."""
    show([Text(content, style=style, reveal=reveal)], err=err)


def data(value: Any, *, reveal: bool = False, indent: int | None = 2) -> None:
    """Write JSON on standard output, without `indent` on one line. With `reveal`, secrets are shown."""
    _write(sys.stdout, as_json(value, reveal=reveal, indent=indent) + "\n")


def complain(*sentences: str) -> None:
    """Print on standard error why a command ends, or what else went wrong: each sentence on a line of its own."""
    for number, sentence in enumerate(sentences):
        line(sentence if number else f"routebook: {sentence}", err=True)


def show(blocks: Iterable[Block], *, err: bool = False) -> None:
    """Write lines and tables."""
    try:
        _show(blocks, sys.stderr if err else sys.stdout)
    except Exception as error:  # noqa: BLE001  what cannot be shown must not decide how a run ends
        _write(sys.stderr, f"routebook: what should stand here cannot be shown ({type(error).__name__})\n")


def _show(blocks: Iterable[Block], stream: TextIO | None) -> None:
    if stream is None:  # it was closed before we were started
        return
    with _display.aside():
        console = _console(stream) if not stream.closed and stream.isatty() else None
        for block in blocks:
            if console:
                for each in _laid_out(block, console.width):
                    console.print(each, soft_wrap=True)
            else:
                for shown in _plain(block):
                    _write(stream, shown + "\n", flush=False)
        _write(stream, "")


def can_ask() -> bool:
    """Whether somebody sits at a terminal who could answer a question."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(question: str) -> bool:
    """Ask a yes-or-no question until it is answered; the live display pauses. Enter alone is no.

    Raises click.Abort at the end of the input, and KeyboardInterrupt.
    """
    stream = sys.stdout if sys.stdout is not None and sys.stdout.isatty() else sys.stderr
    with _display.aside():
        while True:
            _write(stream, f"{one_line(question)} [y/N]: ")
            answer = sys.stdin.readline() if sys.stdin is not None else ""
            if not answer:
                _write(stream, "\n")
                raise click.Abort
            if (word := answer.strip().lower()) in ("y", "yes", "n", "no", ""):
                return word in ("y", "yes")
            _write(stream, "answer y or n\n")


def urgent(message: str) -> None:
    """Write a line to standard error from a signal handler, in the middle of whatever else is being written."""
    with contextlib.suppress(OSError):
        os.write(2, f"\n{one_line(message)}\n".encode("ascii", "backslashreplace"))


@contextlib.contextmanager
def live(draw: Callable[[], Sequence[Line]]) -> Iterator[None]:
    """Keep what `draw` gives, a line each, up to date at the bottom of the terminal; nothing where there is none."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    _display.start(draw)
    try:
        yield
    finally:
        _display.stop()


def is_terminal() -> bool:
    """Whether what is shown live would be seen."""
    return sys.stderr is not None and sys.stderr.isatty()


def take_over(*, debug: bool) -> None:
    """Let everything pass the gate that Python and its libraries write by themselves; most of it only with `debug`."""
    _occupy_closed_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    root = logging.getLogger()
    root.handlers = [_Log(logging.DEBUG if debug else logging.CRITICAL + 1)]  # else logging.lastResort would write
    logging.captureWarnings(True)
    sys.excepthook = _on_error
    sys.unraisablehook = lambda unraisable: _print_traceback(unraisable.exc_value) if debug else None
    threading.excepthook = lambda arguments: (
        _print_traceback(arguments.exc_value)
        if debug
        else complain(f"a thread ended with {_sentence(arguments.exc_value)}; --debug shows more")
    )


def print_traceback() -> None:
    """Write the traceback of the exception that is being handled to standard error."""
    text(traceback.format_exc(), err=True)


def usage_error(error: click.ClickException) -> None:
    """Write what click has to say of a wrong command line to standard error."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.UsageError) and context is not None:
        text(context.get_usage(), err=True)
        text(f"Try '{context.command_path} --help' for help.\n", err=True)
    text(f"Error: {error.format_message()}", err=True)


def discard_results() -> None:
    """Let what is still written to standard output vanish."""
    _discard(sys.stdout)


def _discard(stream: TextIO | None) -> None:
    # At the descriptor: what the stream still holds is written at the end of the process, where an error would count.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, cast(TextIO, stream).fileno())
        os.close(nowhere)


class _Stream:
    """A standard stream that swallows what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, written: str) -> int:
        _write(self._stream, written, flush=False)
        return len(written)

    def flush(self) -> None:
        _write(self._stream, "")

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def _write(stream: TextIO | None, written: str, *, flush: bool = True) -> None:
    if stream is None:
        return
    try:
        stream.write(written)
        if flush:
            stream.flush()
    except UnicodeEncodeError:  # a stream that nobody has configured: a test's, or a library's
        _write(stream, written.encode("ascii", "backslashreplace").decode(), flush=flush)
    except (OSError, ValueError) as error:  # its reader is gone, its disk is full, it is closed
        _discard(stream)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and stream is sys.stdout:
            complain(f"standard output ends here: {error.strerror}")


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(
        file=cast("IO[str]", _Stream(stream)), markup=False, emoji=False, highlight=False, legacy_windows=False
    )


def _plain(block: Block) -> Iterator[str]:
    """The lines of a block as they are, which takes Rich for tables alone."""
    if isinstance(block, Table):
        yield from (each.plain for each in _table(block, None))
    elif isinstance(block, Line):
        yield f"{' ' * block.indent}{''.join(map(_said, block.parts))}".rstrip()
    else:
        yield from _lines_of(block)


def _laid_out(block: Block, width: int) -> Iterator["RichText"]:
    """The lines of a block, wrapped at `width` columns."""
    if isinstance(block, Table):
        yield from _table(block, width)
    elif isinstance(block, Line):
        yield from _wrapped(_joined(block.parts), width, block.indent)
    else:
        yield from (_rich(each, block.style) for each in _lines_of(block))


def _lines_of(block: Text) -> list[str]:
    content = visible(block.text) if block.reveal else clean(block.text)
    return [" " * block.indent + each for each in content.removesuffix("\n").split("\n")]


def _said(part: Part) -> str:
    span = Span(part) if isinstance(part, str) else part
    return (visible(span.text) if span.public else clean(span.text)).replace("\n", " ")


def _wrapped(content: "RichText", width: int | None, indent: int) -> Iterator["RichText"]:
    """The content on lines of at most `width` columns, the second one and those after it further right."""
    from rich.console import Console

    if width is None or indent + content.cell_len <= width:
        yield _indented(content, indent)
        return
    room = max(width - indent, 1)
    for each in content.wrap(Console(width=width), room, overflow="fold"):
        yield _indented(each, indent)


def _indented(content: "RichText", indent: int) -> "RichText":
    shown = _rich(" " * indent) + content
    shown.rstrip()
    return shown


def _table(table: Table, width: int | None) -> Iterator["RichText"]:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    header = [[_rich(name, "bold")] for name in table.header]
    widths = [max(part.cell_len for row in (header, *rows) for part in row[column]) for column in range(len(header))]
    start = sum(widths[:-1]) + GAP * len(widths[:-1])
    beside = width is None or width - start >= min(NARROWEST, widths[-1])
    for row in (header, *rows):
        room = None if width is None else width
        last = [each for part in row[-1] for each in _wrapped(part, room and room - (start if beside else 4), 0)]
        first = _row([cell[0] for cell in row[:-1]], widths)
        if beside:
            for number, each in enumerate(last or [_rich("")]):
                yield _indented((first if number == 0 else _rich(" " * start)) + each, 0)
        else:
            yield from _wrapped(_trimmed(first), width, 0)
            yield from (_indented(each, 4) for each in last if row is not header and each.plain)


def _row(cells: Sequence["RichText"], widths: Sequence[int]) -> "RichText":
    shown = _rich("")
    for cell, width in zip(cells, widths, strict=False):
        shown = shown + cell + _rich(" " * (width - cell.cell_len + GAP))
    return shown


def _trimmed(content: "RichText") -> "RichText":
    content.rstrip()
    return content


def _cell(cell: Part | Sequence[Part]) -> list["RichText"]:
    parts = [cell] if isinstance(cell, str | Span) else list(cell)
    return [_joined([part]) for part in parts] or [_rich("")]


def _joined(parts: Sequence[Part]) -> "RichText":
    shown = _rich("")
    for part in parts:
        shown.append(_said(part), style=(not isinstance(part, str) and part.style) or None)
    return shown


def _rich(content: str, style: str = "") -> "RichText":
    from rich.text import Text as RichText

    return RichText(content, style=style, end="\n")


class _Display:
    """What is shown live, if anything is; it steps aside whenever something else is written."""

    def __init__(self) -> None:
        self._draw: Callable[[], Sequence[Line]] | None = None
        self._live: Live | None = None
        self._lock = threading.RLock()

    def start(self, draw: Callable[[], Sequence[Line]]) -> None:
        with self._lock:
            self._draw = draw
            self._begin()

    def stop(self) -> None:
        with self._lock:
            self._end()
            self._draw = None

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Take the display away while the block writes."""
        with self._lock:
            shown = self._live is not None
            if shown:
                self._end()
            try:
                yield
            finally:
                if shown:
                    self._begin()

    def _begin(self) -> None:
        from rich.live import Live

        assert self._draw is not None  # noqa: S101  only then it is begun
        self._live = Live(
            console=_console(sys.stderr),
            get_renderable=self._drawn,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="ellipsis",
        )
        self._live.start()

    def _end(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def _drawn(self) -> "RichText":
        from rich.text import Text as RichText

        draw = self._draw
        lines = [_joined(each.parts) for each in draw()] if draw is not None else []
        room = max(os.get_terminal_size(sys.stderr.fileno()).lines - 1, 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], _rich(f"… {len(lines) - room + 1} more")]
        shown = RichText("\n").join(lines)
        shown.no_wrap, shown.overflow = True, "ellipsis"
        return shown


_display = _Display()


class _Log(logging.Handler):
    """What libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        written = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            written += "\n" + "".join(traceback.format_exception(*record.exc_info))
        text(written, err=True)


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    text("".join(traceback.format_exception(kind, error, trace)), err=True)


def _print_traceback(error: BaseException | None) -> None:
    if error is not None:
        _on_error(type(error), error, error.__traceback__)


def _sentence(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}" if error is not None else "an error"


def _occupy_closed_descriptors() -> None:
    """Open nothing's file where standard input, output or error are closed.

    Otherwise the next file that is opened, a journal perhaps, would be where others write their output to.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
