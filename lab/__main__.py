"""`python -m lab`: the same as `routebook lab`."""

import sys

import click

from routebook.cli.lab import lab
from routebook.errors import RefusedError

if __name__ == "__main__":
    try:
        lab()
    except RefusedError as error:
        click.echo(f"refused: {error}", err=True)
        sys.exit(1)
