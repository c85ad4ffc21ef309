"""Who ran what, from which commit and why, is in the journal and in every report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from routebook.project.provenance import Provenance
from routebook.project.state_folder import state_folder
from routebook.report.files import write_reports
from routebook.run import commands
from routebook.run.workspace import open_journal
from tests.unit.engine.world import World

BY = Provenance(
    user="bot", machine="runner", ci="anna", job="https://gitlab.example.net/jobs/7", commit="1a2b3c4d5e6f7a8b",
    clean=False, reason="upstream moves | ticket <42>",
)  # fmt: skip
TOLD = ("bot@runner (anna in CI)", "https://gitlab.example.net/jobs/7", "1a2b3c4d5e6f with changes")


@pytest.mark.parametrize("outcome", ["confirmed", "refused"])
def test_the_journal_and_every_report_say_it(world: World, tmp_path: Path, outcome: str) -> None:
    world.wanted = {"no-edge1": "new\n"}
    running = replace(world.running(), by=BY)
    result = commands.run(running, world.runbook(), None, lambda *_: outcome == "confirmed")
    assert (result.outcome, result.by) == (outcome, BY)
    with open_journal(state_folder(world.project)) as journal:
        assert journal.run(result.run_id).by == BY
    paths = {path.suffix: path.read_text() for path in write_reports(result, tmp_path / "runs" / "reports")}
    said = json.loads(paths[".json"])["provenance"]
    assert (said["who"], said["commit"], said["clean"], said["reason"]) == (TOLD[0], BY.commit, False, BY.reason)
    for suffix in (".md", ".xml"):
        # Markdown escapes what would mean something, and takes names and links as code.
        told = paths[suffix].replace("\\", "").replace("`", "")
        assert [text for text in (*TOLD, "upstream moves | ticket &lt;42&gt;") if text not in told] == [], suffix


def test_a_run_of_before_there_was_a_history_is_by_nobody(world: World) -> None:
    with open_journal(state_folder(world.project)) as journal:
        run = journal.begin("deploy", ["no-edge1"])
        assert journal.run(run).by.facts() == []
