"""What travels to other places: a few files each, any Python from 3.8, standard library only."""

import ast
import inspect
import sys
from pathlib import Path

import pytest

from reprise_runner import (
    confinement,
    control_group,
    inside,
    job_gpus,
    job_log,
    job_processes,
    job_samples,
    supervisor,
)

SUPERVISOR = (
    supervisor,
    confinement,
    control_group,
    job_gpus,
    job_log,
    job_processes,
    job_samples,
)
TYPES_ONLY = {"collections.abc"}
"""Under ``TYPE_CHECKING``, so never loaded."""
HOOK = [path for path in Path(inside.__path__[0]).glob("*.py") if path.name != "__init__.py"]
SOURCES = [*map(inspect.getsource, SUPERVISOR), *(path.read_text() for path in HOOK)]


@pytest.mark.parametrize("source", SOURCES)
def test_python_3_8_can_parse_it(source: str) -> None:
    ast.parse(source, feature_version=(3, 8))


@pytest.mark.parametrize("source", SOURCES)
def test_it_imports_the_standard_library_only(source: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported - TYPES_ONLY <= sys.stdlib_module_names


@pytest.mark.parametrize("source", SOURCES)
def test_it_stays_short_enough_to_be_read(source: str) -> None:
    assert len(source.splitlines()) <= 500
