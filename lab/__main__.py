"""`python -m lab` is `routebook lab`."""

import sys

from routebook.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "lab")
    main()
