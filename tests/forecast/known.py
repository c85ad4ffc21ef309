"""What every rendering here needs: the templates, and secrets that are words."""

from pathlib import Path

from routebook.intent.model import SecretRef

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


class Known:
    """Resolves a secret to a word that its reference names."""

    def resolve(self, reference: SecretRef) -> str:
        """The word."""
        return f"the-{reference.env}-key-0123456789"
