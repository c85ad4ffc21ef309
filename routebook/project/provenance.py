"""Who runs something, from which commit of the project, and why: for the history."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from routebook.errors import RefusedError
from routebook.project import git
from routebook.project.private_files import user_name

LONGEST_REASON = 500
_LONGEST = 200  # characters of anything that the environment says
_FOLDERS = ("inventory", "templates", "tasks", "runbooks")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a run comes from; empty is not known.

    `user` is as the system knows them, `sudo` who called sudo as that user. `ci` is the user whom a CI system names,
    `job` the address of its job. `commit` is the project's, `clean` whether the files that a candidate is made of are
    those of it; without a commit `no_commit` says why. `reason` is the operator's own.
    """

    user: str = ""
    sudo: str = ""
    machine: str = ""
    ci: str = ""
    job: str = ""
    commit: str = ""
    clean: bool | None = None
    no_commit: str = ""
    reason: str = ""

    @property
    def who(self) -> str:
        """The person in words: `anna@laptop`, `root@runner (sudo by anna)`, `bot@runner (anna in CI)`."""
        by = [f"sudo by {self.sudo}"] if self.sudo else []
        by += [f"{self.ci} in CI"] if self.ci else []
        who = f"{self.user}@{self.machine}" if self.machine else self.user
        return f"{who} ({', '.join(by)})" if by else who

    @property
    def version(self) -> str:
        """The commit in words: `1a2b3c4d5e6f`, with what is not committed, or why there is none."""
        if not self.commit:
            return f"no commit ({self.no_commit})" if self.no_commit else ""
        rest = {True: "", False: " with changes that are not committed", None: " (whether with changes is not known)"}
        return f"{self.commit[:12]}{rest[self.clean]}"

    def to_json(self) -> dict[str, Any]:
        """Its part of the stable `--json` output."""
        return {**asdict(self), "who": self.who}

    def facts(self) -> list[tuple[str, str]]:
        """What is known, for people: names and values in the order in which they are shown."""
        pairs = (("by", self.who), ("job", self.job), ("commit", self.version), ("reason", self.reason))
        return [(name, value) for name, value in pairs if value]


def provenance(project: Path, reason: str = "", environment: Mapping[str, str] = os.environ) -> Provenance:
    """Who runs this here and now, on a project as it is now."""
    ci, job = _from_ci(environment)
    commit, clean, why_not = _commit(project)
    return Provenance(
        user=user_name(os.getuid()),
        sudo=_short(environment.get("SUDO_USER", "")) if os.getuid() == 0 and environment.get("SUDO_UID") else "",
        machine=socket.gethostname(),
        ci=ci,
        job=job,
        commit=commit,
        clean=clean,
        no_commit=why_not,
        reason=reason,
    )


def checked_reason(reason: str) -> str:
    """An operator's reason without blanks around it. Raises RefusedError for one that is long or steers terminals."""
    reason = reason.replace("\N{NO-BREAK SPACE}", " ").strip()
    if len(reason) > LONGEST_REASON:
        raise RefusedError(f"--reason has {len(reason)} characters and may have {LONGEST_REASON}. Nothing was changed.")
    if not reason.isprintable():
        raise RefusedError(
            "--reason has line breaks or control characters; write one line of text. Nothing was changed."
        )
    return reason


def _commit(project: Path) -> tuple[str, bool | None, str]:
    try:
        commit = git.ask(project, "rev-parse", "--verify", "HEAD^{commit}")
    except git.GitError as error:
        return "", None, str(error)
    if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", commit):
        return "", None, "git names no commit"
    try:
        # What is not committed in a submodule is seen by its other commit alone: nothing of its own is run.
        said = git.ask(
            project, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=dirty", "--", *_FOLDERS
        )
    except git.GitError:
        return commit, None, ""
    return commit, not said, ""


def _from_ci(environment: Mapping[str, str]) -> tuple[str, str]:
    """The user and the job that a CI system names in the environment of its jobs.

    https://docs.gitlab.com/ci/variables/predefined_variables, GitHub's "Variables reference" of GitHub Actions, and
    Jenkins' BUILD_URL with the build user vars plugin's BUILD_USER_ID.
    """

    def said(name: str) -> str:
        return _short(environment.get(name, ""))

    if said("GITLAB_CI"):
        return said("GITLAB_USER_LOGIN"), _url(said("CI_JOB_URL"))
    if said("GITHUB_ACTIONS"):
        job = "/".join((said("GITHUB_SERVER_URL"), said("GITHUB_REPOSITORY"), "actions/runs", said("GITHUB_RUN_ID")))
        return said("GITHUB_TRIGGERING_ACTOR") or said("GITHUB_ACTOR"), _url(job)
    if said("BUILD_URL"):
        return said("BUILD_USER_ID"), _url(said("BUILD_URL"))
    return "", ""


def _short(text: str) -> str:
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _url(text: str) -> str:
    """A web address without a login in it; empty for anything else."""
    try:
        parts = urlsplit(text)
        place = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not place:
        return ""
    return urlunsplit((parts.scheme, f"{place}{port}", parts.path, parts.query, ""))
