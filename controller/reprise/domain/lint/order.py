"""RX34: a notebook shows what executing it from the first cell to the last gives."""

from collections.abc import Iterator

from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.notebooks import Cell, Notebook, read_notebook, text_of
from reprise.domain.lint.reach import is_beside, is_of_others, jobs
from reprise.domain.lint.repo import Repo

_FIX = "restart the kernel, execute all cells and commit that, or commit the notebook without outputs"


def rx34(repo: Repo) -> Iterator[Found]:
    entries = {path for job in jobs(repo) for path in job.started.notebooks}
    for path in repo.named("*.ipynb"):
        if is_of_others(path) or (is_beside(path) and path not in entries):
            continue
        notebook = read_notebook(path, text_of(repo, path))
        if notebook is not None:
            severity = Severity.ERROR if path in entries else None
            yield from _order(notebook, severity)
            yield from _kernel(repo, notebook)


def _order(notebook: Notebook, severity: Severity | None) -> Iterator[Found]:
    executed = [cell for cell in notebook.cells if cell.count is not None]
    if not executed:
        return
    for message, cell in (
        ("a cell was executed before one that stands above it", _first_back(executed)),
        (
            "a cell was not executed, and others were",
            next((c for c in notebook.cells if c.count is None), None),
        ),
    ):
        if cell is not None:
            yield Found(notebook.path, cell.line, message, _FIX, severity)


def _first_back(executed: list[Cell]) -> Cell | None:
    highest = 0
    for cell in executed:
        if (cell.count or 0) <= highest:
            return cell
        highest = cell.count or 0
    return None


def _kernel(repo: Repo, notebook: Notebook) -> Iterator[Found]:
    """Minor versions are compared: the outputs must come from the Python that the run gets."""
    declared = {each.spec.environment.python for each in repo.experiments}
    written = (repo.text(".python-version") or "").strip()
    wanted = next(iter(declared), None) if len(declared) == 1 else None
    wanted = wanted or written
    if not wanted or not notebook.python or not any(cell.outputs for cell in notebook.cells):
        return
    if _minor(wanted) and _minor(wanted) != _minor(notebook.python):
        message = f"the outputs come from Python {notebook.python}, and the environment has {wanted}"
        yield Found(notebook.path, 1, message, "execute the notebook in the environment that is declared")


def _minor(version: str) -> tuple[str, ...]:
    parts = tuple(version.removeprefix("python-").split(".")[:2])
    return parts if len(parts) == 2 and all(part.isdigit() for part in parts) else ()
