"""What every test needs."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# An example that a busy machine or a first import makes slow is no failure.
settings.register_profile("reprise", settings(), deadline=None)
settings.load_profile("reprise")


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A program that a test starts in this process sets how it logs, for everybody after it."""
    configured, before = structlog.is_configured(), structlog.get_config()
    yield
    if configured:
        structlog.configure(**before)
    else:
        structlog.reset_defaults()
