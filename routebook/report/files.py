"""Writing a run's reports into its folder: whole files or none, readable by the operator alone."""

import json
import os
import tempfile
from pathlib import Path

from routebook.report.junit import as_junit
from routebook.report.markdown import as_markdown
from routebook.report.model import RunResult, Scrub, scrubbed


def write_reports(result: RunResult, folder: Path, scrub: Scrub) -> list[Path]:
    """Write report.json, report.md and report.xml (JUnit) with mode 0600 and return their paths.

    `folder` is made with mode 0700 if it is missing. Raises OSError when they cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    result = scrubbed(result, scrub)
    texts = {
        "report.json": json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n",
        "report.md": as_markdown(result),
        "report.xml": as_junit(result),
    }
    return [_write(folder / name, text) for name, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    # mkstemp makes the file with mode 0600, so that no moment leaves it readable by others.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
