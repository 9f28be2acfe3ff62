"""A Dockerfile: its command, the Python of its base image, and the requirements that it installs.

Images are not built yet, so it is read for what it says; what it installs beside Python has to be named.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.adopt import words
from reprise.domain.adopt.model import Entry, Kind, Left, Place
from reprise.domain.adopt.ranks import rank
from reprise.domain.lint.repo import Repo

FILES = (
    "Dockerfile",
    "docker/Dockerfile",
    "binder/Dockerfile",
    ".binder/Dockerfile",
    ".devcontainer/Dockerfile",
)
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_PYTHON_IMAGE = re.compile(r"(?:\S*/)?python:(3\.\d{1,2})(?:\.\d+)?(?:[-@]\S*)?(?:\s.*)?", re.IGNORECASE)
_REQUIREMENTS = re.compile(r"(?:-r|--requirement)[ =]?(\S+\.txt)")
_SYSTEM = re.compile(r"\b(?:apt-get|apt|apk|dnf|yum|conda|mamba)\s+(?:-\S+\s+)*install\b")


@dataclass(frozen=True, slots=True)
class _Line:
    word: str
    """Upper case."""
    rest: str
    number: int


def file_of(repo: Repo) -> str | None:
    return next((path for path in FILES if path in repo.entries), None)


def command(repo: Repo) -> Entry | None:
    """What ENTRYPOINT and CMD run, where that is a script of the repository."""
    file = file_of(repo)
    lines = tuple(_lines(repo.lines(file))) if file else ()
    last = {line.word: line for line in lines}
    told = [last[word] for word in ("ENTRYPOINT", "CMD") if word in last]
    argv = words.plain(tuple(word for line in told for word in _arguments(line.rest)))
    if not file or not argv or not all(word.isprintable() for word in argv):
        return None
    argv = tuple(_tracked(word, repo) for word in argv)
    script = words.script_of(argv, repo.entries)
    if script is None or not words.starts_a_script(argv) or rank(script) is None:
        return None
    where = Place(file, told[-1].number)
    return Entry(Kind.DOCKERFILE, argv, where, "what the image runs", script, left=tuple(_left(file, lines)))


def python_of(repo: Repo) -> tuple[str, Place] | None:
    """``3.11`` of the last stage's ``FROM python:3.11-slim``."""
    file = file_of(repo)
    stages = [line for line in _lines(repo.lines(file)) if line.word == "FROM"] if file else []
    found = _PYTHON_IMAGE.fullmatch(stages[-1].rest.strip()) if stages else None
    return (found[1], Place(file or "", stages[-1].number)) if found else None


def requirements_of(repo: Repo) -> tuple[tuple[str, Place], ...]:
    """Tracked files that it installs from."""
    file = file_of(repo)
    found = []
    for line in _lines(repo.lines(file)) if file else ():
        for match in _REQUIREMENTS.finditer(line.rest) if line.word == "RUN" else ():
            path = _tracked(match[1], repo)
            if path in repo.entries:
                found.append((path, Place(file or "", line.number)))
    return tuple(found)


def _left(file: str, lines: tuple[_Line, ...]) -> Iterator[Left]:
    for line in lines:
        if line.word == "RUN" and _SYSTEM.search(line.rest):
            yield Left(
                "the image installs packages of the system",
                "see that the experiment does without them, since only the lock file is installed",
                Place(file, line.number),
            )
            return


def _tracked(word: str, repo: Repo) -> str:
    """A path inside the image as the repository has it: ``/app/train.py`` is ``train.py``."""
    if not word.endswith((*words.SCRIPTS, ".txt")) or word in repo.entries:
        return word
    parts = [part for part in word.split("/") if part not in ("", ".")]
    tails = ("/".join(parts[index:]) for index in range(len(parts)))
    return next((tail for tail in tails if tail in repo.entries), word)


def _arguments(rest: str) -> tuple[str, ...]:
    """Of the exec form, else of the shell's."""
    if rest.strip().startswith("["):
        try:
            found = json.loads(rest)
        except (ValueError, RecursionError):
            return ()
        return tuple(found) if all(isinstance(each, str) for each in found) else ()
    return words.split(rest) or ()


def _lines(raw: list[str]) -> Iterator[_Line]:
    """Instructions with their continuations; comments are left out."""
    begun, text = 0, ""
    for number, line in enumerate(raw, start=1):
        if line.lstrip().startswith("#"):
            continue
        begun = begun or number
        if line.rstrip().endswith("\\"):
            text += line.rstrip()[:-1] + " "
            continue
        found = _INSTRUCTION.fullmatch(text + line)
        if found:
            yield _Line(found[1].upper(), found[2], begun)
        begun, text = 0, ""
