"""What runs for an experiment: the script of its command and the local modules that this imports.

Rules about the job look at these files only, so that nobody is told about a test or a vendored library.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname, join, normpath

from reprise.domain.lint.entry import Started, import_roots, module_paths, started
from reprise.domain.lint.notebooks import as_python, text_of
from reprise.domain.lint.python import Python
from reprise.domain.lint.repo import Experiment, Repo
from reprise.domain.spec.model import Network

_BESIDE = frozenset({"test", "tests", "testing", "doc", "docs"})
_OF_OTHERS = frozenset(
    {
        *("vendor", "vendored", "third_party", "thirdparty", "3rdparty", "external", "externals"),
        *("site-packages", "node_modules", ".venv", "venv"),
    }
)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_TARGET = re.compile(r"^\s*(?:- )?_target_:\s*[\"']?([A-Za-z_][\w.]*)", re.MULTILINE)


OPENING = "write `environment: {network: open}`"
"""What gives a job a network."""


@dataclass(frozen=True, slots=True)
class Job:
    experiment: Experiment | None
    """None where none is declared; then everything that may run is looked at."""
    started: Started
    files: tuple[Python, ...]
    unread: tuple[str, ...] = ()
    """Paths of what belongs to them and cannot be parsed."""

    @property
    def has_network(self) -> bool:
        return self.experiment is not None and self.experiment.spec.environment.network is Network.OPEN

    def is_entry(self, path: str) -> bool:
        return path in self.started.python or path in self.started.notebooks


def jobs(repo: Repo) -> tuple[Job, ...]:
    """One for each experiment, or a single one of all that may run."""
    kept = vars(repo)  # beside what the repository itself keeps: a dozen rules ask
    if "jobs" not in kept:
        kept["jobs"] = tuple(_job(repo, each) for each in repo.experiments) or (_anything(repo),)
    found: tuple[Job, ...] = kept["jobs"]
    return found


def reached(repo: Repo) -> tuple[Python, ...]:
    """The files of all jobs, each once."""
    return tuple({file.path: file for job in jobs(repo) for file in job.files}.values())


def scripts(repo: Repo) -> tuple[str, ...]:
    """Paths of the shell scripts and makefiles that start something, each once."""
    return tuple(dict.fromkeys(path for job in jobs(repo) for path in job.started.scripts))


def is_beside(path: str) -> bool:
    """Tests and documentation."""
    *folders, name = path.split("/")
    test = name.startswith(("test_", "conftest.")) or name.endswith("_test.py")
    return test or not _BESIDE.isdisjoint(folders)


def is_of_others(path: str) -> bool:
    """Copies of what others wrote."""
    return not _OF_OTHERS.isdisjoint(path.split("/")[:-1])


def _job(repo: Repo, experiment: Experiment) -> Job:
    rule = experiment.spec.run
    found = started(repo, rule.command, rule.workdir)
    if not (found.python or found.notebooks or found.missing):
        return _all(repo, experiment, found)
    entries = [file for path in found.python for file in repo.python if file.path == path]
    entries += _notebooks(repo, found.notebooks)
    files = tuple(_closure(repo, entries, rule.workdir))
    return Job(experiment, found, files, tuple(_unread(repo, found, files, rule.workdir)))


def _anything(repo: Repo) -> Job:
    job = _all(repo, None, Started())
    return job if job.files else replace(job, files=tuple(_notebooks(repo, own_notebooks(repo))))


def _all(repo: Repo, experiment: Experiment | None, found: Started) -> Job:
    sources = tuple(file for file in repo.python if _is_source(file.path))
    return Job(experiment, found, sources, tuple(sorted(filter(_is_source, repo.unparsed))))


def _is_source(path: str) -> bool:
    return not (is_beside(path) or is_of_others(path)) and path.rpartition("/")[2] != "setup.py"


def own_notebooks(repo: Repo) -> tuple[str, ...]:
    """Without those of tests, documentation and others."""
    return tuple(path for path in repo.named("*.ipynb") if not (is_beside(path) or is_of_others(path)))


def _unread(repo: Repo, found: Started, files: Sequence[Python], workdir: str) -> Iterator[str]:
    """What the command starts or a file imports."""
    yield from (path for path in found.python if path in repo.unparsed)
    if not repo.unparsed:
        return
    roots = tuple(dict.fromkeys(root for path in found.python for root in import_roots(workdir, path)))
    local = frozenset(step for path in repo.unparsed for step in path.removesuffix(".py").split("/"))
    imported = (path for file in files for path in _imported(repo, file, roots or (workdir,), local))
    yield from (path for path in dict.fromkeys(imported) if path in repo.unparsed and not is_of_others(path))


def _notebooks(repo: Repo, paths: Sequence[str]) -> list[Python]:
    read = (as_python(path, text_of(repo, path)) for path in paths)
    return [each for each in read if each is not None]


def _closure(repo: Repo, entries: Sequence[Python], workdir: str) -> Iterator[Python]:
    known = {file.path: file for file in repo.python}
    roots = tuple(dict.fromkeys(root for file in entries for root in import_roots(workdir, file.path)))
    local = frozenset(step for path in known for step in path.removesuffix(".py").split("/"))
    seen: set[str] = set()
    pending = list(entries)
    while pending:
        file = pending.pop(0)
        if file.path in seen or is_of_others(file.path):
            continue
        seen.add(file.path)
        yield file
        pending.extend(known[path] for path in _imported(repo, file, roots, local) if path in known)


def _imported(repo: Repo, file: Python, roots: Sequence[str], local: frozenset[str]) -> Iterator[str]:
    for module, level in _modules(file):
        if module.partition(".")[0] in local:
            yield from module_paths(repo, module, (_above(file.path, level),) if level else roots)
    if any(each.module.split(".")[0] == "hydra" for each in file.imports):
        yield from _instantiated(repo, roots)


def _modules(file: Python) -> Iterator[tuple[str, int]]:
    """As far as they may be modules, and how many folders up a relative one starts."""
    for node in _statements(file.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = f"{node.module}." if node.module else ""
            yield from ((stem + alias.name, node.level) for alias in node.names)


def _instantiated(repo: Repo, roots: Sequence[str]) -> Iterator[str]:
    """What Hydra imports because a configuration names it."""
    for path in repo.named("*.yaml", "*.yml"):
        for target in _TARGET.findall(repo.text(path) or ""):
            yield from module_paths(repo, target, roots)


def _above(path: str, level: int) -> str:
    return normpath(join(dirname(path) or ".", *[".."] * (level - 1)))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Without expressions, where no import can be: a small part of the whole tree."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for name in _BODIES:
            pending.extend(getattr(node, name, ()))
