"""What every rendering here needs: the templates, and secrets that are words."""

from pathlib import Path

from routebook.intent.model import HostIntent, SecretRef
from routebook.project.render import render_host

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


class Known:
    """Resolves a secret to a word that its reference names."""

    def resolve(self, reference: SecretRef) -> str:
        """The word."""
        return f"the-{reference.env}-key-0123456789"


_MOST = 4096
_RENDERED: dict[
    int, tuple[HostIntent, str]
] = {}  # by the intent's identity: one with an operator's own keys has no hash


def rendered(intent: HostIntent) -> str:
    """The text of every section of a host."""
    found = _RENDERED.get(id(intent))
    if found is None:
        if len(_RENDERED) >= _MOST:
            _RENDERED.clear()
        text = "\n".join(section.text for section in render_host(intent, TEMPLATES, Known()).sections)
        found = _RENDERED[id(intent)] = (intent, text)
    return found[1]
