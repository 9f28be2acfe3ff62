"""Which Python a repository asks for, in the files of the tools that could tell."""

import re

from reprise.domain.adopt import dockerfile, mlproject, notebook, tree
from reprise.domain.adopt.model import Chosen, Entry, Place
from reprise.domain.lint.repo import Repo

_VERSION = re.compile(r"(?:python[-=]{0,2})?(3\.\d{1,2})(?:\.\d+)?(?:\.\*)?")
_RUNTIME = ("runtime.txt", "binder/runtime.txt", ".binder/runtime.txt")
_CONDA = ("environment.yml", "environment.yaml", "binder/environment.yml", "conda.yaml")
_REQUIRED = re.compile(r"""requires-python\s*=\s*["']([^"'\n]{1,40})["']\s*""")


def find(repo: Repo, entry: Entry) -> Chosen | None:
    """By REES, MLflow, conda, an image or the notebook; patch releases are left out: few are installed."""
    return _runtime(repo) or _mlflow(repo) or _conda(repo) or _image(repo) or _notebook(repo, entry)


def found_by_itself(repo: Repo) -> Chosen | None:
    """What every run finds without a word in the spec."""
    for number, line in enumerate(repo.lines(".python-version"), start=1):
        if line.partition("#")[0].strip():
            return Chosen(_shown(line.strip()), Place(".python-version", number), "")
    for number, line in enumerate(repo.lines("pyproject.toml"), start=1):
        found = _REQUIRED.fullmatch(line.strip())
        if found:
            return Chosen(_shown(found[1]), Place("pyproject.toml", number), "")
    return None


def _runtime(repo: Repo) -> Chosen | None:
    for path in _RUNTIME:
        for number, line in enumerate(repo.lines(path), start=1):
            if version := _version(line):
                return Chosen(version, Place(path, number), "the runtime that the file asks for")
    return None


def _mlflow(repo: Repo) -> Chosen | None:
    project = tree.read(repo, mlproject.FILE)
    named = tree.text(tree.section(project, "python_env")) or "python_env.yaml"
    node = tree.section(tree.read(repo, named), "python")
    version = _version(tree.text(node) or "")
    if node is None or version is None:
        return None
    return Chosen(version, tree.place(named, node), "the Python of MLflow's environment")


def _conda(repo: Repo) -> Chosen | None:
    named = tree.text(tree.section(tree.read(repo, mlproject.FILE), "conda_env"))
    for path in (*((named,) if named else ()), *_CONDA):
        for node in tree.items(tree.section(tree.read(repo, path), "dependencies")):
            text = (tree.text(node) or "").replace(" ", "")
            if text.startswith("python=") and (version := _version(text)):
                return Chosen(version, tree.place(path, node), "the Python of the conda environment")
    return None


def _image(repo: Repo) -> Chosen | None:
    found = dockerfile.python_of(repo)
    return Chosen(found[0], found[1], "the Python of the base image") if found else None


def _notebook(repo: Repo, entry: Entry) -> Chosen | None:
    if entry.script is None or not entry.script.endswith(".ipynb"):
        return None
    version = _version(notebook.python_of(repo, entry.script))
    return Chosen(version, Place(entry.script), "the Python that it was saved with") if version else None


def _version(text: str) -> str | None:
    found = _VERSION.fullmatch(text.strip())
    return found[1] if found else None


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:40]
