"""What every command that contacts devices works with."""

import threading
from dataclasses import dataclass, field

from routebook.checks.normal import Normal
from routebook.project.provenance import Provenance
from routebook.run.events import Listener
from routebook.run.judge import Judging
from routebook.run.options import Options
from routebook.run.runbook import Runbook
from routebook.run.workspace import Workspace


@dataclass(slots=True)
class Running:
    """One command at work: what it works on, who listens, and what stops it."""

    workspace: Workspace
    listener: Listener
    stop: threading.Event = field(default_factory=threading.Event)
    options: Options = field(default_factory=Options)
    by: Provenance = field(default_factory=Provenance)

    def judging(self, runbook: Runbook, normal: Normal) -> Judging:
        """What judges the run's hosts and the far ends of their sessions and tunnels."""
        judged, hosts = self.workspace.judged, self.workspace.hosts
        return Judging(judged, hosts, runbook.checks, self.options.accept, normal, runbook.standing)
