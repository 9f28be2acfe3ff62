"""A repository as rules see it: its tracked files, and what is read from them only once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from reprise.domain.lint.python import Python, read_python
from reprise.domain.spec.model import Spec

MOST_FILES = 200_000
"""Of a repository that is looked at."""
MOST_BYTES = 16 * 2**20
"""Of a file that is read at all."""
MOST_TEXT = 2**20
"""Bytes of a file that is read as text; what is larger is no source."""


class Kind(Enum):
    FILE = "file"
    LINK = "link"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Entry:
    path: str
    """From the root, with ``/``."""
    size: int
    """Bytes; 0 of a submodule."""
    kind: Kind = Kind.FILE


@dataclass(frozen=True, slots=True)
class Experiment:
    """A spec file without problems."""

    file: str
    text: str
    spec: Spec


@dataclass(frozen=True)
class Repo:
    entries: Mapping[str, Entry]
    """Tracked files by path, sorted."""
    load: Callable[[str], bytes | None]
    """A file's content; None where there is none, it is a link, or it is too large. Never raises."""
    experiments: tuple[Experiment, ...] = ()
    before: Callable[[str], bytes | None] = lambda path: None
    """The same in the parent commit."""

    def text(self, path: str) -> str | None:
        """None of what is not there, is larger than `MOST_TEXT`, or is not UTF-8."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def lines(self, path: str) -> list[str]:
        """The first line is line 1; empty where there is no text."""
        if path not in self._lines:
            self._lines[path] = (self.text(path) or "").splitlines()
        return self._lines[path]

    def named(self, *names: str) -> tuple[str, ...]:
        """Paths of the files with one of these names, or ending (``*.ipynb``), anywhere."""
        endings = tuple(name[1:] for name in names if name.startswith("*"))
        exact = {path for name in names for path in self._by_name.get(name, ())}
        ended = {path for path in self.entries if path.endswith(endings)} if endings else set()
        return tuple(sorted(exact | ended))

    @cached_property
    def python(self) -> tuple[Python, ...]:
        """Every Python file that can be parsed."""
        found = ((path, self.text(path)) for path in self.entries if path.endswith(".py"))
        read = (read_python(path, text) for path, text in found if text is not None)
        return tuple(each for each in read if each is not None)

    @cached_property
    def unparsed(self) -> frozenset[str]:
        """Paths of the other Python files."""
        parsed = {each.path for each in self.python}
        return frozenset(
            path
            for path, entry in self.entries.items()
            if path.endswith(".py") and entry.kind is Kind.FILE and path not in parsed
        )

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Rules ask for names many times, and a repository may have ten thousand."""
        found: dict[str, list[str]] = {}
        for path in self.entries:
            found.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        return found

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _texts(self) -> dict[str, str | None]:
        return {}

    def _read(self, path: str) -> str | None:
        entry = self.entries.get(path)
        if entry is None or entry.kind is not Kind.FILE or entry.size > MOST_TEXT:
            return None
        data = self.load(path)
        if data is None:
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
