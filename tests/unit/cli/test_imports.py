"""Commands that only look at text start fast: what they need not is not imported."""

import subprocess
import sys

import pytest

LARGE = ("mlflow", "scipy", "fastapi", "dbos", "github", "git", "uvicorn", "alembic")


MODULES = ("reprise.cli", "reprise.checking", "reprise.planning", "reprise.verifying")


@pytest.mark.parametrize("module", MODULES)
def test_large_libraries_are_left_alone(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {LARGE} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""
