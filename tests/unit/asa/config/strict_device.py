"""A device that refuses to lose, or to lack, what is referred to by name: what no change may come near to."""

from collections.abc import Sequence

from routebook.platforms.asa.config import Config, Device
from routebook.platforms.asa.config.references import defines, uses


class StrictDevice(Device):
    """Takes commands as `Device` does, one by one, and answers an error for those that break a reference."""

    def enter(self, path: Sequence[str], line: str, payload: str = "") -> str:
        """Take a line in the mode that `path` opens. Returns the answer: nothing, or `ERROR: …` and no change."""
        return self._reference_error(path, line) or super().enter(path, line, payload)

    def _reference_error(self, path: Sequence[str], line: str) -> str:
        before = self.config.commands
        trial = Device(Config(self.config.nodes))
        trial.enter(path, line)
        after = trial.config.commands
        names = {name for node in before for name in defines(node)}
        left = {name for node in after for name in defines(node)}
        used = {name for node in after for text in node.lines() for name in uses(node.line, text)}
        was_used = {name for node in before for text in node.lines() for name in uses(node.line, text)}
        if lost := sorted((names - left) & used):
            return f"ERROR: {lost[0][0]} {lost[0][1]} is being used"
        if lacking := sorted((used - was_used) - left):
            return f"ERROR: {lacking[0][0]} {lacking[0][1]} does not exist"
        return ""
