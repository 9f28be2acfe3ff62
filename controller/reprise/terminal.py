"""What people see in a terminal: a report as calm text, and a job's output while it runs."""

import re
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from reprise.domain.run import RunId
from reprise.engine.world import Folders

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CHUNK = 64 * 1024


def print_report(console: Console, markdown: str) -> None:
    """Render a report. GitHub's folding sections become headings."""
    text = re.sub(r"<summary>(.*?)</summary>", r"\n#### \1\n", markdown)
    text = re.sub(r"</?details>|<!--.*?-->", "", text, flags=re.DOTALL)
    console.print(Markdown(text.replace("<sub>", "").replace("</sub>", "")))


class LogFollower:
    """Prints what jobs of a run wrote since the last look."""

    def __init__(self, console: Console, folders: Folders, run_id: RunId) -> None:
        self._console = console
        self._folder = folders.results(run_id)
        self._read: dict[Path, int] = {}

    def step(self) -> None:
        for log in sorted(self._folder.glob("trials/*/log.txt")):
            self._show(log)

    def _show(self, log: Path) -> None:
        with log.open("rb") as handle:
            handle.seek(self._read.get(log, 0))
            while chunk := handle.read(_CHUNK):
                text = _CONTROL.sub("", chunk.decode(errors="replace"))
                self._console.print(Text(text, style="dim"), end="", soft_wrap=True)
            self._read[log] = handle.tell()
