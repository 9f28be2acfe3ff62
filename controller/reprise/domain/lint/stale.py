"""RX11: locks that no longer belong to what they were made from. Only where a text alone can tell."""

from collections.abc import Iterator

from reprise.domain.lint import environment
from reprise.domain.lint.model import Found
from reprise.domain.lint.packages import Package, Pin, packages
from reprise.domain.lint.places import compiling
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.stale_uv import stale_uv
from reprise.domain.lint.versions import lies_in
from reprise.domain.lint.wishes import Wish, read_project, wish
from reprise.domain.requirement_lines import logical_lines


def rx11(repo: Repo) -> Iterator[Found]:
    for lock in environment.locks(repo):
        text = environment.lock_text(repo, lock)
        if text is not None and lock.endswith("uv.lock"):
            yield from _of_uv(repo, lock, text)
        elif text is not None and lock.endswith(".txt"):
            yield from _of_requirements(repo, lock, text)


def _of_uv(repo: Repo, lock: str, text: str) -> Iterator[Found]:
    project = read_project(repo, _described(lock))
    if project is not None:
        yield from stale_uv(lock, text, project, repo.lines(project.path))


def _of_requirements(repo: Repo, lock: str, text: str) -> Iterator[Found]:
    locked = {package.name: package for package in packages(lock, text)}
    if not locked or any(package.pin in (Pin.RANGE, Pin.NONE) for package in locked.values()):
        return
    source, wishes = _sources(repo, lock, text)
    for wanted in wishes:
        message = _disagreement(wanted, locked.get(wanted.name), source, lock)
        if message is not None:
            yield Found(source, wanted.line, message, f"Run {compiling(lock, source)} and commit {lock}")


def _disagreement(wanted: Wish, locked: Package | None, source: str, lock: str) -> str | None:
    if locked is None:
        return f"{source} asks for {wanted.name}, which {lock} does not hold" if wanted.always else None
    if wanted.bounds is None or locked.version is None:
        return None
    if lies_in(locked.version, wanted.bounds) is not False:
        return None
    return f"{source} asks for {wanted.name}{wanted.bounds}, {lock} holds {locked.version}"


def _sources(repo: Repo, lock: str, text: str) -> tuple[str, tuple[Wish, ...]]:
    """What the lock is made from: the .in file beside it, or the project where the lock says so."""
    source = f"{lock.removesuffix('.txt')}.in"
    if source in repo.entries:
        found = (wish(line) for line in logical_lines(repo.text(source) or ""))
        return source, tuple(each for each in found if each is not None)
    project = read_project(repo, _described(lock)) if "pyproject.toml" in text else None
    return (source, ()) if project is None else (project.path, project.dependencies)


def _described(lock: str) -> str:
    """The project beside a lock."""
    return f"{lock.rpartition('/')[0]}/pyproject.toml".lstrip("/")
