"""`python -m lab.pfsense SETTINGS.json`: a lab pfSense that runs until it is stopped."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m lab.pfsense", description=__doc__)
    parser.add_argument("settings", type=Path, help="the settings, a JSON file (see docs/lab-pfsense.md)")
    arguments = parser.parse_args()
    from lab.pfsense.device import Device, NotAloneError

    try:
        Device(arguments.settings).run()
    except NotAloneError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
