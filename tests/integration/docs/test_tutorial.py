"""docs/tutorial.md does what it says, word for word, in three terminals."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.integration.docs.terminals import ROOT, terminal

PAGE = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'^```(sh|text)(?: title="([^"\n]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    terminal: str
    """Empty: the first."""
    text: str


def test_the_tutorial_ends_as_it_says(tmp_path: Path) -> None:
    blocks = [Block(*each) for each in BLOCK.findall(PAGE)]
    (promised,) = [block.text for block in blocks if block.language == "text"]
    with ExitStack() as opened:
        first = opened.enter_context(terminal(tmp_path, "first"))
        for block in blocks:
            if block.language == "sh" and block.terminal:
                other = opened.enter_context(terminal(tmp_path / "wine", block.terminal))
                other.write(block.text)
            elif block.language == "sh":
                first.run(block.text)
        shown = first.shown()
    assert "wine: reproduced at level B" in shown
    assert shown[-len(promised) :] == promised
