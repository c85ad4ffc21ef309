"""What `routebook --help` says, laid out before, for click alone takes longer than everything else of it."""

import os
import sys

TEXT = """\
Usage: routebook [OPTIONS] COMMAND [ARGS]...

  Network runbooks as transactions: plan, push, verify, and roll back every
  host when one fails.

  Exit codes: 0 done; 1 refused, nothing changed; 2 there are differences; 3
  checks failed (a run was rolled back); 4 needs attention; 130 interrupted,
  what had begun was rolled back.

Options:
  --version            Show the version and exit.
  --project DIRECTORY  The project's folder; by default the nearest one above.
  --state DIR          Where journal, plan key, leases and reports are kept;
                       by default what ROUTEBOOK_STATE says, or .routebook in
                       the project.
  --debug              Show the traceback of an error.
  -h, --help           Show this message and exit.

Commands:
  check       Check inventory and intent; reports every problem at once.
  render      Show the configuration that the intent asks for.
  plan        Show the exact difference on every device; changes nothing.
  run         Carry out a runbook as a transaction.
  verify      Check sessions, tunnels and configuration against the intent;
              changes nothing.
  exporter    Verify again and again, and serve what is found as metrics.
  exec        Type a command on many hosts at once; what only reads, unless
              told otherwise.
  drift       List the devices that are not configured as intended; changes
              nothing.
  rollback    Take back what an earlier run changed, and nothing else.
  backup      Keep every device's configuration in a git repository; changes
              no device.
  restore     Bring devices back to what a backup has of them, as a
              transaction.
  recover     Bring the hosts of a run that died to a verified end.
  identity    Show who devices were at their last confirmed run; forget one
              that was replaced.
  lease       List the tunnels and sessions that runs are working on.
  runs        List earlier runs.
  show        Show a run: what it did on each host, and when.
  graph       Draw sites, hosts, sessions and tunnels, as SVG or Mermaid.
  lab         A lab of real daemons, made from the inventory.
  init        Make a new project.
  import      Make a project of configurations that are there already.
  adopt       Take over what a device has already: write it into the
              inventory.
  release     Give objects out of hand: they stay on the device, and leave the
              inventory.
  completion  Print what makes a shell complete words: hosts, filters,
              runbooks, runs.
  secrets     List the secrets that are missing, and make them.
"""

_WIDTH = 80
"""Columns from which on click lays it out like this."""


def shown() -> bool:
    """Write it. False, and nothing is written, where the terminal is narrower, or nobody reads."""
    if sys.stdout is None or sys.stdout.closed or os.environ.get("COLUMNS"):
        return False
    try:
        if sys.stdout.isatty() and os.get_terminal_size(sys.stdout.fileno()).columns < _WIDTH:
            return False
        sys.stdout.write(TEXT)
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True
