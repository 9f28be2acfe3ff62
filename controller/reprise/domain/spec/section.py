"""Typed access to one mapping of the spec. Every method records what is wrong and returns None for it.

None therefore means absent or unusable; `Section.has` tells the two apart where it matters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from reprise.domain.spec import quantities
from reprise.domain.spec.document import Mapping, Node, Scalar, Sequence
from reprise.domain.spec.keys import SECTIONS, advice
from reprise.domain.spec.problems import Mark, Problems, quote

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section:
    path: str
    """As in `SECTIONS`; empty at the top."""
    entries: dict[str, tuple[Scalar, Node]]
    mark: Mark
    problems: Problems

    def has(self, key: str) -> bool:
        return key in self.entries

    def at(self, key: str) -> Mark:
        """Where the key's value stands, else where the section begins."""
        return self.entries[key][1].mark if key in self.entries else self.mark

    def name_of(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, sentence: str) -> None:
        """Records ``<section>.<key> <sentence>`` at the value."""
        self.problems.add(self.at(key), f"{self.name_of(key)} {sentence}")

    def later(self, key: str, what: str = "is not supported yet; remove it") -> None:
        """For a key whose feature does not exist yet."""
        if key in self.entries:
            self.problems.add(self.entries[key][0].mark, f"{self.name_of(key)} {what}")

    def require(self, *keys: str) -> None:
        for key in keys:
            if key not in self.entries:
                where = f" in {self.path}" if self.path else ""
                self.problems.add(self.mark, f"the key '{key}' is missing{where}")

    def text_of(self, key: str) -> str | None:
        """The text as it stands, without any check."""
        node = self._node(key)
        return node.text if isinstance(node, Scalar) else None

    # --- one value ------------------------------------------------------------------------------

    def raw(self, key: str) -> str | None:
        """The text as written, quoted or not, a plain ``null`` too; only emptiness is an error."""
        scalar = self._scalar(key, "a text", or_nothing=True)
        if scalar is None:
            return None
        if not scalar.text.strip():
            self.wrong(key, "is empty; give a value or remove the key")
            return None
        return scalar.text

    def read(self, key: str, parse: Callable[[str], T | None], *, expected: str) -> T | None:
        """The text through ``parse``, whose None means that the text is not ``expected``."""
        scalar = self._scalar(key, expected)
        if scalar is None:
            return None
        value = parse(scalar.text)
        if value is None:
            self._mismatch(key, expected, scalar)
        return value

    def line(self, key: str) -> str | None:
        """A text on one line, at most 1000 characters."""
        return self.read(key, _one_line, expected="a text on one line (at most 1000 characters)")

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        expected = f"a whole number from {low} to {high}"
        scalar = self._scalar(key, expected)
        if scalar is None:
            return None
        value = quantities.parse_whole(scalar.text)
        if value is None or not scalar.plain or not low <= value <= high:
            self._mismatch(key, expected, scalar)
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        expected = "true or false, without quotes"
        scalar = self._scalar(key, expected)
        if scalar is None:
            return None
        if not scalar.plain or scalar.text not in ("true", "false"):
            self._mismatch(key, expected, scalar)
            return None
        return scalar.text == "true"

    def choice(self, key: str, options: tuple[str, ...]) -> str | None:
        expected = "one of " + ", ".join(options)
        return self.read(key, lambda text: text if text in options else None, expected=expected)

    def file(self, key: str) -> str | None:
        """A relative path of a file, in its shortest form."""
        return self._path(key, folder=False)

    def folder(self, key: str) -> str | None:
        """A relative path of a folder; ``.`` is allowed."""
        return self._path(key, folder=True)

    # --- collections ----------------------------------------------------------------------------

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, each as written."""
        sequence = self._sequence(key, "a list of texts")
        if sequence is None:
            return None
        return tuple(t for t in (self._item(key, item) for item in sequence.items) if t is not None)

    def section(self, key: str) -> "Section | None":
        node = self._node(key)
        return None if node is None else open_section(self.name_of(key), node, self.problems)

    def sections(self, key: str) -> tuple["Section", ...]:
        path = self.name_of(key) + "[]"
        sequence = self._sequence(key, f"a list of mappings such as [{SECTIONS[path].example}]")
        if sequence is None:
            return ()
        opened = (open_section(path, item, self.problems) for item in sequence.items)
        return tuple(section for section in opened if section is not None)

    # --- below ----------------------------------------------------------------------------------

    def _node(self, key: str) -> Node | None:
        return self.entries[key][1] if key in self.entries else None

    def _scalar(self, key: str, expected: str, *, or_nothing: bool = False) -> Scalar | None:
        node = self._node(key)
        if node is None:
            return None
        if not isinstance(node, Scalar) or (node.is_nothing and not or_nothing):
            self._mismatch(key, expected, node)
            return None
        return node

    def _sequence(self, key: str, expected: str) -> Sequence | None:
        node = self._node(key)
        if node is None or isinstance(node, Sequence):
            return node
        self._mismatch(key, expected, node)
        return None

    def _item(self, key: str, item: Node) -> str | None:
        if isinstance(item, Scalar) and not (item.plain and item.text == ""):
            return item.text
        self.problems.add(item.mark, f"{self.name_of(key)} holds texts only, not {describe(item)}")
        return None

    def _mismatch(self, key: str, expected: str, node: Node) -> None:
        self.wrong(key, f"must be {expected}, not {describe(node)}")

    def _path(self, key: str, *, folder: bool) -> str | None:
        text = self.read(key, lambda text: text or None, expected="a path")
        if text is None:
            return None
        why = refused_path(text, folder=folder)
        if why:
            self.wrong(key, f"{why}: {quote(text)}")
            return None
        return str(PurePosixPath(text))


def open_section(path: str, node: Node, problems: Problems) -> Section | None:
    """A mapping as a section, with its unknown keys recorded; None when it is no mapping."""
    if not isinstance(node, Mapping):
        name = path or "the spec"
        problems.add(
            node.mark, f"{name} must be a mapping such as {SECTIONS[path].example}, not {describe(node)}"
        )
        return None
    known = SECTIONS[path].keys
    for text, (key, _) in node.entries.items():
        if text not in known and problems.full:
            problems.more = True
            break
        if text not in known:
            where = f" in {path}" if path else ""
            problems.add(key.mark, f"unknown key {quote(text)}{where}; {advice(text, path)}")
    return Section(path, node.entries, node.mark, problems)


def describe(node: Node) -> str:
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar() if node.is_nothing:
            return "nothing"
        case Scalar():
            return quote(node.text) if node.plain else f"the quoted text {quote(node.text)}"


def refused_path(text: str, *, folder: bool = False) -> str | None:
    """Why a path of the spec is refused, None when it stays inside the tree as far as its text tells."""
    parts = text.split("/")
    if len(text) > 4096 or any(len(part.encode()) > 255 for part in parts):
        return "is too long for a path"
    if "\0" in text or "\n" in text:
        return "is not a path"
    if text.startswith("/"):
        return "must be relative to the repository, not absolute"
    if ".." in parts:
        return "must not contain '..'"
    if any(part.lower() == ".git" for part in parts):
        return "must not reach into .git"
    if not folder and (parts[-1] in ("", ".")):
        return "must name a file, not a folder"
    return None


def _one_line(text: str) -> str | None:
    return text if text.strip() and "\n" not in text and len(text) <= 1000 else None
