"""RX11: locks that no longer belong to what they were made from. Only where a text alone can tell."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprise.domain.lint import environment
from reprise.domain.lint.model import Found
from reprise.domain.lint.packages import Package, Pin, packages
from reprise.domain.lint.places import compiling
from reprise.domain.lint.repo import Repo
from reprise.domain.lint.versions import lies_in, normal_parts
from reprise.domain.requirement_lines import Line, logical_lines, normalised

_WISH = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?:(?P<bounds>\(?[<>=!~][^;@]*)|@\s*\S+\s*)?(?P<marker>;.*)?"
)
_ROOT = re.compile(r'^source = \{ (?:editable|virtual) = "\." \}$', re.MULTILINE)
_PYTHON = re.compile(r'^requires-python = "([^"]*)"$', re.MULTILINE)
_REQUIRED = re.compile(r'\{ name = "([^"]+)"([^{}\n]*)\}')
_SPECIFIER = re.compile(r'specifier = "([^"]*)"')


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, of which a lock is made."""

    name: str
    """Normalised."""
    bounds: str | None
    line: int
    always: bool
    """Without a marker."""


def rx11(repo: Repo) -> Iterator[Found]:
    for lock in environment.locks(repo):
        text = environment.lock_text(repo, lock)
        folder = lock.rpartition("/")[0]
        if text is not None and lock.endswith("uv.lock"):
            yield from _of_uv(repo, lock, text, f"{folder}/pyproject.toml".lstrip("/"))
        elif text is not None and lock.endswith(".txt"):
            yield from _of_requirements(repo, lock, text)


def _of_uv(repo: Repo, lock: str, text: str, described: str) -> Iterator[Found]:
    project = _project(repo, described)
    recorded = _recorded(text)
    if project is None or recorded is None:
        return
    wishes = _wishes_of_project(project, repo.lines(described))
    for wish in wishes:
        if wish.name not in recorded:
            message = f"{described} asks for {wish.name}, which {lock} was not made for"
            yield Found(described, wish.line, message, _UV_LOCK)
        elif _differs(wish, recorded[wish.name]):
            message = (
                f"{described} asks for {wish.name}{wish.bounds or ''}, {lock} was made for another range"
            )
            yield Found(described, wish.line, message, _UV_LOCK)
    yield from _of_python(project, text, lock, described, repo.lines(described))
    own = normalised(str(project.get("name", "")))
    for name in sorted(recorded.keys() - {wish.name for wish in wishes} - {own}):
        message = f"{lock} was made for {name}, which {described} no longer asks for"
        yield Found(described, _line_of(repo.lines(described), "dependencies"), message, _UV_LOCK)


def _of_python(
    project: dict[str, object], text: str, lock: str, described: str, lines: Sequence[str]
) -> Iterator[Found]:
    """Only of lower and upper bounds: other forms are written in another way in a lock."""
    wanted = normal_parts(str(project.get("requires-python", "")))
    locked = _PYTHON.search(text)
    known = normal_parts(locked[1]) if locked is not None else None
    plain = all(part.startswith((">", "<")) for part in (*(wanted or ()), *(known or ())))
    if wanted and known and plain and wanted != known:
        message = (
            f"{described} asks for Python {project['requires-python']}, {lock} was made for another range"
        )
        yield Found(described, _line_of(lines, "requires-python"), message, _UV_LOCK)


_UV_LOCK = "Run `uv lock` and commit uv.lock"


def _project(repo: Repo, described: str) -> dict[str, object] | None:
    """None where only code, a workspace or another tool can tell what is asked for."""
    try:
        content = tomllib.loads(repo.text(described) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    project, tool = content.get("project"), content.get("tool", {})
    if not isinstance(project, dict) or "workspace" in (tool.get("uv", ()) if isinstance(tool, dict) else ()):
        return None
    dynamic = project.get("dynamic", ())
    if not isinstance(dynamic, list | tuple):
        return None
    return None if "dependencies" in dynamic or "optional-dependencies" in dynamic else project


def _recorded(lock: str) -> dict[str, frozenset[str | None]] | None:
    """Name → ranges that the lock was made for; None where it does not say."""
    root = next((block for block in lock.split("[[package]]\n") if _ROOT.search(block)), None)
    if root is None:
        return None
    _, said, requires = root.partition("\nrequires-dist = [")
    if not said:
        return None if "dependencies = [" in root else {}
    found: dict[str, frozenset[str | None]] = {}
    for name, rest in _REQUIRED.findall(requires.partition("]\n")[0]):
        specifier = _SPECIFIER.search(rest)
        ranges = found.get(name, frozenset())
        found[name] = ranges | {specifier[1] if specifier else None}
    return found


def _wishes_of_project(project: dict[str, object], lines: Sequence[str]) -> tuple[Wish, ...]:
    extras = project.get("optional-dependencies")
    texts = [project.get("dependencies"), *(extras.values() if isinstance(extras, dict) else ())]
    flat = [text for each in texts if isinstance(each, list) for text in each if isinstance(text, str)]
    places = _quoted(lines)
    found = (_wish(Line(places.get(text, 1), text)) for text in flat)
    own = normalised(str(project.get("name", "")))
    return tuple(wish for wish in found if wish is not None and wish.name != own)


def _differs(wish: Wish, recorded: frozenset[str | None]) -> bool:
    """Only between ranges of plain numbers, of which there is one."""
    if len(recorded) != 1 or wish.bounds is None:
        return False
    known = next(iter(recorded))
    ours, theirs = normal_parts(wish.bounds), normal_parts(known) if known is not None else None
    return ours is not None and theirs is not None and ours != theirs


def _of_requirements(repo: Repo, lock: str, text: str) -> Iterator[Found]:
    locked = {package.name: package for package in packages(lock, text)}
    if not locked or any(package.pin in (Pin.RANGE, Pin.NONE) for package in locked.values()):
        return
    source, wishes = _sources(repo, lock, text)
    for wish in wishes:
        message = _disagreement(wish, locked.get(wish.name), source, lock)
        if message is not None:
            fix = f"Run {compiling(lock, source)} and commit {lock}"
            yield Found(source, wish.line, message, fix)


def _disagreement(wish: Wish, locked: Package | None, source: str, lock: str) -> str | None:
    if locked is None:
        return f"{source} asks for {wish.name}, which {lock} does not hold" if wish.always else None
    if wish.bounds is None or locked.version is None or lies_in(locked.version, wish.bounds) is not False:
        return None
    return f"{source} asks for {wish.name}{wish.bounds}, {lock} holds {locked.version}"


def _sources(repo: Repo, lock: str, text: str) -> tuple[str, tuple[Wish, ...]]:
    """What the lock is made from: the .in file beside it, or the project where the lock says so."""
    source = f"{lock.removesuffix('.txt')}.in"
    if source in repo.entries:
        found = (_wish(line) for line in logical_lines(repo.text(source) or ""))
        return source, tuple(wish for wish in found if wish is not None)
    described = f"{lock.rpartition('/')[0]}/pyproject.toml".lstrip("/")
    project = _project(repo, described) if "pyproject.toml" in text else None
    if project is None:
        return source, ()
    required = {"dependencies": project.get("dependencies")}
    return described, _wishes_of_project(required, repo.lines(described))


def _wish(line: Line) -> Wish | None:
    """None of options, addresses and what else is no plain requirement."""
    found = _WISH.fullmatch(line.text.strip())
    if found is None:
        return None
    bounds = (found["bounds"] or "").replace(" ", "") or None
    return Wish(normalised(found["name"]), bounds, line.number, found["marker"] is None)


def _quoted(lines: Sequence[str]) -> dict[str, int]:
    """Text between quotation marks → line."""
    found: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for double, single in re.findall(r'"([^"]*)"|\'([^\']*)\'', line):
            found.setdefault(double or single, number)
    return found


def _line_of(lines: Sequence[str], text: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)
