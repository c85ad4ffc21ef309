"""How hypothesis judges examples here: by their results, not by how long a busy machine takes for one."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from routebook.redaction.redactor import OF_THIS_PROCESS

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests() -> Iterator[None]:
    """Let what is shown here be without the secrets that were resolved here, and not without those of another test."""
    yield
    OF_THIS_PROCESS.forget()
