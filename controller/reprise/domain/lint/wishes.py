"""What a project asks for, of which a lock is made."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reprise.domain.lint.repo import Repo
from reprise.domain.requirement_lines import Line, normalised

_WISH = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?:(?P<bounds>\(?[<>=!~][^;@]*)|@\s*\S+\s*)?(?P<marker>;.*)?"
)


@dataclass(frozen=True, slots=True)
class Wish:
    name: str
    """Normalised."""
    bounds: str | None
    line: int
    always: bool
    """Without a marker."""


@dataclass(frozen=True, slots=True)
class Project:
    path: str
    """Of pyproject.toml."""
    name: str
    """Normalised."""
    python: str
    """``requires-python``; empty where there is none."""
    python_line: int
    dependencies: tuple[Wish, ...]
    extras: tuple[Wish, ...]
    groups: Mapping[str, tuple[Wish, ...]]
    """Only those that include no other group."""


def read_project(repo: Repo, path: str) -> Project | None:
    """None where only code, a workspace or another tool can tell what is asked for."""
    try:
        content = tomllib.loads(repo.text(path) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    project = _table(content, "project")
    uv = _table(_table(content, "tool"), "uv")
    dynamic = project.get("dynamic", [])
    settled = isinstance(dynamic, list) and not {"dependencies", "optional-dependencies"}.intersection(
        each for each in dynamic if isinstance(each, str)
    )
    if not project or "workspace" in uv or "dev-dependencies" in uv or not settled:
        return None
    return _project(path, project, _table(content, "dependency-groups"), repo.lines(path))


def wish(line: Line) -> Wish | None:
    """None of options, addresses alone and what else is no plain requirement."""
    found = _WISH.fullmatch(line.text.strip())
    if found is None:
        return None
    bounds = (found["bounds"] or "").replace(" ", "") or None
    return Wish(normalised(found["name"]), bounds, line.number, found["marker"] is None)


def line_with(lines: Sequence[str], text: str) -> int:
    """From 1; 1 where there is none."""
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def _project(
    path: str, project: dict[str, object], groups: dict[str, object], lines: Sequence[str]
) -> Project:
    name = normalised(str(project.get("name", "")))
    places = _quoted(lines)

    def wishes(texts: Iterable[object]) -> tuple[Wish, ...]:
        """Not of the project itself, which its extras may name."""
        found = (wish(Line(places.get(text, 1), text)) for text in texts if isinstance(text, str))
        return tuple(each for each in found if each is not None and each.name != name)

    extras = _table(project, "optional-dependencies").values()
    return Project(
        path,
        name,
        str(project.get("requires-python", "")),
        line_with(lines, "requires-python"),
        wishes(_list(project.get("dependencies"))),
        wishes(text for each in extras for text in _list(each)),
        {key: wishes(_list(value)) for key, value in groups.items() if _is_plain(value)},
    )


def _is_plain(group: object) -> bool:
    return all(isinstance(each, str) for each in _list(group))


def _table(table: Mapping[str, object], key: str) -> dict[str, object]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _quoted(lines: Sequence[str]) -> dict[str, int]:
    """Text between quotation marks → line."""
    found: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for double, single in re.findall(r'"([^"]*)"|\'([^\']*)\'', line):
            found.setdefault(double or single, number)
    return found
