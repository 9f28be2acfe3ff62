"""Notebooks as rules see them: code cells with their lines in the file, and the same as Python."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reprise.domain.lint.python import Python, read_python
from reprise.domain.lint.repo import MOST_TEXT, Repo

_CELL = re.compile(r'\s*"cell_type": "(?:code|markdown|raw|heading)"')
_SOURCE = re.compile(r'\s*"source": (?P<list>\[)?')
_HARMLESS = ("%%time", "%%timeit", "%%capture")
"""Cell magics below which there is Python."""


MOST_NOTEBOOK = 8 * 2**20
"""Bytes of a notebook that is read."""


@dataclass(frozen=True, slots=True)
class Cell:
    line: int
    """Of the cell in the file, from 1."""
    source: tuple[str, ...]
    first: int | None
    """Line of the first line of the source; None where a line of the file is not one of the source."""
    count: int | None
    """Its place in the order of execution; None when it was not executed since the last start."""
    outputs: bool


@dataclass(frozen=True, slots=True)
class Notebook:
    path: str
    cells: tuple[Cell, ...]
    """Code only, without empty ones."""
    python: str | None
    """Version of the kernel that the outputs come from."""


def text_of(repo: Repo, path: str) -> str:
    """Pictures make notebooks larger than other sources."""
    text = repo.text(path)
    entry = repo.entries.get(path)
    if text is not None or entry is None or not MOST_TEXT < entry.size <= MOST_NOTEBOOK:
        return text or ""
    return (repo.load(path) or b"").decode("utf-8", "replace")


def read_notebook(path: str, text: str) -> Notebook | None:
    """None where it is no notebook of format 4."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return None
    cells = [each if isinstance(each, dict) else {} for each in content["cells"]]
    return Notebook(path, tuple(_code(cells, text.splitlines())), _kernel(content))


def as_python(path: str, text: str) -> Python | None:
    """Every line of code where it stands in the file, so that a finding points there."""
    notebook = read_notebook(path, text)
    if notebook is None:
        return None
    lines = [""] * (len(text.splitlines()) + 1)
    for cell in notebook.cells:
        code = _without_magic(cell.source)
        if cell.first is not None and code is not None:
            lines[cell.first - 1 : cell.first - 1 + len(code)] = code
    return read_python(path, "\n".join(lines))


def shell_lines(notebook: Notebook) -> Iterator[tuple[int, str]]:
    """What is handed to a shell, with its line in the file."""
    for cell in notebook.cells:
        for place, line in enumerate(cell.source):
            if line.lstrip().startswith("!"):
                yield cell.line if cell.first is None else cell.first + place, line.lstrip()[1:]


def _code(cells: list[dict[str, Any]], raw: list[str]) -> Iterator[Cell]:
    starts = [number for number, line in enumerate(raw) if _CELL.match(line)]
    if len(starts) != len(cells):
        starts = []
    for place, cell in enumerate(cells):
        source = cell.get("source")
        lines = source if isinstance(source, list) else [source]
        whole = "".join(each for each in lines if isinstance(each, str))
        if cell.get("cell_type") != "code" or not whole.strip():
            continue
        end = starts[place + 1] if place + 1 < len(starts) else len(raw)
        first = _first_line(raw, starts[place], end, whole, len(lines)) if starts else None
        count = cell.get("execution_count")
        yield Cell(
            starts[place] + 1 if starts else 1,
            tuple(whole.splitlines()),
            first,
            count if isinstance(count, int) else None,
            bool(cell.get("outputs")),
        )


def _first_line(raw: list[str], start: int, end: int, whole: str, written: int) -> int | None:
    if len(whole.splitlines()) != written:
        return None
    for number in range(start, end):
        if said := _SOURCE.match(raw[number]):
            return number + 2 if said["list"] and raw[number].rstrip().endswith("[") else number + 1
    return None


def _without_magic(source: tuple[str, ...]) -> list[str] | None:
    """None where it is another language, or no Python by itself."""
    lines = list(source)
    if lines and lines[0].startswith("%%"):
        if not lines[0].startswith(_HARMLESS):
            return None
        lines[0] = ""
    lines = [_plain(line) for line in lines]
    try:
        ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return lines


def _plain(line: str) -> str:
    bare = line.lstrip()
    return f"{line[: len(line) - len(bare)]}pass" if bare.startswith(("%", "!", "?")) else line


def _kernel(content: dict[str, Any]) -> str | None:
    metadata = content.get("metadata")
    language = metadata.get("language_info") if isinstance(metadata, dict) else None
    if not isinstance(language, dict) or language.get("name") != "python":
        return None
    version = language.get("version")
    return version if isinstance(version, str) else None
