"""A mistake in an inventory, and where the refusal has to point."""

from dataclasses import dataclass

from routebook.intent.problem import Problem
from tests.networks.project import Project


@dataclass(frozen=True)
class Mistake:
    """`old` in `file` becomes `new`; the problem stands where `at` does, in `elsewhere` or the same file.

    `version` and `package` are what the firewall runs: a release of ASA, a BGP package of pfSense.
    """

    promise: str
    file: str
    old: str
    new: str
    at: str
    says: str
    fix: str = ""
    package: str = "frr"
    elsewhere: str = ""
    version: str = ""

    def make(self, project: Project) -> None:
        """Make it."""
        if self.old:
            project.change(self.file, self.old, self.new)

    @property
    def told_in(self) -> str:
        """The file that the problem is in."""
        return self.elsewhere or self.file

    def line(self, project: Project) -> int:
        """The line on which the first `at` begins."""
        text = project.text(self.told_in)
        return text[: text.index(self.at)].count("\n") + 1

    def told(self, project: Project, line: int) -> list[Problem]:
        """What is said of it: all of it on this line."""
        found = [p for p in project.problems() if self.says in p.message and self.fix in p.fix]
        everything = "\n".join(map(str, project.problems()))
        assert {(p.mark.file, p.mark.line) for p in found} == {(f"inventory/{self.told_in}.yaml", line)}, everything
        return found
