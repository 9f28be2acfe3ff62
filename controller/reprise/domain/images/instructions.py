"""A Dockerfile in instructions, as BuildKit's own reader splits it. Called by stages.py.

Parser directives, comments between continuation lines, here-documents and another escape character are all
understood, because what is missed here would be a base that nobody resolved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"(?<![<\w])\d*<<(?P<chomp>-?)(?P<quote>[\"']?)(?P<name>[a-zA-Z_.][\w.-]*)(?P=quote)")
_WITH_HEREDOC = ("RUN", "COPY", "ADD")


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str
    """Upper case."""
    rest: str
    """What follows, on one line; bodies of here-documents are left out."""
    first: int
    """Line where it begins, from 1."""
    last: int
    """Line where it ends, its here-documents included."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    directives: dict[str, str]
    """Lower-case names: ``syntax``, ``escape``, ``check``."""
    instructions: tuple[Instruction, ...]


def read(text: str) -> Dockerfile:
    """Never raises: what is no instruction is one with a word that nobody knows."""
    lines = text.removeprefix("\ufeff").splitlines()
    directives = _directives(lines)
    escape = "`" if directives.get("escape") == "`" else "\\"
    return Dockerfile(directives, tuple(_instructions(lines, escape)))


def _directives(lines: list[str]) -> dict[str, str]:
    """Only above everything else, even comments."""
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() in found:
            return found
        found[match[1].lower()] = match[2]
    return found


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    at = 0
    while at < len(lines):
        if _is_blank(lines[at]):
            at += 1
            continue
        first = at
        joined, at = _joined(lines, at, escape)
        word, _, rest = joined.strip().partition(" ")
        word, rest = word.upper(), rest.strip()
        if word in _WITH_HEREDOC or word == "ONBUILD":
            for match in _HEREDOC.finditer(rest):
                at = _behind(lines, at, match["name"], chomp=bool(match["chomp"]))
        yield Instruction(word, rest, first + 1, at)


def _joined(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """The instruction on one line, and where the next may begin. Comments may stand in between."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at]
        at += 1
        if parts and _is_blank(line):
            continue
        body, goes_on = _body(line.replace("\t", " "), escape)
        parts.append(body)
        if not goes_on:
            break
    return "".join(parts), at


def _body(line: str, escape: str) -> tuple[str, bool]:
    stripped = line.rstrip()
    return (stripped[:-1], True) if stripped.endswith(escape) else (line, False)


def _behind(lines: list[str], at: int, name: str, *, chomp: bool) -> int:
    while at < len(lines):
        line = lines[at].lstrip("\t") if chomp else lines[at]
        at += 1
        if line == name:
            break
    return at


def _is_blank(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#")
