"""The command line: one module a command, imported when that command is run."""

import sys
from typing import NoReturn

from routebook.cli import help as listing


def main() -> NoReturn:
    """Run the command line; every error becomes a sentence and an exit code of the design."""
    if sys.argv[1:] in (["--help"], ["-h"]) and listing.shown():
        sys.exit(0)
    from routebook.cli import lazily

    lazily.begin()
    from routebook.cli.group import run

    run()
