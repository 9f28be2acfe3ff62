"""RX37: no finding in a file says nothing where the file could not be read; it is named instead."""

import ast
import warnings
from collections.abc import Iterator

from reprise.domain.lint.model import Found
from reprise.domain.lint.notebooks import MOST_NOTEBOOK, read_notebook, text_of, unread_cells
from reprise.domain.lint.reach import jobs, own_notebooks
from reprise.domain.lint.repo import MOST_TEXT, Kind, Repo

_UNSEEN = "so that no rule looks at it"
_SPLIT = "keep data out of it, so that it becomes smaller"


def rx37(repo: Repo) -> Iterator[Found]:
    for path in dict.fromkeys(path for job in jobs(repo) for path in job.unread):
        yield _module(repo, path)
    started = (path for job in jobs(repo) for path in job.started.notebooks)
    for path in dict.fromkeys(started if repo.experiments else own_notebooks(repo)):
        entry = repo.entries.get(path)
        if entry is not None and entry.kind is Kind.FILE:
            yield from _notebook(repo, path)


def _module(repo: Repo, path: str) -> Found:
    if repo.entries[path].size > MOST_TEXT:
        return Found(path, 1, f"this module is larger than {_mebibytes(MOST_TEXT)}, {_UNSEEN}", _SPLIT)
    text = repo.text(path)
    if text is None:
        return Found(path, 1, f"this module is not UTF-8, {_UNSEEN}", "save it in UTF-8")
    message = f"this module cannot be parsed as Python 3, {_UNSEEN}"
    return Found(path, _line_of_mistake(text), message, "correct what `python -m py_compile` says about it")


def _line_of_mistake(text: str) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as mistake:
        return max(mistake.lineno or 1, 1)
    except (ValueError, RecursionError, MemoryError):
        return 1
    return 1


def _notebook(repo: Repo, path: str) -> Iterator[Found]:
    if repo.entries[path].size > MOST_NOTEBOOK:
        yield Found(path, 1, f"this notebook is larger than {_mebibytes(MOST_NOTEBOOK)}, {_UNSEEN}", _SPLIT)
        return
    notebook = read_notebook(path, text_of(repo, path))
    if notebook is None:
        fix = "save it with a current Jupyter, or convert it with `jupyter nbconvert --to notebook`"
        yield Found(path, 1, f"this is no notebook of format 4, {_UNSEEN}", fix)
        return
    for line in unread_cells(notebook):
        message = f"this cell cannot be parsed as Python 3, {_UNSEEN}"
        yield Found(path, line, message, "correct it, or make it a raw cell", alike="cell")


def _mebibytes(size: int) -> str:
    return f"{size // 2**20} MiB"
