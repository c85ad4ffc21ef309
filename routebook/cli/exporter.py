"""`routebook exporter`: scheduled verifications, served as metrics."""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click

from routebook.cli import completion, monitoring, options, output
from routebook.cli.context import Context
from routebook.report.layout import public

_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class _Address(click.ParamType[tuple[str, int]]):
    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        host, _, port = str(value).rpartition(":")
        if not port.isdigit() or not 0 <= int(port) < 65536 or not host:
            self.fail(f"{value!r} is no ADDRESS:PORT", param, ctx)
        return host.strip("[]"), int(port)


class Page:
    """What is served: the newest verification, or why there is none."""

    def __init__(self) -> None:
        self.text = ""
        self.trouble = "no verification has ended yet"


class Server(ThreadingHTTPServer):
    """Serves a page, on an address that is free. Raises OSError."""

    def __init__(self, listen: tuple[str, int], page: Page) -> None:
        self.page = page
        super().__init__(listen, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """The metrics; 503 before there are any, or where the newest verification could not be made."""
        found = self.path.partition("?")[0] == "/metrics"
        status = 404 if not found else 503 if self.server.page.trouble else 200
        text = self.server.page.text if status == 200 else f"{self.server.page.trouble if found else 'see /metrics'}\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", _TYPE if status == 200 else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape every few seconds is nothing to write down."""


@click.command()
@click.argument("runbook", default="verify", shell_complete=completion.runbooks)
@options.limit
@click.option(
    "--listen",
    type=_Address(),
    default="127.0.0.1:9816",
    metavar="ADDRESS:PORT",
    show_default=True,
    help="Where /metrics is served, without a login: what it says is who has sessions and tunnels with whom.",
)
@click.option(
    "--every",
    type=options.Seconds(),
    default="5m",
    metavar="TIME",
    show_default=True,
    help="How often to verify, as 30s or 5m.",
)
@click.option("--no-config", is_flag=True, help="Leave out whether the devices are configured as intended.")
@options.no_probe
@monitoring.webhook
@click.pass_obj
def exporter(
    context: Context,
    runbook: str,
    limit: str,
    listen: tuple[str, int],
    every: float,
    no_config: bool,
    no_probe: bool,
    webhook: str | None,
) -> None:
    """Verify with RUNBOOK (default: verify) every so often, until ended by SIGTERM or Ctrl-C, and serve /metrics.

    The inventory is read anew each time. While a verification cannot be made, an inventory with a mistake in it say,
    /metrics answers 503 and says why, so that a scrape fails.
    """
    from routebook.cli.at_work import stop_on_signals

    stop, page = threading.Event(), Page()
    stop_on_signals(stop, "ending")
    try:
        server = Server(listen, page)
    except OSError as error:
        output.complain(f"cannot listen on {listen[0]} port {listen[1]}: {error.strerror}")
        sys.exit(1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output.line(public(f"http://{listen[0]}:{server.server_address[1]}/metrics, every {every:g} s"), err=True)
    while not stop.is_set():
        begun = time.monotonic()
        look(context, runbook, limit, page, stop, config=not no_config, probe=not no_probe, webhook=webhook)
        stop.wait(max(1.0, every - (time.monotonic() - begun)))
    server.shutdown()
    sys.exit(0)


def look(
    context: Context,
    runbook: str,
    limit: str,
    page: Page,
    stop: threading.Event,
    *,
    config: bool,
    probe: bool,
    webhook: str | None,
) -> None:
    """Verify once, and put what was found on the page."""
    from routebook.cli.at_work import in_lab
    from routebook.errors import InterruptedRunError, RefusedError
    from routebook.redaction.gate import clean
    from routebook.run import verification
    from routebook.run.events import Event
    from routebook.run.runbook import load
    from routebook.run.running import Running
    from routebook.run.workspace import open_workspace

    def silent(event: Event) -> None:
        del event

    try:
        loaded = load(context.project, runbook)
        workspace = open_workspace(context.project, limit, loaded.hosts, context.state, in_lab)
        try:
            result = verification.verify(Running(workspace, silent, stop), loaded, 0, config=config, probe=probe)
        finally:
            workspace.close()
        page.text, page.trouble = monitoring.exposed(workspace, result), ""
    except InterruptedRunError:
        return
    except RefusedError as error:
        page.trouble = clean(str(error))
        output.complain(*error.sentences)
        return
    try:
        monitoring.tell(workspace, result, None, webhook)
    except (OSError, RefusedError) as error:
        output.complain(str(error))
