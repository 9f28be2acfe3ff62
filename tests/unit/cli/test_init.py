"""`reprise init`: what it prints, and its exit codes."""

import re
from pathlib import Path

import pytest
from tests.repositories import commit_files, git, make_repository

from reprise.cli import invoke


def test_the_next_commands_are_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paper = tmp_path / "my paper"
    assert invoke(["init", str(paper), "--template", "science-tabular"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(
        f"{paper}: a git repository with one commit, from the template science-tabular"
    )
    assert f"  cd '{paper}'\n  reprise check .  " in printed.out
    assert "\n  reprise run .  " in printed.out


def test_the_templates_are_listed_and_nothing_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert invoke(["init", str(tmp_path / "paper"), "--template", "list"]) == 0
    assert re.search(r"^science-tabular +Wine cultivars", capsys.readouterr().out, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "thesis.tex").touch()
    assert invoke(["init", str(tmp_path)]) == 64
    said = (
        f"reprise: {tmp_path} is not empty, and nothing is overwritten: name a new folder, or add --adopt\n"
    )
    assert capsys.readouterr().err == said


def test_an_update_with_nothing_new_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paper = tmp_path / "paper"
    invoke(["init", str(paper)])
    commit_files(paper, {"mine.py": "x = 1\n"})
    capsys.readouterr()
    assert invoke(["init", "--update", str(paper)]) == 0
    assert capsys.readouterr().out.startswith("nothing to update: the template blank is the same")
    assert git(paper, "rev-list", "--count", "HEAD") == "2"


def test_what_is_there_is_adopted_and_only_its_spec_is_new(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = {"train.py": "print(1)\n", "requirements.txt": "numpy==2.4.6\n"}
    make_repository(tmp_path / "paper", files)
    assert invoke(["init", "--adopt", str(tmp_path / "paper")]) == 0
    assert "reprise.yaml" in capsys.readouterr().out
    assert git(tmp_path / "paper", "status", "--porcelain") == "?? reprise.yaml"


def test_a_repository_is_not_adopted_and_updated_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert invoke(["init", "--adopt", "--update", str(tmp_path)]) == 64
    assert "--adopt is for a repository without a reprise.yaml" in capsys.readouterr().err
