"""`reprise run --badge`: a file that cannot be written is refused before anything runs."""

from pathlib import Path

import pytest

from reprise.cli import invoke


def refused(capsys: pytest.CaptureFixture[str], paper: Path, badge: Path) -> str:
    assert invoke(["run", str(paper), "--badge", str(badge)]) == 64
    assert not (paper.parent / "state").exists()
    return capsys.readouterr().err


def test_a_folder_is_no_badge(capsys: pytest.CaptureFixture[str], paper: Path, tmp_path: Path) -> None:
    badges = tmp_path / "badges"
    badges.mkdir()
    said = refused(capsys, paper, badges)
    assert said == (
        f"reprise: --badge {badges}: that is a folder: name a file, such as {badges / 'reproduced.svg'}\n"
    )
    assert list(badges.iterdir()) == []


def test_a_folder_where_nothing_can_be_made_is_named(capsys: pytest.CaptureFixture[str], paper: Path) -> None:
    """One that root cannot write either."""
    assert "/proc cannot be written (" in refused(capsys, paper, Path("/proc/badge.svg"))
