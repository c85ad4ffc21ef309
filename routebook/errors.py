"""Errors that end a command before anything was changed, each a sentence for the operator."""


class RefusedError(Exception):
    """The command was refused before any device was changed; exit code 1. The message says why and what to do."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What an operator is shown, each on a line of its own."""
        return (str(self),)


class InterruptedRunError(Exception):
    """The operator interrupted a command before any device was changed; exit code 130."""
