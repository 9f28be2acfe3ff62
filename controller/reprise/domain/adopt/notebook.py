"""A notebook as the experiment: run by papermill, read as the Python of its cells."""

import json
from pathlib import PurePosixPath
from typing import Any

from reprise.domain.adopt.model import Entry, Kind, Left, Place
from reprise.domain.adopt.ranks import LAST, likeliest, rank
from reprise.domain.lint.python import Python, read_python
from reprise.domain.lint.repo import Repo

RUNNER = "papermill"
_NO_EXPERIMENT = ("chi/", ".ipynb_checkpoints/", "docs/")


def command(repo: Repo) -> Entry | None:
    """The notebook with the likeliest name, or the only one."""
    tracked = [
        path
        for path in repo.named("*.ipynb")
        if not path.startswith(_NO_EXPERIMENT) and "/.ipynb_checkpoints/" not in path
    ]
    best = [path for path in likeliest(tracked) if _is_python(repo, path)]
    chosen = [path for path in best if rank(path) != LAST] or (best if len(best) == 1 else [])
    if not chosen:
        return None
    path = chosen[0]
    executed = f"{PurePosixPath(path).stem}.executed.ipynb"
    others = f" (others: {', '.join(chosen[1:4])})" if len(chosen) > 1 else ""
    return Entry(
        Kind.NOTEBOOK,
        (RUNNER, path, executed, *_kernel(repo, path)),
        Place(path),
        f"the notebook, executed from top to bottom by papermill{others}",
        path,
        output=executed,
        left=_left(repo, path),
    )


def code(repo: Repo, path: str) -> Python | None:
    """Its code cells as one file; lines of magic and of the shell are left out."""
    cells = [_source(cell) for cell in _cells(repo, path) if cell.get("cell_type") == "code"]
    lines = "\n".join(cells).splitlines()
    return read_python(path, "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!"))))


def python_of(repo: Repo, path: str) -> str:
    """Which Python it was saved with; empty where it does not say."""
    language = _metadata(repo, path).get("language_info")
    version = language.get("version") if isinstance(language, dict) else None
    return version if isinstance(version, str) else ""


def _left(repo: Repo, path: str) -> tuple[Left, ...]:
    if any(_names(repo, file) for file in repo.named("requirements.txt", "uv.lock", "requirements.in")):
        return ()
    return (
        Left(
            "no lock file has papermill, which executes the notebook",
            "add papermill and ipykernel to what is locked",
            Place(path),
        ),
    )


def _names(repo: Repo, file: str) -> bool:
    return RUNNER in (repo.text(file) or "").lower()


def _kernel(repo: Repo, path: str) -> tuple[str, ...]:
    """The name of the author's own kernel exists on their machine alone."""
    spec = _metadata(repo, path).get("kernelspec")
    name = spec.get("name") if isinstance(spec, dict) else None
    return () if name == "python3" else ("-k", "python3")


def _is_python(repo: Repo, path: str) -> bool:
    spec = _metadata(repo, path).get("kernelspec")
    language = spec.get("language") if isinstance(spec, dict) else None
    return bool(_cells(repo, path)) and language in (None, "python")


def _metadata(repo: Repo, path: str) -> dict[str, Any]:
    found = _loaded(repo, path).get("metadata")
    return found if isinstance(found, dict) else {}


def _cells(repo: Repo, path: str) -> list[dict[str, Any]]:
    found = _loaded(repo, path).get("cells")
    return [cell for cell in found if isinstance(cell, dict)] if isinstance(found, list) else []


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _loaded(repo: Repo, path: str) -> dict[str, Any]:
    try:
        found = json.loads(repo.text(path) or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
