"""Notebooks as rules see them: code cells with their lines in the file, and the same as Python."""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reprise.domain.lint.python import Python, read_python
from reprise.domain.lint.repo import MOST_TEXT, Repo

_CELL = re.compile(r'"cell_type"\s*:\s*"(?:code|markdown|raw|heading)"')
_SOURCE = re.compile(r'\s*"source"\s*:\s*(?P<list>\[)?')
_OF_IPYTHON = re.compile(
    r"\s*(?:[%!?]|[\w.*\[\]]+\?{1,2}\s*$|(?P<target>[A-Za-z_][\w., ]*)=\s*(?P<kind>!|%[a-z]))(?P<rest>.*)"
)
"""``!ls``, ``%pip list``, ``frame?`` and ``files = !ls``."""
_SHELLS = ("%%bash", "%%sh", "%%!")
_INSTALLERS = ("%pip ", "%conda ", "%mamba ")
_HARMLESS = ("%%time", "%%timeit", "%%capture")
"""Cell magics below which there is Python."""


MOST_NOTEBOOK = 8 * 2**20
"""Bytes of a notebook that is read."""


@dataclass(frozen=True, slots=True)
class Cell:
    line: int
    """Of the cell in the file, from 1."""
    source: tuple[str, ...]
    numbers: tuple[int, ...]
    """Line in the file of each line of the source; of all the same where they have none of their own."""
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
    language: str | None
    """Of the cells, in lower case; None where nothing says so."""


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
    return Notebook(path, tuple(_code(cells, text.splitlines())), _kernel(content), _language(content))


def as_python(path: str, text: str) -> Python | None:
    """Every line of code where it stands in the file, so that a finding points there."""
    notebook = read_notebook(path, text)
    if notebook is None:
        return None
    lines: list[str] = []
    numbers: list[int] = []
    for cell in notebook.cells:
        code = _without_magic(cell.source)
        if code is not None:
            lines += code
            numbers += cell.numbers
    return read_python(path, "\n".join(lines), numbers)


def unread_cells(notebook: Notebook) -> Iterator[int]:
    """Lines of the cells that are meant to be Python and cannot be parsed."""
    if notebook.language not in (None, "python"):
        return
    for cell in notebook.cells:
        meant = not cell.source[0].startswith("%%") or cell.source[0].startswith(_HARMLESS)
        if meant and _without_magic(cell.source) is None:
            yield cell.numbers[0]


def shell_lines(notebook: Notebook) -> Iterator[tuple[int, str]]:
    """What is handed to a shell, with its line in the file."""
    for cell in notebook.cells:
        whole = cell.source[0].startswith(_SHELLS)
        for number, line in list(zip(cell.numbers, cell.source, strict=True))[whole:]:
            if (command := line if whole else _handed(line)) is not None:
                yield number, command


def _handed(line: str) -> str | None:
    bare = line.lstrip()
    if bare.startswith(_INSTALLERS):
        return bare[1:]
    if bare.startswith("!"):
        return bare.lstrip("!")
    said = _OF_IPYTHON.fullmatch(line)
    return said["rest"] if said is not None and said["kind"] == "!" else None


def _code(cells: list[dict[str, Any]], raw: list[str]) -> Iterator[Cell]:
    starts = [number for number, line in enumerate(raw) for _ in _CELL.finditer(line)]
    if len(starts) != len(cells):
        starts = [0] * len(cells)
    for place, cell in enumerate(cells):
        source = cell.get("source")
        lines = source if isinstance(source, list) else [source]
        whole = "".join(each for each in lines if isinstance(each, str))
        if cell.get("cell_type") != "code" or not whole.strip():
            continue
        end = starts[place + 1] if place + 1 < len(starts) else len(raw)
        inside = range(starts[place], end if starts[-1] else 0)
        count = cell.get("execution_count")
        yield Cell(
            starts[place] + 1,
            tuple(whole.splitlines()),
            _numbers(raw, inside, len(whole.splitlines()), len(lines)),
            count if isinstance(count, int) else None,
            bool(cell.get("outputs")),
        )


def _numbers(raw: list[str], inside: range, lines: int, written: int) -> tuple[int, ...]:
    """``written`` is the number of texts that the source consists of: Jupyter writes one for each line."""
    for number in inside:
        if said := _SOURCE.match(raw[number]):
            own = said["list"] and raw[number].rstrip().endswith("[") and lines == written
            if own and "".join(raw[number + 1 + lines : number + 2 + lines]).lstrip().startswith("]"):
                return tuple(range(number + 2, number + 2 + lines))
            return (number + 1,) * lines
    return (inside.start + 1,) * lines


def _without_magic(source: tuple[str, ...]) -> list[str] | None:
    """None where it is another language, or no Python by itself."""
    lines = list(source)
    if lines and lines[0].startswith("%%"):
        if not lines[0].startswith(_HARMLESS):
            return None
        lines[0] = ""
    if _parses(lines):
        return lines
    lines = list(_plain(lines))
    return lines if _parses(lines) else None


def _parses(lines: list[str]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _plain(lines: list[str]) -> Iterator[str]:
    """Without what only IPython understands, and what such a line goes on with."""
    goes_on = False
    for line in lines:
        is_own = goes_on or _OF_IPYTHON.fullmatch(line) is not None
        indent = line[: len(line) - len(line.lstrip())]
        yield line if not is_own else "" if goes_on else f"{indent}pass"
        goes_on = is_own and line.rstrip().endswith("\\")


def _kernel(content: dict[str, Any]) -> str | None:
    metadata = content.get("metadata")
    language = metadata.get("language_info") if isinstance(metadata, dict) else None
    if not isinstance(language, dict) or language.get("name") != "python":
        return None
    version = language.get("version")
    return version if isinstance(version, str) else None


def _language(content: dict[str, Any]) -> str | None:
    metadata = content.get("metadata")
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        said = metadata.get(part) if isinstance(metadata, dict) else None
        name = said.get(key) if isinstance(said, dict) else None
        if isinstance(name, str):
            return name.lower()
    return None
