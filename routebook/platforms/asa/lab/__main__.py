"""`python -m routebook.platforms.asa.lab SETTINGS.json`: a lab ASA that runs until it is stopped."""

import argparse
import logging
import sys
from pathlib import Path


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m routebook.platforms.asa.lab", description=__doc__)
    parser.add_argument("settings", type=Path, help="the settings, a JSON file (see docs/lab-asa.md)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    from routebook.platforms.asa.lab import (
        commands_files,
        commands_session,
        server,
        settings,
        show_bgp,
        show_lists,
        show_sessions,
        show_system,
        show_tracer,
    )

    del (
        commands_files,
        commands_session,
        show_bgp,
        show_lists,
        show_sessions,
        show_system,
        show_tracer,
    )  # they register their commands
    server.serve(settings.read(arguments.settings), [sys.executable, *sys.orig_argv[1:]])


if __name__ == "__main__":
    main()
