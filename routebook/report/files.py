"""Writing a run's reports into its folder: whole files or none, readable by the operator alone."""

from pathlib import Path

from routebook.project.private_files import own_folder, write_private
from routebook.redaction.gate import as_json
from routebook.report.junit import as_junit
from routebook.report.markdown import as_markdown
from routebook.report.model import RunResult, cleaned


def write_reports(result: RunResult, folder: Path) -> list[Path]:
    """Write report.json, report.md and report.xml (JUnit) with mode 0600 and return their paths.

    `folder` and the one around it are made with mode 0700 if they are missing. Raises OSError when something cannot be
    written, RefusedError when one of the folders is not private.
    """
    own_folder(folder.parent)
    own_folder(folder)
    result = cleaned(result)
    texts = {
        "report.json": as_json(result.to_json()) + "\n",
        "report.md": as_markdown(result),
        "report.xml": as_junit(result),
    }
    for name, text in texts.items():
        write_private(folder / name, text.encode("utf-8", "backslashreplace"))
    return [folder / name for name in texts]
