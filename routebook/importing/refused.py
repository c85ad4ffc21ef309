"""An import that is refused, with every reason at once."""

from collections.abc import Iterable

from routebook.errors import RefusedError


class ImportRefusedError(RefusedError):
    """Nothing was written; each sentence is a reason, with file and line."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self._sentences = tuple(sentences)
        super().__init__("\n".join(self._sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every reason."""
        return self._sentences
