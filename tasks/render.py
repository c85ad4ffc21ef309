"""Render a host's candidate configuration from its intent and the project's templates."""

from nornir.core.task import Result, Task

from routebook.project.inventory import IntentHost
from routebook.project.render import render_host
from routebook.run.runbook import Render


def render(*sections: str) -> Render:
    """A Nornir task whose result is the host's candidate: all sections of its platform, or the named ones."""

    def task(task: Task) -> Result:
        host = task.host
        assert isinstance(host, IntentHost)  # noqa: S101  Routebook's inventory makes no other hosts
        candidate = render_host(host.intent, host.project / "templates", host.secrets, sections or None)
        return Result(host=host, result=candidate)

    return task
