"""`python -m routebook.platforms.pfsense.lab SETTINGS.json`: a lab pfSense that runs until it is stopped."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m routebook.platforms.pfsense.lab", description=__doc__)
    parser.add_argument("settings", type=Path, help="the settings, a JSON file (see docs/lab-pfsense.md)")
    parser.add_argument("--includes", type=Path, metavar="DIR", help="PHP includes of a real pfSense, to load instead")
    arguments = parser.parse_args()
    from routebook.platforms.pfsense.lab.device import Device, NotAloneError

    try:
        Device(arguments.settings, arguments.includes).run()
    except NotAloneError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
