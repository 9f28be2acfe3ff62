"""The code that a command runs, as far as it can be told: its script, and what that imports beside it."""

from pathlib import PurePosixPath

from reprise.domain.adopt import notebook
from reprise.domain.adopt.model import Entry, Place
from reprise.domain.lint.python import Python
from reprise.domain.lint.repo import Repo


def code_of(repo: Repo, entry: Entry) -> tuple[Python, ...]:
    """The script first; empty where it is no Python."""
    script = _script(repo, entry)
    if script is None:
        return ()
    known = {python.path: python for python in repo.python}
    folder = PurePosixPath(script.path).parent
    found = {script.path: script}
    for each in script.imports:
        name = each.module.replace(".", "/")
        for path in (f"{name}.py", f"{name}/__init__.py"):
            for place in (path, (folder / path).as_posix()):
                if name and place in known:
                    found.setdefault(place, known[place])
    return tuple(found.values())


def place(python: Python, line: int) -> Place:
    """A line of a notebook's code is no line of its file."""
    return Place(python.path, None if python.path.endswith(".ipynb") else line)


def _script(repo: Repo, entry: Entry) -> Python | None:
    if entry.script is None:
        return None
    if entry.script.endswith(".ipynb"):
        return notebook.code(repo, entry.script)
    return next((python for python in repo.python if python.path == entry.script), None)
