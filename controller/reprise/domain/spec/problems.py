"""Collects everything that is wrong with one spec file, so that its author hears all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from reprise.domain.spec.model import Problem

MOST_PROBLEMS = 100
"""A generated or hostile file can hold thousands; nobody reads further than this."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the file; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Problems:
    file: str
    found: dict[tuple[Mark, str], None] = field(default_factory=dict)
    """A node that aliases repeat is read several times: a place and sentence counts once."""
    more: bool = False

    @property
    def full(self) -> bool:
        return len(self.found) >= MOST_PROBLEMS

    def add(self, mark: Mark, message: str) -> None:
        if self.full:
            self.more = True
            return
        self.found[(mark, message)] = None

    def in_order(self) -> tuple[Problem, ...]:
        """Sorted by place, with a last line when some were left out."""
        listed = sorted(self.found)
        if self.more:
            listed.append((listed[-1][0], "there are more problems; mend these first and check again"))
        return tuple(Problem(self.file, mark.line, mark.column, message) for mark, message in listed)


def quote(text: str) -> str:
    """A piece of somebody's file, on one line and short enough for a sentence."""
    short = text if len(text) <= 60 else text[:57] + "…"
    return "'" + "".join(c if c.isprintable() else "?" for c in " ".join(short.split())) + "'"


def render_problems(problems: Iterable[Problem]) -> str:
    """One line each, ``file:line:column: sentence``; the same text in a terminal and on a commit."""
    return "\n".join(str(problem) for problem in problems)
