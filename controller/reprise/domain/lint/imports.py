"""RX13: what the code of a run imports, against the lock that it is installed from."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from reprise.domain.lint import environment
from reprise.domain.lint.distributions import has_variant, is_ours_to_judge, known, may_bring
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.packages import Pin, packages
from reprise.domain.lint.python import Import, Python
from reprise.domain.lint.repo import Experiment, Kind, Repo

NO_RUN = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "third_party", "vendor", "external"}
)
"""Folders whose code no run needs, as long as nobody says otherwise."""

_TOOLS = frozenset({"setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py", "hubconf.py"})
_GUARDS = frozenset({"TYPE_CHECKING", "find_spec"})
_SURVIVED = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class _Use:
    module: str
    file: Python
    line: int


def rx13(repo: Repo) -> Iterator[Found]:
    done: set[tuple[str, str]] = set()
    own = _own_names(repo)
    for lock, files, sure in _runs(repo):
        text = environment.lock_text(repo, lock)
        if text is None or not lock.endswith(("uv.lock", ".txt")):
            continue
        named = frozenset(package.name for package in packages(lock, text))
        complete = _is_complete(lock, text)
        for use in _foreign(files, own):
            found = _absent(use, lock, named, complete=complete, sure=sure)
            if found is not None and (lock, use.module) not in done:
                done.add((lock, use.module))
                yield found


def imports_others(repo: Repo) -> bool:
    """Whether any code needs more than the standard library."""
    return next(_foreign(_not_tests(repo), _own_names(repo)), None) is not None


def _runs(repo: Repo) -> Iterator[tuple[str, tuple[Python, ...], bool]]:
    """(lock, files that are run, whether all of them surely are) of each experiment."""
    for experiment in repo.experiments:
        lock, entry = environment.lock_of(repo, experiment), _entry(repo, experiment)
        if lock is not None:
            yield lock, _reached(repo, entry) if entry else _not_tests(repo), entry is not None
    if not repo.experiments:
        yield from ((lock, _not_tests(repo), False) for lock in environment.locks(repo))


def _absent(use: _Use, lock: str, named: frozenset[str], *, complete: bool, sure: bool) -> Found | None:
    usual = known(use.module)
    if not named.isdisjoint(usual) or (not usual and may_bring(named, use.module)):
        return None
    name = usual[0] if usual else use.module
    fix = f"Add {name} to what is locked, and lock again"
    if not complete and not _is_at_top(use):
        return None
    if not complete:
        message = f"{use.module} is imported, but no line of {lock} pins {name}"
        return Found(use.file.path, use.line, message, fix, Severity.WARNING)
    certain = sure and bool(usual) and _is_at_top(use) and not has_variant(named, usual[0])
    message = f"{use.module} is imported, but {lock} does not hold {name if usual else 'it'}"
    return Found(use.file.path, use.line, message, fix, None if certain else Severity.WARNING)


def _is_complete(lock: str, text: str) -> bool:
    """Whether everything that is installed stands in it: then nothing else comes along."""
    if lock.endswith("uv.lock"):
        return True
    found = packages(lock, text)
    return all(package.pin is Pin.HASHED for package in found) or (
        all(package.pin is Pin.PINNED for package in found) and "# via" in text
    )


def _foreign(files: Iterable[Python], own: frozenset[str]) -> Iterator[_Use]:
    """The first import of each module that is neither standard nor the repository's own, and is needed."""
    seen = set(own)
    for file in files:
        modules = ((each.module.partition(".")[0], each.line) for each in file.imports)
        uses = [_Use(module, file, line) for module, line in modules if module and is_ours_to_judge(module)]
        new = [use for use in uses if use.module not in seen]
        spared = _spared_lines(file) if new else ()
        for use in new:
            if use.module not in seen and not any(first <= use.line <= last for first, last in spared):
                seen.add(use.module)
                yield use


def _own_names(repo: Repo) -> frozenset[str]:
    """Modules and folders of code, wherever they are; a submodule may hold anything of its name."""
    names: set[str] = set()
    for path, entry in repo.entries.items():
        parts = path.split("/")
        if entry.kind is not Kind.FILE:
            names.add(parts[-1].partition(".")[0])
        elif path.endswith((".py", ".pyx", ".pyi", ".so", ".c", ".cpp", ".rs", ".ipynb")):
            names.update(parts[:-1])
            names.add(parts[-1].partition(".")[0])
    return frozenset(names)


def _not_tests(repo: Repo) -> tuple[Python, ...]:
    """Of this project alone: what lies in a folder with a project of its own has a lock of its own."""
    others = {path.rpartition("/")[0] for path in repo.named("pyproject.toml", "uv.lock", "setup.py")} - {""}
    return tuple(
        file
        for file in repo.python
        if _may_run(file.path)
        and others.isdisjoint(str(folder) for folder in PurePosixPath(file.path).parents)
    )


def _may_run(path: str) -> bool:
    *folders, name = path.split("/")
    if name in _TOOLS or name.startswith("test_") or name.endswith("_test.py"):
        return False
    return NO_RUN.isdisjoint(folders) and not any(folder.startswith(".") for folder in folders)


def _entry(repo: Repo, experiment: Experiment) -> tuple[str, ...] | None:
    """Files of the repository that the command names; None where it names none."""
    run = experiment.spec.run
    found = [path for word in run.command if (path := _inside(run.workdir, word)) and path.endswith(".py")]
    for option, module in zip(run.command, run.command[1:], strict=False):
        if option == "-m":
            base = module.replace(".", "/")
            found += [_inside(run.workdir, f"{base}{end}") or "" for end in (".py", "/__main__.py")]
            found += [f"src/{base}{end}" for end in (".py", "/__main__.py")]
    there = tuple(path for path in found if path in repo.entries)
    return there or None


def _inside(workdir: str, word: str) -> str | None:
    path = PurePosixPath(workdir, word)
    return None if path.is_absolute() or ".." in path.parts else str(path)


def _reached(repo: Repo, entry: tuple[str, ...]) -> tuple[Python, ...]:
    """What the entry imports, and so on, by names of files and folders: rather too much than too little."""
    files = {file.path: file for file in repo.python}
    named = _by_name(path for path in files if _may_run(path) or path in entry)
    reached, pending = dict.fromkeys(entry), list(entry)
    while pending:
        path = pending.pop()
        for name in _names_after(path, files[path].imports) if path in files else ():
            following = [each for each in named.pop(name, ()) if each not in reached]
            reached.update(dict.fromkeys(following))
            pending.extend(following)
    return tuple(files[path] for path in reached if path in files)


def _by_name(paths: Iterable[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for path in paths:
        for part in {*path.split("/")[:-1], path.rsplit("/", 1)[-1].removesuffix(".py")}:
            named.setdefault(part, []).append(path)
    return named


def _names_after(path: str, imports: Iterable[Import]) -> Iterator[str]:
    """Files and folders that are meant; a relative import may mean any file of its package."""
    *_, folder, _ = ("", *path.split("/"))
    for each in imports:
        yield each.module.partition(".")[0] if each.module else folder


def _spared_lines(file: Python) -> tuple[tuple[int, int], ...]:
    """First and last line of what the program can go on without."""
    bodies = (body for node in _statements(file.tree) for body in _spared(node) if body)
    return tuple((body[0].lineno, body[-1].end_lineno or body[-1].lineno) for body in bodies)


def _spared(node: ast.stmt) -> tuple[list[ast.stmt], ...]:
    """Statements that may fail, or that are not always executed."""
    match node:
        case ast.Try(body=body) if _survives(node):
            return (body,)
        case ast.If(test=test, body=body, orelse=orelse) if _is_guarded(test):
            return body, orelse
        case ast.With(items=[item, *_], body=body) if "suppress" in _words(item.context_expr):
            return (body,)
    return ()


def _is_guarded(test: ast.expr) -> bool:
    """Only for a type checker, or only where it is installed."""
    return any(word in _GUARDS or "available" in word.lower() for word in _words(test))


def _words(expression: ast.expr) -> frozenset[str]:
    nodes = tuple(ast.walk(expression))
    names = (node.id for node in nodes if isinstance(node, ast.Name))
    return frozenset((*names, *(node.attr for node in nodes if isinstance(node, ast.Attribute))))


def _is_at_top(use: _Use) -> bool:
    """Whether it is imported whenever the file is."""
    bodies = (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)
    return not any(
        isinstance(node, bodies) and node.lineno <= use.line <= (node.end_lineno or 0)
        for node in _statements(use.file.tree)
    )


def _survives(node: ast.Try) -> bool:
    return any(
        handler.type is None
        or any(isinstance(name, ast.Name) and name.id in _SURVIVED for name in ast.walk(handler.type))
        for handler in node.handlers
    )


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Without expressions, and only asked where something is missing."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        yield node
        for field in ("body", "orelse", "finalbody"):
            pending.extend(getattr(node, field, ()))
        for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            pending.extend(inner.body)
