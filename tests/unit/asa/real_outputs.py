"""Where outputs of real devices lie, which the project does not contain: tests on them are skipped without."""

import os
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ROUTEBOOK_REAL_OUTPUTS") or _CHECKOUT.parent / "shared" / "real-outputs") / "asa"

needed = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no outputs of real devices here; ROUTEBOOK_REAL_OUTPUTS names their folder"
)


def real(name: str) -> str:
    """One output's text."""
    return (FOLDER / name).read_text(encoding="utf-8")
