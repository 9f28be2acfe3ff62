"""A requirements file: every line pinned, else a sentence with file and line. Pure.

Called by the builders of every backend, so that one file means the same on all of them.
"""

from dataclasses import dataclass

from reprise.domain.requirement_lines import (
    FOLDERS,
    KEPT,
    NEXT_STEP,
    Line,
    Pinned,
    logical_lines,
    name_and_value,
    normalised,
    own_path,
    pinned,
    refusal,
)


@dataclass(frozen=True, slots=True)
class Requirements:
    lines: tuple[str, ...]
    """What is installed, one requirement or option each."""
    hashed: bool
    """All of them carry hashes."""
    names: frozenset[str]
    """Normalised names of what is pinned."""
    own: tuple[str, ...]
    """Paths in the repository that are installed per commit, as the file names them."""
    folders: tuple[str, ...] = ()
    """Folders of the repository that packages are found in, as the file names them."""


@dataclass(frozen=True, slots=True)
class Unusable:
    message: str
    """``requirements.txt:3: …``, with what to do next."""


def parse(text: str, path: str, *, tree: str) -> Requirements | Unusable:
    """``path`` names the file in sentences; ``tree`` stands for the repository's address in the result."""
    lines: list[str] = []
    own: list[str] = []
    found: list[tuple[Line, Pinned]] = []
    for line in logical_lines(text):
        if (refused := refusal(line.text)) is not None:
            return _wrong(path, line, refused.what, refused.next_step)
        if (local := own_path(line.text)) is not None:
            own.append(local)
        elif (requirement := pinned(line.text)) is not None:
            found.append((line, requirement))
            lines.append(line.text)
        else:
            lines.extend(_option(line.text, tree))
    hashed = any(requirement.hashed for _, requirement in found)
    bare = next((line for line, requirement in found if not requirement.hashed), None)
    if hashed and bare is not None:
        return _wrong(path, bare, "has no hash while other lines have one", NEXT_STEP)
    if not hashed and found and any(tree in line for line in lines):
        return _wrong(path, found[0][0], "has no hash and comes from a folder of the repository", NEXT_STEP)
    names = frozenset(normalised(requirement.name) for _, requirement in found)
    return Requirements(tuple(lines), hashed or not found, names, tuple(own), tuple(_folders(text)))


def _folders(text: str) -> list[str]:
    options = (name_and_value(line.text) for line in logical_lines(text))
    return [value for name, value in options if name in FOLDERS and "://" not in value]


def _option(text: str, tree: str) -> tuple[str, ...]:
    name, value = name_and_value(text)
    if name in FOLDERS:
        return (f"--find-links {value}" if "://" in value else f"--find-links {tree}/{value}",)
    return (text,) if name in KEPT else ()


def _wrong(path: str, line: Line, what: str, next_step: str) -> Unusable:
    shown = line.text if len(line.text) <= 80 else line.text[:77] + "…"
    return Unusable(f"{path}:{line.number}: `{shown}` {what}; {next_step}")
