"""Bytes of a spec file → a small tree whose nodes know their place and keep their text as written.

YAML's own guesses never happen here: ``on`` stays a key, ``0.970`` and ``1:30`` stay text. The file comes
from strangers, so PyYAML's pure-Python events are counted while they arrive: its C loader crashes on deep
nesting, and its composer would expand aliases without bound.
"""

import codecs
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml import events as ev

from reprise.domain.spec.problems import Mark, Problems, quote

MOST_BYTES = 256 * 1024
TOO_LARGE = f"the file is larger than {MOST_BYTES // 1024} KiB: move what is not the spec elsewhere"
DEEPEST = 64
MOST_ALIASES = 100
MOST_NODES = 200_000
"""After aliases are expanded; a file of the largest size without aliases stays below it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    plain: bool
    """Written without quotes."""
    mark: Mark

    @property
    def is_nothing(self) -> bool:
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Node", ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, tuple[Scalar, "Node"]]
    """key → (the key as written, its value)"""
    mark: Mark


Node = Scalar | Sequence | Mapping


class _Unreadable(Exception):
    """Reading cannot go on: (mark, sentence)."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(mark, message)
        self.mark = mark
        self.message = message


def read_document(data: bytes, problems: Problems) -> Node | None:
    """The root node, or None with the reason in ``problems``. Duplicate keys, tags and merges are
    recorded as well, and reading goes on without them."""
    try:
        text = _decode(data)
        return _read_events(text, _Places(text), problems)
    except _Unreadable as stop:
        problems.add(stop.mark, stop.message)
        return None


def _decode(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise _Unreadable(Mark(1, 1), TOO_LARGE)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        readable = data[: error.start].decode("utf-8")
        mark = _Places(readable + data[error.start :].decode("utf-8", "replace")).at(len(readable))
        raise _Unreadable(mark, "the file is not UTF-8 text; save it as UTF-8") from None


class _Places:
    """Character offset → line and column as editors count them.

    PyYAML's own line numbers also count U+0085, U+2028 and U+2029 as line ends, which editors do not.
    """

    def __init__(self, text: str) -> None:
        self.starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self.end = len(text)
        if len(self.starts) > 1 and self.starts[-1] == self.end:
            self.starts.pop()  # the end of the file belongs to its last line
            self.end -= 1

    def at(self, index: int) -> Mark:
        index = min(index, self.end)
        line = bisect_right(self.starts, index)
        return Mark(line, index - self.starts[line - 1] + 1)


def _read_events(text: str, places: _Places, problems: Problems) -> Node | None:
    tree = _Tree(problems)
    for event in _events(text, places):
        mark = places.at(event.start_mark.index if event.start_mark else 0)
        if isinstance(event, ev.DocumentStartEvent) and tree.root is not None:
            problems.add(mark, "only one YAML document is allowed; remove '---' and what follows")
            break
        tree.take(event, mark)
    if tree.root is None:
        raise _Unreadable(Mark(1, 1), "the file is empty; the smallest spec has version: 1 and run.command")
    return tree.root


def _events(text: str, places: _Places) -> Iterator[ev.Event]:
    last = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            last = event.end_mark.index if event.end_mark else last
            yield event
    except yaml.MarkedYAMLError as error:
        never_closed = "end of stream" in (error.problem or "")
        at = error.context_mark if never_closed and error.context_mark else error.problem_mark
        raise _Unreadable(places.at(at.index if at else 0), _syntax_sentence(error)) from None
    except yaml.reader.ReaderError as error:
        raise _Unreadable(
            places.at(error.position), "not valid YAML: a control character stands here; remove it"
        ) from None
    except (ValueError, OverflowError):
        # PyYAML converts escapes such as "\UFFFFFFFF" and the numbers of a %YAML line unchecked.
        raise _Unreadable(
            places.at(last), "not valid YAML: after this place an escape or a number is out of range"
        ) from None


def _syntax_sentence(error: yaml.MarkedYAMLError) -> str:
    context, problem = error.context or "", error.problem or "it cannot be read"
    sentence = f"not valid YAML: {problem}" + (f", {context}" if context else "")
    if "alias" in context:
        return sentence + "; write a pattern that begins with * in quotes"
    if "'\\t'" in problem:
        return sentence + "; indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return sentence + "; put a text that contains ': ' in quotes"
    return sentence


@dataclass(slots=True)
class _Frame:
    """A collection whose end has not come yet."""

    mapping: bool
    anchor: str | None
    mark: Mark
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


class _Tree:
    """Builds nodes from events with its own stack: no recursion, whatever the file holds."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.root: Node | None = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.aliases = 0
        self.size = 0

    def take(self, event: ev.Event, mark: Mark) -> None:
        if isinstance(event, ev.AliasEvent):
            self._alias(event.anchor or "", mark)
        elif isinstance(event, ev.ScalarEvent):
            self._no_tag(event.tag, mark)
            scalar = Scalar(self._clean(event.value, mark), not event.style, mark)
            self._place(scalar, event.anchor, size=1, height=0)
        elif isinstance(event, ev.CollectionStartEvent):
            self._no_tag(event.tag, mark)
            self.stack.append(_Frame(isinstance(event, ev.MappingStartEvent), event.anchor, mark))
            self._check_depth(0, mark)
        elif isinstance(event, ev.CollectionEndEvent):
            frame = self.stack.pop()
            node = self._mapping(frame) if frame.mapping else _sequence(frame)
            self._place(node, frame.anchor, size=frame.size, height=frame.height)

    def _alias(self, anchor: str, mark: Mark) -> None:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise _Unreadable(mark, f"more than {MOST_ALIASES} aliases are not allowed; write the values out")
        if any(frame.anchor == anchor for frame in self.stack):
            raise _Unreadable(mark, f"the alias {quote(anchor)} contains itself")
        if anchor not in self.anchors:
            raise _Unreadable(mark, f"no anchor {quote(anchor)} stands before this alias")
        node, size, height = self.anchors[anchor]
        self._check_depth(height, mark)
        self._place(node, None, size=size, height=height)

    def _place(self, node: Node, anchor: str | None, *, size: int, height: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (node, size, height)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.items.append(node)
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if parent.size > MOST_NODES:
            raise _Unreadable(parent.mark, "the aliases in here expand to too much; write the values out")

    def _check_depth(self, below: int, mark: Mark) -> None:
        if len(self.stack) + below > DEEPEST:
            raise _Unreadable(mark, f"nested deeper than {DEEPEST} levels")

    def _no_tag(self, tag: str | None, mark: Mark) -> None:
        if tag is not None:
            self.problems.add(mark, f"the tag {quote(tag)} is not allowed; remove it")

    def _clean(self, text: str, mark: Mark) -> str:
        """Escapes such as ``"\\0"`` or ``"\\ud800"`` bring back what no program can take as an argument."""
        if all(
            c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff") for c in text
        ):
            return text
        self.problems.add(mark, f"a control character is hidden in {quote(text)}; remove it")
        return "".join(c if c.isprintable() else "?" for c in text)

    def _mapping(self, frame: _Frame) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(frame.items[::2], frame.items[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.add(key.mark, "a key must be a text, not a list or a mapping")
            elif self._usable_key(key, entries):
                entries[key.text] = (key, value)
        return Mapping(entries, frame.mark)

    def _usable_key(self, key: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> bool:
        if key.plain and key.text == "<<":
            self.problems.add(key.mark, "merging with '<<' is not allowed; write the keys out")
        elif key.text in entries:
            first = entries[key.text][0].mark.line
            self.problems.add(key.mark, f"the key {quote(key.text)} stands here twice, first in line {first}")
        else:
            return True
        return False


def _sequence(frame: _Frame) -> Sequence:
    return Sequence(tuple(frame.items), frame.mark)
