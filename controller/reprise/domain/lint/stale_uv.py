"""Whether uv.lock was made for what pyproject.toml says now: the lock itself records what it was made for."""

import re
from collections.abc import Iterator, Mapping, Sequence

from reprise.domain.lint.model import Found
from reprise.domain.lint.versions import normal_parts
from reprise.domain.lint.wishes import Project, Wish, line_with

FIX = "Run `uv lock` and commit uv.lock"

Ranges = Mapping[str, frozenset[str | None]]
"""Name → each range that is asked for."""

_ROOT = re.compile(r'^source = \{ (?:editable|virtual) = "\." \}$', re.MULTILINE)
_PYTHON = re.compile(r'^requires-python = "([^"]*)"$', re.MULTILINE)
_REQUIRED = re.compile(r'\{ name = "([^"]+)"((?:(?!\{ name = ")[^\n])*)')
_SPECIFIER = re.compile(r'specifier = "([^"]*)"')
_GROUP = re.compile(r'^"?([A-Za-z0-9._-]+)"? = \[', re.MULTILINE)


def stale_uv(lock: str, text: str, project: Project, lines: Sequence[str]) -> Iterator[Found]:
    """``lines`` are those of pyproject.toml."""
    root = next((block for block in text.split("[[package]]\n") if _ROOT.search(block)), None)
    if root is None or ("\nrequires-dist = [" not in root and "\ndependencies = [" in root):
        return
    yield from _python(lock, text, project)
    recorded = _ranges(_list_after(root, "\nrequires-dist = ["))
    yield from _changed(lock, project, (*project.dependencies, *project.extras), recorded)
    for name in sorted(recorded.keys() - _names(project.dependencies, project.extras) - {project.name}):
        message = f"{lock} was made for {name}, which {project.path} no longer asks for"
        yield Found(project.path, line_with(lines, "dependencies"), message, FIX)
    groups = root.partition("[package.metadata.requires-dev]\n")[2]
    for group in _GROUP.findall(groups):
        wanted = project.groups.get(group)
        listed = _ranges(_list_after(f"\n{groups}", f"\n{group} = ["))
        if wanted is not None:
            yield from _changed(lock, project, wanted, listed)


def _changed(lock: str, project: Project, wishes: Sequence[Wish], recorded: Ranges) -> Iterator[Found]:
    for wish in wishes:
        if wish.name not in recorded:
            message = f"{project.path} asks for {wish.name}, which {lock} was not made for"
            yield Found(project.path, wish.line, message, FIX)
        elif _differs(wish, recorded[wish.name]):
            asked = f"{project.path} asks for {wish.name}{wish.bounds}"
            yield Found(project.path, wish.line, f"{asked}, {lock} was made for another range", FIX)


def _python(lock: str, text: str, project: Project) -> Iterator[Found]:
    """Only of lower and upper bounds: other forms are written in another way in a lock."""
    locked = _PYTHON.search(text)
    wanted, known = normal_parts(project.python), normal_parts(locked[1]) if locked is not None else None
    plain = all(part.startswith((">", "<")) for part in (*(wanted or ()), *(known or ())))
    if wanted and known and plain and wanted != known:
        message = f"{project.path} asks for Python {project.python}, {lock} was made for another range"
        yield Found(project.path, project.python_line, message, FIX)


def _list_after(text: str, begin: str) -> str:
    """A list in a lock ends its line."""
    return text.partition(begin)[2].partition("]\n")[0]


def _ranges(text: str) -> dict[str, frozenset[str | None]]:
    found: dict[str, frozenset[str | None]] = {}
    for name, rest in _REQUIRED.findall(text):
        specifier = _SPECIFIER.search(rest)
        found[name] = found.get(name, frozenset()) | {specifier[1] if specifier else None}
    return found


def _differs(wish: Wish, recorded: frozenset[str | None]) -> bool:
    """Only between ranges of plain numbers, of which there is one."""
    if len(recorded) != 1 or wish.bounds is None:
        return False
    known = next(iter(recorded))
    ours, theirs = normal_parts(wish.bounds), normal_parts(known) if known is not None else None
    return ours is not None and theirs is not None and ours != theirs


def _names(*wishes: Sequence[Wish]) -> set[str]:
    return {wish.name for each in wishes for wish in each}
