"""Metrics that a repository holds: numbers in committed JSON files, names that are logged to MLflow."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from reprise.domain import metric_file
from reprise.domain.adopt.job import place
from reprise.domain.adopt.model import Entry, Place
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.repo import Repo

_LIKELY = re.compile(r"metric|result|score|eval|output|report|summary|test", re.IGNORECASE)
_MOST_FILES = 50
_MOST_LEAVES = 1000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number in a JSON file."""

    file: str
    """From the root."""
    pointer: str
    value: int | float
    writer: Place | None
    """Where the command or its code names the file; None where it does not."""

    @property
    def name(self) -> str:
        """The last part of the pointer that is no position in a list."""
        parts = [part for part in self.pointer.split("/") if part and not part.isdigit()]
        return parts[-1].replace("~1", "/").replace("~0", "~") if parts else PurePosixPath(self.file).stem


@dataclass(frozen=True, slots=True)
class Logged:
    """A metric that the job hands to MLflow by a name that is written out."""

    name: str
    place: Place


def leaves(repo: Repo, entry: Entry, code: Sequence[Python]) -> tuple[Leaf, ...]:
    found: list[Leaf] = []
    for path in _files(repo, entry, code):
        document = metric_file.load((repo.text(path) or "").encode(), file=path)
        if isinstance(document, metric_file.Document):
            writer = _writer(path, entry, code)
            numbers = _numbers(document.root, "")
            found += [Leaf(path, pointer, value, writer) for pointer, value in numbers]
    return tuple(found[:_MOST_LEAVES])


def logged(code: Sequence[Python]) -> tuple[Logged, ...]:
    found = {name: Logged(name, place(each, call.line)) for each in code for call, name in _logs(each)}
    return tuple(found.values())


def _files(repo: Repo, entry: Entry, code: Sequence[Python]) -> list[str]:
    named = [path for path in repo.named("*.json") if _LIKELY.search(path) or _writer(path, entry, code)]
    return [path for path in named if "node_modules/" not in path][:_MOST_FILES]


def _writer(path: str, entry: Entry, code: Sequence[Python]) -> Place | None:
    """Where an argument or a text of the code ends in the file's name."""
    name = PurePosixPath(path).name
    if any(word.rpartition("=")[2].rpartition("/")[2] == name for word in entry.argv):
        return entry.place
    for python in code:
        for text in python.texts:
            if text.value.replace("\\", "/").rpartition("/")[2] == name:
                return place(python, text.line)
    return None


def _numbers(root: Any, pointer: str) -> Iterator[tuple[str, int | float]]:
    """In the order of the file; `metric_file.load` bounds the depth."""
    if isinstance(root, bool):
        return
    if isinstance(root, int | float):
        yield pointer, root
    elif isinstance(root, dict):
        for key, value in root.items():
            yield from _numbers(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(root, list):
        for index, value in enumerate(root[:_MOST_LEAVES]):
            yield from _numbers(value, f"{pointer}/{index}")


def _logs(python: Python) -> Iterator[tuple[Call, str]]:
    for call in python.calls:
        if call.name.endswith("log_metric"):
            first = call.argument("key", 0)
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield call, first.value
        elif call.name.endswith("log_metrics"):
            given = call.argument("metrics", 0)
            keys = given.keys if isinstance(given, ast.Dict) else []
            for key in keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield call, key.value
