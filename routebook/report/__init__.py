"""A run's result as people and programs read it: terminal, JSON, Markdown and JUnit, all from one model."""

from routebook.report.files import write_reports
from routebook.report.model import HostResult, RunResult
from routebook.report.terminal import render_changes, render_notes, render_summary, render_terminal

__all__ = [
    "HostResult",
    "RunResult",
    "render_changes",
    "render_notes",
    "render_summary",
    "render_terminal",
    "write_reports",
]
