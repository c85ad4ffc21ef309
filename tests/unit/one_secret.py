"""Secrets as rendering asks for them, where a test says what the secret is."""

from routebook.intent.model import SecretRef


class OneSecret:
    """Gives one secret for every reference."""

    def __init__(self, value: str) -> None:
        self.value = value

    def resolve(self, reference: SecretRef) -> str:  # noqa: ARG002  the same for every reference
        return self.value
