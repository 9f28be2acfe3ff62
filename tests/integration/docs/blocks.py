"""The code blocks of the pages, for the tests that run or read them."""

import re
from dataclasses import dataclass

from tests.integration.docs.terminals import ROOT

PAGES = ("README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")))
TO_ADAPT = "to adapt"
"""The title of a block that is for somebody's own machine, and is read only."""
_FENCE = re.compile(r'^```(\w*)(?: title="([^"\n]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def begins(self) -> str:
        """What it is known by on its page, however its place moves: its first words."""
        return " ".join(self.text.split()[:3])[:60]

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.begins}"


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, each.start()) + 1, each[1], each[2] or "", each[3])
        for each in _FENCE.finditer(text)
    ]
    assert 2 * len(found) == len(re.findall(r"^ *(?:```|~~~)", text, re.MULTILINE)), f"{page}: an odd fence"
    return found


def block(page: str, begins: str) -> Block:
    (found,) = (each for each in blocks_of(page) if each.text.startswith(begins))
    return found
