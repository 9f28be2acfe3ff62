"""Which folder is meant: what is checked, planned and run takes the same one for the repository."""

from pathlib import Path

import pytest
from tests.repositories import make_repository

from reprise.cli import invoke


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    make_repository(
        tmp_path, {"reprise.yaml": "version: 1\n", "src/train.py": "", "own/reprise.yaml": "version: 1\n"}
    )
    return tmp_path


@pytest.mark.parametrize("command", [("check", "--spec-only"), ("plan",), ("run",)])
def test_a_folder_inside_a_repository_is_not_taken_for_it(
    command: tuple[str, ...], repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([*command, str(repository / "src")]) == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "no reprise.yaml in this folder: it is in" in said
    assert said.endswith("the root of the repository: name that one")


def test_a_run_is_of_the_whole_repository_also_where_the_folder_has_a_spec(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["run", str(repository / "own")]) == 64
    said = capsys.readouterr().err
    assert "belongs to the repository at" in said
    assert "a run is of a whole one" in said
    assert "git init /tmp/copy" in said
