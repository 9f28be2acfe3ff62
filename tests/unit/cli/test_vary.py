"""`reprise run --vary`: what is said before anything is run."""

from pathlib import Path

import pytest

from reprise.cli import invoke
from reprise.domain.variation import CHANGES


def refused(capsys: pytest.CaptureFixture[str], paper: Path, *arguments: str) -> str:
    assert invoke(["run", str(paper), *arguments]) == 64
    return capsys.readouterr().err


def test_the_list_needs_no_repository(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["run", "/nowhere", "--vary", "list"]) == 0
    said = capsys.readouterr().out
    assert all(text in said for text in CHANGES.values())


def test_what_is_refused_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], paper: Path
) -> None:
    assert "did you mean seed?" in refused(capsys, paper, "--vary", "sed")
    assert "no time zone Mars/One here" in refused(capsys, paper, "--vary", "timezone=Mars/One")
    assert "gets no --badge" in refused(capsys, paper, "--vary", "threads", "--badge", "b.svg")
    assert list((paper.parent / "state" / "rehearsals").glob("*")) == []
