"""What travels to other places: short files, any Python from 3.8, standard library only."""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import reprise_runner
from reprise_runner import inside

OURS = Path(inspect.getfile(reprise_runner)).parent
RUNNER = sorted(OURS.glob("*.py"))
HOOK = [path for path in Path(inside.__path__[0]).glob("*.py") if path.name != "__init__.py"]
FILES = [pytest.param(path.read_text(), id=path.name) for path in (*RUNNER, *HOOK)]
NOT_OURS = {"collections.abc", "pynvml"}
"""The first under ``TYPE_CHECKING`` only; the second where it is."""
LATER = {
    "removeprefix": (3, 9),
    "removesuffix": (3, 9),
    "is_relative_to": (3, 9),
    "hardlink_to": (3, 10),
    "bit_count": (3, 10),
    "pairwise": (3, 10),
    "add_note": (3, 11),
    "UTC": (3, 11),
    "tomllib": (3, 11),
    "batched": (3, 12),
    "to_thread": (3, 9),
    "waitstatus_to_exitcode": (3, 9),
    "pidfd_open": (3, 9),
}
"""Names of the standard library that we are tempted by, and their first version."""


@pytest.mark.parametrize("source", FILES)
def test_python_3_8_can_parse_it(source: str) -> None:
    ast.parse(source, feature_version=(3, 8))


@pytest.mark.parametrize("source", FILES)
def test_it_uses_nothing_that_came_after_python_3_8(source: str) -> None:
    tree = ast.parse(source)
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert sorted(names & set(LATER)) == []
    assert not any(_is_zip(node) for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize("source", FILES)
def test_annotations_that_python_3_8_cannot_evaluate_are_not_evaluated(source: str) -> None:
    """``int | None`` and ``list[str]`` are no values there."""
    tree = ast.parse(source)
    postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    hard = [each for each in annotations(tree) if isinstance(each, ast.BinOp | ast.Subscript)]

    assert postponed or not hard


def annotations(tree: ast.Module) -> Iterator[ast.expr | None]:
    """Of functions and fields; those of a function's own variables are never evaluated."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.returns
        if isinstance(node, ast.arg):
            yield node.annotation
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from (each.annotation for each in node.body if isinstance(each, ast.AnnAssign))


@pytest.mark.parametrize("source", FILES)
def test_it_imports_the_standard_library_only(source: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - NOT_OURS - {"reprise_runner"} <= sys.stdlib_module_names


@pytest.mark.parametrize("source", FILES)
def test_it_stays_short_enough_to_be_read(source: str) -> None:
    assert len(source.splitlines()) <= 400


def _is_zip(call: ast.Call) -> bool:
    strict = any(keyword.arg == "strict" for keyword in call.keywords)
    return strict and isinstance(call.func, ast.Name) and call.func.id == "zip"
