from pathlib import Path

import pytest
from tests.integration.evidence.environment import ensure_validator


@pytest.fixture(scope="session")
def validator_python() -> Path:
    return ensure_validator()
