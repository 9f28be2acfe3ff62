"""What people meet in a terminal: a report as calm text, a job's output while it runs, an end by Ctrl-C."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.table import Table
from rich.text import Text

from reprise.domain.log_text import readable
from reprise.domain.run import RunId
from reprise.domain.text import clean_line, for_terminal
from reprise.engine.world import Folders

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHUNK = 64 * 1024
_PADDING = re.compile(" +$", re.MULTILINE)
_SHORT = 14
"""Characters of a number that stays on one line, however narrow a table is."""
_LONGEST_LINE = 16 * 1024
"""Bytes after which a line is shown although it has not ended."""


class _Whole(TableElement):
    """A name that is cut off may stand for two, and half of a number for another number."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                for column in table.columns:
                    words = [str(cell) for cell in column.cells]
                    column.no_wrap = all(len(each) <= _SHORT and " " not in each for each in words)
                    column.overflow = "fold"
            yield table


class _Report(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "table_open": _Whole}


def print_report(console: Console, markdown: str) -> None:
    """Render a report; its sections follow each other as headings, and links show where they lead.

    Lines fill a terminal's width; in a file or a pipe nothing stands behind the last word.
    """
    report = _Report(for_terminal(markdown), hyperlinks=False)
    if console.is_terminal:
        console.print(report)
        return
    with console.capture() as captured:
        console.print(report)
    console.file.write(_PADDING.sub("", captured.get()))


@contextmanager
def interruptible() -> Iterator[None]:
    """The first SIGINT, SIGTERM or SIGHUP ends what runs; another one does not stop the cleaning up."""

    def interrupt(*_: object) -> None:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    taken = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class LogFollower:
    """Prints what jobs of a run wrote since the last look, line by line."""

    def __init__(self, console: Console, folders: Folders, run_id: RunId) -> None:
        self._console = console
        self._folder = folders.results(run_id)
        self._read: dict[Path, int] = {}
        self._open: dict[Path, bytes] = {}
        """The beginning of a line whose end has not come yet."""

    def step(self) -> None:
        for log in self._logs():
            self._show(log)

    def finish(self) -> None:
        """Also what had no line end."""
        self.step()
        for log in self._logs():
            self._print(self._open.pop(log, b""))

    def _logs(self) -> list[Path]:
        return sorted(self._folder.glob("trials/*/log.txt"), key=_place)

    def _show(self, log: Path) -> None:
        with log.open("rb") as handle:
            handle.seek(self._read.get(log, 0))
            while chunk := handle.read(_CHUNK):
                *lines, rest = (self._open.pop(log, b"") + chunk).split(b"\n")
                for line in lines:
                    self._print(line + b"\n")
                self._open[log] = self._cut(rest)
            self._read[log] = handle.tell()

    def _cut(self, rest: bytes) -> bytes:
        if len(rest) < _LONGEST_LINE:
            return rest
        self._print(rest)
        return b""

    def _print(self, line: bytes) -> None:
        if line:
            text = clean_line(readable(line.removesuffix(b"\n")))
            self._console.print(Text(text, style="dim"), soft_wrap=True)


def _place(log: Path) -> tuple[int, ...]:
    """Of ``trials/<index>-<attempt>/log.txt``: 10 comes after 9."""
    return tuple(int(part) for part in log.parent.name.split("-"))
