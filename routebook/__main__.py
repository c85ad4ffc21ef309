"""`python -m routebook` is the command `routebook`."""

from routebook.cli import main

main()
