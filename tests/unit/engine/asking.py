"""A run that asks, as a program for a terminal: `python -m tests.unit.engine.asking PROJECT`."""

import json
import sys
from pathlib import Path

from routebook.cli.at_work import approval, carry_out
from routebook.cli.context import Context
from routebook.device.values import Effect
from routebook.run import commands
from tests.unit.engine.world import SECRET, world

EFFECTS = (
    Effect("session-reset", "10.255.4.1", "password changes"),
    Effect("session-reset", "203.0.113.77", "bgp router-id changes"),
)


def main() -> None:
    """Ask whether a change of every host is carried out, and write what runs on them afterwards to `after.json`."""
    project = Path(sys.argv[1])
    with world(project) as made:
        made.wanted = dict.fromkeys(made.devices, "".join(f"line {number} {SECRET}\n" for number in range(60)))
        made.effects = {"no-edge1": EFFECTS}
        try:
            carry_out(
                Context(project, False),
                "",
                "",
                lambda running: commands.run(running, made.runbook(), None, approval(yes=False, as_json=False)),
                as_json=False,
            )
        finally:
            (project / "after.json").write_text(json.dumps(made.texts()))


if __name__ == "__main__":
    main()
