"""The supervisor travels alone: one file, any Python from 3.8, standard library only."""

import ast
import sys
from pathlib import Path

from reprise.adapters.process import supervisor

SOURCE = Path(supervisor.__file__).read_text()


def test_python_3_8_can_parse_it() -> None:
    ast.parse(SOURCE, feature_version=(3, 8))


def test_it_imports_the_standard_library_only() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported <= sys.stdlib_module_names
