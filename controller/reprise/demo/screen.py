"""The terminal view of the demo: calm lines, times on the left, nothing that blinks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reprise.terminal import print_report

_MARK = {
    "success": ("✓", "green"),
    "failure": ("✗", "red"),
    "error": ("!", "yellow"),
    "pending": ("·", "dim"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an experiment came out as."""

    experiment: str
    outcome: str
    exit_code: int
    as_promised: bool
    why: str


class Screen:
    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=False)
        self._since = time.monotonic()

    def title(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/bold]")
        self._since = time.monotonic()

    def line(self, text: str) -> None:
        """With the seconds since the title."""
        self._console.print(
            Text(f"  {time.monotonic() - self._since:6.1f} s  ", "dim") + Text(text), soft_wrap=True
        )

    def plain(self, text: str) -> None:
        self._console.print(Text(f"  {text}"))

    def statuses(self, statuses: Sequence[dict[str, Any]]) -> None:
        table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for status in statuses:
            mark, colour = _MARK[status["state"]]
            table.add_row(
                Text(f"  {mark}", colour), Text(status["context"]), Text(status["description"] or "")
            )
        self._console.print(table)

    def answers(self, answers: Sequence[Answer]) -> None:
        """A mark says whether it is the promised one, not whether it is good."""
        names, outcomes = ([getattr(each, part) for each in answers] for part in ("experiment", "outcome"))
        wide = max(map(len, names)), max(map(len, outcomes))
        for answer in answers:
            mark, colour = _MARK["success" if answer.as_promised else "failure"]
            line = (
                f"  {answer.experiment:<{wide[0]}}  {answer.outcome:<{wide[1]}}  exit code {answer.exit_code}"
            )
            self._console.print(Text(f"  {mark}", colour) + Text(line, "bold"))
            self._console.print(Padding(Text(answer.why, "dim"), (0, 0, 0, 5), expand=False))

    def report(self, markdown: str) -> None:
        self._console.print()
        print_report(self._console, markdown)

    def places(self, rows: Sequence[tuple[str, str]]) -> None:
        width = max(len(name) for name, _ in rows)
        for name, where in rows:
            self._console.print(Text(f"  {name:<{width}}  ", "dim") + Text(where), soft_wrap=True)

    def ending(self, text: str, *, good: bool) -> None:
        self._console.print(f"\n[bold {'green' if good else 'red'}]{text}[/]")
